"""Whatever clients of both dialects do, whenever: the core stands, and nothing in it contradicts itself."""

from __future__ import annotations

import pytest

from focus_signal.core.commands import CreateRoom, Numbered, OpenSession, Ping
from focus_signal.core.effects import DeliverNumbered, Pong
from focus_signal.core.state import Resumption
from tests.core.v1_clients import Broken
from tests.core.v1_machine import run
from tests.core.v1_mutants import MUTANTS
from tests.core.v1_world import World

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


def tokens_on_their_way(rooms: int) -> tuple[World, Resumption]:
    """Let a client open so many rooms, one after the other, and never say what it has seen."""
    world = World()
    world.pass_time(20.0)
    world.open(OpenSession(1, "ada"))
    for number in range(rooms):
        world.do(Numbered(1, CreateRoom(1, 2), number + 1))
    resumption = world.core._by_user["ada"].resumption
    assert resumption is not None
    return world, resumption


def test_who_never_says_what_was_seen_costs_no_more_and_more() -> None:
    world, resumption = tokens_on_their_way(500)
    assert len(resumption.on_their_way) == len(tokens_on_their_way(400)[1].on_their_way) <= 100
    assert not resumption.held
    first, newest = world.tokens[0], world.tokens[-1]
    # That it has the first one, and that it has the newest, is noticed as ever.
    assert world.do(Numbered(1, Ping(1), None, 1)) == [DeliverNumbered(1, Pong(), 0)]
    assert (resumption.held, resumption.least_generation) == (True, first.generation)
    world.do(Numbered(1, Ping(1), None, resumption.log.last))
    assert resumption.least_generation == newest.generation == 501
    assert len(resumption.on_their_way) == 0


@pytest.mark.long
@pytest.mark.parametrize("name", MUTANTS)
def test_a_mistake_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plant, told = MUTANTS[name]
    plant(monkeypatch)
    with pytest.raises(Broken, match=told):
        run(400, shrink=False)
