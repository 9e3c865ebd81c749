"""Traces: their lines, their header, and the first difference between two of them."""

import json
from importlib.metadata import version

import pytest

from focus_signal.testing import trace
from focus_signal.testing.core_level import run_core
from focus_signal.testing.history import Healed, Sent, lines_of
from focus_signal.testing.subject import SERVER
from focus_signal.testing.trace import Difference, Trace, first_difference, trace_of
from tests.testing.diagram_runs import STORY, story


def story_lines(**header: str) -> list[str]:
    made = trace_of(story(), level="core", subject="server", seed=7)
    return Trace({**made.header, **header}, made.events).lines


def test_a_trace_is_its_header_and_its_events() -> None:
    made = trace_of([Sent(1.0, 2, 3), Healed(5.0)], level="message", subject="a \n b", seed=7)
    header = json.dumps(made.header, separators=(",", ":"))
    rest = '{"event":"sent","t":1.0,"conn":2,"op":3}\n{"event":"healed","t":5.0}\n'
    assert made.text == f"{header}\n{rest}"
    assert made.lines == made.text.splitlines()


def test_the_header_says_what_made_it() -> None:
    header = trace_of([], level="full", subject="server", seed=7).header
    assert list(header) == [
        "trace",
        "python",
        "focus-signal",
        "trio",
        "trio-websocket",
        "wsproto",
        "level",
        "subject",
        "seed",
    ]
    assert header["trace"] == 1
    assert header["trio"] == version("trio")
    assert header["wsproto"] == version("wsproto")
    assert (header["level"], header["subject"], header["seed"]) == ("full", "server", 7)


def test_a_package_that_is_not_installed_is_said_to_be_so() -> None:
    assert trace._version("focus-signal-that-nobody-has") == "not installed"


def test_versions_are_the_callers_own() -> None:
    trace.versions().clear()
    assert "trio" in trace.versions()


def test_equal_runs_give_equal_traces() -> None:
    assert story_lines() == story_lines()
    assert first_difference(story_lines(), story_lines()) is None


def test_nothing_but_the_header_is_ignored() -> None:
    assert first_difference(story_lines(), story_lines(trio="0.1")) is None
    assert first_difference(story_lines(), lines_of(story())) is None
    lines = story_lines()
    for index in range(1, len(lines)):
        for changed in (lines[index].replace('"t":', '"t":1'), lines[index] + " ", " " + lines[index], ""):
            found = first_difference(lines, [*lines[:index], changed, *lines[index + 1 :]])
            assert found is not None
            assert (found.event, found.a, found.b) == (index, lines[index], changed)


def test_a_difference_is_found_whichever_is_first() -> None:
    one, other = story_lines(), story_lines()
    other[4] = other[4].replace('"t":', '"t":1')
    found, mirrored = first_difference(one, other), first_difference(other, one)
    assert found is not None
    assert mirrored is not None
    assert (found.event, found.a, found.b) == (mirrored.event, mirrored.b, mirrored.a)
    assert (found.after_a, found.after_b) == (mirrored.after_b, mirrored.after_a)


@pytest.mark.parametrize("kept", [1, 2, 5])
def test_one_that_ends_early_differs(kept: int) -> None:
    lines = story_lines()
    found = first_difference(lines, lines[: kept + 1])
    assert found is not None
    assert (found.event, found.a, found.b) == (kept + 1, lines[kept + 1], None)
    assert f"+ {kept + 1:6} (no more events)" in str(found)


def test_an_empty_trace() -> None:
    assert first_difference([], []) is None
    assert first_difference([], ["x"]) == Difference(1, None, "x")


@pytest.mark.parametrize("context", [0, 1, 3])
def test_the_context(context: int) -> None:
    one = [f"line {number}" for number in range(1, 21)]
    other = [*one[:9], "line ten", *one[10:15]]
    found = first_difference(one, other, context)
    assert found is not None
    assert found.before == tuple(one[9 - context : 9])
    assert found.after_a == found.after_b == tuple(one[10 : 10 + context])


def test_lines_as_a_file_gives_them() -> None:
    lines = story_lines()
    assert first_difference(lines, [f"{line}\n" for line in lines]) is None


def test_a_first_line_that_is_no_header_counts() -> None:
    for first in ("[1]", "no JSON", '{"event":"healed","t":1.0}', ""):
        found = first_difference([first, "x"], ["y", "x"])
        assert found is not None
        assert (found.event, found.a, found.b) == (1, first, "y")


SAID = """\
first difference at event 3; - is left.jsonl, + is right.jsonl
header: trio is 0.35.0 in - and 0.36.0 in +
header: extra is absent in - and 1 in +
       2 {"event":"connected","t":0.5,"conn":1}
-      3 {"event":"got","t":1.0,"conn":1,"message":{"code":"bad-json","message":"no JSON","to":null}}
-      4 {"event":"healed","t":5.0}
+      3 {"event":"got","t":1.0,"conn":1,"message":{"code":"bad-type","message":"no JSON","to":null}}
from character 56 of event 3 on:
- ...ssage":{"code":"bad-json","message":"no JSON","to":null}}
+ ...ssage":{"code":"bad-type","message":"no JSON","to":null}}"""


def test_a_difference_says_itself() -> None:
    got = '{"event":"got","t":1.0,"conn":1,"message":{"code":"bad-%s","message":"no JSON","to":null}}'
    both = ['{"event":"served","t":0.25,"conn":1,"connection":1}', '{"event":"connected","t":0.5,"conn":1}']
    one = ['{"trace":1,"trio":"0.35.0"}', *both, got % "json", '{"event":"healed","t":5.0}']
    other = ['{"trace":1,"trio":"0.36.0","extra":1}', *both, got % "type"]
    found = first_difference(one, other, context=1)
    assert found is not None
    assert found.describe("left.jsonl", "right.jsonl") == SAID
    assert str(found) == SAID.replace("left.jsonl", "a").replace("right.jsonl", "b")


def test_another_seed_is_another_trace() -> None:
    other = STORY.keeping(STORY.operations[:-1])
    assert first_difference(lines_of(story()), lines_of(run_core(other, SERVER))) is not None
