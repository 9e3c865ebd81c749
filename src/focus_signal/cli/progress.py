"""A bar that shows on a terminal how far a campaign has come, and leaves nothing behind."""

import shutil
import time
from typing import TextIO

from attrs import define, field

_BETWEEN = 0.1
_CELLS = 24


@define(eq=False)
class Bar:
    """Draw on a stream if it is a terminal; else do nothing.

    Args:
      stream: where to, as a rule stderr.
      total: how much there is to be done.
    """

    _stream: TextIO | None
    _total: int
    _began: float = field(factory=time.monotonic, init=False)
    _drawn: float = field(default=0.0, init=False)
    _width: int = field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        if self._stream is not None and not self._stream.isatty():
            self._stream = None

    def show(self, done: int, broken: int) -> None:
        """Show how much is done, and in how much of it something did not hold."""
        now = time.monotonic()
        if self._stream is None or (now - self._drawn < _BETWEEN and done < self._total):
            return
        self._drawn = now
        per_second = done / max(now - self._began, 1e-9)
        full = _CELLS * done // self._total
        bar = f"[{'#' * full}{'.' * (_CELLS - full)}]"
        text = f"{bar} {done}/{self._total}  {per_second:.0f}/s  {broken} with violations"
        # One cell less than there are, or some terminals begin a new line.
        text = text[: shutil.get_terminal_size().columns - 1]
        self._write(f"\r{text:{self._width}}")
        self._width = len(text)

    def clear(self) -> None:
        """Take the bar away."""
        if self._stream is not None and self._width:
            self._write(f"\r{'':{self._width}}\r")
            self._width = 0

    def _write(self, text: str) -> None:
        assert self._stream is not None  # noqa: S101 - both callers have looked
        self._stream.write(text)
        self._stream.flush()
