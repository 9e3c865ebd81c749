"""A stream that is recorded, and cut after so many bytes in one direction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import trio
from attrs import Factory, define, frozen

from focus_signal.testing.net.network import Network
from focus_signal.testing.net.stream import SimStream
from tests.resume.house import Way

FullManner = Literal["reset", "silent", "late"]
FULL_MANNERS: tuple[FullManner, ...] = ("reset", "silent", "late")
"""Who notices a cut: both ends; the client alone; the same, and what it was sending arrives later."""


@frozen
class StreamCut:
    """Be a cut; see `world.Cut`."""

    user: str
    ordinal: int
    way: Way
    at: int
    manner: FullManner = "reset"


@define(eq=False)
class Tapped(trio.abc.Stream):
    """Be a client's end of a simulated connection.

    Args:
      stream: the end itself.
      cuts: what is to be cut of it.
    """

    stream: SimStream
    cuts: dict[Way, StreamCut]
    up: bytearray = Factory(bytearray)
    down: bytearray = Factory(bytearray)
    late: bytes = b""
    is_cut: bool = False
    on_bytes: Callable[[Way, bytes], None] | None = None
    """Hears what is sent, and what has arrived."""
    _reader: trio.CancelScope | None = None

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        self._check()
        cut = self.cuts.get("up")
        left = len(data) + 1 if cut is None else cut.at - len(self.up)
        now, rest = bytes(data[:left]), bytes(data[left:])
        self.up += now
        if now and self.on_bytes is not None:
            self.on_bytes("up", now)
        if now:
            await self.stream.send_all(now)
        if cut is not None and len(self.up) == cut.at:
            self._cut(cut, rest)
            self._check()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        cut = self.cuts.get("down")
        if cut is not None and len(self.down) >= cut.at:
            self._cut(cut, b"")
        self._check()
        data = b""
        with trio.CancelScope() as self._reader:
            data = await self.stream.receive_some(max_bytes)
        self._check()
        if cut is not None:
            data = data[: cut.at - len(self.down)]
        self.down += data
        if data and self.on_bytes is not None:
            self.on_bytes("down", data)
        return data

    async def wait_send_all_might_not_block(self) -> None:
        self._check()
        await self.stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        if self.is_cut:
            await trio.lowlevel.checkpoint()
        else:
            await self.stream.aclose()

    def cut_now(self) -> None:
        """Cut it here and now; both ends learn of it."""
        self._cut(StreamCut("", 0, "down", 0), b"")

    def _cut(self, cut: StreamCut, rest: bytes) -> None:
        if self.is_cut:
            return
        self.is_cut = True
        if cut.manner == "reset":
            self.stream.abort_nowait()
        elif cut.manner == "late":
            self.late = rest
        if self._reader is not None:
            self._reader.cancel()

    def _check(self) -> None:
        if self.is_cut:
            raise trio.BrokenResourceError("the connection was cut")


@define(eq=False)
class Dialer:
    """Open a client's streams, and cut them.

    Args:
      network: where to.
      user: who dials.
      cuts: what is cut, of anybody's streams.
    """

    network: Network
    user: str
    cuts: tuple[StreamCut, ...]
    streams: list[Tapped] = Factory(list)
    on_bytes: Callable[[Way, bytes], None] | None = None

    async def dial(self, host: str, port: int) -> Tapped:
        stream = await self.network.connect(host, port, label=self.user)
        ordinal = len(self.streams) + 1
        mine = {cut.way: cut for cut in self.cuts if (cut.user, cut.ordinal) == (self.user, ordinal)}
        tapped = Tapped(stream, mine, on_bytes=self.on_bytes)
        self.streams.append(tapped)
        return tapped

    async def send_late(self) -> None:
        """Let arrive what was still to be sent when a stream was cut."""
        for tapped in self.streams:
            late, tapped.late = tapped.late, b""
            if late:
                await tapped.stream.send_all(late)

    def close(self) -> None:
        """Close what was cut and nobody has closed since."""
        for tapped in self.streams:
            tapped.stream.close()
