"""Relays: each is delivered to whom it is for, or refused, once, and as it was sent."""

from collections.abc import Sequence

from attrs import define, field

from focus_signal.core.commands import Relay
from focus_signal.core.effects import Deliver, Effect, Refused, Relayed
from focus_signal.testing.history import mark_of
from focus_signal.testing.invariants.names import Findings
from focus_signal.testing.invariants.world import Line, World, expected_text
from focus_signal.testing.plan import Signal


@define(eq=False)
class _Case:
    """Be one relay that is looked at closely."""

    t: float
    op: int
    command: Relay
    sender: Line
    target: Line | None
    speaks: bool
    reachable: bool
    together: bool

    @property
    def what(self) -> str:
        """Say what this is about."""
        return f"the {self.command.kind} (#{self.op}) from {self.sender.user} to {self.command.to}"


@define(eq=False)
class Relays:
    """Follow the relays; those that came to nothing so far are judged at the end."""

    _world: World
    _findings: Findings
    # What was neither delivered nor refused, by its mark: when it was decided, who sent it, and what it is.
    _pending: dict[int, tuple[float, Line, str]] = field(
        factory=dict[int, tuple[float, Line, str]], init=False
    )

    def decided(self, t: float, op: int, command: Relay, effects: Sequence[Effect]) -> None:
        """Look at what came of a relay."""
        world = self._world
        sender = world.served[command.connection]
        target = world.speakers.get(command.to)
        speaks = world.speakers.get(sender.user) is sender
        reachable = target is not None and target.open
        together = world.together(sender.user, command.to)
        signal = world.ops.get(op)
        if type(signal) is Signal and (
            expected_text(signal) not in command.payload or command.kind != signal.kind
        ):
            text = f"the {signal.kind} (#{op}) of {sender.user} was not decided as it was sent"
            self._findings.report("altered", t, text, (op,))
        if len(effects) == 1 and speaks:
            # Nearly every relay ends here.
            effect = effects[0]
            if type(effect) is Deliver:
                message = effect.message
                if type(message) is Relayed:
                    if (
                        reachable
                        and together
                        and target is not None
                        and effect.connection == target.number
                        and message.sender == sender.user
                        and message.kind == command.kind
                        and message.payload == command.payload
                    ):
                        return
                elif (
                    type(message) is Refused
                    and effect.connection == sender.number
                    and message.code == "peer-unavailable"
                    and not (reachable and together)
                ):
                    return
        elif not effects and not speaks and (sender.closed is not None or sender.gone):
            return  # its connection had been closed before, which tells its client as much
        case = _Case(t, op, command, sender, target, speaks, reachable, together)
        self._look_closely(case, effects)

    def late(self, t: float, effects: Sequence[Effect]) -> None:
        """Look at relays that are delivered in a decision about something else."""
        for place, effect in enumerate(effects):
            if type(effect) is Deliver and type(effect.message) is Relayed:
                self._late(t, effect.connection, effect.message, effects[:place])

    def over(self) -> None:
        """Judge what came to nothing."""
        for mark, (t, _, what) in self._pending.items():
            text = f"{what} was neither delivered nor refused"
            self._findings.report("silent-loss", t, text, (mark,))

    def _look_closely(self, case: _Case, effects: Sequence[Effect]) -> None:
        own: list[Deliver] = []
        refusals: list[Deliver] = []
        for place, effect in enumerate(effects):
            if type(effect) is not Deliver:
                continue  # a close is looked at where all of them are
            message = effect.message
            if type(message) is Refused:
                refusals.append(effect)
            elif type(message) is Relayed:
                if mark_of(message.payload) in {case.op, None}:
                    own.append(effect)
                else:
                    self._late(case.t, effect.connection, message, effects[:place])
        for effect in own:
            self._look_at_delivery(case, effect)
        if len(own) + len(refusals) > 1:
            self._report(case, "duplicate", f"has {len(own)} deliveries and {len(refusals)} errors")
        elif refusals:
            self._look_at_refusal(case, refusals[0])
        elif not own:
            self._look_at_nothing(case)

    def _look_at_delivery(self, case: _Case, effect: Deliver) -> None:
        message, receiver = effect.message, self._world.served.get(effect.connection)
        if not isinstance(message, Relayed):
            return
        if message.sender != case.sender.user:
            self._report(case, "spoofed-sender", f"was delivered as from {message.sender}")
        if message.kind != case.command.kind or message.payload != case.command.payload:
            self._report(case, "altered", "was not delivered as it was sent")
        if case.sender.connected and not case.speaks and not case.sender.disconnected:
            self._report(case, "newest-wins", "came from a connection that a newer one had replaced")
        if receiver is None or receiver.user != case.command.to:
            self._report(case, "outsider", "was delivered to somebody else")
        elif receiver is not case.target:
            if case.reachable:
                self._report(case, "takeover-unreachable", "was delivered to an older connection")
            else:
                self._report(case, "silent-loss", "was delivered to a connection that speaks for nobody")
        elif not case.reachable:
            # A drain has closed everyone, sender and target alike.
            if receiver.closed != "restart":
                self._report(case, "silent-loss", "was delivered to a connection that had ended")
        elif not case.together:
            self._report(case, "outsider", "was delivered, and they share no room")

    def _look_at_refusal(self, case: _Case, effect: Deliver) -> None:
        refusal = effect.message
        if not isinstance(refusal, Refused):
            return
        if effect.connection != case.sender.number or refusal.code != "peer-unavailable":
            self._report(case, "bad-request", f"was refused by {refusal.code} to {effect.connection}")
        elif case.reachable and case.together:
            if self._world.had[case.command.to] > 1:
                text = "was refused, though the newest connection of its target is open"
                self._report(case, "takeover-unreachable", text)
            else:
                self._report(
                    case, "unreachable", "was refused, though they share a room and its target is there"
                )

    def _look_at_nothing(self, case: _Case) -> None:
        if not case.speaks and (case.sender.closed is not None or case.sender.gone):
            return
        if case.reachable and self._world.had[case.command.to] > 1:
            text = "came to nothing, though the newest connection of its target is open"
            self._report(case, "takeover-unreachable", text)
        elif case.op in self._pending or case.op < 0:
            self._report(case, "silent-loss", "was neither delivered nor refused")
        else:
            self._pending[case.op] = (case.t, case.sender, case.what)

    def _late(self, t: float, connection: int, message: Relayed, before: Sequence[Effect]) -> None:
        mark = mark_of(message.payload)
        pending = self._pending.pop(-1 if mark is None else mark, None)
        if mark is None or pending is None:
            text = f"a {message.kind} from {message.sender} (#{mark}) was delivered once too often"
            self._findings.report("duplicate", t, text, () if mark is None else (mark,))
            return
        _, sender, what = pending
        order = {sent.op: place for place, sent in enumerate(sender.sent)}
        receiver = self._world.served.get(connection)
        earlier = [] if receiver is None else [other for other, _ in receiver.delivered]
        earlier += [
            effect.message for effect in before if type(effect) is Deliver and effect.connection == connection
        ]
        for other in earlier:
            if type(other) is Relayed and order.get(mark_of(other.payload) or -1, -1) > order.get(mark, -1):
                self._findings.report(
                    "pair-order", t, f"{what} was delivered behind what came after it", (mark,)
                )
                return

    def _report(self, case: _Case, name: str, text: str) -> None:
        ops = [case.op]
        if name == "takeover-unreachable" and case.target is not None:
            ops.append(case.target.opened_by)
        self._findings.report(name, case.t, f"{case.what} {text}", ops)
