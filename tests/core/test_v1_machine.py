"""Whatever clients of both dialects do, whenever: the core stands, and nothing in it contradicts itself."""

from __future__ import annotations

import pytest

from tests.core.v1_clients import Broken
from tests.core.v1_machine import run
from tests.core.v1_mutants import MUTANTS

EXAMPLES = 150
MORE = 1_500

EVERYTHING = (
    *("Welcome True", "Welcome False", "Welcome wrong-user", "Welcome unknown", "Welcome superseded"),
    *("Ack", "SessionIssued", "Queued", "RoomEntered", "MatchProposed", "GoingAway", "Pong", "Relayed"),
    *("PeerJoined", "PeerAway", "PeerBack", "RoomFound", "Refused"),
    *(f"RoomClosed {reason}" for reason in ("left", "moved", "removed")),
    *(f"PeerLeft {reason}" for reason in ("left", "moved", "lost", "replaced")),
    *(f"MatchEnded {reason}" for reason in ("cancelled", "timed-out", "declined", "not-ready")),
    *(f"MatchEnded {reason}" for reason in ("replaced", "party-ended", "draining")),
    *(f"closed {reason}" for reason in ("replaced", "restart", "id-in-use", "bad-request")),
    *("bad-message", "bad-match-size", "party-mismatch", "not-queued", "not-proposed", "not-in-room"),
    *(
        "peer-unavailable",
        "room-not-found",
        "room-full",
        "code-taken",
        "rate-limited",
        "try-later",
        "draining",
    ),
)
"""Everything that the core can say, as `v1_world` names it."""


def test_the_core_stands() -> None:
    met = run(EXAMPLES)
    assert met["runs"] >= EXAMPLES
    assert min(met["RoomEntered"], met["Ack"], met["Welcome True"], met["MatchProposed"]) >= 50


@pytest.mark.long
def test_the_core_stands_for_long() -> None:
    met = run(MORE, steps=60)
    assert {name for name in EVERYTHING if not met[name]} == set(), "what was never met was never tried"


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mistake_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plant, told = MUTANTS[name]
    plant(monkeypatch)
    with pytest.raises(Broken, match=told):
        run(400, shrink=False)
