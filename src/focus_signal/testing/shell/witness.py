"""What looks on and meddles inside the server while it is simulated, and writes the history."""

import logging
from collections import Counter
from collections.abc import Callable

import trio
from attrs import define, field

from focus_signal.core.commands import Begin, Command, Relay, RelayClump
from focus_signal.core.effects import Deliver, DeliverClump, Effect, Relayed
from focus_signal.core.matchmaker import MatchmakerStatistics
from focus_signal.observe.buggify import Point, What
from focus_signal.observe.faults import fault_of
from focus_signal.server.config import Config
from focus_signal.server.logic import BuildLogic, Decider, Logic
from focus_signal.server.outbox import OutboxStatistics
from focus_signal.testing import history as h
from focus_signal.testing.keyed import draw, draw_seconds
from focus_signal.testing.net.stream import serving_label
from focus_signal.testing.plan import LONGEST_PAUSE
from focus_signal.testing.shell.marks import Marks


@define(eq=False)
class Notes:
    """Hold the history of a run while it grows."""

    events: list[h.Event] = field(factory=list[h.Event], init=False)
    # Each link's label belongs to one connection of the plan.
    conns: dict[str, int] = field(factory=dict[str, int], init=False)
    # The connections of the plan, by the numbers that the server of the moment gave them.
    served: dict[int, int] = field(factory=dict[int, int], init=False)
    marks: Marks = field(factory=Marks, init=False)

    def add(self, event: h.Event) -> None:
        """Write one more event."""
        self.events.append(event)


@define(eq=False)
class WitnessedDecider:
    """Decide as the one behind does, and write down what was asked and decided.

    Args:
      decider: the one behind.
      notes: where it is written down.
      outboxes: shows what waits for each connection.
    """

    _decider: Decider
    _notes: Notes
    _outboxes: Callable[[], dict[int, OutboxStatistics]]
    _most: dict[int, int] = field(factory=dict[int, int], init=False)

    def handle(self, command: Command, now: float) -> list[Effect]:
        """Carry out one command."""
        if isinstance(command, Begin):  # there is nothing to see yet
            return self._decider.handle(command, now)
        self._look_at_outboxes(now)
        try:
            effects = self._decider.handle(command, now)
        except Exception as error:
            self._notes.add(h.Faulted(now, f"{type(error).__name__}: {error}"))
            raise
        shown, came = self._notes.marks.decided(command, effects, self._notes.served)
        self._notes.add(h.Decided(now, type(command).__name__, shown, came))
        return effects

    def handle_clump(self, clump: RelayClump, now: float) -> list[Effect] | DeliverClump:
        """Carry out the relays of a clump; they are written down one by one."""
        self._look_at_outboxes(now)
        try:
            decided = self._decider.handle_clump(clump, now)
        except Exception as error:
            self._notes.add(h.Faulted(now, f"{type(error).__name__}: {error}"))
            raise
        for index, payload in enumerate(clump.payloads):
            relay = Relay(clump.connection, clump.to, clump.kind, payload)
            effects: list[Effect] = []
            if isinstance(decided, DeliverClump):
                message = Relayed(decided.sender, decided.kind, decided.payloads[index])
                effects.append(Deliver(decided.connection, message))
            else:
                # One refusal for each; none at all where the connection speaks for nobody.
                effects += decided[index : index + 1]
            shown, came = self._notes.marks.decided(relay, effects, self._notes.served)
            self._notes.add(h.Decided(now, type(relay).__name__, shown, came))
        return decided

    def next_deadline(self) -> float | None:
        """Tell when time is next due."""
        return self._decider.next_deadline()

    def statistics(self) -> MatchmakerStatistics:
        """Look at the state."""
        return self._decider.statistics()

    def _look_at_outboxes(self, now: float) -> None:
        for connection, outbox in self._outboxes().items():
            if outbox.messages and outbox.bytes > self._most.get(connection, 0):
                self._most[connection] = outbox.bytes
                self._notes.add(h.Waits(now, connection, outbox.bytes, outbox.messages))


def witnessed(
    build: BuildLogic, notes: Notes, outboxes: Callable[[], dict[int, OutboxStatistics]]
) -> BuildLogic:
    """Build what decides so that it is written down."""

    def build_witnessed(config: Config, new_id: Callable[[], str]) -> Logic:
        logic = build(config, new_id)
        return Logic(WitnessedDecider(logic.decider, notes, outboxes), logic.dialect)

    return build_witnessed


@define(eq=False)
class ShellDirector:
    """Decide by the seed what happens at the server's points, and write down what its connections tell.

    Args:
      seed: of the run.
      likely: how likely each point meddles.
      notes: where it is written down.
    """

    _seed: int
    _likely: dict[str, float]
    _notes: Notes
    healed: bool = field(default=False, init=False)
    """Whether the chaos is over: nothing is meddled with any more."""
    _times: Counter[str] = field(factory=Counter[str], init=False)

    def buggify(self, name: Point) -> bool:
        """Tell whether the rarer way is taken this time."""
        likely = self._likely.get(name, 0.0)
        if not likely or self.healed:
            return False
        self._times[name] += 1
        return draw(self._seed, name, self._times[name]) < likely

    def pause(self, name: Point) -> float:
        """Tell how many seconds pass here this time."""
        if not self.buggify(name):
            return 0.0
        return draw_seconds(0.0, LONGEST_PAUSE, self._seed, name, self._times[name], "for")

    def witness(self, what: What, connection: int) -> None:
        """Write down what has happened to a connection."""
        now = trio.current_time()
        if what == "end-read":
            self._notes.add(h.EndRead(now, connection))
            return
        conn = self._notes.conns.get(serving_label.get() or "", -connection)
        self._notes.served[connection] = conn
        self._notes.add(h.Served(now, conn, connection))


@define(eq=False)
class FaultLog(logging.Handler):
    """Write down the faults of its own that the server puts into its log."""

    _notes: Notes

    def __attrs_pre_init__(self) -> None:
        super().__init__(logging.ERROR)

    def emit(self, record: logging.LogRecord) -> None:
        """Take one record of the log."""
        error = fault_of(record)
        shown = record.getMessage() if error is None else f"{type(error).__name__}: {error}"
        self._notes.add(h.Faulted(trio.current_time(), shown))
