"""What peers send each other: nothing lost, nothing doubled, in order, and to nobody else.

A receiver has *stayed* if its session went on from the moment at which something was sent to it: no new life,
no welcome that did not resume, no other server. Whoever has not stayed may have missed it; then its sender,
if it has stayed itself, has to know.
"""

from collections.abc import Callable, Sequence

from attrs import define, field

from focus_signal.core.commands import Broadcast, Command, Numbered, OpenSession, Relay
from focus_signal.core.effects import Ack, DeliverNumbered, Effect, Refused, Relayed, Welcome
from focus_signal.testing.v1 import history as h
from focus_signal.testing.v1.checks.members import Fresh, Members
from focus_signal.wire.messages import from_server

Report = Callable[[str, float, str], None]
_FROM_PEER = (
    from_server.Offer,
    from_server.Answer,
    from_server.IceCandidate,
    from_server.Signal,
    from_server.Broadcast,
)


@define(eq=False)
class _Sent:
    """Be something that somebody has sent.

    Args:
      number: counts what its sender has asked for.
    """

    sender: str
    number: int
    to: str | None
    decided: int | None = None
    receivers: tuple[str, ...] = ()
    acknowledged: bool = False


@define(eq=False)
class Relays:
    """Look at everything that bears a mark.

    Args:
      report: takes what is wrong: the invariant, when, and what was seen.
      seeds: who speaks the seed's dialect; to them nothing is sent again.
    """

    _report: Report
    _seeds: tuple[str, ...]
    _at: int = field(default=0, init=False)
    _sent: dict[str, _Sent] = field(factory=dict[str, _Sent], init=False)
    _marks: dict[tuple[str, int], str] = field(factory=dict[tuple[str, int], str], init=False)
    _got: dict[tuple[str, str], int] = field(factory=dict[tuple[str, str], int], init=False)
    # The number of the last that came, by receiver and sender.
    _last: dict[tuple[str, str], int] = field(factory=dict[tuple[str, str], int], init=False)
    # When somebody last did not stay, and when a peer was told that it may be so.
    _breaks: dict[str, int] = field(factory=dict[str, int], init=False)
    _warned: dict[tuple[str, str], int] = field(factory=dict[tuple[str, str], int], init=False)
    _members: Members = field(factory=Members, init=False)
    _fresh: Fresh = field(factory=Fresh, init=False)
    _begun: int = field(default=0, init=False)

    def look(self, event: h.Event) -> None:
        """Look at the next thing that happened."""
        self._at += 1
        match event:
            case h.Asked(user=user, number=number, mark=mark, to=to) if mark:
                self._sent[mark] = _Sent(user, number, to)
                self._marks[user, number] = mark
            case h.Answered(user=user, number=number, code=None):
                mark = self._marks.get((user, number), "")
                if mark:
                    self._sent[mark].acknowledged = True
            case h.Decided(command=command, effects=effects):
                self._decide(command, effects)
            case h.Told(t=t, user=user, message=message):
                self._tell(t, user, message)
            case h.ToldSeed(t=t, user=user, message=Relayed(sender=sender, payload=payload)):
                self._get(t, user, sender, h.mark_in(payload))
            case h.Came(user=user) | h.Went(user=user) | h.Over(user=user):
                self._breaks[user] = self._at
            case h.Begun():
                self._begun = self._at
                self._members.clear()
                self._fresh.clear()
            case h.Settled():
                self._settle(event)
            case _:
                pass

    def _decide(self, command: Command, effects: Sequence[Effect]) -> None:
        self._members.step(command, self._fresh.of(command, effects))
        for effect in effects:
            message = getattr(effect, "message", None)
            if isinstance(message, Welcome) and isinstance(command, OpenSession) and not message.resumed:
                self._breaks[command.user] = self._at
        request = command.request if isinstance(command, Numbered) else command
        if not isinstance(request, Relay | Broadcast):
            return
        mark = h.mark_in(request.payload)
        sent = None if mark is None else self._sent.get(mark)
        if sent is None or not _is_done(command, effects):
            return
        if sent.decided is not None and any(_relays(effect) for effect in effects):
            self._report("resume-double", -1.0, f"{mark} was relayed twice")
        if sent.decided is not None:
            return  # it came again, and was only answered
        sent.decided = self._at
        others = self._members.peers_of(sent.sender) if sent.to is None else [sent.to]
        sent.receivers = tuple(others)

    def _tell(self, t: float, user: str, message: object) -> None:
        if isinstance(message, _FROM_PEER):
            payload = b""
            for name in ("sdp", "candidate", "data"):
                payload += bytes(getattr(message, name, None) or b"")
            self._get(t, user, message.from_, h.mark_in(payload))
        elif (isinstance(message, from_server.PeerBack) and not message.resumed) or isinstance(
            message, from_server.PeerLeft
        ):
            self._warned[user, message.peer] = self._at
        elif isinstance(message, from_server.RoomClosed):
            self._warned[user, ""] = self._at

    def _get(self, t: float, user: str, sender: str, mark: str | None) -> None:
        sent = None if mark is None else self._sent.get(mark)
        if sent is None or mark is None:
            self._report("misdelivered", t, f"{user} got what nobody has sent, from {sender}")
            return
        if sent.sender != sender or (sent.to is not None and sent.to != user):
            text = f"{user} got {mark} from {sender}, which {sent.sender} had sent to {sent.to}"
            self._report("misdelivered", t, text)
        self._got[mark, user] = self._got.get((mark, user), 0) + 1
        if self._got[mark, user] > 1:
            self._report("resume-double", t, f"{user} got {mark} {self._got[mark, user]} times")
        elif sent.number < self._last.get((user, sender), 0):
            self._report("pair-order", t, f"{user} got {mark} behind what {sender} has sent later")
        self._last[user, sender] = max(sent.number, self._last.get((user, sender), 0))

    def _settle(self, settled: h.Settled) -> None:
        for mark, sent in self._sent.items():
            if not sent.acknowledged:
                continue
            if sent.decided is None:
                self._report("resume-loss", settled.t, f"{mark} was acknowledged and never relayed")
                continue
            for receiver in sent.receivers:
                if receiver not in self._seeds and not self._got.get((mark, receiver)):
                    self._miss(settled, mark, sent, receiver)

    def _miss(self, settled: h.Settled, mark: str, sent: _Sent, receiver: str) -> None:
        decided = sent.decided or 0
        if receiver in settled.live and max(self._breaks.get(receiver, 0), self._begun) < decided:
            text = f"{receiver} never got {mark}, which was acknowledged, and has stayed all the time"
            self._report("resume-loss", settled.t, text)
            return
        sender = sent.sender
        if sender not in settled.live or max(self._breaks.get(sender, 0), self._begun) > decided:
            return
        warned = max(self._warned.get((sender, who), 0) for who in (receiver, ""))
        if warned < decided:
            text = f"{receiver} never got {mark}, and {sender} was not told that it may be so"
            self._report("resume-loss", settled.t, text)


def _is_done(command: Command, effects: Sequence[Effect]) -> bool:
    """Tell whether a relay was carried out: not refused, and not that of somebody who is heard no more."""
    messages = [getattr(effect, "message", None) for effect in effects]
    if isinstance(command, Numbered) and command.id is not None:
        return any(isinstance(message, Ack) for message in messages)
    return bool(messages) and not any(isinstance(message, Refused) for message in messages)


def _relays(effect: Effect) -> bool:
    return isinstance(effect, DeliverNumbered) and isinstance(effect.message, Relayed)
