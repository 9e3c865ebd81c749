"""Whatever comes gives a command, the one that the naive dialect gives; what is relayed is what was sent."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from focus_signal.core.commands import Invalid, Relay
from focus_signal.wire import seed_dialect
from tests.wire.dialect import NESTING, RELAYED, USER, decode, loads, passed_on
from tests.wire.json_strategies import corpus, deep_values, frames, mutated, objects
from tests.wire.naive_dialect import depth_of, expected, read, seen

# What can become of a frame; a mistake in the strategies could leave one out, and no other test would tell.
KINDS = {
    "offer",
    "answer",
    "ice-candidate",
    "match",
    "bad-json",
    "bad-message",
    "wrong-sender",
    "bad-match-size",
    "unknown-type",
}


@settings(max_examples=1_000)
@given(st.binary(max_size=300))
@example(b"")
@example(b"\xff" * 1_000)
@example(b'{"type":"offer","to":"bob","sdp":' + b"[" * 200_000)
@example(b'{"a":' * 50_000)
@example(b'"' * 100_000)
@example(b'"' + b"\\" * 100_001)
def test_no_bytes_raise(frame: bytes) -> None:
    command = decode(frame)
    assert len(getattr(command, "message", "")) <= 250


@settings(max_examples=400)
@given(mutated(frames()) | mutated(objects))
def test_broken_json_gets_what_the_naive_dialect_gives_it(frame: bytes) -> None:
    assert seen(decode(frame)) == expected(frame)


@settings(max_examples=400)
@given(frames() | objects)
def test_any_json_gets_what_the_naive_dialect_gives_it(text: str) -> None:
    assert seen(decode(text)) == expected(text.encode())


def test_such_frames_meet_every_outcome() -> None:
    outcomes = Counter(str(expected(text.encode())[0]) for text in corpus())
    assert {outcome for outcome, times in outcomes.items() if times >= 3} == KINDS


# Space around a value belongs to no value; what is inside is kept.
payloads = deep_values.filter(lambda text: depth_of(read(text)) <= NESTING).map(
    lambda text: text.strip(" \t\r\n")
)


@settings(max_examples=200)
@given(
    st.sampled_from(RELAYED),
    st.fixed_dictionaries({}, optional={"sdp": payloads, "candidate": payloads}),
    st.booleans(),
)
def test_what_is_relayed_is_what_was_sent(kind: str, fields: dict[str, str], turned: bool) -> None:
    written = {name: f',"{name}":{fields[name]}' for name in ("sdp", "candidate") if name in fields}
    sent = "".join(reversed(written.values()) if turned else written.values())
    got = passed_on(f'{{"type":"{kind}","to":"bob"{sent}}}')
    assert got == f'{{"type":"{kind}","from":"{USER}"{"".join(written.values())}}}'.encode()
    assert list(loads(got)) == ["type", "from", *written]


@settings(max_examples=200)
@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40))
def test_only_oneself_can_be_claimed(user: str, claim: str) -> None:
    frame = f'{{"type":"offer","to":"bob","from":{_quoted(claim)}}}'
    command = decode(frame, user)
    assert isinstance(command, Relay if user == claim else Invalid)
    assert isinstance(decode(f'{{"type":"offer","to":"bob","from":{_quoted(user)}}}', user), Relay)


def _quoted(text: str) -> str:
    """Write every character as an escape, the one spelling that no fast path can know."""
    units = text.encode("utf-16-be")
    return '"' + "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2)) + '"'


# Where a second type is as long as what a wrong sum would leave room for.
AS_LONG = (
    '{"type":"offer","to":"bob","type":"offer"}',
    '{"type":"matchmaking","matchSize":2,"type":"matchmaking"}',
)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("is_nested_deeper", lambda *_: False),
        ("has_repeated_type", lambda *_: False),
        ("_may_claim", lambda *_: True),
        ("_whole_number", lambda raw: int(float(bytes(raw).strip(b'"')))),
        ("_KINDS", dict.fromkeys(seed_dialect._KINDS, "offer")),
        ("_OUTSIDE", {kind: size + len(',"type":"offer"') for kind, size in seed_dialect._OUTSIDE.items()}),
        ("_MATCH", seed_dialect._MATCH + len(',"type":"matchmaking"')),
    ],
)
def test_a_mistake_in_the_dialect_is_found(monkeypatch: pytest.MonkeyPatch, name: str, wrong: object) -> None:
    """With a part of it replaced, one of the frames becomes something else, or raises."""
    texts = (*corpus(), *AS_LONG)
    assert not any(map(differs, texts))
    monkeypatch.setattr(seed_dialect, name, wrong)
    assert any(map(differs, texts))


def differs(text: str) -> bool:
    try:
        return seen(decode(text)) != expected(text.encode())
    except (TypeError, ValueError, OverflowError):
        return True
