"""The protocol as an AsyncAPI 3.0 document: one channel, every message, and how connections are closed.

What an operation does is told from the server's side, as AsyncAPI has it: it receives what clients send.
"""

from __future__ import annotations

from typing import Any

from focus_signal.wire.close_codes import CLOSE_CODES
from scripts.schema.examples import example_of
from scripts.schema.model import Direction, directions
from scripts.schema.yaml_text import yaml_text

PREFIX = "#/components/schemas/"
_CHANNEL = "#/channels/signal"


def document() -> dict[str, Any]:
    """Give the whole document."""
    both = directions(PREFIX)
    from_client, from_server = both
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "focus-signal.v1",
            "version": "1.0.0",
            "description": "WebRTC signaling and matchmaking over a WebSocket, in text frames of JSON. How "
            "the messages belong together is told in docs/protocol.md.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "local": {
                "host": "localhost:8000",
                "protocol": "ws",
                "description": "where `focus-signal serve` listens by default",
            },
        },
        "channels": {
            "signal": {
                "address": "/signal",
                "title": "Signaling",
                "description": "A WebSocket with the subprotocol focus-signal.v1. To resume a session a "
                "client offers a second one, resume.SESSION.SEEN.",
                "servers": [{"$ref": "#/servers/local"}],
                "messages": {
                    f"{each.name}.{message.name}": {
                        "$ref": f"#/components/messages/{each.name}.{message.name}"
                    }
                    for each in both
                    for message in each.messages
                },
                "bindings": {
                    "ws": {
                        "method": "GET",
                        "query": {
                            "type": "object",
                            "properties": {
                                "userId": {
                                    "type": "string",
                                    "minLength": 1,
                                    "description": "1 to 128 bytes of UTF-8, no controls",
                                },
                            },
                        },
                        "headers": {
                            "type": "object",
                            "properties": {
                                "Sec-WebSocket-Protocol": {
                                    "type": "string",
                                    "description": "focus-signal.v1[, resume.SESSION.SEEN]",
                                },
                            },
                            "required": ["Sec-WebSocket-Protocol"],
                        },
                        "bindingVersion": "0.1.0",
                    },
                },
                "x-close-codes": {
                    str(row.code): {"reason": row.reason, "meaning": row.meaning}
                    for row in CLOSE_CODES.values()
                },
            },
        },
        "operations": {
            "fromClient": _operation("receive", "What a client sends.", from_client),
            "fromServer": _operation("send", "What a client gets.", from_server),
        },
        "components": {
            "messages": {
                f"{each.name}.{message.name}": {
                    "name": message.tag,
                    "summary": message.text,
                    "payload": {"$ref": f"{PREFIX}{each.name}.{message.name}"},
                    "examples": [{"payload": example_of(each.name, message)}],
                }
                for each in both
                for message in each.messages
            },
            "schemas": {f"{each.name}.{shape.name}": shape.schema for each in both for shape in each.shapes},
        },
    }


def text() -> str:
    """Give the file."""
    return yaml_text(document())


def _operation(action: str, summary: str, direction: Direction) -> dict[str, Any]:
    return {
        "action": action,
        "summary": summary,
        "channel": {"$ref": _CHANNEL},
        "messages": [
            {"$ref": f"{_CHANNEL}/messages/{direction.name}.{message.name}"} for message in direction.messages
        ],
    }
