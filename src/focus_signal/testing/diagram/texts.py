"""What rows say: an operation, a message or an end in a few words, whatever characters it holds."""

from focus_signal.core.effects import Refused, Relayed, RoomFound, SeedMessage
from focus_signal.testing.history import mark_of
from focus_signal.testing.plan import (
    Fault,
    FaultKind,
    Hostile,
    Join,
    Leave,
    Open,
    Operation,
    Say,
    Signal,
    Verb,
)
from focus_signal.wire.close_codes import CLOSE_CODES

LONGEST_NAME = 24
LONGEST_TEXT = 48

_AMOUNTS: dict[FaultKind, str] = {
    "partition": "for {} s",
    "hold": "",
    "release": "",
    "slow-reader": "at {} bytes/s",
    "latency": "by {} s more",
    "chunks": "of 1 to {} bytes",
    "bandwidth": "of {} bytes/s",
    "window": "of {} bytes",
    "fin-delay": "of {} s",
    "refuse": "the next {}",
}
_CLOSE_NAMES = {close.code: name for name, close in CLOSE_CODES.items()}


def printable(text: str) -> str:
    """Show a text on one line, with an escape for everything that does not print."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shown(text: str, longest: int = LONGEST_TEXT) -> str:
    """Show a text on one line, and no more of it than so many characters."""
    safe = printable(text[: longest + 1])
    return safe if len(safe) <= longest else f"{safe[: longest - 3]}..."


def name_text(user: str) -> str:
    """Show a user id."""
    return shown(user, LONGEST_NAME)


def operation_text(operation: Operation) -> str:
    """Say what an operation does, and which one it is."""
    return f"{_deed(operation)} (#{operation.id})"


def _deed(operation: Operation) -> str:
    match operation:
        case Open(user=user):
            return f"opens as {name_text(user)}"
        case Join(size=size):
            return f"join {size}"
        case Signal(kind=kind, to=to, claim=claim):
            return f"{kind} to {name_text(to)}" + ("" if claim is None else f" as {name_text(claim)}")
        case Say(text=text):
            return f"says {shown(text) or 'an empty text'}"
        case Leave(by=by):
            return by
        case Fault(fault=fault, amount=amount, direction=direction):
            way = "" if direction == "both" else f", {direction} only"
            return f"{fault} {_AMOUNTS[fault].format(f'{amount:g}')}".rstrip() + way
        case Verb(verb="drain", grace=grace):
            return f"the server drains, {grace:g} s of grace"
        case Verb(verb="stop"):
            return "the server stops"
        case Verb():
            return "the server is restarted"
        case Hostile(deed=deed, times=times):
            return f"strangers: {deed}" + ("" if times == 1 else f", {times} times")


def message_text(message: SeedMessage, op: int | None) -> str:
    """Say what a message is, and by which operation it came about, if that is known."""
    match message:
        case RoomFound(_, peers):
            return f"room-found [{', '.join(map(name_text, peers))}]"
        case Relayed(sender, kind, payload):
            mark = mark_of(payload)
            return f"{shown(kind)} from {name_text(sender)}{_by(op if mark is None else mark)}"
        case Refused(code):
            return f"error {shown(code)}{_by(op)}"


def close_text(code: int | None) -> str:
    """Say how a connection was ended."""
    if code is None:
        return "ends with no close frame"
    return f"close {code} {_CLOSE_NAMES.get(code, '')}".rstrip()


def _by(op: int | None) -> str:
    return "" if op is None else f" (#{op})"
