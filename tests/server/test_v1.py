"""`focus-signal.v1` through the whole server, on both transports."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest
import trio
from attrs import evolve
from trio_websocket import ConnectionClosed

from focus_signal.access.keys import Keys
from focus_signal.access.session_tokens import SessionTokens
from focus_signal.core.tokens import SessionToken
from focus_signal.server.config import Config, TransportName
from focus_signal.server.serve import open_server
from focus_signal.server.server import Server
from tests.server.v1_peer import connected, opened

LOCAL = Config(host="127.0.0.1", port=0)
KEYS = Keys((b"the first secret of these tests, long enough",))
FOREIGN = Keys((b"the secret of another server, as long as that",))
ROOM = {"maxSize": 4}


@pytest.fixture(params=["native", "trio-websocket"])
def transport(request: pytest.FixtureRequest) -> TransportName:
    name: TransportName = request.param
    return name


@pytest.fixture
async def server(transport: TransportName) -> AsyncGenerator[Server]:
    async with open_server(evolve(LOCAL, transport=transport), keys=KEYS) as opened:
        yield opened


async def test_two_meet_and_relay(server: Server) -> None:
    async with connected(server.url, "ana") as ana, connected(server.url, "bo") as bo:
        assert ana.socket.subprotocol == "focus-signal.v1"
        welcome = await ana.get("welcome")
        assert (welcome["userId"], welcome["resumed"], welcome["seq"], welcome["lastId"]) == (
            "ana",
            False,
            0,
            0,
        )
        assert welcome["limits"]["grace"] == 30
        assert (await ana.ask("matchmaking", matchSize=2))["type"] == "ack"
        assert (await ana.get("queued"))["needed"] == 1
        assert (await bo.ask("matchmaking", matchSize=2))["type"] == "ack"
        found = await ana.get("room-found")
        assert (found["peers"], found["offerTo"]) == (["ana", "bo"], [])
        assert (await bo.get("room-found"))["offerTo"] == ["ana"]
        payload = '{"type":"offer","to":"ana","sdp":{ "v" : 1e999 },"id":7}'
        await bo.socket.send_message(payload)
        with trio.fail_after(5):
            frame = await ana.socket.get_message()
            while '"offer"' not in frame:
                frame = await ana.socket.get_message()
        assert str(frame).endswith(',"from":"bo","sdp":{ "v" : 1e999 }}')
        assert (await bo.get("ack"))["id"] == 7


async def test_a_user_without_a_name_gets_one(server: Server) -> None:
    async with connected(server.url, None) as one, connected(server.url, None) as other:
        names = [(await peer.get("welcome"))["userId"] for peer in (one, other)]
    assert len(set(names)) == 2
    assert all(names)


async def test_seed_and_v1_users_in_one_room(server: Server) -> None:
    async with connected(server.url, "ana") as ana, opened(f"{server.url}?userId=cy") as cy:
        assert cy.subprotocol is None
        await ana.ask("matchmaking", matchSize=2)
        await cy.send_message('{"type":"matchmaking","matchSize":2}')
        found = await ana.get("room-found")
        assert (found["peers"], found["offerTo"], found["seed"]) == (["ana", "cy"], ["cy"], ["cy"])
        with trio.fail_after(5):
            assert json.loads(await cy.get_message()) == {
                "type": "room-found",
                "roomId": found["roomId"],
                "peers": ["ana", "cy"],
            }
        assert (await ana.ask("offer", to="cy", sdp="x"))["type"] == "ack"
        with trio.fail_after(5):
            assert await cy.get_message() == '{"type":"offer","from":"ana","sdp":"x"}'
        await cy.send_message('{"type":"answer","to":"ana","from":"cy","sdp":"y"}')
        assert (await ana.get("answer"))["sdp"] == "y"
        refused = await ana.ask("signal", to="cy", data=1)
        assert (refused["code"], refused["to"]) == ("peer-unavailable", "cy")
        # Nobody takes the other's name, in either dialect.
        async with opened(f"{server.url}?userId=ana") as thief:
            with trio.fail_after(5), pytest.raises(ConnectionClosed) as closed:
                await thief.get_message()
            assert closed.value.reason is not None
            assert closed.value.reason.code == 4004
        async with connected(server.url, "cy") as thief_of_cy:
            assert await thief_of_cy.ended() == (4004, "id-in-use")
        await cy.aclose()
        assert (await ana.get("peer-away"))["peer"] == "cy"


async def test_a_session_is_resumed(server: Server) -> None:
    async with connected(server.url, "ana") as ana, connected(server.url, "bo") as bo:
        code = (await _room(ana))["code"]
        await bo.ask("room-join", code=code)
        await bo.get("room-found")
        await bo.get("session")
        token, seen = bo.token, bo.seq
        await ana.ask("offer", to="bo", sdp=1)
        # The first of them is seen, what is behind it is not.
        async with connected(server.url, None, f"{token}.{seen}") as again:
            welcome = await again.get("welcome")
            assert (welcome["userId"], welcome["resumed"], welcome["seq"]) == ("bo", True, seen)
            assert (await again.get("offer"))["seq"] == seen + 1
            assert await bo.ended() == (4501, "replaced")
            await again.get("session")
            assert (await again.ask("answer", to="ana", sdp=2))["type"] == "ack"
        assert (await ana.get("answer"))["sdp"] == 2


async def _room(peer: Any) -> dict[str, Any]:
    await peer.ask("room-create", **ROOM)
    found: dict[str, Any] = await peer.get("room-found")
    await peer.get("session")
    return found


async def test_who_closes_with_1000_is_gone_at_once(server: Server) -> None:
    async with connected(server.url, "ana") as ana:
        code = (await _room(ana))["code"]
        async with connected(server.url, "bo") as bo:
            await bo.ask("room-join", code=code)
            await bo.ask("ping")
        left = await ana.get("peer-left")
    assert (left["peer"], left["reason"]) == ("bo", "left")


async def test_who_is_cut_off_is_away(server: Server) -> None:
    async with connected(server.url, "ana") as ana:
        code = (await _room(ana))["code"]
        async with connected(server.url, "bo") as bo:
            await bo.ask("room-join", code=code)
            await bo.ask("cancel")
            await bo.socket.aclose(code=1001)
        away = await ana.get("peer-away")
    assert (away["peer"], away["grace"]) == ("bo", 30)


def _token(**changes: Any) -> SessionToken:
    usual: dict[str, Any] = {
        "session": "s",
        "generation": 1,
        "process": "p",
        "user": "ana",
        "issued": 1_000_000_000_000,
        "rev": 0,
    }
    return SessionToken(**{**usual, **changes})


NOW = 1_000_000_000.0
TOKENS = {
    "malformed": "never",
    "cut": SessionTokens(KEYS).seal(_token())[:-7],
    "forged": SessionTokens(KEYS).seal(_token())[:-4] + "AAAA",
    "foreign": SessionTokens(FOREIGN).seal(_token()),
    "old": SessionTokens(KEYS).seal(_token(issued=1_000_000_000_000 - 601_000)),
    "future": SessionTokens(KEYS).seal(_token(issued=1_000_000_000_000 + 61_000)),
    "of somebody else": SessionTokens(KEYS).seal(_token(user="bo")),
}
WHY = {
    "malformed": "malformed",
    "cut": "forged",
    "forged": "forged",
    "foreign": "forged",
    "old": "expired",
    "future": "future",
    "of somebody else": "wrong-user",
}


@pytest.mark.parametrize("which", TOKENS)
async def test_a_token_that_does_not_count_begins_a_new_session(which: str, transport: TransportName) -> None:
    config = evolve(LOCAL, transport=transport)
    async with (
        open_server(config, keys=KEYS, wall=lambda: NOW) as server,
        connected(server.url, "ana", f"{TOKENS[which]}.0") as ana,
    ):
        welcome = await ana.get("welcome")
        assert (welcome["resumed"], welcome["why"], welcome["state"]) == (False, WHY[which], {})
        assert (await ana.ask("matchmaking", matchSize=1))["type"] == "ack"


@pytest.mark.parametrize("offered", ["resume.x", "resume.x.-1", "resume..1", f"resume.x.{1 << 53}"])
async def test_what_names_no_session_begins_a_new_one(offered: str, server: Server) -> None:
    async with connected(server.url, "ana", None, offered) as ana:
        assert (await ana.get("welcome"))["why"] == "malformed"


async def test_more_was_seen_than_was_sent(server: Server) -> None:
    async with connected(server.url, "ana") as ana:
        await ana.get("session")
        await ana.ask("ping")
        async with connected(server.url, "ana", f"{ana.token}.99") as liar:
            assert await liar.ended() == (4500, "bad-request")
        # The session is what it was.
        assert (await ana.ask("matchmaking", matchSize=1))["type"] == "ack"


async def test_rooms_stand_again_after_a_restart(transport: TransportName) -> None:
    config = evolve(LOCAL, transport=transport)
    async with open_server(config, keys=KEYS) as before:  # noqa: SIM117 - the one ends before the other
        async with connected(before.url, "ana") as ana, connected(before.url, "bo") as bo:
            found = await _room(ana)
            await bo.ask("room-join", code=found["code"])
            await bo.get("session")
            await ana.get("peer-joined")
            await ana.get("session")
            before.cut()
            tokens = ana.token, bo.token
    async with (
        open_server(config, keys=KEYS) as after,
        connected(after.url, "bo", f"{tokens[1]}.3") as bo,
    ):
        welcome = await bo.get("welcome")
        room = welcome["state"]["room"]
        assert (welcome["resumed"], "lastId" in welcome, "why" in welcome) == (False, False, False)
        assert (room["roomId"], room["peers"], room["away"]) == (found["roomId"], ["ana", "bo"], ["ana"])
        refused = await bo.ask("room-join", code="ABCD1234")
        assert refused["code"] == "try-later"
        assert 0 < refused["retryAfter"] <= 60
        async with connected(after.url, "ana", f"{tokens[0]}.3") as ana:
            assert (await ana.get("welcome"))["state"]["room"]["offerTo"] == []
            back = await bo.get("peer-back")
            assert (back["peer"], back["resumed"]) == ("ana", False)
            assert (await bo.ask("offer", to="ana", sdp=1))["type"] == "ack"
            assert (await ana.get("offer"))["from"] == "bo"


async def test_a_drain_tells_everyone(server: Server) -> None:
    async with connected(server.url, "ana") as ana:
        await ana.ask("matchmaking", matchSize=2)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(server.drain, 5)
            assert (await ana.get("match-ended"))["reason"] == "draining"
            assert (await ana.get("going-away"))["reconnectIn"] >= 0
            assert await ana.ended() == (1012, "restart")
