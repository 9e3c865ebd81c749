"""What is wrong on a `focus-signal.v1` connection gets its answer; an honest pair beside it loses nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from attrs import evolve

from focus_signal.access.session_tokens import SessionTokens
from focus_signal.core.arrivals import Arrivals
from focus_signal.core.commands import Numbered
from focus_signal.server import front_door
from focus_signal.server.config import TransportName
from focus_signal.wire import v1
from focus_signal.wire.subprotocols import V1Offer
from focus_signal.wire.v1_reading import read_with_care
from tests.server.hostile.frames import text
from tests.server.hostile.inputs import Input, Outcome, bring
from tests.server.hostile.living import Living, check_inputs, living_server, quiet_on
from tests.server.hostile.reach import Reach
from tests.server.hostile.v1_frames import V1_ROWS
from tests.server.hostile.v1_honest import meet_v1
from tests.server.hostile.v1_offers import HANDSHAKES, SESSIONS, v1_frame_input
from tests.server.hostile.v1_peer import dial_v1
from tests.server.transports import BOTH


async def _check(living: Living, inputs: Sequence[Input]) -> None:
    """Bring every input, with a message each way of an honest pair between each two."""
    beside = Living(living.server)
    pair = await meet_v1(beside)

    def with_pair(each: Input) -> Input:
        async def play(reach: Reach) -> Outcome:
            outcome = await each.play(reach)
            await pair.relay()
            return outcome

        return Input(each.name, each.wanted, play)

    await check_inputs(living, [with_pair(each) for each in inputs])
    assert pair.relayed >= 2 * len(inputs)
    await pair.part()
    beside.hang_up()


@BOTH
async def test_every_offer_gets_its_answer(
    transport: TransportName, caplog: pytest.LogCaptureFixture
) -> None:
    async with living_server(caplog, quiet_on(transport)) as living:
        await _check(living, HANDSHAKES)


@BOTH
async def test_sessions_that_are_not_to_be_had(
    transport: TransportName, caplog: pytest.LogCaptureFixture
) -> None:
    async with living_server(caplog, quiet_on(transport)) as living:
        await _check(living, SESSIONS)


@BOTH
async def test_every_frame_gets_what_is_listed(
    transport: TransportName, caplog: pytest.LogCaptureFixture
) -> None:
    async with living_server(caplog, quiet_on(transport)) as living:
        await _check(living, [v1_frame_input(row, transport) for row in V1_ROWS])


@BOTH
async def test_each_dropped_message_is_told_by_its_number(
    transport: TransportName, caplog: pytest.LogCaptureFixture
) -> None:
    """Whether it could be read or not; what was taken is answered, and nothing twice."""
    # The honest pair and this one have a burst each.
    config = evolve(quiet_on(transport), message_rate=1, message_burst=200)
    async with living_server(caplog, config) as living:
        pair = await meet_v1(living)
        peer = await dial_v1(living, "flood")
        await peer.begin()
        said = [f'{{"type":"cancel","id":{number}}}' for number in range(1, 401)]
        said[300], said[301] = '{"type":"cancel","id":301', '{"type":[],"id":302}'
        await peer.send(b"".join(map(text, said)))
        errors = [await peer.hear() for _ in said]
        assert {error["type"] for error in errors} == {"error"}
        dropped = [error for error in errors if error["code"] == "rate-limited"]
        assert 150 <= len(dropped) <= 200
        assert all(error["retryAfter"] >= 1 for error in dropped)
        assert [error.get("id") for error in errors] == [*range(1, 301), None, *range(302, 401)]
        assert [error["seq"] for error in errors] == list(range(2, 402))
        await pair.relay(3)
        await pair.part()
        await peer.part()


# What must be caught.


def _without_numbers(*args: Any) -> Any:
    command = read_with_care(*args)
    return command.request if isinstance(command, Numbered) else command


def _takes_any_token(*_: object) -> None:
    """Judge no token."""


def _takes_the_first(_: object) -> V1Offer:
    return V1Offer("x", 5)


def _is_malformed(*_: object) -> str:
    return "malformed"


@pytest.mark.parametrize(
    ("owner", "name", "bug", "shows"),
    [
        (v1, "read_with_care", _without_numbers, "no type"),
        (front_door, "offer_of", _takes_the_first, "the protocol alone"),
        (SessionTokens, "unseal", _is_malformed, "a token with a letter changed"),
        (Arrivals, "_judge", _takes_any_token, "a token that a newer one has replaced"),
    ],
)
async def test_a_bug_shows(
    owner: object,
    name: str,
    bug: object,
    shows: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inputs = (*HANDSHAKES, *SESSIONS, *map(v1_frame_input, V1_ROWS))
    [played] = [each for each in inputs if each.name == shows]
    async with living_server(caplog) as living:
        assert not (await bring(played, living, 10)).faults
        with monkeypatch.context() as planting:
            planting.setattr(owner, name, bug)
            assert (await bring(played, living, 1)).faults


async def test_a_message_that_the_honest_pair_loses_shows(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with living_server(caplog) as living:
        pair = await meet_v1(living)
        await pair.relay()
        with monkeypatch.context() as planting:
            planting.setattr(v1.V1Dialect, "encode", lambda *_: b'{"type":"ack","seq":0,"id":0}')
            with pytest.raises(AssertionError):
                await pair.relay()
