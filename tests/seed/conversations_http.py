"""HTTP on the same port: what is not there, what is no upgrade, and upgrades in every spelling."""

from __future__ import annotations

from tests.seed.model import Step, Why, answered, conversation, http, upgraded

_KEY = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
_VERSION = "Sec-WebSocket-Version: 13"
_UPGRADE = "Upgrade: websocket"
_CONNECTION = "Connection: Upgrade"
_WEBSOCKET = (_UPGRADE, _CONNECTION, _VERSION, _KEY)
_GOOD = "GET /signal?userId=ana HTTP/1.1"


def _asks(request: str, *headers: str) -> Step:
    return http(request, "Host: localhost", *headers)


def _upgrades(*headers: str) -> Step:
    return _asks(_GOOD, *headers)


CONVERSATIONS = (
    conversation(
        "http/not-found",
        "What is not there, by any method.",
        _asks("GET /nothing HTTP/1.1"),
        _asks("GET /signals HTTP/1.1"),
        _asks("GET /nothing?userId=ana HTTP/1.1"),
        _asks("PUT /nothing HTTP/1.1", "Content-Length: 0"),
        _asks("DELETE /nothing HTTP/1.1"),
        _asks("HEAD /nothing HTTP/1.1"),
        _asks("OPTIONS /nothing HTTP/1.1"),
    ),
    conversation(
        "http/not-found-upgrade",
        "An upgrade of what is not there.",
        _asks("GET /nothing?userId=ana HTTP/1.1", *_WEBSOCKET),
        _asks("GET /signal/?userId=ana HTTP/1.1", *_WEBSOCKET),
    ),
    conversation(
        "http/no-upgrade",
        "The signaling path without an upgrade.",
        _asks("GET /signal HTTP/1.1"),
        _asks("GET /signal?userId=ana HTTP/1.1"),
        _asks("GET /signal? HTTP/1.1"),
        _asks("GET /signal HTTP/1.1", _CONNECTION, _VERSION, _KEY),
    ),
    conversation(
        "http/no-upgrade-methods",
        "The same by any method.",
        *(_asks(f"{method} /signal HTTP/1.1") for method in ("HEAD", "DELETE", "OPTIONS", "TRACE")),
        *(_asks(f"{method} /signal HTTP/1.1", "Content-Length: 0") for method in ("POST", "PUT", "PATCH")),
    ),
    conversation(
        "http/other-protocol",
        "An upgrade to something else.",
        _asks("GET /signal HTTP/1.1", "Upgrade: h2c", _CONNECTION, "HTTP2-Settings: AAMAAABkAAQAAP__"),
        _asks("GET /signal HTTP/1.1", "Upgrade: websockets", _CONNECTION),
        _asks("GET /signal HTTP/1.1", "Upgrade: ", _CONNECTION),
    ),
    conversation(
        "http/path-is-exact",
        "The path is compared character by character.",
        _asks("GET /signal/ HTTP/1.1"),
        _asks("GET /Signal HTTP/1.1"),
        _asks("GET //signal HTTP/1.1"),
        _asks("GET /signal/signal HTTP/1.1"),
        _asks("GET /signal;x HTTP/1.1"),
    ),
    conversation(
        "http/path-is-not-decoded",
        "An encoded character is another character.",
        _asks("GET /%73ignal HTTP/1.1"),
        _asks("GET /signa%6C HTTP/1.1"),
        _asks("GET /signal%2F HTTP/1.1"),
        _asks("GET /signal%3FuserId=ana HTTP/1.1"),
        _asks("GET /signal%00 HTTP/1.1"),
    ),
    conversation(
        "http/path-with-dots",
        "Dot segments, which browsers remove before they ask, are not removed here.",
        _asks("GET /x/../signal HTTP/1.1").ours(Why.EXACT_PATH, http=[answered(404, "Not Found")]),
        _asks("GET /./signal HTTP/1.1").ours(Why.EXACT_PATH, http=[answered(404, "Not Found")]),
        _asks("GET /x/%2e%2E/signal HTTP/1.1").ours(Why.EXACT_PATH, http=[answered(404, "Not Found")]),
    ),
    conversation(
        "http/absolute-form",
        "A target with scheme and authority, as to a proxy.",
        _asks("GET http://localhost/signal HTTP/1.1"),
        _asks("GET http://localhost/nothing HTTP/1.1"),
    ),
    conversation(
        "http/1.0",
        "An older HTTP.",
        http("GET /nothing HTTP/1.0"),
        http("GET /signal HTTP/1.0"),
    ),
    conversation(
        "http/asterisk",
        "A target that is no path.",
        _asks("OPTIONS * HTTP/1.1"),
    ),
    conversation("http/upgrade", "A good upgrade.", _upgrades(*_WEBSOCKET)),
    conversation(
        "http/upgrade-spelling",
        "Names of headers have no case, nor has `Connection`, which may say more.",
        _upgrades(
            "UPGRADE: websocket",
            "CONNECTION: upgrade",
            "sec-websocket-version: 13",
            _KEY.replace("Sec-WebSocket", "SEC-websocket"),
        ),
        _upgrades(_UPGRADE, "Connection: keep-alive, Upgrade", _VERSION, _KEY),
        _upgrades("Upgrade:websocket", "Connection:Upgrade", "Sec-WebSocket-Version:13", _KEY),
    ),
    conversation(
        "http/upgrade-case",
        "Nor has the value of `Upgrade`.",
        *(
            _upgrades(f"Upgrade: {value}", _CONNECTION, _VERSION, _KEY).ours(
                Why.UPGRADE_CASE, http=[upgraded()]
            )
            for value in ("WebSocket", "WEBSOCKET", "Websocket")
        ),
    ),
    conversation(
        "http/upgrade-offers",
        "No extension and no subprotocol is agreed to.",
        _upgrades(*_WEBSOCKET, "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"),
        _upgrades(*_WEBSOCKET, "Sec-WebSocket-Protocol: chat, superchat"),
        _upgrades(*_WEBSOCKET, "Origin: https://focus.example", "Cookie: a=b", "User-Agent: x"),
    ),
    conversation(
        "http/upgrade-key",
        "A key that is missing, short or no base64.",
        _upgrades(_UPGRADE, _CONNECTION, _VERSION).ours(Why.BAD_UPGRADE, http=[answered(400)]),
        _upgrades(_UPGRADE, _CONNECTION, _VERSION, "Sec-WebSocket-Key: c2hvcnQ=").ours(
            Why.BAD_UPGRADE, http=[answered(400)]
        ),
        _upgrades(_UPGRADE, _CONNECTION, _VERSION, "Sec-WebSocket-Key: ???").ours(
            Why.BAD_UPGRADE, http=[answered(400)]
        ),
    ),
    conversation(
        "http/upgrade-version",
        "A version that is missing or another.",
        _upgrades(_UPGRADE, _CONNECTION, _KEY).ours(Why.BAD_UPGRADE, http=[answered(426)]),
        _upgrades(_UPGRADE, _CONNECTION, _KEY, "Sec-WebSocket-Version: 8").ours(
            Why.BAD_UPGRADE, http=[answered(426)]
        ),
    ),
    conversation(
        "http/upgrade-connection",
        "No word of it in `Connection`.",
        _upgrades(_UPGRADE, _VERSION, _KEY).ours(Why.BAD_UPGRADE, http=[answered(400)]),
        _upgrades(_UPGRADE, "Connection: keep-alive", _VERSION, _KEY).ours(
            Why.BAD_UPGRADE, http=[answered(400)]
        ),
    ),
    conversation(
        "http/upgrade-method",
        "An upgrade by another method than GET.",
        _asks("POST /signal?userId=ana HTTP/1.1", *_WEBSOCKET).ours(Why.BAD_UPGRADE, http=[answered(400)]),
        _asks("PUT /signal?userId=ana HTTP/1.1", *_WEBSOCKET).ours(Why.BAD_UPGRADE, http=[answered(400)]),
    ),
    conversation(
        "http/upgrade-missing-user",
        "A missing user id is no fault of the upgrade.",
        _asks("GET /signal HTTP/1.1", *_WEBSOCKET),
    ),
    conversation(
        "http/upgrade-long-user",
        "A user id of more than 128 bytes of UTF-8 is refused before the upgrade.",
        *(
            _asks(f"GET /signal?userId={user} HTTP/1.1", *_WEBSOCKET).ours(Why.LIMITS, http=[answered(414)])
            for user in ("u" * 129, "%C3%A9" * 65)
        ),
    ),
)
