"""What must hold of the native transport over a link; each check fails with an AssertionError."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable

import pytest
import trio

from focus_signal.errors import TransportClosed
from focus_signal.server.transport import ProtocolViolation
from focus_signal.server.transport.native import NativeTransport
from focus_signal.wire.close_codes import CloseName
from focus_signal.wire.http_head import upgrade_answer
from tests.server.hostile import frames
from tests.server.hostile.frames import Received, close, fragments, frame, read_frame, text
from tests.server.hostile.peer import KEY
from tests.server.scripted_link import ScriptedLink

Make = type[NativeTransport]
Check = Callable[[Make], Awaitable[None]]

MOST = 1000


def over(make: Make, link: ScriptedLink, read_ahead: bytes = b"") -> NativeTransport:
    return make(link, KEY, read_ahead, MOST)


def sent(link: ScriptedLink) -> list[Received]:
    """Read the frames that the server sent; each must be whole."""
    buffer = bytearray(link.got)
    found: list[Received] = []
    while (received := read_frame(buffer)) is not None:
        found.append(received)
    assert not buffer, f"half a frame: {bytes(buffer)!r}"
    return found


# Asked by calls, since what is asked changes behind the back of whoever checks types.


def owes(transport: NativeTransport) -> bool:
    return transport.owes_reply


def awaits(transport: NativeTransport) -> bool:
    return transport.awaits_pong


async def has_ended(transport: NativeTransport) -> bool:
    """Tell whether the next `receive` says that the connection is over."""
    with pytest.raises(TransportClosed):
        await transport.receive()
    return True


# The handshake.


async def check_the_answer_goes_in_whatever_parts(make: Make) -> None:
    answer = upgrade_answer(KEY)
    for cut in range(len(answer) + 1):
        link = ScriptedLink(deque([cut]))
        await over(make, link).accept()
        assert link.got == answer


async def check_who_has_gone_is_not_let_in(make: Make) -> None:
    for call in ("send_nowait", "wait_writable", "send_all"):
        link = ScriptedLink(deque([3]), unwilling=call == "send_all")
        link.broken.add(call)
        transport = over(make, link)
        assert not transport.accept_nowait()
        with pytest.raises(TransportClosed):
            await transport.accept()


# Receiving.


async def check_a_read_gives_all_that_is_whole(make: Make) -> None:
    link = ScriptedLink()
    transport = over(make, link, text("one") + text("two") + text("three")[:4])
    link.says(text("three")[4:] + fragments(b"f", b"our"), frame(frames.PONG) + text("five"))
    assert await transport.receive() == [b"one", b"two"]
    assert await transport.receive() == [b"three", b"four"]
    assert await transport.receive() == [b"five"]


async def check_bytes_one_by_one(make: Make) -> None:
    link = ScriptedLink()
    transport = over(make, link)
    for byte in (stream := text("one") + frame(frames.PING, b"p") + fragments(b"t", b"wo")):
        link.says(bytes([byte]))
    received = [message for _ in stream for message in await transport.receive()]
    assert received == [b"one", b"two"]


async def check_a_cancelled_receive_loses_nothing(make: Make) -> None:
    link = ScriptedLink()
    transport = over(make, link, text("one")[:5])
    assert await transport.receive() == []
    for _ in range(2):
        with trio.move_on_after(1) as scope:
            await transport.receive()
        assert scope.cancelled_caught
    link.says(text("one")[5:])
    assert await transport.receive() == [b"one"]


FAULTS: dict[CloseName, bytes] = {
    "protocol-error": frame(3),
    "text-only": frame(frames.BINARY),
    "not-utf-8": text(b"\xff"),
    "too-big": text("a" * (MOST + 1)),
}


async def check_a_violation_comes_behind_what_was_right(make: Make) -> None:
    for name, bad in FAULTS.items():
        link = ScriptedLink()
        transport = over(make, link)
        link.says(text("right") + bad + text("behind"))
        assert await transport.receive() == [b"right"]
        with pytest.raises(ProtocolViolation) as violation:
            await transport.receive()
        assert violation.value.close == name


async def check_the_end_wherever_it_comes(make: Make) -> None:
    stream = text("one") + text("a" * 200) + frame(frames.PING, b"p") + fragments(b"t", b"wo")
    for cut in range(len(stream) + 1):
        link = ScriptedLink()
        transport = over(make, link, stream[:cut])
        link.ends()
        if cut:
            await transport.receive()
        assert await transport.receive() == []
        for _ in range(2):
            assert await has_ended(transport)


async def check_a_broken_stream_is_an_end(make: Make) -> None:
    link = ScriptedLink()
    transport = over(make, link)
    link.broken.add("receive_some")
    assert await transport.receive() == []
    assert await has_ended(transport)


async def check_a_goodbye_is_an_end(make: Make) -> None:
    link = ScriptedLink()
    transport = over(make, link)
    link.says(text("last words") + close(1001) + text("and more"), text("and more"))
    assert await transport.receive() == [b"last words"]
    assert await has_ended(transport)
    assert link.unread() == 1, "what follows is not read"


# Sending.


async def check_a_batch_is_one_write(make: Make) -> None:
    link = ScriptedLink()
    transport = over(make, link)
    link.says(frame(frames.PING, b"there?"))
    assert await transport.receive() == []
    transport.ping_soon()
    assert owes(transport)
    assert transport.send_nowait([b"one", b"two" * 100])
    assert len(link.offered) == 1
    ping, *rest = sent(link)
    assert ping.opcode == frames.PING
    assert rest == [
        Received(frames.PONG, b"there?"),
        Received(frames.TEXT, b"one"),
        Received(frames.TEXT, b"two" * 100),
    ]
    assert not owes(transport)
    assert transport.send_nowait([])
    assert len(sent(link)) == 4, "nothing is sent twice"


async def check_what_is_not_taken_waits(make: Make) -> None:
    link = ScriptedLink(deque([3]))
    transport = over(make, link)
    assert not transport.send_nowait([b"one", b"two"])
    assert transport.unsent == 7
    transport.forget_unsent()
    assert transport.unsent == 2
    assert not transport.send_nowait([b"three"])
    while not await transport.send():
        assert transport.unsent
    assert [received.payload for received in sent(link)] == [b"one", b"three"]


async def check_sending_to_who_has_gone(make: Make) -> None:
    link = ScriptedLink()
    transport = over(make, link)
    link.broken.add("send_nowait")
    assert transport.send_nowait([b"one"]), "nothing is left that could be sent"
    link.broken.clear()
    assert transport.send_nowait([b"two"])
    assert not transport.unsent
    assert not link.got
    await transport.close(1012, "restart")
    assert link.got == b"", "what is broken stays so"


# Pings.


async def check_every_ping_of_a_read_is_answered(make: Make) -> None:
    link = ScriptedLink()
    transport = over(make, link)
    link.says(frame(frames.PING, b"1") + text("{}") + frame(frames.PING, b"2"), frame(frames.PING, b"3"))
    for wanted in ([b"1", b"2"], [b"1", b"2", b"3"]):
        await transport.receive()
        assert owes(transport)
        transport.send_nowait([])
        assert [received.payload for received in sent(link)] == wanted
        assert not owes(transport)


async def check_only_its_own_pong_answers_a_ping(make: Make) -> None:
    link = ScriptedLink()
    transport = over(make, link)
    payloads: list[bytes] = []
    for number in range(3):
        assert not awaits(transport)
        transport.ping_soon()
        assert awaits(transport)
        assert transport.send_nowait([])
        payloads.append(sent(link)[number].payload)
        for stray in (b"", b"stray", *payloads[:-1]):
            link.says(frame(frames.PONG, stray))
            await transport.receive()
            assert awaits(transport)
        link.says(frame(frames.PONG, payloads[-1]))
        await transport.receive()
    assert not awaits(transport)
    assert len(set(payloads)) == 3


CHECKS: tuple[Check, ...] = tuple(check for name, check in globals().items() if name.startswith("check_"))
