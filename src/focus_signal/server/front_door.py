"""One port for HTTP and WebSocket: read the head of a request, then decide.

What asks rightly for a WebSocket is welcomed; everything else gets an HTTP answer that reaches the peer even
if it is still sending.
"""

from collections.abc import Mapping

import trio
from attrs import define, field
from msgspec import Struct

from focus_signal.access.addresses import AddressKey
from focus_signal.errors import HttpRefused
from focus_signal.server import pages
from focus_signal.server.admission import Admission
from focus_signal.server.config import Config
from focus_signal.server.files import File, files_for
from focus_signal.server.link import Link, linger
from focus_signal.server.settings import bound
from focus_signal.wire.http_head import (
    Head,
    HeadLimits,
    HeadReader,
    check_upgrade,
    user_of_query,
    v1_user_of_query,
    wants_websocket,
)
from focus_signal.wire.plain_upgrade import PlainUpgrades
from focus_signal.wire.subprotocols import V1Offer, offer_of

# So much of a large answer has to be taken within the write deadline.
_PIECE = 4 * 1024


class Visitor(Struct, frozen=True, gc=False):
    """Be a peer that asks rightly for a WebSocket.

    Args:
      user: the user id that it names; empty when it names none.
      key: its Sec-WebSocket-Key.
      read_ahead: what was read behind its request.
      offer: what it offers as a client of `focus-signal.v1`; None for one that speaks the seed's dialect.
    """

    user: str
    key: str
    read_ahead: bytes
    offer: V1Offer | None = None


@define(eq=False)
class FrontDoor:
    """Receive whoever comes.

    Args:
      config: bounds and deadlines.
      admission: says who is let in.
    """

    _config: Config
    _admission: Admission
    _limits: HeadLimits = field(init=False)
    _plain: PlainUpgrades = field(init=False)
    _files: Mapping[str, File] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._limits = HeadLimits(
            head_bytes=bound(self._config.head_bytes),
            head_lines=bound(self._config.head_lines),
            target_bytes=bound(self._config.target_bytes),
            user_bytes=bound(self._config.user_bytes),
        )
        matters = (b"origin",) if self._config.allowed_origins else ()
        self._plain = PlainUpgrades(pages.SIGNAL_PATH, self._limits, matters)
        self._files = files_for(demo=self._config.demo)

    def look(self, link: Link, key: AddressKey | None) -> Visitor | bytes | None:
        """Look at what has come already, and let in whoever asks as nearly everyone does; never waits.

        Args:
          link: the peer's stream, of which nothing was read.
          key: what its address counts as.

        Returns:
          the visitor, else what was read, for `receive`; None if nothing was.
        """
        data = link.receive_nowait()
        return self._glance(data, key) or data

    def _glance(self, data: bytes | None, key: AddressKey | None) -> Visitor | None:
        """Let in whoever asks as nearly everyone does; None for all that needs a closer look."""
        found = self._plain.read(data) if data and self._admission.lets_in(key) else None
        return None if found is None else Visitor(*found)

    async def receive(
        self, link: Link, data: bytes | None, deadline: float, key: AddressKey | None
    ) -> Visitor | None:
        """Read a request and answer it, unless it is a visitor's.

        Args:
          link: the peer's stream.
          data: what `look` has read of it.
          deadline: the time by which the request has to be there.
          key: what its address counts as.

        Returns:
          the visitor; None when the peer was answered, or left.

        Cancellation: leaves the link to the caller, as every other end does.
        """
        reader = HeadReader(self._limits)
        head_only = False
        try:
            read: Visitor | tuple[Head, bytes] | None = reader.feed(data) if data else None
            timed_out = False
            if read is None and data != b"":
                with trio.CancelScope(deadline=deadline) as scope:
                    read = await self._read_head(link, reader, key)
                timed_out = scope.cancelled_caught
            if isinstance(read, Visitor) or (read is None and reader.empty):
                return read
            if read is None:
                raise self._gave_up(timed_out=timed_out)
            head_only = read[0].method == "HEAD"
            decided = self._decide(*read, key)
        except HttpRefused as refusal:
            self._admission.note_refusal(key, refusal.status)
            decided = pages.render(refusal.status, refusal.text, refusal.headers, head_only=head_only)
        if isinstance(decided, Visitor):
            return decided
        await self._reply(link, decided)
        return None

    def _decide(self, head: Head, read_ahead: bytes, key: AddressKey | None) -> Visitor | bytes:
        """Let a visitor in, or answer what can be read here; raises `HttpRefused` for everything else."""
        # In the order in which what is wrong is answered: the sizes, the version, the path, the upgrade, what
        # is offered with it, and the user id where that has more rules than a size.
        is_signal = head.path == pages.SIGNAL_PATH
        user = user_of_query(head.query, self._limits.user_bytes) if is_signal else ""
        upgrades = wants_websocket(head)
        if upgrades and is_signal:
            websocket_key = check_upgrade(head)
            offer = offer_of(head.values("sec-websocket-protocol"))
            if offer is not None:
                user = v1_user_of_query(head.query)
            self._admission.check(key, next(iter(head.values("origin")), None))
            return Visitor(user, websocket_key, read_ahead, offer)
        # Who looks for a WebSocket where there is none has the wrong path, and no use for what is there.
        file = None if upgrades else self._files.get(head.path)
        return pages.answer(head, self._admission.check_room) if file is None else file.answer(head)

    def _gave_up(self, *, timed_out: bool) -> HttpRefused:
        if timed_out:
            seconds = f"{self._config.handshake_timeout:g}"
            return HttpRefused(408, f"No complete request head came within {seconds} seconds.")
        return HttpRefused(400, "The request ended before its head was complete.")

    async def _read_head(
        self, link: Link, reader: HeadReader, key: AddressKey | None
    ) -> Visitor | tuple[Head, bytes] | None:
        while data := await link.receive_some():
            visitor = self._glance(data, key) if reader.empty else None
            if visitor is not None:
                return visitor
            read = reader.feed(data)
            if read is not None:
                return read
        return None

    async def _reply(self, link: Link, answer: bytes) -> None:
        # A large one may be on a slow way: then it is each piece that has to be taken in time.
        pieces = [answer[at : at + _PIECE] for at in range(0, len(answer), _PIECE)]
        seconds = self._config.close_timeout if len(pieces) == 1 else self._config.write_timeout
        for piece in pieces:
            with trio.move_on_after(seconds) as sending:
                await link.send_all(piece)
            if sending.cancelled_caught:
                await link.abort()  # an end behind half an answer would pass for the end of a whole one
                return
        self._admission.note_answer(link)
        with trio.move_on_after(self._config.linger_timeout):
            await linger(link)
