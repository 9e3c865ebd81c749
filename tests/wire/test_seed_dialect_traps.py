"""What JSON can do to a server: each is an error or passes, and none is an exception."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import TypeVar

import pytest

from tests.wire.dialect import NESTING, RELAYED, TYPES, decode, passed_on, refusal_of

# Every place in which a string can stand; {} is its text, between the quotes.
PLACES = {
    "type": '{{"type":"{}"}}',
    "to": '{{"type":"offer","to":"{}"}}',
    "from": '{{"type":"offer","to":"bob","from":"{}"}}',
    "matchSize": '{{"type":"matchmaking","matchSize":"{}"}}',
    "sdp": '{{"type":"offer","to":"bob","sdp":"{}"}}',
    "candidate": '{{"type":"ice-candidate","to":"bob","candidate":"{}"}}',
    "inside sdp": '{{"type":"offer","to":"bob","sdp":[1,{{"a":["{}"]}}]}}',
    "key inside sdp": '{{"type":"offer","to":"bob","sdp":{{"{}":1}}}}',
    "key": '{{"type":"offer","to":"bob","{}":1}}',
    "unknown field": '{{"type":"offer","to":"bob","x":"{}"}}',
    "inside an unknown field": '{{"x":{{"y":["{}"]}},"type":"offer","to":"bob"}}',
    "inside an unknown field of matchmaking": '{{"type":"matchmaking","matchSize":2,"x":["{}"]}}',
    "key inside an unknown field": '{{"type":"offer","to":"bob","x":{{"{}":1}}}}',
}
LONE_SURROGATES = (
    "\\ud800",
    "\\uD800",
    "\\udfff",
    "\\uDBFFtext",
    "text\\udc00text",
    "\\ud83d\\u0041",
    "\\ud83d\\n",
    "\\ud83d\\ud83d",
    "\\ude00\\ud83d",
    "\\ud83d\\ude00\\ude00",
)
Other = TypeVar("Other", str, bytes)
NO_UTF8 = (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xe2\x82", b"\xf5\x80\x80\x80", b"\x80", b"\xf0\x9f\x98")


def pairs(left: Iterable[str], right: Iterable[Other]) -> list[tuple[str, Other]]:
    return list(product(left, right))


@pytest.mark.parametrize(("place", "text"), pairs(PLACES, LONE_SURROGATES))
def test_a_lone_surrogate_is_no_text(place: str, text: str) -> None:
    refusal_of(PLACES[place].format(text), "bad-json")


@pytest.mark.parametrize("place", list(PLACES))
def test_a_pair_of_surrogates_is_text(place: str) -> None:
    paired, written = (PLACES[place].format(text) for text in ("\\ud83d\\ude00", "😀"))
    command, plain = decode(paired), decode(written)
    assert type(command) is type(plain)
    assert getattr(command, "code", None) == getattr(plain, "code", None) != "bad-json"


@pytest.mark.parametrize(("place", "text"), pairs(PLACES, NO_UTF8))
def test_bytes_that_are_no_utf8_are_no_text(place: str, text: bytes) -> None:
    refusal_of(PLACES[place].format("a-b").encode().replace(b"a-b", b"a" + text + b"b"), "bad-json")


@pytest.mark.parametrize("place", list(PLACES))
@pytest.mark.parametrize("control", ["\0", "\x01", "\n", "\x1f"])
def test_a_control_character_must_be_escaped(place: str, control: str) -> None:
    refusal_of(PLACES[place].format(control), "bad-json")


def test_an_escaped_nul_passes() -> None:
    sent = passed_on('{"type":"offer","to":"b\\u0000b","sdp":"\\u0000"}')
    assert sent == b'{"type":"offer","from":"ada","sdp":"\\u0000"}'


@pytest.mark.parametrize("place", list(PLACES))
def test_a_very_long_text_is_an_error_or_passes(place: str) -> None:
    """A long text is never in an error's words, whichever field it is in."""
    command = decode(PLACES[place].format("x" * 100_000))
    assert len(getattr(command, "message", "")) < 250


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b" ",
        b"\0",
        b"\xef\xbb\xbf" + b'{"type":"offer","to":"bob"}',
        '{"type":"offer","to":"bob"}'.encode("utf-16"),
        '{"type":"offer","to":"bob"}'.encode("utf-16-le"),
        b'{"type":"offer","to":"bob"',
        b'{"type":"offer","to":"bob"}}',
        b'{"type":"offer","to":"bob"} {}',
        b'{"type":"offer","to":"bob"}\0',
        b'{"type":"offer","to":"bob",}',
        b'{"type":"offer" "to":"bob"}',
        b"{'type':'offer','to':'bob'}",
        b'{type:"offer",to:"bob"}',
        b'{"type":"offer","to":"bob"}//',
        b'{"type":"offer","to":"bob","sdp":NaN}',
        b'{"type":"offer","to":"bob","sdp":Infinity}',
        b'{"type":"offer","to":"bob","sdp":-Infinity}',
        b'{"type":"offer","to":"bob","x":[NaN]}',
        b'{"type":"matchmaking","matchSize":NaN}',
        b'{"type":"matchmaking","matchSize":Infinity}',
        b'{"type":"matchmaking","matchSize":02}',
        b'{"type":"matchmaking","matchSize":+2}',
        b'{"type":"matchmaking","matchSize":2.}',
        b'{"type":"matchmaking","matchSize":.2}',
        b'{"type":"matchmaking","matchSize":0x2}',
        b'{"type":"matchmaking","matchSize":undefined}',
        b'{"type":"offer","to":"bob","sdp":00}',
        b'{"type":"offer","to":"bob","sdp":1.}',
        b'{"type":"offer","to":"bob","sdp":1e}',
        b'{"type":"offer","to":"bob","sdp":-}',
        b'{"type":"offer","to":"bob","sdp":tru}',
        b'{"type":"offer","to":"bob","sdp":True}',
        b'{"type":"offer","to":"bob","sdp":[1,]}',
        b'{"type":"offer","to":"bob","sdp":{"a"}}',
        b'{"type":"offer","to":"bob","sdp":{1:2}}',
        b'{"type":"offer","to":"bob","sdp":"\\x41"}',
        b'{"type":"offer","to":"bob","sdp":"\\u12"}',
        b'{"type":"offer","to":"bob","sdp":"\\U0041"}',
        b'{"type":"offer","to":"bob","sdp":\x0b1}',
        b'\xc2\xa0{"type":"offer","to":"bob"}',
    ],
    ids=lambda frame: ascii(frame[-40:])[2:-1],
)
def test_what_is_no_json_is_bad_json(frame: bytes) -> None:
    assert "JSON object" in refusal_of(frame, "bad-json").message


@pytest.mark.parametrize(
    "frame", ["null", "true", "5", '"offer"', "[]", '[{"type":"offer","to":"bob"}]', "1e999"]
)
def test_what_is_no_object_is_bad_json(frame: str) -> None:
    assert "JSON object" in refusal_of(frame, "bad-json").message


def nested(depth: int, how: str) -> str:
    """Nest arrays, objects, or both in turn, with something beside each level that does not count."""
    text = "1"
    for level in range(depth):
        array = how == "arrays" or (how == "both" and level % 2 == 0)
        text = f'[[],{text},"]"]' if array and level else f"[{text}]" if array else f'{{"}}":0,"a":{text}}}'
    return text


HOW = ("arrays", "objects", "both")
FIELDS = ("sdp", "candidate", "x")


@pytest.mark.parametrize(("how", "field"), pairs(HOW, FIELDS))
def test_nesting_at_the_limit_passes(how: str, field: str) -> None:
    payload = nested(NESTING, how)
    sent = passed_on(f'{{"type":"offer","to":"bob","{field}":{payload}}}')
    kept = f',"{field}":{payload}' if field != "x" else ""
    assert sent == f'{{"type":"offer","from":"ada"{kept}}}'.encode()


@pytest.mark.parametrize(("how", "field"), pairs(HOW, FIELDS))
@pytest.mark.parametrize("depth", [NESTING + 1, NESTING + 2, 200, 900, 1_100, 40_000])
def test_nesting_above_the_limit_is_a_bad_message(depth: int, how: str, field: str) -> None:
    refused = refusal_of(f'{{"type":"offer","to":"bob","{field}":{nested(depth, how)}}}', "bad-message")
    assert str(NESTING) in refused.message
    assert "nested" in refused.message
    if depth <= 200:  # what is too deep for the decoder itself is not read to its end
        assert refused.to == "bob"


@pytest.mark.parametrize("field", ["type", "to", "from", "matchSize"])
def test_nesting_counts_in_every_field(field: str) -> None:
    fields = {"type": '"matchmaking"', "matchSize": "2", "to": '"bob"', "from": '"ada"'}
    fields[field] = nested(NESTING + 1, "both")
    frame = ",".join(f'"{name}":{value}' for name, value in fields.items())
    assert "nested" in refusal_of(f"{{{frame}}}", "bad-message").message


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
@pytest.mark.parametrize("depth", [31, 900, 1_100, 40_000])
def test_what_is_deep_and_never_closed_is_an_error(opening: str, depth: int) -> None:
    """Whether it is seen first that it is deep or that it is broken is left open."""
    command = decode('{"type":"offer","to":"bob","sdp":' + opening * depth)
    assert getattr(command, "code", None) in {"bad-json", "bad-message"}


def test_breadth_is_no_depth() -> None:
    payload = "[" + ",".join(["[{}]"] * 20_000) + "]"
    assert passed_on(f'{{"type":"offer","to":"bob","sdp":{payload}}}').endswith(payload.encode() + b"}")


@pytest.mark.parametrize("text", ["[" * 100, "{" * 100, '\\"' + "[" * 100, "\\\\\\\\" + "{[" * 50, "]" * 100])
def test_brackets_in_strings_are_no_depth(text: str) -> None:
    for frame in (f'"sdp":"{text}"', f'"sdp":{{"{text}":["{text}"]}}', f'"{text}":1'):
        assert passed_on(f'{{"type":"offer","to":"bob",{frame}}}').startswith(b'{"type":"offer","from":"ada"')


KEYS = ('"type"', '"ty\\u0070e"', '"\\u0074\\u0079\\u0070\\u0065"', '"type" ', '"type"\t\r\n')


@pytest.mark.parametrize(("first", "second"), pairs(KEYS, KEYS))
@pytest.mark.parametrize("kinds", [("offer", "offer"), ("offer", "matchmaking"), ("x", "offer")])
def test_a_repeated_type_is_a_bad_message(first: str, second: str, kinds: tuple[str, str]) -> None:
    frame = f'{{{first}:"{kinds[0]}","to":"bob","matchSize":1,{second}:"{kinds[1]}"}}'
    refused = refusal_of(frame, "bad-message")
    assert "type must be there once" in refused.message
    assert refused.to == "bob"


@pytest.mark.parametrize("kind", RELAYED)
def test_a_type_further_down_is_not_repeated(kind: str) -> None:
    payload = '{"type":"offer","sdp":"v=0","type":"answer","ty\\u0070e":[{"type":1}]}'
    sent = passed_on(f'{{"sdp":{payload},"type":"{kind}","x":{{"type":"x"}},"to":"bob"}}')
    assert sent == f'{{"type":"{kind}","from":"ada","sdp":{payload}}}'.encode()


@pytest.mark.parametrize(
    "value",
    ['"type"', '"\\"type\\":1"', '"{\\"type\\":1,\\"type\\":2}"', '"\\\\","x":"type"', '"}],\\"type\\":"'],
)
def test_a_type_in_a_string_is_not_repeated(value: str) -> None:
    assert decode(f'{{"a":{value},"type":"offer","b":{value},"to":"bob"}}') == decode(
        '{"type":"offer","to":"bob"}'
    )


@pytest.mark.parametrize("kind", TYPES)
def test_true_is_not_one(kind: str) -> None:
    code = "bad-match-size" if kind == "matchmaking" else "bad-message"
    assert "true" in refusal_of(f'{{"type":"{kind}","matchSize":true,"to":true}}', code).message


@pytest.mark.parametrize("digits", [20, 4300, 4301, 100_000])
def test_a_number_may_be_very_long(digits: int) -> None:
    refused = refusal_of(f'{{"type":"matchmaking","matchSize":{"1" * digits}}}', "bad-match-size")
    assert len(refused.message) < 200
    number = "1" * digits
    sent = passed_on(f'{{"type":"offer","to":"bob","matchSize":{number},"sdp":{number}}}')
    assert sent == f'{{"type":"offer","from":"ada","sdp":{number}}}'.encode()
