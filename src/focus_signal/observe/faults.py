"""A fault told without what its exceptions say: their types, and where they were raised.

What an exception says may be made of what a peer sent (`KeyError(name)`), and then neither a log nor whoever
reads it may have it. So a fault is told by types, files, lines and functions alone, which are this program's
own. Two exceptions to that: the system's errors, by their number, and those of this package's whose text is a
constant.
"""

import errno
import os
from collections.abc import Iterator
from logging import LogRecord
from traceback import walk_tb
from typing import cast

from attrs import define, field

from focus_signal.errors import HttpRefused, NotListening, ServerFailed
from focus_signal.observe.plain import plain

# Wherever these are raised in this package, what they say is a constant; a test looks at that.
CONSTANT_TEXTS = (NotListening, ServerFailed)

# Of very many frames, as of a recursion without end, the first and the last tell what there is to know.
_FIRST_FRAMES = 5
_LAST_FRAMES = 25
_MOST_IN_A_CHAIN = 8
_MOST_IN_A_GROUP = 8
_DEEPEST = 4
_MOST_LINES = 150
_INDENT = "    "


class FaultText(str):
    """Be the account of one fault, made by `describe_fault`.

    Its first line is the headline; each further one is indented by at least four spaces. The exception is
    kept beside it for whoever handles records within the program, as simulations do; no formatter shows it.
    """

    __slots__ = ("error",)
    error: BaseException

    @property
    def headline(self) -> str:
        """Give the first line: what was raised, and where."""
        return self.partition("\n")[0]

    @property
    def details(self) -> list[str]:
        """Give the other lines."""
        return self.split("\n")[1:]


def describe_fault(error: BaseException) -> FaultText:
    """Tell what was raised and where, with causes and members, and nothing of what the exceptions say.

    Args:
      error: what was raised, or a group.

    Returns:
      lines of plain text; all but the first are indented.
    """
    account = _Account()
    account.tell(error, 0)
    lines = account.lines
    if len(lines) > _MOST_LINES:
        lines = [*lines[:_MOST_LINES], f"... ({len(lines) - _MOST_LINES:,} lines more)"]
    frames = _frames(error)
    headline = f"{_name(error)} at {frames[-1]}" if frames else _name(error)
    # The word by which people, and their tools, look for it.
    lines = ["Traceback (most recent call last; what exceptions say is left out):", *lines]
    text = FaultText("\n".join([headline, *(_INDENT + line for line in lines)]))
    text.error = error
    return text


def fault_of(record: LogRecord) -> BaseException | None:
    """Find the exception that a record of a log tells of."""
    if record.exc_info and record.exc_info[1] is not None:
        return record.exc_info[1]
    return next((text.error for text in faults_told(record)), None)


def faults_told(record: LogRecord) -> list[FaultText]:
    """List the accounts of faults among a record's arguments."""
    return (
        [arg for arg in record.args if isinstance(arg, FaultText)] if isinstance(record.args, tuple) else []
    )


@define(eq=False)
class _Account:
    lines: list[str] = field(factory=list[str], init=False)
    # By their identities: exceptions can be each other's causes.
    _told: set[int] = field(factory=set[int], init=False)

    def tell(self, error: BaseException, depth: int) -> None:
        """Tell of an exception and of what led to it, the first of them first."""
        indent = "  " * depth
        chain: list[tuple[BaseException, str]] = []
        following: BaseException | None = error
        relation = ""
        while following is not None and len(chain) < _MOST_IN_A_CHAIN and id(following) not in self._told:
            self._told.add(id(following))
            chain.append((following, relation))
            following, relation = _came_of(following)
        if following is not None:
            self.lines.append(f"{indent}(and further back)")
        for link, to_the_next in reversed(chain):
            self.lines += [f"{indent}  {frame}" for frame in _bounded(_frames(link))]
            self.lines.append(f"{indent}{_name(link)}")
            if isinstance(link, BaseExceptionGroup):
                self._tell_members(cast("BaseExceptionGroup[BaseException]", link), depth)
            if to_the_next:
                self.lines.append(f"{indent}{to_the_next}")

    def _tell_members(self, group: BaseExceptionGroup[BaseException], depth: int) -> None:
        indent = "  " * (depth + 1)
        shown = group.exceptions[:_MOST_IN_A_GROUP] if depth < _DEEPEST else ()
        for number, member in enumerate(shown, 1):
            self.lines.append(f"{indent}member {number} of {len(group.exceptions)}:")
            self.tell(member, depth + 2)
        if len(shown) < len(group.exceptions):
            self.lines.append(f"{indent}({len(group.exceptions) - len(shown)} members more)")


def _came_of(error: BaseException) -> tuple[BaseException | None, str]:
    """Give what led to an exception, and how."""
    if error.__cause__ is not None:
        return error.__cause__, "was the cause of:"
    if error.__suppress_context__:
        return None, ""
    return error.__context__, "was being handled when this was raised:"


def _name(error: BaseException) -> str:
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return plain(f"{name}{_harmless_text(error)}")


def _harmless_text(error: BaseException) -> str:
    # The text of an OSError may be anybody's, but its number is the system's. Classes that others derive give
    # the number a meaning of their own.
    if isinstance(error, OSError) and type(error).__module__ == "builtins" and isinstance(error.errno, int):
        return f" {errno.errorcode.get(error.errno, error.errno)} ({os.strerror(error.errno)})"
    if type(error) is HttpRefused:
        return f" {error.status}"
    if type(error) in CONSTANT_TEXTS:
        return f" ({error})"
    return ""


def _frames(error: BaseException) -> list[str]:
    return [
        plain(f"{_place(frame.f_code.co_filename, frame.f_globals)}:{line} in {frame.f_code.co_qualname}")
        for frame, line in walk_tb(error.__traceback__)
    ]


def _place(path: str, names: dict[str, object]) -> str:
    """Name a file from its package on: where that is installed is nobody's business."""
    parts = path.replace("\\", "/").split("/")
    packages = str(names.get("__name__", "")).count(".") + (parts[-1] == "__init__.py")
    return "/".join(parts[-1 - packages :])


def _bounded(frames: list[str]) -> Iterator[str]:
    left_out = len(frames) - _FIRST_FRAMES - _LAST_FRAMES
    if left_out <= 0:
        yield from frames
        return
    yield from frames[:_FIRST_FRAMES]
    yield f"... ({left_out:,} frames more)"
    yield from frames[-_LAST_FRAMES:]
