"""How the load generator speaks to a PeerJS server: its path, its greeting, its messages.

There is no matchmaking: two clients are partners because they know each other's id. A message has as many
bytes on its way in as one of the seed's dialect; on its way out it is longer, as the server adds the sender
and leaves the receiver in.
"""

from __future__ import annotations

import json

from benchmarks.handshakes import Caller
from benchmarks.joins import new_users
from benchmarks.load import Connection, Load, WrongResult
from benchmarks.relay import PAIRS, Dialect, Signaler

_PATH = b"/peerjs?key=peerjs&token=0123456789a&id="
_GREETING = b'{"type":"OPEN"}'
_REST = '"type":"data","connectionId":"dc_0123456789"'
_LIMIT = 30.0


def _ask(request: bytes) -> bytes:
    """Return the request for an upgrade with PeerJS's path in it."""
    return request.replace(b"/signal?userId=", _PATH)


def _greet(payload: bytes, greeted: bool) -> bool:  # noqa: FBT001 - the one thing there is to know
    """Take the greeting, which comes once, before anything else."""
    if payload != _GREETING or greeted:
        raise WrongResult(f"not the one greeting: {payload[:200]!r}")
    return True


class PeerConnection(Connection):
    """A client that says nothing."""

    __slots__ = ("greeted",)

    def __init__(self, load: Load, user: str) -> None:
        super().__init__(load, user)
        self.unsent = _ask(self.unsent)
        self.greeted = False

    def on_text(self, payload: bytes) -> None:
        self.greeted = _greet(payload, self.greeted)


class PeerCaller(Caller):
    """A client that leaves as soon as it is connected."""

    __slots__ = ("greeted",)

    def __init__(self, load: Load, user: str) -> None:
        super().__init__(load, user)
        self.unsent = _ask(self.unsent)
        self.greeted = False

    def on_text(self, payload: bytes) -> None:
        self.greeted = _greet(payload, self.greeted)


class PeerSignaler(Signaler):
    """One of a pair."""

    __slots__ = ("greeted",)

    def __init__(self, load: Load, user: str) -> None:
        super().__init__(load, user)
        self.unsent = _ask(self.unsent)
        self.greeted = False

    def on_text(self, payload: bytes) -> None:
        if self.flow is None:
            self.greeted = _greet(payload, self.greeted)
        else:
            super().on_text(payload)


def meet_by_id(load: Load) -> list[Signaler]:
    """Connect everybody and wait for the greetings; partners are who come one after the other."""
    signalers = load.open(PeerSignaler, new_users(PAIRS * 2))
    load.run(lambda: all(one.greeted for one in signalers), _LIMIT, "greetings")
    for first, second in zip(signalers[::2], signalers[1::2], strict=True):
        first.partner, second.partner = second, first
    return list(signalers)


def _message(sender: str, receiver: str, line: str) -> tuple[str, str]:
    candidate = json.dumps({"candidate": line, "sdpMid": "0"}, separators=(",", ":"))
    payload = f'"payload":{{"candidate":{candidate},{_REST}}}'
    sent = f'{{"type":"CANDIDATE",{payload},"dst":"{receiver}"}}'
    return sent, f'{{"type":"CANDIDATE","src":"{sender}","dst":"{receiver}",{payload}}}'


def _read(payload: bytes) -> tuple[str, str]:
    message = json.loads(payload)
    line = str(message["payload"]["candidate"].pop("candidate"))
    sender = str(message.pop("src"))
    message.pop("dst")
    rest = {"candidate": {"sdpMid": "0"}, "type": "data", "connectionId": "dc_0123456789"}
    if message != {"type": "CANDIDATE", "payload": rest}:
        raise WrongResult(f"the generator expects a wrong message: {payload!r}")
    return sender, line


PEERJS_DIALECT = Dialect(meet_by_id, _message, _read)
