"""The arguments of `focus-signal bench`; the load generator is not loaded to read them or to print help."""

import argparse
from collections.abc import Callable

URL = "ws://127.0.0.1:8000/signal"
MOST_PAIRS = 100_000
MOST_WINDOW = 1_000
LEAST_SIZE, MOST_SIZE = 200, 256 * 1024
MOST_ROOM = 1_000
MOST_SECONDS = 86_400


def add_bench(parser: argparse.ArgumentParser) -> None:
    """Add the commands of `focus-signal bench` to its parser."""
    commands = parser.add_subparsers(dest="bench_mode", required=True, metavar="WHAT")

    def add(name: str, about: str, pairs: int, pairs_are: str) -> argparse.ArgumentParser:
        command = commands.add_parser(
            name, help=about, description=f"{about[0].upper()}{about[1:]}.", allow_abbrev=False
        )
        # Whoever carries the command out complains about its arguments in this one's name.
        command.set_defaults(complain=command.error)
        _add_common(command)
        least = 0 if name == "connect" else 1
        command.add_argument(
            "--pairs",
            type=whole(least, MOST_PAIRS),
            default=pairs,
            metavar="N",
            help=f"{pairs_are} ({pairs})",
        )
        return command

    relay = add("relay", "measure relayed ice-candidates", 50, "pairs of clients")
    _add_window(relay, 20, "messages that each client has under way")
    relay.add_argument(
        "--refill",
        type=whole(1, MOST_WINDOW),
        default=1,
        metavar="R",
        help="send again when R messages of the window have arrived; the whole window makes bursts (1)",
    )
    relay.add_argument(
        "--size",
        type=whole(LEAST_SIZE, MOST_SIZE),
        default=250,
        metavar="BYTES",
        help="bytes in a message as it is sent, without its frame (250)",
    )
    match = add("match", "measure requests for a room", 50, "half as many as there are clients")
    _add_window(match, 32, "handshakes at a time before the clock starts")
    match.add_argument(
        "--room-size", type=whole(1, MOST_ROOM), default=2, metavar="K", help="how many make a room (2)"
    )
    connect = add("connect", "measure handshakes and closes", 0, "pairs that are connected all the time")
    _add_window(connect, 32, "clients at a time")
    idle = add("idle", "hold connections that say nothing", 500, "half as many as there are connections")
    _add_window(idle, 32, "handshakes at a time before the clock starts")


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--url", default=URL, help=f"the server; userId is added to it ({URL})")
    parser.add_argument(
        "--seconds", type=seconds(0.1), default=5.0, metavar="S", help="how long is measured (5)"
    )
    parser.add_argument(
        "--warmup", type=seconds(0), default=1.0, metavar="S", help="how long the load runs before that (1)"
    )
    parser.add_argument(
        "--pid",
        type=whole(1, 1 << 22),
        metavar="PID",
        help="the server's process on this machine: tells its processor time and memory",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")


def _add_window(parser: argparse.ArgumentParser, usual: int, about: str) -> None:
    parser.add_argument(
        "--window", type=whole(1, MOST_WINDOW), default=usual, metavar="W", help=f"{about} ({usual})"
    )


def whole(least: int, most: int) -> Callable[[str], int]:
    """Give a reader of whole numbers."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 18 and least <= int(text) <= most):
            raise argparse.ArgumentTypeError(f"{text!r}: allowed is a whole number from {least} to {most}")
        return int(text)

    return read


def seconds(least: float) -> Callable[[str], float]:
    """Give a reader of times."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:  # not a number at all; told like one that is out of range
            value = -1.0
        if not least <= value <= MOST_SECONDS:
            raise argparse.ArgumentTypeError(
                f"{text!r}: allowed is a number of seconds from {least} to {MOST_SECONDS}"
            )
        return value

    return read
