"""What a server of `focus-signal.v1` says, written by hand: the tests' own words, none of the package's."""

from __future__ import annotations

import json
from typing import Any

LIMITS = {
    "frameBytes": 2000,
    "matchSize": 16,
    "grace": 30,
    "replayBytes": 262144,
    "messageRate": 0,
    "messageBurst": 0,
    "byteRate": 0,
    "byteBurst": 0,
}


def say(kind: str, seq: int | None = None, **fields: Any) -> str:
    """Write a frame."""
    numbered = {} if seq is None else {"seq": seq}
    return json.dumps({"type": kind, **numbered, **fields})


def welcome(
    seq: int = 0,
    *,
    resumed: bool = False,
    last_id: int | None = 0,
    user: str = "ana",
    heartbeat: int = 20,
    **more: Any,
) -> str:
    """Write a welcome; `last_id` None leaves it out, as after a restart."""
    answered = {} if last_id is None else {"lastId": last_id}
    fields = {
        "protocol": 1,
        "userId": user,
        "resumed": resumed,
        "seq": seq,
        **answered,
        "heartbeat": heartbeat,
        "iceServers": [],
        "features": [],
        "limits": LIMITS,
        **more,
    }
    return say("welcome", **fields)


def token(seq: int, name: str = "TOKEN") -> str:
    return say("session", seq, session=name)


def ack(seq: int, id_: int) -> str:
    return say("ack", seq, id=id_)


def error(seq: int, id_: int | None = None, code: str = "not-in-room", **more: Any) -> str:
    numbered = {} if id_ is None else {"id": id_}
    return say("error", seq, code=code, message=f"{code}, that is", **numbered, **more)


def queued(seq: int, position: int = 1) -> str:
    return say("queued", seq, pool="", position=position, waiting=9, needed=1)


def pong() -> str:
    return say("pong")
