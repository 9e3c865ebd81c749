"""What two ends of a connection may do to each other; each script runs on real sockets and on simulated ones.

A script notes what it gets. Where it has to wait for something that no read can tell it, it tries again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import trio
from trio.testing import wait_all_tasks_blocked

from focus_signal.server.link import Link

Notes = list[object]
Pause = Callable[[], Awaitable[None]]
Script = Callable[[Link, Link, Pause], Awaitable[Notes]]


async def note(attempt: Awaitable[object]) -> object:
    """Give what was got, or the name of what was raised."""
    try:
        return await attempt
    except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
        return type(error).__name__


async def read(link: Link, times: int) -> Notes:
    return [await note(link.receive_some(100)) for _ in range(times)]


async def send_until_broken(link: Link, pause: Pause) -> object:
    """Tell how sending ended; how often it went well depends on the latency."""
    while (last := await note(link.send_all(b"x"))) is None:
        await pause()
    return last


async def half_close(one: Link, other: Link, pause: Pause) -> Notes:
    await one.send_all(b"last")
    await one.send_eof()
    notes = await read(other, 2)
    await other.send_all(b"more")
    notes += await read(one, 1)
    notes += [await note(one.send_all(b"x")), await note(one.send_eof())]
    await other.aclose()
    return notes + await read(one, 2)


async def close(one: Link, other: Link, pause: Pause) -> Notes:
    await other.send_all(b"bye")
    await other.aclose()
    return await read(one, 3) + await read(other, 1) + [await note(other.send_all(b""))]


async def close_over_unread_input(one: Link, other: Link, pause: Pause) -> Notes:
    await one.send_all(b"unread")
    notes = [await other.receive_some(1)]
    await other.send_all(b"answer")
    await other.aclose()
    return notes + await read(one, 2) + [await send_until_broken(one, pause), one.peer_address]


async def close_over_unread_input_and_its_end(one: Link, other: Link, pause: Pause) -> Notes:
    await one.send_all(b"unread")
    await one.send_eof()
    notes = [await other.receive_some(1)]
    await other.aclose()
    return notes + await read(one, 1)


async def send_to_a_closed_end(one: Link, other: Link, pause: Pause) -> Notes:
    await other.send_all(b"bye")
    await other.aclose()
    notes = await read(one, 2)
    notes += [await note(one.send_all(b"x")), await send_until_broken(one, pause)]
    return notes + await read(one, 1) + [await note(one.send_eof()), await note(one.wait_writable())]


async def send_to_an_end_that_closes_unseen(one: Link, other: Link, pause: Pause) -> Notes:
    await other.send_all(b"bye")
    await other.aclose()
    return [await note(one.send_all(b"x")), await send_until_broken(one, pause), *await read(one, 2)]


async def abort(one: Link, other: Link, pause: Pause) -> Notes:
    await other.send_all(b"bye")
    await other.abort()
    notes = [*await read(one, 2), await send_until_broken(one, pause)]
    return [*notes, await note(one.send_eof()), one.peer_address, *await read(other, 1)]


async def abort_after_the_end(one: Link, other: Link, pause: Pause) -> Notes:
    await other.send_all(b"bye")
    await other.send_eof()
    notes = await read(one, 1)
    await other.abort()
    return [*notes, *await read(one, 2), await send_until_broken(one, pause)]


async def abort_after_the_peers_end(one: Link, other: Link, pause: Pause) -> Notes:
    await one.send_eof()
    notes = await read(other, 1)
    await other.abort()
    return notes + await read(one, 1) + [await note(one.send_eof())]


async def abort_while_the_peer_reads(one: Link, other: Link, pause: Pause) -> Notes:
    return await while_reading(one, other.abort)


async def abort_while_the_peer_writes(one: Link, other: Link, pause: Pause) -> Notes:
    return await while_writing(one, other, other.abort)


async def close_while_the_peer_reads(one: Link, other: Link, pause: Pause) -> Notes:
    return await while_reading(one, other.aclose)


async def close_while_the_peer_writes(one: Link, other: Link, pause: Pause) -> Notes:
    """What the one has sent is unread, so that this is a reset as well."""
    return await while_writing(one, other, other.aclose)


async def abort_while_reading_here(one: Link, other: Link, pause: Pause) -> Notes:
    return await while_reading(one, one.abort)


async def abort_while_writing_here(one: Link, other: Link, pause: Pause) -> Notes:
    return await while_writing(one, other, one.abort)


async def close_while_reading_here(one: Link, other: Link, pause: Pause) -> Notes:
    return await while_reading(one, one.aclose)


async def close_while_writing_here(one: Link, other: Link, pause: Pause) -> Notes:
    return await while_writing(one, other, one.aclose)


async def while_reading(link: Link, act: Callable[[], Awaitable[None]]) -> Notes:
    return await meanwhile(link.receive_some(), act)


async def while_writing(link: Link, other: Link, act: Callable[[], Awaitable[None]]) -> Notes:
    """Clog it first; the other end has then something to read."""
    while link.send_nowait(b"x" * 100_000):
        pass
    await other.receive_some(1)
    return await meanwhile(link.send_all(b"x" * 10_000_000), act)


async def meanwhile(attempt: Awaitable[object], act: Callable[[], Awaitable[None]]) -> Notes:
    """Note how something that waits ends when something else is done."""
    notes: Notes = ["waits"]

    async def wait() -> None:
        notes.append(await note(attempt))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await wait_all_tasks_blocked()
        await act()
    return notes


SCRIPTS: list[Script] = [
    half_close,
    close,
    close_over_unread_input,
    close_over_unread_input_and_its_end,
    send_to_a_closed_end,
    send_to_an_end_that_closes_unseen,
    abort,
    abort_after_the_end,
    abort_after_the_peers_end,
    abort_while_the_peer_reads,
    abort_while_the_peer_writes,
    close_while_the_peer_reads,
    close_while_the_peer_writes,
    abort_while_reading_here,
    abort_while_writing_here,
    close_while_reading_here,
    close_while_writing_here,
]
