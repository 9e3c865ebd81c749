"""What can go wrong while somebody comes back, one scene each."""

from __future__ import annotations

import pytest

from focus_signal.core.commands import Drain
from focus_signal.core.matchmaker import Rules
from tests.resume.house import GRACE
from tests.resume.stage import Frame, Person, Stage


def data_of(frames: list[Frame], kind: str = "signal") -> list[object]:
    return [frame["data"] for frame in frames if frame["type"] == kind]


def pair(rules: Rules | None = None) -> tuple[Stage, Person, Person]:
    """Put ana and bo into a room."""
    stage = Stage(Rules() if rules is None else rules)
    ana, bo = stage.person("ana"), stage.person("bo")
    stage.room(ana, bo)
    ana.listen()
    bo.listen()
    return stage, ana, bo


@pytest.mark.parametrize("times", [1, 2, 5])
def test_welcomes_that_nobody_reads(times: int) -> None:
    """The server moves the session, and the connection dies before a byte of that is read; repeatedly."""
    _, ana, bo = pair()
    ana.cut()
    for number in range(times):
        bo.say("signal", to="ana", data=number)
        ana.come()
        bo.say("signal", to="ana", data=-number)
        ana.cut()
    ana.come()
    welcome, *frames = ana.listen()
    assert welcome["resumed"]
    assert data_of(frames) == [each for number in range(times) for each in (number, -number)]
    assert {"ack", "peer-away", "peer-back"} == set(bo.hear())


def test_welcomes_that_nobody_reads_while_the_connection_before_lives() -> None:
    stage, ana, bo = pair()
    lines = [ana.come() for _ in range(4)]
    bo.say("signal", to="ana", data="one")
    welcome, *frames = ana.listen()
    assert (welcome["resumed"], data_of(frames)) == (True, ["one"])
    assert "peer-away" not in bo.hear()
    for line in lines:
        stage.house.end(line)
    bo.say("signal", to="ana", data="two")
    assert data_of(ana.listen()) == ["two"]


def test_late_frames_of_the_connection_before_are_not_heard() -> None:
    stage, ana, bo = pair()
    before = ana.come()
    ana.say("signal", to="bo", data="late", line=before)
    ana.say("room-leave", line=before)
    stage.house.end(before, finished=True)
    ana.id -= 2  # the server has heard neither, so the client says both again
    ana.say("signal", to="bo", data="again")
    assert data_of(bo.listen()) == ["again"]
    assert [frame["type"] for frame in ana.listen()] == ["welcome", "session", "ack"]


def test_a_token_used_twice_at_once() -> None:
    """The later one has the session; the earlier one is told so, and does not take it back."""
    stage, ana, bo = pair()
    ana.cut()
    twin = Person(stage, "ana", token=ana.token, seen=ana.seen)
    ana.come()
    twin.come()
    assert twin.listen()[0]["resumed"]
    assert ana.listen()[0]["resumed"]
    assert (ana.closed, twin.closed) == (4501, None)
    bo.say("signal", to="ana", data=1)
    assert data_of(twin.listen()) == [1]
    assert bo.hear() == ["peer-away", "peer-back", "ack"]


def test_what_is_too_much_to_be_kept_is_refused() -> None:
    """What is taken while somebody is away is there when it comes back; of the rest the sender knows."""
    _, ana, bo = pair(Rules(replay_bytes=4096))
    ana.cut()
    asked = {bo.say("signal", to="ana", data=[number, "x" * 300]): number for number in range(20)}
    answers = bo.listen()
    refused = [frame["id"] for frame in answers if frame["type"] == "error"]
    assert {frame["code"] for frame in answers if frame["type"] == "error"} == {"peer-unavailable"}
    taken = [number for id_, number in asked.items() if id_ not in refused]
    assert 2 < len(taken) < 15
    ana.come()
    welcome, *frames = ana.listen()
    assert welcome["resumed"]
    assert [data[0] for data in data_of(frames) if isinstance(data, list)] == taken
    assert [frame["resumed"] for frame in bo.listen() if frame["type"] == "peer-back"] == [True]


def test_a_broadcast_too_much_to_be_kept() -> None:
    """It is taken; whoever is away misses it, and is told all anew instead."""
    _, ana, bo = pair(Rules(replay_bytes=4096))
    ana.cut()
    for number in range(20):
        bo.say("broadcast", data=[number, "x" * 300])
    assert set(bo.hear()) == {"ack", "peer-away"}
    # Of no use is what would come behind a gap.
    bo.say("signal", to="ana", data=0)
    assert bo.hear() == ["error"]
    ana.come()
    welcome, *frames = ana.listen()
    assert not welcome["resumed"]
    assert "why" not in welcome
    assert welcome["lastId"] == ana.id
    assert welcome["state"]["room"]["peers"] == ["ana", "bo"]
    assert data_of(frames, "broadcast") == []
    assert [frame["resumed"] for frame in bo.listen() if frame["type"] == "peer-back"] == [False]
    bo.say("signal", to="ana", data="here again")
    assert data_of(ana.listen()) == ["here again"]


@pytest.mark.parametrize("step", [1, 2, 7])
def test_cut_again_and_again_while_what_was_missed_is_sent(step: int) -> None:
    _, ana, bo = pair()
    ana.cut()
    for number in range(20):
        bo.say("signal", to="ana", data=number)
    heard: list[object] = []
    for _ in range(100):
        ana.come()
        welcome, *frames = ana.listen(1 + step)
        assert welcome["resumed"]
        heard += data_of(frames)
        if len(heard) == 20:
            break
        ana.cut()
    assert heard == list(range(20))


def test_who_comes_back_while_the_server_drains_is_sent_on_with_all_that_was_missed() -> None:
    stage, ana, bo = pair()
    ana.cut()
    bo.say("signal", to="ana", data="before")
    stage.house.do(Drain())
    assert bo.hear()[-1] == "going-away"
    assert bo.closed == 1012
    ana.come()
    welcome, *frames = ana.listen()
    assert welcome["resumed"]
    assert data_of(frames) == ["before"]
    assert ana.closed == 1012
    stage.restart()
    for person in (bo, ana):
        person.come()
        welcome, *_ = person.listen()
        assert not welcome["resumed"]
        assert "lastId" not in welcome
    assert list(stage.members().values()) == [["ana", "bo"]]


def test_a_session_whose_token_was_not_seen_ends_with_its_connection() -> None:
    stage = Stage()
    ana = stage.person("ana", proved=False)
    ana.cut()
    assert stage.house.core.statistics().users == 0
    other = stage.person("ana")
    assert other.closed is None
    other.cut()
    assert stage.house.core.statistics().users == 1
    third = stage.person("ana", proved=False)
    third.listen()
    assert third.closed == 4004


def test_to_come_back_with_it_is_proof_enough() -> None:
    stage = Stage()
    ana = stage.person("ana", proved=False)
    ana.listen()
    ana.come()
    assert ana.listen()[0]["resumed"]
    ana.cut()
    assert stage.house.core.statistics().users == 1


@pytest.mark.parametrize(("late", "resumed"), [(-0.001, True), (0.0, False), (5.0, False)])
def test_the_end_of_the_grace(late: float, resumed: bool) -> None:
    stage, ana, bo = pair()
    ana.cut()
    bo.say("signal", to="ana", data=1)
    stage.pass_time(GRACE + late)
    heard = [(frame["type"], frame.get("reason")) for frame in bo.listen()]
    assert (("peer-left", "lost") in heard) == (not resumed)
    ana.come()
    welcome, *frames = ana.listen()
    assert welcome["resumed"] == resumed
    assert welcome.get("why") == (None if resumed else "unknown")
    assert data_of(frames) == ([1] if resumed else [])
    assert welcome.get("state") == (None if resumed else {})


def test_a_token_is_refused_once_a_newer_one_is_proved() -> None:
    stage, ana, bo = pair()
    old, new = ana.tokens[0], ana.token
    # Nothing proves the newer ones yet but that they were seen.
    ana.ping()
    ana.cut()
    ana.come(old)
    ana.listen()
    assert ana.closed == 4004  # the session is still there, and it is not this one's
    ana.come(new)
    assert ana.listen()[0]["resumed"]
    assert "peer-left" not in bo.hear()
    stage.pass_time(1.0)


def test_a_number_that_was_never_sent() -> None:
    _, ana, bo = pair()
    ana.cut()
    ana.come(seen=ana.seen + 1)
    ana.listen()
    assert ana.closed == 4500
    ana.come()
    assert ana.listen()[0]["resumed"]
    assert bo.hear() == ["peer-away", "peer-back"]


def test_what_was_answered_is_only_answered_again() -> None:
    _, ana, bo = pair()
    ana.say("signal", to="bo", data="once")
    ana.id -= 1
    ana.say("signal", to="bo", data="twice")
    assert data_of(bo.listen()) == ["once"]
    assert ana.hear() == ["ack", "ack"]
