"""A conversation of two clients with the real server, with a cut and a return in it, frame by frame.

It is recorded from the bytes on a simulated network; ids, tokens and times are the seed's.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import trio
from attrs import define, field

from focus_signal.client.client import Client
from focus_signal.client.events import Connected
from focus_signal.client.opening import open_client
from focus_signal.server.config import Config
from focus_signal.server.serve import open_server
from focus_signal.testing.determinism.runtime import run_deterministically
from focus_signal.testing.identity import KEYS, room_ids, wall_time
from focus_signal.testing.net.network import Network
from focus_signal.testing.net.options import LinkOptions
from focus_signal.wire.messages import from_server as told
from tests.resume.cutting import next_piece, text_of
from tests.resume.full import HOST, PORT, SETTINGS, Half
from tests.resume.house import Way
from tests.resume.tapped import Dialer

SEED = 7
_ARROWS: dict[Way, str] = {"up": "→", "down": "←"}
_SHOWN_OF_A_TOKEN = 6
_CLOSE, _PING, _PONG = 0x8, 0x9, 0xA


@define(eq=False)
class Record:
    """Be what was recorded: lines, each a frame of one client."""

    lines: list[str] = field(factory=list, init=False)

    def listener(self, name: str) -> Callable[[Way, bytes], None]:
        """Make what hears the bytes of a client, of one connection after the other."""
        unread: dict[Way, bytearray] = {"up": bytearray(), "down": bytearray()}

        def hear(way: Way, data: bytes) -> None:
            buffer = unread[way]
            if data.startswith((b"GET ", b"HTTP/")):
                buffer.clear()  # what was cut off of the connection before
            buffer += data
            if buffer.startswith((b"GET ", b"HTTP/")):
                head, found, rest = bytes(buffer).partition(b"\r\n\r\n")
                if not found:
                    return
                self._note(name, way, _shown_head(head.decode()))
                buffer[:] = rest
            while (piece := next_piece(buffer, 0)) is not None:
                self._note(name, way, _shown_frame(buffer[0] & 0xF, text_of(buffer, piece)))
                del buffer[: piece.stop]

        return hear

    def tell(self, text: str) -> None:
        """Put in a line that is no frame."""
        self.lines.append(f"{trio.current_time():6.2f}  {text}")

    def _note(self, name: str, way: Way, text: str) -> None:
        self.tell(f"{name:<3} {_ARROWS[way]} {text}")


def record() -> list[str]:
    """Let it happen, and give the lines."""
    return run_deterministically(_converse, seed=SEED).value


async def _converse() -> list[str]:
    record = Record()
    network = Network(SEED, LinkOptions(latency=(0.02, 0.02)))
    listener = network.listen(HOST, PORT)
    dialers = {name: Dialer(network, name, (), on_bytes=record.listener(name)) for name in ("ana", "bo")}
    server = open_server(Config(), [listener], new_id=room_ids(SEED), keys=KEYS, wall=wall_time)
    async with server, _client(dialers["ana"]) as ana, _client(dialers["bo"]) as bo:
        await ana.match(2, ready_check=True)
        await bo.match(2, ready_check=True)
        for client in (ana, bo):
            await client.ready((await _next(client, told.MatchProposed)).proposal)
        for client in (ana, bo):
            await _next(client, told.RoomFound)
        await bo.offer("ana", {"type": "offer", "sdp": "v=0"})
        await _next(ana, told.Offer)
        await trio.sleep(1)
        record.tell("bo  ✂ the connection is cut")
        dialers["bo"].streams[-1].cut_now()
        await _next(ana, told.PeerAway)
        await ana.answer("bo", {"type": "answer", "sdp": "v=0"})
        await ana.candidate("bo", {"candidate": "candidate:1 1 udp 1 192.0.2.1 9 typ host", "sdpMid": "0"})
        assert (await _next(bo, Connected)).resumed
        await _next(bo, told.IceCandidate)
        await bo.broadcast({"muted": True})
        await _next(ana, told.Broadcast)
        await ana.leave_room()
        await _next(bo, told.PeerLeft)
        await trio.sleep(1)
    for dialer in dialers.values():
        dialer.close()
    return record.lines


def _client(dialer: Dialer) -> Any:
    return open_client(
        f"ws://{HOST}:{PORT}/signal", dialer.user, settings=SETTINGS, dial=dialer.dial, chance=Half()
    )


async def _next(client: Client, kind: type[Any]) -> Any:
    while not isinstance(event := await client.next_event(), kind):
        pass
    return event


def _shown_head(head: str) -> str:
    first, *fields = head.split("\r\n")
    shown = first.removesuffix(" HTTP/1.1").removeprefix("HTTP/1.1 ")
    for line in fields:
        name, _, value = line.partition(": ")
        if name.lower() == "sec-websocket-protocol":
            shown += f", {', '.join(map(_shown_name, value.split(', ')))}"
    return shown


def _shown_name(name: str) -> str:
    kind, _, rest = name.partition(".")
    if kind != "resume":
        return name
    token, _, seen = rest.partition(".")
    return f"resume.{_short(token)}.{seen}"


def _shown_frame(opcode: int, payload: bytes) -> str:
    if opcode in {_PING, _PONG}:
        return "ping" if opcode == _PING else "pong"
    if opcode == _CLOSE:
        return f"close {int.from_bytes(payload[:2])} {payload[2:].decode()}".rstrip()
    frame: dict[str, Any] = json.loads(payload)
    if frame["type"] == "session":
        frame["session"] = _short(frame["session"])
    return json.dumps(frame, separators=(",", ":"), ensure_ascii=False)


def _short(token: str) -> str:
    """Show of a token as much as tells it from others: the last of it is its signature."""
    return f"…{token[-_SHOWN_OF_A_TOKEN:]}"
