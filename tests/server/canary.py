"""A secret that a client puts in every place it has, and the watch for where it comes out again.

The watch sees what an application that embeds the server can see of it: every record of every logger, made
into text by this package's formatter and by a plain one, with all that hangs on the record.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from attrs import define, field

from focus_signal.observe.logs import SafeFormatter
from tests.server.hostile import frames
from tests.server.hostile.peer import request

# Of its middle every escaping makes something else; its halves are plain, and so come through any of them.
LEFT, RIGHT = "qZx7Vk2Wp9Lm", "Jt4Rn8Yc3Hd6"
SECRET = f'{LEFT}"é\\%+ \x1b[31m\r\n\u202e{RIGHT}'
PLAIN = f"{LEFT}{RIGHT}"
# Shorter pieces are searched for than anybody would cut it to.
_PIECE = 6


def _pieces(half: str) -> list[str]:
    pieces = [half[at : at + _PIECE] for at in range(len(half) - _PIECE + 1)]
    encoded = half.encode()
    # Of base64 the ends depend on what stands beside it.
    of_base64 = [base64.b64encode(b"\0" * pad + encoded).decode()[4:-4] for pad in range(3)]
    return [*pieces, *of_base64, encoded[:_PIECE].hex(), str(list(encoded[:3]))[1:-1]]


PIECES = [piece.lower() for half in (LEFT, RIGHT) for piece in _pieces(half)]


def holds_secret(text: str) -> bool:
    """Tell whether any of the secret is in a text, however it is escaped or cut."""
    lowered = text.lower()
    return any(piece in lowered for piece in PIECES)


@define(eq=False)
class Watch(logging.Handler):
    """Look at everything that is logged."""

    leaks: list[str] = field(factory=list[str], init=False)
    records: list[logging.LogRecord] = field(factory=list[logging.LogRecord], init=False)

    def __attrs_pre_init__(self) -> None:
        super().__init__(logging.DEBUG)

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)
        # The plain one comes last: it keeps what it has made of an exception.
        ways = {
            "safe": SafeFormatter().format(record),
            # As a formatter for JSON does.
            "fields": repr({name: str(value) for name, value in vars(record).items()}),
            "plain": logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s").format(record),
        }
        self.leaks += [f"{name}: {text}" for name, text in ways.items() if holds_secret(text)]

    def look_at(self, where: str, text: str) -> None:
        """Look at something that is no record."""
        if holds_secret(text):
            self.leaks.append(f"{where}: {text}")

    def levels(self) -> list[str]:
        """List the levels of this package's own records."""
        return [record.levelname for record in self.records if record.name == "focus_signal"]


@contextmanager
def watching() -> Iterator[Watch]:
    """Watch all loggers at all levels."""
    watch, root = Watch(), logging.getLogger()
    level = root.level
    root.addHandler(watch)
    root.setLevel(logging.DEBUG)
    try:
        yield watch
    finally:
        root.setLevel(level)
        root.removeHandler(watch)


# Where a client can put it.


def _head(first: str = "GET /signal?userId=somebody HTTP/1.1", **fields: str | None) -> bytes:
    every: dict[str, str | None] = {
        "Host": "localhost",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
        **{name.replace("_", "-"): value for name, value in fields.items()},
    }
    lines = [first, *(f"{name}: {value}" for name, value in every.items() if value is not None)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


HEADS = {
    "another field of the query": _head(f"GET /signal?token={quote(SECRET)}&userId=somebody HTTP/1.1"),
    "behind the user": _head(f"GET /signal?userId=somebody&ticket={PLAIN} HTTP/1.1"),
    "user": _head(f"GET /signal?userId={PLAIN} HTTP/1.1"),
    "user with escapes": _head(f"GET /signal?userId={quote(SECRET)} HTTP/1.1"),
    "user too long": _head(f"GET /signal?userId={PLAIN * 20} HTTP/1.1"),
    "target too long": _head(f"GET /signal?userId={PLAIN * 200} HTTP/1.1"),
    "no user": _head(f"GET /signal?user={PLAIN} HTTP/1.1"),
    "path": _head(f"GET /{PLAIN} HTTP/1.1"),
    "page": _head(f"GET /healthz?{PLAIN} HTTP/1.1", Upgrade=None, Connection=None),
    "method": _head(f"{PLAIN} /signal HTTP/1.1"),
    "method of a page": _head("DELETE /healthz HTTP/1.1", X=PLAIN, Upgrade=None, Connection=None),
    "version": _head(f"GET /signal HTTP/{PLAIN}"),
    "first line": _head(f"{PLAIN}{SECRET}"),
    "name of a header": _head(**{PLAIN: "x"}),
    "bad name of a header": _head(**{f"{PLAIN} (": "x"}),
    "no key": _head(Sec_WebSocket_Key=PLAIN),
    "websocket version": _head(Sec_WebSocket_Version=PLAIN),
    "length": _head(Content_Length=PLAIN),
    "latin-1": _head(Host=PLAIN).replace(PLAIN.encode(), b"\xff" + PLAIN.encode() + b"\xfe"),
    "NUL": _head(Cookie=f"{LEFT}\0{RIGHT}"),
    "half a head": _head(Cookie=PLAIN)[:-30],
    **{
        name: _head(**{name: PLAIN})
        for name in (
            "Authorization",
            "Cookie",
            "Origin",
            "Sec-WebSocket-Protocol",
            "Sec-WebSocket-Extensions",
            "Host",
            "Upgrade",
            "Connection",
            "Forwarded",
            "X-Forwarded-For",
            "User-Agent",
        )
    },
}


def _text(**fields: object) -> bytes:
    return frames.text(json.dumps(fields))


# With the name of the one who is in the same room.
OTHER = f"{PLAIN}-2"

FRAMES = {
    "sdp": _text(type="offer", to=OTHER, sdp=SECRET),
    "sdp and nobody there": _text(type="offer", to=PLAIN, sdp=SECRET),
    "answer": _text(type="answer", to=OTHER, sdp={SECRET: [SECRET]}),
    "candidate": _text(type="ice-candidate", to=OTHER, candidate={"candidate": SECRET}),
    "many at once": b"".join(_text(type="ice-candidate", to=OTHER, candidate=SECRET) for _ in range(20)),
    "field that nobody knows": _text(type="matchmaking", matchSize=1, token=SECRET, **{SECRET: SECRET}),
    "type": _text(type=SECRET),
    "to": _text(type="offer", to=SECRET, sdp=1),
    "from": _text(type="offer", to=OTHER, sdp=1, **{"from": SECRET}),
    "size": _text(type="matchmaking", matchSize=SECRET),
    "size and type": _text(type=[SECRET], matchSize={SECRET: 1}),
    "no object": frames.text(json.dumps(SECRET)),
    "no JSON": frames.text(PLAIN),
    "half JSON": frames.text('{"type":"offer","to":"' + PLAIN),
    "nested": frames.text("[" * 200 + f'"{PLAIN}"' + "]" * 200),
    "a surrogate": frames.text('{"type":"\\ud800' + PLAIN + '"}'),
    "no UTF-8": frames.text(b"\xff" + PLAIN.encode() + b"\xfe"),
    "binary": frames.frame(frames.BINARY, SECRET.encode()),
    "ping": frames.frame(frames.PING, PLAIN.encode()),
    "pong": frames.frame(frames.PONG, PLAIN.encode()),
    "ping too long": frames.frame(frames.PING, PLAIN.encode() * 10),
    "reason": frames.close(1000, PLAIN.encode()),
    "reason and a code of its own": frames.close(4321, SECRET.encode()),
    "reason that is no UTF-8": frames.close(1000, b"\xff" + PLAIN.encode()),
    "code that nobody may send": frames.close(1005, PLAIN.encode()),
    "opcode": frames.frame(0x7, PLAIN.encode()),
    "reserved bit": frames.frame(frames.TEXT, PLAIN.encode(), rsv=4),
    "unmasked": frames.frame(frames.TEXT, PLAIN.encode(), masked=False),
    "fragments": frames.fragments(LEFT.encode(), b"", RIGHT.encode()),
    "fragment of nothing": frames.frame(frames.CONTINUATION, PLAIN.encode()),
    "too big": frames.text(PLAIN * 12_000),
    "half a frame": _text(type="offer", to=OTHER, sdp=SECRET)[:-20],
    "half a message": frames.frame(frames.TEXT, PLAIN.encode(), fin=False),
    "no frame": PLAIN.encode() * 20,
}
HANDSHAKE = request(f"/signal?userId={PLAIN}&token={PLAIN}")
HANDSHAKE_OF_OTHER = request(f"/signal?userId={OTHER}&token={PLAIN}")
JOIN = _text(type="matchmaking", matchSize=2)
