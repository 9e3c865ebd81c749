"""Somebody without a browser: an aiortc peer who speaks the seed's dialect, and is called or calls.

Who comes first in the list of a room offers, as clients of the seed do. Candidates come with the description.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import aioice.ice
from aiortc import RTCConfiguration, RTCDataChannel, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from aiortc.sdp import candidate_from_sdp
from av import VideoFrame
from websockets.asyncio.client import ClientConnection, connect

from tests.peers.call import OneColour, loopback_only

COLOUR = (200, 40, 160)


class Guest:
    """A user with one call."""

    def __init__(self, name: str, websocket: ClientConnection) -> None:
        self.name = name
        self.signals: list[str] = []
        self.said: list[str] = []
        self.frames = 0
        self.colour: list[float] = []
        self.enough = asyncio.Event()
        self.heard = asyncio.Event()
        self._websocket = websocket
        self._pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._pc.on("track", self._watch)
        self._pc.addTrack(OneColour(COLOUR))
        # As the page has it: both sides open this one channel by themselves.
        self._chat: RTCDataChannel = self._pc.createDataChannel("chat", negotiated=True, id=0)
        self._chat.on("message", self._hear)
        self._chat.on("open", lambda: self._chat.send("hello from aiortc"))
        self._watching: asyncio.Task[None] | None = None

    async def ask(self) -> None:
        """Ask for a room of two."""
        await self._send(type="matchmaking", matchSize=2)

    async def settle(self) -> None:
        """Wait until the server has carried out what was sent: it answers what cannot be delivered."""
        await self._send(type="offer", to="nobody")
        answer = json.loads(await self._websocket.recv())
        assert answer["code"] == "peer-unavailable", answer

    async def take_part(self) -> None:
        """Act on each message, until cancelled."""
        async for text in self._websocket:
            message = json.loads(text)
            self.signals.append(message["type"])
            await self._take(message)

    async def end(self) -> None:
        """Hang up."""
        await self._pc.close()
        if self._watching is not None:
            await self._watching

    def report(self) -> dict[str, object]:
        """Return what came here."""
        return {
            "signals": self.signals,
            "said": self.said,
            "frames": self.frames,
            "colour": self.colour,
            "state": self._pc.connectionState,
        }

    async def _take(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "room-found":
                peers: list[str] = message["peers"]
                if peers[0] == self.name:
                    await self._pc.setLocalDescription(await self._pc.createOffer())
                    await self._describe(peers[1])
            case "ice-candidate":
                candidate = message["candidate"]
                if candidate and candidate["candidate"]:
                    parsed = candidate_from_sdp(candidate["candidate"].removeprefix("candidate:"))
                    parsed.sdpMid, parsed.sdpMLineIndex = candidate["sdpMid"], candidate["sdpMLineIndex"]
                    await self._pc.addIceCandidate(parsed)
            case "offer" | "answer":
                # Nothing is expected of a description but what a description has.
                await self._pc.setRemoteDescription(RTCSessionDescription(**message["sdp"]))
                if message["type"] == "offer":
                    await self._pc.setLocalDescription(await self._pc.createAnswer())
                    await self._describe(message["from"])
            case other:
                raise AssertionError(f"{self.name} was told: {other} {message}")

    async def _describe(self, to: str) -> None:
        local = self._pc.localDescription
        await self._send(type=local.type, to=to, sdp={"type": local.type, "sdp": local.sdp})

    async def _send(self, **message: object) -> None:
        await self._websocket.send(json.dumps({"from": self.name, **message}))

    def _hear(self, text: str) -> None:
        self.said.append(text)
        self.heard.set()

    def _watch(self, track: MediaStreamTrack) -> None:
        if track.kind == "video":
            self._watching = asyncio.create_task(self._count(track))

    async def _count(self, track: MediaStreamTrack) -> None:
        # The end of the track is the end of the call.
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                assert isinstance(frame, VideoFrame)
                self.frames += 1
                if self.frames == 15:
                    picture = frame.to_ndarray(format="rgb24")
                    self.colour = [float(each) for each in picture[frame.height // 45, frame.width // 80]]
                    self.enough.set()


@contextlib.asynccontextmanager
async def guest(url: str, name: str) -> AsyncIterator[Guest]:
    """Connect a guest for as long as the context lasts."""
    aioice.ice.get_host_addresses = loopback_only
    async with connect(f"{url}?userId={name}", proxy=None) as websocket:
        one = Guest(name, websocket)
        try:
            yield one
        finally:
            await one.end()
