"""What the invariants are called and what each means, and the list of where they did not hold."""

from collections.abc import Iterable

from attrs import define, field

from focus_signal.testing.violation import Violation

INVARIANTS: dict[str, str] = {
    "self-match": "nobody is twice in one room",
    "room-size": "a room has the size that its members asked for, and tells each of them once who is in it",
    "two-rooms": "one request puts nobody in two rooms, and none in no room at all",
    "two-queues": "who asks for another size is matched for that one and no longer for the one before",
    "fifo": "the oldest requests for a size are matched first, and peers are named in their order",
    "pair-order": "commands are decided in the order of sending, and messages got in the order of deciding",
    "silent-loss": "a message is delivered, or refused by an error, or its target's end was read meanwhile",
    "duplicate": "nothing is decided, delivered, answered or got twice",
    "spoofed-sender": "the sender that a message names is the user of the connection that sent it",
    "outsider": "nobody hears from outside their room, or what was delivered to somebody else",
    "takeover-unreachable": "a user who connected anew is reached, whatever becomes of the older connection",
    "dead-match": "no match holds a member whose end was read before it was decided",
    "starved-queue": "once all faults are healed, nobody waits where enough wait to be matched",
    "leak": "when everyone has left and every grace is over, nothing is left behind",
    "bound": "no more waits for a connection than its outbox may hold (seen above core)",
    "drained": "a drain ends every request, tells everyone with 1012 and ends everyone in time",
    "unreachable": "a message to somebody in the same room whose connection is open is not refused",
    "bad-request": "what cannot be carried out gets its one error, and what can be gets none",
    "newest-wins": "the newest connection speaks for its user, the one before is closed, and nobody else is",
    "altered": "a payload and its kind arrive as they were sent",
    "fault": "the server meets no fault of its own",
    "frames": "what the server sends is whole frames, and nothing behind a close frame (seen above core)",
    "pongs": "a client's pings are answered by what they held, the last one always, none twice (above core)",
    "strange-text": "a client gets no text but the server's messages (seen above core)",
    "held": "nobody is held longer than a limit says, and nothing in greater number or size (above core)",
    "contained": "what goes wrong in one connection ends no other, and its peer is told (above core)",
}

_MOST_OF_A_NAME = 3


@define(eq=False)
class Findings:
    """Collect violations, of each name the first few."""

    found: list[Violation] = field(factory=list[Violation], init=False)
    _counts: dict[str, int] = field(factory=dict[str, int], init=False)

    def report(self, invariant: str, t: float, text: str, ops: Iterable[int] = ()) -> None:
        """Note that an invariant did not hold; ids below 0 stand for operations that nobody knows."""
        count = self._counts.get(invariant, 0)
        self._counts[invariant] = count + 1
        if count < _MOST_OF_A_NAME:
            known = tuple(dict.fromkeys(op for op in ops if op >= 0))
            self.found.append(Violation(invariant, t, text, known))
