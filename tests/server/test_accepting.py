"""Listeners that give links: everybody who comes is let in once, and planted bugs are caught."""

from __future__ import annotations

import errno
import os
import socket
from collections import deque
from collections.abc import Callable

import pytest
import trio
import trio.testing
from attrs import frozen
from trio.testing import MockClock

from focus_signal.server import accepting as accepting_module
from focus_signal.server.accepting import LinkListener, accept_all
from focus_signal.server.link import SocketLink
from focus_signal.server.readiness import open_readiness
from focus_signal.server.stream_link import link_of
from focus_signal.testing.net.dialing import dialing
from focus_signal.testing.net.network import Network
from tests.server import accepting_checks as checks
from tests.server.accepting_checks import CHECKS, Check, open_door
from tests.server.memory_listener import open_memory_listener
from tests.server.socket_pairs import connect, listen, open_tcp, open_unix


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_accepting(check: Check) -> None:
    async with open_door() as door:
        await check(door)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_addresses(host: str) -> None:
    with trio.fail_after(30), open_readiness() as readiness:
        try:
            [below] = await trio.open_tcp_listeners(0, host=host)
        except OSError as error:
            pytest.skip(f"nobody can listen on {host} here: {error}")
        async with (
            LinkListener(below, readiness) as listener,
            await connect(below),
            await listener.accept() as link,
        ):
            assert link.peer_address == host


async def test_options_of_what_is_accepted() -> None:
    """It does not block, is not inherited by other processes, and is what Trio would have made of it."""
    with trio.fail_after(30):
        below = await listen(open_tcp)
        async with (
            LinkListener(below, None) as listener,
            await connect(below) as peer,
            await listener.accept() as link,
        ):
            number = link._descriptor()
            assert not os.get_blocking(number)
            assert not os.get_inheritable(number)
            with socket.socket(fileno=os.dup(number)) as ours:
                for option in (socket.TCP_NODELAY, socket.TCP_NOTSENT_LOWAT):
                    value = ours.getsockopt(socket.IPPROTO_TCP, option)
                    assert isinstance(value, int)
                    assert value == peer.getsockopt(socket.IPPROTO_TCP, option) > 0


async def echo(stream: trio.abc.Stream) -> None:
    link = link_of(stream)
    while data := await link.receive_some():
        await link.send_all(data)
    await link.aclose()


async def test_serving_sockets_of_every_kind() -> None:
    below = [await listen(open_tcp), await listen(open_unix)]

    async def echo_on_a_link(stream: trio.abc.Stream) -> None:
        assert isinstance(stream, SocketLink)
        await echo(stream)

    with trio.fail_after(30), open_readiness() as readiness:
        assert readiness is not None
        async with trio.open_nursery() as nursery, trio.open_nursery() as handlers:
            nursery.start_soon(readiness.run)
            await nursery.start(accept_all, echo_on_a_link, below, readiness, handlers)
            clients = [await connect(listener) for listener in below * 20]
            for number, client in enumerate(clients):
                await client.send_all(b"%d" % number)
                await client.send_eof()
            for number, client in enumerate(clients):
                assert b"".join([data async for data in client]) == b"%d" % number
                await client.aclose()
            nursery.cancel_scope.cancel()
        assert not readiness._watched
    assert [listener.socket.fileno() for listener in below] == [-1, -1]


async def test_what_is_no_real_socket_is_served_as_well() -> None:
    come, memory = open_memory_listener()
    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            await nursery.start(accept_all, echo, [await listen(open_tcp), memory], None, nursery)
            client, server = trio.testing.memory_stream_pair()
            come.send_nowait(server)
            async with client:
                await client.send_all(b"hello")
                assert await client.receive_some() == b"hello"
            nursery.cancel_scope.cancel()


async def test_a_simulated_socket_is_not_taken_for_a_real_one(autojump_clock: MockClock) -> None:
    with dialing(Network(0)):
        [simulated] = await trio.open_tcp_listeners(0, host="127.0.0.1")
        assert isinstance(simulated, trio.SocketListener)
        async with trio.open_nursery() as nursery:
            await nursery.start(accept_all, echo, [simulated], None, nursery)
            async with await trio.open_tcp_stream("127.0.0.1", simulated.socket.getsockname()[1]) as client:
                await client.send_all(b"hello")
                assert await client.receive_some() == b"hello"
            nursery.cancel_scope.cancel()


async def test_while_nobody_can_be_accepted_the_others_are_served_and_then_the_next_is(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    errors = deque([errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS] * 6)
    all_told = trio.Event()
    wait_for_some = LinkListener._wait_for_some

    async def wait_or_not(listener: LinkListener) -> None:
        if errors:
            number = errors.popleft()
            if not errors:
                all_told.set()
            raise OSError(number, "scripted")
        await wait_for_some(listener)

    monkeypatch.setattr(LinkListener, "_wait_for_some", wait_or_not)
    below = await listen(open_tcp)
    began = trio.current_time()
    # The clock jumps only while nobody waits for a socket, which the listener does once it has paused enough.
    async with trio.open_nursery() as nursery:
        await nursery.start(accept_all, echo, [below], None, nursery)
        await all_told.wait()
        assert trio.current_time() - began == pytest.approx(2.3)
        nursery.cancel_scope.cancel()
    # One line a second, however often it was tried.
    assert [record.levelname for record in caplog.records] == ["ERROR"] * 3
    assert all("no connection can be accepted for now" in record.message for record in caplog.records)


async def test_listening_that_is_broken_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def wait(_: LinkListener) -> None:
        raise OSError(errno.EBADF, "scripted")

    monkeypatch.setattr(LinkListener, "_wait_for_some", wait)
    below = await listen(open_tcp)
    with pytest.RaisesGroup(OSError, flatten_subgroups=True):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(accept_all, echo, [below], None, nursery)
    assert below.socket.fileno() == -1


@frozen
class Mutant:
    """Be a planted bug, and the check that catches it.

    Args:
      name: what is wrong.
      plant: puts it there.
      check: fails then.
      shown_by: how.
    """

    name: str
    plant: Callable[[pytest.MonkeyPatch], None]
    check: Check
    shown_by: type[BaseException] = AssertionError


def replaced(name: str, new: object) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setattr(LinkListener, name, new)


_accept_all, _aclose = LinkListener._accept_all, LinkListener.aclose


def accept_one(listener: LinkListener) -> None:
    if len(listener._accepted) == 0:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(accepting_module, "_MOST_AT_ONCE", 1)
            _accept_all(listener)


def forget_the_others(listener: LinkListener) -> None:
    _accept_all(listener)
    while len(listener._accepted) > 1:
        listener._accepted.pop()[0].close()


def give_the_last_first(listener: LinkListener) -> None:
    _accept_all(listener)
    listener._accepted.reverse()


def swallow_every_error(listener: LinkListener) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accepting_module, "_GIVEN_UP", range(1, 200))
        _accept_all(listener)


def pass_nobody_over(listener: LinkListener) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(accepting_module, "_GIVEN_UP", ())
        _accept_all(listener)


def raise_with_somebody_there(listener: LinkListener) -> None:
    """Lose those who were accepted ahead of the error."""
    try:
        while True:
            accepted, _ = listener._socket.accept()
            listener._accepted.append((accepted, None))
    except BlockingIOError:
        return
    except OSError:
        while listener._accepted:
            listener._accepted.popleft()[0].close()
        raise


def go_on_and_on(listener: LinkListener) -> None:
    while not listener._accepted:
        _accept_all(listener)


def check_nothing(_: LinkListener) -> None:
    pass


async def accept_on_the_second(listener: LinkListener) -> SocketLink:
    await trio.lowlevel.wait_readable(listener._socket)
    _accept_all(listener)
    return SocketLink(listener._accepted.popleft()[0], listener._readiness)


async def close_the_given_alone(listener: LinkListener) -> None:
    listener._socket.close()
    await listener._listener.aclose()


async def close_the_second_alone(listener: LinkListener) -> None:
    listener._socket.close()
    listener._accepted = deque()
    await trio.lowlevel.checkpoint()


async def close_after_a_turn(listener: LinkListener) -> None:
    await trio.lowlevel.checkpoint()
    await _aclose(listener)


MUTANTS = [
    Mutant("one at a time", replaced("_accept_all", accept_one), checks.one_wait_for_all_who_are_there),
    Mutant(
        "the others are forgotten",
        replaced("_accept_all", forget_the_others),
        checks.cancelled_wait_loses_nobody,
    ),
    Mutant(
        "the last first",
        replaced("_accept_all", give_the_last_first),
        checks.one_wait_for_all_who_are_there,
    ),
    Mutant(
        "every error is swallowed",
        replaced("_accept_all", swallow_every_error),
        checks.errors_of_capacity_come_out,
        pytest.fail.Exception,
    ),
    Mutant(
        "the error comes before those who are there",
        replaced("_accept_all", raise_with_somebody_there),
        checks.out_of_descriptors,
        OSError,
    ),
    Mutant(
        "whoever has given up ends it all",
        replaced("_accept_all", pass_nobody_over),
        checks.whoever_has_given_up_is_passed_over,
        OSError,
    ),
    Mutant("on and on", replaced("_accept_all", go_on_and_on), checks.error_that_stays),
    Mutant(
        "nobody sees that it is closed",
        replaced("_check_open", check_nothing),
        checks.closing_once_somebody_has_come,
        OSError,
    ),
    Mutant(
        "nobody sees that the given one is closed",
        replaced("accept", accept_on_the_second),
        checks.closing_wakes_who_waits,
    ),
    Mutant(
        "whoever was not given is left",
        replaced("aclose", close_the_given_alone),
        checks.closing_turns_away_who_was_not_given,
        BlockingIOError,
    ),
    Mutant(
        "the given listener stays open",
        replaced("aclose", close_the_second_alone),
        checks.closed_for_good,
    ),
    Mutant(
        "cancelled before it is closed",
        replaced("aclose", close_after_a_turn),
        checks.cancelled_close_closes,
    ),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
async def test_a_planted_bug_is_caught(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises((mutant.shown_by, BaseExceptionGroup)) as caught:
        async with open_door() as door:
            with monkeypatch.context() as planted:
                mutant.plant(planted)
                await mutant.check(door)
    group = caught.value
    if isinstance(group, BaseExceptionGroup):
        assert group.split(mutant.shown_by)[1] is None
