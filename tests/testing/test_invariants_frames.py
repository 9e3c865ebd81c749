"""What the invariants `frames` and `pongs` see, and what they let pass."""

from __future__ import annotations

import pytest

from focus_signal.testing import history as h
from focus_signal.testing.plan import RunConfig
from tests.testing.story import Story

PINGING = RunConfig(client_pings=1.0)


def alone() -> tuple[Story, int]:
    story = Story(PINGING)
    return story, story.open("ana")


def ping(story: Story, conn: int, number: int) -> None:
    story.events.append(h.Pinged(story.t, conn, number))


def pong(story: Story, conn: int, number: int) -> None:
    story.events.append(h.Ponged(story.t, conn, number))


@pytest.mark.parametrize("known", [True, False])
def test_what_is_torn_is_reported(*, known: bool) -> None:
    story, ana = alone()
    story.events.append(h.Torn(story.t, ana if known else None, "half"))
    [violation] = story.violations()
    assert violation.invariant == "frames"
    assert "half" in violation.text
    assert violation.ops == ((1,) if known else ())


def test_pongs_may_skip_pings_but_not_the_last() -> None:
    story, ana = alone()
    for number in (1, 2, 3):
        ping(story, ana, number)
    pong(story, ana, 1)
    pong(story, ana, 3)
    story.settle()
    assert story.broken() == set()


def test_the_last_ping_is_answered_if_its_sender_is_still_there() -> None:
    story, ana = alone()
    ping(story, ana, 1)
    pong(story, ana, 1)
    ping(story, ana, 2)
    story.settle()
    assert story.broken() == {"pongs"}


def test_who_has_left_is_owed_nothing_nor_is_who_asked_just_now() -> None:
    story, ana = alone()
    bo = story.open("bo")
    ping(story, ana, 1)
    story.leave(ana)
    story.wait(story.config.settle)
    ping(story, bo, 1)
    story.events.append(h.Settled(story.t))
    assert story.broken() == set()


@pytest.mark.parametrize("numbers", [(1, 1), (2, 1), (3,), (-1,), (0,)])
def test_a_pong_answers_a_ping_once_and_in_order(numbers: tuple[int, ...]) -> None:
    story, ana = alone()
    ping(story, ana, 1)
    ping(story, ana, 2)
    for number in numbers:
        pong(story, ana, number)
    assert story.broken() == {"pongs"}
