"""The real server and the real client on a simulated network, cut anywhere, the handshake too."""

from __future__ import annotations

import pytest

from focus_signal.client.session import Session
from focus_signal.core.replay import ReplayLog
from focus_signal.core.sessions import Sessions
from tests.fuzz.planting import Plant
from tests.resume import tables
from tests.resume.cutting import PLACES
from tests.resume.full import Scene, full_cuts, full_sweep
from tests.resume.planting import in_method
from tests.resume.sweep import TWO, WITH_SEED
from tests.resume.tapped import FullManner, StreamCut


def test_some_cuts() -> None:
    tally = full_sweep(TWO, 223, 5)
    assert tally.bad == []
    assert sum(tally.resumed.values()) > 0.6 * sum(tally.runs.values())


def test_some_cuts_with_the_other_transport() -> None:
    tally = full_sweep(WITH_SEED, 803, 9, "trio-websocket")
    assert tally.bad == []
    assert tally.resumed


@pytest.mark.long
def test_hundreds_of_cuts() -> None:
    tally = tables.full()
    assert tally.bad == []
    assert sum(tally.runs.values()) > 500
    assert sum(tally.resumed.values()) > 0.8 * sum(tally.runs.values())


def handshakes_that_arrive_late(every: int) -> list[StreamCut]:
    """List the cuts after which an attempt to come back, given up and arriving late, does harm."""
    cuts = [cut for cut, place in full_cuts(TWO) if place == PLACES[0] and cut.manner == "reset"]
    cuts = [cut for cut in cuts if (cut.user, cut.way) == ("ana", "down")][3::every]
    late = StreamCut("ana", 2, "up", 100, "late")
    return [cut for cut in cuts if Scene(TWO, (cut, late)).run()]


def test_a_handshake_that_arrives_late() -> None:
    """The second connection was given up while it opened; it opens when the third one has the session."""
    assert handshakes_that_arrive_late(6) == []


@pytest.mark.long
def test_a_handshake_that_arrives_late_does_harm_to_a_client_that_says_nothing() -> None:
    before = "away from this connection.\n        self._ping_due = "
    mistake = in_method(Session, "_keep", f"{before}True", f"{before}self._held")
    with mistake():
        assert handshakes_that_arrive_late(3)


MISTAKES: dict[str, tuple[Plant, FullManner]] = {
    "the connection before is still heard": (
        in_method(Sessions, "move", "del self.by_connection[before]", "pass"),
        "silent",
    ),
    "the first of the missed messages is not sent again": (
        in_method(ReplayLog, "after", "in range(seen + 1, self.last", "in range(seen + 2, self.last"),
        "reset",
    ),
    "the client asks before its token is known to have come": (
        in_method(Session, "_greet", "self._held = last_id is UNSET", "self._held = False"),
        "reset",
    ),
}


QUICK = "the client asks before its token is known to have come"


@pytest.mark.parametrize(
    "mistake", [pytest.param(name, marks=[] if name == QUICK else pytest.mark.long) for name in MISTAKES]
)
def test_the_cuts_find_it(mistake: str) -> None:
    plant, manner = MISTAKES[mistake]
    cuts = [cut for cut, place in full_cuts(TWO) if cut.manner == manner and place == PLACES[0]]
    with plant():
        for cut in sorted(cuts, key=lambda cut: cut.at):
            if Scene(TWO, (cut,)).run():
                return
    pytest.fail("no cut has found it")
