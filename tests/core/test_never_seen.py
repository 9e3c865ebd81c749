"""Peers of `focus-signal.v1` that never say what they have seen: what is kept for them has its bounds."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from itertools import count
from typing import Any

import attrs
import pytest

from focus_signal.core.commands import (
    Begin,
    Broadcast,
    CreateRoom,
    Disconnect,
    JoinRoom,
    LeaveRoom,
    Numbered,
    OpenSession,
    Ping,
    Relay,
    TimePassed,
)
from focus_signal.core.effects import Ack, DeliverNumbered, Effect, Message, Refused, Relayed
from focus_signal.core.matchmaker import Matchmaker, Rules
from focus_signal.core.replay import Budget, ReplayLog
from focus_signal.core.sessions import Sessions

PEERS = 500
SEATS = 5
SPEAKERS = range(0, PEERS, SEATS)
KIB = 1024
RULES = Rules(max_match_size=SEATS, replay_bytes=16 * KIB, total_replay_bytes=2048 * KIB)
# So much as all of them could have kept, were there no bound for all.
assert PEERS * RULES.replay_bytes > 3 * RULES.total_replay_bytes


@attrs.define(eq=False)
class Hall:
    """Be a matchmaker and rooms in it, in which nobody says what it has seen."""

    core: Matchmaker = attrs.field(init=False)
    now: float = 0.0

    def __attrs_post_init__(self) -> None:
        numbers = count(1)
        self.core = Matchmaker(RULES, lambda: f"id-{next(numbers)}")
        self.core.handle(Begin(1.7e9, restores=False), 0.0)
        for peer in range(PEERS):
            self.core.handle(OpenSession(peer, f"peer-{peer}"), 0.0)
        for peer in range(PEERS):
            code = f"ROOM{peer // SEATS:04}"
            enters = JoinRoom(peer, code) if peer % SEATS else CreateRoom(peer, SEATS, code)
            self.core.handle(enters, 0.0)

    def say(self, command: Any) -> list[Effect]:
        """Carry out a command, and see that no bound is passed by it."""
        self.now += 0.01
        effects = self.core.handle(command, self.now)
        self.check()
        return effects

    def check(self) -> None:
        # Numbers alone: to show a matchmaker takes for ever.
        kept = [log.bytes for log in self.logs()]
        counted = self.core.statistics().replay_bytes
        assert sum(kept) == counted
        assert counted <= RULES.total_replay_bytes
        assert max(kept) <= RULES.replay_bytes

    def logs(self) -> list[ReplayLog]:
        sessions = [self.core._by_user[user] for user in sorted(self.core._by_user)]
        return [session.resumption.log for session in sessions if session.resumption is not None]


def _told(effects: list[Effect], connection: int) -> list[Message]:
    return [
        each.message
        for each in effects
        if isinstance(each, DeliverNumbered) and each.connection == connection
    ]


def test_what_is_kept_for_five_hundred_is_bounded() -> None:
    hall = Hall()
    payload = b',"data":"%b"' % (b"x" * 900)
    for _ in range(20):
        for speaker in SPEAKERS:
            # Whoever is there gets it all the same.
            effects = hall.core.handle(Broadcast(speaker, payload), hall.now)
            assert [each.connection for each in effects] == list(range(speaker + 1, speaker + SEATS))
        hall.check()
    kept, cleared = hall.core.statistics().replay_bytes, hall.core._budget.cleared
    assert kept > RULES.total_replay_bytes // 2
    assert cleared > 0


def test_the_memory_of_what_differs_is_bounded() -> None:
    """Each payload is another one, so that nothing is shared; it is measured, and not what is counted."""
    hall = Hall()

    def relay(rounds: int) -> None:
        for number in range(rounds):
            for speaker in SPEAKERS:
                for peer in range(speaker + 1, speaker + SEATS):
                    payload = b',"data":%d%b' % (number, b"1" * 1_400)
                    effects = hall.core.handle(Relay(speaker, f"peer-{peer}", "signal", payload), hall.now)
                    assert len(effects) == 1
        hall.check()

    relay(1)
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        relay(20)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    # All that was sent is 11 MB.
    assert grown <= RULES.total_replay_bytes


def test_who_is_away_is_sent_what_fits_and_its_peer_is_told_of_the_rest() -> None:
    hall = Hall()
    # The first has a token, and so is awaited.
    hall.say(Numbered(1, Ping(1), seen=1))
    hall.say(Disconnect(1))
    answers: list[str] = []
    for number in range(1, 101):
        command = Numbered(0, Relay(0, "peer-1", "signal", b',"data":%b' % (b"1" * 900)), id=number)
        first = _told(hall.say(command), 0)[0]
        assert isinstance(first, Ack | Refused)
        answers.append("ack" if isinstance(first, Ack) else first.code)
    kept = answers.count("ack")
    assert 5 <= kept <= 16
    assert answers == ["ack"] * kept + ["peer-unavailable"] * (100 - kept)
    # What was acknowledged is there when it comes back.
    resumption = hall.core._by_user["peer-1"].resumption
    missed = None if resumption is None else resumption.log.after(1)
    assert missed is not None
    assert sum(isinstance(message, Relayed) for _, message in missed) == kept


def test_who_never_says_seen_and_moves_on_and_on() -> None:
    """A token goes out for each room, and nothing says that any of them has arrived."""
    hall = Hall()
    for _ in range(500):
        hall.say(CreateRoom(3, 2))
        hall.core.handle(LeaveRoom(3), hall.now)
    resumption = hall.core._by_user["peer-3"].resumption
    assert resumption is not None
    issued, remembered = resumption.generation, len(resumption.on_their_way)
    assert issued > 900
    assert remembered <= 100


def test_when_all_have_gone_nothing_is_kept() -> None:
    hall = Hall()
    for _ in range(10):
        for speaker in SPEAKERS:
            hall.core.handle(Broadcast(speaker, b',"data":"%b"' % (b"x" * 900)), hall.now)
    hall.check()
    for peer in range(PEERS):
        hall.core.handle(Disconnect(peer), hall.now)
    hall.core.handle(TimePassed(), hall.now + RULES.seat_grace + 1)
    after = hall.core.statistics()
    assert (after.users, after.rooms, after.replay_bytes) == (0, 0, 0)
    shelves = len(hall.core._budget._shelves)
    assert shelves == 0


# What must be caught.


def _no_own_bound(patch: pytest.MonkeyPatch) -> None:
    new = Sessions.new_resumption

    def unbounded(self: Sessions, *args: Any, **fields: Any) -> Any:
        resumption = new(self, *args, **fields)
        resumption.log._most = 1 << 30
        return resumption

    patch.setattr(Sessions, "new_resumption", unbounded)


def _no_bound_for_all(patch: pytest.MonkeyPatch) -> None:
    init = Budget.__init__

    def unbounded(self: Budget, _: int) -> None:
        init(self, 1 << 30)

    patch.setattr(Budget, "__init__", unbounded)


def _all_fits(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ReplayLog, "fits", lambda *_: True)


@pytest.mark.parametrize(
    ("bug", "shows"),
    [
        (_no_own_bound, test_who_never_says_seen_and_moves_on_and_on),
        (_no_bound_for_all, test_what_is_kept_for_five_hundred_is_bounded),
        (_no_bound_for_all, test_the_memory_of_what_differs_is_bounded),
        (_all_fits, test_who_is_away_is_sent_what_fits_and_its_peer_is_told_of_the_rest),
    ],
)
def test_a_bug_shows(
    bug: Callable[[pytest.MonkeyPatch], None], shows: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    bug(monkeypatch)
    with pytest.raises(AssertionError):
        shows()
