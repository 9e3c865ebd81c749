"""The two shapes that come from a client and the three that go to one."""

from __future__ import annotations

import json

import pytest

from focus_signal.core.commands import Invalid, RequestMatch
from focus_signal.core.effects import Refused, Relayed, RoomFound
from focus_signal.wire.seed_dialect import SeedDialect
from tests.wire.dialect import (
    CONNECTION,
    DIALECT,
    LARGEST,
    RELAYED,
    USER,
    decode,
    loads,
    passed_on,
    refusal_of,
    relay_of,
)

# JSON that a decoder and an encoder in turn would not give back as it came.
PAYLOADS = (
    "null",
    "true",
    '""',
    '"v=0\\r\\no=- 46117317 2 IN IP4 127.0.0.1\\r\\n"',
    '"\\u00e9\\u0041\\/\\b\\f\\ud83d\\ude00"',
    '"é 😀 \u2028 \x7f \ufeff"',
    '"\\u0000"',
    "0",
    "-0",
    "-0.0",
    "1.0",
    "1E+5",
    "1e999",
    "-1e999",
    "1e-999",
    "0.1000000000000000055511151231257827021181583404541015625",
    "9" * 5_000,
    "-" + "9" * 5_000,
    "1." + "0" * 5_000,
    "[]",
    "{}",
    "[ 1 ,\t2 ,\n{ } ]",
    '{ "type" : "offer" , "sdp" : "v=0" }',
    '{"b":1,"a":2,"b":3}',
    '{"":"","\\u0000":[[[{"a":null}]]]}',
    '{"type":"x","type":"y","ty\\u0070e":"z"}',
    '"' + "x" * 100_000 + '"',
)


def ascii_start(text: str) -> str:
    return ascii(text[:20])


@pytest.mark.parametrize("payload", PAYLOADS, ids=ascii_start)
@pytest.mark.parametrize("field", ["sdp", "candidate"])
def test_a_payload_passes_byte_for_byte(field: str, payload: str) -> None:
    sent = passed_on(f'{{"type":"offer","to":"bob","{field}":{payload}}}')
    assert sent == f'{{"type":"offer","from":"ada","{field}":{payload}}}'.encode()
    assert list(loads(sent)) == ["type", "from", field]


@pytest.mark.parametrize("kind", RELAYED)
def test_keys_go_out_in_order_in_whatever_order_they_came(kind: str) -> None:
    frame = f'{{"candidate":{{"b":1}},"to":"bob","sdp":[2],"from":"ada","type":"{kind}"}}'
    assert passed_on(frame) == f'{{"type":"{kind}","from":"ada","sdp":[2],"candidate":{{"b":1}}}}'.encode()
    relay = relay_of(frame)
    assert (relay.kind, relay.to) == (kind, "bob")


@pytest.mark.parametrize("kind", RELAYED)
def test_what_was_absent_stays_absent(kind: str) -> None:
    assert passed_on(f'{{"type":"{kind}","to":"bob"}}') == f'{{"type":"{kind}","from":"ada"}}'.encode()


def test_null_stays_null() -> None:
    sent = passed_on('{"type":"answer","to":"bob","sdp":null,"candidate":null}')
    assert sent == b'{"type":"answer","from":"ada","sdp":null,"candidate":null}'
    sent = passed_on('{"type":"ice-candidate","to":"bob","candidate":null}')
    assert sent == b'{"type":"ice-candidate","from":"ada","candidate":null}'


def test_extra_fields_are_ignored() -> None:
    sent = passed_on(
        '{"x":1,"type":"offer","SDP":2,"to":"bob","roomId":"r","sdp":3,"peers":[],"matchSize":"?","code":{}}'
    )
    assert sent == b'{"type":"offer","from":"ada","sdp":3}'
    assert decode('{"type":"matchmaking","matchSize":2,"from":"bob","to":5,"sdp":1e999}') == RequestMatch(
        CONNECTION, 2
    )


def test_whitespace_around_a_payload_is_dropped_and_inside_is_kept() -> None:
    sent = passed_on(' \t\r\n{ "type" : "offer" ,\n"to":"bob", "sdp" : \t{ "a" : [ 1 ] }\r\n} \n')
    assert sent == b'{"type":"offer","from":"ada","sdp":{ "a" : [ 1 ] }}'


def test_known_words_may_be_written_with_escapes() -> None:
    sent = passed_on(
        '{"ty\\u0070e":"\\u006fffer","t\\u006f":"b\\u006fb","s\\u0064p":1,"fro\\u006d":"\\u0061da"}'
    )
    assert sent == b'{"type":"offer","from":"ada","sdp":1}'


def test_the_last_of_a_repeated_field_counts() -> None:
    relay = relay_of('{"type":"offer","to":"cyd","to":"bob","sdp":1,"sdp":2,"from":"eve","from":"ada"}')
    assert relay.to == "bob"
    assert (
        passed_on('{"type":"offer","to":"bob","sdp":1,"sdp":2}') == b'{"type":"offer","from":"ada","sdp":2}'
    )


@pytest.mark.parametrize("claim", ["", ',"from":null', ',"from":"ada"', ',"from":"\\u0061da"'])
def test_the_sender_is_stamped(claim: str) -> None:
    assert passed_on(f'{{"type":"offer","to":"bob"{claim}}}') == b'{"type":"offer","from":"ada"}'


@pytest.mark.parametrize(
    "claim", ['"bob"', '""', '"ADA"', '"ada "', "5", "true", "[]", '["ada"]', "{}", '"null"']
)
@pytest.mark.parametrize("kind", RELAYED)
def test_another_sender_is_wrong(kind: str, claim: str) -> None:
    refused = refusal_of(f'{{"type":"{kind}","to":"bob","from":{claim}}}', "wrong-sender")
    assert refused.to == "bob"
    assert "from" in refused.message
    assert claim in refused.message
    assert "your own user id" in refused.message


@pytest.mark.parametrize("user", ['a"b', "a\\b", "é😀", "\0", "\n\t", "\u2028", "</script>", "x" * 128, " "])
def test_any_user_id_is_written_as_json(user: str) -> None:
    sent = passed_on(f'{{"type":"offer","to":{json.dumps(user)},"from":{json.dumps(user)}}}', user)
    assert loads(sent) == {"type": "offer", "from": user}
    assert relay_of(f'{{"type":"offer","to":{json.dumps(user)}}}').to == user
    found = DIALECT.encode(RoomFound("r", (user, "bob")))
    assert found is not None
    assert loads(found) == {"type": "room-found", "roomId": "r", "peers": [user, "bob"]}


@pytest.mark.parametrize("to", ["null", "true", "5", "[]", '["bob"]', "{}", '""'])
@pytest.mark.parametrize("kind", RELAYED)
def test_a_target_is_a_string(kind: str, to: str) -> None:
    refused = refusal_of(f'{{"type":"{kind}","to":{to}}}', "bad-message")
    assert "to must be" in refused.message
    assert to in refused.message
    assert refused.to is None


def test_a_target_is_needed() -> None:
    refused = refusal_of('{"type":"offer","sdp":1}', "bad-message")
    assert "to must be" in refused.message
    assert "absent" in refused.message


@pytest.mark.parametrize("user", ["x" * 128, "é" * 64, "😀" * 32], ids=ascii_start)
def test_a_target_may_be_as_long_as_a_user_id(user: str) -> None:
    assert relay_of(f'{{"type":"offer","to":"{user}"}}').to == user


@pytest.mark.parametrize("user", ["x" * 129, "é" * 64 + "x", "😀" * 33, "x" * 100_000], ids=ascii_start)
def test_a_longer_target_is_refused_in_a_few_words(user: str) -> None:
    refused = refusal_of(f'{{"type":"offer","to":"{user}"}}', "bad-message")
    assert refused.message.startswith("to must be a user id of 1 to 128 bytes")
    assert f'not "{user[:20]}' in refused.message
    assert refused.to is None, "it is too long to be repeated"


def test_room_found() -> None:
    room = "0b8e7f5c-8f52-4a0e-9d6e-3f1f9c1c7f10"
    sent = DIALECT.encode(RoomFound(room, ("cyd", "ada", "bob")))
    assert sent == f'{{"type":"room-found","roomId":"{room}","peers":["cyd","ada","bob"]}}'.encode()


def test_room_found_alone() -> None:
    assert DIALECT.encode(RoomFound("r", ("ada",))) == b'{"type":"room-found","roomId":"r","peers":["ada"]}'


def test_relayed() -> None:
    sent = DIALECT.encode(Relayed("ada", "ice-candidate", b',"candidate":{"x": 1}'))
    assert sent == b'{"type":"ice-candidate","from":"ada","candidate":{"x": 1}}'


def test_error() -> None:
    assert DIALECT.encode(Refused("bad-json", "no")) == b'{"type":"error","code":"bad-json","message":"no"}'
    sent = DIALECT.encode(Refused("peer-unavailable", 'no "such" one', "bob"))
    assert sent == rb'{"type":"error","code":"peer-unavailable","message":"no \"such\" one","to":"bob"}'


def test_silence_is_about_errors_alone() -> None:
    silent = SeedDialect(LARGEST, 128, 32, silent=True)
    assert silent.encode(Refused("bad-json", "no")) is None
    assert silent.encode(Refused("peer-unavailable", "no", "bob")) is None
    for message in (RoomFound("r", ("ada",)), Relayed("ada", "offer", b"")):
        assert silent.encode(message) == DIALECT.encode(message) is not None
    frame = b'{"type":"offer","to":"bob","from":"eve"}'
    assert silent.decode(frame, CONNECTION, USER) == DIALECT.decode(frame, CONNECTION, USER)


@pytest.mark.parametrize("to", ["", ',"to":"bob"'])
@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ('"room-found"', "unknown-type"),
        ('"error"', "unknown-type"),
        ('"Offer"', "unknown-type"),
        ('"offer "', "unknown-type"),
        ('""', "unknown-type"),
        ("null", "bad-message"),
        ("1", "bad-message"),
        ("true", "bad-message"),
        ('["offer"]', "bad-message"),
        ('{"type":"offer"}', "bad-message"),
    ],
)
def test_a_type_is_one_of_four(kind: str, code: str, to: str) -> None:
    refused = refusal_of(f'{{"type":{kind}{to}}}', code)
    assert refused.message == f"type must be one of matchmaking, offer, answer, ice-candidate, not {kind}"
    assert refused.to == ("bob" if to else None)


def test_a_type_is_needed() -> None:
    for frame, to in (("{}", None), ('{"to":"bob"}', "bob"), ('{"sdp":{"type":"offer"}}', None)):
        refused = refusal_of(frame, "bad-message")
        assert refused.message == "type must be one of matchmaking, offer, answer, ice-candidate, not absent"
        assert refused.to == to


def test_a_long_type_is_shown_in_a_few_characters() -> None:
    refused = refusal_of('{"type":"' + "x" * 100_000 + '"}', "unknown-type")
    assert refused.message.endswith(', not "' + "x" * 39 + "...")


@pytest.mark.parametrize("to", ["5", "null", '""', "[]", '"' + "x" * 129 + '"'])
def test_an_error_names_only_a_target_that_could_be_one(to: str) -> None:
    for frame in (
        f'{{"type":"x","to":{to}}}',
        f'{{"to":{to}}}',
        f'{{"type":"offer","type":"offer","to":{to}}}',
    ):
        command = decode(frame)
        assert isinstance(command, Invalid)
        assert command.to is None
