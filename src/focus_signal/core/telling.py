"""Tell sessions something: numbered and kept for those that can be resumed, as it is for the others.

A request with a number is answered here as well: by an `Ack` ahead of whatever else it causes for the sender,
or by one `Refused` and nothing else.
"""

from attrs import define, field

from focus_signal.core.effects import (
    Ack,
    Close,
    CloseReason,
    Deliver,
    DeliverNumbered,
    Effect,
    Message,
    Refused,
    Relayed,
    RoomFound,
    SeedMessage,
)
from focus_signal.core.sizes import size_of
from focus_signal.core.state import Session

UNNUMBERED = 0


@define(eq=False)
class Telling:
    """Collect what is to be done by one command."""

    refused: int = field(default=0, init=False)
    """How many requests were refused since the start."""
    effects: list[Effect] = field(factory=list[Effect], init=False)
    """What was collected and not taken yet; changed here only."""
    # The request with a number that is being carried out and was not answered yet.
    _asks: Session | None = field(default=None, init=False)
    _id: int = field(default=0, init=False)

    def take(self) -> list[Effect]:
        """Give what was collected."""
        effects = self.effects
        if effects:
            self.effects = []
            return effects
        return []

    def tell(self, session: Session, message: Message) -> None:
        """Send a session a message, now or when it is back; one of the seed's is told what it understands."""
        resumption, connection = session.resumption, session.connection
        if resumption is None:
            if connection is not None and isinstance(message, Relayed | RoomFound | Refused):
                self.effects.append(Deliver(connection, message))
            return
        if session is self._asks:
            self.end()
        seq = resumption.log.append(message, size_of(message))
        if connection is not None:
            self.effects.append(DeliverNumbered(connection, message, seq))

    def tell_plain(self, connection: int, message: SeedMessage) -> None:
        """Send a connection of the seed's dialect a message."""
        self.effects.append(Deliver(connection, message))

    def tell_now(self, connection: int, message: Message, seq: int = UNNUMBERED) -> None:
        """Send a connection a message that is not to be kept, or that was kept before."""
        self.effects.append(DeliverNumbered(connection, message, seq))

    def close(self, connection: int, reason: CloseReason) -> None:
        """Close a connection, behind what it was told."""
        self.effects.append(Close(connection, reason))

    def begin(self, session: Session, number: int) -> None:
        """Begin to carry out a request with a number."""
        self._asks, self._id = session, number
        if session.resumption is not None:
            session.resumption.last_id = number

    def end(self) -> None:
        """Answer it, unless it was."""
        asks, self._asks = self._asks, None
        if asks is not None:
            self.acknowledge(asks, self._id)

    def acknowledge(self, session: Session, number: int) -> None:
        """Tell a session that a request with this number was answered."""
        self.tell(session, Ack(number))

    def refuse(
        self, session: Session, code: str, message: str, to: str | None = None, retry_after: int | None = None
    ) -> None:
        """Refuse what a session asks for; nothing may have changed."""
        self.refused += 1
        number = None
        if session is self._asks:
            self._asks, number = None, self._id
        self.tell(session, Refused(code, message, to, number, retry_after))
