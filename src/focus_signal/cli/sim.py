"""`focus-signal sim`: its commands, and what their exit statuses mean.

0: it was done, and every invariant held (or two things are the same). 1: one did not hold (or they differ).
2: a wrong argument. 70: a fault of the kit's own, which says nothing about the server. 130: interrupted.
141: whoever read the output has gone.
"""

import argparse
import os
import sys
import traceback

from focus_signal.cli.sim_compare import check_determinism, diff
from focus_signal.cli.sim_look import diagram, plan, replay, shrink, subjects
from focus_signal.cli.sim_run import run as run_seeds
from focus_signal.cli.sim_source import WrongArgument
from focus_signal.cli.sim_v1 import V1_COMMANDS, is_about_v1
from focus_signal.errors import UnsupportedTrio
from focus_signal.testing.campaign import CampaignFailed

_STDOUT = 1
_SOFTWARE_ERROR = 70  # sysexits.h, EX_SOFTWARE
_INTERRUPTED = 130  # what a shell says of a process that SIGINT has ended, and of SIGPIPE below
_NOBODY_READS = 141

_COMMANDS = {
    "run": run_seeds,
    "subjects": subjects,
    "replay": replay,
    "shrink": shrink,
    "diagram": diagram,
    "check-determinism": check_determinism,
    "diff": diff,
    "plan": plan,
}


def run(options: argparse.Namespace) -> int:
    """Carry out a command.

    Args:
      options: the parsed command line.

    Returns:
      the exit status.
    """
    try:
        commands = V1_COMMANDS if is_about_v1(options) else _COMMANDS
        status = commands[options.sim_command](options)
        if sys.stdout is not None:  # it was closed before Python started
            sys.stdout.flush()
    except WrongArgument as error:
        options.complain(str(error))  # ends the process
        raise
    except BrokenPipeError:
        # What is still in the buffer goes nowhere, and nothing complains about that when the process ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), _STDOUT)
        status = _NOBODY_READS
    except KeyboardInterrupt:
        sys.stderr.write("focus-signal: interrupted\n")
        status = _INTERRUPTED
    except (CampaignFailed, UnsupportedTrio) as error:  # they say all that there is to say
        notes: list[str] = getattr(error, "__notes__", [])
        sys.stderr.write("".join(f"{line}\n" for line in (*notes, f"focus-signal: {error}")))
        status = _SOFTWARE_ERROR
    except Exception:  # noqa: BLE001 - else Python would end with 1, which says that an invariant did not hold
        traceback.print_exc()
        status = _SOFTWARE_ERROR
    return status
