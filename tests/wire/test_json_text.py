"""Depth and repeated keys, found in the text of JSON, are those that a decoder finds in its values."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from focus_signal.wire.json_text import has_repeated_type, is_nested_deeper
from tests.wire.json_strategies import corpus, deep_values, objects
from tests.wire.naive_dialect import Object, depth_of, read


@pytest.mark.parametrize(
    ("text", "depth"),
    [
        ("1", 0),
        ('""', 0),
        ("null", 0),
        ("[]", 1),
        ("{}", 1),
        ('{"a":1}', 1),
        ("[[]]", 2),
        ("[{}]", 2),
        ('{"a":[]}', 2),
        ("[[],[]]", 2),
        ("[[],[[]],[]]", 3),
        ('[1,{"a":[2,{"b":3}]},[4]]', 4),
        ("[" * 500 + "]" * 500, 500),
        ("[" + "[]," * 500 + "[]]", 2),
        ('"[[[[[[["', 0),
        ('"\\"[[[["', 0),
        ('"\\\\"', 0),
        ('["\\\\","[","\\"]["]', 1),
        ('{"[[[":"]]]","{":{"}":[]}}', 3),
        ('["\\\\\\"[[["]', 1),
    ],
    ids=lambda value: str(value)[:24],
)
def test_depth(text: str, depth: int) -> None:
    found = [limit for limit in range(depth + 3) if is_nested_deeper(text.encode(), limit)]
    assert found == list(range(depth))


@settings(max_examples=400)
@given(deep_values, st.integers(0, 36))
def test_depth_is_that_of_the_values(text: str, limit: int) -> None:
    depth = depth_of(read(text))
    assert is_nested_deeper(text.encode(), limit) == (depth > limit)
    # Not by chance: the very border is asked for as well.
    assert not is_nested_deeper(text.encode(), depth)
    assert depth == 0 or is_nested_deeper(text.encode(), depth - 1)


@pytest.mark.parametrize(
    ("text", "repeated"),
    [
        ("{}", False),
        ('{"type":1}', False),
        ('{"type":1,"type":1}', True),
        ('{"type":1,"a":2,"type":1}', True),
        ('{"type" :1,"type"\t\r\n:1}', True),
        ('{"type":1,"ty\\u0070e":1}', True),
        ('{"\\u0074\\u0079\\u0070\\u0065":1,"type":1}', True),
        ('{"\\u0074ype":1,"typ\\u0065":1}', True),
        ('{"type":1,"Type":1,"TYPE":1,"type ":1," type":1,"typ":1}', False),
        ('{"type":{"type":1}}', False),
        ('{"a":{"type":1,"type":2}}', False),
        ('{"a":[{"type":1},{"type":2}],"type":3}', False),
        ('{"a":{"type":1},"type":2,"b":{"type":3},"type":4}', True),
        ('{"type":"type","a":"type"}', False),
        ('{"type":"\\"type\\":","a":"{\\"type\\":1}"}', False),
        ('{"a":"\\\\","type":1,"b":"\\\\","type":2}', True),
        ('{"a":"}","type":1,"b":"{","type":2}', True),
        ('{"a":"{","type":1,"b":{"type":2}}', False),
        ('{"a":"\\"","type":1,"type":2}', True),
    ],
)
def test_repeated_type(text: str, repeated: bool) -> None:
    assert has_repeated_type(text.encode()) == repeated


@settings(max_examples=400)
@given(objects)
def test_repeated_type_is_that_of_the_members(text: str) -> None:
    value = read(text)
    assert isinstance(value, Object)
    assert has_repeated_type(text.encode()) == (_types(value) > 1)


def test_such_objects_have_repeated_types() -> None:
    repeated = [isinstance(value, Object) and _types(value) > 1 for value in map(read_or_none, corpus())]
    assert sum(repeated) >= 20


def read_or_none(text: str) -> object:
    try:
        return read(text)
    except ValueError:  # a lone surrogate
        return None


def _types(value: Object) -> int:
    return [key for key, _ in value.members].count("type")


def test_both_take_time_in_proportion_to_the_text() -> None:
    """No timing: what would be quadratic, or run out of stack, does not end within the time of a test run."""
    wide = b"[" + b"[]," * 80_000 + b"[]]"
    assert not is_nested_deeper(wide, 33)
    strings = b'["' + b'\\"[' * 80_000 + b'"]'
    assert not is_nested_deeper(strings, 33)
    deep = b"[" * 120_000 + b"]" * 120_000
    assert is_nested_deeper(deep, 33)
    keys = b"{" + b'"type":1,' * 25_000 + b'"x":1}'
    assert has_repeated_type(keys)
    inner = b'{"a":[' + b'{"type":1},' * 20_000 + b'{}],"type":1}'
    assert not has_repeated_type(inner)
