"""What no seed decides, refused while a simulation runs: threads, sockets, processes, and the real clocks.

Only the simulation's own thread is watched. Two means are needed, since neither sees all:

- An audit hook. The interpreter announces every socket, process and fork to it, and on newer Pythons threads
  and `time.sleep`, no matter by which name or from which C code they come. It cannot be taken away again, so
  there is one, installed at the first use, that for any other event costs one look into a dictionary.
- Names that are replaced, for what is not announced: the clocks, `Thread.start`, and Trio's worker threads,
  which it keeps and uses again. A clock that somebody took before (`from time import time`), `datetime.now()`
  (its type cannot be changed) and `uuid.uuid1()` are not seen.

Whoever swallows the error does not save the run: the first is raised again at its end. Log records are made
all the same, with virtual time.
"""

import _thread
import logging
import socket
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import Any, NoReturn, cast

from attrs import define, field

from focus_signal.errors import NondeterminismError
from focus_signal.testing.determinism.patching import Hold, exclusive, replaced
from focus_signal.testing.determinism.scheduler import worker_threads_checked

_CLOCK = "use trio.current_time()"
_SLEEP = "use trio.sleep()"
_THREAD = "a simulation has one thread"
_SOCKET = "dial the simulated network"
_PROCESS = "a simulation is one process"

# What the interpreter announces, under which name people know it, and what to do instead.
_ANNOUNCED = {
    "socket.__new__": ("socket.socket()", _SOCKET),
    "socket.gethostbyname": ("socket.gethostbyname()", _SOCKET),
    "socket.gethostbyaddr": ("socket.gethostbyaddr()", _SOCKET),
    "socket.getnameinfo": ("socket.getnameinfo()", _SOCKET),
    "subprocess.Popen": ("subprocess.Popen()", _PROCESS),
    "os.exec": ("os.exec()", _PROCESS),
    "os.fork": ("os.fork()", _PROCESS),
    "os.forkpty": ("os.forkpty()", _PROCESS),
    "os.posix_spawn": ("os.posix_spawn()", _PROCESS),
    "os.spawn": ("os.spawn()", _PROCESS),
    "os.system": ("os.system()", _PROCESS),
    "_thread.start_joinable_thread": ("starting a thread", _THREAD),
    "_thread.start_new_thread": ("starting a thread", _THREAD),
    "time.sleep": ("time.sleep()", _SLEEP),
}

_CLOCKS = tuple(
    name
    for base in ("time", "monotonic", "perf_counter", "process_time", "thread_time", "clock_gettime")
    for name in (base, f"{base}_ns")
)
# With so many arguments, these leave the clock alone.
_PURE_FROM = {"localtime": 1, "gmtime": 1, "ctime": 1, "asctime": 1, "strftime": 2}


@define(eq=False)
class Tripwires:
    """Hold what was called; made by `tripwires`."""

    _hold: Hold
    first: NondeterminismError | None = field(default=None, init=False)
    """The first call that was refused."""
    _logging: bool = field(default=False, init=False)

    def refuse(self, call: str, advice: str) -> NoReturn:
        """Raise for a call, and remember the first."""
        error = NondeterminismError(f"{call} was called in a simulation; {advice}")
        if self.first is None:
            self.first = error
        raise error

    def raise_if_lost_in(self, error: BaseException | None) -> None:
        """Raise the first refusal, unless it is in what the run ended with."""
        if self.first is not None and (error is None or self.first not in leaves(error)):
            raise self.first from error

    def is_watching(self) -> bool:
        """Tell whether the caller's calls are refused."""
        return self._hold.is_mine() and not self._logging

    def guard(self, call: str, advice: str, real: Callable[..., object]) -> Callable[..., object]:
        """Make a function that is refused in a simulation and is the real one elsewhere."""
        return _Guarded(self, call, advice, real)

    def check_thread(self) -> None:
        """Refuse what needs a worker thread of Trio's."""
        if self.is_watching():
            self.refuse("trio.to_thread.run_sync(), or what uses Trio's threads,", _THREAD)

    def make_record(
        self, make: Callable[..., logging.LogRecord], virtual_time: Callable[[], float]
    ) -> Callable[..., logging.LogRecord]:
        """Give a factory of log records that puts virtual time into those of the simulation."""

        def make_with_virtual_time(*args: object, **kwargs: object) -> logging.LogRecord:
            if not self.is_watching():
                return make(*args, **kwargs)
            self._logging = True  # a record reads the clock when it is made
            try:
                record = make(*args, **kwargs)
            finally:
                self._logging = False
            now = virtual_time()
            record.created = now
            record.msecs = float(int(now % 1.0 * 1000))
            record.relativeCreated = now * 1000
            return record

        return make_with_virtual_time


class _Guarded:
    """Refuse a call in the simulation; an object, which no class that it is put into binds."""

    def __init__(self, wires: Tripwires, call: str, advice: str, real: Callable[..., object]) -> None:
        self._wires = wires
        self._call = call
        self._advice = advice
        self._real = real
        self._pure_from = _PURE_FROM.get(real.__name__)

    def __call__(self, *args: object, **kwargs: object) -> object:
        if self._wires.is_watching() and (self._pure_from is None or len(args) < self._pure_from):
            self._wires.refuse(self._call, self._advice)
        return self._real(*args, **kwargs)


@contextmanager
def tripwires(virtual_time: Callable[[], float]) -> Generator[Tripwires]:
    """Refuse in this thread, within the block, what no seed decides; to be used inside of a run of Trio.

    Trio's own beginning and end, which need a pair of sockets, are then outside of it.

    Args:
      virtual_time: gives the seconds that log records are stamped with.

    Raises:
      NondeterminismError: from each call that is refused, and at the block's end if none came out of it.
      RuntimeError: within another such block.
    """
    _listen()
    with exclusive("tripwires()") as hold:
        wires = Tripwires(hold)
        factory = logging.getLogRecordFactory()
        _WATCH.wires = wires
        try:
            with replaced(*_patches(wires)), worker_threads_checked(wires.check_thread):
                logging.setLogRecordFactory(wires.make_record(factory, virtual_time))
                try:
                    yield wires
                finally:
                    logging.setLogRecordFactory(factory)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            wires.raise_if_lost_in(error)
            raise
        else:
            wires.raise_if_lost_in(None)
        finally:
            _WATCH.wires = None


def leaves(error: BaseException) -> Iterator[BaseException]:
    """List the exceptions that an exception is or, as a group, holds."""
    if isinstance(error, BaseExceptionGroup):
        for each in cast("BaseExceptionGroup[BaseException]", error).exceptions:
            yield from leaves(each)
    else:
        yield error


def _patches(wires: Tripwires) -> Iterator[tuple[Any, str, object]]:
    for name in (*_CLOCKS, *_PURE_FROM):
        if hasattr(time, name):  # thread_time and clock_gettime are not everywhere
            yield time, name, wires.guard(f"time.{name}()", _CLOCK, getattr(time, name))
    yield time, "sleep", wires.guard("time.sleep()", _SLEEP, time.sleep)
    start = _thread.start_new_thread
    yield _thread, "start_new_thread", wires.guard("_thread.start_new_thread()", _THREAD, start)
    yield threading.Thread, "start", _thread_start(wires)
    # Announced too, but only once the system has made the pair.
    yield socket, "socketpair", wires.guard("socket.socketpair()", _SOCKET, socket.socketpair)
    yield socket, "getaddrinfo", _look_up(wires, socket.getaddrinfo)


def _thread_start(wires: Tripwires) -> Callable[[threading.Thread], None]:
    real = threading.Thread.start

    def start(self: threading.Thread) -> None:
        if wires.is_watching():
            wires.refuse("threading.Thread.start()", _THREAD)
        real(self)

    return start


def _look_up(wires: Tripwires, real: Callable[..., object]) -> Callable[..., object]:

    @wraps(real)
    def getaddrinfo(*args: object, **kwargs: object) -> object:
        flags = kwargs.get("flags", args[5] if len(args) > 5 else 0)
        # Trio asks in this way whether an address is numeric before it asks its own resolver: that is pure.
        numeric = isinstance(flags, int) and flags & socket.AI_NUMERICHOST
        if wires.is_watching() and not numeric:
            wires.refuse("socket.getaddrinfo()", _SOCKET)
        return real(*args, **kwargs)

    return getaddrinfo


@define(eq=False)
class _Watch:
    wires: Tripwires | None = None
    listening: bool = False


_WATCH = _Watch()


def _listen() -> None:
    if not _WATCH.listening:
        _WATCH.listening = True
        sys.addaudithook(_hear)


# What it needs is bound to it, since the interpreter calls it to its very end, when modules are empty.
def _hear(
    event: str,
    _args: object,
    *,
    watch: _Watch = _WATCH,
    known: Mapping[str, tuple[str, str]] = _ANNOUNCED,
) -> None:
    if event in known and watch.wires is not None and watch.wires.is_watching():
        watch.wires.refuse(*known[event])
