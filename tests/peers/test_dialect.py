"""The seed dialect, spoken by clients that nobody here wrote: `websockets`, Node's WebSocket, and both.

The server is what `serve` starts; what depends on its transport is asked of the other one too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator

import pytest

from tests.server.transports import TRANSPORTS

from .clients import run_clients, user_url
from .programs import require_node, run_server
from .scenario import connected, dumps, frame, is_unavailable, meet, play

Kinds = tuple[str, ...]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with run_server() as address:
        yield address


@pytest.fixture(scope="module", params=TRANSPORTS)
def either_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a server on each transport."""
    with run_server("--transport", str(request.param)) as address:
        yield address


@pytest.fixture(params=["websockets", "node"])
def kind(request: pytest.FixtureRequest) -> str:
    """The one kind of client of a scenario."""
    if request.param == "node":
        require_node()
    return str(request.param)


@pytest.fixture(params=[("websockets",), ("node",), ("websockets", "node")], ids="-".join)
def kinds(request: pytest.FixtureRequest) -> Kinds:
    """The kinds of client of a scenario's users, in turn."""
    kinds: Kinds = request.param
    if "node" in kinds:
        require_node()
    return kinds


def test_connection_is_plain(either_url: str, kind: str) -> None:
    """Nobody is told anything before asking, and nothing that the client offers is agreed to."""

    async def scenario() -> None:
        async with connected(either_url, (kind,), "ada") as [ada]:
            assert ada.client.extensions == []
            assert ada.client.subprotocol is None
            await ada.settle()

    play(scenario)


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_room_is_found(url: str, kinds: Kinds, size: int) -> None:
    """All members are told the same, themselves included, in the order in which they asked."""

    async def scenario() -> None:
        names = ["zoe", "ada", "mia", "eve", "bob"][:size]
        async with connected(url, kinds, *names) as users:
            await meet(*users)
            for user in users:
                await user.settle()

    play(scenario)


def test_rooms_are_apart(url: str, kinds: Kinds) -> None:
    """Two pairs are two rooms, and nobody reaches into the other one."""

    async def scenario() -> None:
        async with connected(url, kinds, "a", "b", "c", "d") as [a, b, c, d]:
            assert await meet(a, b) != await meet(c, d)
            await a.signal(c, "offer", sdp='"psst"')
            assert is_unavailable(await a.receive(), "c")
            for user in (a, b, c, d):
                await user.settle()

    play(scenario)


def test_size_may_be_a_string(url: str, kinds: Kinds) -> None:
    """A `<select>` gives its value as a string, which shares the number's queue."""

    async def scenario() -> None:
        async with connected(url, kinds, "a", "b") as [a, b]:
            await a.client.send('{"type":"matchmaking","matchSize":"2","from":"a"}')
            await a.settle()
            await b.client.send('{"type":"matchmaking","matchSize":2.0}')
            found = await a.receive()
            assert found.startswith('{"type":"room-found","roomId":"')
            assert found.endswith('","peers":["a","b"]}')
            assert await b.receive() == found

    play(scenario)


USER_NAMES = ["é x", "日本 & co", "a+b=c/d?e#f", "100%", "\N{WAVING HAND SIGN}", '"\\', "null"]


def test_names_are_decoded(url: str, kinds: Kinds) -> None:
    """A name comes out of the query as it went in, in `peers`, in `from`, and as a target."""

    async def scenario() -> None:
        async with connected(url, kinds, *USER_NAMES) as users:
            await meet(*users)
            for sender, target in zip(users, users[1:] + users[:1], strict=True):
                expected = await sender.signal(target, "offer", sdp="1")
                assert await target.receive() == expected

    play(scenario)


PAYLOADS = {
    "text": r'"v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\n"',
    "unicode": '"Grüße, 日本, \N{WAVING HAND SIGN}, \u2028, \x7f"',
    "escaped": r'"\u00e9\u65e5\ud83d\ude00\u0000\/\"\\"',
    "object": '{"candidate":"candidate:1 1 udp 1 127.0.0.1 9 typ host","sdpMid":"0","sdpMLineIndex":0}',
    "nested": '{"a":[{"b":[[],{},[null,true,false,{"c":[1,[2,[3]]]}]]}],"a ":"","":[]}',
    "null": "null",
    "false": "false",
    "zero": "0",
    "empty": '""',
    "numbers": "[1.0,-0,1e2,1E+2,0.1,1e999,9007199254740993,123456789012345678901234567890]",
    "spaces": '{ "b" : 1 ,\t"a" : [ 1 , 2 ] ,\n"b" : 2 }',
}


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
def test_payload_passes_as_it_is(url: str, kinds: Kinds, payload: str) -> None:
    """Offer, answer and candidates go both ways, byte for byte, whatever valid JSON they carry."""

    async def scenario() -> None:
        async with connected(url, kinds, "a", "b") as [a, b]:
            await meet(a, b)
            for sender, target in ((a, b), (b, a)):
                expected = [
                    await sender.signal(target, "offer", sdp=payload),
                    await sender.signal(target, "answer", sdp=payload),
                    await sender.signal(target, "ice-candidate", candidate=payload),
                    await sender.signal(target, "ice-candidate", sdp=payload, candidate=payload),
                ]
                assert [await target.receive() for _ in expected] == expected
            for user in (a, b):
                await user.settle()

    play(scenario)


def test_absent_stays_absent(url: str, kinds: Kinds) -> None:
    """What was not there is not made up, what nobody knows is dropped, the order of fields is the seed's."""

    async def scenario() -> None:
        async with connected(url, kinds, "a", "b") as [a, b]:
            await meet(a, b)
            bare = await a.signal(b, "ice-candidate")
            assert bare == '{"type":"ice-candidate","from":"a"}'
            await a.client.send(
                '{"candidate":null,"extra":[1],"sdp":null,"roomId":"r","to":"b","type":"answer"}'
            )
            assert await b.receive() == bare
            assert await b.receive() == '{"type":"answer","from":"a","sdp":null,"candidate":null}'
            await b.settle()

    play(scenario)


def test_order_is_kept(either_url: str, kinds: Kinds) -> None:
    """200 messages from each side, sent while the other's come, arrive in order and all."""

    async def scenario() -> None:
        async with connected(either_url, kinds, "a", "b") as [a, b]:
            await meet(a, b)
            numbers = [str(number) for number in range(200)]
            sent_by_a, sent_by_b, got_by_a, got_by_b = await asyncio.gather(
                collect([a.signal(b, "ice-candidate", candidate=number) for number in numbers]),
                collect([b.signal(a, "ice-candidate", candidate=number) for number in numbers]),
                collect([a.receive() for _ in numbers]),
                collect([b.receive() for _ in numbers]),
            )
            assert got_by_b == sent_by_a
            assert got_by_a == sent_by_b
            for user in (a, b):
                await user.settle()

    play(scenario)


async def collect(steps: list[Coroutine[object, object, str]]) -> list[str]:
    """Take these steps one after the other; return what each gave."""
    return [await step for step in steps]


def test_large_description_passes(either_url: str, kinds: Kinds) -> None:
    """An SDP of 200 kB goes both ways, and small messages keep their place around it."""

    async def scenario() -> None:
        async with connected(either_url, kinds, "a", "b") as [a, b]:
            await meet(a, b)
            lines = "".join(
                f"a=candidate:{number} 1 udp 1 127.0.0.1 9 typ host\\r\\n" for number in range(4000)
            )
            sdp = f'"{lines[:200_000]}"'
            for sender, target in ((a, b), (b, a)):
                expected = [
                    await sender.signal(target, "ice-candidate", candidate="1"),
                    await sender.signal(target, "offer", sdp=sdp),
                    await sender.signal(target, "ice-candidate", candidate="2"),
                ]
                assert [await target.receive() for _ in expected] == expected
                await sender.settle()

    play(scenario)


def test_unknown_target_is_an_error(url: str, kind: str) -> None:
    """Who cannot be reached is named, and the connection goes on."""

    async def scenario() -> None:
        async with connected(url, (kind,), "a", "b") as [a, b]:
            await meet(a, b)
            await a.client.send(frame("offer", to='"nobody"', sdp="1"))
            assert is_unavailable(await a.receive(), "nobody")
            assert await a.signal(b, "offer", sdp="2") == await b.receive()

    play(scenario)


@pytest.mark.parametrize("query", ["", "?", "?userId=", "?userid=a", "?userId=&userId=a", "?room=1&user=a"])
def test_missing_user_is_told(either_url: str, kind: str, query: str) -> None:
    """Without a `userId` the connection opens and is closed with the reason that the seed's source gives."""

    async def scenario() -> None:
        async with run_clients(kind) as [clients]:
            client = await clients.open(either_url + query)
            assert await client.closed() == (1008, "Missing userId parameter.")

    play(scenario)


def test_binary_is_refused(either_url: str, kind: str) -> None:
    """A binary message ends the connection with 1003, and nobody else's."""

    async def scenario() -> None:
        async with connected(either_url, (kind,), "a", "b") as [a, b]:
            await meet(a, b)
            await a.client.send(b'{"type":"offer","to":"b","sdp":1}')
            code, _ = await a.client.closed()
            assert code == 1003
            await b.settle()

    play(scenario)


def test_leaving_and_coming_back(either_url: str, kinds: Kinds) -> None:
    """A close with 1000 is answered with 1000; the seat is kept, to be taken again or given up."""

    async def scenario() -> None:
        async with connected(either_url, kinds, "a", "b") as [a, b], run_clients(kinds[-1]) as [clients]:
            first = await meet(a, b)
            await b.client.close(1000, "see you")
            code, _ = await b.client.closed()
            assert code == 1000
            await a.signal(b, "offer", sdp="1")
            assert is_unavailable(await a.receive(), "b")

            b.client = await clients.open(user_url(either_url, "b"))
            for sender, target in ((a, b), (b, a)):
                assert await sender.signal(target, "offer", sdp="2") == await target.receive()
            assert await meet(b, a) != first

    play(scenario)


def test_leaving_ends_the_wait(url: str, kinds: Kinds) -> None:
    """Who left while waiting is not matched, and who comes back waits at the end of the queue."""

    async def scenario() -> None:
        async with connected(url, kinds, "a", "b", "c") as [a, b, c], run_clients(kinds[0]) as [clients]:
            await a.ask(3)
            await b.ask(3)
            await a.client.close()
            assert (await a.client.closed())[0] in (1000, 1005)
            await c.ask(3)
            await b.settle()

            a.client = await clients.open(user_url(url, "a"))
            await a.client.send(dumps({"type": "matchmaking", "matchSize": 3}))
            texts = [await user.receive() for user in (a, b, c)]
            assert texts == texts[:1] * 3
            assert texts[0].endswith('"peers":["b","c","a"]}')

    play(scenario)


def test_newest_connection_takes_the_seat(url: str, kinds: Kinds) -> None:
    """A second connection of a user gets the user's messages; the first is closed with 4501."""

    async def scenario() -> None:
        async with connected(url, kinds, "a", "b") as [a, b], run_clients(kinds[-1]) as [clients]:
            await meet(a, b)
            older, b.client = b.client, await clients.open(user_url(url, "b"))
            code, _ = await older.closed()
            assert code == 4501
            for sender, target in ((a, b), (b, a)):
                assert await sender.signal(target, "answer", sdp="1") == await target.receive()

    play(scenario)
