"""Lines that repeat themselves are counted in place of being written, and nothing of that needs a timer."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterable

import pytest

from focus_signal.observe.faults import describe_fault
from focus_signal.observe.logs import SafeHandler
from focus_signal.observe.repeats import Repeats
from tests.observe.test_logs import HEAD, record

Said = tuple[float, str, tuple[object, ...]]


def written(said: Iterable[Said], *, level: int = logging.INFO, close: bool = False) -> list[str]:
    """Log what is said, each at its time, and give the lines without their times."""
    stream = io.StringIO()
    handler = SafeHandler(stream)
    for created, message, args in said:
        handler.handle(record(message, *args, level=level, created=created))
    if close:
        handler.close()
    return [HEAD.sub("", line) for line in stream.getvalue().splitlines()]


def flood(count: int, at: float = 100.0) -> list[Said]:
    return [(at, "connection %d came", (number,)) for number in range(count)]


@pytest.mark.parametrize("level", [logging.INFO, logging.ERROR, logging.CRITICAL])
def test_ten_of_a_kind_are_let_through_in_a_second(level: int) -> None:
    first = [f"connection {number} came" for number in range(10)]
    assert written(flood(10), level=level) == first
    assert written(flood(4331), level=level) == first
    later = [*flood(4331), (101.0, "another", ())]
    assert written(later, level=level) == [
        *first,
        "... and 4,321 more like this: connection %d came",
        "another",
    ]


def test_the_next_of_the_kind_is_preceded_by_the_count_as_well() -> None:
    lines = written([*flood(12), *flood(1, at=101.5)])
    assert lines[10:] == ["... and 2 more like this: connection %d came", "connection 0 came"]


def test_a_second_lasts_a_second() -> None:
    assert len(written([*flood(10), *flood(10, at=100.999)])) == 10
    assert len(written([*flood(10), *flood(10, at=101.0)])) == 20


def test_kinds_are_apart() -> None:
    """By template, by level, by logger, and faults by what was raised where."""
    handler = SafeHandler(stream := io.StringIO())
    for _ in range(20):
        for name, level, message in [
            ("a", logging.INFO, "one"),
            ("b", logging.INFO, "one"),
            ("a", logging.ERROR, "one"),
            ("a", logging.INFO, "two"),
        ]:
            made = record(message, level=level)
            made.name = name
            handler.handle(made)
        for error in (KeyError("x"), ValueError("x")):
            handler.handle(record("a fault: %s", describe_fault(error)))
    lines = [line for line in stream.getvalue().splitlines() if not line.startswith("    ")]
    assert len(lines) == 60


def test_an_exception_of_another_logger_is_a_kind_by_its_place() -> None:
    handler = SafeHandler(stream := io.StringIO())
    for _ in range(20):
        for error in (KeyError("x"), ValueError("x")):
            made = record("failed")
            made.exc_info = (type(error), error, None)
            handler.handle(made)
    assert len([line for line in stream.getvalue().splitlines() if line.endswith("failed")]) == 20


def test_a_clock_that_is_set_back_ends_the_second() -> None:
    assert written([*flood(12), *flood(1, at=5.0)])[10:] == [
        "... and 2 more like this: connection %d came",
        "connection 0 came",
    ]


def test_the_end_gives_the_rest() -> None:
    assert written(flood(12), close=True)[10:] == ["... and 2 more like this: connection %d came"]
    assert written([], close=True) == []


def test_templates_made_of_what_a_peer_sent_fill_nothing_either() -> None:
    """Whoever writes messages out by hand makes each its own kind; of kinds there are only so many."""
    lines = written([(100.0, f"{number:04d}\n{'a' * 5000}", ()) for number in range(5000)], close=True)
    assert len(lines) == 250 + 10 + 1
    assert lines[-1] == "... and 4,740 more like this: (lines of many kinds)"


def test_a_template_is_escaped_and_cut() -> None:
    lines = written([(100.0, "a\n" + "b" * 500, ()) for _ in range(11)], close=True)
    assert lines[-1] == "... and 1 more like this: a\\x0a" + "b" * 98


@pytest.mark.parametrize("mutant", ["never", "forgets"])
def test_mutants_are_seen(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if mutant == "never":
        monkeypatch.setattr(Repeats, "let_through", lambda *_: True)
    else:
        monkeypatch.setattr(Repeats, "over", lambda *_: [])
    with pytest.raises(AssertionError):
        test_ten_of_a_kind_are_let_through_in_a_second(logging.INFO)
