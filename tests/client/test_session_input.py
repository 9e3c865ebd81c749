"""The session of a client: what no server may say, and what is too much of its owner's."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import Raw

from focus_signal.client.faults import ProtocolBroken, RequestsFull, RequestTooBig
from focus_signal.wire.messages.from_client import Broadcast, Cancel, Matchmaking, Ping, RoomJoin
from tests.client.steps import codes, cut, frames, join, live, new_session
from tests.client.words import ack, queued, say, token, welcome

BROKEN = [
    "",
    "[]",
    "null",
    "{}",
    '{"type":1}',
    "[" * 100_000,
    '{"type":"queued","seq":2}',
    '{"type":"fanfare","seq":"2"}',
    queued(2).replace("2", '"2"'),
    '{"type":"pong"',
    welcome(),
    say("match-ended", 2, reason="weather"),
    ack(2, 1),
    token(2, "with.dots"),
    token(2, "two words"),
    token(2, ""),
    token(2, "x\r\nEvil: yes"),
]


@pytest.mark.parametrize("frame", BROKEN, ids=lambda frame: repr(frame[:30]))
def test_what_breaks_the_protocol(frame: str) -> None:
    session = live()
    join(session, "unsent")
    with pytest.raises(ProtocolBroken):
        session.receive(frame)


def test_bytes_that_are_no_text_break_the_protocol() -> None:
    with pytest.raises(ProtocolBroken):
        live().receive(b'{"type":"session","seq":2,"session":"\xff"}')


@pytest.mark.parametrize(
    "frame",
    [
        queued(1),
        say("pong"),
        say("fanfare"),
        welcome(resumed=True),
        welcome().replace('"protocol": 1', '"protocol": 2'),
    ],
)
def test_what_cannot_be_the_first_word(frame: str) -> None:
    session = new_session()
    session.protocols()
    with pytest.raises(ProtocolBroken):
        session.receive(frame)


@pytest.mark.parametrize("why", [{}, {"why": "expired"}])
def test_what_cannot_be_the_first_word_again(why: dict[str, Any]) -> None:
    session = live()
    join(session, "unsent")
    cut(session)
    with pytest.raises(ProtocolBroken):
        # Of a request that was never sent; or resumed what is refused.
        session.receive(welcome(1, resumed=True, last_id=0, **why) if why else welcome(1, last_id=1))


def test_what_is_unanswered_is_bounded() -> None:
    session = live(request_bytes=2000)
    wide = RoomJoin(code="x" * 600)
    first = session.send(wide)
    session.send(wide)
    with pytest.raises(RequestsFull):
        session.send(wide)
    assert session.unanswered.withdraw(first)
    session.send(wide)
    frames(session)
    assert session.unanswered.size > 1200
    session.receive(ack(2, 3))
    assert session.unanswered.size == 0
    tight = live(request_bytes=1)
    tight.send(wide)
    with pytest.raises(RequestsFull):
        tight.send(Cancel())


def test_what_no_server_would_take_is_not_sent() -> None:
    session = live()
    with pytest.raises(RequestTooBig):
        session.send(RoomJoin(code="x" * 2000))
    room = 2000 - len('{"type":"room-join","id":1,"code":"","seen":}') - 16
    session.send(RoomJoin(code="x" * room))
    [frame] = [session.next_frame()]
    assert frame is not None
    assert len(frame) <= 2000
    assert session.next_frame() is None


def test_what_was_not_sent_can_be_taken_back() -> None:
    session = live()
    first, second = join(session, "A"), join(session, "B")
    assert session.unanswered.withdraw(first)
    assert not session.unanswered.withdraw(first)
    assert codes(frames(session)) == [(2, "B")]
    assert not session.unanswered.withdraw(second)
    session.receive(ack(2, 2))
    assert not session.unanswered.withdraw(second)


def test_what_is_given_with_a_message_is_replaced() -> None:
    session = live()
    session.send(Matchmaking(match_size=2, id=77, seen=99))
    [frame] = frames(session)
    assert (frame["id"], frame["seen"], frame["matchSize"]) == (1, 1, 2)
    session.send(Ping(seen=3))
    assert frames(session) == [{"type": "ping", "id": 2, "seen": 1}]


def test_a_session_that_is_over_says_nothing() -> None:
    session = live()
    session.send(Broadcast(data=Raw(b"{}")))
    assert not session.closed(4501, "replaced").back
    assert session.is_over
    assert frames(session) == []
    for use in (session.protocols, lambda: session.receive(queued(2)), lambda: join(session, "A")):
        with pytest.raises(RuntimeError):
            use()
