"""The seed's work on asyncio and `websockets`, as its users write it: a handler for each connection.

python benchmarks/peers/websockets_server.py
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent.parent)

from benchmarks.peers.lobby import Lobby


@asynccontextmanager
async def open_peer(lobby: Lobby[ServerConnection], ping_interval: float | None = 20) -> AsyncGenerator[int]:
    """Serve a lobby for as long as the context lasts; give the port. The pings are the library's."""

    async def handler(connection: ServerConnection) -> None:
        assert connection.request is not None
        user = parse_qs(urlsplit(connection.request.path).query).get("userId", [""])[0]
        if not user:
            await connection.close(1008, "Missing userId parameter.")
            return
        lobby.connect(user, connection)
        try:
            async for text in connection:
                for target, answer in lobby.handle(user, text):
                    try:
                        await target.send(answer)
                    except ConnectionClosed:
                        print(f"{user} sent to somebody who is leaving.", flush=True)
        finally:
            lobby.disconnect(user, connection)

    def route(connection: ServerConnection, request: Request) -> Response | None:
        if urlsplit(request.path).path == "/signal":
            return None
        return connection.respond(HTTPStatus.NOT_FOUND, "Not Found")

    async with serve(
        handler, "127.0.0.1", 0, compression=None, process_request=route, ping_interval=ping_interval
    ) as server:
        (socket,) = server.sockets
        yield socket.getsockname()[1]


async def main() -> None:
    """Run until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with open_peer(Lobby()) as port:
        print(f"listening on 127.0.0.1:{port}", flush=True)
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(main())
