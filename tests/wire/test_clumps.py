"""What is read in clumps is what each frame says when it is read alone, whatever the frames are."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from focus_signal.core.commands import Command, Invalid, Relay, RelayClump
from focus_signal.core.effects import Relayed
from focus_signal.wire import clumps
from tests.wire.dialect import CONNECTION, DIALECT, NESTING, USER
from tests.wire.json_strategies import frames, mutated, objects

HEAD = b'{"type":"ice-candidate","to":"bob","from":"ada","candidate":'
ONE, TWO = HEAD + b'{"candidate":"c1","sdpMLineIndex":0}}', HEAD + b'{"candidate":"c2","sdpMLineIndex":0}}'

MakeReader = Callable[[Callable[[bytes, int, str], Command], int, str], clumps.ClumpReader]


def singly(commands: Sequence[Command | RelayClump]) -> list[Command]:
    """Write clumps out."""
    singles: list[Command] = []
    for command in commands:
        if isinstance(command, RelayClump):
            assert len(command.payloads) >= 2
            to, kind = command.to, command.kind
            singles += [Relay(command.connection, to, kind, payload) for payload in command.payloads]
        else:
            singles.append(command)
    return singles


def differs(make: MakeReader, texts: Sequence[bytes]) -> bool:
    """Tell whether frames are read in another way than each alone: in one read, or in a read for each."""
    expected = [DIALECT.decode(text, CONNECTION, USER) for text in texts]
    at_once, one_by_one = (make(DIALECT.decode, CONNECTION, USER) for _ in range(2))
    if singly(at_once.read(texts)) != expected:
        return True
    return [command for text in texts for command in one_by_one.read([text])] != expected


def test_like_candidates_in_a_row_are_one_clump() -> None:
    match = b'{"type":"matchmaking","matchSize":2}'
    for_cyd = ONE.replace(b"bob", b"cyd")
    texts = [ONE, TWO, ONE, match, TWO, for_cyd, for_cyd, match]
    commands = DIALECT.reader(CONNECTION, USER)(texts)
    assert [type(command).__name__ for command in commands] == [
        "RelayClump",
        "RequestMatch",
        "Relay",
        "RelayClump",
        "RequestMatch",
    ]
    assert singly(commands) == [DIALECT.decode(text, CONNECTION, USER) for text in texts]


# Each comes behind a candidate, and begins as that does; most are no candidates.
NESTED = b'{"a":' * NESTING + b"1" + b"}" * NESTING
TRAPS = {
    "nothing more": HEAD + b"{",
    "not closed": HEAD + b'{"candidate":"c"}',
    "closed twice": HEAD + b'{"candidate":"c"}}}',
    "space before the end": HEAD + b'{"candidate":"c"} }',
    "space behind the end": HEAD + b'{"candidate":"c"}} ',
    "a text that is not closed": HEAD + b'{"candidate":"c}}',
    "another field": HEAD + b'{"candidate":"c"},"x":{}}',
    "another field without a bracket": HEAD + b'{"candidate":"c"},"to":"cyd","x":"}}',
    "a second candidate": HEAD + b'{"candidate":"c"},"candidate":{"d":1}}',
    "type once more": HEAD + b'{"candidate":"c"},"type":"offer","sdp":{"type":1}}',
    "type within": HEAD + b'{"type":"offer","type":"offer"}}',
    "as deep as may be": HEAD + NESTED + b"}",
    "one too deep": HEAD + b'{"a":' + NESTED + b"}}",
    "a list too deep": HEAD + b'{"a":' + b"[" * NESTING + b"]" * NESTING + b"}}",
    "no UTF-8": HEAD + b'{"candidate":"\xff"}}',
    "UTF-8": HEAD + '{"candidate":"ä"}}'.encode(),
    "a control character": HEAD + b'{"candidate":"\n"}}',
    "no key": HEAD + b"{1:2}}",
    "nothing in it": HEAD + b"{}}",
    "with a comma": HEAD + b'{"candidate":"c",}}',
    "a bracket closed": HEAD + b'{"candidate":]}}',
    "for somebody else": HEAD.replace(b"bob", b"cyd") + b'{"candidate":"c"}}',
    "of another kind": HEAD.replace(b"ice-candidate", b"answer") + b'{"candidate":"c"}}',
}
# What comes first, and may lend its head to the next; these have more to them than a plain candidate.
FIRSTS = {
    "plain": ONE,
    "payload first": b'{"candidate":{"a":1},"type":"ice-candidate","to":"bob"}',
    "both": b'{"type":"offer","to":"bob","sdp":{"a":1},"candidate":{"b":2}}',
    "both the other way round": b'{"type":"offer","to":"bob","candidate":{"b":2},"sdp":{"a":1}}',
    "twice": HEAD + b'1,"candidate":{"a":1}}',
    "a text": b'{"type":"offer","to":"bob","sdp":"a{b"}',
    "a text that looks like more": b'{"type":"offer","to":"bob","sdp":",\\"sdp\\":{"}',
    "spaced": b'{"type": "ice-candidate", "to": "bob", "candidate": {"a":1}}',
    "escaped": b'{"type":"ice-c\\u0061ndidate","to":"bob","candidate":{"a":1}}',
    "space behind": ONE + b" ",
    "nested": HEAD + b'{"a":{"b":[1]}}}',
    "not its own": ONE.replace(b"ada", b"eve"),
}
# Behind the same head, with other ends.
ENDS = [b'"x":2}}', b"}}", b'"x":{}}}', b'}},"to":"cyd"}', b'b"}', b'}"}', b"{}}", b'"} }', b"}"]


@pytest.mark.parametrize("trap", TRAPS.values(), ids=TRAPS)
def test_what_begins_as_a_candidate_did_is_read_as_if_alone(trap: bytes) -> None:
    for texts in ([ONE, trap], [ONE, TWO, trap, TWO], [trap, ONE, TWO], [trap, trap]):
        assert not differs(clumps.ClumpReader, texts)


@pytest.mark.parametrize("first", FIRSTS.values(), ids=FIRSTS)
def test_whatever_comes_first(first: bytes) -> None:
    follow = [first[:cut] + end for cut in range(20, len(first)) for end in ENDS]
    for second in (first, ONE, *follow):
        assert not differs(clumps.ClumpReader, [first, second, second, first])


@st.composite
def alike(draw: st.DrawFn) -> list[bytes]:
    """Draw frames that begin alike."""
    first = draw(frames() | objects).encode() if draw(st.booleans()) else ONE
    texts = [first]
    for _ in range(draw(st.integers(1, 4))):
        cut = draw(st.integers(0, len(first)))
        other = draw(mutated(st.just(first.decode("utf-8", "replace"))) | objects.map(str.encode))
        texts.append(draw(st.sampled_from([first, first[:cut] + other[cut:], HEAD + other + b"}", other])))
    return texts


@settings(max_examples=500)
@given(alike())
def test_any_frames_that_begin_alike(texts: list[bytes]) -> None:
    assert not differs(clumps.ClumpReader, texts)


def test_a_clump_is_written_as_its_relays_are() -> None:
    payloads = [b',"candidate":{"a":%d}' % number for number in range(3)]
    for sender, kind in (("ada", "ice-candidate"), ('q"uote', "offer"), ("ümlaut", "answer")):
        each = [DIALECT.encode(Relayed(sender, kind, payload)) for payload in payloads]
        assert DIALECT.encode_clump(sender, kind, payloads) == each


MISTAKES = [
    ("frame.startswith(head)", "frame.startswith(head[:30])"),
    ("            and frame.endswith(_END)\n", ""),
    ("            and frame.isascii()\n", ""),
    ('            and frame.find(b"{", inside) < 0\n', ""),
    ('            and frame.find(b"[", inside) < 0\n', ""),
    ("_read_value(frame[inside - 1 : -1])", "None"),
    ("not command.payload.startswith(_OBJECTS)", 'b"{" not in command.payload'),
    ("if cut <= 0 or not frame.startswith(command.payload, cut):", "if False:"),
    ("payloads.append(payload)\n                continue", "continue"),
    ("                payloads = []\n", ""),
    ("            if payloads:\n                commands", "            if False:\n                commands"),
    ("tuple(payloads)", "tuple(payloads[::-1])"),
    ("command.to, command.kind, cut, inside", 'command.to, "offer", cut, inside'),
]


@pytest.mark.parametrize(("right", "wrong"), MISTAKES)
def test_a_mistake_is_found(right: str, wrong: str) -> None:
    source = inspect.getsource(clumps)
    assert source.count(right) == 1, f"{right!r} does not stand once in {clumps.__name__}"
    module = ModuleType("mistaken")
    exec(compile(source.replace(right, wrong), "mistaken", "exec"), module.__dict__)  # noqa: S102 - the reader itself, with one change
    make: MakeReader = module.__dict__["ClumpReader"]

    def shows(texts: Sequence[bytes]) -> bool:
        try:
            return differs(make, texts)
        except Exception:  # noqa: BLE001 - raising is a difference, too
            return True

    follow = [
        [first, first[:cut] + end]
        for first in FIRSTS.values()
        for cut in range(20, len(first))
        for end in ENDS
    ]
    assert any(map(shows, [[ONE, TWO], *([ONE, trap] for trap in TRAPS.values()), *follow]))


def test_what_is_kept_of_a_frame_is_bounded() -> None:
    for size in (100, 900, 1_100, 100_000):
        texts = [text.replace(b'"to"', b'"x":"%b","to"' % (b"y" * size)) for text in (ONE, TWO)]
        reader = clumps.ClumpReader(DIALECT.decode, CONNECTION, USER)
        assert singly(reader.read(texts)) == [DIALECT.decode(text, CONNECTION, USER) for text in texts]
        assert (reader._head is not None) == (size < 1_000)
        assert len(reader._head or b"") <= 1_024


def test_the_traps_about_depth_stand_on_both_sides_of_the_limit() -> None:
    verdicts = [
        DIALECT.decode(TRAPS[trap], CONNECTION, USER) for trap in ("as deep as may be", "one too deep")
    ]
    assert [type(command) for command in verdicts] == [Relay, Invalid]
