"""One event, one line: whatever a record holds, it can neither break a line of the log nor forge one."""

from __future__ import annotations

import io
import logging
import re
import sys
import unicodedata
import warnings
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from focus_signal.observe import logs, plain
from focus_signal.observe.logs import SafeFormatter, SafeHandler, hide_payloads, set_up_logging

HEAD = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} [A-Z]+ ")
FORGED = "2026-11-23 12:00:00,123 INFO all is well"

# Characters that Unicode's own tables call dangerous, found without the code that is tested.
HOSTILE = [
    *(chr(number) for number in [*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, 0x061C, 0x200E, 0x200F]),
    *(chr(number) for number in [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x034F, 0x3164, 0xFE0F]),
    *(chr(number) for number in range(0x110000) if unicodedata.category(chr(number)) == "Cf"),
    *(chr(number) for number in range(0xD800, 0xE000, 0x100)),
    *(chr(number) for number in range(0xE0000, 0xE0080)),
]


def record(
    message: object, *args: object, level: int = logging.INFO, created: float = 0.0
) -> logging.LogRecord:
    made = logging.LogRecord("focus_signal", level, "some.py", 1, message, args, None)
    made.created, made.msecs = created, 0.0
    return made


def line_of(message: object, *args: object) -> str:
    return SafeFormatter().format(record(message, *args))


def is_safe(text: str) -> bool:
    """Tell whether text is one line of the log, of characters that show as themselves."""
    return bool(HEAD.match(text)) and text.isprintable() and not any(each in text for each in HOSTILE)


def test_a_line_has_time_level_and_text() -> None:
    made = record("connection %d is closed: %s", 3, "no-pong")
    made.created, made.msecs = 1.25, 250.0
    line = SafeFormatter().format(made)
    assert re.fullmatch(
        r"(1969-12-31|1970-01-01) \d\d:\d\d:01,250 INFO connection 3 is closed: no-pong", line
    )


@pytest.mark.parametrize("where", ["message", "argument", "level", "object"])
def test_no_hostile_character_comes_through(where: str) -> None:
    for character in HOSTILE:
        text = f"a{character}{FORGED}"
        made = record(text) if where == "message" else record("%s", text)
        if where == "level":
            made.levelname = f"INFO{character}"
        if where == "object":
            made = record(SimpleNamespace(name=text))
        line = SafeFormatter().format(made)
        assert character not in line, hex(ord(character))
        assert "\n" not in line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\nb", r"a\x0d\x0ab"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("\x00\x7f\x9b", r"\x00\x7f\x9b"),
        ("\u202egpj.exe", r"\u202egpj.exe"),
        ("\u2028\u2029", r"\u2028\u2029"),
        ("\U000e0041", r"\U000e0041"),
        ("\ud800", r"\ud800"),
        (r"\x1b", r"\\x1b"),
        (r"\\", r"\\\\"),
        ("\u05d0", r"\u05d0"),
        ("\u00a0\u3000", r"\xa0\u3000"),
        ("Zoë, 東京, 🙂", "Zoë, 東京, 🙂"),
    ],
)
def test_what_it_looks_like(text: str, shown: str) -> None:
    assert line_of("%s", text).endswith(f" INFO {shown}")


@given(st.text())
def test_any_text_is_one_safe_line_that_tells_what_it_was(text: str) -> None:
    line = line_of("%s", text)
    assert is_safe(line)
    shown = HEAD.sub("", line)
    # Read back as Python reads its own escapes, it is the text again: no two texts look the same.
    back = re.sub(
        r"\\(\\|x..|u....|U........)",
        lambda found: "\\" if found[1] == "\\" else chr(int(found[1][1:], 16)),
        shown,
    )
    assert back == text


def test_a_long_message_is_cut_and_says_so() -> None:
    assert line_of("%s", "a" * 2000).endswith(" INFO " + "a" * 2000)
    assert line_of("%s", "a" * 3234).endswith(" INFO " + "a" * 2000 + "... (1,234 more)")
    assert len(line_of("%s", "\U000e0041" * 1_000_000)) < 21_000


@pytest.mark.parametrize(
    ("message", "args"), [("%d", ("a\nb",)), ("%s %s", ("a\nb",)), ("no place", ("a\nb",))]
)
def test_a_record_that_cannot_be_made_into_text_shows_nothing_of_its_arguments(
    message: str, args: tuple[object, ...]
) -> None:
    line = line_of(message, *args)
    assert line.endswith(f" INFO {message} (TypeError while this line was made)")


def test_a_stack_is_indented() -> None:
    made = record("looked")
    made.stack_info = "Stack:\n  some.py\x1b"
    assert SafeFormatter().format(made).split("\n")[1:] == ["    Stack:", r"      some.py\x1b"]


# The stream.


class Broken(io.StringIO):
    """Be a stream on a disk that is full for a while."""

    full = False

    def write(self, text: str) -> int:
        if self.full:
            raise OSError(28, "scripted")
        return super().write(text)


def test_what_cannot_be_written_is_counted_and_shown_nowhere_else(capsys: pytest.CaptureFixture[str]) -> None:
    stream = Broken()
    handler = SafeHandler(stream)
    handler.handle(record("one"))
    stream.full = True
    handler.handle(record("two %s", "secret"))
    handler.handle(record("three"))
    stream.full = False
    handler.handle(record("four"))
    handler.handle(record("five"))
    assert [HEAD.sub("", line) for line in stream.getvalue().splitlines()] == [
        "one",
        "... and 2 times before, the log could not be written",
        "four",
        "five",
    ]
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("stream", [None, "closed", "ascii"])
def test_no_stream_makes_a_line_an_error(stream: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    target = io.TextIOWrapper(io.BytesIO(), "ascii") if stream else None
    if target is not None and stream == "closed":
        target.close()
    SafeHandler(target).handle(record("%s", "東京 secret"))
    assert capsys.readouterr() == ("", "")


@pytest.fixture
def stream(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Set up the log of a process, and take that back in the end."""
    root = logging.getLogger()
    level = root.level
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    stream = io.StringIO()
    set_up_logging(io.StringIO())
    set_up_logging(stream)
    yield stream
    root.setLevel(level)
    for handler in root.handlers[:]:
        if isinstance(handler, SafeHandler):
            root.removeHandler(handler)


def written(stream: io.StringIO) -> list[str]:
    return [HEAD.sub("", line) for line in stream.getvalue().splitlines()]


def test_all_loggers_are_written_once_from_the_level_on(stream: io.StringIO) -> None:
    logging.getLogger("some.library").warning("a\nb")
    logging.getLogger("some.library").debug("not this")
    assert written(stream) == [r"a\x0ab"]


def test_warnings_are_lines(stream: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning("a\nb", UserWarning, "/somewhere/else/some/package/module.py", 3)
    assert written(stream) == [r"UserWarning at some/package/module.py:3: a\x0ab"]


def test_a_warning_for_a_file_goes_there(stream: io.StringIO) -> None:
    other = io.StringIO()
    warnings.showwarning("a", UserWarning, "module.py", 3, other)
    assert other.getvalue().startswith("module.py:3: UserWarning: a")
    assert written(stream) == []


def test_exceptions_that_nobody_caught_are_told_safely(stream: io.StringIO) -> None:
    class Spoiled:
        def __del__(self) -> None:
            raise KeyError("secret")

    Spoiled()
    with pytest.raises(LookupError) as caught:
        raise LookupError("secret")
    sys.excepthook(caught.type, caught.value, caught.tb)
    heads = [line for line in written(stream) if not line.startswith("    ")]
    here = "test_exceptions_that_nobody_caught_are_told_safely"
    assert [re.sub(r"tests/\S+:\d+", "HERE", line) for line in heads] == [
        f"a fault where nothing can be raised: KeyError at HERE in {here}.<locals>.Spoiled.__del__",
        f"this program ends by a fault of its own: LookupError at HERE in {here}",
    ]
    assert "secret" not in stream.getvalue()


def test_control_c_is_python_s_business(stream: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert written(stream) == []
    assert "KeyboardInterrupt" in capsys.readouterr().err


# What the library logs at DEBUG.


def test_payloads_are_kept_out_of_the_library_s_log(caplog: pytest.LogCaptureFixture) -> None:
    hide_payloads()
    hide_payloads()
    library = logging.getLogger("trio-websocket")
    caplog.set_level(logging.DEBUG)
    library.debug("%s ping %r", "server-1", b"secret")
    library.debug("%s ping %r", "server-1", bytearray(b"secret"))
    library.debug("%s websocket closed %r", "server-1", ValueError("secret"))
    library.debug("Connecting to ws%s://%s:%d%s", "", "localhost", 80, "/signal?userId=secret")
    library.debug("%s received %d bytes", "server-1", 12)
    library.debug("nothing to hide")
    assert [each.getMessage() for each in caplog.records] == [
        "server-1 ping '(6 bytes)'",
        "server-1 ping '(6 bytes)'",
        "server-1 websocket closed 'ValueError'",
        "Connecting to ws://localhost:80/signal",
        "server-1 received 12 bytes",
        "nothing to hide",
    ]
    assert library.filters.count(logs._without_payloads) == 1


# Planted bugs: each is seen by a test above.


def test_mutants_of_the_escaping_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails() -> bool:
        return not all(is_safe(line_of("%s", f"a{each}{FORGED}")) for each in HOSTILE)

    assert not fails()
    mutants: list[Callable[[str], str]] = [
        lambda text: text.replace("\n", "\\n").replace("\r", "\\r"),
        lambda text: "".join(each if unicodedata.category(each) != "Cc" else "?" for each in text),
        lambda text: text.encode("utf-8", "backslashreplace").decode(),
        lambda text: text.encode("unicode_escape").decode().replace(r"\u200f", "\u200f"),
    ]
    for mutant in mutants:
        with monkeypatch.context() as patch:
            patch.setattr(logs, "plain", lambda text, _=None, mutant=mutant: mutant(text))
            assert fails()
    with monkeypatch.context() as patch:
        patch.setattr(plain, "_INVISIBLE", re.compile("(?!)"))
        assert fails()
