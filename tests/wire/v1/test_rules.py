"""What no schema says: settings, fields that depend on each other, numbers, and what is relayed how."""

from __future__ import annotations

import json
from typing import Any

import pytest
from attrs import evolve

from focus_signal.core.commands import (
    Broadcast,
    Cancel,
    CreateRoom,
    Decline,
    Invalid,
    JoinRoom,
    LeaveRoom,
    Numbered,
    Party,
    Ping,
    Ready,
    Relay,
    RequestTicket,
    Terms,
)
from focus_signal.core.effects import Relayed
from focus_signal.wire.v1 import V1Dialect
from tests.wire.test_seed_dialect import PAYLOADS, ascii_start
from tests.wire.v1.dialect import (
    CONNECTION,
    DIALECT,
    LARGEST,
    SETTINGS,
    USER,
    WIDE,
    bare,
    decode,
    frame_of,
    numbers,
    refusal_of,
    relay_of,
    seal,
)

TO_PEER = ("offer", "answer", "ice-candidate", "signal")
RELAYED = TO_PEER[:3]


@pytest.mark.parametrize(
    ("fields", "request_"),
    [
        ({"type": "cancel"}, Cancel(CONNECTION)),
        ({"type": "ready", "proposal": "p1"}, Ready(CONNECTION, "p1")),
        ({"type": "decline", "proposal": "p1"}, Decline(CONNECTION, "p1")),
        ({"type": "room-create", "maxSize": 4}, CreateRoom(CONNECTION, 4)),
        ({"type": "room-create", "maxSize": 4, "code": "lunch"}, CreateRoom(CONNECTION, 4, "lunch")),
        ({"type": "room-join", "code": "7k-3f"}, JoinRoom(CONNECTION, "7k-3f")),
        ({"type": "room-leave"}, LeaveRoom(CONNECTION)),
        (
            {"type": "broadcast", "data": 1, "roomId": "r"},
            Broadcast(CONNECTION, b',"data":1', "r"),
        ),
        ({"type": "broadcast", "data": None}, Broadcast(CONNECTION, b',"data":null')),
        (
            {"type": "offer", "to": "bob", "sdp": 1, "roomId": "r"},
            Relay(CONNECTION, "bob", "offer", b',"sdp":1', "r"),
        ),
        ({"type": "signal", "to": "bob", "data": {}}, Relay(CONNECTION, "bob", "signal", b',"data":{}')),
        ({"type": "matchmaking", "matchSize": 2}, RequestTicket(CONNECTION, Terms(2, 2))),
        (
            {
                "type": "matchmaking",
                "minSize": 2,
                "maxSize": 4,
                "pool": "duels",
                "party": {"code": "12345678", "size": 2},
                "avoid": ["eve", "mal"],
                "patience": 5,
                "timeout": 60,
                "readyCheck": True,
            },
            RequestTicket(
                CONNECTION,
                Terms(
                    2,
                    4,
                    pool="duels",
                    ready_check=True,
                    party=Party("12345678", 2),
                    avoid=("eve", "mal"),
                    patience=5,
                    timeout=60,
                ),
            ),
        ),
        (
            {"type": "matchmaking", "matchSize": 3, "backfill": True},
            RequestTicket(CONNECTION, Terms(3, 3, backfill=True)),
        ),
    ],
)
def test_requests(fields: dict[str, Any], request_: Any) -> None:
    assert decode(frame_of(fields)) == request_
    assert decode(frame_of(fields, id=9)) == Numbered(CONNECTION, request_, 9)
    assert decode(frame_of(fields, seen=0)) == Numbered(CONNECTION, request_, None, 0)
    assert decode(frame_of(fields, seen=8, id=9)) == Numbered(CONNECTION, request_, 9, 8)
    # With space it is the same, and with fields in another order.
    spaced = json.dumps(dict(reversed(fields.items())), indent=1).replace("\n ", "\n\t\r ")
    assert decode(spaced) == request_


def test_ping() -> None:
    assert decode('{"type":"ping","seen":0}') == Numbered(CONNECTION, Ping(CONNECTION), None, 0)
    assert decode('{"type":"ping","seen":5,"id":2}') == Numbered(CONNECTION, Ping(CONNECTION), 2, 5)
    refused = refusal_of('{"type":"ping","id":2}', "bad-message")
    assert refused.message == "seen must be a whole number from 0 to 9007199254740991, not absent"
    assert numbers(decode('{"type":"ping","id":2}')) == (2, None)


@pytest.mark.parametrize(
    ("sizes", "code", "says"),
    [
        ({}, "bad-match-size", "matchSize must be a whole number from 1 to 16, not absent"),
        ({"matchSize": 17}, "bad-match-size", "matchSize must be a whole number from 1 to 16, not 17"),
        ({"minSize": 2}, "bad-match-size", "maxSize must be a whole number from 1 to 16, not absent"),
        ({"maxSize": 2}, "bad-match-size", "minSize must be a whole number from 1 to 16, not absent"),
        (
            {"minSize": 2, "maxSize": 17},
            "bad-match-size",
            "maxSize must be a whole number from 1 to 16, not 17",
        ),
        ({"minSize": 3, "maxSize": 2}, "bad-match-size", "minSize must be at most maxSize, 2, not 3"),
        (
            {"matchSize": 2, "minSize": 2, "maxSize": 2},
            "bad-message",
            "matchSize must be absent where minSize or maxSize is there, not 2",
        ),
        (
            {"matchSize": 2, "maxSize": 2},
            "bad-message",
            "matchSize must be absent where minSize or maxSize is there, not 2",
        ),
        (
            {"matchSize": 2, "party": {"code": "x" * 8, "size": 3}},
            "bad-message",
            "party.size must be at most the largest size that is asked for, 2, not 3",
        ),
        (
            {"matchSize": 2, "readyCheck": True, "backfill": True},
            "bad-message",
            "readyCheck must be false where backfill is true, not true",
        ),
        ({"matchSize": "2"}, "bad-match-size", 'matchSize must be a whole number from 1 to 16, not "2"'),
        ({"matchSize": 2.0}, "bad-match-size", "matchSize must be a whole number from 1 to 16, not 2.0"),
    ],
)
def test_tickets_that_cannot_be(sizes: dict[str, Any], code: str, says: str) -> None:
    assert refusal_of(frame_of({"type": "matchmaking", **sizes}), code).message == says


def test_a_ticket_at_every_bound() -> None:
    for least, most in ((1, 1), (1, LARGEST), (LARGEST, LARGEST)):
        party = {"code": "x" * 8, "size": most}
        frame = frame_of({"type": "matchmaking", "minSize": least, "maxSize": most, "party": party})
        terms = Terms(least, most, party=Party("x" * 8, most))
        assert decode(frame) == RequestTicket(CONNECTION, terms)


def test_so_many_sizes_and_no_more() -> None:
    wide = V1Dialect(WIDE, seal)
    taken = decode(frame_of({"type": "matchmaking", "minSize": 7, "maxSize": 70}), dialect=wide)
    assert taken == RequestTicket(CONNECTION, Terms(7, 70))
    refused = refusal_of(
        frame_of({"type": "matchmaking", "minSize": 6, "maxSize": 70}), "bad-match-size", dialect=wide
    )
    assert refused.message == "minSize must be at least 7, for no more than 64 sizes up to maxSize, 70, not 6"


def test_a_room_is_no_larger_than_a_match() -> None:
    refused = refusal_of('{"type":"room-create","maxSize":17}', "bad-match-size")
    assert refused.message == "maxSize must be a whole number from 1 to 16, not 17"
    assert decode('{"type":"room-create","maxSize":16}') == CreateRoom(CONNECTION, 16)


def test_renewing_is_not_allowed() -> None:
    assert refusal_of('{"type":"renew","token":"x"}', "not-allowed").message.startswith("renew ")
    refusal_of('{"type":"renew"}', "bad-message")


def test_unknown_types() -> None:
    for kind in ("Offer", "offer ", "", "room-found", "ack", "x" * 100_000):
        refused = refusal_of(frame_of({"type": kind, "to": "bob"}, id=3), "unknown-type")
        assert refused.message.startswith("type must be one of matchmaking, cancel, ")
        assert refused.to == "bob"
        assert numbers(decode(frame_of({"type": kind}, id=3))) == (3, None)


@pytest.mark.parametrize("kind", TO_PEER)
def test_the_sender_is_stamped(kind: str) -> None:
    more = {"data": 1} if kind == "signal" else {}
    for claim in ({}, {"from": None}, {"from": USER}):
        assert isinstance(bare(decode(frame_of({"type": kind, "to": "bob", **more, **claim}))), Relay)
    for wrong, shown in (("eve", '"eve"'), ("", '""'), (5, "5"), ([USER], '["ada"]'), (True, "true")):
        frame = frame_of({"type": kind, "to": "bob", **more, "from": wrong})
        refused = refusal_of(frame, "wrong-sender")
        assert refused.message == f"from must be absent or your own user id, not {shown}"
        assert refused.to == "bob"


def test_nobody_is_asked_who_sends_what_is_for_nobody() -> None:
    """The field is unknown there."""
    assert decode('{"type":"broadcast","data":1,"from":"eve"}') == Broadcast(CONNECTION, b',"data":1')


@pytest.mark.parametrize("user", ["b b", "b\u00a0b", "\u2028", "é" * 64, "😀" * 32, "\u200d", '"\\'])
def test_user_ids(user: str) -> None:
    assert relay_of(frame_of({"type": "offer", "to": user})).to == user
    assert relay_of(json.dumps({"type": "offer", "to": user})).to == user
    frame = frame_of({"type": "matchmaking", "matchSize": 2, "avoid": [user]})
    assert decode(frame) == RequestTicket(CONNECTION, Terms(2, 2, avoid=(user,)))


@pytest.mark.parametrize(
    "user", ["", "é" * 64 + "x", "b\0", "\x1f", "\x7f", "\x80b", "\x9f", "\n", "x" * 1000]
)
def test_what_is_no_user_id(user: str) -> None:
    says = "must be a user id of 1 to 128 bytes of UTF-8 without control characters, not "
    refused = refusal_of(frame_of({"type": "offer", "to": user}), "bad-message")
    assert refused.message.startswith(f"to {says}")
    assert refused.message.isprintable()
    assert refused.to is None
    avoiding = frame_of({"type": "matchmaking", "matchSize": 2, "avoid": ["eve", user]})
    assert refusal_of(avoiding, "bad-message").message.startswith(f"avoid[1] {says}")


def test_the_longest_user_id_is_a_setting() -> None:
    short = V1Dialect(evolve(SETTINGS, max_user_bytes=3), seal)
    assert isinstance(decode('{"type":"offer","to":"bob"}', dialect=short), Relay)
    refused = refusal_of('{"type":"offer","to":"bobs"}', "bad-message", dialect=short)
    assert "1 to 3 bytes" in refused.message


def test_an_error_names_only_whom_the_message_was_for() -> None:
    for kind, to in (("offer", "bob"), ("nothing", "bob"), ("ready", None), ("matchmaking", None)):
        command = bare(decode(frame_of({"type": kind, "to": "bob", "id": -1})))
        assert isinstance(command, Invalid)
        assert command.to == to


def told(frame: str, user: str = USER) -> bytes:
    """Return what the receivers of a frame get."""
    command = bare(decode(frame, user))
    if isinstance(command, Broadcast):
        return DIALECT.encode(Relayed(user, "broadcast", command.payload), 5)
    assert isinstance(command, Relay)
    return DIALECT.encode(Relayed(user, command.kind, command.payload), 5)


@pytest.mark.parametrize("payload", PAYLOADS, ids=ascii_start)
@pytest.mark.parametrize(
    ("kind", "field"),
    [("offer", "sdp"), ("ice-candidate", "candidate"), ("signal", "data"), ("broadcast", "data")],
)
def test_a_payload_passes_byte_for_byte(kind: str, field: str, payload: str) -> None:
    to = ',"to":"bob"' if kind != "broadcast" else ""
    wanted = f'{{"type":"{kind}","seq":5,"from":"ada","{field}":{payload}}}'.encode()
    assert told(f'{{"type":"{kind}"{to},"{field}":{payload}}}') == wanted
    assert told(f'{{ "id":1,"seen":2, "{field}" :\n{payload} {to},"type":"{kind}"}}') == wanted


@pytest.mark.parametrize("kind", RELAYED)
def test_payloads_go_out_in_order_in_whatever_order_they_came(kind: str) -> None:
    frame = f'{{"candidate":{{"b":1}},"to":"bob","sdp":[2],"roomId":"r","type":"{kind}"}}'
    assert told(frame) == f'{{"type":"{kind}","seq":5,"from":"ada","sdp":[2],"candidate":{{"b":1}}}}'.encode()
    assert told(f'{{"type":"{kind}","to":"bob"}}') == f'{{"type":"{kind}","seq":5,"from":"ada"}}'.encode()
    null = f'{{"type":"{kind}","to":"bob","sdp":null,"candidate":null}}'
    assert told(null).endswith(b'"from":"ada","sdp":null,"candidate":null}')


def test_numbers_of_what_is_no_message_at_all() -> None:
    for frame in ("[]", '"id":3', '{"id":3', '{"id":3,"seen":1,"x":\\}'):
        assert numbers(decode(frame)) == (None, None)
    for frame in ('{"id":3}', '{"id":3,"type":5}', '{"id":3,"type":"ping","type":"ping"}'):
        assert numbers(decode(frame)) == (3, None)
    deep = '{"id":3,"seen":1,"type":"signal","to":"bob","data":' + "[" * 40 + "]" * 40 + "}"
    assert numbers(decode(deep)) == (3, 1)
    assert refusal_of(deep, "bad-message").to == "bob"


def test_the_last_of_a_repeated_field_counts() -> None:
    assert decode('{"type":"cancel","id":"x","id":5}') == Numbered(CONNECTION, Cancel(CONNECTION), 5)
    assert relay_of('{"type":"offer","to":"cyd","to":"bob","sdp":1,"sdp":2}').payload == b',"sdp":2'
    refusal_of('{"type":"cancel","id":5,"id":"x"}', "bad-message")
