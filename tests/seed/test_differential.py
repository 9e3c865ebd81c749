"""This server answers every conversation as the seed did, but for the differences declared beside it.

It does so with either of its transports.

What the seed did is recorded, so that neither the seed nor Deno is needed here. Nothing waits for time: after
each act every connection sends a *fence*, a message of which it is known that it is answered. A connection's
messages are carried out in order and what is sent to it keeps its order, so with the answer all that the act
caused has come in.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import count
from urllib.parse import parse_qs

import pytest
import trio

from focus_signal import Config, Server, open_server
from focus_signal.server.config import TransportName
from tests.seed.catalogue import CONVERSATIONS
from tests.seed.compare import compare, deviations
from tests.seed.model import Conversation, Step, Why
from tests.seed.player import Client, Settle, play
from tests.seed.transcript import TRANSCRIPTS, Record, read
from tests.server.transports import BOTH

RECORDED = read(TRANSCRIPTS)
PARAMETERS = [pytest.param(each, id=each.name) for each in CONVERSATIONS]


def settled_by_errors(server: Server) -> Settle:
    """Fence with a relay to a user that there is not, which is answered by an error with its name."""
    numbers = count(1)

    async def settle(clients: list[Client]) -> None:
        for client in clients:
            name = f"fence {next(numbers)}"
            is_answer = _has(type="error", code="peer-unavailable", to=name)
            await client.answers(json.dumps({"type": "offer", "to": name}), is_answer)
        await _agree_on_connections(server, clients)

    return settle


def settled_by_echoes(server: Server) -> Settle:
    """Fence with a relay to oneself: for a server that sends no errors and relays to anybody."""
    numbers = count(1)

    async def settle(clients: list[Client]) -> None:
        for client in clients:
            name = f"fence {next(numbers)}"
            user = parse_qs(client.query).get("userId", [""])[0]
            await client.answers(
                json.dumps({"type": "offer", "to": user, "sdp": name}), _has(type="offer", sdp=name)
            )
        await _agree_on_connections(server, clients)

    return settle


async def _agree_on_connections(server: Server, clients: list[Client]) -> None:
    """Wait until the server, too, knows of no connection but those that stand."""
    while server.statistics().connections != sum(client.is_open for client in clients):
        # There is no event for it on this side of the sockets; play() bounds the wait.
        await trio.lowlevel.checkpoint()


def _has(**fields: str) -> Callable[[str], bool]:
    """Tell of a frame whether it has these fields."""
    # Numbers stay text: what comes before the frame that is looked for may hold one too long for Python.
    return lambda frame: fields.items() <= json.loads(frame, parse_int=str).items()


@BOTH
@pytest.mark.parametrize("conversation", PARAMETERS)
async def test_answers_as_the_seed_did_but_for_what_is_declared(
    conversation: Conversation, transport: TransportName
) -> None:
    async with open_server(Config(host="127.0.0.1", port=0, transport=transport)) as server:
        played = await play(conversation, server.port, settled_by_errors(server))
    assert compare(conversation, RECORDED[conversation.name], played) == []


@pytest.mark.parametrize("conversation", PARAMETERS)
async def test_set_as_near_to_the_seed_as_it_goes(conversation: Conversation) -> None:
    config = Config(host="127.0.0.1", port=0, relay_scope="any", seed_silent=True)
    async with open_server(config) as server:
        played = await play(conversation, server.port, settled_by_echoes(server))
    recorded = RECORDED[conversation.name]
    wanted = tuple(map(_nearest, conversation.steps, recorded))
    assert deviations(wanted, played) == []


def _nearest(step: Step, record: Record) -> Record:
    """Return what a step gives where everybody is reached as with the seed, and where no errors are sent."""
    if step.difference is None or step.difference.why in (Why.ROOM_ONLY, Why.ONE_ROOM):
        return record
    silent = {
        who: [line for line in lines if not line.startswith('text {"type":"error"')]
        for who, lines in step.difference.lines.items()
    }
    return Record.of(step, {**record.got, **silent})


def test_every_conversation_is_recorded_and_every_recording_is_played() -> None:
    assert sorted(RECORDED) == sorted(conversation.name for conversation in CONVERSATIONS)
