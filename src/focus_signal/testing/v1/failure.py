"""A failure file of the workload `v1`: all that is needed to see a run again, and what was wrong with it."""

from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from focus_signal.errors import PlanError
from focus_signal.testing.v1.plan import V1Plan, check_v1_plan, read_v1_plan
from focus_signal.testing.v1.run import V1Level, V1Run
from focus_signal.testing.violation import Violation

_MARK = b'"workload":"v1"'
_LOOK = 4096


class V1Failure(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Be a run.

    Args:
      workload: which.
      version: the format of this file.
      level: where it was run.
      subject: the name of what was tried.
      digest: the run's digest.
      violations: what did not hold.
      plan: what was done.
    """

    workload: Literal["v1"] = "v1"
    version: Literal[1] = 1
    level: V1Level
    subject: str
    digest: str = ""
    violations: tuple[Violation, ...] = ()
    plan: V1Plan


def failure_text(ran: V1Run) -> str:
    """Print a run, a violation and an operation a line."""
    head = {
        "workload": "v1",
        "version": 1,
        "level": ran.level,
        "subject": ran.subject.name,
        "digest": ran.digest,
    }
    violations = ",\n".join(msgspec.json.encode(violation).decode() for violation in ran.violations)
    plan = ran.plan.to_json().rstrip("\n")
    return (
        f'{msgspec.json.encode(head).decode()[:-1]},\n"violations":[\n{violations}\n],\n"plan":{plan}\n}}\n'
    )


def is_v1_file(path: Path) -> bool:
    """Tell whether a file holds a failure or a plan of this workload; what cannot be read does not."""
    try:
        with path.open("rb") as file:
            return _MARK in file.read(_LOOK).replace(b" ", b"")
    except OSError:  # whoever reads it as something else tells what is wrong with it
        return False


def load_v1(path: Path) -> V1Failure:
    """Read a failure, or a plan by itself, which is one of the server at the core level.

    Raises:
      PlanError: a field is wrong; the message names it, what came and what is allowed.
    """
    data = path.read_bytes()
    try:
        look = msgspec.json.decode(data)
        if not isinstance(look, dict) or "plan" not in look:
            return V1Failure(level="core", subject="server", plan=read_v1_plan(data))
        failure = msgspec.json.decode(data, type=V1Failure)
        check_v1_plan(failure.plan)
    except PlanError as error:
        raise PlanError(f"{path}: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PlanError(f"{path}: this is no failure of the workload v1: {error}") from None
    return failure
