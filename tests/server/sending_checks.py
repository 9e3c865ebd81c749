"""What must hold of whatever sends frames over a link; each check fails with an AssertionError."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import combinations

import pytest
import trio

from focus_signal.errors import TransportClosed
from focus_signal.server.link import Link
from focus_signal.server.transport.sending import FrameSender
from tests.server.scripted_link import ScriptedLink, taking

Make = Callable[[Link], FrameSender]
Check = Callable[[Make], Awaitable[None]]

SAME = b"same"
FRAMES = (b"a", SAME, b"0123456789", SAME, SAME, b"z")
WHOLE = b"".join(FRAMES)


async def send_the_rest(sender: FrameSender) -> None:
    """Send until nothing waits; `send` and `unsent` must say so at the same time."""
    while not await sender.send():
        assert sender.unsent > 0
    assert (sender.unsent, sender.frames) == (0, 0)


def taken(frames: tuple[bytes, ...], count: int) -> int:
    """Count the frames of which something has not gone when so many bytes have."""
    ends = [len(b"".join(frames[: number + 1])) for number in range(len(frames))]
    return sum(end > count for end in ends)


async def check_a_cut_at_every_byte(make: Make) -> None:
    for cut in range(len(WHOLE) + 1):
        link = taking(cut)
        sender = make(link)
        assert sender.send_nowait(FRAMES) == (cut == len(WHOLE))
        assert link.got == WHOLE[:cut]
        assert (sender.unsent, sender.frames) == (len(WHOLE) - cut, taken(FRAMES, cut))
        await send_the_rest(sender)
        assert link.got == WHOLE, f"cut at {cut}"


async def check_three_cuts_at_any_bytes(make: Make) -> None:
    for one, two, three in combinations(range(len(WHOLE)), 3):
        link = taking(one, two - one, three - two)
        sender = make(link)
        assert not sender.send_nowait(FRAMES)
        await send_the_rest(sender)
        assert link.got == WHOLE, f"cuts at {one}, {two} and {three}"


async def check_what_comes_meanwhile_goes_behind(make: Make) -> None:
    for cut in range(1, len(WHOLE)):
        link = taking(cut, 1)
        sender = make(link)
        assert not sender.send_nowait(FRAMES)
        # The link would take them, but it is not their turn.
        assert not sender.send_nowait([b"later", b"still"])
        assert link.got == WHOLE[:cut]
        assert sender.unsent == len(WHOLE) - cut + 10
        await sender.send()
        assert not sender.send_nowait([b"last"])
        await send_the_rest(sender)
        assert link.got == WHOLE + b"laterstilllast"


async def check_a_link_that_takes_nothing_at_once(make: Make) -> None:
    """All goes through `send_all`, in parts, so that progress shows while a large frame goes out."""
    large = bytes(range(256)) * 50
    link = ScriptedLink(unwilling=True)
    sender = make(link)
    assert not sender.send_nowait([large, SAME])
    left = [sender.unsent]
    while not await sender.send():
        left.append(sender.unsent)
    assert link.got == large + SAME
    assert len(left) >= 4
    assert max(link.sent_all) <= 4096
    assert [a - b for a, b in zip(left, [*left[1:], 0], strict=True)] == link.sent_all


async def check_large_frames_go_in_bounded_attempts(make: Make) -> None:
    frames = [bytes([number]) * size for number, size in enumerate((200_000, 10, 65_536, 1, 65_535, 40_000))]
    link = taking(0)
    sender = make(link)
    assert not sender.send_nowait(frames)
    await send_the_rest(sender)
    assert link.got == b"".join(frames)
    assert max(link.offered[1:]) <= 65_536


async def check_forgetting_keeps_what_has_begun(make: Make) -> None:
    for cut in range(len(WHOLE)):
        link = taking(cut)
        sender = make(link)
        assert not sender.send_nowait(FRAMES)
        sender.forget()
        whole = next(end for end in ends(FRAMES) if end >= cut)
        assert sender.unsent == whole - cut
        sender.send_nowait([b"the end"])
        await send_the_rest(sender)
        assert link.got == WHOLE[:whole] + b"the end", f"forgotten at {cut}"


def ends(frames: tuple[bytes, ...]) -> list[int]:
    """List where frames end, and where the first one begins."""
    return [len(b"".join(frames[:number])) for number in range(len(frames) + 1)]


async def check_a_broken_link_takes_nothing_more(make: Make) -> None:
    for call in ("send_nowait", "wait_writable", "send_all"):
        link = ScriptedLink(unwilling=True)
        sender = make(link)
        assert not sender.send_nowait(FRAMES)
        link.broken.add(call)
        with pytest.raises(TransportClosed):
            await sender.send()
        await check_dead(sender, link)


async def check_a_link_that_is_broken_at_once(make: Make) -> None:
    link = ScriptedLink()
    link.broken.add("send_nowait")
    sender = make(link)
    assert sender.send_nowait(FRAMES), "whatever is left will never go"
    await check_dead(sender, link)


async def check_a_cut_send_is_the_last(make: Make) -> None:
    for call in ("wait_writable", "send_all"):
        link = ScriptedLink(unwilling=True)
        link.stuck.add(call)
        sender = make(link)
        assert not sender.send_nowait(FRAMES)
        with trio.CancelScope() as scope:
            scope.cancel()
            await sender.send()
        assert scope.cancelled_caught
        link.stuck.clear()
        link.unwilling = False
        await check_dead(sender, link)


async def check_dead(sender: FrameSender, link: ScriptedLink) -> None:
    """See that nothing goes out any more, and nothing is kept for it."""
    link.broken.clear()
    before = bytes(link.got)
    assert sender.dead
    assert (sender.unsent, sender.frames) == (0, 0)
    assert sender.send_nowait([SAME])
    assert await sender.send()
    assert link.got == before
    assert (sender.unsent, sender.frames) == (0, 0)


async def check_nothing_is_nothing(make: Make) -> None:
    link = ScriptedLink(unwilling=True)
    sender = make(link)
    assert sender.send_nowait([])
    assert await sender.send()
    assert not sender.send_nowait(FRAMES)
    assert not sender.send_nowait([]), "there is still something to send"
    link.unwilling = False
    await send_the_rest(sender)
    assert not sender.dead
    assert link.got == WHOLE


CHECKS: tuple[Check, ...] = (
    check_a_cut_at_every_byte,
    check_three_cuts_at_any_bytes,
    check_what_comes_meanwhile_goes_behind,
    check_a_link_that_takes_nothing_at_once,
    check_large_frames_go_in_bounded_attempts,
    check_forgetting_keeps_what_has_begun,
    check_a_broken_link_takes_nothing_more,
    check_a_link_that_is_broken_at_once,
    check_a_cut_send_is_the_last,
    check_nothing_is_nothing,
)
