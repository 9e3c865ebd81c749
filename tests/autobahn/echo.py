"""A server that sends every message back, for a client that judges WebSockets: test-only.

It is the real server up to where a connection's peer would be served: listeners, front door, handshake,
guard, and the native transport with its frames, its sender and its close. In place of signaling it echoes.
Since such a client also sends what the server refuses by its own choice, there are two exceptions, both in
here: binary messages are taken, and echoed as binary; messages may have 64 MiB, in any number of fragments.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import trio
from attrs import define, field

from focus_signal.errors import TransportClosed
from focus_signal.server.config import Config
from focus_signal.server.logic import build_logic
from focus_signal.server.room_ids import RoomIds
from focus_signal.server.serve import open_listeners
from focus_signal.server.server import Server
from focus_signal.server.transport import ProtocolViolation, Transport
from focus_signal.server.transport.native import NativeTransport
from focus_signal.wire.close_codes import CLOSE_CODES, CloseName
from focus_signal.wire.frames import Fault, FrameReader, _Fragments, text_frames

LARGEST = 64 * 1024 * 1024
_ANY_NUMBER = 1 << 62
_TEXT, _BINARY = 1, 2
_FINAL_BINARY = bytes((0x80 | _BINARY,))


class Binary(bytes):
    """Be a message that came as binary."""

    __slots__ = ()


@define(eq=False)
class _Parts(_Fragments):
    """Be a binary message of which the last fragment has not come: whatever its bytes are, they are right."""

    def add(self, payload: bytes, *, final: bool) -> None:  # noqa: ARG002 - a text's last fragment is special
        self.parts.append(payload)
        self.size += len(payload)


@define(eq=False)
class EveryMessageReader(FrameReader):
    """Read binary messages too, each as a `Binary` among the texts."""

    # Of the message whose frame is looked at, or that is open.
    _is_binary: bool = field(default=False, init=False)

    def _why_unwanted(self, opcode: int, length: int) -> Fault | None:
        if opcode in {_TEXT, _BINARY}:
            self._is_binary = opcode == _BINARY
        return "too-big" if self._is_too_big(length) else None

    def _data(self, payload: bytes, messages: list[bytes], *, final: bool) -> None:
        if not self._is_binary:
            super()._data(payload, messages, final=final)
            return
        if self._open is None:
            self._open = _Parts()
        self._open.add(payload, final=final)
        if final:
            messages.append(Binary(b"".join(self._open.parts)))
            self._open = None


class EchoServer(Server):
    """Be a server that echoes."""

    async def _serve_user(self, transport: Transport, *_: object) -> None:
        assert isinstance(transport, NativeTransport)
        await _echo(transport, self.config.close_timeout)


@asynccontextmanager
async def open_echo_server() -> AsyncGenerator[EchoServer]:
    """Open an echo server on a free port of the loopback address, for as long as the block."""
    config = Config(host="127.0.0.1", port=0)
    server = EchoServer(config, RoomIds(), [*await open_listeners(config)], build_logic)
    async with trio.open_nursery() as nursery:
        await nursery.start(server.run)
        try:
            yield server
        finally:
            server.stop()


async def _echo(transport: NativeTransport, close_timeout: float) -> None:
    """Serve one peer to its end; what it sent ahead of a fault is answered first."""
    transport._reader = EveryMessageReader(LARGEST, _ANY_NUMBER)
    close: CloseName = "done"
    try:
        while True:
            messages = await transport.receive()
            if messages or transport.owes_reply:
                gone = _send_nowait(transport, messages)
                while not gone:
                    gone = await transport.send()
            elif transport.said_goodbye:
                break
    except TransportClosed:
        pass  # the same as a goodbye, by raising it
    except ProtocolViolation as violation:
        close = violation.close
    if close != "done" or not transport.close_nowait():
        row = CLOSE_CODES[close]
        with trio.move_on_after(close_timeout):
            await transport.close(row.code, row.reason)


def _send_nowait(transport: NativeTransport, messages: Sequence[bytes]) -> bool:
    """Send as the transport does, with another opcode for binary messages."""
    if not any(isinstance(message, Binary) for message in messages):
        return transport.send_nowait(messages)
    frames = transport._control_frames() if transport.owes_reply else []
    for message in messages:
        [frame] = text_frames([message])
        frames.append(_FINAL_BINARY + frame[1:] if isinstance(message, Binary) else frame)
    return transport._sender.send_nowait(frames)
