"""The judge finds what is wrong with a report, and nothing in a good one."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from . import needs
from .judge import NO_SUBPROTOCOL, faults_of_axe, judge, met

RED, BLUE, GREEN = [120, 50, 50], [50, 50, 120], [50, 120, 50]


def page(**seen: list[int]) -> dict[str, Any]:
    """Return what a page reports that was shown these colours; its own is `own`."""
    people = {
        "" if name == "own" else name: {"frames": 30, "colour": colour} for name, colour in seen.items()
    }
    return {"room": "r1", "people": people, "tiles": [name for name in people if name], "errors": []}


GOOD: dict[str, Any] = {
    "scenario": "three",
    "failed": None,
    "interfaces": ["lo"],
    "servers": [{"status": 0, "traceback": False}],
    "pages": {
        "ada": page(own=RED, bob=[52, 49, 118], eve=GREEN),
        "bob": page(own=BLUE, ada=RED, eve=GREEN),
        "eve": page(own=GREEN, ada=RED, bob=BLUE),
    },
}


def altered(path: str, value: object) -> dict[str, Any]:
    """Return the good report with one thing changed."""
    report = copy.deepcopy(GOOD)
    *way, last = path.split(".")
    place: Any = report
    for step in way:
        place = place[int(step) if isinstance(place, list) else step]
    place[int(last) if isinstance(place, list) else last] = value
    return report


def test_a_good_report() -> None:
    assert judge(GOOD) == []
    assert met(GOOD, "ada", "bob", "eve") == []


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("failed", "ada waited in vain", "ada waited in vain"),
        ("interfaces", ["lo", "eth0"], "not alone"),
        ("servers.0.status", 1, "the server"),
        ("servers.0.traceback", True, "the server"),
        ("pages.ada.errors", ["uncaught: Error"], "ada's console: uncaught: Error"),
        ("pages.ada.people.bob.colour", GREEN, "ada sees"),
        ("pages.bob.people..colour", RED, "look alike"),
    ],
)
def test_a_problem(path: str, value: object, problem: str) -> None:
    assert any(problem in found for found in judge(altered(path, value)))


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("pages.ada.room", "r2", "the rooms are"),
        ("pages.ada.tiles", ["bob"], "ada has tiles"),
        ("pages.ada.people", {"": {}, "bob": {}}, "ada was shown"),
        ("pages", {}, "the pages are"),
    ],
)
def test_who_has_not_met(path: str, value: object, problem: str) -> None:
    assert any(problem in found for found in met(altered(path, value), "ada", "bob", "eve"))


@pytest.mark.parametrize(("times", "fine"), [(0, False), (1, True), (2, True), (3, False)])
def test_what_the_console_may_say(times: int, fine: bool) -> None:
    report = copy.deepcopy(GOOD)
    for each in report["pages"].values():
        each["errors"] = [f"WebSocket connection failed: {NO_SUBPROTOCOL}"] * times
    assert (judge(report, may_say=(NO_SUBPROTOCOL,)) == []) == fine


def test_pictures_that_are_alike_by_nature() -> None:
    assert judge(altered("pages.bob.people..colour", RED), alike=True) == []


def test_what_axe_finds() -> None:
    found = [{"id": name, "impact": name, "nodes": ["<p>"]} for name in ("minor", "serious", "critical")]
    assert len(faults_of_axe({"lobby": found})) == 2


@pytest.mark.parametrize(("ci", "outcome"), [("true", "Failed"), ("", "Skipped")])
def test_ci_must_have_chromium(monkeypatch: pytest.MonkeyPatch, ci: str, outcome: str) -> None:
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(needs, "find_chromium", lambda: None)
    with pytest.raises(BaseException, match="needs: chromium") as caught:
        needs.require_chromium()
    assert caught.typename == outcome
