"""The session of a client against servers that say what the test has them say."""

from __future__ import annotations

import pytest

from focus_signal.client.events import Answered, Connected, Lost
from focus_signal.client.faults import ProtocolBroken
from focus_signal.wire.messages import from_server
from focus_signal.wire.messages.from_server import StateFields
from tests.client.steps import V1, codes, cut, frames, join, live, new_session, prove
from tests.client.words import ack, error, pong, queued, say, token, welcome


def test_nothing_is_said_before_the_welcome_and_no_request_before_the_token_counts() -> None:
    session = new_session()
    session.protocols()
    join(session, "A")
    session.ping()
    assert frames(session) == []
    [connected] = session.receive(welcome(user="bo"))
    assert isinstance(connected, Connected)
    assert (connected.resumed, connected.state, connected.welcome.user_id) == (False, StateFields(), "bo")
    # Only the ping that was asked for: a request could be done in a session that ends with its connection.
    assert frames(session) == [{"type": "ping", "seen": 0}]
    session.receive(token(1))
    assert frames(session) == [{"type": "ping", "seen": 1}]
    session.receive(pong())  # to the first
    assert frames(session) == []
    session.ping()
    assert frames(session) == [{"type": "ping", "seen": 1}]
    session.receive(pong())
    assert frames(session) == [{"type": "room-join", "id": 1, "code": "A", "seen": 1}]


def test_who_resumes_a_session_need_not_prove_it() -> None:
    session = new_session()
    session.protocols()
    session.receive(welcome())
    session.receive(token(1))
    join(session, "A")
    assert frames(session) == [{"type": "ping", "seen": 1}]
    assert cut(session) == (V1, "resume.TOKEN.1")
    session.receive(welcome(1, resumed=True))
    assert codes(frames(session)) == [(1, "A")]


def test_each_token_is_said_to_have_come() -> None:
    session = live()
    session.receive(token(2, "SECOND"))
    assert frames(session) == [{"type": "ping", "seen": 2}]
    assert frames(session) == []
    assert cut(session) == (V1, "resume.SECOND.2")
    session.receive(welcome(2, resumed=True))
    session.receive(token(3, "THIRD"))
    join(session, "A")
    # A request tells it as well, and then there is nothing left to tell.
    assert [each.get("seen") for each in frames(session)] == [3]


def test_a_token_of_the_identity_is_offered_too() -> None:
    session = new_session()
    assert session.protocols("a.b.c") == (V1, "token.a.b.c")


def test_ids_grow_and_all_up_to_an_ack_are_answered() -> None:
    session = live()
    first, second, third, fourth = (join(session, code) for code in "ABCD")
    assert codes(frames(session)) == [(1, "A"), (2, "B"), (3, "C"), (4, "D")]
    [refused] = session.receive(error(2, 2, "room-full"))
    assert isinstance(refused, Answered)
    assert refused.request is second
    assert refused.error is not None
    assert refused.error.code == "room-full"
    assert session.receive(ack(3, 3)) == [Answered(first), Answered(third)]
    assert session.receive(ack(4, 3)) == []
    assert fourth in session.unanswered
    assert len(session.unanswered) == 1


def test_an_error_without_a_request_is_an_event() -> None:
    session = live()
    for seq, id_ in ((2, None), (3, 7)):
        [event] = session.receive(error(seq, id_))
        assert isinstance(event, from_server.Error)


def test_what_was_cut_off_is_sent_again_with_the_same_ids() -> None:
    session = live()
    first = join(session, "A")
    second = join(session, "B")
    frames(session)
    third = join(session, "C")  # made, and not sent
    assert cut(session) == (V1, "resume.TOKEN.1")
    fourth = join(session, "D")
    [connected] = session.receive(welcome(1, resumed=True, last_id=1))
    assert isinstance(connected, Connected)
    assert (connected.resumed, connected.state) == (True, None)
    assert codes(frames(session)) == [(2, "B"), (3, "C"), (4, "D")]
    # The answer to the first was on its way when the connection ended, and comes again.
    assert session.receive(ack(2, 1)) == [Answered(first)]
    assert session.receive(ack(3, 4)) == [Answered(each) for each in (second, third, fourth)]


def test_duplicates_are_dropped() -> None:
    session = live()
    join(session, "A")
    frames(session)
    assert len(session.receive(queued(2))) == 1
    for frame in (queued(2), queued(1), ack(2, 1)):
        assert session.receive(frame) == []
    assert session.duplicates == 3
    assert len(session.unanswered) == 1
    cut(session)
    # A server may begin its replay early.
    session.receive(welcome(0, resumed=True))
    assert [len(session.receive(queued(seq))) for seq in (1, 2, 3)] == [0, 0, 1]


def test_a_gap_breaks_the_protocol() -> None:
    with pytest.raises(ProtocolBroken, match="frame 3 follows frame 1"):
        live().receive(queued(3))
    session = live()
    cut(session)
    with pytest.raises(ProtocolBroken, match="frame 3 follows frame 1"):
        session.receive(welcome(2, resumed=True))


def test_a_lost_welcome_changes_nothing() -> None:
    session = live()
    join(session, "A")
    frames(session)
    cut(session)
    assert cut(session) == (V1, "resume.TOKEN.1")
    assert frames(session) == []
    session.receive(welcome(1, resumed=True, last_id=0))
    assert codes(frames(session)) == [(1, "A")]


def test_seen_is_in_every_frame() -> None:
    session = live()
    session.receive(queued(2))
    join(session, "A")
    session.receive(queued(3))
    assert [frame["seen"] for frame in frames(session)] == [3]
    session.ping()
    session.receive(queued(4))
    assert frames(session) == [{"type": "ping", "seen": 4}]


def test_a_ping_is_due_every_fifty_frames() -> None:
    session = live()
    for seq in range(2, 51):
        session.receive(queued(seq))
        assert frames(session) == []
    session.receive(queued(51))
    assert frames(session) == [{"type": "ping", "seen": 51}]
    session.receive(queued(52))
    join(session, "A")
    assert [frame["seen"] for frame in frames(session)] == [52]
    for seq in range(53, 102):
        session.receive(queued(seq))
        assert frames(session) == []
    session.receive(queued(102))
    assert frames(session) == [{"type": "ping", "seen": 102}]
    session.receive(ack(103, 1))
    cut(session)
    # What is offered for the resume is known to the server as well.
    session.receive(welcome(103, resumed=True, last_id=1))
    for seq in range(104, 153):
        session.receive(queued(seq))
    assert frames(session) == []


def test_a_session_that_stands_but_does_not_go_on() -> None:
    session = live()
    requests = [join(session, code) for code in "ABC"]
    frames(session)
    cut(session)
    room = {"roomId": "r", "peers": ["ana", "bo"], "offerTo": [], "away": ["bo"]}
    connected, lost = session.receive(welcome(70, last_id=2, state={"room": room}))
    assert isinstance(connected, Connected)
    assert connected.state is not None
    assert isinstance(connected.state.room, from_server.RoomFields)
    assert connected.state.room.away == ("bo",)
    # The first two were answered, and nobody knows how. The third was not.
    assert lost == Lost((requests[0], requests[1]))
    assert codes(frames(session)) == [(3, "C")]
    assert session.receive(token(71, "NEXT")) == []
    # It may be the first of a new server.
    assert frames(session) == [{"type": "ping", "seen": 71}]
    assert session.receive(ack(72, 3)) == [Answered(requests[2])]


def test_without_a_last_id_nothing_is_sent_again() -> None:
    session = live()
    sent = join(session, "A")
    frames(session)
    unsent = join(session, "B")
    assert cut(session) == (V1, "resume.TOKEN.1")
    assert session.receive(welcome(0, last_id=None, state={}))[1:] == [Lost((sent,))]
    assert frames(session) == []
    prove(session, "NEXT")
    assert codes(frames(session)) == [(2, "B")]
    assert session.receive(ack(2, 2)) == [Answered(unsent)]


def test_behind_a_1012_what_is_unanswered_was_not_done() -> None:
    session = live()
    first = join(session, "A")
    second = join(session, "B")
    frames(session)
    third = join(session, "C")
    assert session.receive(ack(2, 1)) == [Answered(first)]
    cut(session, 1012, "restart")
    cut(session)  # the server was not there yet
    assert len(session.receive(welcome(0, last_id=None, state={}))) == 1
    prove(session, "NEXT")
    # Ids only grow.
    assert codes(frames(session)) == [(4, "B"), (5, "C")]
    assert session.receive(ack(2, 5)) == [Answered(second), Answered(third)]


def test_a_1012_says_nothing_of_what_an_earlier_connection_had_sent() -> None:
    session = live()
    request = join(session, "A")
    frames(session)
    cut(session)
    cut(session, 1012, "restart")  # before any welcome, and so before the answers that come again
    assert session.receive(welcome(0, last_id=None, state={}))[1:] == [Lost((request,))]


def test_a_1012_is_forgotten_with_the_next_welcome() -> None:
    session = live()
    join(session, "A")
    frames(session)
    cut(session, 1012)
    session.receive(welcome(0, last_id=None, state={}))
    assert frames(session) == []
    prove(session, "NEXT")
    assert codes(frames(session)) == [(2, "A")]
    cut(session)
    [_, lost] = session.receive(welcome(0, last_id=None, state={}))
    assert isinstance(lost, Lost)


@pytest.mark.parametrize("code", [1006, 1012])
def test_a_new_session_knows_no_request_of_the_old_one(code: int) -> None:
    session = live()
    request = join(session, "A")
    frames(session)
    session.receive(queued(2))
    assert cut(session, code) == (V1, "resume.TOKEN.2")
    unsent = join(session, "B")
    events = session.receive(welcome(0, last_id=0, why="expired"))
    assert events[1:] == ([] if code == 1012 else [Lost((request,))])
    assert session.seen == 0
    assert frames(session) == []
    prove(session, "NEW")
    assert codes(frames(session)) == ([(3, "A"), (4, "B")] if code == 1012 else [(2, "B")])
    assert session.receive(ack(2, 4 if code == 1012 else 2))[-1] == Answered(unsent)
    assert cut(session) == (V1, "resume.NEW.2")


def test_a_session_whose_token_never_came_is_not_offered() -> None:
    session = new_session()
    session.protocols()
    session.receive(welcome())
    request = join(session, "A")
    assert cut(session) == (V1,)
    # Nothing was lost: it had waited for the token.
    assert len(session.receive(welcome())) == 1
    prove(session, "TOKEN")
    assert [frame["code"] for frame in frames(session)] == ["A"]
    assert request in session.unanswered


def test_a_refused_token_is_not_offered_again() -> None:
    session = live()
    cut(session)
    session.receive(welcome(0, why="unknown"))
    assert cut(session) == (V1,)


def test_what_only_a_later_protocol_knows_is_ignored_but_counted() -> None:
    session = live()
    assert session.receive(say("fanfare", 2, volume=11)) == []
    assert session.receive(say("whisper")) == []
    assert session.seen == 2
    [event] = session.receive(queued(3).replace("}", ', "mood": "good"}'))
    assert isinstance(event, from_server.Queued)


def test_payloads_come_as_they_are() -> None:
    session = live()
    [event] = session.receive('{"type":"signal","seq":2,"from":"bo","data": [1.0, {"a":"\\u00e4"} ] }')
    assert isinstance(event, from_server.Signal)
    assert (event.from_, bytes(event.data)) == ("bo", b'[1.0, {"a":"\\u00e4"} ]')
