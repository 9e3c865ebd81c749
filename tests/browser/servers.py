"""The servers behind the front: focus-signal as a process, which can be started anew, and two seeds."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosedError

from scripts.seed_program import run_seed
from tests.peers.programs import SERVER

BOUND = 30.0


class Server:
    """A process of `focus-signal serve`, from its ready line to its end."""

    def __init__(self, *options: str) -> None:
        self.port = 0
        self._options = options
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - read when the process has ended
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it, and wait until it listens."""
        pipe = asyncio.subprocess.PIPE
        command = [*SERVER, *self._options]
        self._process = await asyncio.create_subprocess_exec(
            *command, stdin=pipe, stdout=pipe, stderr=self._log
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(BOUND):
            line = await self._process.stdout.readline()
        assert line.endswith(b"\n"), f"the server did not start: {self._said()}"
        self.port = int(json.loads(line)["http"].rpartition(":")[2])

    def tell(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    async def end(self, number: signal.Signals = signal.SIGTERM) -> dict[str, Any]:
        """End it, unless it has ended; return its status, and whether it logged a traceback."""
        assert self._process is not None
        if self._process.returncode is None:
            self.tell(number)
            try:
                async with asyncio.timeout(BOUND):
                    await self._process.wait()
            finally:
                if self._process.returncode is None:
                    self._process.kill()
                    await self._process.wait()
        said = self._said()
        sys.stderr.write(said)
        return {"status": self._process.returncode, "traceback": "Traceback" in said}

    def _said(self) -> str:
        self._log.seek(0)
        return self._log.read().decode(errors="replace")


class StandIn:
    """What knows the seed's dialect and nothing else, as the seed does it, so that no Deno is needed."""

    def __init__(self) -> None:
        self._users: dict[str, ServerConnection] = {}
        self._queues: dict[int, list[str]] = {}

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        """Listen for as long as the context lasts; give the port."""
        # It chooses no subprotocol, whichever are offered: at that a browser ends the connection.
        async with serve(self._talk, "127.0.0.1", 0, select_subprotocol=lambda *_: None) as server:
            yield next(iter(server.sockets)).getsockname()[1]

    async def _talk(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        user = parse_qs(urlsplit(connection.request.path).query).get("userId", [""])[0]
        if not user:
            await connection.close(1008, "Missing userId parameter.")
            return
        self._users[user] = connection
        # A browser that gets no subprotocol goes without a word.
        with contextlib.suppress(ConnectionClosedError):
            async for text in connection:
                await self._take(user, json.loads(text))
        # The user stays in the table, which nobody looks into any more: one scenario is one life of it.

    async def _take(self, user: str, message: dict[str, Any]) -> None:
        if message["type"] == "matchmaking":
            await self._match(user, message["matchSize"])
        elif message["type"] in {"offer", "answer", "ice-candidate"} and message["to"] in self._users:
            kept = {name: message[name] for name in ("type", "from", "sdp", "candidate") if name in message}
            await self._users[message["to"]].send(json.dumps(kept))

    async def _match(self, user: str, size: int) -> None:
        queue = self._queues.setdefault(size, [])
        queue.append(user)
        if len(queue) < size:
            return
        peers, queue[:size] = queue[:size], []
        found = json.dumps({"type": "room-found", "roomId": str(uuid.uuid4()), "peers": peers})
        for peer in peers:
            await self._users[peer].send(found)


@contextlib.contextmanager
def running_seed() -> Iterator[int]:
    """Run the seed itself, under Deno; give its port."""
    with run_seed() as seed:
        yield seed.port


def secret_file(directory: Path) -> Path:
    """Write a file of the secret that signs sessions."""
    path = directory / "secret"
    path.write_text("00112233445566778899aabbccddeeff" * 2 + "\n", encoding="ascii")
    path.chmod(0o600)
    return path
