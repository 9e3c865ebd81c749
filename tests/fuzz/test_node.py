"""Whatever is relayed is read by Node's `JSON.parse`, with the values that Python reads."""

from __future__ import annotations

import base64
import json
import struct
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import attrs
import pytest

from focus_signal.core.commands import Command, Relay, RelayClump
from focus_signal.core.effects import Relayed
from focus_signal.wire import clumps, seed_dialect
from focus_signal.wire.seed_dialect import SeedDialect
from tests.fuzz.drawing import Drawing
from tests.fuzz.planting import mistaken
from tests.fuzz.targets.decoder import SEEDS, SEPARATOR, WORDS
from tests.peers.programs import require_node
from tests.wire.dialect import CONNECTION, DIALECT, LARGEST, NESTING, RELAYED, USER, USER_BYTES
from tests.wire.test_clumps import ONE, TRAPS
from tests.wire.test_seed_dialect import PAYLOADS
from tests.wire.test_seed_dialect_traps import LONE_SURROGATES, NO_UTF8, PLACES

PROGRAM = Path(__file__).with_name("json_parse.mjs")
SENDERS = (USER, 'q"uo\\te', "\0\x1f\x7f", "é😀", "\u2028\ufeff")
# JavaScript puts such keys first.
INDEXES = ('{"b":1,"10":2,"9":3,"01":4,"4294967294":5,"4294967295":6,"-1":7,"":8,"__proto__":9,"٣":10}',)
# What is no JSON, or no text, wherever a payload stands.
NO_JSON = (
    "NaN",
    "Infinity",
    "-Infinity",
    "undefined",
    "'a'",
    "01",
    "1.",
    "+1",
    "[1,]",
    '{"a":1,}',
    '"\n"',
    "/**/1",
)


def in_node(texts: Iterable[bytes]) -> list[Any]:
    """Let one Node read texts; give of each its value as `told`, or an `Unread`."""
    lines = b"".join(base64.b64encode(text) + b"\n" for text in texts)
    done = subprocess.run(
        [require_node(), str(PROGRAM)], input=lines, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    return [json.loads(line) for line in done.stdout.splitlines()]


def told(value: Any) -> Any:
    """Say what Python has read in the program's terms: all numbers as JavaScript's, keys in its order."""
    match value:
        case bool() | None | str():
            return [{bool: "boolean", str: "string"}.get(type(value), "object"), value]
        case float():
            return ["number", f"{struct.unpack('>Q', struct.pack('>d', value))[0]:x}"]
        case list():
            return ["array", [told(member) for member in value]]
        case dict():
            return ["object", [[key, told(value[key])] for key in _javascript_order(value)]]
        case _:
            raise AssertionError(f"JSON has no {value!r}")


def _javascript_order(keys: Iterable[str]) -> list[str]:
    """Put keys that are indexes first, in the order of their numbers, as JavaScript does."""
    indexes = {key: int(key) for key in keys if _is_index(key)}
    return [*sorted(indexes, key=indexes.__getitem__), *(key for key in keys if key not in indexes)]


def _is_index(key: str) -> bool:
    return key.isascii() and key.isdecimal() and str(int(key[:20])) == key and int(key) < (1 << 32) - 1


@attrs.frozen
class Sent:
    """Be what one frame makes a receiver get, and the value that it is to read.

    Args:
      frame: what came.
      text: what is sent on.
      value: in the terms of `told`; None where Python cannot even read the frame.
    """

    frame: bytes
    text: bytes
    value: Any


def all_sent(dialect: SeedDialect, frames: Sequence[bytes]) -> Iterator[Sent]:
    """Give what is sent on for frames, each read alone and behind itself, so that it may be in a clump."""
    for number, frame in enumerate(frames):
        sender = SENDERS[number % len(SENDERS)]
        commands = (
            dialect.decode(frame, CONNECTION, USER),
            *dialect.reader(CONNECTION, USER)([frame, frame]),
        )
        # Each time the same, so that one is enough; where they differ all are looked at.
        for text in dict.fromkeys(
            text for command in commands for text in texts_of(dialect, sender, command)
        ):
            yield Sent(frame, text, value_for(frame, sender))
    # What begins as a candidate did is read in another way.
    for frame in frames:
        # The last command is what became of the frame, or a clump whose last relay is the frame's.
        for command in dialect.reader(CONNECTION, USER)([ONE, frame])[-1:]:
            for text in texts_of(dialect, USER, command)[-1:]:
                yield Sent(frame, text, value_for(frame, USER))


def texts_of(dialect: SeedDialect, sender: str, command: Command | RelayClump) -> list[bytes]:
    """Write what a command makes a receiver get; nothing if it is no relay."""
    if isinstance(command, RelayClump):
        return dialect.encode_clump(sender, command.kind, command.payloads)
    if not isinstance(command, Relay):
        return []
    sent = dialect.encode(Relayed(sender, command.kind, command.payload))
    assert sent is not None
    return [sent]


def value_for(frame: bytes, sender: str) -> Any:
    """Say what the receiver of a frame is to read."""
    try:
        came = json.loads(frame.decode(), parse_int=float)
    except ValueError:
        return None
    payload = {name: came[name] for name in ("sdp", "candidate") if name in came}
    return told({"type": came["type"], "from": sender, **payload})


@cache
def frames() -> tuple[bytes, ...]:
    """Make thousands of frames, the same each time: good ones, hostile ones, and some of both changed."""
    drawing = Drawing(Random(1), WORDS)
    made = [drawing.frame() for _ in range(4_000)]
    made += [frame for seed in SEEDS for frame in seed.split(SEPARATOR)]
    made += [place.format(text).encode() for place in PLACES.values() for text in LONE_SURROGATES]
    made += [place.format("?").encode().replace(b"?", text) for place in PLACES.values() for text in NO_UTF8]
    made += [
        f'{{"type":"{RELAYED[number % 3]}","to":"bob","{field}":{payload}}}'.encode()
        for number, payload in enumerate((*PAYLOADS, *NO_JSON, *INDEXES))
        for field in ("sdp", "candidate")
    ]
    return (*made, *(drawing.changed(drawing.rng.choice(made)) for _ in range(4_000)))


def wrong(sent: Sequence[Sent]) -> list[tuple[Sent, Any]]:
    """List what Node does not read, or reads as something else than is wanted.

    V8 has a bug: once it has read a key with a backslash in it, it may take others, up to an escape in them,
    for that key. So texts with such a key are read last, by a Node of their own, which is to read them
    without an error and is asked for no more.
    """
    sure = [each for each in sent if not _has_backslash_key(each.value)]
    unsure = [each for each in sent if _has_backslash_key(each.value)]
    found = [
        (each, answer)
        for each, answer in zip(sure, in_node([each.text for each in sure]), strict=True)
        if each.value is None or answer != {"value": each.value}
    ]
    answers = zip(unsure, in_node([each.text for each in unsure]), strict=True)
    return found + [(each, answer) for each, answer in answers if "error" in answer]


def _has_backslash_key(value: Any) -> bool:
    match value:
        case ["object", list(members)]:
            return any("\\" in key or _has_backslash_key(member) for key, member in members)
        case ["array", members]:
            return any(map(_has_backslash_key, members))
        case _:
            return False


def test_whatever_is_relayed_is_json() -> None:
    sent = list(all_sent(DIALECT, frames()))
    assert len(frames()) > 8_000
    assert len({each.text for each in sent}) > 3_000
    assert len({each.frame for each in sent}) < len(frames()) - 2_000, "too few are refused"
    assert len({each.text for each in sent if not _has_backslash_key(each.value)}) > 3_000
    assert wrong(sent) == []


def dialect_with(right: str, wrong: str) -> SeedDialect:
    made: SeedDialect = mistaken(seed_dialect, right, wrong).SeedDialect(LARGEST, USER_BYTES, NESTING)
    return made


MISTAKES = {
    "bytes that are no text": ("if not frame.isascii():", "if False:"),
    "NaN": (
        "user)\n        return Relay(connection, to, kind, payload)",
        'user)\n        return Relay(connection, to, kind, payload.replace(b"null", b"NaN"))',
    ),
    "a sender as it is": ("_encode(message.sender)", "b'\"%b\"' % message.sender.encode()"),
    "a payload's beginning": (
        "b',\"candidate\":%b' % plain.candidate",
        "b',\"candidate\":%b' % bytes(plain.candidate)[:200]",
    ),
    "another payload": (
        "payload, inside = b',\"sdp\":%b' % plain.sdp",
        "payload, inside = b',\"sdp\":0' + b''",
    ),
}


@pytest.mark.parametrize(("right", "mistake"), MISTAKES.values(), ids=MISTAKES)
def test_a_dialect_that_lets_through_what_is_no_json_is_found(right: str, mistake: str) -> None:
    assert wrong(list(all_sent(dialect_with(right, mistake), frames()[::10])))


def test_a_reader_of_clumps_that_lets_through_what_is_no_json_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = mistaken(clumps, "_read_value(frame[inside - 1 : -1])", "None")
    monkeypatch.setattr(seed_dialect, "ClumpReader", module.ClumpReader)
    assert wrong(list(all_sent(DIALECT, [ONE, *TRAPS.values()])))


NOT_READ = {
    "NaN": b'{"a":NaN}',
    "half a character": b'{"a":"\xed\xa0\x80"}',
    "a byte order mark": b'\xef\xbb\xbf{"a":1}',
    "a byte that is no text": b'{"a":"\xff"}',
    "nothing": b"",
}


def test_node_says_what_it_cannot_read() -> None:
    answers = in_node([*NOT_READ.values(), b'{"a":[1e999,-0,null,"\\ud800"],"1":true}'])
    assert [list(answer) for answer in answers[:-1]] == [["error"]] * len(NOT_READ)
    numbers = [["number", "7ff0000000000000"], ["number", "8000000000000000"]]
    array = ["array", [*numbers, ["object", None], ["string", "\ud800"]]]
    assert answers[-1] == {"value": ["object", [["1", ["boolean", True]], ["a", array]]]}
