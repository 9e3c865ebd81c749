"""A link over TLS: from the handshake to a match, on a certificate that is made and trusted here alone."""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import json
import logging
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import attrs
import pytest
import trio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from trio_websocket import ConnectionClosed, open_websocket_url, wrap_client_stream

from focus_signal import Config, open_server
from focus_signal.server.config import TransportName
from focus_signal.server.link import Link
from focus_signal.server.stream_link import StreamLink, link_of
from tests.server.hostile.frames import PING, fragments, frame, text
from tests.server.hostile.peer import event, shake_hands
from tests.server.transports import BOTH

_DAY = dt.timedelta(days=1)


@attrs.frozen
class Contexts:
    """Both sides' idea of TLS."""

    server: ssl.SSLContext
    client: ssl.SSLContext


@pytest.fixture(scope="module")
def contexts(tmp_path_factory: pytest.TempPathFactory) -> Contexts:
    """Make a certificate for 127.0.0.1, and clients that trust no other."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "focus-signal test")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + _DAY)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    text = certificate.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file: Path = tmp_path_factory.mktemp("tls") / "server.pem"
    file.write_bytes(text + secret)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(file)
    client = ssl.create_default_context(cadata=text.decode())
    # With OpenSSL 3 Python may take a bare end of the stream for a good one; here the two are told apart.
    client.options &= ~getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
    return Contexts(server, client)


async def open_listener(contexts: Contexts) -> trio.SSLListener[trio.SocketStream]:
    [listener] = await trio.open_ssl_over_tcp_listeners(
        0, contexts.server, host="127.0.0.1", https_compatible=True
    )
    return listener


@asynccontextmanager
async def open_link(contexts: Contexts) -> AsyncGenerator[tuple[Link, trio.SSLStream[trio.SocketStream]]]:
    """Give a link and the stream of its peer, with a bound in time.

    Both take TLS at its word: a close waits for the peer's, and an end without one is no end.
    """
    with trio.fail_after(30):
        [listener] = await trio.open_ssl_over_tcp_listeners(0, contexts.server, host="127.0.0.1")
        async with listener:
            assert isinstance(listener.transport_listener, trio.SocketListener)
            port = listener.transport_listener.socket.getsockname()[1]
            peer = await trio.open_ssl_over_tcp_stream("127.0.0.1", port, ssl_context=contexts.client)
            accepted = await listener.accept()
        try:
            yield link_of(accepted), peer
        finally:
            for stream in (peer, accepted):
                await trio.aclose_forcefully(stream)


async def test_bytes_both_ways(contexts: Contexts) -> None:
    """TLS is a stream like any other, but for the address behind it."""
    async with open_link(contexts) as (link, peer):
        assert isinstance(link, StreamLink)
        assert link.peer_address == "127.0.0.1"
        assert link.send_nowait(b"x") == 0
        sent = b"y" * 300_000
        async with trio.open_nursery() as nursery:
            # TLS shakes hands in both directions before anything else comes through.
            nursery.start_soon(peer.send_all, sent)
            received = b""
            while len(received) < len(sent):
                received += await link.receive_some()
        assert received == sent
        async with trio.open_nursery() as nursery:
            nursery.start_soon(link.send_all, b"z")
            assert await peer.receive_some() == b"z"
        await link.send_eof()  # TLS cannot end one direction alone, and does nothing


async def test_abort_needs_no_peer(contexts: Contexts) -> None:
    """Nothing is said any more and nobody is waited for, where a close in good order would do both."""
    async with open_link(contexts) as (link, peer):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(link.send_all, b"x")
            assert await peer.receive_some() == b"x"
        await link.abort()
        with pytest.raises(trio.ClosedResourceError):
            await link.send_all(b"x")
        # The end of the stream with no word that it is one.
        with pytest.raises(trio.BrokenResourceError):
            await peer.receive_some()
        assert link.peer_address is None


async def test_abort_before_the_handshake_and_when_cancelled(contexts: Contexts) -> None:
    async with open_link(contexts) as (link, peer):
        with trio.CancelScope() as scope:
            scope.cancel()
            await link.abort()
        with pytest.raises(trio.ClosedResourceError):
            await link.send_all(b"x")
        with pytest.raises(trio.BrokenResourceError):
            await peer.send_all(b"x")


@BOTH
async def test_match_over_tls(transport: TransportName, contexts: Contexts) -> None:
    with trio.fail_after(60):
        async with open_server(Config(transport=transport), [await open_listener(contexts)]) as server:
            assert server.url == f"wss://127.0.0.1:{server.port}/signal"
            assert server.http_url == f"https://127.0.0.1:{server.port}"
            async with (
                open_websocket_url(f"{server.url}?userId=ana", contexts.client) as ana,
                open_websocket_url(f"{server.url}?userId=ben", contexts.client) as ben,
            ):
                for websocket in (ana, ben):
                    await websocket.send_message('{"type":"matchmaking","matchSize":2}')
                found = await ana.get_message()
                assert await ben.get_message() == found
                assert sorted(json.loads(found)["peers"]) == ["ana", "ben"]
                sdp = "v=0" * 50_000
                await ana.send_message(json.dumps({"type": "offer", "to": "ben", "sdp": sdp}))
                assert json.loads(await ben.get_message()) == {"type": "offer", "from": "ana", "sdp": sdp}


async def test_page_over_tls(contexts: Contexts) -> None:
    with trio.fail_after(60):
        async with open_server(Config(), [await open_listener(contexts)]) as server:
            stream = await trio.open_ssl_over_tcp_stream(
                "127.0.0.1", server.port, ssl_context=contexts.client, https_compatible=True
            )
            async with stream:
                await stream.send_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                answer = b"".join([data async for data in stream])
                assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
                assert answer.endswith(b"\r\n\r\nok")


@BOTH
async def test_every_kind_of_frame_over_tls(transport: TransportName, contexts: Contexts) -> None:
    """And who has said goodbye finds the end of the stream at once: it is not waited for its own."""
    config = Config(transport=transport, close_timeout=3600.0)
    with trio.fail_after(60):
        async with open_server(config, [await open_listener(contexts)]) as server:
            stream = await trio.open_ssl_over_tcp_stream(
                "127.0.0.1", server.port, ssl_context=contexts.client, https_compatible=True
            )
            peer = await shake_hands(stream, "/signal?userId=ana", behind=text("{}"))
            await peer.send(
                frame(PING, b"here") + fragments(b'{"type":', b'"matchmaking",', b'"matchSize":1}')
            )
            seen = [event(await peer.receive()) for _ in range(3)]
            assert sorted(seen) == ["error bad-message", "pong here", "room-found"]
            for number in range(200):
                offer = {"type": "offer", "to": "ana", "sdp": "o" * number * 10}
                await peer.send(text(json.dumps(offer)))
            for number in range(200):
                assert len((await peer.hear())["sdp"]) == number * 10
            await peer.part()


@BOTH
async def test_stop_is_told_over_tls(
    transport: TransportName, contexts: Contexts, nursery: trio.Nursery
) -> None:
    with trio.fail_after(60):
        async with open_server(Config(transport=transport), [await open_listener(contexts)]) as server:
            stream = await trio.open_ssl_over_tcp_stream(
                "127.0.0.1", server.port, ssl_context=contexts.client, https_compatible=True
            )
            websocket = await wrap_client_stream(nursery, stream, "localhost", "/signal?userId=ana")
            # It speaks for its user by now: what it says is answered.
            await websocket.send_message("{}")
            assert json.loads(await websocket.get_message())["code"] == "bad-message"
        with pytest.raises(ConnectionClosed) as closed:
            await websocket.get_message()
        assert closed.value.reason is not None
        assert (closed.value.reason.code, closed.value.reason.reason) == (1012, "restart")
        await trio.aclose_forcefully(stream)


async def test_no_tls_at_all(contexts: Contexts, caplog: pytest.LogCaptureFixture) -> None:
    """Who speaks plain HTTP to a TLS port, or trusts another certificate, disturbs nobody and is no fault."""
    caplog.set_level(logging.DEBUG, logger="focus_signal")
    with trio.fail_after(60):
        async with open_server(Config(), [await open_listener(contexts)]) as server:
            async with await trio.open_tcp_stream("127.0.0.1", server.port) as plain:
                await plain.send_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                # However it ends: by a reset, if there was more to read than the handshake could be of.
                with contextlib.suppress(trio.BrokenResourceError):
                    while await plain.receive_some():
                        pass
            strict = ssl.create_default_context()
            wary = await trio.open_ssl_over_tcp_stream("127.0.0.1", server.port, ssl_context=strict)
            with pytest.raises(trio.BrokenResourceError):
                await wary.do_handshake()
            await trio.aclose_forcefully(wary)
            async with open_websocket_url(f"{server.url}?userId=ana", contexts.client) as ana:
                await ana.send_message('{"type":"matchmaking","matchSize":1}')
                assert json.loads(await ana.get_message())["peers"] == ["ana"]
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []
