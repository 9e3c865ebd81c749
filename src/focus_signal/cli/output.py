"""Where the results of `focus-signal sim` go: standard output, or a file that somebody named."""

import sys
from pathlib import Path
from typing import TextIO

from focus_signal.cli.sim_source import WrongArgument


def say(text: str, stream: TextIO | None = None) -> None:
    """Write text, and the end of its line if it has none, to stdout or another stream."""
    written = sys.stdout if stream is None else stream
    if written is not None:  # it was closed before Python started
        written.write(text if text.endswith("\n") else f"{text}\n")


def give(text: str, path: Path | None) -> None:
    """Write text to a file, in directories that are made if need be; to stdout if there is no path."""
    if path is None:
        say(text)
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text if text.endswith("\n") else f"{text}\n", "utf-8")
    except OSError as error:  # whoever named the file wants to know
        raise WrongArgument(f"argument -o/--output: {path} cannot be written: {error.strerror}") from error
