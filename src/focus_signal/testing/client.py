"""A client as a test sees it: it asks, sends, and waits for what it expects."""

from collections.abc import Callable
from typing import Literal, Protocol, TypeVar, cast, overload

import msgspec
import trio
from attrs import define, field, frozen

from focus_signal.core.effects import Refused, Relayed, RoomFound, SeedMessage
from focus_signal.errors import SimulationFailed, TransportClosed
from focus_signal.testing.plan import Join, Leave, LeaveBy, Operation, Say, Signal, text_of
from focus_signal.testing.shell.caller import HOME, Caller

SignalKind = Literal["offer", "answer", "ice-candidate"]
AnOperation = TypeVar("AnOperation", bound=Operation)


class Recorder(Protocol):
    """Know what a client of a simulation has to know of it."""

    @property
    def patience(self) -> float:
        """Tell for how many virtual seconds a client waits for what it expects."""
        ...

    def record(self, make: Callable[[int, float], AnOperation]) -> AnOperation:
        """Put an operation into the plan of the run, under an id and a time that it gets here."""
        ...

    def note_payload(self, conn: int, payload: bytes, op: int) -> None:
        """Make a payload known that bears no mark."""
        ...


@frozen
class RoomFoundMessage:
    """Be a `room-found`."""

    room_id: str
    peers: tuple[str, ...]


@frozen
class SignalMessage:
    """Be an offer, an answer or an ice-candidate; `sdp` and `candidate` are JSON read into Python."""

    kind: SignalKind
    sender: str
    sdp: object
    candidate: object


@frozen
class ErrorMessage:
    """Be an `error`."""

    code: str
    message: str
    to: str | None


ClientMessage = RoomFoundMessage | SignalMessage | ErrorMessage


@define(eq=False, repr=False)
class Client:
    """Be one client's connection to the simulated server; made by `Simulation.clients`.

    Error handling: what can no longer be sent raises `TransportClosed`.
    """

    _simulation: Recorder
    _caller: Caller
    messages: list[ClientMessage] = field(factory=list[ClientMessage], init=False)
    """Everything that has come, in order."""
    _unclaimed: list[ClientMessage] = field(factory=list[ClientMessage], init=False)
    _came: trio.Event = field(factory=trio.Event, init=False)

    def __attrs_post_init__(self) -> None:
        self._caller.on_message = self._take

    def __repr__(self) -> str:
        return f"<Client {self.label!r}>"

    @property
    def user(self) -> str:
        """Give the user id."""
        return self._caller.user

    @property
    def conn(self) -> int:
        """Give the number of the connection in the plan."""
        return self._caller.conn

    @property
    def label(self) -> str:
        """Give the name of the client's link, for the verbs of the network."""
        return self._caller.label

    @property
    def is_open(self) -> bool:
        """Tell whether the connection is open, as far as the client knows."""
        return self._caller.is_open

    @property
    def close_code(self) -> int | None:
        """Give the code of the close frame that ended the connection; None if there was none."""
        return self._caller.code

    async def join(self, match_size: int) -> None:
        """Ask for a room.

        Args:
          match_size: for how many users.
        """
        conn = self._caller.conn
        operation = self._simulation.record(lambda id_, at: Join(id=id_, at=at, conn=conn, size=match_size))
        await self._caller.send_text(operation.id, text_of(operation, self.user))

    async def offer(self, to: "Client | str", sdp: object = None) -> None:
        """Send an offer.

        Args:
          to: the peer, or a user id.
          sdp: anything that JSON can hold; None makes something up.
        """
        await self._signal("offer", to, sdp)

    async def answer(self, to: "Client | str", sdp: object = None) -> None:
        """Send an answer; the arguments are those of `offer`."""
        await self._signal("answer", to, sdp)

    async def candidate(self, to: "Client | str", candidate: object = None) -> None:
        """Send an ICE candidate; the arguments are those of `offer`."""
        await self._signal("ice-candidate", to, candidate)

    async def say(self, text: str) -> None:
        """Send any text at all."""
        conn = self._caller.conn
        operation = self._simulation.record(lambda id_, at: Say(id=id_, at=at, conn=conn, text=text))
        await self._caller.send_text(operation.id, text.encode())

    @overload
    async def expect(self, kind: Literal["room-found"]) -> RoomFoundMessage: ...
    @overload
    async def expect(self, kind: SignalKind) -> SignalMessage: ...
    @overload
    async def expect(self, kind: Literal["error"]) -> ErrorMessage: ...

    async def expect(self, kind: Literal["room-found", "error"] | SignalKind) -> ClientMessage:
        """Wait for the next message of a kind; what comes of other kinds is kept for later calls.

        Args:
          kind: the `type` of the message.

        Raises:
          SimulationFailed: it has not come within the simulation's patience, or the connection has ended.
        """
        with trio.move_on_after(self._simulation.patience):
            while True:
                for message in self._unclaimed:
                    if _kind_of(message) == kind:
                        self._unclaimed.remove(message)
                        return message
                if self._caller.ended.is_set() or self._caller.left:
                    raise SimulationFailed(f"{self._waits_for(kind)}, and its connection has ended")
                self._came = trio.Event()
                await self._came.wait()
        raise SimulationFailed(f"{self._waits_for(kind)} for {self._simulation.patience:g} seconds in vain")

    async def wait_closed(self) -> int | None:
        """Wait until the connection has ended, and give the code of the close frame, None if there was none.

        Raises:
          SimulationFailed: it has not ended within the simulation's patience.
        """
        with trio.move_on_after(self._simulation.patience):
            await self._caller.ended.wait()
            return self._caller.code
        raise SimulationFailed(
            f"{self.user} waited {self._simulation.patience:g} seconds for its end in vain"
        )

    async def close(self) -> None:
        """Close in good order."""
        await self._leave("close")

    async def reset(self) -> None:
        """End the connection by a reset."""
        await self._leave("reset")

    async def half_close(self) -> None:
        """End what is sent, so that the server reads the end of the stream."""
        await self._leave("half-close")

    async def connect(self) -> None:
        """Wait until it is connected; `Simulation.clients` has done so.

        Raises:
          TransportClosed: the server could not be reached, or lets nobody in.
        """
        await self._caller.opened.wait()
        if not self._caller.admitted:
            why = self._caller.failure or "it has left before it was let in"
            raise TransportClosed(f"{self.user} cannot connect: {why}")

    async def run(self) -> None:
        """Be the client's task."""
        await self._caller.run()
        self._came.set()

    def end_link(self, by: Literal["reset", "half-close"]) -> None:
        """End the link by a verb of the network; nothing happens if the client has left already."""
        if self._caller.left or self._caller.ended.is_set():
            return
        conn = self._caller.conn
        operation = self._simulation.record(lambda id_, at: Leave(id=id_, at=at, conn=conn, by=by))
        if by == "reset":
            self._caller.cut(operation.id)
        else:
            self._caller.end_sending(operation.id)
        self._came.set()

    async def go_home(self) -> None:
        """End the connection now that the test is over, in good order if that can be done."""
        try:
            now, conn = trio.current_time(), self._caller.conn
            await self._caller.leave(Leave(id=HOME, at=now, conn=conn, by="close"))
        finally:
            self._caller.cut(HOME)

    async def _leave(self, by: LeaveBy) -> None:
        conn = self._caller.conn
        operation = self._simulation.record(lambda id_, at: Leave(id=id_, at=at, conn=conn, by=by))
        await self._caller.leave(operation)
        self._came.set()

    async def _signal(self, kind: SignalKind, to: "Client | str", payload: object) -> None:
        conn, target = self._caller.conn, to if isinstance(to, str) else to.user
        operation = self._simulation.record(
            lambda id_, at: Signal(id=id_, at=at, conn=conn, kind=kind, to=target)
        )
        text = text_of(operation, self.user)
        if payload is not None:
            name = "candidate" if kind == "ice-candidate" else "sdp"
            came = msgspec.json.encode(payload)
            head = msgspec.json.encode({"type": kind, "to": target, "from": self.user})
            text = b'%b,"%b":%b}' % (head[:-1], name.encode(), came)
            self._simulation.note_payload(conn, b',"%b":%b' % (name.encode(), came), operation.id)
        await self._caller.send_text(operation.id, text)

    def _take(self, message: SeedMessage) -> None:
        shown = _shown(message)
        self.messages.append(shown)
        self._unclaimed.append(shown)
        self._came.set()

    def _waits_for(self, kind: str) -> str:
        came = ", ".join(map(_kind_of, self.messages)) or "nothing"
        return f"{self.user} waits for {kind!r}, has got {came}"


class _Payload(msgspec.Struct):
    sdp: object = None
    candidate: object = None


_read_payload = msgspec.json.Decoder(_Payload).decode


def _shown(message: SeedMessage) -> ClientMessage:
    match message:
        case RoomFound(room, peers):
            return RoomFoundMessage(room, peers)
        case Refused(code, text, to):
            return ErrorMessage(code, text, to)
        case Relayed(sender, kind, payload):
            came = _read_payload(b"{%b}" % payload[1:])
            return SignalMessage(cast("SignalKind", kind), sender, came.sdp, came.candidate)


def _kind_of(message: ClientMessage) -> str:
    match message:
        case RoomFoundMessage():
            return "room-found"
        case ErrorMessage():
            return "error"
        case SignalMessage(kind=kind):
            return kind
