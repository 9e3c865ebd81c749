"""Input that is no message: the seed says nothing, this server says what was wrong, and both go on."""

from __future__ import annotations

from tests.seed.model import (
    Conversation,
    Step,
    Why,
    binary,
    closed,
    connect,
    conversation,
    error,
    match,
    relay,
    send,
    together,
)

_SOLO = match("ana", 1)
"""The end of each of these: the connection is kept and works."""


def _said(code: str, *frames: str) -> list[Step]:
    return [send("ana", frame).ours(Why.NOT_SILENT, ana=[error(code)]) for frame in frames]


def _wrong(name: str, about: str, code: str, *frames: str) -> Conversation:
    return conversation(f"input/{name}", about, connect("ana"), _said(code, *frames), _SOLO)


CONVERSATIONS = (
    _wrong(
        "not-json", "Text that is no JSON.", "bad-json", "", " ", "hello", "{", '{"type":"offer"', "undefined"
    ),
    _wrong(
        "almost-json",
        "What other parsers let pass.",
        "bad-json",
        "{'type':'matchmaking'}",
        '{"type":"matchmaking","matchSize":1,}',
        '{"type":"matchmaking","matchSize":1}}',
        '{"type":"matchmaking","matchSize":1}{}',
        '{"type":"matchmaking","matchSize":01}',
        '{"type":"matchmaking","matchSize":+1}',
        '{"type":"matchmaking","matchSize":1 /* one */}',
        '{type:"matchmaking","matchSize":1}',
    ),
    _wrong(
        "not-a-number",
        "Numbers that JSON does not have.",
        "bad-json",
        '{"x":NaN}',
        '{"x":Infinity}',
        '{"x":-Infinity}',
    ),
    _wrong(
        "byte-order-mark",
        "A byte order mark is no white space.",
        "bad-json",
        '\ufeff{"type":"matchmaking","matchSize":1}',
    ),
    _wrong(
        "control-characters",
        "Control characters stand in no text.",
        "bad-json",
        '{"x":"\x00"}',
        '{"x":"a\nb"}',
        "\x00",
    ),
    _wrong(
        "bad-escapes",
        "Escapes that JSON does not have.",
        "bad-json",
        '{"x":"\\x41"}',
        '{"x":"\\u12"}',
        '{"x":"\\',
    ),
    _wrong(
        "no-object",
        "JSON that is no object.",
        "bad-json",
        "null",
        "42",
        "true",
        '"matchmaking"',
        "[]",
        '[{"type":"offer"}]',
    ),
    _wrong(
        "unknown-type",
        "Types that nobody knows.",
        "unknown-type",
        '{"type":"hello"}',
        '{"type":""}',
        '{"type":"room-found"}',
    ),
    _wrong(
        "type-is-exact",
        "Types are compared character by character.",
        "unknown-type",
        '{"type":"Matchmaking","matchSize":1}',
        '{"type":"matchmaking ","matchSize":1}',
        '{"type":"matchmaking\\u0000","matchSize":1}',
    ),
    _wrong(
        "type-missing",
        "No type at all.",
        "bad-message",
        "{}",
        '{"matchSize":1}',
        '{"Type":"matchmaking","matchSize":1}',
    ),
    _wrong(
        "type-no-string",
        "Types that are no text.",
        "bad-message",
        '{"type":null}',
        '{"type":1}',
        '{"type":true}',
        '{"type":["matchmaking"],"matchSize":1}',
        '{"type":{"offer":1}}',
    ),
    _wrong(
        "error-from-a-client",
        "The one frame that only a server sends.",
        "unknown-type",
        '{"type":"error","code":"x","message":"y"}',
    ),
    conversation(
        "input/unknown-type-to-a-peer",
        "An unknown type with a target is not passed on; the error names the target.",
        together("ana", "ben"),
        send("ana", '{"type":"candidate","to":"ben","from":"ana"}').ours(
            Why.NOT_SILENT, ana=[error("unknown-type", "ben")]
        ),
    ),
    conversation(
        "input/proto",
        "Keys that are special in JavaScript are none.",
        connect("ana"),
        send(
            "ana", '{"__proto__":{"type":"matchmaking"},"constructor":1,"type":"matchmaking","matchSize":1}'
        ),
        send("ana", '{"__proto__":{"type":"matchmaking","matchSize":1}}').ours(
            Why.NOT_SILENT, ana=[error("bad-message")]
        ),
    ),
    conversation(
        "input/repeated-type",
        "A repeated type: the last counts for the seed.",
        together("ana", "ben"),
        send("ana", '{"type":"offer","type":"answer","to":"ben","from":"ana"}').ours(
            Why.REPEATED, ana=[error("bad-message", "ben")], ben=[]
        ),
        send("ana", '{"type":"answer","to":"ben","from":"ana","t\\u0079pe":"answer"}').ours(
            Why.REPEATED, ana=[error("bad-message", "ben")], ben=[]
        ),
    ),
    conversation(
        "input/repeated-type-solo",
        "The same in a request for a match.",
        connect("ana"),
        send("ana", '{"type":"x","type":"matchmaking","matchSize":1}').ours(
            Why.REPEATED, ana=[error("bad-message")]
        ),
    ),
    conversation(
        "input/deep",
        "Nesting deeper than any stack.",
        connect("ana"),
        send("ana", '{"type":"matchmaking","matchSize":' + "[" * 50_000 + "]" * 50_000 + "}").ours(
            Why.LIMITS, ana=[error("bad-message")]
        ),
        send("ana", "[" * 200_000).ours(Why.NOT_SILENT, ana=[error("bad-json")]),
        _SOLO,
    ),
    conversation(
        "input/long-target",
        "A target far longer than any user id.",
        together("ana", "ben"),
        relay("ana", "b" * 100_000).ours(Why.NOT_SILENT, ana=[error("bad-message")]),
        relay("ana", "ben", '"sdp":"v=0"'),
    ),
    conversation(
        "input/errors-keep-their-place",
        "The answers to a burst come in the order of the burst.",
        connect("ana"),
        send(
            "ana",
            "?",
            '{"type":"matchmaking","matchSize":1}',
            '{"type":"?"}',
            '{"type":"matchmaking","matchSize":1}',
        ).ours(
            Why.NOT_SILENT,
            ana=[
                error("bad-json"),
                'text {"type":"room-found","roomId":"room-1","peers":["ana"]}',
                error("unknown-type"),
                'text {"type":"room-found","roomId":"room-2","peers":["ana"]}',
            ],
        ),
    ),
    conversation(
        "input/binary",
        "A binary frame ends the connection, even one that holds a message.",
        connect("ana"),
        binary("ana", '{"type":"hello"}').ours(Why.BINARY, ana=[closed(1003)]),
    ),
    conversation(
        "input/binary-leaves-the-others",
        "It ends that connection only.",
        together("ana", "ben", "cleo"),
        binary("ana", "").ours(Why.BINARY, ana=[closed(1003)]),
        [relay("ben", "cleo", '"sdp":"v=0"'), relay("cleo", "ben", '"sdp":"v=0"', "answer")],
    ),
)
