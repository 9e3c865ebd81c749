"""What is relayed: to a peer in the room, or to all of them.

A peer is reached now, or when it is back; what cannot be kept for it until then is refused, so that its
sender knows. Somebody who does not exist, or is elsewhere, cannot be told from one who cannot be reached.
"""

from attrs import define, field

from focus_signal.core.commands import Broadcast, Relay
from focus_signal.core.effects import Relayed
from focus_signal.core.sizes import size_of
from focus_signal.core.state import Session
from focus_signal.core.telling import Telling

UNREACHABLE = "no peer of this user id can be reached from here"
_OF_THE_SEED = ("offer", "answer", "ice-candidate")


@define(eq=False)
class Relays:
    """Relay.

    Args:
      any_scope: whether a relay reaches users who share no room with the sender.
      telling: tells the peers.
    """

    _any_scope: bool
    _telling: Telling
    relayed: int = field(default=0, init=False)
    """How many messages were relayed since the start; a broadcast counts for each who gets it."""

    def relay(self, sender: Session, target: Session | None, command: Relay) -> None:
        """Relay something to one peer, or refuse."""
        if not self._is_here(sender, command.room):
            return
        message = Relayed(sender.user, command.kind, command.payload)
        if target is None or not self._reaches(sender, target, message):
            self._telling.refuse(sender, "peer-unavailable", UNREACHABLE, command.to)
        else:
            self.relayed += 1
            self._telling.tell(target, message)

    def broadcast(self, sender: Session, command: Broadcast) -> None:
        """Relay something to everyone else in the room who can understand it, or refuse."""
        if not self._is_here(sender, command.room):
            return
        room = sender.room
        if room is None:
            self._telling.refuse(sender, "not-in-room", "you are in no room")
            return
        message = Relayed(sender.user, "broadcast", command.payload)
        for peer in room.members:
            if peer is not sender and peer.resumption is not None:
                self.relayed += 1
                self._telling.tell(peer, message)

    def _is_here(self, sender: Session, room: str | None) -> bool:
        """Refuse what is for a room in which the sender is not."""
        if room is None or (sender.room is not None and sender.room.id == room):
            return True
        self._telling.refuse(sender, "not-in-room", f"you are not in the room {room[:40]}")
        return False

    def _reaches(self, sender: Session, target: Session, message: Relayed) -> bool:
        if not (self._any_scope or (sender.room is not None and sender.room is target.room)):
            return False
        if target.present:
            return target.resumption is not None or message.kind in _OF_THE_SEED
        resumption = target.resumption
        if resumption is None or not resumption.held:
            return False
        # Of no use is what is kept for somebody who has missed something before it.
        return resumption.log.whole and resumption.log.fits(size_of(message))
