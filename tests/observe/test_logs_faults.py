"""A fault is told by types and places, with all that led to it, and without what its exceptions say."""

from __future__ import annotations

import ast
import errno
import logging
import re
import ssl
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest

import focus_signal
from focus_signal.errors import ConfigError, HttpRefused, NotListening, ServerFailed, TransportClosed
from focus_signal.observe import faults
from focus_signal.observe.faults import CONSTANT_TEXTS, describe_fault, fault_of
from focus_signal.observe.logs import SafeFormatter
from tests.observe.test_logs import HEAD, record

SECRET = "s3cr3t\n2026-11-23 12:00:00,123 INFO forged\x1b[2J"


def fail(error: Exception, cause: Exception | None = None) -> None:
    if cause is not None:
        raise error from cause
    raise error


def raised(error: Exception) -> Exception:
    """Raise it, so that it has a traceback."""
    try:
        fail(error)
    except type(error) as caught:
        return caught
    raise AssertionError("unreachable")


def chained() -> Exception:
    """Make an error with a cause, raised while another was handled."""
    last = ZeroDivisionError(SECRET)
    try:
        fail(ValueError(SECRET), raised(KeyError(SECRET)))
    except ValueError:
        with suppress(ZeroDivisionError):
            fail(last)  # with that as its context
    return last


def shape(text: str) -> list[str]:
    """Leave out the numbers of lines."""
    return re.sub(r":\d+ in ", " in ", text).split("\n")


HERE = "tests/observe/test_logs_faults.py in"


def test_type_and_place() -> None:
    assert shape(describe_fault(raised(KeyError(SECRET)))) == [
        f"KeyError at {HERE} fail",
        "    Traceback (most recent call last; what exceptions say is left out):",
        f"      {HERE} raised",
        f"      {HERE} fail",
        "    KeyError",
    ]


def test_what_was_never_raised_has_no_place() -> None:
    assert describe_fault(KeyError(SECRET)).headline == "KeyError"


def test_a_chain_is_told_from_its_beginning() -> None:
    assert shape(describe_fault(chained()))[2:] == [
        f"      {HERE} raised",
        f"      {HERE} fail",
        "    KeyError",
        "    was the cause of:",
        f"      {HERE} chained",
        f"      {HERE} fail",
        "    ValueError",
        "    was being handled when this was raised:",
        f"      {HERE} chained",
        f"      {HERE} fail",
        "    ZeroDivisionError",
    ]


def test_a_context_that_was_suppressed_is_left_out() -> None:
    error = chained()
    error.__suppress_context__ = True
    assert "ValueError" not in describe_fault(error)


def test_groups_are_told_with_all_members() -> None:
    group = ExceptionGroup(SECRET, [raised(KeyError(SECRET)), ExceptionGroup(SECRET, [chained()])])
    told = shape(describe_fault(raised(group)))
    assert told[4:10] == [
        "    ExceptionGroup",
        "      member 1 of 2:",
        f"          {HERE} raised",
        f"          {HERE} fail",
        "        KeyError",
        "      member 2 of 2:",
    ]
    assert [line.strip() for line in told].count("ZeroDivisionError") == 1


def test_everything_is_bounded() -> None:
    def recurse() -> None:
        recurse()

    with pytest.raises(RecursionError) as caught:
        recurse()
    told = describe_fault(caught.value)
    assert re.search(r"\n      \.\.\. \([\d,]+ frames more\)\n", told)
    assert len(told.details) < 40

    many = describe_fault(ExceptionGroup("", [KeyError() for _ in range(10_000)]))
    assert "(9992 members more)" in many
    deep: Exception = KeyError()
    for _ in range(100):
        deep = ExceptionGroup("", [deep, deep])
    assert len(describe_fault(deep).details) < 200
    links = [KeyError() for _ in range(100)]
    for link, cause in pairwise(links):
        link.__cause__ = cause
    assert "(and further back)" in describe_fault(links[0])


def test_circles_end() -> None:
    first, second = KeyError(), ValueError()
    first.__cause__, second.__cause__ = second, first
    assert [line.strip() for line in describe_fault(first).details[1:]] == [
        "(and further back)",
        "ValueError",
        "was the cause of:",
        "KeyError",
    ]


class TellsItsOwnNumber(OSError):
    pass


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.EMFILE, SECRET), "OSError EMFILE (Too many open files)"),
        (
            OSError(errno.ECONNRESET, SECRET, SECRET),
            "ConnectionResetError ECONNRESET (Connection reset by peer)",
        ),
        (OSError(123_456, SECRET), "OSError 123456 (Unknown error 123456)"),
        (OSError(SECRET), "OSError"),
        (OSError(SECRET, SECRET), "OSError"),
        (ssl.SSLError(1, SECRET), "ssl.SSLError"),
        (TellsItsOwnNumber(1, SECRET), f"{__name__}.TellsItsOwnNumber"),
        (TransportClosed(SECRET), "focus_signal.errors.TransportClosed"),
        (ServerFailed("suspect"), "focus_signal.errors.ServerFailed (suspect)"),
        (NotListening("nowhere"), "focus_signal.errors.NotListening (nowhere)"),
        (HttpRefused(414, SECRET, (("X", SECRET),)), "focus_signal.errors.HttpRefused 414"),
        (ConfigError(SECRET), "focus_signal.errors.ConfigError"),
        (
            type(SECRET, (Exception,), {})(),
            f"{__name__}." + r"s3cr3t\x0a2026-11-23 12:00:00,123 INFO forged\x1b[2J",
        ),
    ],
)
def test_what_is_told_of_what_an_exception_says(error: BaseException, told: str) -> None:
    assert describe_fault(error).headline == told


def texts_that_vary(source: str) -> list[str]:
    """List the places where one of the exceptions whose text is shown is made of something that varies."""
    shown = [kind.__name__ for kind in CONSTANT_TEXTS]
    return [
        ast.unparse(node)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and (node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", ""))
        in shown
        and not (len(node.args) == 1 and isinstance(node.args[0], ast.Constant) and not node.keywords)
    ]


def test_texts_that_are_shown_are_constants() -> None:
    found: list[str] = []
    seen = 0
    for path in sorted(Path(focus_signal.__path__[0]).rglob("*.py")):
        source = path.read_text()
        seen += source.count("raise ServerFailed(") + source.count("raise NotListening(")
        found += texts_that_vary(source)
    assert found == []
    assert seen >= 2
    assert texts_that_vary("raise NotListening(f'{payload} came')") != []
    assert texts_that_vary("raise errors.ServerFailed(payload)") != []


# Records.


def exception_record(error: BaseException) -> logging.LogRecord:
    made = record("%s broke", "it", level=logging.ERROR)
    made.exc_info = (type(error), error, error.__traceback__)
    return made


def hides(text: str) -> bool:
    lines = text.split("\n")
    return (
        "s3cr3t" not in text
        and bool(HEAD.match(lines[0]))
        and all(line.startswith("    ") for line in lines[1:])
    )


def test_any_record_with_an_exception_is_told_so() -> None:
    made = exception_record(chained())
    made.exc_text = f"what another formatter has kept: {SECRET}"
    lines = SafeFormatter().format(made).split("\n")
    assert HEAD.sub("", lines[0]) == "it broke"
    assert shape(lines[1]) == [f"    ZeroDivisionError at {HERE} fail"]
    assert hides("\n".join(lines))
    # And nothing of it stays behind for others, who may want the rest.
    assert made.exc_text.startswith("what another")


def test_an_account_among_the_arguments_is_told_once() -> None:
    fault = describe_fault(chained())
    made = record("connection %d ended: %s", 3, fault, level=logging.ERROR)
    lines = SafeFormatter().format(made).split("\n")
    assert HEAD.sub("", lines[0]) == f"connection 3 ended: {fault.headline}"
    assert lines[1:] == fault.details
    # An application's own formatter has it all as well, as safe.
    assert logging.Formatter().format(made) == f"connection 3 ended: {fault}"


def test_whoever_handles_records_finds_the_exception() -> None:
    error = chained()
    assert fault_of(record("a fault: %s", describe_fault(error))) is error
    assert fault_of(exception_record(error)) is error
    assert fault_of(record("none", "x")) is None
    assert fault_of(record("%(a)s", {"a": "x"})) is None


def test_no_formatter_and_no_copy_shows_the_exception() -> None:
    made = record("a fault: %s", describe_fault(chained()))
    assert "s3cr3t" not in logging.Formatter("%(message)s %(args)r").format(made)
    assert "s3cr3t" not in repr(vars(made))
    assert "s3cr3t" not in str(describe_fault(chained()))


@pytest.mark.parametrize("mutant", ["message", "text", "default"])
def test_mutants_are_seen(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = exception_record(chained())
    assert hides(SafeFormatter().format(made))
    if mutant == "message":
        monkeypatch.setattr(faults, "_harmless_text", lambda error: f": {error}")
    elif mutant == "text":
        monkeypatch.setattr(faults, "_frames", lambda error: str(error).split("\n"))
    else:
        assert not hides(logging.Formatter("%(asctime)s %(levelname)s %(message)s").format(made))
        return
    assert not hides(SafeFormatter().format(made))
