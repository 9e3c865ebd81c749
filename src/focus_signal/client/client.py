"""A client: requests that are answered, events to be read, and a connection that comes back by itself."""

from collections.abc import Callable

import trio
from attrs import define, field, frozen

from focus_signal.client.asking import Asking
from focus_signal.client.events import Answered, Connected, Disconnected, Event, FromSession, Lost
from focus_signal.client.faults import (
    ClientClosed,
    ClientEnded,
    EventsUnread,
    RequestLost,
    RequestRefused,
)
from focus_signal.client.inbox import Inbox
from focus_signal.client.keeper import Keeper, Tell
from focus_signal.client.session import Session
from focus_signal.client.settings import ClientSettings
from focus_signal.client.unanswered import Request
from focus_signal.wire.messages.from_client import FromClient
from focus_signal.wire.messages.from_server import Error, Welcome


@frozen
class ClientStatistics:
    """Be what a client has done, and what waits in it at this moment.

    Args:
      connected: whether the server has welcomed the present connection.
      connections: how many connections the server has welcomed.
      resumed: how many of them went on where the one before was.
      frames_sent: how many frames went out.
      frames_received: how many came.
      duplicates: how many of them had come before.
      unanswered: requests that wait for an answer.
      lost: requests whose fate nobody knows.
      events: events that nobody has read.
      event_bytes: what those take.
    """

    connected: bool
    connections: int
    resumed: int
    frames_sent: int
    frames_received: int
    duplicates: int
    unanswered: int
    lost: int
    events: int
    event_bytes: int


@define(eq=False)
class _Waiting:
    """Be somebody who waits for an answer."""

    fault: Exception | None = None
    done: trio.Event = field(factory=trio.Event)

    def tell(self, fault: Exception | None) -> None:
        self.fault = fault
        self.done.set()


@define(eq=False)
class Client(Asking):
    """Be a client; made by `open_client`.

    It is iterated over for its events. The iteration ends when the client is closed, and raises `ClientEnded`
    when it has ended in any other way.

    Args:
      settings: the client's.
      session: what is said.
      inbox: what has come.
      make_keeper: makes who keeps it connected.
    """

    _settings: ClientSettings
    _session: Session
    _inbox: Inbox
    _make_keeper: Callable[[Tell], Keeper]
    _keeper: Keeper = field(init=False)
    _waiting: dict[Request, _Waiting] = field(factory=dict[Request, _Waiting], init=False)
    _all_answered: trio.Event = field(factory=trio.Event, init=False)
    _welcomed: trio.Event = field(factory=trio.Event, init=False)
    _ended: trio.Event = field(factory=trio.Event, init=False)
    _end: ClientEnded | None = field(default=None, init=False)
    _scope: trio.CancelScope = field(factory=trio.CancelScope, init=False)
    _resumed: int = field(default=0, init=False)
    _lost: int = field(default=0, init=False)

    def __attrs_post_init__(self) -> None:
        self._keeper = self._make_keeper(self._tell)

    @property
    def welcome(self) -> Welcome:
        """Give the server's last welcome: user id, limits, ICE servers, features."""
        welcome = self._session.welcome
        assert welcome is not None  # noqa: S101 - `open_client` gives no client before
        return welcome

    @property
    def user_id(self) -> str:
        """Give the user id."""
        return self.welcome.user_id

    @property
    def is_connected(self) -> bool:
        """Tell whether the server has welcomed the present connection."""
        return self._session.is_live

    def statistics(self) -> ClientStatistics:
        """Count."""
        keeper, session = self._keeper, self._session
        return ClientStatistics(
            connected=self.is_connected,
            connections=keeper.connections,
            resumed=self._resumed,
            frames_sent=keeper.frames_sent,
            frames_received=keeper.frames_received,
            duplicates=session.duplicates,
            unanswered=len(session.unanswered),
            lost=self._lost,
            events=len(self._inbox),
            event_bytes=self._inbox.size,
        )

    def __aiter__(self) -> "Client":
        return self

    async def __anext__(self) -> Event:
        try:
            return await self.next_event()
        except ClientClosed:
            raise StopAsyncIteration from None

    async def next_event(self) -> Event:
        """Wait for the next event.

        Raises:
          ClientEnded: there will be none; those that had come were given first.

        Cancellation: no event is lost.
        """
        event = await self._inbox.get()
        if event is None:
            raise self._why_ended()
        return event

    async def request(self, message: FromClient) -> None:
        """Send a message and wait until the server has answered; a cut in between only takes time.

        Args:
          message: one of `wire.messages.from_client`; its `id` and `seen` are given here.

        Raises:
          RequestRefused: the server has not done it.
          RequestLost: nobody knows whether it has.
          RequestTooBig: it would not take it.
          RequestsFull: too much is unanswered.
          ClientEnded: the client cannot go on.

        Cancellation: what was not sent yet is not asked. Else it may be done all the same, and if it is
        refused, the `Error` comes as an event.
        """
        await trio.lowlevel.checkpoint_if_cancelled()
        request = self.request_nowait(message)
        waiting = self._waiting[request] = _Waiting()
        try:
            await waiting.done.wait()
        finally:
            self._waiting.pop(request, None)
            if self._session.unanswered.withdraw(request):
                self._note_answers()
        if waiting.fault is not None:
            raise waiting.fault

    def request_nowait(self, message: FromClient) -> Request:
        """Send a message, and let its answer come as it may: an `Error` comes as an event.

        Raises:
          RequestTooBig: the server would not take it.
          RequestsFull: too much is unanswered.
          ClientEnded: the client cannot go on.
        """
        if self._end is not None:
            raise self._why_ended()
        request = self._session.send(message)
        self._keeper.wake()
        return request

    async def wait_all_answered(self) -> None:
        """Wait until the server has answered every request.

        Raises:
          ClientEnded: the client cannot go on.
        """
        await trio.lowlevel.checkpoint()
        while len(self._session.unanswered):
            if self._end is not None:
                raise self._why_ended()
            await self._all_answered.wait()

    async def aclose(self) -> None:
        """End the session at once: the server forgets it. What was asked for goes out first.

        Closing is shielded and takes `close_timeout` at the most.
        """
        self._finish(ClientClosed("the client was closed"))
        with trio.move_on_after(self._settings.close_timeout, shield=True):
            await self._ended.wait()
        self._scope.cancel()
        with trio.CancelScope(shield=True):
            await self._ended.wait()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Be the client's task, for `open_client`; it has started when the server has welcomed it.

        Raises:
          NotConnected: it has not.
        """
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._keep)
                await self._welcomed.wait()
                if self._session.welcome is not None:
                    task_status.started()
        finally:
            self._ended.set()
        if self._session.welcome is None:
            raise self._why_ended()

    async def _keep(self) -> None:
        end = ClientEnded("the client was cancelled")
        try:
            with self._scope:
                end = await self._keeper.run()
        finally:
            self._finish(end)
            self._welcomed.set()

    def _finish(self, end: ClientEnded) -> None:
        """Go on no more: who waits is told, and the connection closes."""
        if self._end is not None:
            return
        self._end = end
        self._keeper.end(end)
        for waiting in self._waiting.values():
            waiting.tell(self._why_ended())
        self._inbox.close()
        self._note_answers(done=True)

    def _why_ended(self) -> ClientEnded:
        assert self._end is not None  # noqa: S101 - it is asked for then only
        # Each who is told gets one of its own, for each raises it from another place.
        return type(self._end)(self._end.why, self._end.code)

    def _note_answers(self, *, done: bool = False) -> None:
        if done or not len(self._session.unanswered):
            self._all_answered.set()
            self._all_answered = trio.Event()

    def _tell(self, event: FromSession | Disconnected, frame_bytes: int) -> None:
        match event:
            case Answered(request, error):
                self._answer(request, error, frame_bytes)
                return
            case Lost(requests):
                self._lose(requests)
                return
            case Connected(resumed=resumed):
                self._resumed += resumed
                self._welcomed.set()
                # From here on it is `aclose` that ends it: even who is cancelled says goodbye.
                self._scope.shield = True
            case _:
                pass
        self._put(event, frame_bytes)

    def _answer(self, request: Request, error: Error | None, frame_bytes: int) -> None:
        waiting = self._waiting.get(request)
        if waiting is not None:
            waiting.tell(None if error is None else _refusal(error))
        elif error is not None:
            self._put(error, frame_bytes)
        self._note_answers()

    def _lose(self, requests: tuple[Request, ...]) -> None:
        self._lost += len(requests)
        unnoticed: list[Request] = []
        for request in requests:
            waiting = self._waiting.get(request)
            if waiting is None:
                unnoticed.append(request)
            else:
                waiting.tell(RequestLost(f"nobody knows whether request {request.id} was done"))
        if unnoticed:
            self._put(Lost(tuple(unnoticed)), sum(len(request.frame) for request in unnoticed))
        self._note_answers()

    def _put(self, event: Event, frame_bytes: int) -> None:
        if not self._inbox.put(event, frame_bytes):
            self._finish(EventsUnread(f"{len(self._inbox)} events wait to be read, {self._inbox.size} bytes"))


def _refusal(error: Error) -> RequestRefused:
    return RequestRefused(
        error.code,
        error.message,
        error.retry_after if isinstance(error.retry_after, int) else None,
        error.to if isinstance(error.to, str) else None,
    )
