"""Everything before the upgrade that is not a rightful handshake, as bytes, and what it gets."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from tests.server.hostile.answers import Wanted
from tests.server.hostile.peer import KEY

NOT_FOUND = Wanted(404, "Not Found")
NO_UPGRADE = Wanted(400, "Expected WebSocket connection")
BAD_KEY = Wanted(400, "Sec-WebSocket-Key must be there once, as 16 bytes in base64.")
NO_HTTP = Wanted(400, "This is no HTTP request")

_FIELDS = {
    "Host": "127.0.0.1",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
}


@frozen
class BadHandshake:
    """Be one row: what is sent, and what is wanted for it."""

    name: str
    sent: bytes
    wanted: Wanted


def head(
    line: str = "GET /signal?userId=u HTTP/1.1",
    *,
    without: Iterable[str] = (),
    add: bytes = b"",
    body: bytes = b"",
    **changed: str,
) -> bytes:
    """Write the head of a rightful handshake, but for what is changed.

    Args:
      line: the request line.
      without: names of header fields that are left out.
      add: header lines as bytes, each with its end, behind the others.
      body: what follows the head.
      changed: header fields with other values; the name is spelled with _ for -, in lower case.
    """
    fields = {
        name: changed.pop(name.lower().replace("-", "_"), value)
        for name, value in _FIELDS.items()
        if name not in without
    }
    assert not changed, f"there is no such field: {changed}"
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return line.encode("latin-1") + b"\r\n" + lines.encode("latin-1") + add + b"\r\n" + body


def plain(line: str, add: bytes = b"", body: bytes = b"") -> bytes:
    """Write a request that asks for no upgrade."""
    return line.encode("latin-1") + b"\r\nHost: 127.0.0.1\r\n" + add + b"\r\n" + body


def _row(name: str, sent: bytes, status: int, says: str, **headers: str) -> BadHandshake:
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return BadHandshake(name, sent, Wanted(status, says, named))


def _version(number: str) -> str:
    return f"HTTP/1.1 is spoken here, not HTTP/{number}."


_TLS_HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(range(190))
_PROXY_2 = b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\x7f\x00\x00\x01\x7f\x00\x00\x01\x30\x39\x1f\x90"
_VERSION_HEADER = {"Sec_WebSocket_Version": "13"}

NO_REQUEST = (
    BadHandshake("garbage in one line", b"\x00\x01\x02\x03\xff\xfe\r\n\r\n", NO_HTTP),
    BadHandshake("words that are no request", b"hello, is anybody there?\r\n\r\n", NO_HTTP),
    BadHandshake("a TLS hello", _TLS_HELLO, NO_HTTP),
    BadHandshake("an SSH banner", b"SSH-2.0-OpenSSH_9.6\r\n", NO_HTTP),
    BadHandshake("a PROXY line", b"PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n" + head(), NO_HTTP),
    BadHandshake("a PROXY header of version 2", _PROXY_2 + head(), NO_HTTP),
    BadHandshake("a WebSocket frame instead of a request", bytes.fromhex("818537fa213d7f9f4d5158"), NO_HTTP),
    BadHandshake("a response instead of a request", b"HTTP/1.1 200 OK\r\n\r\n", NO_HTTP),
    BadHandshake("a method that nobody knows", head("BREW /signal?userId=u HTTP/1.1"), NO_HTTP),
    BadHandshake("a method in lower case", head("get /signal?userId=u HTTP/1.1"), NO_HTTP),
    BadHandshake("a protocol in lower case", head("GET /signal?userId=u http/1.1"), NO_HTTP),
    BadHandshake("another protocol", head("GET /signal?userId=u HTCPCP/1.1"), NO_HTTP),
    BadHandshake("a version in words", head("GET /signal?userId=u HTTP/one"), NO_HTTP),
    BadHandshake("a space in the target", head("GET /signal?userId=a b HTTP/1.1"), NO_HTTP),
    BadHandshake("NUL in the target", head("GET /signal?userId=\0 HTTP/1.1"), NO_HTTP),
    BadHandshake("a target that is no path", head("GET signal HTTP/1.1"), NO_HTTP),
    BadHandshake("bare LF for the ends of lines", b"GET /signal HTTP/1.1\nHost: a\n\n", NO_HTTP),
    BadHandshake("tabs in the request line", head("GET\t/signal?userId=u\tHTTP/1.1"), NO_HTTP),
    BadHandshake("a space behind the version", head("GET /signal?userId=u HTTP/1.1 "), NO_HTTP),
    BadHandshake("two versions in the request line", head("GET / HTTP/1.1 HTTP/1.1"), NO_HTTP),
    BadHandshake("a target that is no ASCII", head("GET /signal?userId=\xe9 HTTP/1.1"), NO_HTTP),
    BadHandshake("an RTSP request", b"OPTIONS /signal RTSP/1.0\r\n\r\n", NO_HTTP),
    BadHandshake("a method of 3,000 letters", b"A" * 3000, NO_HTTP),
    _row("no version at all", b"GET /signal\r\n\r\n", 400, "HTTP"),
)

VERSIONS = (
    _row("the HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9), 505, _version("2.0")),
    _row("HTTP/1.9", head("GET /signal?userId=u HTTP/1.9"), 505, _version("1.9")),
    _row("HTTP/2.0 on a request", head("GET /signal?userId=u HTTP/2.0"), 505, _version("2.0")),
    _row("HTTP/3.0", head("GET /signal?userId=u HTTP/3.0"), 505, _version("3.0")),
    _row("HTTP/2", head("GET /signal?userId=u HTTP/2"), 505, _version("2")),
    _row("HTTP/0.9", head("GET /signal?userId=u HTTP/0.9"), 505, _version("0.9")),
    _row("HTTP/1.10", head("GET /signal?userId=u HTTP/1.10"), 505, _version("1.10")),
    _row("HTTP/1.9 on a page", plain("GET /healthz HTTP/1.9"), 505, _version("1.9")),
    _row("HTTP/1.0 with an upgrade", head("GET /signal?userId=u HTTP/1.0"), 400, "needs HTTP/1.1"),
    _row("HTTP/1.0 with an upgrade, elsewhere", head("GET /elsewhere HTTP/1.0"), 400, "needs HTTP/1.1"),
)

FIELDS = (
    BadHandshake("NUL in a header", head(add=b"X-Note: a\0b\r\n"), NO_HTTP),
    BadHandshake("a bare CR in a header", head(add=b"X-Note: a\rb\r\n"), NO_HTTP),
    BadHandshake("a bare LF behind a header", head(add=b"X-Note: a\nX-Other: b\r\n"), NO_HTTP),
    BadHandshake("a control character in a header", head(add=b"X-Note: a\x01b\r\n"), NO_HTTP),
    BadHandshake("obs-fold", head(add=b"X-Note: a\r\n b\r\n"), NO_HTTP),
    BadHandshake("a header line without a colon", head(add=b"X-Note\r\n"), NO_HTTP),
    BadHandshake("a space before a colon", head(add=b"X-Note : a\r\n"), NO_HTTP),
    BadHandshake("a header without a name", head(add=b": a\r\n"), NO_HTTP),
    BadHandshake("a header's name that is no ASCII", head(add=b"X-N\xf6te: a\r\n"), NO_HTTP),
    BadHandshake(
        "Content-Length and Transfer-Encoding",
        plain("POST /signal HTTP/1.1", b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
        NO_HTTP,
    ),
    BadHandshake("two Content-Lengths", head(add=b"Content-Length: 1\r\nContent-Length: 2\r\n"), NO_HTTP),
    BadHandshake(
        "a Content-Length beyond all sizes", head(add=b"Content-Length: %b\r\n" % (b"9" * 30)), NO_HTTP
    ),
    BadHandshake(
        "a Transfer-Encoding that is not known",
        plain("POST /signal HTTP/1.1", b"Transfer-Encoding: x\r\n"),
        NO_HTTP,
    ),
    BadHandshake("a Content-Length in words", head(add=b"Content-Length: three\r\n"), NO_HTTP),
    BadHandshake("a negative Content-Length", head(add=b"Content-Length: -1\r\n"), NO_HTTP),
    _row("no Host", head(without=["Host"]), 400, "Host must be there once, not 0 times."),
    _row("two Hosts", head(add=b"Host: elsewhere\r\n"), 400, "Host must be there once, not 2 times."),
    _row("two Hosts on a page", plain("GET /healthz HTTP/1.1", b"host: elsewhere\r\n"), 400, "not 2 times."),
)

PATHS = (
    BadHandshake("a path that is not ours", plain("GET /nowhere HTTP/1.1"), NOT_FOUND),
    BadHandshake("an upgrade on a path that is not ours", head("GET /signals?userId=u HTTP/1.1"), NOT_FOUND),
    BadHandshake(
        "a bad upgrade on a path that is not ours", head("PUT /nowhere HTTP/1.1", upgrade="x"), NOT_FOUND
    ),
    BadHandshake("/signal/", head("GET /signal/?userId=u HTTP/1.1"), NOT_FOUND),
    BadHandshake("/SIGNAL", head("GET /SIGNAL?userId=u HTTP/1.1"), NOT_FOUND),
    BadHandshake("/%73ignal", head("GET /%73ignal?userId=u HTTP/1.1"), NOT_FOUND),
    BadHandshake("//signal", head("GET //signal?userId=u HTTP/1.1"), NOT_FOUND),
    BadHandshake("/signal;userId=u", head("GET /signal;userId=u HTTP/1.1"), NOT_FOUND),
    BadHandshake("a fragment for a query", head("GET /signal#?userId=u HTTP/1.1"), NOT_FOUND),
    BadHandshake("an upgrade on the demo page", head("GET /?userId=u HTTP/1.1"), NOT_FOUND),
    BadHandshake("a host and no path", head("GET http://127.0.0.1?userId=u HTTP/1.1"), NOT_FOUND),
    BadHandshake("CONNECT to elsewhere", plain("CONNECT 127.0.0.1:80 HTTP/1.1"), NOT_FOUND),
    BadHandshake("an asterisk for a path", plain("OPTIONS * HTTP/1.1"), NOT_FOUND),
    BadHandshake(
        "HEAD of what is not there", plain("HEAD /nowhere HTTP/1.1"), Wanted(404, "", head_only=True)
    ),
    *(
        BadHandshake(f"{method} /signal without an upgrade", plain(f"{method} /signal HTTP/1.1"), NO_UPGRADE)
        for method in (
            "GET",
            "POST",
            "PUT",
            "DELETE",
            "OPTIONS",
            "TRACE",
            "PATCH",
            "PROPFIND",
            "CONNECT",
            "M-SEARCH",
        )
    ),
    BadHandshake("HEAD /signal", plain("HEAD /signal HTTP/1.1"), Wanted(400, "", head_only=True)),
    BadHandshake("an upgrade to something else", head(upgrade="h2c"), NO_UPGRADE),
    BadHandshake("an upgrade to a version of it", head(upgrade="websocket/13"), NO_UPGRADE),
    BadHandshake("an upgrade to something that is no ASCII", head(upgrade="websocket\xff"), NO_UPGRADE),
    *(
        _row(
            f"{method} of a page",
            plain(f"{method} /healthz HTTP/1.1"),
            405,
            f"not {method}.",
            Allow="GET, HEAD",
        )
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH")
    ),
    _row("POST to /readyz", plain("POST /readyz HTTP/1.1"), 405, "not POST.", Allow="GET, HEAD"),
)

UPGRADES = (
    _row(
        "an upgrade by POST", head("POST /signal?userId=u HTTP/1.1"), 400, "needs the method GET, not POST."
    ),
    BadHandshake(
        "an upgrade by HEAD", head("HEAD /signal?userId=u HTTP/1.1"), Wanted(400, "", head_only=True)
    ),
    _row("a body on an upgrade", head(add=b"Content-Length: 5\r\n", body=b"hello"), 400, "no body"),
    _row("a body announced only", head(add=b"Content-Length: 5\r\n"), 400, "no body"),
    _row(
        "chunks on an upgrade", head(add=b"Transfer-Encoding: chunked\r\n", body=b"0\r\n\r\n"), 400, "no body"
    ),
    _row("no Connection", head(without=["Connection"]), 400, "Connection: upgrade"),
    _row("Connection: keep-alive", head(connection="keep-alive"), 400, "Connection: upgrade"),
    _row("Connection: not quite", head(connection="upgraded"), 400, "Connection: upgrade"),
    _row("a Connection that is no ASCII", head(connection="upgrade\xfc"), 400, "Connection: upgrade"),
    BadHandshake("no key", head(without=["Sec-WebSocket-Key"]), BAD_KEY),
    BadHandshake("two keys", head(add=f"Sec-WebSocket-Key: {KEY}\r\n".encode()), BAD_KEY),
    BadHandshake("two keys in one line", head(sec_websocket_key=f"{KEY}, {KEY}"), BAD_KEY),
    BadHandshake("an empty key", head(sec_websocket_key=""), BAD_KEY),
    BadHandshake("a key of 15 bytes", head(sec_websocket_key="AAAAAAAAAAAAAAAAAAAA"), BAD_KEY),
    BadHandshake("a key of 17 bytes", head(sec_websocket_key="AAAAAAAAAAAAAAAAAAAAAAA="), BAD_KEY),
    BadHandshake("a key with a space in it", head(sec_websocket_key=f"{KEY[:9]} {KEY[9:]}"), BAD_KEY),
    BadHandshake("a key that goes on behind its padding", head(sec_websocket_key=f"{KEY}AAAA"), BAD_KEY),
    BadHandshake("a key that lacks its padding", head(sec_websocket_key=KEY.rstrip("=")), BAD_KEY),
    BadHandshake("a key that is no base64", head(sec_websocket_key="!" * 24), BAD_KEY),
    BadHandshake("a key that is no ASCII", head(sec_websocket_key="\xe4" * 24), BAD_KEY),
    _row("no version of WebSocket", head(without=["Sec-WebSocket-Version"]), 426, "13", **_VERSION_HEADER),
    *(
        _row(
            f"version {version!r}", head(sec_websocket_version=version), 426, "must be 13", **_VERSION_HEADER
        )
        for version in ("", "8", "12", "14", "013", "13.0", "thirteen", "\xff", "+13", "-1", "9" * 400)
    ),
    _row("two versions", head(add=b"Sec-WebSocket-Version: 13\r\n"), 400, "not 2 times."),
    _row("two versions that differ", head(add=b"Sec-WebSocket-Version: 8\r\n"), 400, "not 2 times."),
)

BAD_HANDSHAKES = (*NO_REQUEST, *VERSIONS, *FIELDS, *PATHS, *UPGRADES)

# What looks odd and is right all the same; each is welcomed, in the name of the user beside it.
ODD_HANDSHAKES: tuple[tuple[str, bytes, str], ...] = (
    ("as a browser sends it", head(), "u"),
    ("names and values in capitals", head(upgrade="WEBSOCKET", connection="UPGRADE"), "u"),
    ("one of several", head(upgrade="h2c, websocket", connection="keep-alive, Upgrade"), "u"),
    ("empty lines before", b"\r\n\r\n" + head(), "u"),
    ("a target with scheme and host", head("GET http://127.0.0.1/signal?userId=u HTTP/1.1"), "u"),
    ("a body of length 0", head(add=b"Content-Length: 0\r\n"), "u"),
    ("a field that is no ASCII", head(add=b"User-Agent: \xff\xfe\x80\r\nX: \xc3\xa9\r\n"), "u"),
    ("a Host that is no ASCII", head(host="b\xfccher"), "u"),
    (
        "an extension and a subprotocol that are not known",
        head(
            add=b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
            b"Sec-WebSocket-Protocol: focus-signal.v2, chat\r\n"
        ),
        "u",
    ),
    ("an extension that is no ASCII", head(add=b"Sec-WebSocket-Extensions: \xe9\r\n"), "u"),
    ("the first of two users", head("GET /signal?userId=a&userId=b HTTP/1.1"), "a"),
    (
        "a user in percent signs",
        head("GET /signal?x=%zz&userId=%C3%A9+%F0%9F%98%80%2B HTTP/1.1"),
        "\xe9 \U0001f600+",
    ),
    ("a user that is no UTF-8", head("GET /signal?userId=%FF%41 HTTP/1.1"), "\ufffdA"),
)
