"""How a handshake is answered, and by which goodbye a peer has ended: both transports, on raw bytes."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
import trio
from trio.testing import MemoryReceiveStream, MemorySendStream, MockClock, memory_stream_pair
from trio_websocket import WebSocketRequest, wrap_server_stream
from wsproto.utilities import LocalProtocolError

from focus_signal.errors import TransportClosed
from focus_signal.server.config import TransportName
from focus_signal.server.stream_link import StreamLink
from focus_signal.server.transport import ProtocolViolation, Transport
from focus_signal.server.transport.native import NativeTransport
from focus_signal.server.transport.trio_websocket import TrioWebSocket, open_trio_websocket
from focus_signal.wire.http_head import upgrade_answer
from focus_signal.wire.subprotocols import V1, V1Offer, offer_of
from tests.server.hostile import frames
from tests.server.hostile.frames import close, frame, text
from tests.server.hostile.handshake_table import head
from tests.server.hostile.peer import KEY
from tests.server.scripted_link import ScriptedLink, taking
from tests.server.transports import BOTH

MOST = 1000
PATIENCE = 100.0
Peer = trio.StapledStream[MemorySendStream, MemoryReceiveStream]


@asynccontextmanager
async def talking(transport: TransportName) -> AsyncGenerator[tuple[Transport, Peer]]:
    """Give a transport that has accepted, and the peer behind the answer."""
    async with opened(transport) as (ours, peer):
        await ours.accept()
        await answer_to(peer)
        yield ours, peer


@asynccontextmanager
async def opened(transport: TransportName) -> AsyncGenerator[tuple[Transport, Peer]]:
    """Give a transport, and its peer; virtual seconds later nobody waits any more."""
    peer, stream = memory_stream_pair()
    link = StreamLink(stream)
    with trio.fail_after(PATIENCE):
        if transport == "native":
            yield NativeTransport(link, KEY, b"", MOST), peer
        else:
            async with open_trio_websocket(link, KEY, b"", MOST) as ours:
                yield ours, peer


async def answer_to(peer: Peer) -> bytes:
    """Read the answer to a handshake, to its end."""
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        piece = await peer.receive_some()
        assert piece, f"the stream ended within {answer!r}"
        answer += piece
    return answer


def fields_of(answer: bytes) -> dict[str, str]:
    status, *lines = answer.decode("ascii").removesuffix("\r\n\r\n").split("\r\n")
    assert status.startswith("HTTP/1.1 101 ")
    fields = [line.partition(":") for line in lines]
    named = {name.lower(): value.strip() for name, _, value in fields}
    assert len(named) == len(lines)
    return named


@BOTH
@pytest.mark.parametrize("chosen", [None, V1])
async def test_the_answer(transport: TransportName, chosen: str | None, autojump_clock: MockClock) -> None:
    async with opened(transport) as (ours, peer):
        await ours.accept(chosen)
        fields = fields_of(await answer_to(peer))
        assert fields.pop("sec-websocket-protocol", None) == chosen
        assert sorted(fields) == ["connection", "sec-websocket-accept", "upgrade"]
        await peer.send_all(text("first"))
        assert await ours.receive() == [b"first"]


@pytest.mark.parametrize("chosen", [None, V1])
async def test_the_native_answer_in_whatever_parts(chosen: str | None) -> None:
    answer = upgrade_answer(KEY, chosen)
    for cut in range(len(answer) + 1):
        link = taking(cut)
        transport = NativeTransport(link, KEY, b"", MOST)
        done = transport.accept_nowait(chosen)
        assert done is (cut == len(answer))
        assert link.got == answer[:cut]
        await transport.accept(chosen)
        assert link.got == answer, "nothing is said twice"


async def test_the_library_says_what_it_was_offered(autojump_clock: MockClock) -> None:
    async with opened("trio-websocket") as (ours, _):
        with pytest.raises(LocalProtocolError):
            await ours.accept("chat")


# A mounted server: the request is the library's, and so is what was offered.


MOUNTED: list[tuple[bytes, V1Offer | None]] = [
    (b"", None),
    (b"Sec-WebSocket-Protocol: chat, superchat\r\n", None),
    (b"Sec-WebSocket-Protocol: focus-signal.v1\r\n", V1Offer()),
    (b"Sec-WebSocket-Protocol:  chat ,focus-signal.v1,, resume.x-_.5 \r\n", V1Offer("x-_", 5)),
    (b"Sec-WebSocket-Protocol: focus-signal.v1\r\nsec-websocket-protocol: token.t\r\n", V1Offer(token="t")),
    (b"Sec-WebSocket-Protocol: focus-signal.v1, resume.\r\n", V1Offer(malformed=True)),
]


@pytest.mark.parametrize(("line", "offer"), MOUNTED)
async def test_mounted(line: bytes, offer: V1Offer | None, autojump_clock: MockClock) -> None:
    with trio.fail_after(PATIENCE):
        async with trio.open_nursery() as nursery:
            peer, stream = memory_stream_pair()
            await peer.send_all(head(add=line))
            request: WebSocketRequest = await wrap_server_stream(nursery, stream)
            assert offer_of(request.proposed_subprotocols) == offer
            transport = TrioWebSocket(request, MOST, nursery)
            await transport.accept(V1 if offer is not None else None)
            fields = fields_of(await answer_to(peer))
            assert fields.get("sec-websocket-protocol") == (V1 if offer is not None else None)
            nursery.cancel_scope.cancel()


# By which goodbye a peer has ended.


async def end_of(ours: Transport) -> None:
    """Receive up to the end, whatever that is."""
    try:
        while True:
            await ours.receive()
    except (TransportClosed, ProtocolViolation):
        pass  # what comes then is what the tests ask about


def code_of(ours: Transport) -> int | None:
    """Ask by a call, since what is asked changes behind the back of whoever checks types."""
    return ours.peer_code


GOODBYES: list[tuple[bytes, int]] = [
    (close(1000), 1000),
    (close(1001), 1001),
    (close(1000, b"see you"), 1000),
    (close(3000), 3000),
    (close(4999), 4999),
    (close(), 1005),
]


@BOTH
@pytest.mark.parametrize(("goodbye", "code"), GOODBYES)
async def test_a_goodbye(
    transport: TransportName, goodbye: bytes, code: int, autojump_clock: MockClock
) -> None:
    async with talking(transport) as (ours, peer):
        assert code_of(ours) is None
        await peer.send_all(text("last words") + goodbye)
        assert await ours.receive() == [b"last words"]
        await end_of(ours)
        assert code_of(ours) == code
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ours.close, 1000, "")
            while await peer.receive_some():
                pass
        assert code_of(ours) == code, "what this side says changes nothing"
        await ours.abort()
        assert code_of(ours) == code


@BOTH
@pytest.mark.parametrize(
    "last",
    [
        b"",
        text("half")[:3],
        close(1000)[:4],
        close(1005),
        close(1006),
        close(0),
        frame(frames.CLOSE, b"\x03"),
        close(1000, b"\xff"),
        text("x" * (MOST + 1)),
        frame(3),
    ],
)
async def test_no_goodbye(transport: TransportName, last: bytes, autojump_clock: MockClock) -> None:
    """Whoever is cut, or says goodbye in a way that is none, has not said that it is done."""
    async with talking(transport) as (ours, peer):
        if last:
            await peer.send_all(last)
        await peer.send_stream.aclose()
        await end_of(ours)
        assert code_of(ours) is None
        with trio.move_on_after(5):
            await ours.close(1002, "protocol-error")
        assert code_of(ours) is None


@BOTH
@pytest.mark.parametrize("answer", [close(4002), close(1000), frame(frames.CLOSE), b""])
async def test_the_answer_to_our_own_goodbye(
    transport: TransportName, answer: bytes, autojump_clock: MockClock
) -> None:
    """It tells nothing: some answer with the code that they were told, and some with 1000 whatever it was."""
    async with talking(transport) as (ours, peer):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(end_of, ours)
            nursery.start_soon(ours.close, 4002, "no-pong")
            said = b""
            while len(said) < 11:
                said += await peer.receive_some()
            assert said == frame(frames.CLOSE, b"\x0f\xa2no-pong", masked=False)
            assert code_of(ours) is None
            if answer:
                await peer.send_all(answer)
            await peer.send_stream.aclose()
        assert code_of(ours) is None


async def test_a_goodbye_that_is_answered_at_once() -> None:
    link = ScriptedLink()
    transport = NativeTransport(link, KEY, b"", MOST)
    await transport.accept()
    link.says(close(1000))
    assert await transport.receive() == []
    assert code_of(transport) == 1000
    transport.close_nowait()
    assert code_of(transport) == 1000


@BOTH
@pytest.mark.parametrize("code", [1002, 1007, 1009])
async def test_what_only_the_native_transport_knows(
    transport: TransportName, code: int, autojump_clock: MockClock
) -> None:
    """The library says these itself, of a peer that does what it may not."""
    async with talking(transport) as (ours, peer):
        await peer.send_all(close(code))
        await end_of(ours)
        assert code_of(ours) == (code if transport == "native" else None)


class _TellsTheAnswer(NativeTransport):
    @property
    def peer_code(self) -> int | None:
        return self._reader.closed


class _Forgets(NativeTransport):
    @property
    def peer_code(self) -> int | None:
        return self._reader.closed if self._all_read is None else None


class _TellsTheLibrarys(TrioWebSocket):
    @property
    def peer_code(self) -> int | None:
        closed = self._websocket.closed
        return None if closed is None else closed.code


class _TellsTheLibrarysAnswer(TrioWebSocket):
    @property
    def peer_code(self) -> int | None:
        closed = self._websocket.closed
        return None if closed is None or closed.code in {1002, 1006, 1007, 1009} else closed.code


class _AnswersNothing(NativeTransport):
    def accept_nowait(self, subprotocol: str | None = None) -> bool:
        del subprotocol
        return super().accept_nowait()


class _AnswersNothingBehind(TrioWebSocket):
    async def accept(self, subprotocol: str | None = None) -> None:
        del subprotocol
        await super().accept()


FAULTS: list[tuple[TransportName, type]] = [
    ("native", _TellsTheAnswer),
    ("native", _Forgets),
    ("native", _AnswersNothing),
    ("trio-websocket", _TellsTheLibrarys),
    ("trio-websocket", _TellsTheLibrarysAnswer),
    ("trio-websocket", _AnswersNothingBehind),
]


@pytest.mark.parametrize(("transport", "mutant"), FAULTS)
async def test_a_bug_is_caught(
    transport: TransportName, mutant: type, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "NativeTransport" if transport == "native" else "TrioWebSocket"
    owner = __name__ if transport == "native" else open_trio_websocket.__module__
    monkeypatch.setattr(f"{owner}.{name}", mutant)
    caught: list[str] = []
    plays = [
        ("answer", test_the_answer(transport, V1, autojump_clock)),
        ("goodbye", test_a_goodbye(transport, close(1000), 1000, autojump_clock)),
        ("none", test_no_goodbye(transport, b"", autojump_clock)),
        ("wrong", test_no_goodbye(transport, frame(3), autojump_clock)),
        ("answered", test_the_answer_to_our_own_goodbye(transport, close(1000), autojump_clock)),
        ("not answered", test_the_answer_to_our_own_goodbye(transport, b"", autojump_clock)),
    ]
    for about, play in plays:
        try:
            await play
        except* AssertionError:
            caught.append(about)
    assert caught
    assert len(caught) < len(plays)
