"""The server's own pages, byte for byte: as they are written, and as they come through the door."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import pytest
import trio

from focus_signal import Config, Server, open_server
from focus_signal.errors import HttpRefused
from focus_signal.server import pages
from focus_signal.wire.http_head import Head

OK = (
    b"HTTP/1.1 200 OK\r\n"
    b"Content-Type: text/plain;charset=UTF-8\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
)
READY = (
    b"HTTP/1.1 200 OK\r\n"
    b"Content-Type: text/plain;charset=UTF-8\r\nContent-Length: 5\r\nConnection: close\r\n\r\nready"
)
DRAINING = (
    b"HTTP/1.1 503 Service Unavailable\r\n"
    b"Content-Type: text/plain;charset=UTF-8\r\nContent-Length: 23\r\nConnection: close\r\n"
    b"Retry-After: 1\r\n\r\nThe server is draining."
)
NOT_FOUND = (
    b"HTTP/1.1 404 Not Found\r\n"
    b"Content-Type: text/plain;charset=UTF-8\r\nContent-Length: 9\r\nConnection: close\r\n\r\nNot Found"
)
NO_UPGRADE = (
    b"HTTP/1.1 400 Bad Request\r\n"
    b"Content-Type: text/plain;charset=UTF-8\r\nContent-Length: 29\r\nConnection: close\r\n\r\n"
    b"Expected WebSocket connection"
)


def wrong_method(path: str, method: str) -> bytes:
    text = f"{path} takes GET, HEAD, not {method}."
    return (
        "HTTP/1.1 405 Method Not Allowed\r\n"
        f"Content-Type: text/plain;charset=UTF-8\r\nContent-Length: {len(text)}\r\n"
        f"Connection: close\r\nAllow: GET, HEAD\r\n\r\n{text}"
    ).encode()


def without_body(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"


def head(path: str, method: str = "GET", version: str = "1.1") -> Head:
    return Head(method, version, path, "", (("host", "localhost"),))


def refused(path: str, method: str = "GET", *, draining: bool = False) -> bytes:
    """Write the answer to a request that is refused, as the front door does."""
    with pytest.raises(HttpRefused) as refusal:
        pages.answer(head(path, method), _room(draining=draining))
    return pages.render(refusal.value.status, refusal.value.text, refusal.value.headers)


def _room(*, draining: bool = False) -> Callable[[], None]:
    def check() -> None:
        if draining:
            raise pages.unavailable()

    return check


@pytest.mark.parametrize("draining", [False, True])
def test_healthz(draining: bool) -> None:
    """The process lives, also while it drains."""
    assert pages.answer(head("/healthz"), _room(draining=draining)) == OK
    assert pages.answer(head("/healthz", "HEAD"), _room(draining=draining)) == without_body(OK)
    assert pages.answer(head("/healthz", version="1.0"), _room(draining=draining)) == OK


def test_readyz() -> None:
    assert pages.answer(head("/readyz"), _room()) == READY
    assert pages.answer(head("/readyz", "HEAD"), _room()) == without_body(READY)
    assert refused("/readyz", draining=True) == DRAINING


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT"])
def test_method_that_a_page_does_not_know(path: str, method: str) -> None:
    assert refused(path, method) == wrong_method(path, method)
    assert refused(path, method, draining=True) == wrong_method(path, method)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        "*",
        "/signal/",
        "/Signal",
        "/signal/x",
        "//signal",
        "/healthz/",
        "/HEALTHZ",
        "/%68ealthz",
        "/x",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_path_that_is_not_ours(path: str, method: str) -> None:
    assert refused(path, method) == NOT_FOUND


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
@pytest.mark.parametrize("draining", [False, True])
def test_signal_without_an_upgrade(method: str, draining: bool) -> None:
    assert refused("/signal", method, draining=draining) == NO_UPGRADE


def test_body_is_counted_in_bytes() -> None:
    assert pages.render(200, "größer") == (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain;charset=UTF-8\r\nContent-Length: 8\r\n"
        b"Connection: close\r\n\r\ngr\xc3\xb6\xc3\x9fer"
    )


def test_further_headers_keep_their_order() -> None:
    assert pages.render(429, "", (("Retry-After", "2"), ("X-Later", "1")), head_only=True) == (
        b"HTTP/1.1 429 Too Many Requests\r\nContent-Type: text/plain;charset=UTF-8\r\nContent-Length: 0\r\n"
        b"Connection: close\r\nRetry-After: 2\r\nX-Later: 1\r\n\r\n"
    )


@asynccontextmanager
async def running() -> AsyncGenerator[Server]:
    with trio.fail_after(60):
        async with open_server(Config(host="127.0.0.1", port=0)) as server:
            yield server


async def ask(server: Server, request: bytes) -> bytes:
    """Send a request, and read to the end of the stream."""
    async with await trio.open_tcp_stream("127.0.0.1", server.port) as stream:
        await stream.send_all(request)
        return b"".join([data async for data in stream])


HOST = b"Host: localhost\r\n\r\n"
THROUGH_THE_DOOR = [
    (b"GET /healthz HTTP/1.1\r\n" + HOST, OK),
    (b"GET /healthz?a=b HTTP/1.1\r\n" + HOST, OK),
    (b"GET /healthz HTTP/1.0\r\n\r\n", OK),
    (b"GET http://localhost/healthz HTTP/1.1\r\n" + HOST, OK),
    (b"HEAD /healthz HTTP/1.1\r\n" + HOST, without_body(OK)),
    (b"GET /readyz HTTP/1.1\r\n" + HOST, READY),
    (b"HEAD /readyz HTTP/1.1\r\n" + HOST, without_body(READY)),
    (b"POST /readyz HTTP/1.1\r\nContent-Length: 2\r\n" + HOST + b"{}", wrong_method("/readyz", "POST")),
    (b"GET /x HTTP/1.1\r\n" + HOST, NOT_FOUND),
    (b"HEAD /x HTTP/1.1\r\n" + HOST, without_body(NOT_FOUND)),
    (b"GET /signal/?userId=ana HTTP/1.1\r\n" + HOST, NOT_FOUND),
    (b"GET /signal?userId=ana HTTP/1.1\r\n" + HOST, NO_UPGRADE),
    (b"GET /signal HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n" + HOST, NO_UPGRADE),
    (b"POST /signal HTTP/1.1\r\nContent-Length: 0\r\n" + HOST, NO_UPGRADE),
    (b"HEAD /signal HTTP/1.1\r\n" + HOST, without_body(NO_UPGRADE)),
    # The second request is not answered: every answer is the end of the connection.
    (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET / HTTP/1.1\r\n" + HOST, OK),
]


@pytest.mark.parametrize(
    ("request_", "answer"),
    THROUGH_THE_DOOR,
    ids=[data.splitlines()[0].decode() for data, _ in THROUGH_THE_DOOR],
)
async def test_through_the_door(request_: bytes, answer: bytes) -> None:
    async with running() as server:
        assert await ask(server, request_) == answer


async def test_through_the_door_while_draining() -> None:
    """A page tells it, a new upgrade is told it, and what is wrong for another reason is told that one."""
    upgrade = (
        b"GET /signal?userId=ana HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + HOST
    )
    async with running() as server:
        await server.drain(grace=1)
        assert await ask(server, b"GET /readyz HTTP/1.1\r\n" + HOST) == DRAINING
        assert await ask(server, b"HEAD /readyz HTTP/1.1\r\n" + HOST) == without_body(DRAINING)
        assert await ask(server, upgrade) == DRAINING
        assert await ask(server, b"GET /healthz HTTP/1.1\r\n" + HOST) == OK
        assert await ask(server, b"GET /signal HTTP/1.1\r\n" + HOST) == NO_UPGRADE
        assert await ask(server, b"GET /x HTTP/1.1\r\n" + HOST) == NOT_FOUND
