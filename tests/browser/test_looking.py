"""Axe finds nothing serious in any view of the page, light or dark, wide or narrow."""

from __future__ import annotations

import pytest

from .judge import faults_of_axe
from .needs import require_axe
from .playing import play_well

VIEWS = ["lobby", "refused", "queue", "call", "call on a phone", "notice"]


@pytest.mark.long
def test_axe_finds_nothing() -> None:
    require_axe()
    report = play_well("accessible")
    assert list(report["axe"]) == [f"{view}, {scheme}" for scheme in ("light", "dark") for view in VIEWS]
    assert faults_of_axe(report["axe"]) == []
