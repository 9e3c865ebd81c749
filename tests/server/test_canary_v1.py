"""What a client of `focus-signal.v1` sends, or is given, comes out in no log, no close reason, no traceback.

Session tokens and room codes are secrets that the server makes; party codes, pools, user ids, payloads and
what the handshake offers are the client's.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from typing import Any

import pytest
import trio

from focus_signal import ServerFailed
from focus_signal.access.keys import Keys
from focus_signal.access.session_tokens import SessionTokens
from focus_signal.core.matchmaker import Matchmaker
from focus_signal.server import front_door
from focus_signal.server.connection import Connection
from focus_signal.server.front_door import Visitor
from focus_signal.server.welcome import Guest, Welcome
from focus_signal.wire.subprotocols import V1, V1Offer, offer_of
from focus_signal.wire.v1 import V1Dialect
from tests.server.canary import LEFT, PLAIN, Watch, holds_secret, watching
from tests.server.canary_house import WAYS, Way, open_house
from tests.server.canary_v1 import OFFERING, V1_FRAMES, V1House, leaked, secrets_in
from tests.server.hostile import frames
from tests.server.test_canary import EVERY_WAY, raising, raising_at

BOTH_WAYS = pytest.mark.parametrize("way", [way for way in WAYS if way != "mounted"])


@pytest.fixture
def watch(capfd: pytest.CaptureFixture[str]) -> Any:
    """Watch everything that is logged or written, and fail in the end if any of the secret was in it."""
    with watching() as watch:
        yield watch
        written = capfd.readouterr()
        watch.look_at("stdout", written.out)
        watch.look_at("stderr", written.err)
    assert not watch.leaks, "\n".join(watch.leaks)


@EVERY_WAY
async def test_nothing_of_an_offer_comes_out(way: Way, watch: Watch) -> None:
    async with open_house(way, watch) as house:
        for head in OFFERING.values():
            await house.ask(head)
    assert "ERROR" not in watch.levels()


@EVERY_WAY
async def test_nothing_of_a_conversation_comes_out(way: Way, watch: Watch) -> None:
    async with open_house(way, watch) as house:
        v1 = V1House(house)
        for said in V1_FRAMES.values():
            await v1.say(said)
    assert "ERROR" not in watch.levels()
    assert len(v1.tokens) >= 3 * len(V1_FRAMES)
    assert leaked(watch, v1) == []


# Planted faults: what is raised holds what came, or what was about to go out.

FAULTS: dict[str, tuple[object, str, str]] = {
    "decoder": (V1Dialect, "decode", "signal"),
    "offer": (front_door, "offer_of", "resume"),
    "token": (SessionTokens, "unseal", ""),
    "welcome": (Welcome, "of", "V1Offer"),
}


def _raising_function(marker: str) -> Callable[[Any], Any]:
    def maybe(values: Any) -> Any:
        listed = list(values)
        if marker in repr(listed):
            raise KeyError(repr(listed)) from ValueError(repr(listed))
        return offer_of(listed)

    return maybe


@BOTH_WAYS
@pytest.mark.parametrize("where", FAULTS)
async def test_a_fault_of_one_connection(
    where: str, way: Way, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, name, marker = FAULTS[where]
    bug: Any = _raising_function(marker)
    if where != "offer":
        bug = raising_at(getattr(owner, name), marker)
    async with open_house(way, watch) as house:
        v1 = V1House(house)
        if where == "decoder":
            one, other = await v1.pair()
            monkeypatch.setattr(owner, name, bug)
            await one.send(V1_FRAMES["signal"])
            assert (await one.events())[-2:] == ["close 1011 internal-error", "eof"]
            await other.part()
        else:
            monkeypatch.setattr(owner, name, bug)
            await house.ask(OFFERING["session and token"])
    assert "ERROR" in watch.levels()
    assert leaked(watch, v1) == []


@BOTH_WAYS
@pytest.mark.parametrize("where", ["matchmaker", "opening", "encoder", "seal"])
async def test_a_fault_of_the_owner(
    where: str, way: Way, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server ends by it, and what is raised to whoever embeds it holds nothing either."""
    owner, name, marker = {
        "matchmaker": (Matchmaker, "handle", "signal"),
        "opening": (Matchmaker, "handle", "SessionToken"),
        "encoder": (V1Dialect, "encode", "signal"),
        "seal": (SessionTokens, "seal", ""),
    }[where]
    houses: list[V1House] = []
    if where == "seal":  # by its name, which the server looks up once
        monkeypatch.setattr(owner, name, raising)
    with pytest.RaisesGroup(ServerFailed, allow_unwrapped=True, flatten_subgroups=True) as failed:
        async with open_house(way, watch) as house:
            houses.append(V1House(house))
            if where == "seal":
                await houses[0].enter(PLAIN)
            else:
                one, _ = await houses[0].pair()
                monkeypatch.setattr(owner, name, raising_at(getattr(owner, name), marker))
                if where == "opening":
                    await houses[0].enter(PLAIN, f"{V1}, resume.{one.token}.{one.seq}")
                else:
                    await one.send(V1_FRAMES["signal"])
            await trio.sleep_forever()
    watch.look_at("what is raised", "".join(traceback.format_exception(failed.value)))
    assert "ERROR" in watch.levels()
    assert leaked(watch, houses[0]) == []


# What is shown of a value that holds a secret.


def test_what_is_shown_of_an_offer() -> None:
    offer = offer_of([f"{V1}, resume.{PLAIN}.5, token.{PLAIN}"])
    assert isinstance(offer, V1Offer)
    assert (offer.resume, offer.token) == (PLAIN, PLAIN)
    keys = Keys((PLAIN.encode() * 2,))
    for shown in (
        offer,
        Visitor("ana", "key", b"", offer),
        Guest("ana", offer),
        keys,
        SessionTokens(keys),
        [offer, keys],
    ):
        assert not holds_secret(repr(shown)), type(shown)
        assert not holds_secret(str(shown)), type(shown)


# The watch itself: bugs that are planted are seen.

_run = Connection.run


async def _run_and_tell_outbox(connection: Connection) -> None:
    logging.getLogger("focus_signal").debug(
        "connection %d begins with %r", connection.number, connection._first
    )
    await _run(connection)


async def test_a_line_with_an_offer_in_it_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def tell(values: Any) -> Any:
        listed = list(values)
        logging.getLogger("focus_signal").info("somebody offers %s", listed)
        return offer_of(listed)

    monkeypatch.setattr(front_door, "offer_of", tell)
    with watching() as watch:
        async with open_house("native", watch) as house:
            await house.ask(OFFERING["session and token, nobody's"])
    assert watch.leaks


async def test_a_line_with_a_token_or_a_code_in_it_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    seal = SessionTokens.seal

    def seal_and_tell(tokens: SessionTokens, token: Any) -> str:
        text = seal(tokens, token)
        logging.getLogger("focus_signal").debug("a token ends with %s", text[-40:])
        return text

    monkeypatch.setattr(SessionTokens, "seal", seal_and_tell)
    with watching() as watch:
        async with open_house("native", watch) as house:
            v1 = V1House(house)
            await v1.say(V1_FRAMES["ready"])
        assert leaked(watch, v1)
        told = len(leaked(watch, v1))
        logging.getLogger("somebody").info("the code is %s", v1.codes[0])
        assert len(leaked(watch, v1)) == told + 1
    assert not any(LEFT in piece for token in v1.tokens for piece in secrets_in(token))


async def test_a_first_command_that_is_told_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Connection, "run", _run_and_tell_outbox)
    with watching() as watch:
        async with open_house("native", watch) as house:
            v1 = V1House(house)
            await v1.say(V1_FRAMES["ready"])
    assert watch.leaks
    assert leaked(watch, v1)


def test_frames_are_what_they_are_said_to_be() -> None:
    """Each holds the secret, or it would test nothing."""
    for name, said in V1_FRAMES.items():
        received = _unmasked(said)
        assert holds_secret(received.decode("latin-1")), name
    assert all(holds_secret(head.decode("latin-1")) for head in OFFERING.values())


def _unmasked(said: bytes) -> bytes:
    start = {126: 4, 127: 10}.get(said[1] & 0x7F, 2)
    return frames.mask(said[start + 4 :], said[start : start + 4])
