"""The log of the command line: one event, one line, and nothing that a peer sends can break or forge one.

Whatever a record holds, by whichever logger, its line is plain text of a bounded length. A fault's account
follows on lines that are indented, without what its exceptions say. Lines that repeat themselves are counted
in place of being written.
"""

import logging
import sys
import warnings
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from attrs import frozen

from focus_signal.observe.faults import FaultText, describe_fault, faults_told
from focus_signal.observe.plain import plain
from focus_signal.observe.repeats import HeldBack, Repeats

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

logger = logging.getLogger("focus_signal")

_MOST_CHARACTERS = 2_000
_MOST_OF_A_TEMPLATE = 100
_INDENT = "    "
_LIBRARY = "trio-websocket"


def set_up_logging(stream: TextIO | None, level: int = logging.INFO) -> None:
    """Have everything that the process says go to a stream, as safe lines.

    That is what all loggers say from a level on, warnings, and exceptions that nobody caught. Doing it again
    replaces the stream.

    Args:
      stream: where the lines go; None, as for a standard error that was closed, drops them.
      level: of the root logger.
    """
    root = logging.getLogger()
    for handler in root.handlers[:]:
        if isinstance(handler, SafeHandler):
            root.removeHandler(handler)
            handler.close()
    root.addHandler(SafeHandler(stream))
    root.setLevel(level)
    hide_payloads()
    warnings.showwarning = _log_warning
    sys.excepthook = _log_uncaught
    sys.unraisablehook = _log_unraisable


def hide_payloads() -> None:
    """Keep what peers send out of what trio-websocket logs at the level DEBUG, for whoever asks for that."""
    logging.getLogger(_LIBRARY).addFilter(_without_payloads)


class SafeFormatter(logging.Formatter):
    """Make a line of any record: `2026-11-23 12:00:00,123 INFO text`, and indented lines for a fault."""

    def format(self, record: logging.LogRecord) -> str:
        """Make the lines of a record; never raises for what the record holds."""
        told = faults_told(record)
        details = [line for text in told for line in text.details]
        # What another formatter may have kept in `exc_text` holds what the exceptions say.
        if record.exc_info and record.exc_info[1] is not None:
            fault = describe_fault(record.exc_info[1])
            details += [f"{_INDENT}{fault.headline}", *fault.details]
        if record.stack_info:
            details += [_INDENT + plain(line) for line in record.stack_info.splitlines()]
        return "\n".join([self.line(record, _text(record), record.levelname), *details])

    def line(self, record: logging.LogRecord, text: str, level: str) -> str:
        """Make one line with the time of a record."""
        return f"{self.formatTime(record)} {plain(level)} {plain(text, _MOST_CHARACTERS)}"


@frozen
class _Kind:
    """Be what lines that repeat themselves have in common.

    Args:
      logger: its name.
      level: its name.
      template: what the record says before its arguments are put in.
      fault: what was raised and where, if it tells of a fault: each is a kind of its own.
    """

    logger: str
    level: str
    template: str
    fault: str


# What all lines count as that come when there are too many kinds of them.
_OTHERS = _Kind("", "WARNING", "(lines of many kinds)", "")


class SafeHandler(logging.Handler):
    """Write safe lines to a stream, and count those that repeat themselves or cannot be written.

    Args:
      stream: where they go; None drops them.
      repeats: bounds the lines that are alike.
    """

    def __init__(self, stream: TextIO | None, repeats: Repeats[_Kind] | None = None) -> None:
        super().__init__()
        self._stream = stream
        self._repeats = Repeats[_Kind]() if repeats is None else repeats
        self._safe = SafeFormatter()
        self._latest: tuple[float, float] | None = None
        self._unwritten = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record's lines, behind the account of what was held back before."""
        self._latest = (record.created, record.msecs)
        lines = [self._account(held, record) for held in self._repeats.over(record.created)]
        if self._repeats.let_through(_kind_of(record), _OTHERS, record.created):
            lines.append(self._safe.format(record))
        self._write(lines, record)

    def close(self) -> None:
        """Give the account of what is held back still, and end."""
        self.acquire()
        try:
            if self._latest is not None:
                created, msecs = self._latest
                end = logging.makeLogRecord({"created": created, "msecs": msecs})
                self._write([self._account(held, end) for held in self._repeats.all_over()], end)
        finally:
            self.release()
        super().close()

    def _account(self, held: HeldBack[_Kind], record: logging.LogRecord) -> str:
        text = f"... and {held.count:,} more like this: {held.kind.template}"
        return self._safe.line(record, text, held.kind.level)

    def _write(self, lines: list[str], record: logging.LogRecord) -> None:
        if self._stream is None or not lines:
            return
        if self._unwritten:
            lost = f"... and {self._unwritten:,} times before, the log could not be written"
            lines = [self._safe.line(record, lost, "ERROR"), *lines]
        try:
            self._stream.write("".join(f"{line}\n" for line in lines))
            self._stream.flush()
        except (OSError, ValueError):
            # A full disk, a reader that has gone, a stream that was closed: there is nowhere to tell it for
            # now. What the base class does would write the record's arguments as they are.
            self._unwritten += 1
        else:
            self._unwritten = 0


def _kind_of(record: logging.LogRecord) -> _Kind:
    fault = next((text.headline for text in faults_told(record)), "")
    if record.exc_info and record.exc_info[1] is not None:
        fault = describe_fault(record.exc_info[1]).headline
    return _Kind(record.name, record.levelname, _template(record), fault)


def _template(record: logging.LogRecord) -> str:
    # Some write the message out themselves; then it is as long as what they put in.
    template = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
    return template[:_MOST_OF_A_TEMPLATE]


def _text(record: logging.LogRecord) -> str:
    """Make a record's text; of a fault that it tells of, the headline."""
    try:
        if isinstance(record.args, tuple) and faults_told(record):
            return str(record.msg) % tuple(map(_headline_of, record.args))
        return record.getMessage()
    except Exception as error:  # noqa: BLE001 - whatever an argument's own methods raise; the event is told all the same
        return f"{_template(record)} ({type(error).__name__} while this line was made)"


def _headline_of(arg: object) -> object:
    return arg.headline if isinstance(arg, FaultText) else arg


def _without_payloads(record: logging.LogRecord) -> bool:
    if isinstance(record.args, tuple):
        record.args = tuple(map(_without_payload, record.args))
    return True


def _without_payload(arg: object) -> object:
    if isinstance(arg, bytes | bytearray):
        return f"({len(arg)} bytes)"
    if isinstance(arg, BaseException):
        return type(arg).__name__
    if isinstance(arg, str):
        return arg.partition("?")[0]  # where a client connects to, but not as whom
    return arg


def _log_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    if file is not None:
        file.write(warnings.formatwarning(message, category, filename, lineno, line))
        return
    place = "/".join(filename.split("/")[-3:])
    logging.getLogger("py.warnings").warning("%s at %s:%d: %s", category.__name__, place, lineno, message)


def _log_uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, traceback)
    else:
        logger.critical("this program ends by a fault of its own: %s", describe_fault(error))


def _log_unraisable(unraisable: "UnraisableHookArgs") -> None:
    if unraisable.exc_value is not None:
        logger.error("a fault where nothing can be raised: %s", describe_fault(unraisable.exc_value))
    else:
        logger.error("a fault where nothing can be raised: %s", unraisable.exc_type.__name__)
