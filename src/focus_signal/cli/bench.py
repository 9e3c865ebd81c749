"""`focus-signal bench`: measure a server, and what the exit statuses mean.

0: it was measured. 1: the server is not there, went away, or did what it may not do, and there is no figure;
or connections were lost while they were held. 2: a wrong argument. 70: a fault of this program's own.
130: interrupted. 141: whoever read the output has gone.
"""

import argparse
import os
import sys
import traceback

from focus_signal.cli.bench_output import Stages, as_json, as_table, warning
from focus_signal.load.faults import WrongResult
from focus_signal.load.measure import measure
from focus_signal.load.meter import NoSuchProcess, processor_seconds
from focus_signal.load.settings import Settings
from focus_signal.load.stream import prepared_bytes
from focus_signal.load.target import Target, WrongUrl, read_target

_STDOUT = 1
_NO_FIGURE = 1
_SOFTWARE_ERROR = 70  # sysexits.h, EX_SOFTWARE
_INTERRUPTED = 130  # what a shell says of a process that SIGINT has ended, and of SIGPIPE below
_NOBODY_READS = 141
_MOST_PREPARED = 1 << 30


def run(options: argparse.Namespace) -> int:
    """Carry out a command.

    Args:
      options: the parsed command line.

    Returns:
      the exit status.
    """
    settings = _settings(options)
    try:
        status = _run(options, settings)
        if sys.stdout is not None:  # it was closed before Python started
            sys.stdout.flush()
    except BrokenPipeError:
        # What is still in the buffer goes nowhere, and nothing complains about that when the process ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), _STDOUT)
        status = _NOBODY_READS
    except KeyboardInterrupt:
        sys.stderr.write("focus-signal: interrupted\n")
        status = _INTERRUPTED
    except WrongResult as error:
        sys.stderr.write(f"focus-signal: {error}\n")
        status = _NO_FIGURE
    except Exception:  # noqa: BLE001 - else Python would end with 1, which says something about the server
        traceback.print_exc()
        status = _SOFTWARE_ERROR
    return status


def _run(options: argparse.Namespace, settings: Settings) -> int:
    bar = Stages(sys.stderr)
    try:
        report = measure(options.bench_mode, settings, bar.show)
    finally:
        bar.clear()
    if sys.stdout is not None:
        sys.stdout.write(f"{as_json(report) if options.json else chr(10).join(as_table(report))}\n")
    said = warning(report)
    if said is not None:
        sys.stderr.write(f"focus-signal: {said}\n")
    if report.lost:
        sys.stderr.write(f"focus-signal: {report.lost} of {report.connections} connections were lost\n")
        return _NO_FIGURE
    return 0


def _settings(options: argparse.Namespace) -> Settings:
    """Check what argparse cannot, or end the process with what is wrong."""
    relay = options.bench_mode == "relay"
    window = {"window" if relay else "at_once": options.window}
    names = {"relay": ("refill", "size"), "match": ("room_size",)}.get(options.bench_mode, ())
    settings = Settings(
        _target(options),
        pairs=options.pairs,
        seconds=options.seconds,
        warmup=options.warmup,
        pid=options.pid,
        **window,
        **{name: getattr(options, name) for name in names},
    )
    if relay and settings.refill > settings.window:
        options.complain(
            f"argument --refill: {settings.refill}: allowed is at most the --window, {settings.window}"
        )
    prepared = settings.clients * prepared_bytes(settings.window, settings.size)
    if relay and prepared > _MOST_PREPARED:
        options.complain(
            f"arguments --pairs, --window and --size: {prepared >> 20} MiB of messages would have to be made "
            f"ahead; allowed are {_MOST_PREPARED >> 20}"
        )
    if options.bench_mode == "match" and settings.room_size > settings.clients:
        options.complain(
            f"argument --room-size: {settings.room_size}: allowed is at most the number of clients, "
            f"{settings.clients} (--pairs {settings.pairs})"
        )
    _look_at_process(options)
    return settings


def _target(options: argparse.Namespace) -> Target:
    try:
        return read_target(options.url)
    except WrongUrl as error:
        options.complain(f"argument --url: {options.url!r}: {error}")  # ends the process
        raise


def _look_at_process(options: argparse.Namespace) -> None:
    if options.pid is not None:
        try:
            processor_seconds(options.pid)
        except NoSuchProcess as error:
            options.complain(f"argument --pid: {options.pid}: allowed is a process of this machine; {error}")
