"""A relay is whole and its own, byte for byte, at every length at which the form of a frame changes."""

from __future__ import annotations

import json

import pytest
from attrs import evolve

from focus_signal.server.config import TransportName
from tests.server.hostile import frames, honest
from tests.server.hostile.frames import Received, text
from tests.server.hostile.living import living_server, quiet_on
from tests.server.hostile.peer import Peer
from tests.server.transports import BOTH

LARGEST = 262_144
DIGITS = "".join(map(str, range(60_000)))
BORDERS = (124, 125, 126, 127, 128, 4_096, 65_534, 65_535, 65_536, 65_537, LARGEST - 1, LARGEST)


def sized(size: int, **fields: str) -> bytes:
    """Write an offer of just so many bytes; what is in it differs from place to place."""
    bare = len(json.dumps({"type": "offer", **fields, "sdp": ""}, separators=(",", ":")))
    payload = DIGITS[: size - bare]
    content = json.dumps({"type": "offer", **fields, "sdp": payload}, separators=(",", ":")).encode()
    assert len(content) == size
    return content


async def check_relay(sender: Peer, names: tuple[str, str], receiver: Peer, size: int) -> None:
    """Send a message of one length, then one that is relayed in that length."""
    one, other = names
    assert len(one) == len(other)
    # "to" becomes "from", which is two letters more.
    for incoming in (size, size - 2):
        await sender.send(text(sized(incoming, to=other)))
        wanted = sized(incoming + 2, **{"from": one})
        assert await receiver.receive() == Received(frames.TEXT, wanted), f"of {incoming} bytes"


@BOTH
async def test_relays_of_every_form_of_length(
    transport: TransportName, caplog: pytest.LogCaptureFixture
) -> None:
    # All of it together is more than one user may send at once.
    config = evolve(quiet_on(transport), byte_rate=0)
    async with living_server(caplog, config) as living:
        pair = await honest.meet(living.dial_in)
        there, back = pair.names, pair.names[::-1]
        for size in BORDERS:
            await check_relay(pair.first, there, pair.second, size)
            await check_relay(pair.second, (back[0], back[1]), pair.first, size)
        await pair.relay()
        await pair.part()
