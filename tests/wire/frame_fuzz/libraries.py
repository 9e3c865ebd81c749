"""wsproto and websockets as readers: what they say themselves, nothing corrected."""

from __future__ import annotations

import logging
from typing import Literal, Protocol

from websockets.frames import BINARY, CONT, PING, PONG, TEXT
from websockets.frames import Frame as WebsocketsFrame
from websockets.protocol import Protocol as WebsocketsProtocol
from websockets.protocol import Side
from wsproto.frame_protocol import FrameProtocol, Opcode, ParseFailed

from tests.wire.frame_fuzz.case import Kind, Limits, Verdict

LibraryName = Literal["wsproto", "websockets"]


class Library(Protocol):
    """Be one reading by a library, on the server's side."""

    verdict: Verdict

    def feed(self, data: bytes) -> list[tuple[Kind, bytes]]:
        """Take bytes; give what came, every message once it is whole."""


class Wsproto:
    """Read with wsproto. It knows no limits."""

    def __init__(self, _limits: Limits) -> None:
        self.verdict: Verdict = None
        self._protocol = FrameProtocol(client=False, extensions=[])
        self._parts: list[bytes] = []

    def feed(self, data: bytes) -> list[tuple[Kind, bytes]]:
        came: list[tuple[Kind, bytes]] = []
        self._protocol.receive_bytes(data)
        try:
            for frame in self._protocol.received_frames():
                payload = frame.payload
                if frame.opcode is Opcode.CLOSE:
                    assert isinstance(payload, tuple)
                    self.verdict = f"closed {int(payload[0])}"
                    continue
                assert not isinstance(payload, tuple)
                content = payload.encode() if isinstance(payload, str) else payload
                if frame.opcode is Opcode.PING:
                    came.append(("ping", content))
                elif frame.opcode is Opcode.PONG:
                    came.append(("pong", content))
                else:
                    self._parts.append(content)
                    if frame.message_finished:
                        kind: Kind = "text" if frame.opcode is Opcode.TEXT else "binary"
                        came.append((kind, b"".join(self._parts)))
                        self._parts.clear()
        except ParseFailed as failed:
            self.verdict = str(int(failed.code))
        return came


_SILENT = logging.getLogger("tests.wire.frame_fuzz")
_SILENT.setLevel(logging.CRITICAL)


class Websockets:
    """Read with websockets, behind the handshake. Its frames are joined here."""

    def __init__(self, limits: Limits) -> None:
        self.verdict: Verdict = None
        self._protocol = WebsocketsProtocol(Side.SERVER, max_size=limits.max_bytes, logger=_SILENT)
        self._parts: list[bytes] = []
        self._kind: Kind = "text"

    def feed(self, data: bytes) -> list[tuple[Kind, bytes]]:
        came: list[tuple[Kind, bytes]] = []
        protocol = self._protocol
        protocol.receive_data(data)
        for frame in protocol.events_received():
            assert isinstance(frame, WebsocketsFrame)
            content = bytes(frame.data)
            if frame.opcode is PING:
                came.append(("ping", content))
            elif frame.opcode is PONG:
                came.append(("pong", content))
            elif frame.opcode in (TEXT, BINARY, CONT):
                if frame.opcode is not CONT:
                    self._kind = "text" if frame.opcode is TEXT else "binary"
                self._parts.append(content)
                if frame.fin:
                    came.append((self._kind, b"".join(self._parts)))
                    self._parts.clear()
        if protocol.parser_exc is not None:
            assert protocol.close_sent is not None
            self.verdict = str(int(protocol.close_sent.code))
        elif protocol.close_rcvd is not None:
            self.verdict = f"closed {int(protocol.close_rcvd.code)}"
        return came


LIBRARIES: dict[LibraryName, type[Wsproto | Websockets]] = {
    "wsproto": Wsproto,
    "websockets": Websockets,
}
