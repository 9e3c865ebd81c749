"""Frames drawn from a seed: JSON as text in all the ways to write it, most of it right, some of it changed.

The vocabulary is that of the strategies for Hypothesis, which would take half a minute for as many.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from attrs import frozen

from tests.wire.dialect import NESTING, RELAYED
from tests.wire.json_strategies import _NUMBERS, _PIECES, nested

_SPACES = ("", "", "", "", " ", "\t", "\r\n", "  ")
_SCALARS = ("true", "false", "null", '""', '"v=0\\r\\n"')
# The last two are refused.
_TARGETS = (*['"bob"'] * 6, '"b\\u006fb"', f'"{"é" * 64}"', '"\\u0000"', '""', "5")
_CLAIMS = ('"ada"', "null", '"\\u0061da"', '"eve"')


@frozen
class Drawing:
    """Draw frames.

    Args:
      rng: what they are drawn from.
      words: what is put into frames that are changed.
    """

    rng: Random
    words: Sequence[bytes]

    def frame(self) -> bytes:
        """Write a frame to be relayed, with its fields in any order, and now and then what is not wanted."""
        one = self.rng.choice
        fields = {'"type"': f'"{one(RELAYED)}"', '"to"': one(_TARGETS)}
        for name in ('"sdp"', '"candidate"'):
            if self.rng.random() < 0.6:
                fields[name] = self._deep() if self.rng.random() < 0.1 else self._value(4)
        if self.rng.random() < 0.2:
            fields['"from"'] = one(_CLAIMS)
        if self.rng.random() < 0.3:
            fields[self._string()] = self._value(2)
        names = list(fields)
        if self.rng.random() < 0.5:
            self.rng.shuffle(names)
        return self._object([(name, fields[name]) for name in names]).encode()

    def changed(self, frame: bytes) -> bytes:
        """Put a word or a byte in the place of a few bytes, once or several times."""
        rng = self.rng
        for _ in range(rng.randint(1, 3)):
            start = rng.randrange(len(frame) + 1)
            put_in = rng.choice(self.words) if rng.random() < 0.7 else rng.randbytes(1)
            frame = frame[:start] + put_in + frame[start + rng.choice((0, 0, 1, len(put_in))) :]
        return frame

    def _value(self, depth: int) -> str:
        """Write any value, so many levels deep at most."""
        kinds: list[Callable[[], str]] = [
            lambda: self.rng.choice(_SCALARS),
            lambda: self.rng.choice(_NUMBERS),
            self._string,
        ]
        if depth:
            kinds += [lambda: self._array(depth), lambda: self._object(self._members(depth))] * 2
        return self.rng.choice(kinds)()

    def _deep(self) -> str:
        """Write a value on either side of what may be nested."""
        levels, openings = NESTING - self.rng.randint(-1, 3), self.rng.choice(("[", "{", "[{"))
        return nested(self._value(0), levels, openings)

    def _string(self) -> str:
        return f'"{"".join(self.rng.choices(_PIECES, k=self.rng.randrange(4)))}"'

    def _array(self, depth: int) -> str:
        space = self.rng.choice(_SPACES)
        members = (self._value(depth - 1) for _ in range(self.rng.randrange(4)))
        return f"[{space}{f'{space},'.join(members)}{space}]"

    def _members(self, depth: int) -> list[tuple[str, str]]:
        return [(self._string(), self._value(depth - 1)) for _ in range(self.rng.randrange(4))]

    def _object(self, members: list[tuple[str, str]]) -> str:
        space = self.rng.choice(_SPACES)
        written = f"{space},{space}".join(f"{key}{space}:{space}{value}" for key, value in members)
        return f"{space}{{{written}}}{space}"
