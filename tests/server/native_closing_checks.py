"""What must hold of how the native transport closes; each check fails with an AssertionError."""

from __future__ import annotations

from collections import deque

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from focus_signal.errors import TransportClosed
from focus_signal.server.transport.native import NativeTransport
from tests.server.hostile import frames
from tests.server.hostile.frames import Received, close, frame, text
from tests.server.native_checks import FAULTS, Check, Make, has_ended, over, sent
from tests.server.scripted_link import ScriptedLink


def goodbye(code: int, reason: str = "") -> Received:
    return Received(frames.CLOSE, code.to_bytes(2) + reason.encode())


async def check_closing_when_nobody_reads(make: Make) -> None:
    link = ScriptedLink()
    transport = over(make, link, text("unheard"))
    link.says(text("unheard") + frame(frames.PING), close(1012))
    await transport.close(1012, "restart")
    assert sent(link) == [goodbye(1012, "restart")]
    assert link.events == ["closed"]
    assert await has_ended(transport)


async def check_closing_while_the_reader_reads(make: Make) -> None:
    """The one that reads goes on doing so, and what it reads are no messages any more."""
    link = ScriptedLink()
    transport = over(make, link)
    async with trio.open_nursery() as nursery:
        heard: list[bytes] = []
        nursery.start_soon(read_to_the_end, transport, heard)
        await wait_all_tasks_blocked()
        assert link.reading
        nursery.start_soon(transport.close, 4501, "replaced")
        await wait_all_tasks_blocked()
        assert sent(link) == [goodbye(4501, "replaced")]
        assert link.events == []
        link.says(text("unheard"), frame(frames.BINARY), close(4501))
    assert (heard, link.events) == ([], ["closed"])


async def read_to_the_end(transport: NativeTransport, heard: list[bytes]) -> None:
    with pytest.raises(TransportClosed):
        while True:
            heard += await transport.receive()


async def check_closing_while_the_reader_is_elsewhere(make: Make) -> None:
    """It waits for the owner, say, and comes back while somebody else reads, or after that."""
    for comes_back_late in (False, True):
        link = ScriptedLink()
        transport = over(make, link)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(transport.close, 1012, "restart")
            await wait_all_tasks_blocked()
            assert link.reading
            if comes_back_late:
                link.says(close(1012))
                await wait_all_tasks_blocked()
                assert link.events == ["closed"]
            nursery.start_soon(read_to_the_end, transport, [])
            await wait_all_tasks_blocked()
            if not comes_back_late:
                link.says(text("unheard"), close(1012))
        assert link.events == ["closed"]


async def check_the_peers_goodbye_is_echoed(make: Make) -> None:
    for code in (1000, 1001, 1014, 3000, 4999, None):
        link = ScriptedLink()
        transport = over(make, link, close(code, b"why" if code else b""))
        await transport.receive()
        assert await has_ended(transport)
        await transport.close(1000, "")
        assert sent(link) == [Received(frames.CLOSE, b"") if code is None else goodbye(code)]
        assert link.events == ["closed"], "who has said goodbye waits for the end of the stream"


async def check_goodbyes_that_cross(make: Make) -> None:
    link = ScriptedLink()
    transport = over(make, link)
    link.says(text("before") + close(1001))
    await transport.close(1012, "restart")
    assert sent(link) == [goodbye(1012, "restart")], "there is one goodbye each way"
    assert link.events == ["closed"]
    # The other way round: the peer's had come, and was not looked at when ours was decided on.
    link = ScriptedLink()
    transport = over(make, link)
    link.says(close(1001))
    await transport.receive()
    await transport.close(1012, "restart")
    assert sent(link) == [goodbye(1001)]


async def check_what_follows_a_goodbye_is_drained(make: Make) -> None:
    """Closing over unread input would be a reset."""
    link = ScriptedLink()
    transport = over(make, link)
    link.says(close(1000) + b"\xff" * 500, b"\xff" * 500)
    await transport.receive()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(transport.close, 1000, "")
        await wait_all_tasks_blocked()
        assert link.events == ["eof"]
        assert link.unread() == 0
        link.ends()
    assert (sent(link), link.events) == ([goodbye(1000)], ["eof", "closed"])


async def check_what_follows_a_fault_is_drained(make: Make) -> None:
    for bad in FAULTS.values():
        link = ScriptedLink()
        transport = over(make, link, bad)
        link.says(bad, close(1000), bad)
        await transport.receive()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(transport.close, 4000, "fault")
            await wait_all_tasks_blocked()
            assert link.events == ["eof"]
            assert link.unread() == 0
            link.ends()
        assert (sent(link), link.events) == ([goodbye(4000, "fault")], ["eof", "closed"])


async def check_a_fault_behind_our_goodbye_is_no_violation(make: Make) -> None:
    link = ScriptedLink()
    transport = over(make, link)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(read_to_the_end, transport, [])
        await wait_all_tasks_blocked()
        nursery.start_soon(transport.close, 1012, "restart")
        await wait_all_tasks_blocked()
        link.says(frame(3))
        link.ends()
    assert link.events[-1] == "closed"


async def check_the_end_instead_of_a_goodbye(make: Make) -> None:
    for begun in (b"", text("{}")[:3], text("a" * 200)[:100], frame(frames.TEXT, b"{", fin=False)):
        for reads in (False, True):
            link = ScriptedLink()
            transport = over(make, link)
            async with trio.open_nursery() as nursery:
                if reads:
                    nursery.start_soon(read_to_the_end, transport, [])
                    await wait_all_tasks_blocked()
                nursery.start_soon(transport.close, 1012, "restart")
                link.says(begun or frame(frames.PONG))
                await wait_all_tasks_blocked()
                assert link.events == []
                link.ends()
            assert (sent(link), link.events) == ([goodbye(1012, "restart")], ["closed"])


async def check_a_goodbye_goes_behind_a_frame_that_has_begun(make: Make) -> None:
    for cut in range(1, 10):
        link = ScriptedLink(deque([cut, 1]))
        transport = over(make, link)
        assert not transport.send_nowait([b"12345678", b"dropped"])
        link.says(close(1012))
        await transport.close(1012, "restart")
        assert sent(link) == [Received(frames.TEXT, b"12345678"), goodbye(1012, "restart")]


async def check_a_cut_message_leaves_no_way_to_say_goodbye(make: Make) -> None:
    link = ScriptedLink(deque([3]), unwilling=True)
    link.stuck.add("send_all")
    transport = over(make, link)
    assert not transport.send_nowait([b"message"])
    with trio.move_on_after(1) as scope:
        await transport.send()
    assert scope.cancelled_caught
    link.stuck.clear()
    before = bytes(link.got)
    await transport.close(1012, "restart")
    assert link.got == before
    assert (transport.unsent, transport.send_nowait([b"more"])) == (0, True)


async def check_closing_is_over_when_its_time_is(make: Make) -> None:
    """Whatever it waits for; once the goodbye is on its way the stream is still closed in good order."""
    for stuck in ("wait_writable", "send_all", "receive_some", "send_eof"):
        link = ScriptedLink(unwilling=stuck in {"wait_writable", "send_all"})
        link.stuck.add(stuck)
        transport = over(make, link, frame(3) if stuck == "send_eof" else b"")
        if stuck == "send_eof":
            await transport.receive()
        with trio.move_on_after(2) as scope:
            await transport.close(1012, "restart")
        assert scope.cancelled_caught
        assert link.events == ([] if link.unwilling else ["closed"])
        if link.unwilling:
            link.unwilling = False
            before = bytes(link.got)
            assert transport.send_nowait([b"more"])
            assert link.got == before, "what was cut sends nothing more"


async def check_a_stream_that_breaks_while_closing(make: Make) -> None:
    for broken in ("send_nowait", "wait_writable", "send_all", "receive_some", "send_eof"):
        link = ScriptedLink(unwilling=broken in {"wait_writable", "send_all"})
        link.broken.add(broken)
        transport = over(make, link, frame(3) if broken == "send_eof" else b"")
        if broken == "send_eof":
            await transport.receive()
        await transport.close(1012, "restart")
        assert "eof" not in link.events


CLOSING_CHECKS: tuple[Check, ...] = tuple(
    check for name, check in globals().items() if name.startswith("check_")
)
