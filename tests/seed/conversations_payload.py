"""Payloads: `sdp` and `candidate` of every shape that JSON has.

The seed parses a payload and writes it anew. Where that gives back the same bytes both servers must agree;
where it does not, ours passes the bytes that came.
"""

from __future__ import annotations

from tests.seed.model import (
    Conversation,
    Step,
    Why,
    closed,
    conversation,
    error,
    relay,
    relay_text,
    relayed,
    send,
    together,
)

_SDP = "v=0\\r\\no=- 4611731400430051336 2 IN IP4 127.0.0.1\\r\\ns=-\\r\\nt=0 0\\r\\na=group:BUNDLE 0\\r\\n"


def _same(name: str, about: str, *payloads: str, kind: str = "offer") -> Conversation:
    """Relay each of these; both servers give it on as it is."""
    steps = [relay("ana", "ben", fields, kind) for fields in payloads]
    return conversation(f"payload/{name}", about, together("ana", "ben"), steps)


def _kept(name: str, about: str, *payloads: str) -> Conversation:
    """Relay each of these, which the seed writes in another way and ours as it came."""
    return conversation(
        f"payload/{name}", about, together("ana", "ben"), [_keeps(fields) for fields in payloads]
    )


def _keeps(fields: str) -> Step:
    return relay("ana", "ben", fields).ours(Why.BYTE_FOR_BYTE, ben=[relayed("ana", fields)])


def _nested(depth: int) -> str:
    return f'"sdp":{"[" * depth}{"]" * depth}'


def _filling(size: int) -> str:
    """Return an `sdp` that makes ana's frame to ben `size` bytes long."""
    return '"sdp":"' + "x" * (size - len(relay_text("ana", "ben", '"sdp":""'))) + '"'


SAME = (
    _same("string", "A session description as a text.", f'"sdp":"{_SDP}"', '"sdp":""', '"sdp":" "'),
    _same(
        "object",
        "A session description as a browser serialises it.",
        f'"sdp":{{"type":"offer","sdp":"{_SDP}"}}',
        '"sdp":{}',
    ),
    _same("array", "An array.", '"sdp":[]', '"sdp":[1,"two",[3],{"four":4},null,true]'),
    _same("number", "A number.", '"sdp":0', '"sdp":-1', '"sdp":1.5', '"sdp":9007199254740991', '"sdp":1e+21'),
    _same("literals", "A literal.", '"sdp":true', '"sdp":false'),
    _same("null", "Null stays null.", '"sdp":null', '"candidate":null', '"sdp":null,"candidate":null'),
    _same("absent", "What was absent stays absent.", ""),
    _same("both", "Both at once.", '"sdp":"v=0","candidate":{"candidate":""}', '"sdp":null,"candidate":"c"'),
    _same(
        "candidate",
        "A candidate as a browser serialises it, as a text, and the one that says that there are no more.",
        '"candidate":{"candidate":"candidate:842163049 1 udp 1677729535 192.0.2.7 46154 typ srflx '
        'raddr 0.0.0.0 rport 0 generation 0 ufrag EsAw network-cost 999","sdpMid":"0",'
        '"sdpMLineIndex":0,"usernameFragment":"EsAw"}',
        '"candidate":"candidate:1 1 UDP 1 192.0.2.1 9 typ host"',
        '"candidate":{"candidate":"","sdpMid":null,"sdpMLineIndex":null,"usernameFragment":null}',
        '"candidate":[]',
        '"candidate":7',
        kind="ice-candidate",
    ),
    _same(
        "answer",
        "An answer carries the same.",
        '"sdp":{"type":"answer","sdp":"v=0"}',
        '"candidate":[1]',
        kind="answer",
    ),
    _same(
        "unicode",
        "Text beyond ASCII.",
        '"sdp":"žluťoučký kůň 李 🦊 \u2028\u2029 \ufeff"',
        '"sdp":{"clé":"valeur"}',
    ),
    _same("escapes", "Escapes where JSON demands them.", '"sdp":"\\"\\\\\\b\\f\\n\\r\\t\\u0000\\u001f\x7f"'),
    _same(
        "key-order",
        "Keys keep their order, whatever they are called.",
        '"sdp":{"z":1,"a":2,"from":3,"type":4,"to":5}',
    ),
    _same(
        "inner-type",
        "A `type` within a payload is the payload's own.",
        '"sdp":{"type":"matchmaking","matchSize":1}',
    ),
    _same(
        "nested-32", "Thirty-two levels of nesting.", _nested(32), f'{_nested(32)},"candidate":{{"a":[{{}}]}}'
    ),
    _same("large", "A frame of exactly 256 KiB.", _filling(262_144)),
    conversation(
        "payload/candidate-first",
        "The frame's own key order is the server's, whatever the sender's was.",
        together("ana", "ben"),
        send("ana", '{"candidate":"c","sdp":"s","from":"ana","to":"ben","type":"offer"}'),
        send(
            "ana",
            '{"label":"x","candidate":1,"data":{"type":"offer"},"type":"answer","to":"ben","sdp":0,"from":"ana"}',
        ),
    ),
    conversation(
        "payload/extra-fields",
        "Other fields are not passed on.",
        together("ana", "ben"),
        relay("ana", "ben", '"sdp":"v=0","roomId":"r","sdpMid":"0","Sdp":1,"data":[1,2]'),
    ),
    conversation(
        "payload/white-space",
        "White space around the fields is not passed on.",
        together("ana", "ben"),
        send(
            "ana",
            '\n{ "type" : "offer" , "to" : "ben" ,\r\n"from" :\t"ana" , "sdp" : "v=0" , "candidate" : 1 } ',
        ),
    ),
)

KEPT = (
    _kept(
        "number-forms",
        "Numbers as they were written.",
        '"sdp":1.0',
        '"sdp":1E5',
        '"sdp":-0',
        '"sdp":0.10',
        '"sdp":1e21',
    ),
    _kept(
        "too-large-numbers",
        "Numbers that no machine holds.",
        '"sdp":1e999',
        '"sdp":-1e999',
        '"sdp":[1e400]',
        '"sdp":1e-999',
    ),
    _kept(
        "long-numbers",
        "Numbers longer than a machine holds them.",
        '"sdp":9007199254740993',
        f'"sdp":{"7" * 5000}',
    ),
    _kept(
        "needless-escapes",
        "Escapes that JSON does not demand.",
        '"sdp":"\\u0041\\/\\u00e9"',
        '"sdp":"\\ud83e\\udd8a"',
    ),
    _kept("escape-case", "Escapes in capitals.", '"sdp":"\\u001F"', '"sdp":"\\u000a"'),
    _kept("number-keys", "Keys that look like numbers keep their order.", '"sdp":{"b":1,"10":2,"9":3}'),
    _kept("repeated-keys", "A payload's repeated keys.", '"sdp":{"a":1,"b":2,"a":3}'),
    _kept("inner-white-space", "White space within a payload.", '"sdp":{ "a" : [ 1 ,\n2 ] }', '"sdp":[ ]'),
    conversation(
        "payload/escaped-keys",
        "A key of the frame may be written with escapes; its value passes as it came.",
        together("ana", "ben"),
        send("ana", '{"type":"offer","to":"ben","from":"ana","\\u0073dp":"v=0","c\\u0061ndidate":1}'),
    ),
)

BOUNDS = (
    conversation(
        "payload/nested-33",
        "One level more than thirty-two.",
        together("ana", "ben"),
        relay("ana", "ben", _nested(33)).ours(Why.LIMITS, ana=[error("bad-message", "ben")], ben=[]),
        relay("ana", "ben", '"sdp":' + '{"a":' * 33 + "1" + "}" * 33).ours(
            Why.LIMITS, ana=[error("bad-message", "ben")], ben=[]
        ),
        relay("ana", "ben", '"sdp":"v=0"'),
    ),
    conversation(
        "payload/nested-elsewhere",
        "Levels count in a field that is not passed on, too.",
        together("ana", "ben"),
        relay("ana", "ben", '"x":' + "[" * 33 + "]" * 33).ours(
            Why.LIMITS, ana=[error("bad-message", "ben")], ben=[]
        ),
    ),
    conversation(
        "payload/brackets-in-text",
        "Brackets within a text nest nothing.",
        together("ana", "ben"),
        relay("ana", "ben", f'"sdp":"{"[" * 100}{{\\"{"]" * 40}"'),
    ),
    conversation(
        "payload/too-large",
        "A frame of one byte more than 256 KiB ends the connection that sends it.",
        together("ana", "ben"),
        relay("ana", "ben", _filling(262_145)).ours(Why.LIMITS, ana=[closed(1009)], ben=[]),
    ),
    conversation(
        "payload/lone-surrogate",
        "A lone surrogate is no Unicode text.",
        together("ana", "ben"),
        relay("ana", "ben", '"sdp":"\\ud800"').ours(Why.SURROGATE, ana=[error("bad-json")], ben=[]),
        relay("ana", "ben", '"sdp":{"\\udc00":1}').ours(Why.SURROGATE, ana=[error("bad-json")], ben=[]),
        relay("ana", "ben", '"sdp":"\\ud83e\\ud83e"').ours(Why.SURROGATE, ana=[error("bad-json")], ben=[]),
    ),
)

CONVERSATIONS = (*SAME, *KEPT, *BOUNDS)
