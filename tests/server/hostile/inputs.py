"""Any hostile input of any table as one thing: a name, what is wanted, and how it is played.

Played, it gives the answer that came, in words, and in what that is not what was wanted.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from itertools import count, groupby

import trio
from attrs import frozen

from focus_signal.server.config import TransportName
from tests.server.hostile.answers import Wanted, faults, read_all
from tests.server.hostile.courtesies import LEAVING
from tests.server.hostile.first_words import JOIN, WITHOUT_A_NAME
from tests.server.hostile.frame_row import Events, FrameRow
from tests.server.hostile.handshake_table import BadHandshake
from tests.server.hostile.peer import reset
from tests.server.hostile.reach import Reach

_STRANGERS = count(1)
_ALWAYS_THERE = {"Content-Type", "Content-Length", "Connection"}
_LONGEST_PONG = 20


@frozen
class Outcome:
    """Be what came of an input: the answer in words, and what is wrong with it."""

    answer: str
    faults: Sequence[str] = ()


@frozen
class Input:
    """Be one input.

    Args:
      name: the input in words.
      wanted: what has to stand in its answer: the first at the beginning; one alone is all of it.
      play: brings it to a server.
    """

    name: str
    wanted: tuple[str, ...]
    play: Callable[[Reach], Awaitable[Outcome]]

    def admits(self, answer: str) -> bool:
        """Tell whether an answer in words is a wanted one."""
        if len(self.wanted) == 1:
            return answer == self.wanted[0]
        return answer.startswith(self.wanted[0]) and all(part in answer for part in self.wanted)


async def bring(each: Input, reach: Reach, seconds: float) -> Outcome:
    """Bring an input to a server, and hang up; whatever goes wrong with it is among the faults."""
    outcome = Outcome("nothing more came", [f"nothing more came for {seconds:g} seconds"])
    try:
        with trio.move_on_after(seconds):
            outcome = await each.play(reach)
    except Exception as error:  # noqa: BLE001 - each input is told about by its own name
        outcome = Outcome("it could not be played to its end", [f"{type(error).__name__}: {_inner(error)}"])
    finally:
        reach.hang_up()
    return outcome


def _inner(error: BaseException) -> str:
    if isinstance(error, BaseExceptionGroup):
        return ", ".join(f"{type(each).__name__}: {_inner(each)}" for each in error.exceptions)
    return str(error)


def compared(came: str, wanted: str) -> Outcome:
    """Make the outcome of words that have to be those that are wanted."""
    return Outcome(came, () if came == wanted else (f"{came!r} came, not {wanted!r}",))


def in_words(events: Sequence[str]) -> str:
    """Say what came of a connection."""
    words: list[str] = []
    for event, same in groupby(events):
        times = len(list(same))
        words.append(_word(event) + (f" ({times:,} times)" if times > 1 else ""))
    if len(words) > 1 and words[-2].startswith("closed ") and words[-1] == "the stream ends":
        words.pop()
    return ", ".join(words) or "nothing: the peer is gone"


def _word(event: str) -> str:
    kind, _, rest = event.partition(" ")
    match kind:
        case "close":
            return f"closed with {rest}" if rest else "closed without a code"
        case "pong" if len(rest) > _LONGEST_PONG:
            return f"a pong of {len(rest)} bytes"
        case "eof":
            return "the stream ends"
        case "reset":
            return "the stream is reset"
        case _:
            return event


def http_in_words(answer: bytes) -> str:
    """Say what an HTTP answer says: the status, the body, and the header fields that not every one has."""
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        return f"no HTTP answer, but {answer[:40]!r}" if answer else "no answer: the stream ends"
    line, *lines = head.decode("latin-1").split("\r\n")
    fields = [each for each in lines if each.partition(":")[0] not in _ALWAYS_THERE]
    text = body.decode("latin-1") or "without a body"
    return " ".join([line.partition(" ")[2].partition(" ")[0], text, *(f"({each})" for each in fields)])


def pieces(wanted: Wanted) -> tuple[str, ...]:
    """List what has to stand in the words for an HTTP answer."""
    fields = [f"({name}: {value})" for name, value in wanted.headers.items()]
    return f"{wanted.status} ", "without a body" if wanted.head_only else wanted.says, *fields


async def ask(
    reach: Reach, sent: bytes, wanted: Wanted, *, end: bool = False, reads_late: bool = False
) -> Outcome:
    """Send a request and read the whole answer.

    Args:
      reach: the server.
      sent: the request.
      wanted: what it should get.
      end: say behind it that no more is sent.
      reads_late: read only once all of it is sent, not meanwhile.
    """
    async with await reach.dial() as stream:
        if reads_late:
            await stream.send_all(sent)
            answer = await read_all(stream)
        else:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_send, stream, sent, end)
                answer = await read_all(stream)
    return Outcome(http_in_words(answer), faults(answer, wanted))


async def _send(stream: trio.SocketStream, sent: bytes, end: bool) -> None:
    await stream.send_all(sent)
    if end:
        await stream.send_eof()


def http_input(row: BadHandshake, note: str = "", *, end: bool = False, reads_late: bool = False) -> Input:
    """Make an input of a request that gets an HTTP answer."""

    async def play(reach: Reach) -> Outcome:
        return await ask(reach, row.sent, row.wanted, end=end, reads_late=reads_late)

    return Input(row.name + note, pieces(row.wanted), play)


def welcome_input(name: str, sent: bytes, user: str | None = None) -> Input:
    """Make an input of a handshake that is right all the same, in the name of a user."""
    wanted = "101, and it is served"

    async def play(reach: Reach) -> Outcome:
        stream = await reach.dial()
        await stream.send_all(sent)
        peer = await reach.finish(stream)
        # The name shows in a room of one.
        await peer.say({"type": "matchmaking", "matchSize": 1})
        found = await peer.hear()
        await peer.part()
        if user is None or found["peers"] == [user]:
            return Outcome(wanted)
        return Outcome("101, in another name", [f"the user is {found['peers']}, not {user!r}"])

    return Input(name, (wanted,), play)


def nameless_input(query: str) -> Input:
    """Make an input of a handshake that names no user."""
    wanted = in_words(WITHOUT_A_NAME)

    async def play(reach: Reach) -> Outcome:
        peer = await reach.shake_hands(f"/signal{query}")
        return compared(in_words(await peer.events()), wanted)

    return Input(f"/signal{query}", (wanted,), play)


def early_input(name: str, sent: bytes, wanted: Events, *, answers: bool) -> Input:
    """Make an input of frames that come along with the handshake, the last of which ends it."""

    async def play(reach: Reach) -> Outcome:
        peer = await reach.dial_in(f"early-{next(_STRANGERS)}", behind=sent)
        peer.answers_close = answers
        return compared(in_words(await peer.events()), in_words(wanted))

    return Input(name, (in_words(wanted),), play)


def frame_input(row: FrameRow, transport: TransportName = "native") -> Input:
    """Make an input of frames behind a handshake."""
    due = row.on(transport)

    async def play(reach: Reach) -> Outcome:
        seen = await play_frames(reach, row, keeps="kept" in due)
        right = seen == list(due)
        return Outcome(in_words(seen), () if right else (f"{_short(seen)} came, not {_short(due)}",))

    return Input(row.name, (in_words(due),), play)


async def play_frames(reach: Reach, row: FrameRow, *, keeps: bool) -> list[str]:
    """Send a row's bytes and list what comes."""
    peer = await reach.dial_in(f"stranger-{next(_STRANGERS)}")
    # Who has closed already, or ended the stream, answers no close frame.
    peer.answers_close = row not in LEAVING and not row.ending
    await peer.send(row.sent)
    stream = peer.stream
    assert isinstance(stream, trio.SocketStream)
    if row.ending == "reset":
        reset(stream)
        return []
    if row.ending == "fin":
        await stream.send_eof()
    if not keeps:
        return await peer.events()
    # Its answer comes behind all that is still due, so it shows that nothing more is.
    await peer.send(JOIN)
    seen = await peer.events(until="room-found")
    return seen if seen[-1:] in (["eof"], ["reset"]) else [*seen, "kept"]


def _short(events: object) -> str:
    shown = str(events)
    return shown if len(shown) < 300 else f"{shown[:300]}..."
