r"""A real WebRTC call between aiortc peers who know nothing of each other but what a signaling server relays.

    python call.py PLAN -- SERVER COMMAND...

The plan is JSON: `{"colours": {"ada": [200, 40, 60], "bob": [30, 90, 9]}, "messages": ["hi"], "frames": 9}`.
The server's first line of output says where it listens, as `--ready-json` has it.

The peers ask for a room, and in each pair the one who comes first in `peers` sends the offer. Descriptions
are sent without candidates; those follow one by one, as in a browser, and then a null, so that no pair can
connect unless offer, answer and candidates all come through. Then messages go both ways over a data channel
(no text: `{"hex": ...}`), and, unless `frames` is 0, so do video frames, in one colour for each peer.

What happened is printed as one JSON object, and judged elsewhere. Only 127.0.0.1 is used; no STUN server is.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aioice.ice
import numpy as np
from aiortc import (
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCSessionDescription,
    VideoStreamTrack,
)
from aiortc.mediastreams import MediaStreamTrack
from aiortc.sdp import SessionDescription, candidate_from_sdp, candidate_to_sdp
from av import VideoFrame
from websockets.asyncio.client import ClientConnection, connect

BOUND = 60.0
WIDTH, HEIGHT = 160, 120


@dataclass(frozen=True)
class Plan:
    """Who takes part, in which colour, and what is to come from each other peer."""

    colours: dict[str, tuple[int, int, int]]
    messages: list[str | dict[str, str]]
    frames: int


def loopback_only(use_ipv4: bool, use_ipv6: bool) -> list[str]:
    """Stand in for aioice's list of this machine's addresses, which leaves 127.0.0.1 out."""
    return ["127.0.0.1"]


class OneColour(VideoStreamTrack):
    """A video in which every frame is of one colour."""

    def __init__(self, colour: tuple[int, int, int]) -> None:
        super().__init__()
        self._picture = np.full((HEIGHT, WIDTH, 3), colour, dtype=np.uint8)

    async def recv(self) -> VideoFrame:
        pts, time_base = await self.next_timestamp()
        frame = VideoFrame.from_ndarray(self._picture, format="rgb24")
        frame.pts, frame.time_base = pts, time_base
        return frame


class Pair:
    """One peer's side of its connection to another."""

    def __init__(self, peer: Peer, other: str, plan: Plan) -> None:
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.signals: list[str] = []
        self.candidates: list[str] = []
        self.messages: list[str | dict[str, str]] = []
        self.frames: list[list[float]] = []
        self._peer = peer
        self._other = other
        self._plan = plan
        self._all_candidates = asyncio.Event()
        self._all_messages = asyncio.Event()
        self._watching: asyncio.Task[None] | None = None
        self.connection.on("datachannel", self._use)
        self.connection.on("track", self._watch)

    async def offer(self) -> None:
        """Begin the call."""
        self._use(self.connection.createDataChannel("talk"))
        self._add_video()
        await self.connection.setLocalDescription(await self.connection.createOffer())
        await self._describe()

    async def take(self, signal: dict[str, Any]) -> None:
        """Act on a message that the other one sent."""
        self.signals.append(signal["type"])
        if signal["type"] == "ice-candidate":
            await self._add_candidate(signal["candidate"])
            return
        await self.connection.setRemoteDescription(RTCSessionDescription(**signal["sdp"]))
        if signal["type"] == "offer":
            self._add_video()
            await self.connection.setLocalDescription(await self.connection.createAnswer())
            await self._describe()

    async def done(self) -> None:
        """Wait until everything has come that was to come."""
        await self._all_candidates.wait()
        await self._all_messages.wait()
        if self._plan.frames:
            assert self._watching is not None, "there was no video in the description"
            await self._watching

    def report(self) -> dict[str, object]:
        """Return what happened on this side."""
        return {
            "state": self.connection.connectionState,
            "signals": self.signals,
            "candidates": self.candidates,
            "messages": self.messages,
            "frames": self.frames,
        }

    def _add_video(self) -> None:
        if self._plan.frames:
            self.connection.addTrack(OneColour(self._plan.colours[self._peer.name]))

    async def _describe(self) -> None:
        """Send the local description, then each of its candidates, then the null that ends them."""
        local = self.connection.localDescription
        lines = local.sdp.splitlines(keepends=True)
        bare = "".join(line for line in lines if not line.startswith(("a=candidate:", "a=end-of-candidates")))
        description = {"type": local.type, "sdp": bare}
        await self._peer.send(type=local.type, to=self._other, sdp=description)
        for index, media in enumerate(SessionDescription.parse(local.sdp).media):
            for candidate in media.ice_candidates:
                line = f"candidate:{candidate_to_sdp(candidate)}"
                init = {"candidate": line, "sdpMid": media.rtp.muxId, "sdpMLineIndex": index}
                await self._peer.send(type="ice-candidate", to=self._other, candidate=init)
        await self._peer.send(type="ice-candidate", to=self._other, candidate=None)

    async def _add_candidate(self, init: dict[str, Any] | None) -> None:
        if init is None:
            await self.connection.addIceCandidate(None)
            self._all_candidates.set()
            return
        self.candidates.append(init["candidate"])
        candidate = candidate_from_sdp(init["candidate"].removeprefix("candidate:"))
        candidate.sdpMid, candidate.sdpMLineIndex = init["sdpMid"], init["sdpMLineIndex"]
        await self.connection.addIceCandidate(candidate)

    def _use(self, channel: RTCDataChannel) -> None:
        """Send all messages as soon as the channel is open, and keep what comes."""

        def send() -> None:
            for message in self._plan.messages:
                channel.send(message if isinstance(message, str) else bytes.fromhex(message["hex"]))

        def keep(message: str | bytes) -> None:
            self.messages.append(message if isinstance(message, str) else {"hex": message.hex()})
            if len(self.messages) == len(self._plan.messages):
                self._all_messages.set()

        channel.on("message", keep)
        if channel.readyState == "open":
            send()
        else:
            channel.on("open", send)

    def _watch(self, track: MediaStreamTrack) -> None:
        self._watching = asyncio.create_task(self._read_frames(track))

    async def _read_frames(self, track: MediaStreamTrack) -> None:
        """Keep the mean colour of the first frames."""
        while len(self.frames) < self._plan.frames:
            frame = await track.recv()
            assert isinstance(frame, VideoFrame)
            picture = frame.to_ndarray(format="rgb24")
            self.frames.append([float(mean) for mean in picture.mean(axis=(0, 1))])


class Peer:
    """A user of the signaling server, with a connection to each other member of its room."""

    def __init__(self, name: str, websocket: ClientConnection) -> None:
        self.name = name
        self.room: dict[str, Any] = {}
        self.pairs: dict[str, Pair] = {}
        self._websocket = websocket

    async def send(self, **message: object) -> None:
        """Send a message to the server, as the seed's clients do: with their own name in it."""
        await self._websocket.send(json.dumps({"from": self.name, **message}))

    async def receive(self) -> dict[str, Any]:
        """Wait for the server's next message."""
        message: dict[str, Any] = json.loads(await self._websocket.recv())
        return message

    async def find_room(self, plan: Plan) -> None:
        """Ask for a room, and make ready to be called by everyone in it."""
        await self.send(type="matchmaking", matchSize=len(plan.colours))
        self.room = await self.receive()
        self.pairs = {name: Pair(self, name, plan) for name in self.room["peers"] if name != self.name}

    async def take_part(self) -> None:
        """Call those who come later in the list, then act on each message in its order, until cancelled."""
        names: list[str] = self.room["peers"]
        for name in names[names.index(self.name) + 1 :]:
            await self.pairs[name].offer()
        while True:
            signal = await self.receive()
            if signal["type"] == "error":
                raise RuntimeError(f"{self.name} was told: {signal}")
            await self.pairs[signal["from"]].take(signal)

    def report(self) -> dict[str, object]:
        """Return what this peer saw."""
        return {"room": self.room, "pairs": {name: pair.report() for name, pair in self.pairs.items()}}


async def call(url: str, plan: Plan) -> dict[str, object]:
    """Let the peers meet and call each other; return what each of them saw."""
    async with contextlib.AsyncExitStack() as stack:
        peers = []
        for name in plan.colours:
            address = f"{url}?userId={name}"
            peers.append(Peer(name, await stack.enter_async_context(connect(address, proxy=None))))
        await asyncio.gather(*(peer.find_room(plan) for peer in peers))
        in_time = True
        try:
            async with asyncio.timeout(BOUND), asyncio.TaskGroup() as group:
                tasks = [group.create_task(peer.take_part()) for peer in peers]
                for peer in peers:
                    for pair in peer.pairs.values():
                        await pair.done()
                for task in tasks:
                    task.cancel()
        except TimeoutError:
            in_time = False  # what there is so far tells most
        seen = {peer.name: peer.report() for peer in peers}
        for peer in peers:
            for pair in peer.pairs.values():
                await pair.connection.close()
        return {"in_time": in_time, "peers": seen}


@contextlib.asynccontextmanager
async def run_server(command: list[str]) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """Run the server for as long as the context lasts; end it by closing its standard input."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(BOUND):
            line = await process.stdout.readline()
        yield json.loads(line)["url"], process
        process.stdin.close()
        async with asyncio.timeout(BOUND):
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def main() -> None:
    """Read the command line, hold the call, print what happened."""
    parser = argparse.ArgumentParser(description="A WebRTC call between aiortc peers.")
    parser.add_argument("plan", type=json.loads, help="colours, messages and frames, as JSON")
    parser.add_argument("server", nargs="+", help="the command that runs the signaling server")
    arguments = parser.parse_args()
    aioice.ice.get_host_addresses = loopback_only
    async with run_server(arguments.server) as (url, process):
        result = await call(url, Plan(**arguments.plan))
    interfaces = [name for _, name in socket.if_nameindex()]
    json.dump({"interfaces": interfaces, "server_status": process.returncode, **result}, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main())
