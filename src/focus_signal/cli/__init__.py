"""The command line: `focus-signal serve`, and `focus-signal sim` and `bench` with commands of their own."""

import argparse
import sys
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
    arguments = sys.argv[1:] if arguments is None else arguments
    if "serve" in arguments:
        # Only then: these flags are made of the settings, which take a while to load.
        from focus_signal.cli.serve_options import add_serve  # noqa: PLC0415

        add_serve(serve)
    about = "run the server in simulations that a seed decides"
    add_sim(commands.add_parser("sim", help=about, description=f"{about.capitalize()}.", allow_abbrev=False))
    about = "measure a server that speaks the seed's dialect"
    add_bench(
        commands.add_parser("bench", help=about, description=f"{about.capitalize()}.", allow_abbrev=False)
    )
    options = parser.parse_args(arguments)
    # Only now: `--help` and most wrong arguments are answered without loading the server.
    if options.command == "sim":
        from focus_signal.cli.sim import run as run_sim  # noqa: PLC0415

        return run_sim(options)
    if options.command == "bench":
        from focus_signal.cli.bench import run as run_bench  # noqa: PLC0415

        return run_bench(options)
    from focus_signal.cli.serve import run  # noqa: PLC0415

    return run(options, serve.error)
