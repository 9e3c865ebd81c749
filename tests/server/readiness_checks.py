"""What must hold for a link whose socket a `Readiness` watches; the tests run this, on planted bugs too."""

from __future__ import annotations

import os
import select
import socket

import trio
from trio.testing import assert_checkpoints, wait_all_tasks_blocked

from tests.server.readiness_stage import (
    Check,
    Stage,
    arrives,
    say_when_blocked,
    take_number,
    tcp,
    wait_cancelled,
)


async def what_came_before_needs_no_event(stage: Stage) -> None:
    """What wakes readers does not even run."""
    link, peer = stage.open()
    peer.send(b"early")
    arrives(link)
    reader = stage.read(link)
    await wait_all_tasks_blocked()
    assert reader.got == [b"early"]


async def behind_a_look_nobody_looks_again(stage: Stage) -> None:
    """What was read before anybody waited needs no second read, and what comes in between is told."""
    stage.run()
    for between in (False, True):
        link, peer = stage.open_unwatched()
        assert link.receive_nowait() is None
        peer.send(b"first")
        arrives(link)
        assert link.receive_nowait() == b"first"
        assert link.receive_nowait() is None
        if between:
            peer.send(b"second")
            arrives(link)
        stage.reads = 0
        reader = stage.read(link)
        await wait_all_tasks_blocked()
        assert stage.reads == (0 if not between else 1 if stage.pair is tcp else 2)
        if not between:
            peer.send(b"second")
            await wait_all_tasks_blocked()
        assert reader.got == [b"second"]


async def one_message_after_the_other(stage: Stage) -> None:
    link, peer, reader = await stage.open_read()
    stage.reads = 0
    for number in range(5):
        peer.send(b"%d" % number)
        arrives(link)
        await wait_all_tasks_blocked()
    assert reader.got == [b"%d" % number for number in range(5)]
    # A short read has emptied a TCP socket, and nobody looks once more.
    assert stage.reads == (5 if stage.pair is tcp else 10)


async def more_than_a_read_asks_for(stage: Stage) -> None:
    stage.run()
    link, peer = stage.open()
    reader = stage.read(link, 4)
    await wait_all_tasks_blocked()
    peer.send(b"0123456789ab")
    arrives(link)
    await wait_all_tasks_blocked()
    assert reader.got == [b"0123", b"4567", b"89ab"]  # the last one is no short one either
    peer.send(b"c")
    arrives(link)
    await wait_all_tasks_blocked()
    assert reader.got[3:] == [b"c"]


async def many_in_one_round(stage: Stage) -> None:
    stage.run()
    links = [stage.open() for _ in range(50)]
    readers = [stage.read(link) for link, _ in links]
    await wait_all_tasks_blocked()
    for number, (link, peer) in enumerate(links):
        peer.send(b"%d" % number)
        arrives(link)
    await wait_all_tasks_blocked()
    assert [reader.got for reader in readers] == [[b"%d" % number] for number in range(50)]


async def told_while_nobody_waits(stage: Stage) -> None:
    stage.run()
    link, peer = stage.open()
    await wait_cancelled(link)
    peer.send(b"meanwhile")
    arrives(link)
    await wait_all_tasks_blocked()
    reader = stage.read(link)
    await wait_all_tasks_blocked()
    assert reader.got == [b"meanwhile"]


async def end_is_told_while_nobody_waits(stage: Stage) -> None:
    stage.run()
    link, peer = stage.open()
    await wait_cancelled(link)
    peer.send(b"last words")
    peer.shutdown(socket.SHUT_WR)
    arrives(link, select.POLLRDHUP)
    await wait_all_tasks_blocked()
    reader = stage.read(link)
    await wait_all_tasks_blocked()
    assert reader.got == [b"last words", "end"]


async def data_and_end_in_one_event(stage: Stage) -> None:
    link, peer, reader = await stage.open_read()
    peer.send(b"last words")
    peer.shutdown(socket.SHUT_WR)
    arrives(link, select.POLLRDHUP)
    await wait_all_tasks_blocked()
    assert reader.got == [b"last words", "end"]
    again = stage.read(link)
    await wait_all_tasks_blocked()
    assert again.got == ["end"]  # it lasts
    link.send_nowait(b"still heard")
    assert peer.recv(100) == b"still heard"


async def end_between_event_and_read(stage: Stage) -> None:
    link, peer, reader = await stage.open_read()

    def end() -> None:
        peer.shutdown(socket.SHUT_WR)
        arrives(link, select.POLLRDHUP)

    stage.once_told(end)
    peer.send(b"last words")
    arrives(link)
    await wait_all_tasks_blocked()
    assert reader.got == [b"last words", "end"]


async def data_between_event_and_read(stage: Stage) -> None:
    link, peer, reader = await stage.open_read()
    stage.once_told(lambda: peer.send(b"two"))
    peer.send(b"one, ")
    arrives(link)
    await wait_all_tasks_blocked()
    peer.shutdown(socket.SHUT_WR)  # on TCP, the second may not have come before
    arrives(link, select.POLLRDHUP)
    await wait_all_tasks_blocked()
    assert reader.got.pop() == "end"
    assert b"".join(data for data in reader.got if isinstance(data, bytes)) == b"one, two"


async def reset_while_a_reader_waits(stage: Stage) -> None:
    link, peer, reader = await stage.open_read()
    link.send_nowait(b"closing over what was not read is a reset")
    arrives(peer.fileno())
    peer.close()
    arrives(link)
    await wait_all_tasks_blocked()
    again = stage.read(link)
    await wait_all_tasks_blocked()
    assert (reader.got, again.got) == (["broken"], ["end"])


async def end_of_ours_is_no_end(stage: Stage) -> None:
    link, peer, reader = await stage.open_read()
    await link.send_eof()
    assert peer.recv(1) == b""
    for data in (b"on ", b"and on"):
        peer.send(data)
        arrives(link)
        await wait_all_tasks_blocked()
    peer.shutdown(socket.SHUT_WR)
    arrives(link, select.POLLRDHUP)
    await wait_all_tasks_blocked()
    assert reader.got == [b"on ", b"and on", "end"]


async def urgent_data_ends_a_read_and_nothing_else(stage: Stage) -> None:
    link, peer, reader = await stage.open_read()
    for data, flags in ((b"before", 0), (b"!", socket.MSG_OOB), (b"behind", 0)):
        peer.send(data, flags)
    arrives(link, select.POLLPRI)
    await wait_all_tasks_blocked()
    peer.send(b".")
    peer.shutdown(socket.SHUT_WR)
    assert reader.got[:2] == [b"before", b"behind"]
    arrives(link, select.POLLRDHUP)
    await wait_all_tasks_blocked()
    assert reader.got[2:] == [b".", "end"]


async def error_with_nothing_to_read(stage: Stage) -> None:
    """It is neither the end nor the beginning of a busy loop."""
    link, peer, reader = await stage.open_read()
    assert link._watched is not None
    stage.reads = 0
    link._watched.wake(select.EPOLLERR)
    await wait_all_tasks_blocked()
    assert (stage.reads, reader.got) == (1, [])
    peer.send(b"all is well")
    arrives(link)
    await wait_all_tasks_blocked()
    assert reader.got == [b"all is well"]


async def event_of_who_had_the_number_before(stage: Stage) -> None:
    """The kernel tells on of a socket whose descriptor is closed, while another one of it is open."""
    first, first_peer, _ = await stage.open_read()
    number = first._descriptor()
    held = os.dup(number)
    try:
        ours, peer = stage.sockets()
        await first.abort()
        link = stage.link(take_number(ours, number))
        reader = stage.read(link)
        await wait_all_tasks_blocked()
        stage.reads = 0
        first_peer.send(b"for the first")
        first_peer.shutdown(socket.SHUT_WR)
        arrives(held, select.POLLRDHUP)
        await wait_all_tasks_blocked()
        assert (stage.reads, reader.got) == (1, [])  # it was woken in vain
        peer.send(b"for the second")
        arrives(link)
        await wait_all_tasks_blocked()
        assert reader.got == [b"for the second"]
    finally:
        os.close(held)


async def forgotten_too_late(stage: Stage) -> None:
    """Somebody else has closed the socket, and its number is another's by now."""
    stage.run()
    ours, _ = stage.sockets()
    number, first = ours.fileno(), stage.link(ours)
    next_ours, peer = stage.sockets()
    ours.close()
    link = stage.link(take_number(next_ours, number))
    await first.aclose()
    reader = stage.read(link)
    await wait_all_tasks_blocked()
    peer.send(b"here")
    arrives(link)
    await wait_all_tasks_blocked()
    assert reader.got == [b"here"]


async def nothing_is_left(stage: Stage) -> None:
    """However a link is closed, and also if its socket was closed before by somebody else."""
    for closed_before in (False, True):
        for how in ("aclose", "abort"):
            link, _ = stage.open()
            assert len(stage.readiness._watched) == 1
            if closed_before:
                link._socket.close()
            await getattr(link, how)()
            assert not stage.readiness._watched


async def closing_wakes_the_reader(stage: Stage) -> None:
    link, _, reader = await stage.open_read()
    await link.aclose()
    await wait_all_tasks_blocked()
    assert reader.got == ["closed"]


async def closing_behind_an_event(stage: Stage) -> None:
    """The reader is on its way, and finds the link closed; the number is another's by then."""
    link, peer, reader = await stage.open_read()
    number = link._descriptor()
    next_ours, next_peer = stage.sockets()
    next_peer.send(b"for another")

    def close() -> None:
        link._close()
        stage._open.append(take_number(next_ours, number))

    stage.once_told(close)
    peer.send(b"x")
    arrives(link)
    await wait_all_tasks_blocked()
    assert reader.got == ["closed"]


async def cancelled_reader_leaves_its_place(stage: Stage) -> None:
    stage.run()
    link, peer = stage.open()
    await wait_cancelled(link)
    reader = stage.read(link)
    await wait_all_tasks_blocked()
    assert reader.got == []
    peer.send(b"x")
    arrives(link)
    await wait_all_tasks_blocked()
    assert reader.got == [b"x"]


async def cancelled_behind_an_event(stage: Stage) -> None:
    """The reader was woken and is cancelled before it runs: what came is read, by this one or the next."""
    stage.run()
    link, peer = stage.open()
    got: list[bytes] = []
    with trio.CancelScope() as scope:
        stage.once_told(scope.cancel)
        stage.nursery.start_soon(say_when_blocked, link, peer)
        got.append(await link.receive_some())
    reader = stage.read(link)
    await wait_all_tasks_blocked()
    assert [*got, *reader.got] == [b"x"]


async def cancelled_where_there_is_something(stage: Stage) -> None:
    link, peer = stage.open()
    peer.send(b"x")
    arrives(link)
    with trio.CancelScope() as scope:
        scope.cancel()
        await link.receive_some()
    assert scope.cancelled_caught
    reader = stage.read(link)
    await wait_all_tasks_blocked()
    assert reader.got == [b"x"]


async def turn_for_others(stage: Stage) -> None:
    link, peer = stage.open()
    peer.send(b"123")
    arrives(link)
    for _ in range(3):
        with assert_checkpoints():
            await link.receive_some(1)


async def two_readers(stage: Stage) -> None:
    link, peer, reader = await stage.open_read()
    other = stage.read(link)
    await wait_all_tasks_blocked()
    assert other.got == ["busy"]
    peer.send(b"x")
    arrives(link)
    await wait_all_tasks_blocked()
    assert reader.got == [b"x"]


async def no_longer_run(stage: Stage) -> None:
    """Whoever waits can still be cancelled, and closed; and nothing is lost if it runs again."""
    link, peer = stage.open()
    closed, _ = stage.open()
    async with trio.open_nursery() as running:
        running.start_soon(stage.readiness.run)
        reader, other = stage.read(link), stage.read(closed)
        await wait_all_tasks_blocked()
        running.cancel_scope.cancel()
    peer.send(b"x")
    arrives(link)
    await closed.aclose()
    await wait_all_tasks_blocked()
    assert (reader.got, other.got) == ([], ["closed"])
    stage.run()
    await wait_all_tasks_blocked()
    assert reader.got == [b"x"]


CHECKS: tuple[Check, ...] = (
    what_came_before_needs_no_event,
    behind_a_look_nobody_looks_again,
    one_message_after_the_other,
    more_than_a_read_asks_for,
    many_in_one_round,
    told_while_nobody_waits,
    end_is_told_while_nobody_waits,
    data_and_end_in_one_event,
    end_between_event_and_read,
    data_between_event_and_read,
    reset_while_a_reader_waits,
    end_of_ours_is_no_end,
    urgent_data_ends_a_read_and_nothing_else,
    error_with_nothing_to_read,
    event_of_who_had_the_number_before,
    forgotten_too_late,
    nothing_is_left,
    closing_wakes_the_reader,
    closing_behind_an_event,
    cancelled_reader_leaves_its_place,
    cancelled_behind_an_event,
    cancelled_where_there_is_something,
    turn_for_others,
    two_readers,
    no_longer_run,
)
