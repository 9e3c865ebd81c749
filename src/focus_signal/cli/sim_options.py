"""The arguments of `focus-signal sim`; nothing of the testing kit is loaded to read them or to print help."""

import argparse
from collections.abc import Callable
from pathlib import Path

LEVELS = ("core", "message", "full")
FORMATS = ("ascii", "mermaid", "svg")
CLIENTS = 6
OPERATIONS = 45

Add = Callable[..., argparse.ArgumentParser]


def add_sim(parser: argparse.ArgumentParser) -> None:
    """Add the commands of `focus-signal sim` to its parser."""
    commands = parser.add_subparsers(dest="sim_command", required=True, metavar="COMMAND")

    def add(name: str, about: str) -> argparse.ArgumentParser:
        command = commands.add_parser(
            name, help=about, description=f"{about[0].upper()}{about[1:]}.", allow_abbrev=False
        )
        # Whoever carries the command out complains about its arguments in this one's name.
        command.set_defaults(complain=command.error)
        return command

    _add_run(add("run", "run many seeds and count which invariants did not hold"))
    _add_subjects(add("subjects", "list what can be tried: the server, the seed's logic and planted bugs"))
    _add_replay(add("replay", "run a seed, a failure file or a plan again and say what did not hold"))
    _add_shrink(add("shrink", "find a smaller plan that breaks the same invariant"))
    _add_diagram(add("diagram", "draw a run as a sequence diagram"))
    add_source(add("check-determinism", "run twice, in two processes unlike each other, and compare"))
    _add_diff(add("diff", "show the first difference between two traces or failures"))
    _add_plan(add("plan", "print what a seed's run does"))


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--seeds", type=seeds, required=True, metavar="A:B", help="from A to below B; N alone means 0:N"
    )
    _add_conditions(parser)
    _add_workload(parser)
    parser.add_argument(
        "--jobs", type=whole(1), default=1, metavar="N", help="processes that share the work (1)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")


def _add_subjects(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print a JSON array instead of a table")


def _add_replay(parser: argparse.ArgumentParser) -> None:
    add_source(parser)
    parser.add_argument(
        "--trace",
        action="store_true",
        help="print the trace on stdout, a line of JSON an event, and everything else on stderr",
    )
    parser.add_argument(
        "--until", type=seconds, metavar="T", help="print the trace up to T virtual seconds (implies --trace)"
    )


def _add_shrink(parser: argparse.ArgumentParser) -> None:
    add_source(parser)
    parser.add_argument("--invariant", metavar="NAME", help="which one is to stay broken (the first that is)")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="OUT", help="write the failure there instead of on stdout"
    )


def _add_diagram(parser: argparse.ArgumentParser) -> None:
    add_source(parser)
    parser.add_argument("--format", choices=FORMATS, default="ascii", help="how it is drawn (ascii)")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="OUT", help="write it there instead of on stdout"
    )


def _add_diff(parser: argparse.ArgumentParser) -> None:
    about = "a trace, as `sim replay --trace` prints it, or a failure file or plan, which is run again"
    parser.add_argument("a", type=Path, metavar="A", help=about)
    parser.add_argument("b", type=Path, metavar="B", help="the same")
    parser.add_argument(
        "--context", type=whole(0), default=3, metavar="N", help="lines to show before and after (3)"
    )


def _add_plan(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=whole(0), required=True, metavar="N", help="the seed")
    _add_workload(parser)


def add_source(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say which run a command is about."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("file", type=Path, nargs="?", metavar="FILE", help="a failure file, or a plan")
    which.add_argument("--seed", type=whole(0), metavar="N", help="what `sim run` ran under this seed")
    _add_conditions(parser, of_a_file=True)
    _add_workload(parser)


def _add_conditions(parser: argparse.ArgumentParser, *, of_a_file: bool = False) -> None:
    # None is told from what somebody asked for: a file has its own.
    usual = (None, None, None) if of_a_file else ("core", "server", "shuffle")
    or_the_file = "; a file has its own" if of_a_file else ""
    parser.add_argument(
        "--level", choices=LEVELS, default=usual[0], help=f"where the server runs (core{or_the_file})"
    )
    parser.add_argument(
        "--subject", default=usual[1], metavar="NAME", help=f"what is tried (server{or_the_file})"
    )
    parser.add_argument(
        "--schedule",
        default=usual[2],
        metavar="POLICY",
        help=f"shuffle, single-step, pct or pct:DEPTH; above core (shuffle{or_the_file})",
    )


def _add_workload(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what a seed is made into")
    group.add_argument(
        "--clients", type=whole(1), default=CLIENTS, metavar="N", help=f"how many users there are ({CLIENTS})"
    )
    group.add_argument(
        "--operations",
        type=whole(0),
        default=OPERATIONS,
        metavar="N",
        help=f"how many operations ({OPERATIONS})",
    )
    group.add_argument("--verbs", action="store_true", help="drain, stop and restart the server too")
    group.add_argument(
        "--workload",
        choices=("swarm", "siege", "v1"),
        default="swarm",
        help="a swarm of clients; a siege by strangers, which have a say at the full level only; or v1, "
        "clients of focus-signal.v1 that are cut and come back, at the levels core and full (swarm)",
    )


def seeds(text: str) -> range:
    """Read A:B, or N for 0:N."""
    first, colon, end = text.partition(":")
    if not colon:
        first, end = "0", first
    if not (_is_whole(first) and _is_whole(end) and int(first) < int(end)):
        raise argparse.ArgumentTypeError(
            f"{text!r}: allowed are A:B, two whole numbers from 0 with A below B, and N from 1 for 0:N"
        )
    return range(int(first), int(end))


def whole(least: int) -> Callable[[str], int]:
    """Give a reader of whole numbers."""

    def read(text: str) -> int:
        if not _is_whole(text) or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r}: allowed is a whole number from {least}")
        return int(text)

    return read


def seconds(text: str) -> float:
    """Read a time."""
    try:
        value = float(text)
    except ValueError:  # not a number at all; told like one that is out of range
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r}: allowed is a number of seconds from 0")
    return value


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18
