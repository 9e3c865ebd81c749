"""The trial of Trio: a version that does not ask, or does not obey, is refused, whatever it does instead."""

from __future__ import annotations

import sys
from typing import Any

import pytest
import trio
from attrs import evolve

from focus_signal.errors import UnsupportedTrio
from focus_signal.testing.determinism import scheduler
from focus_signal.testing.determinism.policies import shuffle
from focus_signal.testing.determinism.scheduler import Schedule, scheduled
from tests.testing.test_scheduler import names, run


@pytest.fixture
def unproven(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "_PROVEN", {})


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch, unproven: None) -> None:
    """Let the names be set where Trio does not look."""
    real = scheduler._find_internals()

    class Elsewhere:
        _r = real.run._r
        _ALLOW_DETERMINISTIC_SCHEDULING = False
        GLOBAL_RUN_CONTEXT = real.run.GLOBAL_RUN_CONTEXT

    monkeypatch.setattr(scheduler, "_find_internals", lambda: evolve(real, run=Elsewhere))


def refused(match: str) -> None:
    kept = names()
    with pytest.raises(UnsupportedTrio, match=rf"Trio {trio.__version__} cannot be made .*{match}"):
        scheduled(shuffle(1)).__enter__()
    assert names() == kept
    assert scheduler._PROVEN == {}


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("trio._core._run", "_r"),
        ("trio._core._run", "_ALLOW_DETERMINISTIC_SCHEDULING"),
        ("trio._core._run", "GLOBAL_RUN_CONTEXT"),
        ("trio._core._thread_cache", "THREAD_CACHE"),
    ],
)
def test_a_missing_name_is_told(
    unproven: None, monkeypatch: pytest.MonkeyPatch, module: str, name: str
) -> None:
    kept = getattr(sys.modules[module], name)
    with monkeypatch.context() as patch:
        patch.delattr(f"{module}.{name}")
        with pytest.raises(UnsupportedTrio, match=f"{module} has no {name}"):
            scheduled(shuffle(1)).__enter__()
        assert not hasattr(sys.modules[module], name)
    assert getattr(sys.modules[module], name) is kept


def test_a_missing_module_is_told(unproven: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trio._core._run", None)
    with pytest.raises(UnsupportedTrio, match=r"has no module trio\._core\._run"):
        scheduled(shuffle(1)).__enter__()


def test_a_trio_that_does_not_ask_is_refused(copied: None) -> None:
    refused("does not ask for the order of a batch")


def test_a_trio_that_runs_a_batch_from_its_beginning_is_refused(
    unproven: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrange = Schedule.arrange

    def turn(self: Schedule, batch: list[Any], queue: Any) -> None:
        arrange(self, batch, queue)
        batch.reverse()

    monkeypatch.setattr(Schedule, "arrange", turn)
    refused(r"its tasks ran as \[2, 1, 3, 0, 4, .*not as \[4, 0, 3, 1, 2")


def test_a_trio_that_does_not_sort_is_refused(unproven: None, monkeypatch: pytest.MonkeyPatch) -> None:
    arrange = Schedule.arrange

    def turn(self: Schedule, batch: list[Any], queue: Any) -> None:
        batch.reverse()
        arrange(self, batch, queue)

    monkeypatch.setattr(Schedule, "arrange", turn)
    refused("its tasks ran as")


def test_a_trio_that_asks_with_part_of_a_batch_is_refused(
    unproven: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrange = Schedule.arrange

    def part(self: Schedule, batch: list[Any], queue: Any) -> None:
        some = batch[:3]
        arrange(self, some, queue)
        batch[:3] = some

    monkeypatch.setattr(Schedule, "arrange", part)
    refused("in the trial by batch, ")


def test_a_trio_that_takes_no_task_back_is_refused(unproven: None, monkeypatch: pytest.MonkeyPatch) -> None:
    arrange = Schedule.arrange

    def keep(self: Schedule, batch: list[Any], queue: Any) -> None:
        held: list[Any] = []
        arrange(self, batch, held)  # type: ignore[arg-type]
        batch[:0] = held

    monkeypatch.setattr(Schedule, "arrange", keep)
    refused("in the trial by step, ")


def test_a_trio_whose_threads_start_unseen_is_refused(
    unproven: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trio.lowlevel, "start_thread_soon", lambda *_: None)
    refused("worker threads start unseen")


def test_a_trio_is_tried_once(unproven: None, monkeypatch: pytest.MonkeyPatch) -> None:
    run(shuffle(1))
    assert list(scheduler._PROVEN) == [trio.__version__]
    monkeypatch.setattr(scheduler, "_trial", None)
    run(shuffle(1))
