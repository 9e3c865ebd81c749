"""JSON as text, not as values: all ways to write it that the grammar allows, for Hypothesis to choose."""

from __future__ import annotations

from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

WHITESPACE = st.text(alphabet=" \t\r\n", max_size=2)
# Pieces of a string, already escaped; a scanner could trip over brackets and over what looks like a key.
_PIECES = (
    "[",
    "{",
    "]}",
    '\\"',
    "\\\\",
    "\\/",
    "\\b\\f\\n\\r\\t",
    "\\u0041",
    "\\u005b",
    "\\u0022",
    "\\u0000",
    "\\ud83d\\ude00",
    "type",
    "ty\\u0070e",
    '\\"type\\":',
    ":",
    ",",
    "é",
    "😀",
    "\u2028",
    "\x7f",
    "NaN",
)
_LONE = ("\\ud800", "\\udc00", "\\ud83d\\u0041")
_PLAIN = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='"\\')
_NUMBERS = ("0", "-0", "1", "-1", "2.0", "2.5", "1e999", "1E-7", "20e-1", "9" * 400, "17", "16", "1.0e+2")

inside_strings = st.lists(st.sampled_from(_PIECES) | _PLAIN, max_size=3).map("".join)
strings = inside_strings.map(lambda text: f'"{text}"')
numbers = st.sampled_from(_NUMBERS) | st.from_regex(
    r"-?(0|[1-9][0-9]{0,5})(\.[0-9]{1,3})?(e[+-]?[0-9]{1,3})?", fullmatch=True
)
scalars = strings | numbers | st.sampled_from(["true", "false", "null"])
keys = strings | st.sampled_from(['"type"', '"ty\\u0070e"', '"sdp"', '""'])


@st.composite
def _array(draw: st.DrawFn, members: st.SearchStrategy[str]) -> str:
    space = draw(WHITESPACE)
    return f"[{space}{f'{space},'.join(draw(st.lists(members, max_size=4)))}{space}]"


@st.composite
def _object(draw: st.DrawFn, members: st.SearchStrategy[str]) -> str:
    return object_of(draw(st.lists(st.tuples(keys, members), max_size=4)), draw(WHITESPACE))


def object_of(members: list[tuple[str, str]], space: str) -> str:
    """Write an object with so much space at every place that may have some."""
    written = f"{space},{space}".join(f"{key}{space}:{space}{value}" for key, value in members)
    return f"{space}{{{space}{written}{space}}}{space}"


def nested(text: str, levels: int, openings: str) -> str:
    """Wrap a value in so many levels, of the kinds that `openings` names in turn."""
    wraps = [
        ("[", "]") if openings[level % len(openings)] == "[" else ('{"a":', "}") for level in range(levels)
    ]
    return (
        "".join(opening for opening, _ in wraps) + text + "".join(closing for _, closing in reversed(wraps))
    )


values: st.SearchStrategy[str] = st.recursive(
    scalars, lambda members: _array(members) | _object(members), max_leaves=6
)
# So many levels that the limit is near.
deep_values = values | st.builds(
    nested, values, st.integers(28, 34), st.sampled_from(["[", "{", "[{", "{{["])
)
objects = _object(deep_values)
lone_surrogates = st.sampled_from(_LONE).map(lambda text: f'"{text}"')


@st.composite
def frames(draw: st.DrawFn) -> str:
    """Write what a client could send: mostly right, with known fields in any order and number."""
    fields = {
        '"type"': st.sampled_from(
            [
                '"offer"',
                '"offer"',
                '"answer"',
                '"ice-candidate"',
                '"matchmaking"',
                '"matchmaking"',
                '"Offer"',
                '"\\u006fffer"',
            ]
        ),
        '"to"': st.sampled_from(
            ['"bob"', '"bob"', '"bob"', '"b\\u006fb"', '""', f'"{"é" * 64}"', f'"{"é" * 65}"']
        ),
        '"from"': st.sampled_from(['"ada"', '"ada"', "null", '"\\u0061da"', '"eve"']),
        '"matchSize"': st.sampled_from(["1", "2", "2.0", '"2"', '"02"', "0", "17", "1e999"]) | numbers,
        '"sdp"': deep_values,
        '"candidate"': deep_values,
    }
    names = draw(st.lists(st.sampled_from(list(fields)), unique=True, max_size=6))
    if draw(st.sampled_from([True, True, True, True, False])):
        names = [*(name for name in ('"type"', '"to"', '"matchSize"') if name not in names), *names]
    members = [(name, draw(fields[name])) for name in names]
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        key = draw(keys | st.sampled_from([*fields, '"t\\u006f"']))
        members.insert(draw(st.integers(0, len(members))), (key, draw(deep_values | lone_surrogates)))
    return object_of(members, draw(WHITESPACE))


@st.composite
def mutated(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> bytes:
    """Put in, take out or replace a few bytes."""
    data = bytearray(draw(texts).encode())
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(data)))
        stop = min(len(data), start + draw(st.integers(0, 3)))
        data[start:stop] = draw(
            st.binary(max_size=2) | st.sampled_from([b'"', b"\\", b"[", b"}", b"\0", b"\xff", b","])
        )
    return bytes(data)


@cache
def corpus() -> tuple[str, ...]:
    """Return some frames and objects, the same in every run, for tests that count over all of them.

    They are many, since what hypothesis draws depends on which modules are loaded, and some kinds are rare.
    """
    texts: list[str] = []

    @settings(max_examples=2400, derandomize=True, database=None, deadline=None)
    @given(st.one_of(frames(), frames(), frames(), objects))
    def collect(text: str) -> None:
        texts.append(text)

    collect()
    return tuple(texts)
