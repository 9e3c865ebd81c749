"""What every server of the comparison must do, as one conversation over raw sockets."""

from __future__ import annotations

import json
import socket
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from typing import Any

from benchmarks.frames import CLOSE, TEXT, FrameReader, masked

_SECONDS = 10.0


class Talker:
    """One client that says one thing at a time."""

    def __init__(self, port: int, target: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), _SECONDS)
        self._reader = FrameReader()
        self._frames: list[tuple[int, bytes]] = []
        request = (
            f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: Zm9jdXMtc2lnbmFsLWtleQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        self.socket.sendall(request.encode())
        head = b""
        while b"\r\n\r\n" not in head:
            head += self._receive()
        self.head, _, rest = head.partition(b"\r\n\r\n")
        self._frames += self._reader.feed(rest)

    def _receive(self) -> bytes:
        data = self.socket.recv(65536)
        assert data, "the server ended the connection"
        return data

    def say(self, **message: Any) -> None:
        # `to` and `from` are words that Python keeps for itself.
        spelled = {key.removesuffix("_"): value for key, value in message.items()}
        self.socket.sendall(masked(TEXT, json.dumps(spelled).encode()))

    def frame(self) -> tuple[int, bytes]:
        while not self._frames:
            self._frames += self._reader.feed(self._receive())
        return self._frames.pop(0)

    def hear(self) -> dict[str, Any]:
        opcode, payload = self.frame()
        assert opcode == TEXT, (opcode, payload)
        heard: dict[str, Any] = json.loads(payload)
        return heard

    def leave(self) -> None:
        """Close as a client should, and see that the server answers with the same code."""
        self.socket.sendall(masked(CLOSE, b"\x03\xe8"))
        assert self.frame() == (CLOSE, b"\x03\xe8")


@contextmanager
def talkers(port: int, target: str, *users: str) -> Generator[list[Talker]]:
    """Connect these users; `target` has a place for each one's id."""
    with ExitStack() as stack:
        made: list[Talker] = []
        for user in users:
            talker = Talker(port, target.format(user=user))
            stack.callback(talker.socket.close)
            made.append(talker)
        yield made


def converse(port: int) -> None:
    """Match three users, relay between them with the sender stamped, and let them go.

    Raises:
        AssertionError: the server did something else than the seed's clients may rely on.
    """
    with talkers(port, "/signal?userId={user}", "ana", "bo", "cy", "dee") as (ana, bo, cy, dee):
        for talker in (ana, bo, cy, dee):
            assert b"sec-websocket-extensions" not in talker.head.lower(), talker.head
        ana.say(type="matchmaking", matchSize=3)
        dee.say(type="matchmaking", matchSize=2)  # another queue: it is in nobody's room
        bo.say(type="matchmaking", matchSize=3)
        cy.say(type="matchmaking", matchSize=3)
        found = [talker.hear() for talker in (ana, bo, cy)]
        assert found[0] == found[1] == found[2]
        assert found[0]["type"] == "room-found"
        assert sorted(found[0]["peers"]) == ["ana", "bo", "cy"]
        assert len(found[0]["roomId"]) == 36

        sdp = {"type": "offer", "sdp": "v=0\r\n é"}
        ana.say(type="offer", to="bo", sdp=sdp)
        assert bo.hear() == {"type": "offer", "from": "ana", "sdp": sdp}
        bo.say(type="answer", to="ana", from_="cy", sdp=None)
        assert ana.hear() == {"type": "answer", "from": "bo", "sdp": None}
        candidate = {"candidate": "candidate:1 1 udp 1 192.0.2.1 9 typ host", "sdpMid": "0"}
        for number in range(3):
            cy.say(type="ice-candidate", to="bo", candidate={**candidate, "sdpMLineIndex": number})
        for number in range(3):
            wanted = {
                "type": "ice-candidate",
                "from": "cy",
                "candidate": {**candidate, "sdpMLineIndex": number},
            }
            assert bo.hear() == wanted
        for talker in (ana, bo, cy, dee):
            talker.leave()


def converse_with_peerjs(port: int) -> None:
    """Greet two clients, relay both ways with the sender stamped, and let them go.

    Raises:
        AssertionError: the server did something else than a PeerJS client expects.
    """
    with talkers(port, "/peerjs?key=peerjs&token=t&id={user}", "ana", "bo") as (ana, bo):
        for talker in (ana, bo):
            assert b"sec-websocket-extensions" not in talker.head.lower(), talker.head
            assert talker.hear() == {"type": "OPEN"}
        ana.say(type="CANDIDATE", dst="bo", payload={"candidate": 1})
        assert bo.hear() == {"type": "CANDIDATE", "src": "ana", "dst": "bo", "payload": {"candidate": 1}}
        bo.say(type="OFFER", dst="ana", src="cy", payload=None)
        assert ana.hear() == {"type": "OFFER", "src": "bo", "dst": "ana", "payload": None}
        for talker in (ana, bo):
            talker.leave()
