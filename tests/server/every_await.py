"""An exception in place of the k-th wait, or of the k-th call, of one connection.

Every task of the victim's connection is driven by hand: what it waits for goes up to Trio, and when Trio
resumes it for the k-th time, an exception is thrown into it instead, in whatever function it is. So a fault
is planted at every await in turn, with no change to what is tested.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Coroutine, Generator, Iterator
from functools import wraps
from typing import Any, Literal, TypeVar, cast

import pytest
import trio
from attrs import define, field

from focus_signal.server.connection import Connection
from focus_signal.server.server import Server
from focus_signal.server.transport.native import NativeTransport
from focus_signal.server.transport.trio_websocket import TrioWebSocket
from focus_signal.testing.net.stream import SimStream

T = TypeVar("T")
Kind = Literal["RuntimeError", "OSError", "BrokenResourceError", "ExceptionGroup", "Cancelled"]
What = Literal["waits", "calls"]

VICTIM = "victim"
"""The user, and the label of the link, whose connection meets the fault."""

# What is called without waiting. Whoever ends a connection calls `abort` last, wherever it failed.
_LINK_CALLS = ("peer_address", "receive_nowait", "send_nowait", "close_nowait")
_TRANSPORT_CALLS = ("ping_soon", "send_nowait", "close_nowait")
_NATIVE_CALLS = ("accept_nowait", *_TRANSPORT_CALLS)


def make_error(kind: Kind) -> Exception:
    """Make what is raised."""
    match kind:
        case "OSError":
            return OSError("planted")
        case "BrokenResourceError":
            return trio.BrokenResourceError("planted")
        case "ExceptionGroup":
            return ExceptionGroup("planted", [RuntimeError("planted"), KeyError("planted")])
        case _:
            return RuntimeError("planted")


@define(eq=False)
class Fuse:
    """Raise once, at the k-th of those waits or calls.

    Args:
      at: which one, from 1; 0 never raises.
      kind: what is raised; "Cancelled" cancels all tasks of the connection while they wait.
      what: whether waits count or calls.
      armed: whether any count at this moment; a scene may have it so for a while only.
    """

    at: int
    kind: Kind
    what: What = "waits"
    armed: bool = True
    met: int = field(default=0, init=False)
    """How many there were."""
    place: tuple[str, ...] = field(default=(), init=False)
    """The functions that were at work, the outermost first; none while nothing was raised."""
    beside_writer: bool = field(default=False, init=False)
    """Whether a writer of the connection was at work when it was raised."""
    writers: int = field(default=0, init=False)
    error: Exception = field(init=False)
    tasks: set[trio.lowlevel.Task] = field(factory=set[trio.lowlevel.Task], init=False)
    _scopes: list[trio.CancelScope] = field(factory=list[trio.CancelScope], init=False)

    def __attrs_post_init__(self) -> None:
        self.error = make_error(self.kind)

    @property
    def burnt(self) -> bool:
        """Tell whether it has raised."""
        return bool(self.place)

    async def run(self, coroutine: Coroutine[Any, Any, T]) -> T | None:
        """Be a task of the victim's connection; None if it was cancelled here."""
        self.tasks.add(trio.lowlevel.current_task())
        with trio.CancelScope() as scope:
            self._scopes.append(scope)
            if self.burnt and self.kind == "Cancelled":
                scope.cancel()
            return await self.drive(coroutine)
        return None

    @types.coroutine
    def drive(self, coroutine: Coroutine[Any, Any, T]) -> Generator[Any, Any, T]:
        """Drive a coroutine, and throw into it when its time has come."""
        value: Any = None
        error: Exception | None = None
        try:
            while True:
                try:
                    trap = coroutine.send(value) if error is None else coroutine.throw(error)
                except StopIteration as stop:
                    result: T = stop.value
                    return result
                place = self._place_if_due(coroutine, trap)
                if place and self.kind == "Cancelled":
                    self._burn(place)
                    for scope in self._scopes:
                        scope.cancel()
                value = yield trap
                error = None
                if place and not self.burnt:
                    self._burn(place)
                    error = self.error
        finally:
            coroutine.close()

    def _place_if_due(self, coroutine: Coroutine[Any, Any, object], trap: object) -> tuple[str, ...]:
        if (
            not self.armed
            or self.what != "waits"
            or (self.kind != "Cancelled" and _cannot_raise(coroutine, trap))
        ):
            return ()
        self.met += 1
        return place_of(coroutine) if self.met == self.at else ()

    def call(self, name: str) -> None:
        """Count a call, and raise if it is the one."""
        if not self.armed or self.what != "calls":
            return
        self.met += 1
        if self.met == self.at:
            self._burn((*_place_of_stack(sys._getframe(1)), name))
            raise self.error

    def forget_tasks(self) -> None:
        """Keep nothing of a run that is over."""
        self.tasks.clear()
        self._scopes.clear()

    def _burn(self, place: tuple[str, ...]) -> None:
        self.place = place
        self.beside_writer = self.writers > 0


@define(eq=False)
class _Children(trio.abc.Instrument):
    """Drive the tasks too that were started in a nursery of the victim's: a library's, above all."""

    _fuse: Fuse

    def task_spawned(self, task: trio.lowlevel.Task) -> None:
        nursery = task.parent_nursery
        if nursery is not None and nursery.parent_task in self._fuse.tasks:
            self._fuse.tasks.add(task)
            task.coro = cast("Any", self._drive(task.coro))  # it names its coroutines more narrowly

    async def _drive(self, coroutine: Coroutine[Any, Any, object]) -> object:
        return await self._fuse.drive(coroutine)


def plant(patch: pytest.MonkeyPatch, fuse: Fuse) -> trio.abc.Instrument:
    """Have the fuse at everything that the victim's connection does.

    Args:
      patch: undone by the caller.
      fuse: what counts and raises.

    Returns:
      what the run of Trio needs as an instrument.
    """
    # Looked up here, so that what a test has planted before is driven.
    handle, write = Server._handle_stream, Connection._run_writer

    async def handle_driven(server: Server, *args: Any) -> None:
        if _is_the_victims(args[-1]):
            await fuse.run(handle(server, *args))
        else:
            await handle(server, *args)

    async def write_driven(connection: Connection, *args: Any) -> None:
        if connection.user == VICTIM and fuse.armed:
            fuse.writers += 1
            try:
                await fuse.run(write(connection, *args))
            finally:
                fuse.writers -= 1
        else:
            await write(connection, *args)

    patch.setattr(Server, "_handle_stream", handle_driven)
    patch.setattr(Connection, "_run_writer", write_driven)
    for name in _LINK_CALLS:
        _count(patch, fuse, SimStream, name, _is_the_victims)
    for name in _NATIVE_CALLS:
        _count(patch, fuse, NativeTransport, name, lambda transport: _is_the_victims(transport._link))
    for name in _TRANSPORT_CALLS:
        _count(patch, fuse, TrioWebSocket, name, lambda transport: _is_the_victims(transport._stream.link))
    return _Children(fuse)


def _count(
    patch: pytest.MonkeyPatch, fuse: Fuse, owner: type, name: str, is_the_victims: Callable[[Any], bool]
) -> None:
    inner = getattr(owner, name)
    is_property = isinstance(inner, property)
    work: Callable[..., Any] = inner.__get__ if is_property else inner

    @wraps(work)
    def counted(self: Any, *args: Any) -> Any:
        if is_the_victims(self):
            fuse.call(f"{owner.__name__}.{name}")
        return work(self, *args)

    patch.setattr(owner, name, property(counted) if is_property else counted)


def _is_the_victims(stream: Any) -> bool:
    """Tell whether this is the server's end of the victim's link, or what hides that."""
    while not isinstance(stream, SimStream):
        stream = stream._stream
    return stream.label == VICTIM and stream._end is stream._link.server


def _cannot_raise(coroutine: object, trap: object) -> bool:
    """Tell whether by the laws of Trio nothing comes out of a wait, but for a cancellation."""
    abort = getattr(trap, "abort_func", None)
    if abort is not None:
        return "_nested_child_finished" in abort.__qualname__  # a nursery waits for its tasks
    # A lock that was got, or its like: what is raised here would leave it held by nobody.
    return any(code.co_filename.endswith("/trio/_sync.py") for code in _codes_of(coroutine))


def _codes_of(coroutine: object) -> Iterator[types.CodeType]:
    """Give what waits, the outermost first, as far as it is coroutines."""
    while (code := getattr(coroutine, "cr_code", None)) is not None:
        yield code
        coroutine = getattr(coroutine, "cr_await", None)


def place_of(coroutine: object) -> tuple[str, ...]:
    """Tell which functions of this package and of the library wait, the outermost first."""
    return tuple(code.co_qualname for code in _codes_of(coroutine) if _is_shown(code)) or ("elsewhere",)


def _place_of_stack(frame: types.FrameType | None) -> list[str]:
    names: list[str] = []
    while frame is not None:
        if _is_shown(frame.f_code):
            names.append(frame.f_code.co_qualname)
        frame = frame.f_back
    return names[::-1]


def _is_shown(code: types.CodeType) -> bool:
    return "/focus_signal/server/" in code.co_filename or "/trio_websocket/" in code.co_filename
