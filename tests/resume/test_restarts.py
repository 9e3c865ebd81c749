"""A restarted server knows what the tokens of those who come back say, in whatever order they come."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.resume import tables
from tests.resume.restarts import restarts


def met_enough(met: Mapping[str, int]) -> None:
    """See that what is to be tried has happened often enough."""
    for what in ("back", "refused", "bare", "id in use", "lost", "removed", "rooms"):
        assert met[what] > met["restarts"] / 100, (what, met)


def test_random_restarts() -> None:
    met_enough(restarts(range(30), 10))


@pytest.mark.long
def test_20_000_random_restarts() -> None:
    met = tables.restarted()
    assert met["restarts"] == 20_000
    met_enough(met)
