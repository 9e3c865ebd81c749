"""Payloads that a test chose itself, told apart all the same.

A generated signal bears a mark, by which it is known wherever it turns up. What a test sends is the test's
own and bears none, so it is known by who sent it and in which order, and the history shows it with a mark.
"""

from collections import defaultdict, deque

from attrs import define, field
from msgspec.structs import replace

from focus_signal.core.commands import Command, Relay
from focus_signal.core.effects import Deliver, Effect, Relayed, SeedMessage

_Key = tuple[int, bytes]


def _queues() -> defaultdict[_Key, deque[int]]:
    return defaultdict(deque)


@define(eq=False)
class Marks:
    """Know the payloads without a mark."""

    _sent: defaultdict[_Key, deque[int]] = field(factory=_queues, init=False)
    _delivered: defaultdict[_Key, deque[int]] = field(factory=_queues, init=False)

    def sent(self, conn: int, payload: bytes, op: int) -> None:
        """Take note that a connection of the plan has sent a payload without a mark."""
        self._sent[conn, payload].append(op)

    def decided(
        self, command: Command, effects: list[Effect], conns: dict[int, int]
    ) -> tuple[Command, list[Effect]]:
        """Show what was decided with a mark, if it is about such a payload.

        Args:
          command: what was decided.
          effects: what came of it.
          conns: the connections of the plan, by the numbers that the server gave them.
        """
        if not self._sent or not isinstance(command, Relay) or command.connection not in conns:
            return command, effects
        waiting = self._sent.get((conns[command.connection], command.payload))
        if not waiting:
            return command, effects
        op = waiting.popleft()
        shown: list[Effect] = []
        for effect in effects:
            match effect:
                case Deliver(connection, Relayed() as message) if connection in conns:
                    self._delivered[conns[connection], message.payload].append(op)
                    shown.append(Deliver(connection, _marked(message, op)))
                case _:
                    shown.append(effect)
        return replace(command, payload=_mark(op)), shown

    def got(self, conn: int, message: SeedMessage) -> SeedMessage:
        """Show what a connection got with a mark, if it is such a payload."""
        if not self._delivered or not isinstance(message, Relayed):
            return message
        waiting = self._delivered.get((conn, message.payload))
        return _marked(message, waiting.popleft()) if waiting else message


def _marked(message: Relayed, op: int) -> Relayed:
    return replace(message, payload=_mark(op))


def _mark(op: int) -> bytes:
    return b',"sdp":"m%d "' % op
