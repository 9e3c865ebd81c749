"""A server on a simulated network, and strangers at it from whatever address: where the limits are tested.

Nothing takes time but what waits, so what happens at a moment happens exactly then. When a test has ended,
everyone leaves, and the server must have forgotten all of them.
"""

from __future__ import annotations

import importlib
import json
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import pytest
import trio
from attrs import define, evolve, field, frozen

from focus_signal.server.config import Config, TransportName
from focus_signal.server.serve import open_server
from focus_signal.server.server import Server
from focus_signal.testing.determinism.runtime import run_deterministically
from focus_signal.testing.net.network import Network
from focus_signal.testing.net.options import LinkOptions
from focus_signal.testing.net.stream import SimStream
from tests.server.hostile import frames
from tests.server.hostile.answers import Wanted, faults, read_all
from tests.server.hostile.frames import Received
from tests.server.hostile.peer import Peer, event, request, shake_hands
from tests.server.transports import BOTH

HOST, PORT = "focus.test", 8000
# No ping comes between, so that all that comes is what a test brought about.
QUIET = Config(ping_interval=3600.0)
SOMEWHERE = "198.51.100.1"
# A moment: long enough for everything that is due to be done.
INSTANT = 1 / 1024
# Virtual seconds; no test takes half as long, and no server remembers anybody so long.
LONGEST, FORGOTTEN = 600.0, 200.0
SEEDS = (0, 1)

# It is loaded when it is needed first, and files may not be read in a simulation.
importlib.import_module("focus_signal.server.transport.trio_websocket")

Check = Callable[[TransportName], Awaitable[None]]


@define(eq=False)
class Stage:
    """Be a running server, its network, and whoever has connected; made by `open_stage`."""

    server: Server
    network: Network
    streams: list[SimStream] = field(factory=list["SimStream"], init=False)

    async def dial(
        self, address: str = SOMEWHERE, *, window: int | None = None, label: str = "x"
    ) -> SimStream:
        """Connect from an address, and leave everything else to the test."""
        options = self.network.options
        if window is not None:
            options = LinkOptions(latency=options.latency, window=window)
        stream = await self.network.connect(HOST, PORT, label=label, address=address, options=options)
        self.streams.append(stream)
        await trio.sleep(INSTANT)
        return stream

    async def enter(self, user: str, address: str = SOMEWHERE, *, window: int | None = None) -> Peer:
        """Open a WebSocket in the name of a user."""
        stream = await self.dial(address, window=window, label=user)
        return await shake_hands(stream, f"/signal?userId={quote(user)}")

    async def ask(self, wanted: Wanted, address: str = SOMEWHERE, asked: bytes | None = None) -> list[str]:
        """Send a request, by default for a WebSocket, and list in what the answer is not what is wanted."""
        async with await self.dial(address) as stream:
            await stream.send_all(request() if asked is None else asked)
            answer = await stream.receive_some()
            if answer.startswith(b"HTTP/1.1 101"):
                return ["a WebSocket was opened"]
            return faults(answer + await read_all(stream), wanted)

    def open_streams(self) -> int:
        """Count the streams that the server has open."""
        return self.network.statistics().server_streams

    async def leave(self, *streams: SimStream | trio.abc.Stream) -> None:
        """End streams without a word, and let the server see it."""
        for stream in streams:
            await trio.aclose_forcefully(stream)
        await trio.sleep(INSTANT)


class _Faults(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


@asynccontextmanager
async def open_stage(
    config: Config,
    transport: TransportName = "native",
    *,
    links: LinkOptions | None = None,
    wrap: Callable[[Any], trio.abc.Listener[Any]] = lambda listener: listener,
) -> AsyncGenerator[Stage]:
    """Open a server, and see in the end that it has forgotten everyone and has logged no fault of its own.

    Args:
      config: the server's, but for the transport.
      transport: what speaks WebSocket.
      links: what links are like; by default they take no time.
      wrap: puts something around the listener, such as TLS.
    """
    network = Network(0, LinkOptions(latency=(0.0, 0.0)) if links is None else links)
    logged = _Faults()
    logger = logging.getLogger("focus_signal")
    logger.addHandler(logged)
    try:
        with trio.fail_after(LONGEST):
            listeners = [wrap(network.listen(HOST, PORT, backlog=1000))]
            async with open_server(evolve(config, transport=transport), listeners) as server:
                stage = Stage(server, network)
                yield stage
                await stage.leave(*stage.streams)
                await trio.sleep(FORGOTTEN)
                forgotten(server)
    finally:
        logger.removeHandler(logged)
    assert not logged.texts, logged.texts


def forgotten(server: Server) -> None:
    """See that a server knows nobody any more."""
    seen = server.statistics()
    assert (seen.connections, seen.users, seen.rooms, seen.waiting) == (0, 0, 0, 0)
    assert (seen.handshakes, seen.backlog, len(server._shared.backlog)) == (0, 0, 0)
    assert server._admission.connections == 0
    assert len(server._admission._addresses) == 0
    assert len(server._roll) == len(server._roll._by_user) == 0


def play(check: Check, transport: TransportName, seed: int = 0) -> None:
    """Run a check in a simulation; raises what it raises."""
    try:
        run_deterministically(check, transport, seed=seed)
    except BaseExceptionGroup as group:
        raise _lone(group) from None


def simulated(check: Check, *, only: TransportName | None = None) -> Callable[..., None]:
    """Make a test of a check, in a few schedules.

    Args:
      check: the check.
      only: the one transport for which it holds; None for both.
    """
    if only is not None:

        def test_on_one() -> None:
            for seed in SEEDS:
                play(check, only, seed)

        return test_on_one

    @BOTH
    def test(transport: TransportName) -> None:
        for seed in SEEDS:
            play(check, transport, seed)

    return test


@frozen
class Mutant:
    """Be a fault that is planted, and the check that has to catch it.

    Args:
      about: what is wrong then.
      check: must fail.
      planted: what is put where: the owner of the name, the name, and what it is then.
      transport: where it shows.
    """

    about: str
    check: Check
    planted: Sequence[tuple[Any, str, Any]]
    transport: TransportName = "native"


def caught(mutants: Sequence[Mutant]) -> Callable[..., None]:
    """Make a test that sees each mutant caught."""

    @pytest.mark.parametrize("mutant", mutants, ids=lambda each: each.about)
    def test(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
        for owner, name, thing in mutant.planted:
            monkeypatch.setattr(owner, name, thing)
        with pytest.raises((AssertionError, trio.TooSlowError, trio.BrokenResourceError)):
            play(mutant.check, mutant.transport)

    return test


def _lone(error: BaseException) -> BaseException:
    if isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        return _lone(error.exceptions[0])
    return error


def offer(user: str, size: int | None = None, *, to: str | None = None, mark: object = 0) -> bytes:
    """Write an offer, to its own sender by default, of so many bytes if that is said."""
    message: dict[str, object] = {"type": "offer", "to": to or user, "sdp": [mark, ""]}
    if size is not None:
        missing = size - len(json.dumps(message))
        assert missing >= 0, f"an offer of {size} bytes has no room for what has to be in it"
        message["sdp"] = [mark, "x" * missing]
    written = json.dumps(message).encode()
    assert size is None or len(written) == size
    return written


async def pour(peer: Peer, *messages: bytes) -> None:
    """Send messages with nothing in between: they come at one instant, in one read where there is room."""
    await peer.send(b"".join(map(frames.text, messages)))


async def gather(peer: Peer, seconds: float = INSTANT) -> list[str]:
    """List what comes within some time, offers with what they are marked with; pings are answered."""
    seen: list[str] = []
    # Parsing keeps what has come in part.
    with trio.move_on_after(seconds):
        while not seen or seen[-1] not in {"eof", "reset"}:
            received = await peer.receive()
            if isinstance(received, Received) and received.opcode == frames.PING:
                await peer.send(frames.frame(frames.PONG, received.payload))
                continue
            seen.append(word(received))
    return seen


def word(received: Received | str) -> str:
    """Put in a word what came: an offer is told by what it is marked with."""
    if isinstance(received, Received) and received.opcode == frames.TEXT:
        message = json.loads(received.payload)
        if message["type"] == "offer":
            return str(message["sdp"][0])
    return event(received)
