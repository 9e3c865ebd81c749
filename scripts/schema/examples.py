"""One example of each message, for the pages. Each is read by its own struct before it is shown.

Those of the server are written anew from what was read, so that they look as they do on the wire.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from scripts.schema.model import Shape, structs

FROM_CLIENT = {
    "matchmaking": '{"type":"matchmaking","id":1,"seen":1,"minSize":2,"maxSize":4,"pool":"casual",'
    '"patience":10}',
    "cancel": '{"type":"cancel","id":2,"seen":4}',
    "ready": '{"type":"ready","id":3,"proposal":"5b1f…"}',
    "decline": '{"type":"decline","id":3,"proposal":"5b1f…"}',
    "room-create": '{"type":"room-create","id":1,"maxSize":4}',
    "room-join": '{"type":"room-join","id":1,"code":"7ZK4-Q9TX"}',
    "room-leave": '{"type":"room-leave","id":9}',
    "offer": '{"type":"offer","id":4,"to":"bo","sdp":{"type":"offer","sdp":"v=0…"}}',
    "answer": '{"type":"answer","id":2,"to":"ana","sdp":{"type":"answer","sdp":"v=0…"}}',
    "ice-candidate": '{"type":"ice-candidate","id":5,"to":"bo","candidate":'
    '{"candidate":"candidate:1 1 udp …","sdpMid":"0"}}',
    "signal": '{"type":"signal","id":6,"to":"bo","data":{"muted":true}}',
    "broadcast": '{"type":"broadcast","id":7,"data":{"scene":3}}',
    "ping": '{"type":"ping","seen":51}',
    "renew": '{"type":"renew","id":8,"token":"eyJ…"}',
}
FROM_SERVER = {
    "welcome": '{"type":"welcome","protocol":1,"userId":"ana","resumed":false,"seq":0,"lastId":0,"state":{},'
    '"heartbeat":20,"iceServers":[{"urls":"stun:stun.example.org"}],"features":[],"limits":{"frameBytes":262144,'
    '"matchSize":16,"grace":30,"replayBytes":262144,"messageRate":100,"messageBurst":2000,"byteRate":32768,'
    '"byteBurst":786432}}',
    "session": '{"type":"session","seq":1,"session":"AXNf…"}',
    "ack": '{"type":"ack","seq":2,"id":1}',
    "queued": '{"type":"queued","seq":3,"pool":"casual","position":1,"waiting":1,"needed":1}',
    "match-proposed": '{"type":"match-proposed","seq":4,"proposal":"5b1f…","size":2,"within":15}',
    "match-ended": '{"type":"match-ended","seq":5,"reason":"timed-out"}',
    "room-found": '{"type":"room-found","seq":4,"roomId":"0d9c…","peers":["ana","bo"],"offerTo":["ana"]}',
    "room-closed": '{"type":"room-closed","seq":12,"roomId":"0d9c…","reason":"left"}',
    "peer-joined": '{"type":"peer-joined","seq":7,"peer":"cho"}',
    "peer-away": '{"type":"peer-away","seq":8,"peer":"bo","grace":30}',
    "peer-back": '{"type":"peer-back","seq":9,"peer":"bo","resumed":true}',
    "peer-left": '{"type":"peer-left","seq":10,"peer":"bo","reason":"lost"}',
    "offer": '{"type":"offer","seq":5,"from":"bo","sdp":{"type":"offer","sdp":"v=0…"}}',
    "answer": '{"type":"answer","seq":6,"from":"ana","sdp":{"type":"answer","sdp":"v=0…"}}',
    "ice-candidate": '{"type":"ice-candidate","seq":7,"from":"bo","candidate":'
    '{"candidate":"candidate:1 1 udp …","sdpMid":"0"}}',
    "signal": '{"type":"signal","seq":8,"from":"bo","data":{"muted":true}}',
    "broadcast": '{"type":"broadcast","seq":9,"from":"bo","data":{"scene":3}}',
    "pong": '{"type":"pong"}',
    "ice-servers": '{"type":"ice-servers","seq":20,"iceServers":[{"urls":"turn:turn.example.org",'
    '"username":"1790000000:9f2c…","credential":"…"}],"iceExpiresIn":600}',
    "going-away": '{"type":"going-away","seq":30,"reconnectIn":2}',
    "error": '{"type":"error","seq":11,"code":"peer-unavailable","message":"no peer of this user id can be '
    'reached from here","id":6,"to":"bo"}',
}
"""By the type of the message."""


def example_text(direction: str, message: Shape) -> str:
    """Give the example of a message as one line of JSON.

    Raises:
      KeyError: there is none.
      msgspec.ValidationError: it is none of that message.
    """
    assert message.tag is not None
    text = (FROM_CLIENT if direction == "FromClient" else FROM_SERVER)[message.tag]
    [struct] = [each for each in structs()[direction] if each.__name__ == message.name]
    read = msgspec.json.decode(text, type=struct)
    return text if direction == "FromClient" else msgspec.json.encode(read).decode()


def example_of(direction: str, message: Shape) -> dict[str, Any]:
    """Give the example of a message as JSON values; raises like `example_text`."""
    read: dict[str, Any] = json.loads(example_text(direction, message))
    return read
