"""The real server holds every invariant: many seeds at each level, and some with drains and restarts."""

from __future__ import annotations

import os

import pytest

from focus_signal.testing.campaign import run_campaign
from focus_signal.testing.plan import Level
from focus_signal.testing.workload.swarm import Workload, swarm
from focus_signal.testing.workload.vocabulary import VERBS

JOBS = os.cpu_count() or 1
USUAL = swarm()
# More of everybody and everything in one run: longer queues, more rooms, more at the same moment.
CROWD = swarm(clients=20, operations=150)
# The library's transport alone; of the others it has one seed in six.
LIBRARY = swarm(transport="trio-websocket")
# The verbs of the server as well.
RESTLESS = swarm(verbs=VERBS)


@pytest.mark.parametrize(
    ("level", "workload", "seeds"),
    [
        pytest.param("core", USUAL, range(10_000), id="core-1"),
        pytest.param("core", USUAL, range(10_000, 50_000), id="core-2", marks=pytest.mark.long),
        pytest.param("core", RESTLESS, range(5_000), id="core-restless"),
        pytest.param("core", CROWD, range(1_000), id="core-crowd"),
        pytest.param("message", USUAL, range(250), id="message"),
        pytest.param("message", USUAL, range(250, 1_000), id="message-2", marks=pytest.mark.long),
        pytest.param("message", RESTLESS, range(100), id="message-restless"),
        pytest.param("message", CROWD, range(50), id="message-crowd"),
        pytest.param("full", USUAL, range(200), id="full"),
        pytest.param("full", LIBRARY, range(200, 240), id="full-trio-websocket"),
        pytest.param("full", RESTLESS, range(40), id="full-restless"),
        pytest.param("full", CROWD, range(20), id="full-crowd"),
    ],
)
def test_the_server_breaks_nothing(level: Level, workload: Workload, seeds: range) -> None:
    report = run_campaign(seeds, level=level, workload=workload, jobs=JOBS)
    assert report.seeds == len(seeds)
    assert report.violations == ()


@pytest.mark.parametrize(
    ("subject", "level", "breaks"),
    [("withdrawal-waits", "message", "dead-match"), ("rest-is-lost", "full", "frames")],
)
def test_the_same_campaign_tells_a_bad_server(subject: str, level: Level, breaks: str) -> None:
    report = run_campaign(range(50), level=level, subject=subject, workload=USUAL, jobs=JOBS)
    assert breaks in {broken.invariant for broken in report.violations}


def test_the_usual_campaign_is_on_both_transports() -> None:
    drawn = {USUAL.config(seed).transport for seed in range(20)}
    assert drawn == {"native", "trio-websocket"}
