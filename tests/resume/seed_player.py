"""A client of the seed's dialect in a conversation: it answers each offer, and sends two candidates then."""

from __future__ import annotations

import json
from typing import Any

from attrs import Factory, define


@define(eq=False)
class SeedPlayer:
    """Be one who knows nothing of sessions; its payloads are marked as a `Player`'s are."""

    name: str
    size: int
    sent: dict[str, int] = Factory(dict)
    heard: dict[str, list[int]] = Factory(dict)
    rooms: list[tuple[str, tuple[str, ...]]] = Factory(list)
    errors: list[str] = Factory(list)

    def begin(self) -> list[bytes]:
        return [json.dumps({"type": "matchmaking", "matchSize": self.size}).encode()]

    def hear(self, frame: bytes) -> list[bytes]:
        """Give what it says next."""
        came: dict[str, Any] = json.loads(frame)
        if came["type"] == "room-found":
            self.rooms.append((came["roomId"], tuple(came["peers"])))
            return []
        if came["type"] == "error":
            self.errors.append(frame.decode())
            return []
        sender = came["from"]
        payload = came["sdp"] if "sdp" in came else came["candidate"]
        self.heard.setdefault(sender, []).append(payload["marks"][self.name])
        if came["type"] != "offer":
            return []
        says = [{"type": "answer", "to": sender, "sdp": self._mark(sender)}]
        says += [{"type": "ice-candidate", "to": sender, "candidate": self._mark(sender)} for _ in range(2)]
        return [json.dumps(each).encode() for each in says]

    def _mark(self, peer: str) -> dict[str, Any]:
        self.sent[peer] = self.sent.get(peer, 0) + 1
        return {"marks": {peer: self.sent[peer]}}
