"""Plans as JSON: printed and read they stay what they are, and what is wrong with one is said by its name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from focus_signal.errors import PlanError
from focus_signal.server.config import Config
from focus_signal.testing.history import mark_of
from focus_signal.testing.plan import (
    Fault,
    FaultKind,
    Join,
    Leave,
    Open,
    Operation,
    Plan,
    RunConfig,
    Say,
    Signal,
    Verb,
    check_plan,
    load_plan,
    read_plan,
    text_of,
    users_of,
)
from focus_signal.testing.workload.swarm import plans, swarm

PLAN = Plan(
    seed=7,
    config=RunConfig(),
    operations=(
        Open(id=1, at=0.0, conn=1, user="u1"),
        Join(id=2, at=0.5, conn=1, size=2),
        Signal(id=4, at=0.5, conn=1, kind="offer", to="u2", claim="u3", padding=10),
        Say(id=5, at=1.0, conn=1, text="{}"),
        Fault(id=6, at=2.0, conn=1, fault="partition", amount=1.0, direction="up"),
        Verb(id=7, at=2.5, verb="restart"),
        Leave(id=8, at=3.0, conn=1, by="reset"),
    ),
)


@given(plans(swarm(verbs=("drain", "restart", "stop"))))
def test_a_plan_that_was_printed_reads_as_the_same_plan(plan: Plan) -> None:
    check_plan(plan)
    assert read_plan(plan.to_json()) == plan


def test_the_swarms_plans_are_right_and_read_as_the_same(tmp_path: Path) -> None:
    workload = swarm(verbs=("drain", "restart", "stop"))
    for seed in range(50):
        plan = workload.plan(seed)
        path = tmp_path / f"{seed}.json"
        path.write_text(plan.to_json(), encoding="utf-8")
        assert load_plan(path) == plan


def test_a_plan_is_printed_with_an_operation_a_line() -> None:
    lines = PLAN.to_json().splitlines()
    assert len(lines) == len(PLAN.operations) + 2
    assert [json.loads(line.rstrip(",")) for line in lines[1:-1]] == json.loads(PLAN.to_json())["operations"]
    assert json.loads(lines[3].rstrip(",")) == {
        "do": "signal",
        "id": 4,
        "at": 0.5,
        "conn": 1,
        "kind": "offer",
        "to": "u2",
        "claim": "u3",
        "padding": 10,
    }
    assert lines[-1] == "]}"


def changed(path: str, value: Any) -> str:
    """Print the plan with one field of the JSON changed; a path is names and numbers with dots between."""
    document = json.loads(PLAN.to_json())
    *parents, last = [int(step) if step.isdecimal() else step for step in path.split(".")]
    inner: Any = document
    for step in parents:
        inner = inner[step]
    if value is DROPPED:
        del inner[last]
    else:
        inner[last] = value
    return json.dumps(document)


DROPPED = object()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        # No plan at all.
        ("", ("no plan",)),
        ("{", ("no plan",)),
        ("[]", ("Expected `object`", "got `array`")),
        ("{}", ("missing required field `seed`",)),
        ("\ud800".encode("utf-8", "surrogatepass"), ("no plan",)),
        # A field that is missing, unknown or of another type.
        (changed("seed", "x"), ("Expected `int`, got `str`", "$.seed")),
        (changed("seed", 1.5), ("Expected `int`, got `float`", "$.seed")),
        (changed("config", DROPPED), ("`config`",)),
        (changed("config.latence", 1), ("unknown field `latence`", "$.config")),
        (changed("config.latency", [0.1]), ("length 2", "$.config.latency")),
        (changed("config.relay_scope", "all"), ("'all'", "$.config.relay_scope")),
        (changed("config.buggify", {"x": "y"}), ("Expected `float`, got `str`", "$.config.buggify")),
        (changed("operations", DROPPED), ("`operations`",)),
        (changed("operations.0.do", "dance"), ("'dance'", "$.operations[0]", "do")),
        (changed("operations.0.do", DROPPED), ("`do`", "$.operations[")),
        (changed("operations.0.user", 3), ("Expected `str`, got `int`", "$.operations[0].user")),
        (changed("operations.0.sise", 3), ("unknown field `sise`", "$.operations[0]")),
        (changed("operations.1.size", 2.5), ("Expected `int`, got `float`", "$.operations[1].size")),
        (changed("operations.1.size", DROPPED), ("`size`", "$.operations[1]")),
        (changed("operations.2.kind", "bye"), ("'bye'", "$.operations[2].kind")),
        (changed("operations.4.fault", "loss"), ("'loss'", "$.operations[4].fault")),
        (changed("operations.4.direction", "left"), ("'left'", "$.operations[4].direction")),
        (changed("operations.5.verb", "dance"), ("'dance'", "$.operations[5].verb")),
        (changed("operations.6.by", "foot"), ("'foot'", "$.operations[6].by")),
        # Times that there are not.
        (changed("operations.6.at", float("nan")), ("no plan",)),
        (changed("operations.6.at", float("inf")), ("no plan",)),
        (changed("operations.6.at", -float("inf")), ("no plan",)),
        (changed("operations.6.at", "soon"), ("Expected `float`, got `str`", "$.operations[6].at")),
        (PLAN.to_json().replace('"at":3.0', '"at":1e999'), ("out of range", "$.operations[6].at")),
        # What no schema says.
        (changed("operations.6.at", 1e9), ("operations[6].at", "2.5", "1000000000.0")),
        (changed("operations.6.at", 2.0), ("operations[6].at", "(2.5)", "not 2.0")),
        (changed("operations.0.at", -0.5), ("operations[0].at", "not -0.5")),
        (changed("operations.1.id", 1), ("operations[1].id", "not 1")),
        (
            changed("operations.3", {"do": "open", "id": 99, "at": 1.0, "conn": 1, "user": "u2"}),
            ("operations[3].conn", "not opened yet", "not 1"),
        ),
    ],
)
def test_what_is_wrong_with_a_plan_is_named(text: str | bytes, said: tuple[str, ...]) -> None:
    with pytest.raises(PlanError) as caught:
        read_plan(text)
    for words in said:
        assert words in str(caught.value)


@pytest.mark.parametrize("time", [float("nan"), float("inf"), -float("inf"), -1.0, 1e9])
def test_a_time_that_there_is_not_is_refused_in_a_plan_made_by_hand_too(time: float) -> None:
    plan = PLAN.keeping((Join(id=1, at=time, conn=1, size=2),))
    with pytest.raises(PlanError, match=r"operations\[0\]\.at"):
        check_plan(plan)


def test_a_file_that_holds_no_plan_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_bytes(b"\x89PNG\r\n")
    with pytest.raises(PlanError):
        load_plan(path)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists, max_leaves=5), st.data())
def test_whatever_stands_in_a_field_is_read_or_refused_and_raises_nothing_else(
    value: Any, data: st.DataObject
) -> None:
    fields = ["seed", "config", "operations", "config.latency", "config.weights", "config.chunk"]
    fields += [f"operations.{index}" for index in range(7)]
    fields += ["operations.0.at", "operations.1.conn", "operations.2.padding", "operations.5.grace"]
    try:
        read_plan(changed(data.draw(st.sampled_from(fields)), value))
    except PlanError:
        return


def test_the_users_of_a_plan_are_those_that_it_opens_connections_for() -> None:
    assert users_of(PLAN) == {1: "u1"}


def test_every_fault_kind_is_told_apart_by_its_name() -> None:
    for kind in get_args(FaultKind):
        text = changed("operations.4.fault", kind)
        operation = read_plan(text).operations[4]
        assert isinstance(operation, Fault)
        assert operation.fault == kind


@pytest.mark.parametrize(
    ("operation", "text"),
    [
        (Join(id=1, at=0, conn=1, size=-1), '{"type":"matchmaking","matchSize":-1}'),
        (
            Signal(id=12, at=0, conn=1, kind="offer", to="u2"),
            '{"type":"offer","to":"u2","from":"me","sdp":"m12 "}',
        ),
        (
            Signal(id=3, at=0, conn=1, kind="ice-candidate", to='"', claim="", padding=2),
            '{"type":"ice-candidate","to":"\\"","from":"","candidate":{"candidate":"m3 xx"}}',
        ),
        (Say(id=1, at=0, conn=1, text="{"), "{"),
    ],
)
def test_what_a_client_sends_for_an_operation(operation: Join | Signal | Say, text: str) -> None:
    assert text_of(operation, "me") == text.encode()


@given(st.integers(0, 10**9), st.integers(0, 100))
def test_the_mark_of_a_signal_is_found_again_in_its_payload(number: int, padding: int) -> None:
    text = text_of(Signal(id=number, at=0, conn=1, kind="answer", to="u2", padding=padding), "u1")
    assert mark_of(text) == number
    assert mark_of(b'"no mark"') is None


def test_a_config_gives_the_servers_settings() -> None:
    config = RunConfig(
        relay_scope="any", seat_grace=2.0, max_match_size=5, inbox_batches=2, transport="trio-websocket"
    )
    assert config.server_config() == Config(
        relay_scope="any",
        seat_grace=2.0,
        max_match_size=5,
        inbox_batches=2,
        ping_interval=3600.0,
        transport="trio-websocket",
    )


def test_a_plan_that_names_no_transport_means_the_servers_own() -> None:
    assert read_plan('{"seed":1,"config":{},"operations":[]}').config.transport == "native"
    with pytest.raises(PlanError, match=r"\$\.config\.transport"):
        read_plan('{"seed":1,"config":{"transport":"none"},"operations":[]}')


def test_keeping_changes_the_operations_alone() -> None:
    kept: tuple[Operation, ...] = PLAN.operations[:2]
    assert PLAN.keeping(kept) == Plan(seed=7, config=PLAN.config, operations=kept)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"clients": 0}, "config.clients must be above 0 and below 1e+09, not 0"),
        ({"seconds": -1.0}, "config.seconds must be above 0 and below 1e+09, not -1.0"),
        ({"settle": 0.0}, "config.settle must be above 0"),
        ({"latency": (0.5, 0.1)}, "config.latency must be two times in seconds"),
        ({"latency": (-1.0, 1.0)}, "the least first, not [-1.0, 1.0]"),
        ({"chunk": -1}, "config.chunk must be from 0 to below"),
        ({"window": 0}, "config.window must be from 1 to below"),
        ({"fin_delay": float("inf")}, "config.fin_delay must be from 0 to below 1e+09, not inf"),
        ({"buggify": {"owner.early-turn": 0.5}}, "config.buggify must name one of owner.late-turn"),
        ({"buggify": {"owner.late-turn": 2.0}}, "config.buggify['owner.late-turn'] must be from 0 to 1"),
        ({"seat_grace": 0.0}, "config.seat_grace must be a finite number of seconds above 0, not 0.0"),
        ({"client_pings": -1.0}, "config.client_pings must be from 0 to below"),
        ({"write_timeout": 0.0}, "config.write_timeout must be a finite number of seconds above 0"),
        ({"transport": "wsproto"}, "config.transport must be 'native' or 'trio-websocket', not 'wsproto'"),
        ({"max_match_size": 0}, "config.max_match_size must be a whole number from 1"),
    ],
)
def test_a_config_that_cannot_be_is_named(config: dict[str, Any], said: str) -> None:
    with pytest.raises(PlanError) as caught:
        check_plan(Plan(seed=1, config=RunConfig(**config), operations=()))
    assert said in str(caught.value)
