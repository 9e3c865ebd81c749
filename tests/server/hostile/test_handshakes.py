"""Before the upgrade: every bad handshake gets its whole answer, then the end of the stream."""

from __future__ import annotations

import pytest
import trio
from attrs import evolve

from focus_signal import Config, open_server
from focus_signal.server.config import TransportName
from tests.server.hostile.answers import Wanted, faults, read_all
from tests.server.hostile.handshake_table import (
    BAD_HANDSHAKES,
    NO_UPGRADE,
    ODD_HANDSHAKES,
    BadHandshake,
    head,
    plain,
)
from tests.server.hostile.living import QUIET, Living, check_rows, living_server, quiet_on
from tests.server.hostile.peer import finish_handshake
from tests.server.transports import BOTH

MEGABYTE = bytes(1 << 20)
BODY = b"Content-Length: 1048576\r\n"


async def test_every_bad_handshake_gets_its_answer(caplog: pytest.LogCaptureFixture) -> None:
    assert len(BAD_HANDSHAKES) >= 45
    async with living_server(caplog) as living:

        async def check(row: BadHandshake) -> list[str]:
            async with await living.dial() as stream:
                await stream.send_all(row.sent)
                return faults(await read_all(stream), row.wanted)

        await check_rows(living, [(row.name, row) for row in BAD_HANDSHAKES], check)


@BOTH
async def test_odd_handshakes_are_welcomed(
    transport: TransportName, caplog: pytest.LogCaptureFixture
) -> None:
    async with living_server(caplog, quiet_on(transport)) as living:

        async def check(row: tuple[bytes, str]) -> list[str]:
            sent, user = row
            stream = await living.dial()
            await stream.send_all(sent)
            peer = await finish_handshake(stream)
            # The name shows in a room of one.
            await peer.say({"type": "matchmaking", "matchSize": 1})
            found = await peer.hear()
            await peer.part()
            return [] if found["peers"] == [user] else [f"the user is {found['peers']}, not {user!r}"]

        await check_rows(living, [(name, (sent, user)) for name, sent, user in ODD_HANDSHAKES], check)


def _sized_head(size: int) -> bytes:
    bare = head(add=b"X-Fill: \r\n")
    return head(add=b"X-Fill: %b\r\n" % (b"a" * (size - len(bare))))


def _lined_head(lines: int) -> bytes:
    return head(add=b"X: y\r\n" * (lines - 5))


def _user_head(user: str) -> bytes:
    return head(f"GET /signal?userId={user} HTTP/1.1")


def _target_head(size: int, spaces: str = " ") -> bytes:
    target = "/signal?userId=u&fill="
    return head(f"GET{spaces}{target}{'a' * (size - len(target))} HTTP/1.1")


BEYOND = (
    ("a head of 8,192 bytes", _sized_head(8192), _sized_head(8193), Wanted(431, "larger than 8192 bytes")),
    ("100 header lines", _lined_head(100), _lined_head(101), Wanted(431, "more than 100 header lines")),
    (
        "a target of 4,096 bytes",
        _target_head(4096),
        _target_head(4097),
        Wanted(414, "longer than 4096 bytes"),
    ),
    (
        "a target of 4,096 bytes behind two spaces",
        _target_head(4096, "  "),
        _target_head(4097, "  "),
        Wanted(414, "longer than 4096 bytes"),
    ),
    (
        "a user of 128 letters",
        _user_head("a" * 128),
        _user_head("a" * 129),
        Wanted(414, "at most 128 bytes, not 129"),
    ),
    (
        "a user of 64 umlauts",
        _user_head("%C3%BC" * 64),
        _user_head("%C3%BC" * 64 + "a"),
        Wanted(414, "not 129"),
    ),
)


@BOTH
async def test_limits_bite_just_beyond_their_number(
    transport: TransportName, caplog: pytest.LogCaptureFixture
) -> None:
    assert len(_sized_head(8192)) == 8192
    async with living_server(caplog, quiet_on(transport)) as living:

        async def check(row: tuple[bytes, bytes, Wanted]) -> list[str]:
            inside, outside, wanted = row
            stream = await living.dial()
            await stream.send_all(inside)
            await (await finish_handshake(stream)).part()
            async with await living.dial() as stream:
                await stream.send_all(outside)
                return faults(await read_all(stream), wanted)

        rows = [(name, (inside, outside, wanted)) for name, inside, outside, wanted in BEYOND]
        await check_rows(living, rows, check)


UNFINISHED = (
    ("a head that never ends", b"GET /signal HTTP/1.1\r\nX: " + b"a" * 9000, Wanted(431, "larger than 8192")),
    (
        "header lines that never end",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 101,
        Wanted(431, "than 100 header lines"),
    ),
    ("a target that never ends", b"GET /" + b"a" * 5000, Wanted(414, "longer than 4096")),
    ("a method that never ends", b"GETGETGET" * 10, Wanted(400, "This is no HTTP request")),
    ("empty lines that never end", b"\r\n" * 5000, Wanted(431, "larger than 8192")),
)


async def test_what_never_ends_is_answered_at_its_limit(caplog: pytest.LogCaptureFixture) -> None:
    async with living_server(caplog) as living:

        async def check(row: tuple[bytes, Wanted]) -> list[str]:
            async with await living.dial() as stream:
                await stream.send_all(row[0])
                return faults(await read_all(stream), row[1])

        await check_rows(living, [(name, (sent, wanted)) for name, sent, wanted in UNFINISHED], check)


BODIES = (
    ("POST to /signal", plain("POST /signal HTTP/1.1", BODY), NO_UPGRADE),
    (
        "POST to a page",
        plain("POST /healthz HTTP/1.1", BODY),
        Wanted(405, "not POST.", {"Allow": "GET, HEAD"}),
    ),
    ("POST to nowhere", plain("POST /nowhere HTTP/1.1", BODY), Wanted(404, "Not Found")),
    ("a body on an upgrade", head(add=BODY), Wanted(400, "no body")),
    # Bytes are counted before they are understood, so this is too large before it is garbage.
    ("garbage", b"\0\r\n", Wanted(431, "larger than 8192")),
    ("a head without an end", b"GET / HTTP/1.1\r\nX: ", Wanted(431, "larger than 8192")),
)


async def test_a_peer_that_is_still_sending_can_read_its_answer(caplog: pytest.LogCaptureFixture) -> None:
    """Both ways round: the answer is read while a megabyte is still being sent, and after all of it was."""
    async with living_server(caplog) as living:

        async def check_meanwhile(row: tuple[bytes, Wanted]) -> list[str]:
            async with await living.dial() as stream, trio.open_nursery() as nursery:
                nursery.start_soon(stream.send_all, row[0] + MEGABYTE)
                return faults(await read_all(stream), row[1])

        async def check_afterwards(row: tuple[bytes, Wanted]) -> list[str]:
            async with await living.dial() as stream:
                await stream.send_all(row[0] + MEGABYTE)
                return faults(await read_all(stream), row[1])

        rows = [(name, (sent, wanted)) for name, sent, wanted in BODIES]
        await check_rows(living, rows, check_meanwhile)
        await check_rows(living, rows, check_afterwards)


async def test_silence_on_a_socket_is_closed_and_not_reset(caplog: pytest.LogCaptureFixture) -> None:
    """How long it is waited for is tested on virtual time; a reset is only seen on a socket."""
    async with living_server(caplog, evolve(QUIET, handshake_timeout=0.1)) as living:
        stream = await living.dial()
        with trio.fail_after(10):
            assert await read_all(stream) == b""


@pytest.mark.parametrize("body", [b"", b"half", b"Host: 127.0.0.1\r\n\r"])
async def test_a_head_that_ends_halfway_is_told_so(caplog: pytest.LogCaptureFixture, body: bytes) -> None:
    async with living_server(caplog) as living, await living.dial() as stream:
        await stream.send_all(b"GET /signal?userId=u HTTP/1.1\r\n" + body)
        await stream.send_eof()
        with trio.fail_after(10):
            answer = await read_all(stream)
        assert faults(answer, Wanted(400, "ended before its head was complete")) == []


async def test_pages_are_answered_in_http_1_0_and_1_1(caplog: pytest.LogCaptureFixture) -> None:
    async with living_server(caplog) as living:

        async def check(row: tuple[bytes, Wanted]) -> list[str]:
            async with await living.dial() as stream:
                await stream.send_all(row[0])
                return faults(await read_all(stream), row[1])

        rows = [
            ("1.0", (b"GET /healthz HTTP/1.0\r\n\r\n", Wanted(200, "ok"))),
            (
                "1.0 with two Hosts",
                (b"GET /healthz HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", Wanted(200, "ok")),
            ),
            ("1.0 nowhere", (b"GET / HTTP/1.0\r\n\r\n", Wanted(404, "Not Found"))),
            ("1.0 /signal", (b"GET /signal HTTP/1.0\r\n\r\n", NO_UPGRADE)),
            ("1.1", (plain("GET /readyz HTTP/1.1"), Wanted(200, "ready"))),
            ("1.1 HEAD", (plain("HEAD /readyz HTTP/1.1"), Wanted(200, "", head_only=True))),
            ("1.1 with a query", (plain("GET /healthz?userId=u HTTP/1.1"), Wanted(200, "ok"))),
            ("two at once", (plain("GET /healthz HTTP/1.1") * 2, Wanted(200, "ok"))),
        ]
        await check_rows(living, rows, check)


DRAINING = Wanted(503, "draining", {"Retry-After": "1"})


async def test_a_draining_server_says_so(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    async with open_server(Config(host="127.0.0.1", port=0)) as server:
        living = Living(server)
        await server.drain(10.0)  # nobody is there, so this is done at once, and the server stays as it is

        async def check(row: tuple[bytes, Wanted]) -> list[str]:
            async with await living.dial() as stream:
                await stream.send_all(row[0])
                return faults(await read_all(stream), row[1])

        rows = [
            ("a rightful upgrade", (head(), DRAINING)),
            ("an upgrade without a user", (head("GET /signal HTTP/1.1"), DRAINING)),
            ("/readyz", (plain("GET /readyz HTTP/1.1"), DRAINING)),
            (
                "HEAD /readyz",
                (plain("HEAD /readyz HTTP/1.1"), Wanted(503, "", {"Retry-After": "1"}, head_only=True)),
            ),
            ("/healthz", (plain("GET /healthz HTTP/1.1"), Wanted(200, "ok"))),
            ("a bad upgrade", (head(without=["Host"]), Wanted(400, "not 0 times."))),
            ("nowhere", (plain("GET / HTTP/1.1"), Wanted(404, "Not Found"))),
        ]
        await check_rows(living, rows, check)
