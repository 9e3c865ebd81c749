"""The decoder of messages: what never raises, what is relayed, and what the reader of clumps says.

An input is what a connection sends with one read: frames with the byte 0x1E between them, which stands in no
JSON.
"""

from __future__ import annotations

import json
import sys
from functools import partial

from focus_signal.core.commands import Command, Invalid, Relay, RequestMatch
from focus_signal.core.effects import Refused, Relayed
from focus_signal.wire import clumps, seed_dialect, unusable
from tests.fuzz.planting import Plant, changed, in_place_of, mistaken
from tests.fuzz.target import GROW, Meter, Target, Wrong, grown
from tests.wire import naive_dialect
from tests.wire.dialect import CONNECTION, DIALECT, LARGEST, NESTING, TYPES, USER, USER_BYTES, loads
from tests.wire.naive_dialect import Object, expected, read, seen
from tests.wire.test_clumps import FIRSTS, HEAD, ONE, TRAPS, TWO, singly
from tests.wire.test_seed_dialect import PAYLOADS
from tests.wire.test_seed_dialect_traps import KEYS, LONE_SURROGATES, NO_UTF8, PLACES

SEPARATOR = b"\x1e"
# As large as a frame may be.
_LARGEST_FRAME = 256 * 1024
# What the naive dialect reads: it takes its time, and recurs for each level.
_SMALL, _FLAT = 4096, 200
_ODD_USER = 'q"\\\u2028\0é😀'


def check(data: bytes, meter: Meter) -> None:
    """Read frames one by one and as one read."""
    # However many frames are grown, together they are no larger than one may be: no read brings more.
    size = _LARGEST_FRAME // max(1, data.count(GROW) // 2)
    frames = [grown(frame, size) for frame in data.split(SEPARATOR)]
    commands = [meter.measure(partial(DIALECT.decode, frame, CONNECTION, USER)) for frame in frames]
    for frame, command in zip(frames, commands, strict=True):
        _check_command(frame, command)
    together = meter.measure(lambda: DIALECT.reader(CONNECTION, USER)(frames))
    if singly(together) != commands:
        raise Wrong(f"at once {together}, each alone {commands}")
    one_by_one = meter.measure(
        lambda: list(map(DIALECT.reader(CONNECTION, USER), ([frame] for frame in frames)))
    )
    if [command for each in one_by_one for command in each] != commands:
        raise Wrong(f"in a read for each {one_by_one}, each alone {commands}")


def _check_command(frame: bytes, command: Command) -> None:
    match command:
        case Relay(connection, to, kind, payload):
            if not 0 < len(to.encode()) <= USER_BYTES:
                raise Wrong(f"relayed to {to!r}")
            for sender in (USER, _ODD_USER):
                _check_sent(sender, kind, payload)
        case RequestMatch(connection, size):
            if type(size) is not int:
                raise Wrong(f"the size {size!r}")
        case Invalid(connection, code, message, to):
            if not 0 < len(message) <= 250:
                raise Wrong(f"an error of {len(message)} characters")
            told = loads(DIALECT.encode(Refused(code, message, to)) or b"")
            if told != {"type": "error", "code": code, "message": message} | (
                {} if to is None else {"to": to}
            ):
                raise Wrong(f"the error {told}")
        case _:
            raise Wrong(f"a frame has become {command}")
    if connection != CONNECTION:
        raise Wrong(f"it is said to have come on connection {connection}")
    if len(frame) <= _SMALL and frame.count(b"[") + frame.count(b"{") <= _FLAT:
        wanted = expected(frame)
        if seen(command) != wanted:
            raise Wrong(f"{seen(command)}, by the naive dialect {wanted}")


def _check_sent(sender: str, kind: str, payload: bytes) -> None:
    """Read what is passed on as its receiver does, or more strictly."""
    sent = DIALECT.encode(Relayed(sender, kind, payload))
    if sent is None or DIALECT.encode_clump(sender, kind, [payload]) != [sent]:
        raise Wrong(f"{sent!r}, in a clump another")
    value = json.loads(sent.decode(), parse_int=str, parse_constant=_refuse)
    if (value.pop("type"), value.pop("from")) != (kind, sender) or kind not in TYPES[1:]:
        raise Wrong(f"{sent!r} is not of {kind} from {sender}")
    if not value.keys() <= {"sdp", "candidate"}:
        raise Wrong(f"{sent!r} has other fields")
    if len(sent) <= _SMALL:
        # The keys of the outermost object are each there once, and no string is half of a character.
        strict = read(sent.decode())
        names = [name for name, _ in strict.members] if isinstance(strict, Object) else []
        if names[:2] != ["type", "from"] or names[2:] != list(value):
            raise Wrong(f"{sent!r} has the fields {names}")


def _refuse(constant: str) -> None:
    raise Wrong(f"{constant} is passed on, and is no JSON")


SEEDS = (
    b'{"type":"matchmaking","matchSize":2}',
    b'{"type":"matchmaking","matchSize":"16"}',
    *FIRSTS.values(),
    *(ONE + SEPARATOR + trap for trap in TRAPS.values()),
    SEPARATOR.join([ONE, TWO, ONE, HEAD + b"{}}"]),
    *(place.format("\\ud83d\\ude00").encode() for place in PLACES.values()),
    *(PLACES["inside sdp"].format(text).encode() for text in LONE_SURROGATES),
    *(PLACES["key inside sdp"].format("?").encode().replace(b"?", text) for text in NO_UTF8),
    *(f'{{{key}:"offer","to":"bob","sdp":{{{key}:1}}}}'.encode() for key in KEYS),
    *(
        f'{{"type":"offer","to":"bob","sdp":{payload}}}'.encode()
        for payload in PAYLOADS
        if len(payload) < 200
    ),
    *(
        place.encode().replace(b'"?"', quote + GROW + part + GROW + quote)
        for place in ('{"type":"?"}', '{"type":"offer","to":"?"}', '{"type":"matchmaking","matchSize":"?"}')
        for part in (b"1", b"-")
        for quote in (b"", b'"')
    ),
    *(
        b'{"type":"offer","to":"bob","sdp":[' + GROW + part + GROW + b"0]}"
        for part in (
            b"1,",
            b'{"type":1},',
            b'"\\"",',
            b"[[],[]],",
            b'"type":',
            b"[",
            b'"' + b"\\" * 2 + b'",',
        )
    ),
)
WORDS = (
    *(
        f'"{name}"'.encode()
        for name in (*TYPES, "type", "to", "from", "sdp", "candidate", "matchSize", "bob", USER)
    ),
    *(
        b"null",
        b"true",
        b"NaN",
        b"Infinity",
        b"-0",
        b"1e999",
        b"{",
        b"}",
        b"[",
        b"]",
        b'":',
        b",",
        b"}}",
        b'"',
    ),
    *(
        b"\\u0070",
        b"\\ud83d\\ude00",
        b"\\ud800",
        b'\\"',
        b"\\\\",
        b"\xc3\xa9",
        b"\xf0\x9f\x98\x80",
        b"\xed\xa0\x80",
    ),
    *(
        b',"sdp":{',
        b',"candidate":{',
        b'"ty\\u0070e":',
        b"[" * 16,
        b"]" * 16,
        b"\xef\xbb\xbf",
        SEPARATOR,
        GROW,
        HEAD,
    ),
)


def _dialect(right: str, wrong: str) -> Plant:
    """Speak a dialect with one change in its source."""

    def make() -> object:
        return mistaken(seed_dialect, right, wrong).SeedDialect(LARGEST, USER_BYTES, NESTING)

    return in_place_of(sys.modules[__name__], "DIALECT", make)


def _clumps(right: str, wrong: str) -> Plant:
    return changed(seed_dialect, "ClumpReader", clumps, right, wrong)


MUTANTS = {
    "any-bytes-in-plain-relays": _dialect("if not frame.isascii():", "if False:"),
    "any-depth": in_place_of(seed_dialect, "is_nested_deeper", lambda: lambda *_: False),
    "type-may-be-repeated": in_place_of(seed_dialect, "has_repeated_type", lambda: lambda *_: False),
    "any-sender": in_place_of(seed_dialect, "_may_claim", lambda: lambda *_: True),
    "sender-is-whoever-is-named": _dialect(
        "        elif claim is not UNSET and claim is not None:", "        elif claim == 0:"
    ),
    "sdp-is-doubled": _dialect(
        "payload, inside = b',\"sdp\":%b'", 'payload, inside = b\',"sdp":0,"sdp":%b\''
    ),
    "depth-raises": _dialect(
        "except (msgspec.DecodeError, ValueError, RecursionError):",
        "except (msgspec.DecodeError, ValueError):",
    ),
    "size-is-a-float": _dialect(
        "int(number) if number.is_integer() and", "number if number.is_integer() and"
    ),
    "all-is-shown": changed(
        seed_dialect,
        "shown",
        unusable,
        "text if len(text) <= LONGEST_SHOWN else",
        "text if len(text) <= 400 else",
    ),
    "clump-may-go-on": _clumps("            and frame.endswith(_END)\n", ""),
    "clump-of-any-bytes": _clumps("            and frame.isascii()\n", ""),
    "clump-of-no-json": _clumps("_read_value(frame[inside - 1 : -1])", "None"),
    "clump-of-any-depth": _clumps('            and frame.find(b"[", inside) < 0\n', ""),
    "clump-turned-round": _clumps("tuple(payloads)", "tuple(payloads[::-1])"),
}

TARGET = Target(
    check=check,
    seeds=SEEDS,
    words=WORDS,
    longest=1024,
    mutants=MUTANTS,
    guides=(
        naive_dialect.expected,
        naive_dialect.read,
        naive_dialect.depth_of,
        naive_dialect.size_of,
        naive_dialect.is_user,
    ),
)
