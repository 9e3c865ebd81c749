"""Each invariant about connections and what they leave, in a story and in its nearest opposite."""

from __future__ import annotations

import pytest

from focus_signal.core.commands import Drain
from focus_signal.core.effects import Close, Deliver
from focus_signal.testing import history as h
from focus_signal.testing.core_level import run_core
from focus_signal.testing.invariants.check import check
from focus_signal.testing.invariants.names import INVARIANTS
from focus_signal.testing.plan import RunConfig, ServerVerb
from focus_signal.testing.subject import SERVER
from focus_signal.testing.workload.swarm import swarm
from tests.testing.story import Story, room


def alone(config: RunConfig | None = None) -> tuple[Story, int]:
    story = Story(config or RunConfig())
    return story, story.open("ana")


def test_the_newest_wins() -> None:
    def told(*closed: int) -> set[str]:
        story, _ = alone()
        # An effect on a connection that nobody has stands for no effect at all.
        story.open("ana", *(Close(connection, "replaced") for connection in closed or (99,)))
        return story.broken()

    assert told() == {"newest-wins"}
    assert told(2) == {"newest-wins"}
    assert told(1, 2) == {"newest-wins"}
    assert told(1) == set()


def test_nobody_is_closed_without_cause() -> None:
    story, ana = alone()
    story.join(ana, 2, Close(ana, "restart"))
    assert story.broken() == {"bad-request", "newest-wins"}


def test_whose_end_was_carried_out_is_replaced_by_nobody() -> None:
    story, ana = alone()
    story.end(ana)
    story.open("ana")
    assert story.broken() == set()


def test_a_drain_closes_everyone() -> None:
    def told(*closed: int) -> set[str]:
        story, _ = alone()
        story.open("bo")
        story.drain(5.0, *(Close(connection, "restart") for connection in closed))
        return story.broken()

    assert told() == {"drained"}
    assert told(1) == {"drained"}
    assert told(1, 2) == set()


@pytest.mark.parametrize("asked_again", [True, False])
def test_a_drain_ends_every_request(asked_again: bool) -> None:
    # Requests that were on their way when the drain began are decided after it, and meet only each other.
    story, ana = alone()
    bo = story.open("bo")
    story.join(ana, 2)
    story.drain(5.0, Close(ana, "restart"), Close(bo, "restart"))
    if asked_again:
        story.join(ana, 2)
    met = room("ana", "bo")
    story.join(bo, 2, Deliver(ana, met), Deliver(bo, met))
    assert story.broken() == (set() if asked_again else {"drained"})


def test_who_asks_again_while_the_server_drains_comes_last() -> None:
    story, ana = alone()
    bo = story.open("bo")
    story.join(ana, 2)
    story.drain(5.0, Close(ana, "restart"), Close(bo, "restart"))
    story.join(bo, 2)
    met = room("bo", "ana")
    story.join(ana, 2, Deliver(ana, met), Deliver(bo, met))
    assert story.broken() == set()


@pytest.mark.parametrize("closed", [True, False])
def test_a_drain_closes_who_comes_later(closed: bool) -> None:
    story, ana = alone()
    story.drain(5.0, Close(ana, "restart"))
    story.open("bo", Close(2 if closed else 99, "restart"))
    assert story.broken() == (set() if closed else {"drained"})


@pytest.mark.parametrize(
    ("code", "excuse", "told"),
    [
        (1012, "", False),
        (None, "", True),
        (4001, "", True),
        (None, "leaves", False),
        (None, "faulted", False),
        (None, "meddled with", False),
        (None, "too short", False),
    ],
)
def test_a_drain_tells_everyone(code: int | None, excuse: str, told: bool) -> None:
    buggify = {"owner.late-turn": 0.5} if excuse == "meddled with" else {}
    story, ana = alone(RunConfig(buggify=buggify))
    if excuse == "faulted":
        story.fault(ana)
    story.drain(0.5 if excuse == "too short" else 5.0, Close(ana, "restart"))
    if excuse == "leaves":
        story.leave(ana)
    else:
        story.events.append(h.Ended(story.t, ana, code))
        story.end(ana)
    assert story.broken() == ({"drained"} if told else set())


@pytest.mark.parametrize("takes", [1.0, 9.0])
def test_a_drain_ends_everyone_in_time(takes: float) -> None:
    story, ana = alone()
    story.drain(5.0, Close(ana, "restart"))
    story.wait(takes)
    story.end(ana)
    assert story.broken() == ({"drained"} if takes > 8 else set())


def test_a_drain_that_ends_somebody_never() -> None:
    story, ana = alone()
    story.drain(5.0, Close(ana, "restart"))
    story.settle()
    assert story.broken() == {"drained"}


@pytest.mark.parametrize(("takes", "excuse"), [(1.0, ""), (1.0, "leaves"), (5.5, "")])
def test_a_drain_cuts_nobody_ahead_of_time(takes: float, excuse: str) -> None:
    story, ana = alone()
    story.drain(5.0)
    story.events = [event for event in story.events if not is_drain(event)]  # it was never decided
    story.wait(takes)
    if excuse:
        story.leave(ana)
    else:
        story.end(ana)
    assert story.broken() == (set() if excuse or takes > 5 else {"drained"})


def is_drain(event: h.Event) -> bool:
    return isinstance(event, h.Decided) and isinstance(event.command, Drain)


@pytest.mark.parametrize("takes", [7.0, 7.5])
def test_a_drain_comes_back_in_time(takes: float) -> None:
    story, ana = alone()
    began = story.t
    story.drain(5.0, Close(ana, "restart"))
    story.end(ana)
    story.events.append(h.DrainOver(began + takes, began, 5.0))
    assert story.broken() == ({"drained"} if takes > 7.1 else set())


@pytest.mark.parametrize(
    ("size", "messages", "allowed"),
    [(1024, 9, True), (1025, 1, True), (1025, 2, False), (100, 4096, True), (100, 4097, False)],
)
def test_bound(size: int, messages: int, allowed: bool) -> None:
    story, ana = alone(RunConfig(outbox_bytes=1024))
    story.events.append(h.Waits(story.t, ana, size, messages))
    assert story.broken() == (set() if allowed else {"bound"})


@pytest.mark.parametrize("what", ["users", "rooms", "waiting", "connections", "tasks", "streams"])
@pytest.mark.parametrize("count", [0, 1])
def test_leak(what: str, count: int) -> None:
    story, _ = alone()
    left = {"users": 0, "rooms": 0, "waiting": 0, "connections": 0, what: count}
    story.events.append(h.Emptied(story.t, **left))
    assert story.broken() == ({"leak"} if count else set())


def test_fault() -> None:
    story, _ = alone()
    story.events.append(h.Faulted(story.t, "KeyError: 'ana'"))
    assert story.broken() == {"fault"}


def test_strange_text() -> None:
    story, ana = alone()
    story.events.append(h.Strange(story.t, ana, "hello"))
    assert story.broken() == {"strange-text"}


@pytest.mark.parametrize("restarted", [True, False])
def test_what_was_sent_to_a_server_that_is_gone_may_be_lost(restarted: bool) -> None:
    story, ana = alone()
    story.send(ana, "bo")
    if restarted:
        story.restart()
    story.settle()
    assert story.broken() == (set() if restarted else {"silent-loss"})


def test_a_violation_names_the_operations_that_it_is_about() -> None:
    story, ana = alone()
    story.signal(ana, "nobody")
    (violation,) = story.violations()
    assert violation.ops == (2,)
    assert "the offer (#2) from ana to nobody" in violation.text


def test_every_invariant_has_a_meaning() -> None:
    assert all(meaning and len(meaning) < 110 for meaning in INVARIANTS.values())


VERBS: tuple[ServerVerb, ...] = ("drain", "restart", "stop")


@pytest.mark.parametrize("verbs", [(), VERBS], ids=["plain", "with the server's ends"])
def test_the_real_server_breaks_nothing(verbs: tuple[ServerVerb, ...]) -> None:
    _judge(range(150), verbs)


@pytest.mark.long
@pytest.mark.parametrize("verbs", [(), VERBS], ids=["plain", "with the server's ends"])
def test_the_real_server_breaks_nothing_in_many_runs(verbs: tuple[ServerVerb, ...]) -> None:
    _judge(range(20_000), verbs)


def _judge(seeds: range, verbs: tuple[ServerVerb, ...]) -> None:
    workload = swarm(verbs=verbs)
    broken = {}
    for seed in seeds:
        plan = workload.plan(seed)
        if violations := check(run_core(plan, SERVER), plan):
            broken[seed] = violations
    assert broken == {}


NARROW = RunConfig(window=512)
MEDDLED = RunConfig(buggify={"owner.late-turn": 0.5})
LIBRARY = RunConfig(transport="trio-websocket")


@pytest.mark.parametrize(
    ("code", "config", "excuse", "found"),
    [
        (None, RunConfig(), "", {"contained"}),
        (1011, RunConfig(), "", set()),
        (None, RunConfig(), "left", set()),
        (None, RunConfig(), "faulted", set()),
        (None, RunConfig(), "stopped", set()),
        (None, NARROW, "", set()),
        (None, MEDDLED, "", set()),
        (None, LIBRARY, "", set()),
    ],
)
def test_nobody_is_cut_without_a_word(
    code: int | None, config: RunConfig, excuse: str, found: set[str]
) -> None:
    story, ana = alone(config)
    if excuse == "left":
        story.leave(ana)
    elif excuse == "faulted":
        story.fault(ana)
    elif excuse == "stopped":
        story.restart()
    story.events.append(h.Ended(story.t, ana, code))
    assert story.broken() == found


def test_a_server_does_not_end_by_itself() -> None:
    story, _ = alone()
    story.events.append(h.Crashed(story.t, "KeyError(1)"))
    assert story.broken() == {"contained"}


def test_what_is_beyond_a_limit_is_named() -> None:
    story, _ = alone()
    story.events.append(h.Beyond(story.t, "nesting", "six deep"))
    [violation] = story.violations()
    assert (violation.invariant, violation.text) == ("held", "nesting: six deep")
