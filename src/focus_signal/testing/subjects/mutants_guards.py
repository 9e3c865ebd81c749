"""Mutants without a guard: something goes wrong in one connection, and nothing keeps it there.

What goes wrong is planted as well, since nothing else would. `PLANTED_FAULTS` are the same faults with every
guard in its place: each of them is a `fault`, and is contained. A guard is taken away by a report of what it
has caught that raises it again. Where two guards stand behind each other and hide one another, both go.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from types import ModuleType

from attrs import define

from focus_signal.server import connection as connection_module
from focus_signal.server import guard as guard_module
from focus_signal.server import server as server_module
from focus_signal.server.transport.native import NativeTransport
from focus_signal.testing.net import listener as listener_module
from focus_signal.testing.net.stream import SimStream
from focus_signal.testing.subject import Subject
from focus_signal.testing.subjects.planting import putting

_OFTEN = 4
_GOODBYE = "this goodbye cannot be said"
_report = guard_module.report

Planted = tuple[ModuleType, str, object]


class PlantedFault(RuntimeError):
    """Be what goes wrong, by intention."""


# What goes wrong.


class _AtTheDoor(NativeTransport):
    def accept_nowait(self, subprotocol: str | None = None) -> bool:
        # Half of all users: the key is made of what they ask for.
        if not self._accepted and ord(self._key[0]) % 2:
            raise PlantedFault("the answer to the handshake cannot be made")
        return super().accept_nowait(subprotocol)


@define(eq=False)
class _ClosedBehind(SimStream):
    """Fail when it is closed once more, as whoever has accepted it does behind the server."""

    async def aclose(self) -> None:
        if self._end.closed:
            raise PlantedFault("this stream cannot be closed")
        await super().aclose()


class _WhileReading(NativeTransport):
    reads: int = 0

    async def receive(self) -> list[bytes]:
        self.reads += 1
        if self.reads == _OFTEN:
            raise PlantedFault("this read cannot be made")
        return await super().receive()


class _WhileWriting(NativeTransport):
    async def send(self) -> bool:
        raise PlantedFault("this write cannot be made")


class _WhileGivingUp(_WhileWriting):
    async def close(self, code: int, reason: str) -> None:
        del code, reason
        raise PlantedFault(_GOODBYE)


class _WhileFlushing(NativeTransport):
    flushes: int = 0

    def send_nowait(self, messages: Sequence[bytes]) -> bool:
        self.flushes += 1
        if self.flushes == _OFTEN:
            raise PlantedFault("this flush cannot be made")
        return super().send_nowait(messages)


class _WhilePinging(NativeTransport):
    def ping_soon(self) -> None:
        raise PlantedFault("this ping cannot be made")


class _WhileHurrying(NativeTransport):
    def forget_unsent(self) -> None:
        raise PlantedFault("what waits cannot be dropped")


# What does not keep it.


def raising(where: str, says: str = "") -> Callable[[BaseException, str], None]:
    """Make a report that raises again what was caught.

    Args:
      where: of which guard, by how the place begins that it names.
      says: what is in the text of what was caught.
    """

    def report(error: BaseException, place: str) -> None:
        _report(error, place)
        if place.startswith(where) and says in str(error):
            raise error

    return report


def _nowhere(where: str) -> AbstractContextManager[None]:
    del where
    return nullcontext()


_AROUND_A_CONNECTION: tuple[Planted, ...] = (
    (server_module, "report", raising("a connection")),
    (guard_module, "report", raising("a connection")),
)
_OF_A_NURSERY: Planted = (guard_module, "report", raising("a connection"))
_INSIDE_A_CONNECTION: Planted = (connection_module, "report", raising("connection "))
_OF_A_GOODBYE: Planted = (connection_module, "report", raising("connection ", _GOODBYE))
_AROUND_A_READER: tuple[Planted, ...] = (
    _INSIDE_A_CONNECTION,
    (server_module, "report", raising("connection ")),
)


def _transport(planted: type[NativeTransport]) -> Planted:
    return (server_module, "NativeTransport", planted)


_ROWS: tuple[tuple[str, str, str, str, Planted, tuple[Planted, ...]], ...] = (
    (
        "at-the-door",
        "the answer to half of the handshakes fails",
        "the guards around a connection let",
        "contained",
        _transport(_AtTheDoor),
        _AROUND_A_CONNECTION,
    ),
    (
        "behind-the-door",
        "closing a stream once more fails",
        "the guarded nursery lets",
        "contained",
        (listener_module, "SimStream", _ClosedBehind),
        (_OF_A_NURSERY,),
    ),
    (
        "around-the-reader",
        "every fourth read fails",
        "the guards that tell the peer let",
        "contained",
        _transport(_WhileReading),
        _AROUND_A_READER,
    ),
    (
        "of-the-writer",
        "a write fails",
        "the guard of the writer lets",
        "contained",
        _transport(_WhileWriting),
        (_INSIDE_A_CONNECTION,),
    ),
    (
        "of-the-goodbye",
        "a write fails, and a goodbye",
        "the guard of the goodbye lets",
        "contained",
        _transport(_WhileGivingUp),
        (_OF_A_GOODBYE,),
    ),
    (
        "of-a-flush",
        "every fourth flush fails",
        "the guard of a flush lets",
        "contained",
        _transport(_WhileFlushing),
        (_INSIDE_A_CONNECTION,),
    ),
    (
        "of-a-ping",
        "a ping fails",
        "the guard of a ping lets",
        "contained",
        _transport(_WhilePinging),
        (_INSIDE_A_CONNECTION,),
    ),
    (
        "of-the-hurry",
        "dropping what waits for who is too slow fails",
        "the guard of that lets",
        "contained",
        _transport(_WhileHurrying),
        ((connection_module, "contained", _nowhere),),
    ),
)


def _subjects(
    name: str, fault: str, guard: str, breaks: str, planted: Planted, guards: tuple[Planted, ...]
) -> tuple[Subject, Subject]:
    """Make a subject that has a fault, and one that has no guard against it either."""
    faulty = Subject(f"fault-{name}", fault, breaks="fault", above_core=True, changed=putting(planted))
    unguarded = Subject(
        f"no-guard-{name}",
        f"{fault}, and {guard} it out",
        breaks=breaks,
        above_core=True,
        changed=putting(planted, *guards),
    )
    return faulty, unguarded


# Alone it makes no difference but for who has something waiting: that is sent ahead of the news.
FAULT_OF_THE_READER, NO_GUARD_OF_THE_READER = _subjects(
    "of-the-reader",
    "every fourth read fails",
    "the guard of the reader lets",
    "contained",
    _transport(_WhileReading),
    (_INSIDE_A_CONNECTION,),
)
_PAIRS = tuple(_subjects(*row) for row in _ROWS)
PLANTED_FAULTS: tuple[Subject, ...] = tuple(faulty for faulty, _ in _PAIRS)
GUARD_MUTANTS: tuple[Subject, ...] = tuple(unguarded for _, unguarded in _PAIRS)
