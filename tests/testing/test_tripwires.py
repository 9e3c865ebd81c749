"""Tripwires: every call that is told to be refused is made for real, and is."""

from __future__ import annotations

import _socket
import _thread
import logging
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from focus_signal.errors import NondeterminismError
from focus_signal.testing.determinism.tripwires import leaves, tripwires

CLOCKS = [
    f"{name}{suffix}"
    for name in ("time", "monotonic", "perf_counter", "process_time", "thread_time")
    for suffix in ("", "_ns")
] + ["localtime", "gmtime", "ctime", "asctime"]
# What each call is named in the error, and the call.
CALLS: list[tuple[str, Callable[[], object]]] = [
    ("time.clock_gettime()", lambda: time.clock_gettime(time.CLOCK_REALTIME)),
    ("time.clock_gettime_ns()", lambda: time.clock_gettime_ns(time.CLOCK_REALTIME)),
    ("time.strftime()", lambda: time.strftime("%H")),
    ("time.sleep()", lambda: time.sleep(0)),
    ("threading.Thread.start()", lambda: threading.Thread(target=int).start()),
    ("threading.Thread.start()", lambda: threading.Timer(0, int).start()),
    ("threading.Thread.start()", lambda: ThreadPoolExecutor(1).submit(int)),
    ("_thread.start_new_thread()", lambda: _thread.start_new_thread(int, ())),
    ("socket.socket()", lambda: socket.socket()),  # noqa: PLW0108 - the name is looked up when it is called
    ("socket.socket()", lambda: _socket.socket()),  # noqa: PLW0108 - the same
    ("socket.socket()", lambda: socket.create_server(("127.0.0.1", 0))),
    ("socket.socketpair()", lambda: socket.socketpair()),  # noqa: PLW0108 - the same
    ("socket.getaddrinfo()", lambda: socket.getaddrinfo("localhost", 80)),
    ("socket.gethostbyname()", lambda: socket.gethostbyname("localhost")),
    ("socket.gethostbyaddr()", lambda: socket.gethostbyaddr("127.0.0.1")),
    ("socket.getnameinfo()", lambda: socket.getnameinfo(("127.0.0.1", 80), 0)),
    ("subprocess.Popen()", lambda: subprocess.run([sys.executable, "-c", ""], check=True)),
    ("os.fork()", lambda: os.fork() or os._exit(0)),
    ("os.forkpty()", lambda: os.forkpty()[0] or os._exit(0)),
    ("os.posix_spawn()", lambda: os.posix_spawn(sys.executable, [sys.executable, "-c", ""], {})),
    ("os.system()", lambda: os.system("true")),  # noqa: S605 - a constant
    ("os.exec()", lambda: os.execv("/nowhere/at/all", ["no"])),  # noqa: S606 - no shell is wanted
]


async def run_sync() -> None:
    await trio.to_thread.run_sync(int)


async def run_process() -> None:
    await trio.run_process([sys.executable, "-c", ""])


async def read_file() -> None:
    await trio.Path(__file__).read_text()


async def look_up() -> None:
    await trio.socket.getaddrinfo("localhost", 80)


async def dial() -> None:
    await trio.open_tcp_stream("127.0.0.1", 9)


async def make_socket() -> None:
    trio.socket.socket()


async def listen() -> None:
    await trio.open_tcp_listeners(0, host="127.0.0.1")


ASYNC_CALLS = [
    ("trio.to_thread.run_sync()", run_sync),
    ("trio.to_thread.run_sync()", run_process),
    ("trio.to_thread.run_sync()", read_file),
    ("trio.to_thread.run_sync()", look_up),
    ("socket.socket()", dial),
    ("socket.socket()", listen),
    ("socket.socket()", make_socket),
]


def refuse(call: Callable[[], object], said: str) -> None:
    with pytest.raises(NondeterminismError, match=f"^{re.escape(said)}.* was called in a simulation; "):
        call()


@pytest.mark.parametrize("name", CLOCKS)
def test_a_clock_is_refused(name: str) -> None:
    with pytest.raises(NondeterminismError) as caught, tripwires(lambda: 0.0):
        getattr(time, name)()
    assert str(caught.value) == f"time.{name}() was called in a simulation; use trio.current_time()"
    getattr(time, name)()


@pytest.mark.parametrize(("said", "call"), CALLS, ids=[said for said, _ in CALLS])
def test_a_call_is_refused(said: str, call: Callable[[], object]) -> None:
    with pytest.raises(NondeterminismError), tripwires(lambda: 0.0):
        refuse(call, said)


@pytest.mark.parametrize(("said", "call"), ASYNC_CALLS, ids=[call.__name__ for _, call in ASYNC_CALLS])
@pytest.mark.parametrize("warm", [False, True])
def test_a_call_of_trio_is_refused(said: str, call: Callable[[], Awaitable[None]], warm: bool) -> None:
    async def main() -> None:
        if warm:  # Trio then has an idle thread at hand, and starts none
            await trio.to_thread.run_sync(int)
        with tripwires(trio.current_time):
            await call()

    with pytest.raises((NondeterminismError, ExceptionGroup)) as caught:
        trio.run(main)
    (leaf,) = dict.fromkeys(leaves(caught.value))
    assert isinstance(leaf, NondeterminismError)
    assert str(leaf).startswith(said)


def test_what_reads_no_clock_is_let_through() -> None:
    moment = time.gmtime(0)
    with tripwires(lambda: 0.0):
        assert time.gmtime(0) == moment
        assert time.strftime("%Y", moment) == "1970"
        assert time.asctime(moment).endswith("1970")
        time.ctime(0)
        time.localtime(0)
        time.mktime(moment)
        assert socket.getaddrinfo("127.0.0.1", 80, flags=socket.AI_NUMERICHOST)
        assert socket.getaddrinfo("127.0.0.1", 80, 0, 0, 0, socket.AI_NUMERICHOST)
        Path(__file__).read_text()
        threading.Event().wait(0)


def test_a_resolver_and_a_socket_factory_of_ones_own_are_let_through() -> None:
    class Resolver(trio.abc.HostnameResolver):
        async def getaddrinfo(self, *_: object) -> list[object]:  # type: ignore[override]
            return ["an address"]

        async def getnameinfo(self, *_: object) -> tuple[str, str]:
            raise NotImplementedError

    async def main() -> object:
        trio.socket.set_custom_hostname_resolver(Resolver())
        with tripwires(trio.current_time):
            await trio.socket.getaddrinfo("127.0.0.1", 80)
            return await trio.socket.getaddrinfo("server", 80)

    assert trio.run(main) == ["an address"]


def test_an_error_that_was_swallowed_is_raised_at_the_end() -> None:
    with pytest.raises(NondeterminismError, match=r"time\.time\(\)"), tripwires(lambda: 0.0) as wires:
        with pytest.raises(NondeterminismError):
            time.time()
        assert wires.first is not None
        refuse(time.monotonic, "time.monotonic()")


def test_it_comes_before_what_came_of_it() -> None:
    with pytest.raises(NondeterminismError) as caught, tripwires(lambda: 0.0):
        try:
            time.time()
        except NondeterminismError:
            raise ValueError("no time") from None
    assert isinstance(caught.value.__cause__, ValueError)


def test_it_is_left_where_it_is_in_a_group() -> None:
    async def main() -> None:
        with tripwires(trio.current_time):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(run_sync)

    with pytest.raises(ExceptionGroup) as caught:
        trio.run(main)
    assert [type(leaf) for leaf in leaves(caught.value)] == [NondeterminismError]


def test_another_error_comes_out_as_it_is() -> None:
    with pytest.raises(ValueError, match="of its own"), tripwires(lambda: 0.0):
        raise ValueError("of its own")
    with pytest.raises(KeyboardInterrupt), tripwires(lambda: 0.0):
        refuse(time.time, "time.time()")
        raise KeyboardInterrupt


def test_other_threads_are_left_alone() -> None:
    done: list[object] = []
    go, gone = threading.Event(), threading.Event()

    def elsewhere() -> None:
        go.wait()
        done.append(time.time())
        time.sleep(0)
        socket.socket().close()
        thread = threading.Thread(target=int)
        thread.start()
        thread.join()
        done.append(logging.LogRecord("", 0, "", 0, "", (), None).created)
        done.append(trio.run(trio.to_thread.run_sync, lambda: "ran"))
        done.append(subprocess.run([sys.executable, "-c", ""], check=True).returncode)
        gone.set()

    thread = threading.Thread(target=elsewhere)
    thread.start()
    with tripwires(lambda: 0.0) as wires:
        go.set()
        assert gone.wait(30)
    thread.join()
    assert wires.first is None
    assert done[2:] == ["ran", 0]
    assert all(isinstance(moment, float) and moment > 1e9 for moment in done[:2])


def test_all_is_put_back() -> None:
    def names() -> list[object]:
        return [
            vars(time),
            dict(vars(_thread)),
            dict(vars(threading.Thread)),
            socket.getaddrinfo,
            logging.getLogRecordFactory(),
            vars(import_module("trio._core._thread_cache"))["THREAD_CACHE"],
        ]

    before = [dict(value) if isinstance(value, dict) else value for value in names()]
    with pytest.raises(ValueError, match="of its own"), tripwires(lambda: 0.0):
        kept = time.time
        assert names() != before
        raise ValueError("of its own")
    assert names() == before
    assert kept() > 1e9
    with tripwires(lambda: 0.0):
        inside = time.time
        with pytest.raises(RuntimeError, match="already in force"):
            tripwires(lambda: 0.0).__enter__()
        assert time.time is inside
    assert names() == before
    with pytest.raises(NondeterminismError), tripwires(lambda: 0.0):
        time.time()


@pytest.fixture
def records() -> Iterator[list[logging.LogRecord]]:
    kept: list[logging.LogRecord] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            self.format(record)
            kept.append(record)

    handler = Keep()
    handler.setFormatter(logging.Formatter("%(asctime)s %(relativeCreated)d %(message)s"))
    logger = logging.getLogger("tests.tripwires")
    logger.addHandler(handler)
    yield kept
    logger.removeHandler(handler)


def test_log_records_have_virtual_time(records: list[logging.LogRecord]) -> None:
    async def main() -> None:
        await trio.sleep(86400 * 365.25 + 1.25)
        with tripwires(trio.current_time):
            logging.getLogger("tests.tripwires").warning("heard of %s", "it")

    clock = MockClock(autojump_threshold=0)
    trio.run(main, clock=clock)
    (record,) = records
    seconds = 86400 * 365.25 + 1.25
    assert (record.created, record.msecs, record.relativeCreated) == (seconds, 250.0, seconds * 1000)
    assert re.fullmatch(r"1971-01-01 \d\d:\d\d:01,250", record.asctime)
    assert record.getMessage() == "heard of it"
    logging.getLogger("tests.tripwires").warning("afterwards")
    assert records[-1].created > 1e9


def test_a_clock_beside_the_records_is_refused_all_the_same(records: list[logging.LogRecord]) -> None:
    with pytest.raises(NondeterminismError), tripwires(lambda: 0.0):
        logging.getLogger("tests.tripwires").warning("one")
        assert len(records) == 1
        time.time()


def test_what_cannot_be_seen() -> None:
    """So says the file's docstring; should this fail, something has become better than it says."""
    taken_before = time.time
    with tripwires(lambda: 0.0):
        assert taken_before() > 1e9
        assert type(import_module("datetime").datetime.now()).__name__ == "datetime"
