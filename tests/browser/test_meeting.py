"""More pages meet, by other ways, and both offer at once; nobody's console has an error."""

from __future__ import annotations

import pytest

from .judge import met
from .meeting import NAMES
from .playing import play_well

pytestmark = pytest.mark.long


@pytest.mark.parametrize(("scenario", "count"), [("three", 3), ("four", 4)])
def test_a_mesh(scenario: str, count: int) -> None:
    report = play_well(scenario)
    assert met(report, *NAMES[:count]) == []
    for page in report["pages"].values():
        assert sorted(name for name, _ in page["chat"]) == sorted(NAMES[:count])


def test_with_cameras_and_microphones() -> None:
    report = play_well("cameras", alike=True)
    assert report["audio"] == [["live"], ["live"]]


def test_by_an_invitation() -> None:
    report = play_well("invited")
    assert met(report, "ada", "bob") == []
    assert "/#room=" in report["link"]


@pytest.mark.parametrize("scenario", ["glare", "glare-later"])
def test_both_offer_at_once(scenario: str) -> None:
    report = play_well(scenario)
    assert met(report, "ada", "bob") == []
    for page in report["pages"].values():
        assert "fault" not in page["timeline"]
