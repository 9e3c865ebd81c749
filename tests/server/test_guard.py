"""The guard: what a task raises goes into the log and no further, and what must pass passes."""

from __future__ import annotations

import logging
from functools import partial
from typing import NoReturn, cast

import pytest
import trio
from trio.testing import MockClock, memory_stream_pair
from trio_websocket import WebSocketRequest, WebSocketServer

from focus_signal import guarded
from focus_signal.errors import TransportClosed
from focus_signal.observe.faults import fault_of
from tests.server.memory_listener import open_memory_listener


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Record everything that the package says."""
    caplog.set_level(logging.DEBUG, logger="focus_signal")
    return caplog


def said(log: pytest.LogCaptureFixture) -> list[tuple[str, str, BaseException | None]]:
    """Tell level, text up to where it was raised, and exception of each record."""
    return [
        (record.levelname, record.getMessage().partition(" at ")[0], fault_of(record))
        for record in log.records
        if record.name == "focus_signal"
    ]


async def fail(*errors: BaseException) -> NoReturn:
    """Raise one error as it is, or several as a nursery does."""
    await trio.lowlevel.checkpoint()
    if len(errors) == 1:
        raise errors[0]
    raise BaseExceptionGroup("several", errors)


async def test_exception_is_logged_and_goes_no_further(log: pytest.LogCaptureFixture) -> None:
    error = ZeroDivisionError("injected")
    finished: list[str] = []

    async def sibling() -> None:
        await trio.testing.wait_all_tasks_blocked()
        finished.append("sibling")

    async with trio.open_nursery() as nursery:
        guarded(nursery).start_soon(fail, error)
        guarded(nursery).start_soon(sibling)
    assert finished == ["sibling"]
    assert said(log) == [("ERROR", "a connection ended by a fault of this server: ZeroDivisionError", error)]
    [record] = log.records
    assert "tests/server/test_guard.py" in record.getMessage(), "there is a traceback"
    # What it says may be made of what a peer sent.
    assert "injected" not in record.getMessage()
    assert record.exc_info is None


async def test_groups_are_taken_apart(log: pytest.LogCaptureFixture) -> None:
    """However deep an exception is in a group, it has a traceback of its own in the log."""
    first, second = ZeroDivisionError("first"), KeyError("second")
    async with trio.open_nursery() as nursery:
        guarded(nursery).start_soon(fail, ExceptionGroup("outer", [ExceptionGroup("inner", [first]), second]))
    assert [error for _, _, error in said(log)] == [first, second]


@pytest.mark.parametrize("kind", [trio.BrokenResourceError, trio.ClosedResourceError, TransportClosed])
async def test_peer_that_has_gone_is_no_fault(kind: type[Exception], log: pytest.LogCaptureFixture) -> None:
    async with trio.open_nursery() as nursery:
        guarded(nursery).start_soon(fail, kind("gone"))
    assert said(log) == [("DEBUG", "a connection ended: the peer has gone", None)]


async def test_cancellation_passes(log: pytest.LogCaptureFixture) -> None:
    async with trio.open_nursery() as nursery:
        guarded(nursery).start_soon(trio.sleep_forever)
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert nursery.cancel_scope.cancelled_caught
    assert said(log) == []


async def test_cancellation_passes_beside_an_exception(log: pytest.LogCaptureFixture) -> None:
    error = ZeroDivisionError("while cancelled")

    async def fail_at_the_end() -> None:
        try:
            await trio.sleep_forever()
        except trio.Cancelled:
            # A handler's clean-up that goes wrong; its siblings are cancelled at the same moment.
            raise error from None

    async def handler() -> None:
        async with trio.open_nursery() as inner:
            inner.start_soon(fail_at_the_end)
            inner.start_soon(trio.sleep_forever)

    async with trio.open_nursery() as nursery:
        guarded(nursery).start_soon(handler)
        await trio.testing.wait_all_tasks_blocked()
        nursery.cancel_scope.cancel()
    assert nursery.cancel_scope.cancelled_caught
    assert [raised for _, _, raised in said(log)] == [error]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
async def test_what_ends_the_program_passes(kind: type[BaseException], log: pytest.LogCaptureFixture) -> None:
    with pytest.RaisesGroup(kind):
        async with trio.open_nursery() as nursery:
            guarded(nursery).start_soon(fail, kind())
    assert said(log) == []


async def test_what_ends_the_program_passes_beside_an_exception(log: pytest.LogCaptureFixture) -> None:
    error = ZeroDivisionError("beside it")
    with pytest.RaisesGroup(KeyboardInterrupt, flatten_subgroups=True):
        async with trio.open_nursery() as nursery:
            guarded(nursery).start_soon(fail, error, KeyboardInterrupt())
    assert [raised for _, _, raised in said(log)] == [error]


async def test_arguments_and_names_are_passed_on() -> None:
    """A task is called what it would be called without the guard."""
    seen: list[tuple[tuple[object, ...], str]] = []

    async def handler(*arguments: object) -> None:
        await trio.lowlevel.checkpoint()
        seen.append((arguments, trio.lowlevel.current_task().name))

    for name in (None, "somebody", handler):
        seen.clear()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(handler, 1, "two", name=name)
        async with trio.open_nursery() as nursery:
            guarded(nursery).start_soon(handler, 1, "two", name=name)
        assert seen[0] == seen[1]
        assert seen[0][0] == (1, "two")

    seen.clear()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(handler, 1), 2)
        await trio.testing.wait_all_tasks_blocked()
        guarded(nursery).start_soon(partial(handler, 1), 2)
    assert seen[0] == seen[1]


async def test_scope_is_that_of_the_nursery() -> None:
    async with trio.open_nursery() as nursery:
        assert guarded(nursery).cancel_scope is nursery.cancel_scope


async def test_handlers_of_trio_itself(nursery: trio.Nursery, log: pytest.LogCaptureFixture) -> None:
    """`trio.serve_listeners` takes a guarded nursery for a nursery."""
    error = ZeroDivisionError("in the first handler")
    handled = 0

    async def handler(stream: trio.abc.Stream) -> None:
        nonlocal handled
        handled += 1
        if handled == 1:
            raise error
        await stream.send_all(b"served")

    send, listener = open_memory_listener()
    serving = partial(trio.serve_listeners, handler, [listener], handler_nursery=guarded(nursery))
    await nursery.start(serving)
    for expected in (b"", b"served"):
        ours, theirs = memory_stream_pair()
        send.send_nowait(theirs)
        assert b"".join([data async for data in ours]) == expected
    assert [raised for _, _, raised in said(log)] == [error]
    nursery.cancel_scope.cancel()


# Nothing in this is decodable, and the library decodes it.
_UNDECODABLE = b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: \xff\xfe\r\n\r\n"


async def test_malformed_input_is_no_fault_of_ours(
    nursery: trio.Nursery, autojump_clock: MockClock, log: pytest.LogCaptureFixture
) -> None:
    """What trio-websocket's reader raises at a peer's bytes gets a line, not a traceback."""

    async def handler(request: WebSocketRequest) -> None:
        raise AssertionError(f"{request} came of no request")

    send, listener = open_memory_listener()
    # The library names the two kinds of listeners that it opens itself; it takes any.
    listeners = cast("list[trio.SocketListener]", [listener])
    server = WebSocketServer(handler, listeners, handler_nursery=guarded(nursery))
    await nursery.start(server.run)
    ours, theirs = memory_stream_pair()
    send.send_nowait(theirs)
    await ours.send_all(_UNDECODABLE)
    assert b"".join([data async for data in ours]) == b""
    await trio.testing.wait_all_tasks_blocked()  # the stream is closed before the guard sees why
    [(level, text, error)] = said(log)
    assert (level, error) == ("INFO", None)
    assert text.startswith("a connection ended: malformed input (")
    nursery.cancel_scope.cancel()
