"""Failure files: what is written is read again, and what is wrong with one is said."""

import difflib
import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from focus_signal.errors import PlanError
from focus_signal.testing.failure import Failure, ScheduleLog, load_failure, load_failure_or_plan
from focus_signal.testing.plan import Join, Open, Plan, RunConfig, Say
from focus_signal.testing.violation import Violation
from focus_signal.testing.workload.swarm import swarm
from tests.testing.diagram_runs import BREACH, HOSTILE, STORY

FAILURE = Failure(
    seed=7,
    level="full",
    subject="server",
    test="tests/test_x.py::test_y[1]",
    digest="0123abcd",
    versions={"trio": "0.35.0"},
    violations=(BREACH, Violation("leak", 9.0, HOSTILE)),
    schedule=ScheduleLog(kind="batch", choices=(1, 0, 2)),
    plan=STORY,
)

SMALL = Failure(
    seed=7,
    level="core",
    subject="server",
    versions={"trio": "0.35.0"},
    violations=(Violation("leak", 9.0, "1 room", (1,)), Violation("bound", 9.5, "too much")),
    plan=Plan(
        seed=7,
        config=RunConfig(),
        operations=(Open(id=1, at=0.0, conn=1, user="ana"), Join(id=2, at=1.0, conn=1, size=2)),
    ),
)
SMALL_TEXT = """\
{
"version":1,
"seed":7,
"level":"core",
"subject":"server",
"test":null,
"digest":"",
"versions":{"trio":"0.35.0"},
"schedule":null,
"violations":[
{"invariant":"leak","t":9.0,"text":"1 room","ops":[1]},
{"invariant":"bound","t":9.5,"text":"too much","ops":[]}
],
"plan":{"seed":7,"config":CONFIG,"operations":[
{"do":"open","conn":1,"user":"ana","id":1,"at":0.0},
{"do":"join","conn":1,"size":2,"id":2,"at":1.0}
]}
}
"""


def test_the_exact_text() -> None:
    config = msgspec.json.encode(RunConfig()).decode()
    assert SMALL.to_json() == SMALL_TEXT.replace("CONFIG", config)


@pytest.mark.parametrize(
    "failure",
    [
        FAILURE,
        SMALL,
        msgspec.structs.replace(SMALL, violations=(), plan=SMALL.plan.keeping(())),
        msgspec.structs.replace(SMALL, plan=swarm(verbs=("drain", "restart")).plan(3)),
    ],
)
def test_what_is_saved_is_loaded(failure: Failure, tmp_path: Path) -> None:
    path = tmp_path / "new" / "failure.json"
    failure.save(path)
    assert load_failure(path) == load_failure_or_plan(path) == failure
    assert path.read_text("utf-8") == failure.to_json()
    json.loads(path.read_bytes())


def test_an_operation_less_is_a_line_less() -> None:
    less = msgspec.structs.replace(
        FAILURE, plan=STORY.keeping((*STORY.operations[:2], *STORY.operations[3:]))
    )
    lines = difflib.ndiff(FAILURE.to_json().splitlines(), less.to_json().splitlines())
    changed = [line for line in lines if not line.startswith(" ")]
    assert changed == ['- {"do":"join","conn":1,"size":2,"id":3,"at":1.0},']


def test_the_versions_are_those_of_here() -> None:
    made = Failure(seed=1, level="core", subject="server", violations=(), plan=SMALL.plan)
    assert {"trio", "trio-websocket", "wsproto", "python", "focus-signal"} == set(made.versions)


def test_a_plan_alone(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text(STORY.to_json())
    assert load_failure_or_plan(path) == STORY
    with pytest.raises(PlanError, match=r"plan\.json must be a failure, .* not a plan alone"):
        load_failure(path)


def changed(failure: Failure, where: str, value: object) -> bytes:
    """Write a failure with one field that is another."""
    whole: Any = json.loads(failure.to_json())
    *way, last = (int(step) if step.isdigit() else step for step in where.split("."))
    inner = whole
    for step in way:
        inner = inner[step]
    inner[last] = value
    return json.dumps(whole).encode()


WRONG = [
    ("version", 2, "version must be 1, not 2"),
    ("version", "1", 'version must be 1, not "1"'),
    ("version", "x" * 900, f'version must be 1, not "{"x" * 59}...'),
    ("seed", "7", "Expected `int`, got `str` - at `$.seed`"),
    ("level", "all", "Invalid enum value 'all' - at `$.level`; allowed: core, message, full"),
    ("subject", None, "Expected `str`, got `null` - at `$.subject`"),
    ("other", 1, "Object contains unknown field `other`"),
    ("schedule.kind", "x", "Invalid enum value 'x' - at `$.schedule.kind`; allowed: batch, step"),
    ("schedule.choices.1", "x", "Expected `int`, got `str` - at `$.schedule.choices[1]`"),
    ("violations.0", {}, "Object missing required field `invariant` - at `$.violations[0]`"),
    ("plan", [], "Expected `object`, got `array` - at `$.plan`"),
    ("plan.operations.0.do", "x", "allowed: open, join, signal, say, leave, fault, server"),
    ("plan.operations.4.kind", "x", "$.plan.operations[4].kind`; allowed: offer, answer, ice-candidate"),
    ("plan.operations.5.by", "x", "$.plan.operations[5].by`; allowed: close, reset, half-close"),
    ("plan.operations.6.fault", "x", "$.plan.operations[6].fault`; allowed: partition, hold, release,"),
    ("plan.operations.6.direction", "x", "$.plan.operations[6].direction`; allowed: both, up, down"),
    ("plan.config.relay_scope", "x", "$.plan.config.relay_scope`; allowed: room, any"),
    ("plan.operations.1.id", 1, "plan.operations[1].id must be one that no other operation has, not 1"),
]


@pytest.mark.parametrize(("where", "value", "said"), WRONG)
def test_a_wrong_field_is_named(where: str, value: object, said: str, tmp_path: Path) -> None:
    path = tmp_path / "failure.json"
    path.write_bytes(changed(FAILURE, where, value))
    with pytest.raises(PlanError, match=re.escape(said)) as caught:
        load_failure(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is no JSON"),
        (b"{", "is no JSON"),
        (b"seed: 7", "is no JSON"),
        (b"\xff", "is no JSON"),
        (b"[]", "not another JSON value"),
        (b"7", "not another JSON value"),
        (b"{}", "missing required field `seed`"),
        (b'{"seed":1,"subject":"\xff"}', "this must be UTF-8"),
        (b'{"version":"\xff"}', "version must be 1, not"),
        (b'{"plan":' + b"[" * 100_000, "nested too deep"),
        (
            b'{"seed":1,"level":"core","subject":"","plan":{},"violations":[],"operations":[]}',
            "`seed` - at `$.plan`",
        ),
        (b'{"seed":1,"operations":[]}', "missing required field `config`"),
        (b'{"seed":1,"config":{},"operations":[{"do":"x"}]}', "allowed: open, join"),
        (
            b'{"seed":1,"config":{},"operations":[{"do":"say","conn":1,"text":"","id":1,"at":-1}]}',
            ": operations[0].at must be",
        ),
    ],
)
def test_what_is_no_failure_is_said_to_be_none(data: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "failure.json"
    path.write_bytes(data)
    with pytest.raises(PlanError, match=re.escape(said)):
        load_failure_or_plan(path)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r"none\.json must be a file that can be read: No such file"):
        load_failure(tmp_path / "none.json")
    with pytest.raises(PlanError, match="must be a file that can be read: Is a directory"):
        load_failure_or_plan(tmp_path)


def test_hostile_texts_survive(tmp_path: Path) -> None:
    operations = (Open(id=1, at=0.0, conn=1, user=HOSTILE), Say(id=2, at=0.0, conn=1, text='\0\n"}]'))
    failure = msgspec.structs.replace(SMALL, plan=SMALL.plan.keeping(operations), subject=HOSTILE)
    failure.save(tmp_path / "f")
    assert load_failure(tmp_path / "f") == failure
    assert len(failure.to_json().splitlines()) == len(SMALL.to_json().splitlines())
