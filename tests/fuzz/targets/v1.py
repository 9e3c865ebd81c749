"""The decoder of `focus-signal.v1`: each frame is one command, and both ways to read it give the same.

An input is what a connection sends with one read: frames with the byte 0x1E between them, which stands in no
JSON.
"""

from __future__ import annotations

import json
import sys
from functools import partial

from focus_signal.core.commands import Broadcast, Command, Invalid, Numbered, Relay, RelayClump
from focus_signal.core.effects import Refused, Relayed
from focus_signal.wire import unusable, v1, v1_reading, v1_requests, v1_shapes
from focus_signal.wire.messages.from_client import LARGEST as LARGEST_NUMBER
from focus_signal.wire.v1_reading import read_with_care
from tests.fuzz.planting import Plant, changed, in_place_of, mistaken
from tests.fuzz.target import GROW, Meter, Target, Wrong, grown
from tests.fuzz.targets.decoder import SEPARATOR
from tests.fuzz.targets.decoder import WORDS as OF_SEED
from tests.wire import naive_dialect
from tests.wire.naive_dialect import Object, read
from tests.wire.test_seed_dialect_traps import LONE_SURROGATES, NO_UTF8
from tests.wire.v1 import naive
from tests.wire.v1.dialect import CONNECTION, DIALECT, LONGEST_MESSAGE, SETTINGS, USER, USER_BYTES, seal
from tests.wire.v1.drawing import corpus
from tests.wire.v1.naive import differs, expected
from tests.wire.v1.schema import MESSAGES, fields_of, smallest, written

CODES = {"bad-json", "bad-message", "unknown-type", "bad-match-size", "wrong-sender", "not-allowed"}
# As large as a frame may be.
_LARGEST_FRAME = 256 * 1024
# What the naive dialect reads: it takes its time, and recurs for each level.
_SMALL, _FLAT = 4096, 200
_ODD_USER = 'q"\\\u2028é😀'
_SEQ = 7
_REFUSAL = Invalid(CONNECTION, "rate-limited", "too much")


def check(data: bytes, meter: Meter) -> None:
    """Read frames one by one, with care, and as one read."""
    # However many frames are grown, together they are no larger than one may be: no read brings more.
    size = _LARGEST_FRAME // max(1, data.count(GROW) // 2)
    frames = [grown(frame, size) for frame in data.split(SEPARATOR)]
    commands: list[Command | RelayClump] = []
    for frame in frames:
        command = meter.measure(partial(DIALECT.decode, frame, CONNECTION, USER))
        with_care = meter.measure(partial(read_with_care, frame, CONNECTION, USER, SETTINGS))
        if with_care != command:
            raise Wrong(f"{command}, with care {with_care}")
        _check_command(frame, command)
        _check_refused(command, meter.measure(partial(DIALECT.refuse, frame, CONNECTION, _REFUSAL)))
        commands.append(command)
    together = meter.measure(lambda: DIALECT.reader(CONNECTION, USER)(frames))
    if together != commands:
        raise Wrong(f"at once {together}, each alone {commands}")


def _check_command(frame: bytes, command: Command) -> None:
    number, request = None, command
    if isinstance(command, Numbered):
        number, request = command.id, command.request
        if not _is_within(number, 1) or not _is_within(command.seen, 0) or command.connection != CONNECTION:
            raise Wrong(f"the numbers of {command}")
        if number is None and command.seen is None:
            raise Wrong(f"{command} has no number")
    if getattr(request, "connection", None) != CONNECTION:
        raise Wrong(f"{request} is said to have come on another connection")
    match request:
        case Invalid(_, code, message, to):
            if code not in CODES or not 0 < len(message) <= LONGEST_MESSAGE or not message.isprintable():
                raise Wrong(f"the error {code} {message!r}")
            _check_error(Refused(code, message, to, number))
        case Relay(_, to, kind, payload, _):
            if not 0 < len(to.encode()) <= USER_BYTES:
                raise Wrong(f"relayed to {to!r}")
            _check_sent(kind, payload)
        case Broadcast(_, payload, _):
            _check_sent("broadcast", payload)
        case _:
            pass  # all that may be there is compared below
    if len(frame) <= _SMALL and frame.count(b"[") + frame.count(b"{") <= _FLAT:
        wanted = expected(frame)
        if differs(command, wanted):
            raise Wrong(f"{command}, by the naive dialect {wanted}")


def _check_refused(command: Command, refused: Command) -> None:
    """A frame that is dropped unread is refused by its numbers, if they are what they may be."""
    if isinstance(command, Numbered) and not isinstance(command.request, Invalid):
        wanted: Command = Numbered(CONNECTION, _REFUSAL, command.id, command.seen)
        if refused != wanted:
            raise Wrong(f"dropped as {refused}, not as {wanted}")
    elif isinstance(refused, Numbered):
        if not _is_within(refused.id, 1) or not _is_within(refused.seen, 0) or refused.request != _REFUSAL:
            raise Wrong(f"dropped as {refused}")
    elif refused != _REFUSAL:
        raise Wrong(f"dropped as {refused}")


def _is_within(number: int | None, least: int) -> bool:
    return number is None or (type(number) is int and least <= number <= LARGEST_NUMBER)


def _check_error(refused: Refused) -> None:
    told = json.loads(DIALECT.encode(refused, _SEQ))
    wanted = {"type": "error", "seq": _SEQ, "code": refused.code, "message": refused.message}
    if told != wanted | {
        name: value for name, value in (("to", refused.to), ("id", refused.id)) if value is not None
    }:
        raise Wrong(f"the error {told}")


def _check_sent(kind: str, payload: bytes) -> None:
    """Read what is passed on as its receiver does, or more strictly."""
    for sender in (USER, _ODD_USER):
        sent = DIALECT.encode(Relayed(sender, kind, payload), _SEQ)
        value = json.loads(sent.decode(), parse_float=str, parse_int=str, parse_constant=_refuse)
        head = {"type": kind, "seq": str(_SEQ), "from": sender}
        if {name: value.pop(name, None) for name in head} != head or kind not in MESSAGES:
            raise Wrong(f"{sent!r} is not of {kind} from {sender}")
        allowed = {"data"} if kind in {"signal", "broadcast"} else {"sdp", "candidate"}
        if not value.keys() <= allowed:
            raise Wrong(f"{sent!r} has other fields")
        if len(sent) <= _SMALL:
            # The keys of the outermost object are each there once, and no string is half of a character.
            strict = read(sent.decode())
            names = [name for name, _ in strict.members] if isinstance(strict, Object) else []
            if names != [*head, *value]:
                raise Wrong(f"{sent!r} has the fields {names}")


def _refuse(constant: str) -> None:
    raise Wrong(f"{constant} is passed on, and is no JSON")


def _with(kind: str, **fields: str) -> bytes:
    return written({**smallest(kind), **fields}).encode()


SEEDS = (
    *(written(smallest(kind)).encode() for kind in MESSAGES),
    *(_with(kind, id="1", seen="0") for kind in MESSAGES),
    *(text.encode() for text in corpus()[::8] if len(text) < 800),
    SEPARATOR.join(written(smallest(kind)).encode() for kind in ("ping", "offer", "cancel", "broadcast")),
    *(
        _with("cancel", **{name: number})
        for name in ("id", "seen")
        for number in ("0", "-1", "1.0", "1e3", '"1"', "null", str(LARGEST_NUMBER), str(LARGEST_NUMBER + 1))
    ),
    *(f'{{"type":"signal","to":"b","data":{text}}}'.encode() for text in LONE_SURROGATES),
    *(b'{"type":"signal","to":"b","data":"' + data + b'"}' for data in NO_UTF8),
    *(
        written({**smallest(kind), name: "@"}).encode().replace(b"@", GROW + part + GROW)
        for kind, name in (("cancel", "id"), ("signal", "data"), ("matchmaking", "avoid"), ("offer", "sdp"))
        for part in (b"9", b"[", b'"type":1,', b"{")
    ),
    *(
        written({**smallest(kind), name: '"@"'}).encode().replace(b"@", GROW + part + GROW)
        for kind in ("matchmaking", "room-join", "offer")
        for name in fields_of(MESSAGES[kind])
        for part in (b"x", b"\\u2028", b"\xc3\xa9")
    ),
    *(_with(kind, type=f'"{kind}","type":"{kind}"') for kind in ("cancel", "offer")),
    *(_with("signal", data="[" * depth + "]" * depth) for depth in (32, 33)),
    *(_with("matchmaking", matchSize=size) for size in ("16", "17")),
    b'{"type":"matchmaking","matchSize":2,"avoid":[' + GROW + b'"bob",' + GROW + b'"x"]}',
)
WORDS = (
    *(f'"{kind}"'.encode() for kind in MESSAGES),
    *(
        f'"{name}":'.encode()
        for name in sorted({name for each in MESSAGES.values() for name in fields_of(each)})
    ),
    b'"id":1',
    b'"seen":0',
    b"9007199254740991",
    b"9007199254740992",
    *OF_SEED,
)


def _dialect(right: str, wrong: str) -> Plant:
    """Speak a dialect with one change in its source."""

    def make() -> object:
        return mistaken(v1, right, wrong).V1Dialect(SETTINGS, seal)

    return in_place_of(sys.modules[__name__], "DIALECT", make)


def _careful(right: str, wrong: str) -> Plant:
    return changed(v1, "read_with_care", v1_reading, right, wrong)


MUTANTS = {
    "any-bytes": _dialect("if not frame.isascii():", "if False:"),
    "any-depth": in_place_of(v1, "is_nested_deeper", lambda: lambda *_: False),
    "type-may-be-repeated": in_place_of(v1, "has_repeated_type", lambda: lambda *_: False),
    "second-type-is-not-looked-for": _dialect("if outside != len(frame) and", "if False and"),
    "any-sender": changed(
        v1, "relay_of", v1_requests, "if claim != user and claim is not UNSET", "if claim == 0 and claim"
    ),
    "any-size": changed(v1, "request_of", v1_requests, "if size > settings.max_match_size:", "if False:"),
    "candidate-before-sdp": changed(
        v1,
        "relay_of",
        v1_requests,
        "% (message.sdp, message.candidate)",
        "% (message.candidate, message.sdp)",
    ),
    "id-is-lost": _dialect("None if number is UNSET else number", "None"),
    "id-of-a-refused-one-is-lost": _careful("Numbered(connection, request, number, seen)", "request"),
    "depth-raises": _dialect("ValueError, RecursionError, Mismatch", "ValueError, Mismatch"),
    "no-utf-8-raises": _dialect(", ValueError, RecursionError, Mis", ", RecursionError, Mis"),
    "dropping-raises": _dialect(
        "except (msgspec.DecodeError, ValueError, RecursionError):", "except KeyError:"
    ),
    "dropped-without-id": _dialect("number = None if numbers.id is UNSET else numbers.id", "number = None"),
    "all-is-shown": changed(
        v1_shapes,
        "shown",
        unusable,
        "text if len(text) <= LONGEST_SHOWN else",
        "text if len(text) <= 400 else",
    ),
    "shown-as-it-came": in_place_of(v1_shapes, "_printable", lambda: lambda text: text),
    "one-is-left-out": _dialect("for frame in frames]", "for frame in frames[:8]]"),
}

TARGET = Target(
    check=check,
    seeds=SEEDS,
    words=WORDS,
    longest=1024,
    mutants=MUTANTS,
    guides=(naive.expected, naive.misfits, naive.misfit, naive.rules, naive.ticket_rules, naive_dialect.read),
)
