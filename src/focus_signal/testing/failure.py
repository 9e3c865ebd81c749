"""A failure file: all that is needed to see a failed run again, and what was wrong with it.

It is JSON with an operation of the plan a line, so that two of them, or one before and after shrinking, can
be compared line by line.
"""

import re
from pathlib import Path
from typing import Literal, get_args

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType, field

from focus_signal.core.matchmaker import RelayScope
from focus_signal.errors import PlanError
from focus_signal.testing.determinism.policies import Kind
from focus_signal.testing.plan import (
    LEVELS,
    Direction,
    FaultKind,
    HostileDeed,
    LeaveBy,
    Level,
    Operation,
    Plan,
    ServerVerb,
    Signal,
    check_plan,
)
from focus_signal.testing.trace import versions
from focus_signal.testing.violation import Violation

FORMAT: Literal[1] = 1
_LONGEST_SHOWN = 60


class ScheduleLog(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Be the order that a run's tasks took.

    Args:
      kind: what the choices order: a batch, or single steps.
      choices: the choice log of `scheduler.Schedule`.
    """

    kind: Kind
    choices: tuple[int, ...]


class Failure(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Be a run in which something did not hold.

    Args:
      version: the format of this file.
      seed: what the run was drawn from.
      level: where it was run.
      subject: the name of what was tried.
      test: the node id of the pytest test that ran it, if one did.
      digest: the run's digest; a replay gives the same one if its versions are the same.
      versions: those of all on which the bytes of a run depend.
      violations: what did not hold.
      schedule: the order that its tasks took; None for the one that the seed gives, and at the core level.
      plan: what was done.
    """

    version: Literal[1] = FORMAT
    seed: int
    level: Level
    subject: str
    test: str | None = None
    digest: str = ""
    versions: dict[str, str] = field(default_factory=versions)
    violations: tuple[Violation, ...]
    schedule: ScheduleLog | None = None
    plan: Plan

    def to_json(self) -> str:
        """Print the failure, a field, a violation and an operation a line."""
        lines = [
            f'"{name}":{_encoded(getattr(self, name))},\n'
            for name in self.__struct_fields__
            if name not in {"violations", "plan"}
        ]
        violations = ",\n".join(map(_encoded, self.violations))
        plan = self.plan.to_json().rstrip("\n")
        return f'{{\n{"".join(lines)}"violations":[\n{violations}\n],\n"plan":{plan}\n}}\n'

    def save(self, path: Path) -> None:
        """Write the failure to a file, and make the directories above it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.to_json(), "utf-8")


class _Look(Struct):
    """Be the first look at a file: what tells which kind it is."""

    version: Raw | UnsetType = UNSET
    plan: Raw | UnsetType = UNSET
    operations: Raw | UnsetType = UNSET


def load_failure(path: Path) -> Failure:
    """Read a failure that `Failure.save` wrote.

    Raises:
      PlanError: there is no such file, or a field is wrong; the message names it, what came, what is allowed.
    """
    loaded = load_failure_or_plan(path)
    if isinstance(loaded, Plan):
        raise PlanError(f"{path} must be a failure, with the plan under 'plan', not a plan alone")
    return loaded


def load_failure_or_plan(path: Path) -> Failure | Plan:
    """Read a failure, or a plan by itself.

    Raises:
      PlanError: there is no such file, or a field is wrong; the message names it, what came, what is allowed.
    """
    try:
        data = path.read_bytes()
    except OSError as error:  # missing, a directory, not ours to read: whoever named the file wants to know
        raise PlanError(f"{path} must be a file that can be read: {error.strerror}") from None
    try:
        return _read(data)
    except PlanError as error:  # the reader knows no path
        raise PlanError(f"{path}: {error}") from None


def _read(data: bytes) -> Failure | Plan:
    try:
        look = msgspec.json.decode(data, type=_Look)
    except msgspec.ValidationError:
        raise PlanError("this must be a JSON object, a failure or a plan, not another JSON value") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PlanError(f"this must be a JSON object, a failure or a plan, and is no JSON: {error}") from None
    except RecursionError:  # thousands of brackets
        raise PlanError("this must be a failure or a plan, and is nested too deep to be one") from None
    kind: type[Failure | Plan] = Plan if look.plan is UNSET and look.operations is not UNSET else Failure
    if kind is Failure and look.version is not UNSET and bytes(look.version) != b"%d" % FORMAT:
        came = _shortened(bytes(look.version).decode("utf-8", "replace"))
        raise PlanError(f"version must be {FORMAT}, not {came}")
    try:
        loaded = msgspec.json.decode(data, type=kind)
    except msgspec.DecodeError as error:
        raise PlanError(_explained(str(error))) from None
    except UnicodeDecodeError as error:  # the first look reads no strings
        raise PlanError(f"this must be UTF-8, and is not: {error}") from None
    try:
        check_plan(loaded.plan if isinstance(loaded, Failure) else loaded)
    except PlanError as error:  # it names a field of the plan, which is not the file's own
        raise PlanError(f"plan.{error}" if isinstance(loaded, Failure) else str(error)) from None
    return loaded


# msgspec says which field and what came, but not what is allowed in place of a name that it does not know.
_ALLOWED: dict[str, tuple[str, ...]] = {
    "level": LEVELS,
    "deed": get_args(HostileDeed),
    "do": tuple(str(kind.__struct_config__.tag) for kind in get_args(Operation)),
    "fault": get_args(FaultKind),
    "direction": get_args(Direction),
    "by": get_args(LeaveBy),
    "verb": get_args(ServerVerb),
    "relay_scope": get_args(RelayScope),
}
_ALLOWED_KINDS = {Signal: get_args(Signal.__annotations__["kind"]), ScheduleLog: get_args(Kind)}
_WHERE = re.compile(r"`\$\.?(\S*?)(\w+)`$")


def _explained(error: str) -> str:
    found = _WHERE.search(error)
    if found is None or not error.startswith("Invalid"):
        return error
    before, name = found.groups()
    allowed = _ALLOWED.get(name)
    if name == "kind":
        allowed = _ALLOWED_KINDS[ScheduleLog if before == "schedule." else Signal]
    return error if allowed is None else f"{error}; allowed: {', '.join(allowed)}"


def _encoded(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
