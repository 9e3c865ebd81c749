"""`python -m benchmarks.siege`: its status, what it prints, and what it writes into the document."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.load import WrongResult
from benchmarks.siege import __main__ as command
from benchmarks.siege.goals import Outcome
from benchmarks.siege.subject import Start, run_subject


def _outcome(came: int) -> Outcome:
    outcome = Outcome()
    outcome.equal("told", came, 200)
    outcome.at_most("took", 0.25, 1.0, "s")
    outcome.figure("clients", 5000)
    return outcome


def _fails(start: Start) -> Outcome:
    raise WrongResult("a message is lost")


SCENARIOS = {
    "fine": command.Scenario(lambda _: _outcome(200), lambda _: _outcome(200)),
    "missed": command.Scenario(lambda _: _outcome(199), lambda _: _outcome(200)),
    "ended": command.Scenario(_fails, _fails),
}


def _run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(command, "scenarios", lambda _: SCENARIOS)
    # This process goes on with other tests, on all its processors and within its limits.
    monkeypatch.setattr(command, "processors", lambda: (None, None))
    monkeypatch.setattr(command, "raise_soft_limit", lambda: 0)
    monkeypatch.setattr(command, "check_descriptors", lambda _: None)
    monkeypatch.setattr("sys.argv", ["siege", *arguments])
    return command.main()


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["fine"], 0),
        (["missed"], 1),
        (["missed", "--small"], 0),
        (["ended"], 1),
        (["fine", "missed"], 1),
        ([], 1),
    ],
)
def test_the_status_says_whether_a_goal_was_missed(
    arguments: list[str], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _run(monkeypatch, *arguments) == status


def test_what_was_missed_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _run(monkeypatch)
    shown = capsys.readouterr().out
    assert "MISS told     199  (200)" in shown
    assert "ok   took     0.25 s  (at most 1 s)" in shown
    assert "MISS went wrong  a message is lost  (nothing)" in shown
    assert "missed: 1 missed" in shown


@pytest.mark.parametrize("arguments", [["nonesuch"], ["--cycles", "0"]])
def test_a_wrong_argument_is_refused(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match="2"):
        _run(monkeypatch, *arguments)


def test_the_document_has_a_place_for_every_scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = tmp_path / "siege.md"
    document.write_text(command.DOCUMENT.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(command, "DOCUMENT", document)
    for name in command.scenarios(1):
        command.write(name, _outcome(199))
    assert document.read_text(encoding="utf-8").count("| told | 199 (missed) | 200 |") == len(
        command.scenarios(1)
    )


def test_a_server_that_does_not_come_up_is_no_subject() -> None:
    with pytest.raises(WrongResult, match="does not listen"), run_subject({"max_match_size": -1}):
        pytest.fail("it came up")
