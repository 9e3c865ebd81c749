"""Clients of `focus-signal.v1` for the soak: they come, meet, resume, leave, are cut, and never come back."""

from __future__ import annotations

import json
import re
from functools import partial
from typing import Any

from benchmarks.frames import TEXT, masked
from benchmarks.load import WrongResult
from benchmarks.siege.visits import reset
from focus_signal.load import generator
from focus_signal.wire.subprotocols import V1

_AGREED = re.compile(rb"\r\nsec-websocket-protocol: focus-signal\.v1(?=\r\n)", re.IGNORECASE)


class V1Client(generator.Connection):
    """Speaks it: keeps the numbers and the token, and says what it has seen.

    Args:
        load: whose it is.
        user: the user id.
        resume: the session that it means to resume: its token, a dot, and the number of the last message.
    """

    def __init__(self, load: generator.Load, user: str, resume: str | None = None) -> None:
        super().__init__(load, user)
        offer = V1 if resume is None else f"{V1}, resume.{resume}"
        line = f"\r\nSec-WebSocket-Protocol: {offer}\r\n\r\n".encode()
        self.unsent = self.unsent.replace(b"\r\n\r\n", line, 1)
        self.seq = 0
        self.token = ""
        self._came = b""

    def say(self, kind: str, **fields: object) -> None:
        self.send(masked(TEXT, json.dumps({"type": kind, **fields}).encode()))

    def on_text(self, payload: bytes) -> None:
        message: dict[str, Any] = json.loads(payload)
        self.seq = message.get("seq", self.seq)
        self.token = message.get("session", self.token)
        if not self.leaving:
            self.on_message(message)

    def on_message(self, message: dict[str, Any]) -> None:
        """Do what one of its kind does: by default, say that the first token has arrived."""
        if message["type"] == "session" and self.seq == 1:
            self.say("ping", seen=self.seq)
        elif message["type"] == "pong":
            self.on_held()

    def on_held(self) -> None:
        """Learn that the session outlives its connection from here on."""
        self.leave()

    def _answer(self, data: bytes) -> None:
        # The load generator offers no subprotocol, and refuses an answer that agrees to one.
        self._came += data
        if b"\r\n\r\n" in self._came:
            answer, agreed = _AGREED.subn(b"", self._came, count=1)
            if not agreed:
                raise WrongResult(f"the server did not agree to {V1}: {self._came[:200]!r}")
            super()._answer(answer)


class Unheld(V1Client):
    """Comes, hears of its first token, and is cut before it can say so: its session ends with it."""

    def on_message(self, message: dict[str, Any]) -> None:
        if message["type"] == "session":
            reset(self)


class Lost(V1Client):
    """Has a room, is cut, and never comes back."""

    def on_held(self) -> None:
        self.say("room-create", maxSize=3, id=1)

    def on_message(self, message: dict[str, Any]) -> None:
        if message["type"] == "room-found":
            reset(self)
        else:
            super().on_message(message)


class Resumed(V1Client):
    """Waits for a match, is cut, and comes back for it."""

    def on_held(self) -> None:
        self.say(
            "matchmaking", matchSize=2, pool=self.user, party={"code": f"party-of-{self.user}", "size": 2}
        )

    def on_message(self, message: dict[str, Any]) -> None:
        if message["type"] == "queued":
            reset(self)
            back = partial(Returning, resume=f"{self.token}.{self.seq}")
            self.load.start(back, self.user)
        else:
            super().on_message(message)


class Returning(V1Client):
    """Comes back, gives up what it has waited for, and leaves."""

    def on_message(self, message: dict[str, Any]) -> None:
        if message["type"] == "welcome":
            if not message["resumed"]:
                raise WrongResult(f"a session was not resumed: {message}")
            self.say("cancel", id=9)
        elif message["type"] == "match-ended":
            self.leave()


class Host(V1Client):
    """Opens a room, brings a guest, hands it something, and leaves when it has left."""

    def on_held(self) -> None:
        self.say("room-create", maxSize=2, id=1)

    def on_message(self, message: dict[str, Any]) -> None:
        if message["type"] == "room-found":
            self.load.start(partial(Guest, code=message["code"]), f"{self.user}-guest")
        elif message["type"] == "peer-joined":
            self.say("signal", to=message["peer"], data=[None], id=2)
        elif message["type"] == "peer-left":
            self.leave()
        else:
            super().on_message(message)


class Guest(V1Client):
    """Enters a room, and leaves when it has been handed something."""

    def __init__(self, load: generator.Load, user: str, code: str) -> None:
        super().__init__(load, user)
        self._code = code

    def on_held(self) -> None:
        self.say("room-join", code=self._code, id=1)

    def on_message(self, message: dict[str, Any]) -> None:
        if message["type"] == "signal":
            self.leave()
        else:
            super().on_message(message)


class Guesser(V1Client):
    """Tries a code that is not there, which is remembered for a while, and leaves."""

    def on_held(self) -> None:
        self.say("room-join", code="NOWHERE1", id=1)

    def on_message(self, message: dict[str, Any]) -> None:
        if message["type"] == "error":
            if message["code"] != "room-not-found":
                raise WrongResult(f"a code that is not there gets {message}")
            self.leave()
        else:
            super().on_message(message)


class Decliner(V1Client):
    """Brings another, and declines to meet it, which is remembered for a while."""

    declines = True

    def on_held(self) -> None:
        self.say("matchmaking", matchSize=2, pool=self.user.removesuffix("-other"), readyCheck=True, id=1)
        if self.declines:
            self.load.start(Declined, f"{self.user}-other")

    def on_message(self, message: dict[str, Any]) -> None:
        if message["type"] == "match-proposed" and self.declines:
            self.say("decline", proposal=message["proposal"], id=2)
        elif message["type"] == "match-ended":
            self.leave()
        else:
            super().on_message(message)


class Declined(Decliner):
    """Is declined, and back in its place gives it up."""

    declines = False
    _proposed = False

    def on_message(self, message: dict[str, Any]) -> None:
        if message["type"] == "match-proposed":
            self._proposed = True
        elif message["type"] == "queued" and self._proposed:
            self.say("cancel", id=2)
        else:
            super().on_message(message)


REMEMBERED = {".guesses._by_key": Guesser, ".penalties._by_user": Decliner}
"""What is kept for some minutes by design, of whom: the ends of the paths of such maps."""
