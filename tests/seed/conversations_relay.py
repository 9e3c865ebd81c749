"""Relaying: who reaches whom, in which order, and in whose name."""

from __future__ import annotations

from tests.seed.model import (
    Step,
    Why,
    close,
    connect,
    conversation,
    drop,
    error,
    match,
    relay,
    relay_text,
    relayed,
    send,
    together,
)

_ICE = (
    '"candidate":{"candidate":"candidate:1 1 udp 2122260223 10.0.0.1 50000 typ host",'
    '"sdpMid":"0","sdpMLineIndex":0}'
)


def _sends(fields: str, client: str = "ana") -> Step:
    """Send an offer whose fields after the type are given in full."""
    return send(client, f'{{"type":"offer",{fields}}}')


REACH = (
    conversation(
        "relay/whole-handshake",
        "Offer, answer and candidates of a call, as the seed's client sends them.",
        together("ana", "ben"),
        relay("ana", "ben", '"sdp":{"type":"offer","sdp":"v=0\\r\\no=- 1 2 IN IP4 127.0.0.1\\r\\n"}'),
        relay("ana", "ben", _ICE, "ice-candidate"),
        relay("ben", "ana", '"sdp":{"type":"answer","sdp":"v=0\\r\\n"}', "answer"),
        relay("ben", "ana", _ICE, "ice-candidate"),
        relay("ana", "ben", '"candidate":null', "ice-candidate"),
    ),
    conversation(
        "relay/three",
        "In a room of three each reaches each, and nobody else hears it.",
        together("ana", "ben", "cleo"),
        [relay("ana", "ben", '"sdp":1'), relay("ana", "cleo", '"sdp":2'), relay("ben", "cleo", '"sdp":3')],
        [relay("cleo", "ana", '"sdp":4', "answer"), relay("cleo", "ben", '"sdp":5', "answer")],
    ),
    conversation(
        "relay/order",
        "A burst arrives in its order.",
        together("ana", "ben"),
        send(
            "ana",
            *(relay_text("ana", "ben", f'"candidate":{number}', "ice-candidate") for number in range(40)),
        ),
    ),
    conversation(
        "relay/order-of-pairs",
        "A burst to two arrives in its order at each.",
        together("ana", "ben", "cleo"),
        send(
            "ana",
            *(relay_text("ana", ("ben", "cleo")[number % 2], f'"sdp":{number}') for number in range(20)),
        ),
    ),
    conversation(
        "relay/to-oneself",
        "A relay to oneself within a room comes back.",
        [*together("ana", "ben"), relay("ana", "ana", '"sdp":"echo"')],
    ),
    conversation(
        "relay/unicode-users",
        "The sender's id stands in the frame as it is.",
        [
            connect("ana", "userId=%C3%81na"),
            connect("ben", "userId=b%22e%5Cn"),
            match("ana", 2),
            match("ben", 2),
        ],
        send("ana", '{"type":"offer","to":"b\\"e\\\\n","from":"Ána","sdp":"v=0"}'),
        send("ben", '{"type":"answer","to":"\\u00c1na","from":"b\\u0022e\\u005cn","sdp":"v=0"}'),
    ),
    conversation(
        "relay/stranger",
        "Somebody in no room reaches nobody.",
        [*together("ana", "ben"), connect("eve")],
        relay("eve", "ana", '"sdp":"v=0"').ours(
            Why.ROOM_ONLY, eve=[error("peer-unavailable", "ana")], ana=[]
        ),
        relay("ana", "eve", '"sdp":"v=0"').ours(
            Why.ROOM_ONLY, ana=[error("peer-unavailable", "eve")], eve=[]
        ),
    ),
    conversation(
        "relay/other-room",
        "Nor does somebody in another room.",
        [*together("ana", "ben"), *together("cleo", "dan")],
        relay("cleo", "ana", '"sdp":"v=0"').ours(
            Why.ROOM_ONLY, cleo=[error("peer-unavailable", "ana")], ana=[]
        ),
        relay("cleo", "dan", '"sdp":"v=0"'),
    ),
    conversation(
        "relay/before-a-room",
        "Two who wait do not reach each other, nor themselves, before they have met.",
        [connect("ana"), connect("ben"), match("ana", 2)],
        relay("ana", "ben", '"sdp":1').ours(Why.ROOM_ONLY, ana=[error("peer-unavailable", "ben")], ben=[]),
        relay("ana", "ana", '"sdp":2').ours(Why.ROOM_ONLY, ana=[error("peer-unavailable", "ana")]),
        [match("ben", 2), relay("ana", "ben", '"sdp":3')],
    ),
    conversation(
        "relay/unknown-user",
        "A relay to somebody who never came.",
        together("ana", "ben"),
        relay("ana", "zoe", '"sdp":"v=0"').ours(Why.GONE, ana=[error("peer-unavailable", "zoe")]),
        relay("ana", "ben", '"sdp":"v=0"'),
    ),
    conversation(
        "relay/user-ids-are-exact",
        "User ids are compared character by character.",
        together("ana", "ben"),
        relay("ana", "Ben").ours(Why.GONE, ana=[error("peer-unavailable", "Ben")]),
        relay("ana", "ben ").ours(Why.GONE, ana=[error("peer-unavailable", "ben ")]),
    ),
    conversation(
        "relay/peer-closed",
        "A relay to a peer that has closed.",
        [*together("ana", "ben"), close("ben")],
        relay("ana", "ben", '"sdp":"v=0"').ours(Why.GONE, ana=[error("peer-unavailable", "ben")]),
    ),
    conversation(
        "relay/peer-dropped",
        "A relay to a peer that is gone without a word; the others still hear each other.",
        [*together("ana", "ben", "cleo"), drop("ben")],
        relay("ana", "ben", '"sdp":"v=0"').ours(Why.GONE, ana=[error("peer-unavailable", "ben")]),
        [relay("ana", "cleo", '"sdp":"v=0"'), relay("cleo", "ana", '"sdp":"v=0"', "answer")],
    ),
)

SENDER = (
    conversation(
        "sender/spoofed",
        "A `from` that is somebody else's is refused.",
        together("ana", "ben", "cleo"),
        _sends('"to":"ben","from":"cleo","sdp":"v=0"').ours(
            Why.STAMPED, ana=[error("wrong-sender", "ben")], ben=[]
        ),
        relay("ana", "ben", '"sdp":"v=0"'),
    ),
    conversation(
        "sender/invented",
        "So is one that is nobody's.",
        together("ana", "ben"),
        _sends('"to":"ben","from":"Ana"').ours(Why.STAMPED, ana=[error("wrong-sender", "ben")], ben=[]),
        _sends('"to":"ben","from":"ana "').ours(Why.STAMPED, ana=[error("wrong-sender", "ben")], ben=[]),
    ),
    conversation(
        "sender/missing",
        "Without a `from` the server knows the sender all the same.",
        together("ana", "ben"),
        _sends('"to":"ben","sdp":"v=0"').ours(Why.STAMPED, ben=[relayed("ana", '"sdp":"v=0"')]),
    ),
    conversation(
        "sender/null",
        "A null is as good as none.",
        together("ana", "ben"),
        _sends('"to":"ben","from":null,"sdp":"v=0"').ours(Why.STAMPED, ben=[relayed("ana", '"sdp":"v=0"')]),
    ),
    conversation(
        "sender/no-string",
        "What is no text is not the sender's id.",
        together("ana", "ben"),
        _sends('"to":"ben","from":5').ours(Why.STAMPED, ana=[error("wrong-sender", "ben")], ben=[]),
        _sends('"to":"ben","from":true').ours(Why.STAMPED, ana=[error("wrong-sender", "ben")], ben=[]),
        _sends('"to":"ben","from":["ana"]').ours(Why.STAMPED, ana=[error("wrong-sender", "ben")], ben=[]),
        _sends('"to":"ben","from":{}').ours(Why.STAMPED, ana=[error("wrong-sender", "ben")], ben=[]),
    ),
    conversation(
        "sender/falsy",
        "What the seed takes for a missing `from`, and drops, is present and different.",
        together("ana", "ben"),
        _sends('"to":"ben","from":""').ours(Why.STAMPED, ana=[error("wrong-sender", "ben")]),
        _sends('"to":"ben","from":0').ours(Why.STAMPED, ana=[error("wrong-sender", "ben")]),
        _sends('"to":"ben","from":false').ours(Why.STAMPED, ana=[error("wrong-sender", "ben")]),
    ),
    conversation(
        "sender/escaped",
        "The sender's own id counts however it is written.",
        [*together("ana", "ben"), _sends('"to":"b\\u0065n","from":"\\u0061na","sdp":"v=0"')],
    ),
    conversation(
        "sender/repeated",
        "Of a repeated `from`, `to` or payload the last counts.",
        together("ana", "ben"),
        _sends('"to":"zoe","from":"zoe","sdp":1,"candidate":2,"to":"ben","from":"ana","sdp":3,"candidate":4'),
    ),
)

TARGET = (
    conversation(
        "target/missing",
        "A relay needs somebody to go to.",
        together("ana", "ben"),
        _sends('"from":"ana","sdp":"v=0"').ours(Why.NOT_SILENT, ana=[error("bad-message")]),
        _sends('"to":null,"from":"ana"').ours(Why.NOT_SILENT, ana=[error("bad-message")]),
        _sends('"to":"","from":"ana"').ours(Why.NOT_SILENT, ana=[error("bad-message")]),
        relay("ana", "ben", '"sdp":"v=0"'),
    ),
    conversation(
        "target/no-string",
        "What is no text is nobody's id.",
        together("ana", "ben"),
        _sends('"to":5,"from":"ana"').ours(Why.NOT_SILENT, ana=[error("bad-message")]),
        _sends('"to":true,"from":"ana"').ours(Why.NOT_SILENT, ana=[error("bad-message")]),
        _sends('"to":["ben"],"from":"ana"').ours(Why.NOT_SILENT, ana=[error("bad-message")]),
        _sends('"to":{"id":"ben"},"from":"ana"').ours(Why.NOT_SILENT, ana=[error("bad-message")]),
        relay("ana", "ben", '"sdp":"v=0"'),
    ),
)

CONVERSATIONS = (*REACH, *SENDER, *TARGET)
