"""Whatever comes gives a command, the one that the naive dialect gives; both ways to read give the same."""

from __future__ import annotations

from collections import Counter

from hypothesis import example, given, settings
from hypothesis import strategies as st

from focus_signal.core.commands import Invalid
from focus_signal.wire.v1_reading import read_with_care
from tests.wire.json_strategies import mutated, objects
from tests.wire.v1.dialect import CONNECTION, LONGEST_MESSAGE, SETTINGS, USER, bare, decode
from tests.wire.v1.drawing import corpus, frames
from tests.wire.v1.naive import differs, expected
from tests.wire.v1.schema import MESSAGES

CODES = {"bad-json", "bad-message", "unknown-type", "bad-match-size", "wrong-sender", "not-allowed"}


def judge(frame: bytes) -> None:
    """Check what becomes of a frame."""
    command = decode(frame)
    assert not differs(command, expected(frame)), (frame, command, expected(frame))
    assert read_with_care(frame, CONNECTION, USER, SETTINGS) == command


@settings(max_examples=1_000)
@given(st.binary(max_size=300))
@example(b"")
@example(b"\xff" * 1_000)
@example(b'{"type":"signal","to":"bob","data":' + b"[" * 200_000)
@example(b'{"a":' * 50_000)
@example(b'"' * 100_000)
@example(b'"' + b"\\" * 100_001)
def test_no_bytes_raise_or_pass_in_silence(frame: bytes) -> None:
    refused = bare(decode(frame))
    if not isinstance(refused, Invalid):
        # Among any bytes, hypothesis tries the constants of all modules, and some of those are right frames.
        judge(frame)
        return
    assert refused.code in CODES
    assert 0 < len(refused.message) <= LONGEST_MESSAGE


@settings(max_examples=400)
@given(frames | objects)
def test_any_json_gets_what_the_naive_dialect_gives_it(text: str) -> None:
    judge(text.encode())


@settings(max_examples=200)
@given(mutated(frames) | mutated(objects))
def test_broken_json_gets_what_the_naive_dialect_gives_it(frame: bytes) -> None:
    judge(frame)


def test_such_frames_meet_every_outcome() -> None:
    """A mistake in what draws them could leave one out, and no other test would tell."""
    all_expected = [expected(text.encode()) for text in corpus()]
    taken = Counter(str(each.request[0]) for each in all_expected if each.request is not None)
    assert {kind for kind, times in taken.items() if times >= 10} == set(MESSAGES) - {"renew"}
    refused = Counter(code for each in all_expected for code in {code for code, _ in each.problems})
    assert {code for code, times in refused.items() if times >= 10} == CODES
    paths = {path for each in all_expected for _, path in each.problems}
    assert paths >= {"type", "id", "seen", "to", "from", "party.code", "party.size", "minSize", "readyCheck"}
    assert sum(each.numbers != (None, None) for each in all_expected) >= 100
    assert sum(each.numbers != (None, None) and bool(each.problems) for each in all_expected) >= 50
