"""A trace: a whole run as lines of JSON, so that two runs can be laid side by side.

The first line, the header, says what made the trace; each further line is an event. Nothing in it depends on
the process that wrote it, so that equal runs give equal bytes.
"""

import platform
from collections.abc import Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from itertools import zip_longest
from typing import cast

import msgspec
from attrs import frozen

from focus_signal.testing.history import Event, lines_of
from focus_signal.testing.plan import Level

FORMAT = 1
_PACKAGES = ("focus-signal", "trio", "trio-websocket", "wsproto")

Header = dict[str, str | int]


@frozen
class Trace:
    """Be what a run left behind.

    Args:
      header: what made it: the format of traces, versions, level, subject and seed.
      events: its history.
    """

    header: Header
    events: tuple[Event, ...]

    @property
    def lines(self) -> list[str]:
        """Print the trace, the header first, then an event a line."""
        return [msgspec.json.encode(self.header).decode(), *lines_of(self.events)]

    @property
    def text(self) -> str:
        """Print the trace as the text of a file of JSON Lines."""
        return "".join(f"{line}\n" for line in self.lines)


@cache
def _versions() -> tuple[tuple[str, str], ...]:
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return (("python", python), *((name, _version(name)) for name in _PACKAGES))


def versions() -> dict[str, str]:
    """Tell the versions of all on which the bytes of a run depend."""
    return dict(_versions())


def trace_of(history: Sequence[Event], *, level: Level, subject: str, seed: int) -> Trace:
    """Make a trace of a history.

    Args:
      history: what happened.
      level: where it was run.
      subject: the name of what was tried.
      seed: what it was drawn from.
    """
    header: Header = {"trace": FORMAT, **versions(), "level": level, "subject": subject, "seed": seed}
    return Trace(header, tuple(history))


@frozen
class Difference:
    """Be the first place at which two traces are not the same.

    Args:
      event: the number of the first event that differs, from 1.
      a: that event's line in one of them; None if that one ended before it.
      b: the same of the other; never both None.
      before: the last lines that both have before it.
      after_a: what follows in one of them.
      after_b: what follows in the other.
      headers: how the headers differ, one line a field; a hint, never the difference itself.
    """

    event: int
    a: str | None
    b: str | None
    before: tuple[str, ...] = ()
    after_a: tuple[str, ...] = ()
    after_b: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()

    def describe(self, a: str = "a", b: str = "b") -> str:
        """Say it for people, over several lines.

        Args:
          a: what to call the first trace.
          b: what to call the second one.
        """
        lines = [f"first difference at event {self.event}; - is {a}, + is {b}"]
        lines += [f"header: {header}" for header in self.headers]
        start = self.event - len(self.before)
        lines += [f"  {start + index:6} {line}" for index, line in enumerate(self.before)]
        lines += self._numbered("-", self.a, self.after_a) + self._numbered("+", self.b, self.after_b)
        if self.a is not None and self.b is not None:
            at = _first_unlike(self.a, self.b)
            lines.append(f"from character {at + 1} of event {self.event} on:")
            lines += [f"- {_excerpt(self.a, at)}", f"+ {_excerpt(self.b, at)}"]
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.describe()

    def _numbered(self, sign: str, line: str | None, after: tuple[str, ...]) -> list[str]:
        if line is None:
            return [f"{sign} {self.event:6} (no more events)"]
        return [f"{sign} {self.event + index:6} {text}" for index, text in enumerate((line, *after))]


def first_difference(a_lines: Sequence[str], b_lines: Sequence[str], context: int = 3) -> Difference | None:
    """Find the first event that two traces do not share.

    Args:
      a_lines: the lines of a trace, with its header or without.
      b_lines: the lines of another one.
      context: how many lines around the difference to keep.

    Returns:
      the difference, or None if all events are the same, whatever the headers say.
    """
    a_header, a_events = _split(a_lines)
    b_header, b_events = _split(b_lines)
    for index, (a, b) in enumerate(zip_longest(a_events, b_events)):
        if a != b:
            return Difference(
                index + 1,
                a,
                b,
                before=tuple(a_events[max(index - context, 0) : index]),
                after_a=tuple(a_events[index + 1 : index + 1 + context]),
                after_b=tuple(b_events[index + 1 : index + 1 + context]),
                headers=_header_differences(a_header, b_header),
            )
    return None


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:  # a source tree on the path, which nobody installed
        return "not installed"


def _split(lines: Sequence[str]) -> tuple[dict[str, object], list[str]]:
    """Take the header off, if there is one, and the line ends that a file leaves."""
    bare = [line.rstrip("\n") for line in lines]
    header = _header(bare[0]) if bare else None
    return ({}, bare) if header is None else (header, bare[1:])


def _header(line: str) -> dict[str, object] | None:
    try:
        value = msgspec.json.decode(line)
    except msgspec.DecodeError:  # a line that is no JSON is compared like every other
        return None
    return cast("dict[str, object]", value) if isinstance(value, dict) and "trace" in value else None


def _header_differences(a: dict[str, object], b: dict[str, object]) -> tuple[str, ...]:
    if not a or not b:
        return ()
    names = dict.fromkeys((*a, *b))
    return tuple(
        f"{name} is {a.get(name, 'absent')} in - and {b.get(name, 'absent')} in +"
        for name in names
        if a.get(name) != b.get(name)
    )


def _first_unlike(a: str, b: str) -> int:
    pairs = enumerate(zip(a, b, strict=False))
    return next((index for index, (one, other) in pairs if one != other), min(len(a), len(b)))


def _excerpt(line: str, at: int) -> str:
    start = max(at - 20, 0)
    return f"{'...' if start else ''}{line[start : at + 60]}{'...' if at + 60 < len(line) else ''}"
