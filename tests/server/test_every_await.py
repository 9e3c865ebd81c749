"""Whatever is raised in a connection, at whichever await, ends that connection and nothing else.

An exception is raised in place of every wait of a connection in turn, in all of its tasks, and at every call
that does not wait; each time an honest pair goes on, a new pair is served, and nothing is left behind.
"""

from __future__ import annotations

import gc
import logging
import sys
from collections.abc import Callable, Iterator
from functools import cache
from itertools import count
from typing import Any, cast

import pytest
import trio

from focus_signal.server import accepting as accepting_module
from focus_signal.server import connection as connection_module
from focus_signal.server import server as server_module
from focus_signal.server.connection import Connection
from focus_signal.server.guard import report
from focus_signal.server.owner import Inbox
from focus_signal.server.roll import Roll
from focus_signal.testing.net.stream import SimStream
from tests.server.every_await import Fuse, Kind, What
from tests.server.every_await_scene import CONNECTIONS, ENDINGS, WAYS, Ending, Trial, Way, run_trial

_TOLD = "close 1011 internal-error"
_OURS: tuple[Kind, ...] = ("RuntimeError", "OSError", "ExceptionGroup")
_ALL: tuple[Kind, ...] = (*_OURS, "BrokenResourceError", "Cancelled")

_SOME: tuple[Kind, ...] = ("RuntimeError", "BrokenResourceError", "Cancelled")

# A part of a frame may have gone out in a send, and the goodbye is said in a close: nothing can follow.
_SAYS_SOMETHING = {"send", "close", "close_nowait"}
# The library's own tasks: what their end looks like is the library's doing, and listed with what it cannot.
_LIBRARYS = {"WebSocketConnection._reader_task", "TrioWebSocket._ping"}

_READS = {"NativeTransport.receive", "StreamLink.receive_some"}

Case = tuple[Way, Ending, Kind, What]

# Where this server was at fault once, so that nobody takes away what raises there.
PLACES: dict[str, tuple[Case, Callable[[Trial], bool]]] = {
    "a stream fails to end": (
        ("plain streams", "goodbye", "RuntimeError", "waits"),
        lambda trial: trial.place[-2:] == ("Server._handle_stream", "StreamLink.abort"),
    ),
    "the peer's address is asked for": (
        ("native", "goodbye", "RuntimeError", "calls"),
        lambda trial: trial.place[-2:] == ("Server._handle_stream", "SimStream.peer_address"),
    ),
    "everybody is pinged by one task": (
        ("native", "goodbye", "RuntimeError", "calls"),
        lambda trial: trial.place[-1].endswith("ping_soon"),
    ),
    "a reader fails while a writer is at work": (
        ("native", "goodbye", "RuntimeError", "waits"),
        lambda trial: trial.beside_writer and trial.place[-1] in _READS,
    ),
    "a writer's stream breaks behind the last ping": (
        ("native", "deaf", "BrokenResourceError", "waits"),
        lambda trial: trial.ending == "deaf" and "FrameSender.send" in trial.place,
    ),
    "the library does not read the request": (
        ("trio-websocket", "goodbye", "RuntimeError", "waits"),
        lambda trial: "WebSocketConnection._reader_task" in trial.place and not _was_welcomed(trial),
    ),
    "a goodbye cannot be answered at once": (
        ("native", "goodbye", "RuntimeError", "calls"),
        lambda trial: "NativeTransport.close_nowait" in trial.place[:-1],
    ),
    "a stream fails to end behind its close frame": (
        ("plain streams", "end", "RuntimeError", "waits"),
        lambda trial: trial.place[-2:] == ("NativeTransport.close", "StreamLink.aclose"),
    ),
}


def _cases() -> Iterator[Any]:
    """List what is tried quickly, and what takes longer and is tried by `make test-long` alone."""
    quick: list[Case] = []
    quick += [("native", ending, "RuntimeError", "waits") for ending in ENDINGS]
    quick += [("native", ending, "Cancelled", "waits") for ending in ("deaf", "page")]
    quick += [("native", "goodbye", kind, "waits") for kind in _ALL]
    quick += [("trio-websocket", "goodbye", kind, "waits") for kind in ("RuntimeError", "Cancelled")]
    quick += [("plain streams", ending, "RuntimeError", "waits") for ending in ("goodbye", "page")]
    quick += [(way, "goodbye", "RuntimeError", "calls") for way in WAYS]
    quick = list(dict.fromkeys(quick))
    yield from quick
    kinds: dict[Way, tuple[Kind, ...]] = {"native": _ALL, "plain streams": _SOME, "trio-websocket": _SOME}
    for way in WAYS:
        for ending in ENDINGS:
            # On the library a large message takes hundreds of waits, and before it nothing differs.
            if way != "trio-websocket" or ending in _SPOKEN - {"oversize"}:
                cases: list[Case] = [(way, ending, kind, "waits") for kind in kinds[way]]
                cases += [(way, ending, "RuntimeError", "calls")] if ending in _SPOKEN else []
                yield from (
                    pytest.param(*case, marks=pytest.mark.long) for case in cases if case not in quick
                )


# The endings of those who have been welcomed.
_SPOKEN = {"goodbye", "reset", "end", "oversize", "binary", "deaf"}


@pytest.mark.parametrize(("way", "ending", "kind", "what"), list(_cases()))
def test_what_is_raised_ends_that_connection_alone(way: Way, ending: Ending, kind: Kind, what: What) -> None:
    faults: list[str] = []
    tried = 0
    for fuse, trial in all_trials(way, ending, kind, what):
        tried += 1
        faults += judge(fuse, trial)
    assert faults == []
    assert tried


@pytest.mark.parametrize("name", PLACES)
def test_where_the_server_was_at_fault(name: str) -> None:
    (way, ending, kind, what), is_there = PLACES[name]
    judged = [judge(fuse, trial) for fuse, trial in all_trials(way, ending, kind, what) if is_there(trial)]
    assert judged, "nothing was raised where it matters"
    assert [faults for faults in judged if faults] == []


def test_each_connection_is_counted_once() -> None:
    told = next(
        trial for _, trial in all_trials("native", "goodbye", "RuntimeError", "waits") if _TOLD in trial.seen
    )
    assert told.closed == CONNECTIONS


def test_every_task_and_every_stage_is_met() -> None:
    """What would be missing here would be missing above, and nobody would know."""
    conversation = all_trials("native", "goodbye", "RuntimeError", "waits")
    met = {name for _, trial in conversation for name in trial.place}
    assert {"FrontDoor._read_head", "NativeTransport.receive", "Connection._run_writer"} <= met
    due = [trial for _, trial in conversation if _is_served(trial) and _can_be_told(trial)]
    assert len(due) >= 4
    page = all_trials("plain streams", "page", "RuntimeError", "waits")
    assert {"FrontDoor._reply", "linger"} <= {name for _, trial in page for name in trial.place}


# What must be caught.


def _rethrow_of(where_ends: Callable[[str], bool]) -> Callable[[BaseException, str], None]:
    def rethrow(error: BaseException, where: str) -> None:
        if where_ends(where):
            raise error
        report(error, where)

    return rethrow


def _outer_guard_missing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(server_module, "report", _rethrow_of(lambda where: where == "a connection"))
    # The simulated network's listeners have one more, for what closing a stream may raise.
    patch.setattr(accepting_module, "guarded", lambda nursery: nursery)


def _inner_guard_missing(patch: pytest.MonkeyPatch) -> None:
    """Both: the one for what is raised while the peer is heard, and the one for all the rest."""

    def rethrow_in_run(error: BaseException, where: str) -> None:
        if sys._getframe(1).f_code.co_name == "run":
            raise error
        report(error, where)

    patch.setattr(connection_module, "report", rethrow_in_run)
    patch.setattr(server_module, "report", _rethrow_of(lambda where: where != "a connection"))


def _writers_guard_missing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(connection_module, "report", _rethrow_of(lambda _: True))


def _nothing_is_logged(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(server_module, "report", lambda *_: None)


def _all_is_logged_twice(patch: pytest.MonkeyPatch) -> None:
    def report_twice(error: BaseException, where: str) -> None:
        report(error, where)
        report(error, where)

    patch.setattr(server_module, "report", report_twice)


def _entry_stays(patch: pytest.MonkeyPatch) -> None:
    leave = Roll.leave

    def leave_in_good_order(roll: Roll, connection: Connection) -> None:
        if sys.exc_info()[0] is None:  # as if no `finally` led here
            leave(roll, connection)

    patch.setattr(Roll, "leave", leave_in_good_order)


def _owner_is_not_told(patch: pytest.MonkeyPatch) -> None:
    end = Inbox.end

    def end_in_good_order(inbox: Inbox, connection: int, *, finished: bool = False) -> None:
        if sys.exc_info()[0] is None:
            end(inbox, connection, finished=finished)

    patch.setattr(Inbox, "end", end_in_good_order)


def _stream_stays_open(patch: pytest.MonkeyPatch) -> None:
    async def do_nothing(_: SimStream) -> None:
        """Be an `abort` that forgets to."""

    async def leave_open(_: object) -> None:
        """Be what Trio's own listeners do in the end, left out."""

    patch.setattr(SimStream, "abort", do_nothing)
    patch.setattr(trio, "aclose_forcefully", leave_open)


MUTANTS: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], Kind, str]] = {
    "outer guard missing": (_outer_guard_missing, "RuntimeError", "the run raised"),
    "inner guard missing": (_inner_guard_missing, "RuntimeError", "the victim was not told"),
    "writer's guard missing": (_writers_guard_missing, "RuntimeError", "the run raised"),
    "entry stays": (_entry_stays, "Cancelled", "are still listed"),
    "owner is not told": (_owner_is_not_told, "RuntimeError", "connections left"),
    "stream stays open": (_stream_stays_open, "RuntimeError", "the server keeps the victim's stream"),
    "nothing is logged": (_nothing_is_logged, "RuntimeError", "the log has"),
    "all is logged twice": (_all_is_logged_twice, "RuntimeError", "the log has"),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plant, kind, wanted = MUTANTS[name]
    plant(monkeypatch)
    for fuse, trial in trials("native", "goodbye", kind):
        if any(wanted in fault for fault in judge(fuse, trial)):
            return
    pytest.fail(f"no trial says {wanted!r}")


# How it is done.


@cache
def all_trials(way: Way, ending: Ending, kind: Kind, what: What) -> tuple[tuple[Fuse, Trial], ...]:
    """Do what `trials` does, once for all tests."""
    return tuple(trials(way, ending, kind, what))


def trials(way: Way, ending: Ending, kind: Kind, what: What = "waits") -> Iterator[tuple[Fuse, Trial]]:
    """Raise at the first of all waits or calls, at the second, and so on, as long as there are so many."""
    for at in count(1):
        fuse = Fuse(at, kind, what)
        trial = run_trial(way, ending, fuse)
        if not fuse.burnt:
            assert (fuse.met, trial.faults) == (at - 1, ()), "without a fault all must be well"
            assert trial.closed == CONNECTIONS - (not _was_welcomed(trial))
            break
        yield fuse, trial
    gc.collect()  # what was never awaited, or raised where nobody sees it, is told now and fails the test


def judge(fuse: Fuse, trial: Trial) -> list[str]:
    """Tell what must not be: of the others, of the log, and of what the victim was told."""
    faults = list(trial.faults)
    logged = [error for level, error in trial.logged if level >= logging.WARNING]
    is_ours = fuse.kind in _OURS
    librarys = bool(_LIBRARYS.intersection(trial.place))
    due = _leaves(fuse.error) if is_ours and (logged or not librarys) else []
    if logged != due:
        faults.append(f"the log has {logged}")
    wants = is_ours and not librarys and _is_served(trial) and _can_be_told(trial)
    if wants and _TOLD not in trial.seen:
        faults.append("the victim was not told")
    where = f"{fuse.kind} at {fuse.at}, {' > '.join(trial.place)}"
    return [f"{where}: {fault} (it saw {trial.seen[-3:]})" for fault in faults]


def _was_welcomed(trial: Trial) -> bool:
    return trial.seen[:1] == ("101",)


def _is_served(trial: Trial) -> bool:
    return not {"Connection.run", "Connection._run_writer", "Connection.flush"}.isdisjoint(trial.place)


def _can_be_told(trial: Trial) -> bool:
    """Tell whether something can follow what was said, or was being said, and be read."""
    left = ["close", "reset by"]
    if trial.way == "trio-websocket":
        left.append("end by")  # the library ends the stream as soon as it reads the peer's end
    parted = any(seen.startswith(tuple(left)) for seen in trial.seen if seen != _TOLD)
    says_something = any(name.rpartition(".")[2] in _SAYS_SOMETHING for name in trial.place)
    return trial.ending != "deaf" and not parted and not says_something


def _leaves(error: BaseException) -> list[BaseException]:
    if not isinstance(error, BaseExceptionGroup):
        return [error]
    group = cast("BaseExceptionGroup[BaseException]", error)
    return [leaf for each in group.exceptions for leaf in _leaves(each)]
