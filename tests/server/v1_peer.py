"""A client of `focus-signal.v1` in a few lines: frames as they are, read up to the one that is waited for."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import trio
from attrs import define, field
from trio_websocket import ConnectionClosed, WebSocketConnection, open_websocket_url

Frame = dict[str, Any]


@define(eq=False)
class V1Peer:
    """Be somebody who is connected."""

    socket: WebSocketConnection
    token: str = field(default="", init=False)
    seq: int = field(default=0, init=False)
    _id: int = field(default=0, init=False)

    async def get(self, kind: str) -> Frame:
        """Read up to the next frame of this type."""
        with trio.fail_after(5):
            while True:
                frame: Frame = json.loads(await self.socket.get_message())
                self.seq = frame.get("seq", self.seq)
                self.token = frame.get("session", self.token)
                self._id = max(self._id, frame.get("lastId", 0))
                if frame["type"] == kind:
                    return frame

    async def say(self, kind: str, **fields: object) -> None:
        """Send a message without a number."""
        await self.socket.send_message(json.dumps({"type": kind, **fields}))

    async def ask(self, kind: str, **fields: object) -> Frame:
        """Send a message with a number, and read up to its answer."""
        self._id += 1
        await self.say(kind, id=self._id, seen=self.seq, **fields)
        with trio.fail_after(5):
            while True:
                frame: Frame = json.loads(await self.socket.get_message())
                self.seq = frame.get("seq", self.seq)
                self.token = frame.get("session", self.token)
                if frame["type"] in {"ack", "error"} and frame.get("id") == self._id:
                    return frame

    async def ended(self) -> tuple[int, str | None]:
        """Read up to the end, and tell how the server has closed."""
        reason = None
        with trio.fail_after(5):
            while reason is None:
                try:
                    await self.socket.get_message()
                except ConnectionClosed as closed:
                    reason = closed.reason
        assert reason is not None
        return reason.code, reason.reason


@asynccontextmanager
async def connected(
    url: str, user: str | None = "ana", resume: str | None = None, *more: str
) -> AsyncGenerator[V1Peer]:
    """Connect; `resume` is a token, a dot, and the number of the last frame that was handled."""
    offered = ["focus-signal.v1", *([] if resume is None else [f"resume.{resume}"]), *more]
    query = "" if user is None else f"?userId={user}"
    async with opened(f"{url}{query}", offered) as socket:
        yield V1Peer(socket)


@asynccontextmanager
async def opened(url: str, offered: list[str] | None = None) -> AsyncGenerator[WebSocketConnection]:
    """Connect with the library, offering these subprotocols."""
    async with open_websocket_url(url, subprotocols=offered) as socket:
        try:
            yield socket
        finally:
            await socket.aclose()
            await socket._stream.aclose()  # where the server has ended it the library does not
