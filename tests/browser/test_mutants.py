"""The checks can fail: pages that are spoilt before their own scripts run, and what is found in each."""

from __future__ import annotations

import pytest

from .judge import faults_of_axe, judge
from .needs import require_axe
from .playing import play

pytestmark = pytest.mark.long

# Short, for most of these wait for what never comes; long enough for what comes before it.
PATIENCE = ("--patience", "8")

MUTANTS = {
    "an error on the console": ("two", "console.error('spoilt')", "console: spoilt"),
    "an exception": ("two", "setTimeout(() => { throw new Error('spoilt') })", "uncaught: spoilt"),
    "a rejection": ("two", "Promise.reject(new Error('spoilt'))", "uncaught: spoilt"),
    "a file that is not there": ("two", "fetch('/nothing')", "404"),
    "a breach of the policy": (
        "two",
        "addEventListener('load', () => document.body.setAttribute('style', 'color: red'))",
        "Content Security Policy",
    ),
    "a chat that sends nothing": ("two", "RTCDataChannel.prototype.send = () => {}", "reads 'hello from"),
    "no picture": ("two", "RTCPeerConnection.prototype.addTrack = () => {}", "frames of"),
    "a picture that stands still": (
        "two",
        """const capture = HTMLCanvasElement.prototype.captureStream
        HTMLCanvasElement.prototype.captureStream = function () { return capture.call(this, 0) }""",
        "frames of",
    ),
    "one picture for all": (
        "two",
        """const fill = CanvasRenderingContext2D.prototype.fillRect
        CanvasRenderingContext2D.prototype.fillRect = function (...all) {
          this.fillStyle = '#666'
          fill.apply(this, all)
        }""",
        "look alike",
    ),
    "a session that a reload forgets": (
        "reloaded",
        "Storage.prototype.setItem = () => {}",
        "ada waited in vain",
    ),
    "no restart of ICE": ("cut", "RTCPeerConnection.prototype.restartIce = () => {}", "has another ICE"),
    "no return after a cut": (
        "cut",
        """const Real = WebSocket
        let made = 0
        window.WebSocket = class extends Real {
          constructor(url, protocols) { super(made++ ? 'ws://127.0.0.1:1/' : url, protocols) }
        }""",
        "times resumed",
    ),
}


NAMELESS = """addEventListener('load', () => {
  document.querySelector('main').append(document.createElement('button'))
})"""


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_spoilt_page(mutant: str) -> None:
    scenario, script, found = MUTANTS[mutant]
    problems = judge(play(scenario, *PATIENCE, "--sabotage", script))
    assert any(found in problem for problem in problems), problems


def test_axe_finds_a_button_without_a_name() -> None:
    require_axe()
    report = play("accessible", "--sabotage", NAMELESS)
    problems = faults_of_axe(report["axe"])
    assert [problem.partition(":")[0] for problem in problems] == list(report["axe"])
    assert all("button-name (critical)" in problem for problem in problems)
