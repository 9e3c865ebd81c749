"""What both sides used, and what this process may have."""

from __future__ import annotations

import os
import resource
import time

import pytest

from focus_signal.load import meter
from focus_signal.load.faults import Unreachable
from focus_signal.load.limits import check_descriptors

NOBODY = (1 << 22) + 1
"""Above the largest process id that Linux gives."""


def test_processor_time_of_a_process_is_that_of_its_threads() -> None:
    before, own = meter.processor_seconds(os.getpid()), time.process_time()
    sum(range(300_000))
    used = meter.processor_seconds(os.getpid()) - before
    assert used > 0
    assert used <= time.process_time() - own + 0.01


def test_memory_of_a_process() -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert 1000 < meter.resident_kib(os.getpid()) <= peak + 1024


def test_no_such_process() -> None:
    with pytest.raises(meter.NoSuchProcess, match=str(NOBODY)):
        meter.processor_seconds(NOBODY)
    with pytest.raises(meter.NoSuchProcess, match=str(NOBODY)):
        meter.resident_kib(NOBODY)
    with pytest.raises(meter.NoSuchProcess):
        meter.read(NOBODY)


@pytest.mark.parametrize(
    ("own", "waited", "saturated"),
    [(1.0, 0.0, False), (1.59, 0.0, False), (1.61, 0.0, True), (1.0, 0.7, True), (1.61, None, True)],
)
def test_whose_the_figure_is(own: float, waited: float | None, saturated: bool) -> None:
    before = meter.Reading(10.0, 3.0, None if waited is None else 1.0, None)
    after = meter.Reading(12.0, 3.0 + own, None if waited is None else 1.0 + waited, None)
    share = meter.generator_share(before, after, 1000)
    assert share.saturated is saturated
    assert share.cpu_share == pytest.approx(own / 2)
    assert share.wait_share == (None if waited is None else pytest.approx(waited / 2))
    assert share.cpu_us_each == pytest.approx(own * 1000)
    assert meter.generator_share(before, after, 0).cpu_us_each is None


def test_what_the_server_used() -> None:
    pid = os.getpid()
    before, after = meter.Reading(10.0, 0.0, None, 5.0), meter.Reading(12.0, 0.0, None, 8.0)
    used = meter.server_share(pid, before, after, 100, None)
    assert (used.pid, used.cpu_share, used.kib_per_connection) == (pid, 1.5, None)
    assert used.cpu_us_each == pytest.approx(30_000)
    held = meter.server_share(pid, before, after, 0, (1000, 50))
    assert held.cpu_us_each is None
    assert held.kib_per_connection == (held.resident_kib - 1000) / 50


def limited(monkeypatch: pytest.MonkeyPatch, hard: int) -> list[tuple[int, int]]:
    """Have a hard limit of open files; give the list of what is set then."""
    asked: list[tuple[int, int]] = []

    def getrlimit(which: int) -> tuple[int, int]:
        assert which == resource.RLIMIT_NOFILE
        return 64, hard

    def setrlimit(which: int, limits: tuple[int, int]) -> None:
        assert which == resource.RLIMIT_NOFILE
        asked.append(limits)

    monkeypatch.setattr(resource, "getrlimit", getrlimit)
    monkeypatch.setattr(resource, "setrlimit", setrlimit)
    return asked


def test_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = limited(monkeypatch, 1000)
    check_descriptors(900)
    assert asked == [(1000, 1000)]
    with pytest.raises(Unreachable, match="950 connections need 1014 open files, and the hard limit is 1000"):
        check_descriptors(950)
    limited(monkeypatch, resource.RLIM_INFINITY)
    check_descriptors(10_000_000)
