"""`focus-signal serve`: the server as a process, with its signals, its logs and its exit status."""

import argparse
import errno
import json
import logging
import os
import signal
import stat
import sys
from collections.abc import AsyncIterator, Callable
from typing import NoReturn

import trio
from attrs import define, field, frozen

from focus_signal.access.descriptors import raise_soft_limit
from focus_signal.cli import garbage
from focus_signal.cli.serve_options import as_flags, config_of
from focus_signal.errors import ConfigError, ServerFailed
from focus_signal.observe.logs import set_up_logging
from focus_signal.server.config import Config
from focus_signal.server.serve import open_listeners, open_server
from focus_signal.server.server import Server

logger = logging.getLogger("focus_signal")

_STDIN = 0
_CANNOT_LISTEN = 1
_CANNOT_ANNOUNCE = 1
_SOFTWARE_ERROR = 70  # sysexits.h, EX_SOFTWARE


@frozen
class _Process:
    """Be what the process does besides serving.

    Args:
      ready_json: print the line for whoever started it.
      watch_stdin: end at the end of standard input.
    """

    ready_json: bool
    watch_stdin: bool


def run(options: argparse.Namespace, usage_error: Callable[[str], NoReturn]) -> int:
    """Serve until a signal or the end of standard input.

    Args:
      options: the parsed command line.
      usage_error: ends the process with a message about a wrong argument.

    Returns:
      the exit status.
    """
    try:
        config = config_of(options)
    except ConfigError as error:
        usage_error(as_flags(str(error)))
    # Before Trio opens descriptors of its own, one of which could take the number of a closed standard input.
    process = _Process(options.ready_json, options.ready_json and _stdin_can_end())
    set_up_logging(sys.stderr)
    raise_soft_limit()
    status, refused = 0, ""
    garbage.take_over()
    try:
        status = trio.run(_serve, config, process)
    except* ServerFailed as group:
        logger.critical("%s", group.exceptions[0])
        status = _SOFTWARE_ERROR
    except* ConfigError as group:
        # What a setting names is only looked at when the server is made: the secrets in a file.
        refused = str(group.exceptions[0])
    if refused:
        usage_error(as_flags(refused))
    return status


async def _serve(config: Config, process: _Process) -> int:
    # Signals first: from the moment that anybody can connect, both of them end the server in good order.
    with trio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        try:
            listeners = await open_listeners(config)
        except OSError as error:
            address = f"{config.host} port {config.port}"
            sys.stderr.write(f"focus-signal: cannot listen on {address}: {error.strerror or error}\n")
            return _CANNOT_LISTEN
        async with trio.open_nursery() as nursery:
            ending = _Ending()
            nursery.start_soon(ending.watch_signals, signals)
            nursery.start_soon(garbage.run_collector)
            if process.watch_stdin:
                nursery.start_soon(ending.watch_stdin)
            async with open_server(config, listeners) as server:
                told = _announce(server, process)
                if told:
                    await ending.asked.wait()
                    with ending.goodbye:
                        await server.drain(config.drain_grace)
                if ending.goodbye.cancelled_caught:
                    server.cut()
            nursery.cancel_scope.cancel()
    closed = ", ".join(f"{name} {count}" for name, count in server.statistics().closed.items())
    logger.info("ended; closed since the start: %s", closed or "none")
    return 0 if told else _CANNOT_ANNOUNCE


@define(eq=False)
class _Ending:
    """Be how the process is told to end: once in good order, and a second time at once."""

    asked: trio.Event = field(factory=trio.Event, init=False)
    goodbye: trio.CancelScope = field(factory=trio.CancelScope, init=False)

    async def watch_signals(self, signals: AsyncIterator[int]) -> None:
        """Wait for signals, to the very end: one that nobody takes would end the process in the middle."""
        async for number in signals:
            name = signal.Signals(number).name
            if self.asked.is_set():
                logger.info("%s once more: cutting whoever is left", name)
                self.goodbye.cancel()
            else:
                logger.info("%s: closing everyone; once more cuts them", name)
                self.asked.set()

    async def watch_stdin(self) -> None:
        """Wait for the end of standard input."""
        # Not made non-blocking: that would change the pipe for everyone who shares it.
        while True:
            await trio.lowlevel.wait_readable(_STDIN)
            try:
                data = os.read(_STDIN, 4096)
            except OSError as error:
                logger.info("standard input broke: %s", error.strerror)
                break
            if not data:
                break
        logger.info("standard input has ended: closing everyone")
        self.asked.set()


def _announce(server: Server, process: _Process) -> bool:
    """Say where to connect; False when whoever waits for the line of JSON cannot be told."""
    logger.info("serving; clients on this machine connect to %s?userId=...", server.url)
    if server.config.host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        logger.info("and others to ws://<this machine's address>:%d/signal?userId=...", server.port)
    if server.config.demo:
        logger.info("a page that makes a call: %s/", server.http_url)
    if not process.ready_json:
        return True
    line = json.dumps({"ready": True, "url": server.url, "http": server.http_url}, separators=(",", ":"))
    fault = _write_line(line)
    if fault is not None:
        sys.stderr.write(f"focus-signal: cannot write the --ready-json line to stdout: {fault}\n")
    return fault is None


def _write_line(line: str) -> str | None:
    """Write to stdout, and tell what is in the way if it cannot be done."""
    if sys.stdout is None:  # it was closed before Python started
        return os.strerror(errno.EBADF)
    try:
        # Not through Python's buffer, which would try again, and fail again, when the process ends.
        os.write(sys.stdout.fileno(), f"{line}\n".encode())
    except OSError as error:
        return error.strerror
    return None


def _stdin_can_end() -> bool:
    """Tell whether standard input is a pipe or a socket, whose end says that whoever started us has gone."""
    try:
        mode = os.fstat(_STDIN).st_mode
    except OSError:
        return False  # it is closed
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
