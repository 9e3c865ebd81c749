"""The seed's work on asyncio and `picows`, as its users write it: a listener for each connection.

python benchmarks/peers/picows_server.py [--uvloop]
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import uvloop
from picows import (
    WSCloseCode,
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    ws_create_server,
)

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent.parent)

from benchmarks.peers.lobby import Lobby


class Client(WSListener):
    """One connection of a user."""

    def __init__(self, lobby: Lobby[WSTransport], user: str) -> None:
        self.lobby = lobby
        self.user = user

    def on_ws_connected(self, transport: WSTransport) -> None:
        if self.user:
            self.lobby.connect(self.user, transport)
        else:
            transport.send_close(WSCloseCode.POLICY_VIOLATION, b"Missing userId parameter.")

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type == WSMsgType.TEXT and self.user:
            for target, answer in self.lobby.handle(self.user, frame.get_payload_as_utf8_text()):
                target.send(WSMsgType.TEXT, answer)
        elif frame.msg_type == WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code(), frame.get_close_message())
            transport.disconnect()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        if self.user:
            self.lobby.disconnect(self.user, transport)


async def main() -> None:
    """Run until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    lobby = Lobby[WSTransport]()

    def listener(request: WSUpgradeRequest) -> WSListener | None:
        target = urlsplit(request.path.decode())
        if target.path != "/signal":
            return None  # 404
        return Client(lobby, parse_qs(target.query).get("userId", [""])[0])

    async with await ws_create_server(listener, "127.0.0.1", 0) as server:
        print(f"listening on 127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
        await stop.wait()


if __name__ == "__main__":
    if "--uvloop" in sys.argv:
        uvloop.run(main())
    else:
        asyncio.run(main())
