"""What `focus-signal bench` shows: a bar on a terminal while it measures, then a table or JSON."""

import shutil
import time
from collections.abc import Iterator
from typing import TextIO, cast

import msgspec
from attrs import define, field

from focus_signal.load.report import Report

_CELLS = 24
_BETWEEN = 0.1
_TIMED = {
    "relay": "write to read",
    "match": "request to room",
    "upgrade": "connect to 101",
    "close": "close to end",
}


@define(eq=False)
class Stages:
    """Draw on a stream how far a measurement has come, if it is a terminal; else do nothing.

    Args:
      stream: where to, as a rule stderr.
    """

    _stream: TextIO | None
    _stage: str = field(default="", init=False)
    _began: float = field(default=0.0, init=False)
    _drawn: float = field(default=0.0, init=False)
    _width: int = field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        if self._stream is not None and not self._stream.isatty():
            self._stream = None

    def show(self, stage: str, share: float, count: int) -> None:
        """Show which share of a stage is over, and how much there was in it every second."""
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._began = stage, now
        elif now - self._drawn < _BETWEEN:
            return
        self._drawn = now
        full = int(_CELLS * min(share, 1.0))
        per_second = count / (now - self._began) if count and now > self._began else 0.0
        rate = f"  {per_second:,.0f}/s" if per_second else ""
        text = f"[{'#' * full}{'.' * (_CELLS - full)}] {stage}{rate}"
        # One cell less than there are, or some terminals begin a new line.
        text = text[: shutil.get_terminal_size().columns - 1]
        self._write(f"\r{text:{self._width}}")
        self._width = len(text)

    def clear(self) -> None:
        """Take the bar away."""
        if self._width:
            self._write(f"\r{'':{self._width}}\r")
            self._width = 0

    def _write(self, text: str) -> None:
        if self._stream is not None:
            self._stream.write(text)
            self._stream.flush()


def as_json(report: Report) -> str:
    """Return a report as one line of JSON, its figures with as many digits as mean something."""
    return msgspec.json.encode(_rounded(msgspec.to_builtins(report))).decode()


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        fields = cast("dict[str, object]", value)
        return {name: _rounded(inner) for name, inner in fields.items()}
    return value


def as_table(report: Report) -> Iterator[str]:
    """Give the lines of a report for somebody who reads them."""
    settings = ", ".join(f"{name.replace('_', '-')} {value:g}" for name, value in report.settings.items())
    yield f"{report.mode}, {report.url}: {report.seconds:.1f} s; {settings}"
    if report.per_second is None:
        held = f"{report.count:,} of {report.connections:,} {report.what} stand, {report.lost:,} lost"
        yield f"{held}, {report.pings:,} pings answered"
    else:
        yield f"{_number(report.per_second)} {report.what} a second ({report.count:,} in all)"
    yield f"{'latency, ms':16} {'p50':>10} {'p99':>10} {'p99.9':>10} {'max':>10}"
    for name, latency in report.latency_ms.items():
        if latency is None:
            yield f"{_TIMED[name]:16} {'-':>10} {'-':>10} {'-':>10} {'-':>10}"
        else:
            values = (latency.p50, latency.p99, latency.p99_9, latency.max)
            yield f"{_TIMED[name]:16} {' '.join(f'{_number(value):>10}' for value in values)}"
    yield from _shares(report)


def _shares(report: Report) -> Iterator[str]:
    own, server = report.generator, report.server
    waited = "" if own.wait_share is None else f" ({own.wait_share:.0%} waiting for it)"
    each = "" if own.cpu_us_each is None else f", {_number(own.cpu_us_each)} µs each"
    yield f"this program used {own.cpu_share:.0%} of its core{waited}{each}"
    if server is not None:
        each = "" if server.cpu_us_each is None else f", {_number(server.cpu_us_each)} µs each"
        memory = f"{server.resident_kib / 1024:,.1f} MiB resident"
        if server.kib_per_connection is not None:
            memory += f", {_number(server.kib_per_connection)} KiB for each connection"
        yield f"process {server.pid} used {server.cpu_share:.0%} of a core{each}; {memory}"


def warning(report: Report) -> str | None:
    """Return what is to be said about a figure that is not the server's; None if it is."""
    own = report.generator
    if not own.saturated:
        return None
    waited = f" and waited for it for {own.wait_share:.0%} of the time" if own.wait_share else ""
    return (
        f"warning: this program used {own.cpu_share:.0%} of its core{waited}: the rate is its own "
        "or this machine's, the server may be able to do more"
    )


def _number(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
