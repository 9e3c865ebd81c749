"""Watched sockets: no wake-up is lost, and none is made up; and planted bugs are caught.

Every check is run on TCP and on Unix sockets, as the kernel's part is not the same in both.
"""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Callable

import pytest
import trio
from attrs import frozen
from trio.testing import wait_all_tasks_blocked

from focus_signal.server import readiness as readiness_module
from focus_signal.server.link import SocketLink
from focus_signal.server.readiness import Readiness, Watched, open_readiness
from tests.server import readiness_checks as checks
from tests.server.readiness_checks import CHECKS
from tests.server.readiness_stage import Check, Pair, Stage, arrives, open_stage, tcp, unix

PAIRS = pytest.mark.parametrize("pair", [tcp, unix])


@PAIRS
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_readiness(check: Check, pair: Pair) -> None:
    async with open_stage(pair) as stage:
        await check(stage)


async def passed_descriptors_end_a_read_and_nothing_else(stage: Stage) -> None:
    """The peer of a Unix socket may pass some along with its data, wanted or not."""
    link, peer, reader = await stage.open_read()
    socket.send_fds(peer, [b"with one"], [peer.fileno()])
    peer.send(b"without")
    arrives(link)
    await wait_all_tasks_blocked()
    assert reader.got == [b"with one", b"without"]


async def test_passed_descriptors() -> None:
    async with open_stage(unix) as stage:
        await passed_descriptors_end_a_read_and_nothing_else(stage)


async def test_a_socket_is_watched_once() -> None:
    async with open_stage(unix) as stage:
        link, peer, reader = await stage.open_read()
        with pytest.raises(FileExistsError):
            stage.readiness.watch(link._descriptor())
        peer.send(b"x")
        await wait_all_tasks_blocked()
        assert reader.got == [b"x"]


async def test_forgetting_twice() -> None:
    async with open_stage(unix) as stage:
        link, _ = stage.open()
        watched = link._watched
        assert watched is not None
        await link.aclose()
        stage.readiness.forget(watched)
        assert not stage.readiness._watched


def test_a_system_without_epoll(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(select, "epoll")
    with open_readiness() as readiness:
        assert readiness is None


def test_the_epoll_is_closed_at_the_end() -> None:
    with open_readiness() as readiness:
        assert readiness is not None
        number = readiness._epoll.fileno()
        os.fstat(number)
    assert readiness._epoll.closed
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(number)


Plant = Callable[[pytest.MonkeyPatch], None]


@frozen
class Mutant:
    """Be a planted bug, and the check that catches it."""

    name: str
    plant: Plant
    check: Check
    pair: Pair = tcp


def replaced(owner: type, name: str, new: object) -> Plant:
    return lambda patch: patch.setattr(owner, name, new)


def masked(events: int) -> Plant:
    """Be blind to some events."""
    wake = Watched.wake
    return replaced(Watched, "wake", lambda watched, told: wake(watched, told & ~events))


def unasked(events: int) -> Plant:
    """Do not ask for some events."""
    return lambda patch: patch.setattr(readiness_module, "_WATCHED", readiness_module._WATCHED & ~events)


_receive_some, _watch, _prepare = SocketLink.receive_some, Readiness.watch, SocketLink.__attrs_post_init__
_watch_link = SocketLink._watch
_begin_waiting = Watched.begin_waiting


async def empties_with_every_read(link: SocketLink, max_bytes: int | None = None) -> bytes:
    data = await _receive_some(link, max_bytes)
    if link._watched is not None:
        link._watched.emptied()
    return data


def watch_as_empty(readiness: Readiness, descriptor: int) -> Watched:
    watched = _watch(readiness, descriptor)
    watched._readable = False
    return watched


def trusts_every_short_read(link: SocketLink) -> None:
    _prepare(link)
    link._short_is_all = True


def wake_whoever_waits(watched: Watched, _: int) -> None:
    task, watched._task = watched._task, None
    if task is not None:
        trio.lowlevel.reschedule(task)


def remember_only(watched: Watched, events: int) -> None:
    watched._readable = True
    watched._lasting = bool(events & readiness_module._LASTING)


def has_nothing_to_read(watched: Watched) -> None:
    watched._readable = False


def as_if_never_read(link: SocketLink) -> SocketLink:
    link._emptied = False
    return link


def forget_without_waking(readiness: Readiness, watched: Watched) -> None:
    readiness._watched.pop(watched.descriptor, None)


def forget_the_number(readiness: Readiness, watched: Watched) -> None:
    readiness._watched.pop(watched.descriptor, None)
    watched.close()


def forget_never(_: Readiness, watched: Watched) -> None:
    watched.close()


def give_up_and_stay(_: Watched, __: object) -> trio.lowlevel.Abort:
    return trio.lowlevel.Abort.SUCCEEDED


async def read_without_a_turn(link: SocketLink, max_bytes: int | None = None) -> bytes:
    return link.receive_nowait() or await _receive_some(link, max_bytes)


def wait_in_the_place_of_another(watched: Watched) -> bool:
    watched._task = None
    return _begin_waiting(watched)


MUTANTS = [
    Mutant(
        "every read empties",
        replaced(SocketLink, "receive_some", empties_with_every_read),
        checks.more_than_a_read_asks_for,
    ),
    Mutant(
        "no read empties",
        replaced(Watched, "emptied", lambda _: None),
        checks.one_message_after_the_other,
    ),
    Mutant("the end does not last", masked(readiness_module._LASTING), checks.data_and_end_in_one_event),
    Mutant("nobody asks for the end", unasked(select.EPOLLRDHUP), checks.data_and_end_in_one_event),
    Mutant(
        "nobody knows urgent data",
        masked(select.EPOLLPRI),
        checks.urgent_data_ends_a_read_and_nothing_else,
    ),
    Mutant("told as long as it is so", unasked(select.EPOLLET), checks.told_while_nobody_waits),
    Mutant(
        "an event is not kept",
        replaced(Watched, "wake", wake_whoever_waits),
        checks.told_while_nobody_waits,
    ),
    Mutant("an event is only kept", replaced(Watched, "wake", remember_only), checks.many_in_one_round),
    Mutant(
        "nothing found, and read again",
        replaced(Watched, "has_nothing", lambda _: None),
        checks.told_while_nobody_waits,
    ),
    Mutant(
        "nothing found, and the end is believed in",
        replaced(Watched, "has_nothing", has_nothing_to_read),
        checks.event_of_who_had_the_number_before,
    ),
    Mutant(
        "nothing found, and the error is believed in",
        replaced(Watched, "has_nothing", has_nothing_to_read),
        checks.error_with_nothing_to_read,
    ),
    Mutant(
        "empty at the start",
        replaced(Readiness, "watch", watch_as_empty),
        checks.what_came_before_needs_no_event,
    ),
    Mutant(
        "a look is forgotten",
        replaced(
            SocketLink, "_watch", lambda link, readiness: _watch_link(as_if_never_read(link), readiness)
        ),
        checks.behind_a_look_nobody_looks_again,
    ),
    Mutant(
        "forgotten, and nobody is woken",
        replaced(Readiness, "forget", forget_without_waking),
        checks.closing_wakes_the_reader,
    ),
    Mutant(
        "forgotten by the number", replaced(Readiness, "forget", forget_the_number), checks.forgotten_too_late
    ),
    Mutant("never forgotten", replaced(Readiness, "forget", forget_never), checks.nothing_is_left),
    Mutant(
        "cancelled, and still in its place",
        replaced(Watched, "give_up", give_up_and_stay),
        checks.cancelled_reader_leaves_its_place,
    ),
    Mutant(
        "a full socket leaves nobody a turn",
        replaced(SocketLink, "receive_some", read_without_a_turn),
        checks.turn_for_others,
    ),
    Mutant(
        "the second reader pushes the first out",
        replaced(Watched, "begin_waiting", wait_in_the_place_of_another),
        checks.two_readers,
    ),
    Mutant(
        "a short read empties a Unix socket",
        replaced(SocketLink, "__attrs_post_init__", trusts_every_short_read),
        passed_descriptors_end_a_read_and_nothing_else,
        unix,
    ),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
async def test_a_planted_bug_is_caught(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    mutant.plant(monkeypatch)
    with pytest.raises((AssertionError, BaseExceptionGroup)) as caught:
        async with open_stage(mutant.pair) as stage:
            await mutant.check(stage)
    group = caught.value
    if isinstance(group, BaseExceptionGroup):
        assert group.split(AssertionError)[1] is None
