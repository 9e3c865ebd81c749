"""What the flags of `focus-signal serve` change for clients."""

from __future__ import annotations

import pytest
import trio

from tests.cli.program import SERVE_HERE, start
from tests.cli.users import connect, meet
from tests.server.hostile.frames import TEXT, frame
from tests.server.hostile.peer import shake_hands


async def test_max_match_size() -> None:
    """The largest room is allowed, one more is an error that names the bound."""
    async with start([*SERVE_HERE, "--max-match-size", "3"]) as program:
        url = (await program.ready()).url
        async with connect(url, "ana") as ana, connect(url, "ben") as ben, connect(url, "cleo") as cleo:
            await ana.say("matchmaking", matchSize=4)
            refused = await ana.hear()
            assert refused["code"] == "bad-match-size"
            assert refused["message"] == "matchSize must be a whole number from 1 to 3, not 4"
            await meet(ana, ben, cleo)
        assert (await program.stop()).status == 0


async def test_max_match_size_by_default() -> None:
    async with start(SERVE_HERE) as program:
        url = (await program.ready()).url
        async with connect(url, "ana") as ana:
            await ana.say("matchmaking", matchSize=17)
            assert (await ana.hear())["message"] == "matchSize must be a whole number from 1 to 16, not 17"
            await ana.say("matchmaking", matchSize=16)
            await ana.settle()
        assert (await program.stop()).status == 0


async def test_relay_scope_any() -> None:
    """Between users who share no room, as the seed does; never to somebody who is not there."""
    async with start([*SERVE_HERE, "--relay-scope", "any"]) as program:
        url = (await program.ready()).url
        async with connect(url, "ana") as ana, connect(url, "ben") as ben:
            await ben.settle()
            await ana.say("offer", to="ben", sdp="v=0")
            assert await ben.hear() == {"type": "offer", "from": "ana", "sdp": "v=0"}
            await ana.say("offer", to="cleo", sdp="v=0")
            refused = await ana.hear()
            assert (refused["code"], refused["to"]) == ("peer-unavailable", "cleo")
        assert (await program.stop()).status == 0


async def test_relay_scope_room() -> None:
    """By default, and when asked for by name, only within a room."""
    for options in ([], ["--relay-scope", "room"]):
        async with start([*SERVE_HERE, *options]) as program:
            url = (await program.ready()).url
            async with connect(url, "ana") as ana, connect(url, "ben") as ben:
                await ben.settle()
                await ana.say("offer", to="ben", sdp="v=0")
                refused = await ana.hear()
                assert (refused["code"], refused["to"]) == ("peer-unavailable", "ben")
                await meet(ana, ben)
                await ana.say("offer", to="ben", sdp="v=1")
                assert await ben.hear() == {"type": "offer", "from": "ana", "sdp": "v=1"}
            assert (await program.stop()).status == 0


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], ["close 1002 protocol-error", "eof"]),
        (["--transport", "native"], ["close 1002 protocol-error", "eof"]),
        (["--transport", "trio-websocket"], ["eof"]),
    ],
    ids=["by default", "native", "trio-websocket"],
)
async def test_transport(options: list[str], told: list[str]) -> None:
    """Users meet and talk whatever speaks WebSocket; which one it is shows where something is wrong."""
    async with start([*SERVE_HERE, *options]) as program:
        ready = await program.ready()
        async with connect(ready.url, "ana") as ana, connect(ready.url, "ben") as ben:
            await meet(ana, ben)
            for sender, target in ((ana, ben), (ben, ana)):
                await sender.say("offer", to=target.name, sdp="v=0" * 50_000)
                assert (await target.hear())["sdp"] == "v=0" * 50_000
        async with await trio.open_tcp_stream("127.0.0.1", ready.port) as stream:
            cleo = await shake_hands(stream, "/signal?userId=cleo")
            await cleo.send(frame(TEXT, b"{}", masked=False))
            assert await cleo.events() == told
        assert (await program.stop()).status == 0


async def test_seed_silent() -> None:
    """Nothing is said of what is wrong; what is right is answered, and in its turn."""
    async with start([*SERVE_HERE, "--seed-silent"]) as program:
        url = (await program.ready()).url
        async with connect(url, "ana") as ana:
            await ana.websocket.send_message("no JSON")
            await ana.say("are-you-there")
            await ana.say("matchmaking", matchSize=0)
            await ana.say("offer", to="ben")
            await ana.say("offer", to="ana", **{"from": "ben"})
            # The answer to this comes behind the answers to all of those.
            await meet(ana)
        assert (await program.stop()).status == 0
