"""One connection to a server, on trio-websocket: texts both ways, and how it ended.

The library's reader runs guarded: whatever malformed input does to it ends this connection and nothing else.
Only one task sends, and a send that was cut ends the connection, for half a frame may have gone.
"""

import ssl
from collections.abc import Awaitable, Callable
from typing import TypeVarTuple, cast

import trio
from attrs import define, field
from trio_websocket import ConnectionClosed, ConnectionRejected, WebSocketConnection, wrap_client_stream
from wsproto.utilities import LocalProtocolError

from focus_signal.client.closes import NO_GOODBYE
from focus_signal.client.faults import ProtocolBroken
from focus_signal.client.settings import ClientSettings
from focus_signal.client.target import Target
from focus_signal.errors import FocusSignalError

Dial = Callable[[str, int], Awaitable[trio.abc.Stream]]
"""Open a stream to a host and a port; raises OSError when that cannot be."""

_Args = TypeVarTuple("_Args")
# Refused, but perhaps not in a while; any other refusal will be the same next time.
_TRY_AGAIN = {408, 429}


class LinkEnded(FocusSignalError):
    """Say how a connection ended; it never leaves the client.

    Args:
      why: why, for people.
      code: the close code; 1006 if there was none.
      reason: what came with it.
      wait: seconds that the server asks to let pass.
      final: whether it would end so again.
    """

    def __init__(
        self, why: str, code: int = NO_GOODBYE, reason: str = "", *, wait: float = 0.0, final: bool = False
    ) -> None:
        super().__init__(why)
        self.why = why
        self.code = code
        self.reason = reason
        self.wait = wait
        self.final = final


async def open_link(
    nursery: trio.Nursery,
    target: Target,
    user: str | None,
    protocols: tuple[str, ...],
    dial: Dial,
    ssl_context: ssl.SSLContext | None,
    settings: ClientSettings,
) -> "Link":
    """Connect.

    Args:
      nursery: for the library's reader; who cancels it calls `Link.cut` afterwards.
      target: where to.
      user: in whose name; None leaves that to the server.
      protocols: the subprotocols to offer; the first is to be answered.
      dial: opens the stream.
      ssl_context: for TLS.
      settings: the client's.

    Raises:
      LinkEnded: that cannot be.

    Cancellation: the stream is closed at once.
    """
    try:
        stream = await dial(target.host, target.port)
    except OSError as error:
        raise LinkEnded(f"cannot connect to {target.host_header}: {error}") from error
    tls: trio.SSLStream[trio.abc.Stream] | None = None
    if target.tls:
        context = ssl.create_default_context() if ssl_context is None else ssl_context
        tls = trio.SSLStream(stream, context, server_hostname=target.host, https_compatible=True)
    link = Link(stream, tls, settings)
    try:
        await link.shake_hands(nursery, target, user, protocols)
    except BaseException:  # whatever it was, above all a cancellation: nobody else knows of the stream
        await link.cut("the handshake has failed")  # noqa: ASYNC102 - it is shielded, and waits for nobody
        raise
    return link


@define(eq=False)
class Link:
    """Be a connection; made by `open_link`.

    Args:
      stream: as it was dialled.
      tls: TLS on top of it; None where there is none.
      settings: the client's.
    """

    _stream: trio.abc.Stream
    _tls: trio.SSLStream[trio.abc.Stream] | None
    _settings: ClientSettings
    heard: float = field(factory=trio.current_time, init=False)
    """When anything came, be it a WebSocket ping."""
    _websocket: WebSocketConnection = field(init=False)
    _reader: "_Reader" = field(init=False)
    _cut: str | None = field(default=None, init=False)
    _closing: trio.Event | None = field(default=None, init=False)

    async def shake_hands(
        self, nursery: trio.Nursery, target: Target, user: str | None, protocols: tuple[str, ...]
    ) -> None:
        """Become a WebSocket.

        Raises:
          LinkEnded: the server does not let that be.
        """
        if self._tls is not None:
            try:
                await self._tls.do_handshake()
            except (trio.BrokenResourceError, OSError) as error:
                why = error.__cause__ or error
                raise LinkEnded(f"no TLS with {target.host_header}: {why}") from error
        opening = trio.CancelScope()
        # The library waits for the answer to a request even when its reader has ended.
        self._reader = _Reader(nursery, opening.cancel)
        websocket: WebSocketConnection | None = None
        heard = _Heard(self._stream if self._tls is None else self._tls, self._note)
        with opening:
            websocket = await wrap_client_stream(
                # It uses no more of a nursery than `start_soon`, and any stream will do.
                cast("trio.Nursery", self._reader),
                cast("trio.SocketStream", heard),
                target.host_header,
                target.resource(user),
                subprotocols=protocols,
                message_queue_size=1,
                max_message_size=self._settings.message_bytes,
            )
        if websocket is None:
            raise self._refused()
        self._websocket = websocket
        if websocket.subprotocol != protocols[0]:
            raise LinkEnded(f"the server does not speak {protocols[0]}", final=True)

    async def receive(self) -> str:
        """Wait for a text.

        Raises:
          LinkEnded: none will come any more.
          ProtocolBroken: it is not text.
        """
        try:
            message = await self._websocket.get_message()
        except ConnectionClosed:
            raise self._ended() from None
        if isinstance(message, bytes):
            raise ProtocolBroken("a binary message")
        return message

    async def send(self, frame: bytes) -> None:
        """Send a text.

        Raises:
          LinkEnded: it cannot be sent any more.

        Cancellation: the connection is of no use any more.
        """
        with trio.move_on_after(self._settings.write_timeout):
            try:
                await self._websocket.send_message(frame.decode())
            # The second is the library's when it has refused what came, and not said so yet.
            except (ConnectionClosed, LocalProtocolError):
                raise self._ended() from None
            return
        await self.cut("the server does not read")
        raise self._ended()

    async def close(self, code: int, reason: str) -> None:
        """Close in good order, as far as the server lets that be within `close_timeout`.

        Cancellation: the stream is closed at once.
        """
        self._closing = trio.Event()
        try:
            with trio.move_on_after(self._settings.close_timeout):
                await self._websocket.aclose(code, reason)
        finally:
            self._closing.set()

    async def wait_closed(self) -> None:
        """Wait until whoever closes it has done so: the library's reader has to live for as long."""
        if self._closing is not None:
            await self._closing.wait()

    async def cut(self, why: str) -> None:
        """Close the stream at once."""
        if self._cut is None:
            self._cut = why
        with trio.CancelScope(shield=True):
            # Below TLS, which would have a goodbye of its own.
            await trio.aclose_forcefully(self._stream)

    def _note(self) -> None:
        self.heard = trio.current_time()

    def _ended(self) -> LinkEnded:
        closed = self._websocket.closed
        if self._cut is not None:
            return LinkEnded(self._cut)
        if self._reader.fault is not None:
            return LinkEnded(f"malformed input ({type(self._reader.fault).__name__})")
        if closed is None or closed.code == NO_GOODBYE:
            return LinkEnded("the connection ended without a goodbye")
        reason = closed.reason or ""
        return LinkEnded(f"closed with {closed.code} {reason}".rstrip(), closed.code, reason)

    def _refused(self) -> LinkEnded:
        rejection = self._reader.rejection
        if rejection is None:
            fault = self._reader.fault
            what = "" if fault is None else f": malformed input ({type(fault).__name__})"
            return LinkEnded(f"the connection ended during the handshake{what}")
        status = rejection.status_code
        after = [value for name, value in rejection.headers or () if name.lower() == b"retry-after"]
        wait = float(after[0]) if after and after[0].isdigit() and len(after[0]) < 10 else 0.0
        text = (rejection.body or b"")[:200].decode("utf-8", "replace").strip()
        return LinkEnded(
            f"refused with {status}{f': {text}' if text else ''}",
            wait=wait,
            final=status < 500 and status not in _TRY_AGAIN,
        )


@define(eq=False)
class _Reader:
    """Be the nursery in which the library starts its reader; what that raises is kept.

    Args:
      nursery: where it runs.
      on_end: is called when it has ended.
    """

    _nursery: trio.Nursery
    _on_end: Callable[[], None]
    rejection: ConnectionRejected | None = field(default=None, init=False)
    fault: Exception | None = field(default=None, init=False)

    def start_soon(
        self, async_fn: Callable[[*_Args], Awaitable[object]], *args: *_Args, name: object = None
    ) -> None:
        async def run() -> None:
            try:
                await async_fn(*args)
            except ConnectionRejected as rejection:
                self.rejection = rejection
            except Exception as fault:  # noqa: BLE001 - a guard: what malformed input does ends one connection
                self.fault = fault
            finally:
                self._on_end()

        self._nursery.start_soon(run, name=name or async_fn)


@define(eq=False)
class _Heard(trio.abc.Stream):
    """Be a stream that tells when something comes."""

    _stream: trio.abc.Stream
    _note: Callable[[], None]

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        data = await self._stream.receive_some(max_bytes)
        self._note()
        return data

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self._stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        await self._stream.aclose()
