"""The owner: what it does in a turn, and the two steps in which a connection ends.

The test holds the channel here; what comes of it over time is simulated: see tests/simulations.
"""

from __future__ import annotations

from itertools import count

import pytest
import trio
import trio.testing
from attrs import define, field, frozen
from trio.testing import wait_all_tasks_blocked

from focus_signal.core.commands import (
    Command,
    Connect,
    Disconnect,
    Invalid,
    Relay,
    RelayClump,
    RequestMatch,
    TimePassed,
    Withdraw,
)
from focus_signal.core.effects import Effect, RoomFound, SeedMessage
from focus_signal.core.matchmaker import Matchmaker, Rules
from focus_signal.server.outbox import Backlog, Outbox
from focus_signal.server.owner import Owner
from focus_signal.server.settings import NO_LIMIT
from focus_signal.wire.seed_dialect import SeedDialect


@define(eq=False)
class Recorder(Matchmaker):
    """A matchmaker that notes what it is given."""

    given: list[Command] = field(factory=list[Command], init=False)

    def handle(self, command: Command, now: float) -> list[Effect]:
        self.given.append(command)
        return super().handle(command, now)


@frozen
class RecordingDialect(SeedDialect):
    """A dialect that notes what it makes frames of, one by one."""

    encoded: list[SeedMessage] = field(factory=list[SeedMessage], init=False)

    def encode(self, message: SeedMessage) -> bytes | None:
        self.encoded.append(message)
        return super().encode(message)


@define(eq=False)
class Stage:
    """An owner whose turns the test starts, and outboxes that note their flushes."""

    inbox_batches: int = 64
    inbox_bytes: int = NO_LIMIT
    matchmaker: Recorder = field(init=False)
    owner: Owner = field(init=False)
    encoded: list[SeedMessage] = field(init=False)
    flushed: list[str] = field(factory=list[str], init=False)
    backlog: Backlog = field(factory=lambda: Backlog(NO_LIMIT), init=False)

    def __attrs_post_init__(self) -> None:
        rooms = count(1)
        self.matchmaker = Recorder(Rules(), lambda: f"room-{next(rooms)}")
        dialect = RecordingDialect(max_match_size=16, max_user_bytes=128, max_nesting=32)
        self.encoded = dialect.encoded
        self.owner = Owner(
            self.matchmaker, dialect, trio.current_time, self.inbox_batches, self.inbox_bytes, self.backlog
        )

    def outbox(self, name: str) -> Outbox:
        return Outbox(10_000_000, 10_000, lambda: self.flushed.append(name), 1, self.backlog)

    async def run_until_idle(self) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.owner.run)
            await wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()


async def test_a_room_is_encoded_once_and_each_outbox_is_flushed_once_a_turn() -> None:
    stage = Stage()
    boxes = [stage.outbox(name) for name in ("ana", "bo", "cleo")]
    for number, box in enumerate(boxes, 1):
        inbox = stage.owner.inbox
        inbox.open_nowait(number, box, [Connect(number, f"user-{number}")])
        await inbox.send([RequestMatch(number, 3), Invalid(number, "code", "text")])
    await stage.run_until_idle()
    assert sum(isinstance(message, RoomFound) for message in stage.encoded) == 1
    assert sorted(stage.flushed) == ["ana", "bo", "cleo"]
    # The last one's request completes the room, ahead of its own error; the others' errors were before it.
    assert [[frame[:15] for frame in box.take()] for box in boxes] == [
        [b'{"type":"error"', b'{"type":"room-f'],
        [b'{"type":"error"', b'{"type":"room-f'],
        [b'{"type":"room-f', b'{"type":"error"'],
    ]


async def test_the_withdrawal_overtakes_and_the_disconnect_does_not() -> None:
    stage = Stage()
    ana, bo = stage.owner.inbox, stage.owner.inbox
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stage.owner.run)
        await ana.open(1, stage.outbox("ana"), [Connect(1, "ana")])
        await bo.open(2, stage.outbox("bo"), [Connect(2, "bo")])
        await wait_all_tasks_blocked()
        stage.matchmaker.given.clear()
        # From here to the end of the test's turn the owner does not run: nothing below has to wait.
        ana._channel.send_nowait(([RequestMatch(1, 2)], None, 0))
        bo._channel.send_nowait(([RequestMatch(2, 2)], None, 0))
        ana._channel.send_nowait(([Relay(1, "bo", "offer", b"")], None, 0))
        ana.end(1)
        bo._channel.send_nowait(([Invalid(2, "code", "text")], None, 0))
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert stage.matchmaker.given == [
        Withdraw(1),
        RequestMatch(1, 2),
        RequestMatch(2, 2),
        Relay(1, "bo", "offer", b""),
        Invalid(2, "code", "text"),
        Disconnect(1),
    ]
    assert stage.matchmaker.statistics().waiting == 1
    assert stage.matchmaker.statistics().rooms == 0


async def test_an_end_never_waits_and_keeps_its_order_on_a_full_inbox() -> None:
    stage = Stage(inbox_batches=2)
    ana, bo = stage.owner.inbox, stage.owner.inbox
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stage.owner.run)
        await ana.open(1, stage.outbox("ana"), [Connect(1, "ana")])
        await bo.open(2, stage.outbox("bo"), [Connect(2, "bo")])
        await wait_all_tasks_blocked()
        stage.matchmaker.given.clear()
        many = [
            Relay(1, "bo", "offer", b"")
        ] * 1000  # a whole turn's worth: the rest has to wait for the next
        ana._channel.send_nowait((many, None, 0))
        ana._channel.send_nowait(([Relay(1, "bo", "answer", b"")], None, 0))
        nursery.start_soon(bo.send, [RequestMatch(2, 2)])  # this one waits for room
        ana.end(1)
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    given = stage.matchmaker.given
    assert given[0] == Withdraw(1)
    last_words = given.index(Relay(1, "bo", "answer", b""))
    assert last_words == 1001
    assert given.index(Disconnect(1)) > last_words
    assert RequestMatch(2, 2) in given


async def test_an_end_that_overtakes_its_beginning_still_withdraws() -> None:
    """The owner hears of an end ahead of the batch that says who had come, if that one is beyond its turn."""
    stage = Stage()
    ana, bo = stage.owner.inbox, stage.owner.inbox
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stage.owner.run)
        await bo.open(2, stage.outbox("bo"), [Connect(2, "bo"), RequestMatch(2, 2)])
        await wait_all_tasks_blocked()
        stage.matchmaker.given.clear()
        many = [Invalid(2, "code", "text")] * 1000  # a whole turn's worth
        bo._channel.send_nowait((many, None, 0))
        ana._channel.send_nowait(([Connect(1, "ana")], (1, stage.outbox("ana")), 0))
        ana._channel.send_nowait(([RequestMatch(1, 2)], None, 0))
        ana.end(1)
        await wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    given = [command for command in stage.matchmaker.given if command not in many]
    assert given == [Withdraw(1), Connect(1, "ana"), Withdraw(1), RequestMatch(1, 2), Disconnect(1)]
    at = stage.matchmaker.statistics()
    assert (at.matches, at.waiting, at.users) == (0, 1, 1), "nobody is matched with who has left"
    assert len(stage.owner._leaving) == 0


async def test_the_turn_of_the_owner_has_no_checkpoint() -> None:
    """Between reading state and acting on it nobody else runs: a turn is not even a coroutine."""
    stage = Stage()
    with trio.testing.assert_no_checkpoints():
        stage.owner._turn(([Connect(1, "ana"), RequestMatch(1, 1)], (1, stage.outbox("ana")), 0))
    assert stage.flushed == ["ana"]


CANDIDATES = tuple(b',"candidate":{"candidate":"c%d"}' % number for number in range(5))


def a_pair(stage: Stage) -> tuple[Outbox, Outbox]:
    """Let ana (1) and bo (2) meet, and take their room-founds."""
    boxes = stage.outbox("ana"), stage.outbox("bo")
    for number, box in enumerate(boxes, 1):
        stage.owner._turn(
            ([Connect(number, ("ana", "bo")[number - 1]), RequestMatch(number, 2)], (number, box), 0)
        )
    for box in boxes:
        box.take()
    stage.flushed.clear()
    return boxes


async def test_a_clump_is_delivered_as_its_relays_would_be() -> None:
    stage = Stage()
    _, bo = a_pair(stage)
    relays = [Relay(1, "bo", "ice-candidate", payload) for payload in CANDIDATES]
    stage.owner._turn((relays, None, 0))
    expected = bo.take()
    stage.owner._turn(([RelayClump(1, "bo", "ice-candidate", CANDIDATES)], None, 0))
    assert bo.take() == expected
    assert stage.flushed == ["bo", "bo"]
    assert stage.matchmaker.statistics().relayed == 10


async def test_each_relay_of_a_clump_that_reaches_nobody_is_refused() -> None:
    stage = Stage()
    ana, bo = a_pair(stage)
    stage.owner._turn(([RelayClump(1, "cleo", "ice-candidate", CANDIDATES)], None, 0))
    assert [b"peer-unavailable" in frame for frame in ana.take()] == [True] * 5
    assert bo.take() == []


async def test_a_clump_that_does_not_fit_gives_the_receiver_up() -> None:
    stage = Stage()
    _, bo = a_pair(stage)
    bo.max_messages = 3
    stage.owner._turn(([RequestMatch(2, 3), RelayClump(1, "bo", "ice-candidate", CANDIDATES)], None, 0))
    assert (bo.last, bo.empty) == ("too-slow", True)
    assert stage.matchmaker.statistics().waiting == 0, "who is given up waits for nobody"


async def test_a_turn_counts_what_is_in_a_clump() -> None:
    stage = Stage()
    a_pair(stage)
    many = RelayClump(1, "bo", "ice-candidate", CANDIDATES * 100)
    for _ in range(3):
        stage.owner._send.send_nowait(([many], None, 0))
    assert len(stage.owner._take_waiting(([Invalid(1, "code", "text")], None, 0))) == 3, "2 x 500 fill it"


@pytest.mark.parametrize(
    ("sizes", "bounds"),
    [
        ((10, 10, 10), (30, 3)),
        ((10, 10, 10), (29, 3)),
        ((10, 10, 10), (30, 2)),
        ((100,), (30, 3)),
        ((100, 1), (30, 3)),
        ((1, 100), (30, 3)),
        ((0, 0), (0, 3)),
        ((), (0, 0)),
    ],
)
def test_an_outbox_takes_many_as_it_takes_each(sizes: tuple[int, ...], bounds: tuple[int, int]) -> None:
    frames = [b"x" * size for size in sizes]
    for closed in (False, True):
        for unsent in (0, 1, 25):
            one, many = (Outbox(*bounds, lambda: None, 1, Backlog(NO_LIMIT)) for _ in range(2))
            for box in (one, many):
                box.note_unsent(unsent)
                if closed:
                    box.end()
            assert many.put_all(frames) == all(one.put(frame) for frame in frames)
            assert many.statistics() == one.statistics()
            assert many.take() == one.take()


async def test_the_inbox_takes_so_many_bytes_and_then_its_senders_wait() -> None:
    """An empty one takes any batch; who waits goes on once the owner has had its turn."""
    stage = Stage(inbox_bytes=10)
    inbox, came = stage.owner.inbox, [Invalid(1, "bad-json", "no")]
    assert inbox.send_nowait(came, 9)
    assert inbox.send_nowait(came, 100)
    assert not inbox.send_nowait(came, 0)
    sent: list[int] = []

    async def send(size: int) -> None:
        await inbox.send(came, size)
        sent.append(size)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(send, 3)
        with trio.move_on_after(0) as given_up:
            await inbox.send(came, 5)
        assert given_up.cancelled_caught
        await wait_all_tasks_blocked()
        assert (sent, inbox.bytes) == ([], 109)
        await stage.run_until_idle()
    # Behind its end nobody waits any more, and whoever sends is told.
    assert (sent, inbox.bytes) == ([3], 0)
    with pytest.raises(trio.BrokenResourceError):
        await inbox.send(came, 1)


async def test_who_waits_for_room_learns_that_there_is_nobody_left() -> None:
    stage = Stage(inbox_bytes=1)
    inbox = stage.owner.inbox
    assert inbox.send_nowait([], 1)
    with pytest.RaisesGroup(trio.BrokenResourceError):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(inbox.send, [], 1)
            await wait_all_tasks_blocked()
            stage.owner._receive.close()
            inbox.close()


class Late(Recorder):
    """A matchmaker for which something is always due."""

    def next_deadline(self) -> float | None:
        return -1.0


async def test_who_is_always_late_hears_all_the_same() -> None:
    stage = Stage()
    stage.matchmaker = Late(Rules(), lambda: "room")
    stage.owner._matchmaker = stage.matchmaker
    async with trio.open_nursery() as nursery:
        nursery.start_soon(stage.owner.run)
        for number in range(1, 4):
            await stage.owner.inbox.open(number, stage.outbox("x"), [Connect(number, f"user-{number}")])
            # Nothing is ever still here, so a few turns are waited for instead.
            for _ in range(3):
                await trio.lowlevel.checkpoint()
            assert stage.matchmaker.statistics().connections == number
        nursery.cancel_scope.cancel()
    assert TimePassed() in stage.matchmaker.given
