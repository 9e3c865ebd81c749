"""No room: a server that is full, too many handshakes at once, a server that is draining."""

from __future__ import annotations

import contextlib
from itertools import count

import trio

from tests.server.hostile.answers import Wanted
from tests.server.hostile.handshake_precedence import FORBIDDEN, ORIGINS
from tests.server.hostile.handshake_table import head, plain
from tests.server.hostile.inputs import Input, Outcome, ask, compared, pieces
from tests.server.hostile.reach import Reach
from tests.server.hostile.scenes import what_ends

_NUMBERS = count(1)
_LARGEST_CROWD = 120
_LATER = {"Retry-After": "1"}
NOT_NOW = Wanted(503, "The server is full.", _LATER)
DRAINING = Wanted(503, "draining", _LATER)
TOO_MANY = Wanted(429, "Too many connections come from this address.", _LATER)


def full_house() -> tuple[Input, ...]:
    """Make the inputs to a server that is full."""
    return crowded(
        NOT_NOW,
        ("a rightful handshake", head(), NOT_NOW),
        ("a handshake without a userId", head("GET /signal HTTP/1.1"), NOT_NOW),
        ("/readyz", plain("GET /readyz HTTP/1.1"), NOT_NOW),
        ("/healthz", plain("GET /healthz HTTP/1.1"), Wanted(200, "ok")),
        ("a page of an origin that is not allowed", ORIGINS[0].sent, FORBIDDEN),
        ("a bad handshake", head(without=["Host"]), Wanted(400, "not 0 times.")),
    )


def crowded(why: Wanted, *rows: tuple[str, bytes, Wanted]) -> tuple[Input, ...]:
    """Make inputs behind a crowd: the first of them brings it, the last one lets everybody go.

    Args:
      why: what the first gets who is not let in any more.
      rows: each input's name, its bytes, and what it should get.
    """
    crowd: list[Reach] = []

    def made_of(name: str, sent: bytes, wanted: Wanted) -> Input:
        async def play(reach: Reach) -> Outcome:
            if not crowd:
                crowd.append(Reach(reach.port))
            try:
                if name == rows[0][0]:
                    await fill(crowd[0], why)
                return await ask(reach, sent, wanted)
            finally:
                if name == rows[-1][0]:
                    crowd.pop().hang_up()

        return Input(name, pieces(wanted), play)

    return tuple(made_of(*row) for row in rows)


async def fill(reach: Reach, wanted: Wanted) -> int:
    """Connect until nobody more is let in, for the reason that is wanted; tell how many were."""
    for connected in range(_LARGEST_CROWD):
        stream = await reach.dial()
        await stream.send_all(head(f"GET /signal?userId=crowd-{next(_NUMBERS)} HTTP/1.1"))
        first = await stream.receive_some(12)
        if first != b"HTTP/1.1 101":
            assert first == f"HTTP/1.1 {wanted.status}".encode(), f"{first!r} came to the first too many"
            return connected
    raise AssertionError(f"{_LARGEST_CROWD} are let in")


def crowd_of(pending: int) -> Input:
    """Make a crowd of one more handshake that is not over than there may be: the oldest is cut."""
    wanted = "the oldest: the stream is reset; an honest one is served, the others are answered"

    async def play(reach: Reach) -> Outcome:
        crowd = [await _begin_request(reach)]
        # Once this is answered the one before it has its place, and is the oldest.
        assert (await ask(reach, plain("GET /healthz HTTP/1.1"), Wanted(200, "ok"))).faults == []
        crowd += [await _begin_request(reach) for _ in range(pending)]
        end = (await what_ends(crowd[0])).removeprefix("no answer: ")
        visitor = await reach.dial_in(f"visitor-{next(_NUMBERS)}")
        await visitor.part()
        answers: list[str] = []
        for stream in crowd[1:]:
            with contextlib.suppress(trio.BrokenResourceError):  # how it ended is read
                await stream.send_all(b"TP/1.1\r\nHost: a\r\n\r\n")
            answers.append(await what_ends(stream))
        # The visitor may have needed a place as well, if it was looked at before its request had come.
        cut = [answer for answer in answers if answer != "200 ok"]
        if len(cut) <= 1 and all(answer.startswith("no answer") for answer in cut):
            rest = "an honest one is served, the others are answered"
        else:
            rest = f"the others: {answers}"
        return compared(f"the oldest: {end}; {rest}", wanted)

    return Input(f"{pending + 1} handshakes that are not over, where {pending} may be", (wanted,), play)


async def _begin_request(reach: Reach) -> trio.SocketStream:
    stream = await reach.dial()
    await stream.send_all(b"GET /healthz HT")
    return stream


def _while_draining(name: str, sent: bytes, wanted: Wanted) -> Input:
    async def play(reach: Reach) -> Outcome:
        return await ask(reach, sent, wanted)

    return Input(name, pieces(wanted), play)


# For a server that is draining.
WHILE_DRAINING = (
    _while_draining("a rightful handshake", head(), DRAINING),
    _while_draining("a handshake without a userId", head("GET /signal HTTP/1.1"), DRAINING),
    _while_draining("/readyz", plain("GET /readyz HTTP/1.1"), DRAINING),
    _while_draining("HEAD /readyz", plain("HEAD /readyz HTTP/1.1"), Wanted(503, "", _LATER, head_only=True)),
    _while_draining("/healthz", plain("GET /healthz HTTP/1.1"), Wanted(200, "ok")),
    _while_draining("a bad handshake", head(without=["Host"]), Wanted(400, "not 0 times.")),
    _while_draining("nowhere", plain("GET /nowhere HTTP/1.1"), Wanted(404, "Not Found")),
)
