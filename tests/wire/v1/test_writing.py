"""What a server sends: every message is read back, by the schema, as what it was."""

from __future__ import annotations

import json
from typing import Any, get_args

import msgspec
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from focus_signal.core import effects
from focus_signal.core.effects import Message
from focus_signal.core.tokens import RoomRecord, SessionToken
from focus_signal.wire.messages import from_server
from focus_signal.wire.messages.from_server import AnyFromServer
from focus_signal.wire.v1 import V1Dialect
from tests.wire.dialect import loads
from tests.wire.v1.dialect import DIALECT, SETTINGS, seal

_decode = msgspec.json.Decoder(AnyFromServer).decode
TOKEN = SessionToken("s1", 3, "p", "ada", 1, 2, RoomRecord("r", None, 4, "code", 5, ("ada", "bob")))
VIEW = effects.RoomView("r", ("cyd", "ada", "bob"), ("cyd",))
FULL_VIEW = effects.RoomView("r", ("cyd", "ada"), ("cyd",), "7K3F9QZX", ("cyd",), ("bob",))
TICKET = effects.TicketView("duels", 2, 3, 1)
PROPOSAL = effects.ProposalView("p1", 4, 15)
ROOM = {"roomId": "r", "peers": ["cyd", "ada", "bob"], "offerTo": ["cyd"]}
FULL_ROOM = {
    "roomId": "r",
    "peers": ["cyd", "ada"],
    "offerTo": ["cyd"],
    "code": "7K3F9QZX",
    "seed": ["cyd"],
    "away": ["bob"],
}
QUEUED = {"pool": "duels", "position": 2, "waiting": 3, "needed": 1}
PROPOSED = {"proposal": "p1", "size": 4, "within": 15}
LIMITS = {
    "frameBytes": 262_144,
    "matchSize": 16,
    "grace": 30,
    "replayBytes": 262_144,
    "messageRate": 100,
    "messageBurst": 2000,
    "byteRate": 32_768,
    "byteBurst": 786_432,
}
WELCOME = {
    "type": "welcome",
    "protocol": 1,
    "userId": "ada",
    "resumed": False,
    "seq": 0,
    "heartbeat": 20,
    "iceServers": [],
    "features": [],
    "limits": LIMITS,
}

# Each message as it is decided, and as it is read: all fields, in the order of the wire.
WRITTEN: list[tuple[Message, dict[str, Any]]] = [
    (effects.Ack(8), {"type": "ack", "seq": 5, "id": 8}),
    (effects.Pong(), {"type": "pong"}),
    (effects.Queued(TICKET), {"type": "queued", "seq": 5, **QUEUED}),
    (effects.MatchProposed(PROPOSAL), {"type": "match-proposed", "seq": 5, **PROPOSED}),
    (effects.RoomEntered(VIEW), {"type": "room-found", "seq": 5, **ROOM}),
    (effects.RoomEntered(FULL_VIEW), {"type": "room-found", "seq": 5, **FULL_ROOM}),
    (effects.PeerJoined("bob"), {"type": "peer-joined", "seq": 5, "peer": "bob"}),
    (effects.PeerAway("bob", 30), {"type": "peer-away", "seq": 5, "peer": "bob", "grace": 30}),
    (
        effects.PeerBack("bob", resumed=False),
        {"type": "peer-back", "seq": 5, "peer": "bob", "resumed": False},
    ),
    (
        effects.Relayed('q"\\ü', "offer", b',"sdp":1'),
        {"type": "offer", "seq": 5, "from": 'q"\\ü', "sdp": 1},
    ),
    (effects.SessionIssued(TOKEN), {"type": "session", "seq": 5, "session": "s1.3"}),
    (effects.GoingAway(7), {"type": "going-away", "seq": 5, "reconnectIn": 7}),
    (effects.Refused("bad-json", "no"), {"type": "error", "seq": 5, "code": "bad-json", "message": "no"}),
    (
        effects.Refused("rate-limited", "no", "bob", 4, 60),
        {
            "type": "error",
            "seq": 5,
            "code": "rate-limited",
            "message": "no",
            "id": 4,
            "to": "bob",
            "retryAfter": 60,
        },
    ),
    (
        effects.Refused("x", "y", "", 0, 0),
        {"type": "error", "seq": 5, "code": "x", "message": "y", "id": 0, "to": "", "retryAfter": 0},
    ),
    *(
        (effects.MatchEnded(reason), {"type": "match-ended", "seq": 5, "reason": reason})
        for reason in get_args(effects.EndReason)
    ),
    *(
        (effects.RoomClosed("r", reason), {"type": "room-closed", "seq": 5, "roomId": "r", "reason": reason})
        for reason in get_args(effects.ClosedReason)
    ),
    *(
        (effects.PeerLeft("bob", reason), {"type": "peer-left", "seq": 5, "peer": "bob", "reason": reason})
        for reason in get_args(effects.LeftReason)
    ),
    *(
        (effects.Relayed("bob", kind, payload), {"type": kind, "seq": 5, "from": "bob", **fields})
        for kind, payload, fields in (
            ("offer", b',"sdp":{"a": 1}', {"sdp": {"a": "1"}}),
            ("answer", b',"sdp":null,"candidate":[]', {"sdp": None, "candidate": []}),
            ("ice-candidate", b"", {}),
            ("signal", b',"data":"x"', {"data": "x"}),
            ("broadcast", b',"data":true', {"data": True}),
        )
    ),
    (effects.Welcome("ada", resumed=False, seq=0, last_id=None), WELCOME),
    (
        effects.Welcome("ada", resumed=True, seq=9, last_id=0, state=effects.State()),
        {**WELCOME, "resumed": True, "seq": 9, "lastId": 0, "state": {}},
    ),
    (
        effects.Welcome(
            "ada",
            resumed=False,
            seq=9,
            last_id=4,
            state=effects.State(TICKET, PROPOSAL, FULL_VIEW),
            why="expired",
        ),
        {
            **WELCOME,
            "seq": 9,
            "lastId": 4,
            "state": {"ticket": QUEUED, "proposal": PROPOSED, "room": FULL_ROOM},
            "why": "expired",
        },
    ),
]


def as_text(value: Any) -> Any:
    """Write integers as the strict reader gives them."""
    return loads(json.dumps(value).encode())


def case_of(case: tuple[Message, dict[str, Any]]) -> str:
    return str(case[1].get("reason", case[1]["type"]))


@pytest.mark.parametrize("case", WRITTEN, ids=case_of)
def test_every_message_is_read_as_the_schema_has_it(case: tuple[Message, dict[str, Any]]) -> None:
    message, wanted = case
    frame = DIALECT.encode(message, 5)
    got = loads(frame)
    assert got == as_text(wanted)
    struct = _decode(frame)
    assert struct.__struct_config__.tag == got["type"]
    # And nothing is there of which the schema says nothing.
    assert set(json.loads(frame)) <= {field.encode_name for field in msgspec.structs.fields(struct)} | {
        "type"
    }


def test_no_message_is_left_out() -> None:
    assert {type(message) for message, _ in WRITTEN} == set(get_args(Message)) - {effects.RoomFound}
    # This one has no message of the core yet.
    types = {str(struct.__struct_config__.tag) for struct in get_args(AnyFromServer)} - {"ice-servers"}
    assert {wanted["type"] for _, wanted in WRITTEN} == types


@pytest.mark.parametrize("case", WRITTEN, ids=case_of)
def test_the_type_comes_first_and_the_number_next(case: tuple[Message, dict[str, Any]]) -> None:
    keys = list(json.loads(DIALECT.encode(case[0], 5)))
    assert keys[0] == "type"
    if "welcome" not in case[1].values() and "pong" not in case[1].values():
        assert keys[1] == "seq"
        assert keys[2:] == [key for key in case[1] if key not in {"type", "seq"}]


def test_nothing_but_welcome_and_pong_goes_without_a_number() -> None:
    assert "seq" not in json.loads(DIALECT.encode(effects.Pong(), 0))
    welcome = DIALECT.encode(effects.Welcome("ada", resumed=False, seq=17, last_id=0), 0)
    assert json.loads(welcome)["seq"] == 17
    for number in (1, 10**15):
        for message, wanted in WRITTEN:
            if wanted["type"] not in {"welcome", "pong"}:
                assert json.loads(DIALECT.encode(message, number))["seq"] == number


def test_the_welcome_tells_the_settings() -> None:
    servers = ({"urls": ["stun:example.org"]}, {"urls": "turn:example.org", "username": "1:x"})
    told = evolve(SETTINGS, ice_servers=servers, ice_expires_in=600, features=("x",), heartbeat=3, grace=7)
    frame = V1Dialect(told, seal).encode(effects.Welcome("ada", resumed=False, seq=0, last_id=0), 0)
    got = json.loads(frame)
    assert got["iceServers"] == list(servers)
    assert (got["iceExpiresIn"], got["features"], got["heartbeat"]) == (600, ["x"], 3)
    assert got["limits"] == {**LIMITS, "grace": 7}
    welcome = _decode(frame)
    assert isinstance(welcome, from_server.Welcome)
    assert (welcome.why, welcome.state) == (UNSET, UNSET)


def test_what_is_only_for_the_seed_is_a_bug() -> None:
    with pytest.raises(TypeError, match="RoomFound"):
        DIALECT.encode(effects.RoomFound("r", ("ada",)), 5)


texts = st.text(max_size=30)


@given(texts, texts, texts, st.integers(1, 2**53 - 1))
def test_any_text_is_written_as_json(user: str, code: str, message: str, number: int) -> None:
    for sent, wanted in (
        (effects.Relayed(user, "signal", b',"data":1'), {"from": user, "data": 1}),
        (effects.PeerJoined(user), {"peer": user}),
        (effects.Refused(code, message, user), {"code": code, "message": message, "to": user}),
    ):
        got = json.loads(DIALECT.encode(sent, number))
        del got["type"]
        assert got == {"seq": number, **wanted}
