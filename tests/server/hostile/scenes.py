"""What takes time: deadlines that pass, too much at once, a peer that reads nothing, and how each is told.

Each scene is an `Input`. It takes as long as the server's own settings say, so tests play it against settings
of a few tenths of a second.
"""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable
from itertools import count

import trio

from tests.server.hostile import frames, honest
from tests.server.hostile.answers import read_all
from tests.server.hostile.frames import BINARY, TEXT, frame, text
from tests.server.hostile.handshake_table import head
from tests.server.hostile.inputs import Input, Outcome, compared, http_in_words, in_words
from tests.server.hostile.peer import Peer, event
from tests.server.hostile.reach import Reach

_NUMBERS = count(1)
_SMALL_WINDOW = 4096
_PACE = 0.02
_AT_ONCE = 40
_LARGE = "l" * 100_000


def _scene(name: str, wanted: str, play: Callable[[Reach], Awaitable[str]]) -> Input:
    async def compare(reach: Reach) -> Outcome:
        return compared(await play(reach), wanted)

    return Input(name, (wanted,), compare)


async def what_ends(stream: trio.SocketStream) -> str:
    """Read an HTTP answer, or tell how the stream ended without one."""
    try:
        return http_in_words(await read_all(stream))
    except trio.BrokenResourceError:
        return "no answer: the stream is reset"


async def _say_nothing(reach: Reach) -> str:
    return await what_ends(await reach.dial())


async def _stop_halfway(reach: Reach) -> str:
    stream = await reach.dial()
    await stream.send_all(b"GET /signal?userId=u HTTP/1.1\r\nHo")
    return (await what_ends(stream)).partition(" within ")[0]


async def _trickle(reach: Reach) -> str:
    """Send a byte of a rightful handshake now and then: progress is no excuse."""
    stream = await reach.dial()
    answer = ""
    async with trio.open_nursery() as nursery:

        async def drip() -> None:
            while True:
                await stream.send_all(b"x")
                await trio.sleep(_PACE)

        await stream.send_all(b"GET /signal?userId=u HTTP/1.1\r\nX: ")
        nursery.start_soon(drip)
        answer = await what_ends(stream)
        nursery.cancel_scope.cancel()
    return answer.partition(" within ")[0]


async def _ignore_pings(reach: Reach) -> str:
    peer = await reach.dial_in(f"mute-{next(_NUMBERS)}")
    peer.hears_pings = True
    return in_words(await peer.events())


async def _talk_behind_close(reach: Reach) -> str:
    """Go on sending behind the server's close frame, without answering it."""
    peer = await reach.dial_in(f"deaf-{next(_NUMBERS)}")
    peer.answers_close = False
    await peer.send(frame(BINARY))
    seen = await peer.events()
    message = text(b"a" * 1000)
    try:
        while True:
            await peer.stream.send_all(message)
            await trio.sleep(_PACE)
    except trio.BrokenResourceError:
        seen.append("reset")
    return in_words(seen)


async def _flood(reach: Reach) -> str:
    """Send more than is taken, up to the close frame; what is heard is told without how often."""
    peer = await reach.dial_in(f"flood-{next(_NUMBERS)}")
    peer.answers_close = False
    # It answers pings, so that it is closed for nothing but the flood.
    peer.hears_pings = True
    owed = bytearray()
    goodbye = "close 4003 flood"
    last = ""
    kinds: dict[str, None] = {}
    async with trio.open_nursery() as nursery:

        async def pour() -> None:
            while last not in {goodbye, "eof", "reset"}:
                pongs = bytes(owed)
                owed.clear()
                await peer.send(text("{}") * _AT_ONCE + pongs)
                await trio.sleep(_PACE)

        nursery.start_soon(pour)
        while last not in {goodbye, "eof", "reset"}:
            received = await peer.receive()
            if isinstance(received, frames.Received) and received.opcode == frames.PING:
                owed += frame(frames.PONG, received.payload)
            else:
                last = event(received)
                kinds[last] = None
    if last == goodbye:
        await peer.send(frames.close(4003))
        kinds.update(dict.fromkeys(await peer.events()))
    return in_words(list(kinds))


async def _narrow(reach: Reach, user: str) -> Peer:
    """Connect somebody whose side of the stream holds next to nothing."""
    raw = trio.socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_WINDOW)
    await raw.connect(("127.0.0.1", reach.port))
    stream = trio.SocketStream(raw)
    reach.keep(stream)
    await stream.send_all(head(f"GET /signal?userId={user} HTTP/1.1"))
    return await reach.finish(stream)


async def _room_with_a_mute(reach: Reach) -> tuple[Peer, Peer, str]:
    """Make a room of two; the second, who is named, reads nothing of what comes from now on."""
    number = next(_NUMBERS)
    one, other = f"speaker-{number}", f"sleeper-{number}"
    first, second = await reach.dial_in(one), await _narrow(reach, other)
    async with honest.MEETING:
        await first.say({"type": "matchmaking", "matchSize": 2})
        # A refusal answers in turn, so the second peer asks only once the first one is waiting.
        await first.say({"type": "are-you-there"})
        assert (await first.hear())["code"] == "unknown-type"
        await second.say({"type": "matchmaking", "matchSize": 2})
        found = [await each.hear() for each in (first, second)]
    assert [each["peers"] for each in found] == [[one, other]] * 2
    return first, second, other


async def _overflow(reach: Reach, *, wakes: bool) -> str:
    """Send a peer that reads nothing more than may wait for it; its room is told at once."""
    speaker, sleeper, name = await _room_with_a_mute(reach)
    told, taken = "", -1
    while told != "error peer-unavailable":
        taken += 1
        await speaker.say({"type": "offer", "to": name, "sdp": _LARGE})
        # Answered in its turn, so that no more is sent than the server has dealt with.
        await speaker.say({"type": "and-now"})
        told = event(await speaker.receive())
        if told == "error peer-unavailable":
            assert event(await speaker.receive()) == "error unknown-type"
    assert taken, "not a single message was taken for a peer that is there"
    if wakes:
        seen = await sleeper.events()
    else:
        # Read nothing for as long as the close deadline: what tells that it is over is the reset of a write.
        seen = await _written_until_reset(sleeper)
    return in_words([f"sender: {told}", *dict.fromkeys(seen)])


async def _written_until_reset(peer: Peer) -> list[str]:
    try:
        while True:
            await peer.stream.send_all(frame(frames.PONG))
            await trio.sleep(_PACE)
    except trio.BrokenResourceError:
        return ["reset"]


async def _stall(reach: Reach) -> str:
    """Take nothing of a message that is on its way; it is little enough to wait."""
    speaker, sleeper, name = await _room_with_a_mute(reach)
    for _ in range(3):
        await speaker.say({"type": "offer", "to": name, "sdp": _LARGE})
    seen = await _written_until_reset(sleeper)
    await speaker.say({"type": "offer", "to": name, "sdp": 0})
    return in_words([*seen, f"sender: {event(await speaker.receive())}"])


async def _beyond_all_numbers(reach: Reach) -> str:
    """Send 1e999 within a payload to somebody who is there: it is JSON, and arrives as it was sent."""
    pair = await honest.meet(reach.dial_in)
    await pair.first.send(text(f'{{"type":"offer","to":"{pair.names[1]}","sdp":{{"n":1e999,"m":-1E+400}}}}'))
    received = await pair.second.receive()
    assert not isinstance(received, str)
    assert received.opcode == TEXT
    await pair.part()
    arrived = b'"sdp":{"n":1e999,"m":-1E+400}' in received.payload
    return "passed on as it was sent" if arrived else f"passed on as {received.payload!r}"


PASSED = (
    _scene("1e999 in a payload, to a peer that is there", "passed on as it was sent", _beyond_all_numbers),
)

_LATE = "408 No complete request head came"
DEADLINES = (
    _scene("no byte at all", "no answer: the stream ends", _say_nothing),
    _scene("half a head, and no more", _LATE, _stop_halfway),
    _scene("a head that comes a byte now and then", _LATE, _trickle),
    _scene("a peer that answers no ping", "ping, closed with 4002 no-pong", _ignore_pings),
    _scene(
        "a peer that talks on behind our close frame",
        "closed with 1003 text-only, the stream ends, the stream is reset",
        _talk_behind_close,
    ),
    _scene(
        "messages without end, more than are taken",
        "error bad-message, error rate-limited, closed with 4003 flood",
        _flood,
    ),
    _scene(
        "a peer that takes nothing of what it is sent",
        "the stream is reset, sender: error peer-unavailable",
        _stall,
    ),
)


async def _overflow_and_wake(reach: Reach) -> str:
    return await _overflow(reach, wakes=True)


async def _overflow_and_sleep(reach: Reach) -> str:
    return await _overflow(reach, wakes=False)


OVERFLOWS = (
    _scene(
        "more than may wait for a peer, which then reads",
        "sender: error peer-unavailable, offer, closed with 4001 too-slow",
        _overflow_and_wake,
    ),
    _scene(
        "more than may wait for a peer, which never reads",
        "sender: error peer-unavailable, the stream is reset",
        _overflow_and_sleep,
    ),
)
