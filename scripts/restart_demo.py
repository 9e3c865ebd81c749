"""Kill the server under three clients, start another one, and see the room stand again.

    python scripts/restart_demo.py

A real process with `--secret-file`, real sockets on loopback, the package's own client. Each step is printed
when it has happened; the status is 1 if one of them does not.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec
import trio
from attrs import define

REPOSITORY = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path[0] = str(REPOSITORY)

from focus_signal.client import Client, ClientSettings, Connected, Disconnected, open_client  # noqa: E402
from focus_signal.wire.messages import from_server  # noqa: E402 - behind the path

NAMES = ("ana", "bo", "cy")
LONGEST = 60.0
_SERVE = (sys.executable, "-m", "focus_signal", "serve", "--host", "127.0.0.1", "--port", "0", "--ready-json")
# Back soon: nobody else waits here, and somebody looks on.
_SETTINGS = ClientSettings(first_delay=0.1, longest_delay=0.5)
_SDP = {"type": "offer", "sdp": "v=0"}

T = TypeVar("T")
Say = Callable[[str], object]


@define(eq=False)
class Address:
    """Be where the server is at this moment, as a name that clients look up."""

    port: int = 0

    async def dial(self, _host: str, _port: int) -> trio.abc.Stream:
        """Connect to it, whatever the address is called."""
        return await trio.open_tcp_stream("127.0.0.1", self.port)


@asynccontextmanager
async def running(secret_file: trio.Path, address: Address) -> AsyncGenerator[trio.Process]:
    """Run a server as a process, which is over when the block is."""
    command = [*_SERVE, "--secret-file", str(secret_file)]
    async with trio.open_nursery() as nursery:
        run = partial(
            trio.run_process,
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        process: trio.Process = await nursery.start(run)
        try:
            line = bytearray()
            assert process.stdout is not None
            while not line.endswith(b"\n"):
                data = await process.stdout.receive_some(1)
                assert data, "the server has not started"
                line += data
            address.port = int(json.loads(line)["http"].rpartition(":")[2])
            yield process
        finally:
            process.kill()


async def wait_for(client: Client, kind: type[T]) -> T:
    """Wait until a client is told something of this kind."""
    while not isinstance(event := await client.next_event(), kind):
        pass
    return event


async def come_back(name: str, client: Client, room: str, say: Say) -> None:
    """Wait until a client has lost its connection and has come back by itself."""
    # It may try in vain for a while; that it has lost its connection is told once.
    cut = await wait_for(client, Disconnected)
    say(f"{name} is cut off, and comes back by itself ({cut.why})")
    state = (await wait_for(client, Connected)).state
    assert state is not None
    assert isinstance(state.room, from_server.RoomFields), "the room is gone"
    assert state.room.room_id == room
    say(f"{name} is back, in the room {room[:8]} with {', '.join(state.room.peers)}")


async def demonstrate(say: Say, *, same_secret: bool = True) -> None:
    """Do all of it; an AssertionError says what has not happened.

    Args:
      say: takes each line.
      same_secret: whether the second server knows what the first one has signed; else nobody is brought back.
    """
    address = Address()
    with tempfile.TemporaryDirectory() as directory:
        secret_file = trio.Path(directory, "secret")
        await secret_file.write_text(secrets.token_hex(32))
        async with running(secret_file, address) as process:
            say("a server runs")
            async with (
                open_client("ws://focus.test/signal", NAMES[0], settings=_SETTINGS, dial=address.dial) as ana,
                open_client("ws://focus.test/signal", NAMES[1], settings=_SETTINGS, dial=address.dial) as bo,
                open_client("ws://focus.test/signal", NAMES[2], settings=_SETTINGS, dial=address.dial) as cy,
            ):
                clients = dict(zip(NAMES, (ana, bo, cy), strict=True))
                for client in clients.values():
                    await client.match(3)
                found = [await wait_for(client, from_server.RoomFound) for client in clients.values()]
                (room,) = {event.room_id for event in found}
                say(f"{', '.join(NAMES)} have met in the room {room[:8]}")
                # The token that tells of the room comes behind that; here it is known to have come.
                for client in clients.values():
                    await client.broadcast("hello")
                process.kill()
                await process.wait()
                say("the server was killed (SIGKILL)")
                if not same_secret:
                    await secret_file.write_text(secrets.token_hex(32))
                async with running(secret_file, address):
                    say("another one runs, with the same secret file")
                    async with trio.open_nursery() as back:
                        for name, client in clients.items():
                            back.start_soon(come_back, name, client, room, say)
                    await cy.offer("ana", _SDP)
                    offer = await wait_for(ana, from_server.Offer)
                    assert isinstance(offer.sdp, msgspec.Raw)
                    assert msgspec.json.decode(offer.sdp) == _SDP
                    say(f"ana has the offer of {offer.from_}: the room works as if nothing had been")
                    for client in clients.values():
                        await client.aclose()


def main() -> int:
    """Demonstrate it on the terminal."""

    async def bounded() -> None:
        with trio.fail_after(LONGEST):
            await demonstrate(lambda line: print(line, flush=True))

    status = 0
    try:
        trio.run(bounded)
    except* (AssertionError, trio.TooSlowError) as group:
        print(f"that did not happen: {group.exceptions[0]!r}", file=sys.stderr)
        status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
