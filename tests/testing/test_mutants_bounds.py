"""Each limit and each deadline is kept: a server without it is found out, by strangers who go beyond it."""

from __future__ import annotations

import pytest
from attrs import fields

from focus_signal.server.config import Config, deadlines, limits
from focus_signal.testing.history import Beyond
from focus_signal.testing.invariants.check import check
from focus_signal.testing.plan import Hostile, HostileDeed, Join, Open, Operation, Plan, RunConfig
from focus_signal.testing.run import run_simulation
from focus_signal.testing.shell.play import run_shell
from focus_signal.testing.subject import SERVER, Subject
from focus_signal.testing.subjects.mutants_bounds import BOUND_MUTANTS
from focus_signal.testing.workload.besieging import LIMITS, draw_siege_config
from focus_signal.testing.workload.swarm import siege

# Who goes beyond each of them.
BY: dict[str, tuple[HostileDeed, int]] = {
    "handshake_timeout": ("trickle", 1),
    "write_timeout": ("deaf", 1),
    "close_timeout": ("stubborn", 1),
    "ping_interval": ("mute", 1),
    "pong_timeout": ("mute", 1),
    "linger_timeout": ("lingering", 1),
    "rate_grace": ("flood", 1),
    "head_bytes": ("long-head", 1),
    "head_lines": ("many-lines", 1),
    "target_bytes": ("long-target", 1),
    "user_bytes": ("long-user", 1),
    "frame_bytes": ("long-message", 1),
    "max_fragments": ("fragments", 1),
    "nesting": ("nested", 1),
    "message_rate": ("flood", 1),
    "message_burst": ("flood", 1),
    "byte_rate": ("heavy-flood", 1),
    "byte_burst": ("heavy-flood", 1),
    "max_connections": ("crowd", 25),
    "max_connections_per_address": ("neighbours", 5),
    "max_connections_per_user": ("namesakes", 4),
    "max_failures_per_address": ("failing", 4),
    "max_handshakes": ("silent", 7),
    "outbox_bytes": ("greedy", 1),
    "outbox_messages": ("greedy", 1),
    "total_outbox_bytes": ("deaf", 8),
    "total_unfinished_bytes": ("unfinished", 5),
    "inbox_batches": ("flood", 10),
    "inbox_bytes": ("heavy-flood", 10),
}
# Of a drain there are other mutants; what only clients of `focus-signal.v1` do is tried by others than these.
ELSEWHERE = {"drain_grace", "ready_timeout", "replay_bytes", "total_replay_bytes"}
SEED = 1


def config_for(name: str) -> RunConfig:
    """Give the settings under which a limit is the first that is met."""
    usual = draw_siege_config(SEED)
    few = 16 if name == "outbox_messages" else 64
    late = {"owner.late-turn": 1.0} if name.startswith("inbox") else {}
    return RunConfig(
        seconds=12.0,
        latency=(0.0, 0.0),
        ping_interval=usual.ping_interval,
        pong_timeout=usual.pong_timeout,
        outbox_bytes=usual.outbox_bytes,
        outbox_messages=few,
        inbox_batches=usual.inbox_batches,
        write_timeout=usual.write_timeout,
        buggify=late,
        limits=LIMITS,
    )


def plan_for(name: str) -> Plan:
    operations: list[Operation] = [
        Open(id=1, at=0.0, conn=1, user="ana"),
        Join(id=2, at=0.5, conn=1, size=1),  # a seat in a room
    ]
    if name in BY:
        deed, times = BY[name]
        operations.append(Hostile(id=9, at=1.0, deed=deed, times=times))
    return Plan(seed=SEED, config=config_for(name), operations=tuple(operations))


def setting_of(mutant: Subject) -> str:
    return next(iter(mutant.settings))


def broken(plan: Plan, subject: Subject) -> set[tuple[str, str]]:
    """Tell what does not hold, each with the limit that it is about."""
    history, _, _ = run_shell(plan, subject, "full")
    found = {(violation.invariant, "") for violation in check(history, plan)}
    found |= {("held", event.limit) for event in history if isinstance(event, Beyond)}
    return found - {("held", "")}


def test_each_limit_and_each_deadline_has_a_mutant() -> None:
    wanted = {*limits(), *deadlines(), "inbox_batches"} - ELSEWHERE
    assert {setting_of(mutant) for mutant in BOUND_MUTANTS} == wanted
    assert set(BY) == wanted - {"seat_grace"}
    # What bounds nothing in a default server is no limit; a new one would have to be added above.
    assert wanted <= {each.name for each in fields(Config)}


@pytest.mark.parametrize("mutant", BOUND_MUTANTS, ids=lambda mutant: mutant.name)
def test_a_server_without_a_bound_is_found(mutant: Subject) -> None:
    name = setting_of(mutant)
    plan = plan_for(name)
    found = broken(plan, mutant)
    assert mutant.breaks in {invariant for invariant, _ in found}
    if mutant.breaks == "held":
        assert ("held", name) in found, "what is named is the limit that is not kept"


@pytest.mark.parametrize("mutant", BOUND_MUTANTS, ids=lambda mutant: mutant.name)
def test_the_real_server_keeps_it(mutant: Subject) -> None:
    assert broken(plan_for(setting_of(mutant)), SERVER) == set()


SOON = 60


@pytest.mark.long
@pytest.mark.parametrize("mutant", BOUND_MUTANTS, ids=lambda mutant: mutant.name)
def test_a_siege_finds_a_server_without_a_bound(mutant: Subject) -> None:
    assert any(
        mutant.breaks in {violation.invariant for violation in ran.violations}
        for ran in (
            run_simulation(seed=seed, level="full", subject=mutant, workload=siege()) for seed in range(SOON)
        )
    )
