"""What only the `websockets` package can ask for: pings, fragments, subprotocols, a look at the handshake.

All of it is asked of either transport.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from tests.server.transports import TRANSPORTS

from .clients import WebsocketsClient, user_url
from .programs import run_server
from .scenario import User, frame, meet, play


@pytest.fixture(scope="module", params=TRANSPORTS)
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    with run_server("--transport", str(request.param)) as address:
        yield address


def test_compression_is_not_agreed(url: str) -> None:
    """The package offers permessage-deflate by default; the answer does not mention it."""

    async def scenario() -> None:
        async with connect(user_url(url, "a"), proxy=None) as connection:
            assert connection.request is not None
            assert connection.response is not None
            assert "permessage-deflate" in connection.request.headers["Sec-WebSocket-Extensions"]
            assert connection.response.status_code == 101
            assert "Sec-WebSocket-Extensions" not in connection.response.headers
            assert "Sec-WebSocket-Protocol" not in connection.response.headers

    play(scenario)


def test_unknown_subprotocol_is_not_agreed(url: str) -> None:
    """Who offers only what the server does not know gets no subprotocol, and speaks the seed dialect."""

    async def scenario() -> None:
        offered = [Subprotocol("chat"), Subprotocol("graphql-ws")]
        async with connect(user_url(url, "a"), subprotocols=offered, proxy=None) as connection:
            assert connection.subprotocol is None
            await meet(User("a", WebsocketsClient(connection)))

    play(scenario)


def test_ping_is_answered(url: str) -> None:
    """Each ping is answered with its own payload, in the middle of a conversation, and up to the largest."""

    async def scenario() -> None:
        async with connect(user_url(url, "a"), proxy=None) as connection:
            user = User("a", WebsocketsClient(connection))
            for payload in (None, b"", b"here?", b"\x00\xff" * 62, b"x" * 125):
                answered = await connection.ping(payload)
                await user.settle()
                assert await answered >= 0

    play(scenario)


def test_fragments_are_one_message(url: str) -> None:
    """A message in fragments, cut inside a character and with a ping between, is relayed whole."""

    async def scenario() -> None:
        async with connect(user_url(url, "a"), proxy=None) as connection:
            user = User("a", WebsocketsClient(connection))
            await meet(user)
            text = frame("offer", to='"a"', sdp='"Grüße, \N{WAVING HAND SIGN}"').encode()

            async def fragments() -> AsyncIterator[bytes]:
                for index in range(0, len(text), 3):
                    yield text[index : index + 3]
                    await (await connection.ping())

            await connection.send(fragments(), text=True)
            assert await user.receive() == '{"type":"offer","from":"a","sdp":"Grüße, \N{WAVING HAND SIGN}"}'

    play(scenario)


@pytest.mark.parametrize("path", ["/", "/signal/", "/Signal", "/signal/x"])
def test_other_path_is_not_found(url: str, path: str) -> None:
    """Only `/signal` is a place to connect to; the answer elsewhere is the seed's, as plain HTTP."""

    async def scenario() -> None:
        with pytest.raises(InvalidStatus) as refused:
            async with connect(url.removesuffix("/signal") + path + "?userId=a", proxy=None):
                raise AssertionError("connected")
        response = refused.value.response
        assert response.status_code == 404
        assert response.body == b"Not Found"
        assert response.headers["Content-Type"] == "text/plain;charset=UTF-8"

    play(scenario)
