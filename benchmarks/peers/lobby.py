"""The seed's work for the Python servers beside which this one is measured: rooms of N, and relay.

What the seed prints is printed here, line for line. Two things differ from the seed: the server stamps
`from`, and the end of a user's connection removes only that connection.
"""

from __future__ import annotations

import json
import uuid
from typing import Any, Generic, TypeVar

C = TypeVar("C")

RELAYED = ("offer", "answer", "ice-candidate")
# Made once: json.dumps() makes an encoder anew for every call whose separators are not its own.
_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def _log(text: str) -> None:
    # As console.log() does it: the line is written when the call returns.
    print(text, flush=True)


class Lobby(Generic[C]):
    """Who is connected, who waits and who was matched, over whatever a library calls a connection."""

    def __init__(self) -> None:
        self.users: dict[str, C] = {}
        self.rooms: dict[str, list[str]] = {}
        self.queues: dict[int, list[str]] = {}

    def connect(self, user: str, connection: C) -> None:
        self.users[user] = connection
        _log(f"User {user} connected.")

    def disconnect(self, user: str, connection: C) -> None:
        _log(f"User {user} disconnected.")
        if self.users.get(user) is connection:
            del self.users[user]
        for size, queue in self.queues.items():
            self.queues[size] = [other for other in queue if other != user]

    def handle(self, user: str, text: str | bytes) -> list[tuple[C, str]]:
        """Take one message of a user; return what to send, and to which connections."""
        try:
            message = json.loads(text)
            if message["type"] in RELAYED:
                return self.relay(user, message)
            if message["type"] == "matchmaking":
                return self.match(user, message["matchSize"])
        except (ValueError, TypeError, KeyError) as error:
            _log(f"Error processing message: {error!r}")
            return []
        _log(f"Unknown message type: {message['type']}")
        return []

    def relay(self, user: str, message: dict[str, Any]) -> list[tuple[C, str]]:
        target = self.users.get(message["to"])
        if target is None:
            _log(f"Target user {message['to']} not found.")
            return []
        relayed = {"type": message["type"], "from": user}
        for key in ("sdp", "candidate"):
            if key in message:
                relayed[key] = message[key]
        return [(target, _encode(relayed))]

    def match(self, user: str, size: int) -> list[tuple[C, str]]:
        queue = self.queues.setdefault(size, [])
        queue.append(user)
        _log(f"User {user} joined queue for size {size}. Current queue size: {len(queue)}")
        if len(queue) < size:
            return []
        peers, self.queues[size] = queue[:size], queue[size:]
        room = str(uuid.uuid4())
        self.rooms[room] = peers
        _log(f"Match found for room {room}: {', '.join(peers)}")
        found = _encode({"type": "room-found", "roomId": room, "peers": peers})
        return [(self.users[peer], found) for peer in peers if peer in self.users]
