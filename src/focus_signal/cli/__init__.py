"""The command line: `focus-signal serve`, and `focus-signal sim` and `bench` with commands of their own."""

import argparse
from collections.abc import Sequence

from focus_signal.cli.bench_options import add_bench
from focus_signal.cli.sim_options import add_sim


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
      arguments: what follows the program's name; None takes it from the process.

    Returns:
      the exit status. Of `serve`: 0, or 1 when the address cannot be listened on, 2 for a wrong argument, 70
      for a fault of the server's own. Of `sim` and `bench`: see `focus_signal.cli.sim` and `.bench`.
    """
    parser = argparse.ArgumentParser(
        prog="focus-signal", description="A WebRTC signaling and matchmaking server.", allow_abbrev=False
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    serve = commands.add_parser("serve", help="run the server", allow_abbrev=False)
    _add_serve(serve)
    about = "run the server in simulations that a seed decides"
    add_sim(commands.add_parser("sim", help=about, description=f"{about.capitalize()}.", allow_abbrev=False))
    about = "measure a server that speaks the seed's dialect"
    add_bench(
        commands.add_parser("bench", help=about, description=f"{about.capitalize()}.", allow_abbrev=False)
    )
    options = parser.parse_args(arguments)
    # Only now: `--help` and a wrong argument are answered without loading the server.
    if options.command == "sim":
        from focus_signal.cli.sim import run as run_sim  # noqa: PLC0415

        return run_sim(options)
    if options.command == "bench":
        from focus_signal.cli.bench import run as run_bench  # noqa: PLC0415

        return run_bench(options)
    from focus_signal.cli.serve import run  # noqa: PLC0415

    return run(options, serve.error)


def _add_serve(parser: argparse.ArgumentParser) -> None:
    everywhere = "0.0.0.0"  # noqa: S104 - a server for the open internet
    parser.add_argument("--host", default=everywhere, help=f"the address to listen on ({everywhere})")
    parser.add_argument("--port", type=int, default=8000, help="the port; 0 takes a free one (8000)")
    parser.add_argument(
        "--ready-json",
        action="store_true",
        help="print one line of JSON on stdout once connections are accepted, and end when stdin does, "
        "if that is a pipe or a socket",
    )
    parser.add_argument(
        "--relay-scope",
        choices=("room", "any"),
        default="room",
        help="relay between members of one room, or between any two users as the seed does (room)",
    )
    parser.add_argument("--max-match-size", type=int, default=16, help="the largest room (16)")
    parser.add_argument(
        "--transport",
        choices=("native", "trio-websocket"),
        default="native",
        help="what speaks WebSocket: this server's own code, or the library trio-websocket (native)",
    )
    parser.add_argument("--seed-silent", action="store_true", help="send no error frames to seed clients")
