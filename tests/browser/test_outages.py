"""Something ends in the middle of a call, and the call outlives what it can."""

from __future__ import annotations

import pytest

from .judge import met
from .playing import play_well

pytestmark = pytest.mark.long


def test_a_page_is_loaded_anew() -> None:
    report = play_well("reloaded")
    assert report["same_room"]
    assert met(report, "ada", "bob") == []
    assert "open" not in report["pages"]["ada"]["timeline"]


def test_sockets_are_cut() -> None:
    report = play_well("cut")
    assert report["cut"] == 2
    assert report["same_ice"]
    for page in report["pages"].values():
        assert page["timeline"].count("open") == page["timeline"].count("resumed") == 1


@pytest.mark.parametrize("scenario", ["restarted", "killed"])
def test_the_server_is_started_anew(scenario: str) -> None:
    report = play_well(scenario)
    assert report["same_room"]
    assert [end["status"] for end in report["servers"]] == [-9 if scenario == "killed" else 0, 0]
    for page in report["pages"].values():
        assert ("going-away" in page["timeline"]) == (scenario == "restarted")
        assert "room-closed" not in page["timeline"]


def test_a_page_is_closed() -> None:
    report = play_well("closed")
    ada = report["pages"]["ada"]
    assert ada["timeline"].index("peer-away") < ada["timeline"].index("peer-left")
    assert ada["tiles"] == []


def test_somebody_leaves() -> None:
    report = play_well("left")
    assert report["connections"] == [["closed"], ["closed"]]
    assert "peer-away" not in report["pages"]["ada"]["timeline"]


def test_the_server_drains() -> None:
    report = play_well("drained")
    for page in report["pages"].values():
        assert page["view"] == "call"
        assert page["notices"] == ["server-restarting"]
