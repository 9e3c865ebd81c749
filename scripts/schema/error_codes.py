"""Every code of an `error`: what it says, which messages get it, and who does what next.

What a client does depends on the kind alone, so that it can handle a code that it does not know if it knows
where that belongs: a mistake of its author's, news that crossed it, a question to the user, or a wait.
"""

from __future__ import annotations

from typing import Literal

from attrs import frozen

Kind = Literal["bug", "late", "ask", "wait"]

KINDS: dict[Kind, str] = {
    "bug": "A mistake in the client. Nobody can do anything about it now: log it, do not send it again, "
    "mend the client.",
    "late": "Something has changed while the message was on its way, or the server's news of it was. Nothing "
    "to do: go by the messages that came.",
    "ask": "The user asked for something that cannot be had: say so, and let them choose again.",
    "wait": "Not now. Send it again, with a new `id`, after `retryAfter` seconds; after one where that is "
    "absent.",
}


@frozen
class ErrorCode:
    """Be one row.

    Args:
      kind: who does what next, in general.
      meaning: what is the case.
      messages: the types of the messages that get it; empty if any may.
      next: what to do next, in particular.
    """

    kind: Kind
    meaning: str
    messages: tuple[str, ...]
    next: str


_RELAYS = ("offer", "answer", "ice-candidate", "signal")

ERROR_CODES: dict[str, ErrorCode] = {
    "bad-json": ErrorCode(
        "bug",
        "the frame is no JSON object, or not Unicode text",
        (),
        "it has no `id`, for none could be read",
    ),
    "bad-message": ErrorCode(
        "bug",
        "a field is missing, wrong, or nested too deep, `type` is there twice, `seen` is beyond what was "
        "sent, or two fields exclude each other",
        (),
        "`message` names the field, what came, and what is allowed",
    ),
    "unknown-type": ErrorCode(
        "bug", "this server knows no such `type`", (), "is what you use among `welcome.features`?"
    ),
    "bad-match-size": ErrorCode(
        "bug",
        "a size that this server has no rooms for, or a `minSize` above `maxSize`",
        ("matchmaking", "room-create"),
        "`welcome.limits.matchSize` is the largest",
    ),
    "wrong-sender": ErrorCode("bug", "`from` is not the sender's own id", _RELAYS, "leave `from` out"),
    "party-mismatch": ErrorCode(
        "bug",
        "other fields than those of the party's first member, or the party has all its members",
        ("matchmaking",),
        "let one member choose, and tell the others with the code",
    ),
    "not-allowed": ErrorCode(
        "bug", "this server does not let this user do that", ("renew",), "no server asks for tokens today"
    ),
    "not-queued": ErrorCode(
        "late",
        "there is no ticket",
        ("cancel",),
        "a `room-found` or a `match-ended` has come already, or there was none to cancel",
    ),
    "not-proposed": ErrorCode(
        "late",
        "there is no such proposal",
        ("ready", "decline"),
        "a `room-found`, `match-ended` or `queued` has told what became of it",
    ),
    "not-in-room": ErrorCode(
        "late",
        "the client is in no room, or not in that of `roomId`",
        ("room-leave", *_RELAYS, "broadcast"),
        "drop what belonged to that room",
    ),
    "peer-unavailable": ErrorCode(
        "late",
        "nobody of this id can be reached from here: unknown or elsewhere, which look alike, or away with no "
        "space left to keep more for them",
        _RELAYS,
        "`peer-left` or `peer-back` comes if it was a peer: then restart, or forget it",
    ),
    "room-not-found": ErrorCode(
        "ask", "no room has this code, or none for this user", ("room-join",), "ask for another code"
    ),
    "room-full": ErrorCode(
        "ask", "the room has no free seat", ("room-join",), "ask whether to try again later"
    ),
    "code-taken": ErrorCode(
        "ask", "another room has this code", ("room-create",), "ask for another code, or leave `code` out"
    ),
    "rate-limited": ErrorCode(
        "wait",
        "more messages than `welcome.limits` has, too many wrong or taken codes, or a new ticket too soon "
        "after a match was declined or missed",
        (),
        "slow down: whoever goes on sending too much is closed with 4003",
    ),
    "try-later": ErrorCode(
        "wait",
        "the server has just been started, and the room of this code may yet come back",
        ("room-join", "room-create"),
        "the same code again",
    ),
    "draining": ErrorCode(
        "wait",
        "the server is stopping, and begins nothing new",
        ("matchmaking", "room-create", "room-join"),
        "1012 follows: come back then, and ask anew",
    ),
}
"""By the code, in the order of the kinds."""
