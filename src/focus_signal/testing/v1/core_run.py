"""A plan of the workload `v1` at the core level: no Trio, no sockets, and every byte of both dialects."""

from functools import partial

from attrs import define, field
from msgspec import UNSET

from focus_signal.core.matchmaker import Matchmaker
from focus_signal.testing.keyed import draw_seconds
from focus_signal.testing.v1 import history as h
from focus_signal.testing.v1.asking import request_of
from focus_signal.testing.v1.house import House
from focus_signal.testing.v1.people import Person
from focus_signal.testing.v1.plan import (
    Again,
    Answer,
    Come,
    Cut,
    Drain,
    Frame,
    Go,
    Operation,
    Ping,
    Restart,
    Rival,
    Say,
    V1Plan,
)
from focus_signal.testing.v1.remains import look_at, remains_of
from focus_signal.testing.v1.ways import Clock

WAY_HOME = 30.0
"""Seconds in which everyone has left."""
_MOST_STEPS = 200_000


@define(eq=False)
class CoreRun:
    """Run one plan."""

    plan: V1Plan
    history: list[h.Event] = field(factory=list[h.Event], init=False)
    _clock: Clock = field(factory=Clock, init=False)
    _house: House = field(init=False)
    _people: dict[str, Person] = field(init=False)
    _number: int = field(default=0, init=False)
    _pauses: int = field(default=0, init=False)
    _draining: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        plan, note = self.plan, self.history.append
        self._house = House(plan, self._clock, note, self._pause)
        self._people = {
            user: Person(user, plan, note, self._clock, self._house, self._next) for user in plan.config.users
        }

    def run(self) -> list[h.Event]:
        """Run it, and give what happened."""
        plan, clock = self.plan, self._clock
        for operation in plan.operations:
            clock.at(operation.at, partial(self._do, operation))
        last = plan.operations[-1].at if plan.operations else 0.0
        healed = max(plan.config.seconds, last)
        settled = healed + plan.config.settle
        clock.at(healed, self._heal)
        clock.at(settled, self._settle)
        # Behind the last grace, and behind the window of a server that has started late.
        home = settled + WAY_HOME + 3 * plan.config.grace
        clock.at(home, self._empty)
        steps = 0
        while clock.now < home or clock.next <= home:
            steps += 1
            if steps > _MOST_STEPS:
                self.history.append(h.Faulted(clock.now, "the run does not come to an end"))
                break
            deadline = self._house.deadline
            if deadline is not None and deadline < clock.next:
                clock.now = max(clock.now, deadline)
                self._house.pass_time()
            elif clock.next > home:
                break
            else:
                clock.step()
        return self.history

    def _do(self, operation: Operation) -> None:
        match operation:
            case Drain(down=down):
                self._drain(down)
            case Restart(down=down, killed=killed, rotated=rotated):
                self._restart(down, killed=killed, rotated=rotated)
            case _:
                self._do_of(operation, self._people[operation.user])

    def _do_of(self, operation: Operation, person: Person) -> None:
        match operation:
            case Come():
                person.come()
            case Go():
                person.go()
            case Cut():
                self._cut(operation, person)
            case Rival():
                self._rival(operation, person)
            case Ping():
                person.ping()
            case Again(times=times):
                person.say_again(times)
            case Frame(text=text):
                person.send_raw(text)
            case Answer(id=op, ready=ready):
                person.answer(op, ready=ready)
            case Say():
                self._say(operation, person)
            case _:
                of = getattr(operation, "of", None)
                code = None if of is None or of not in self._people else self._people[of].seen.code
                message = request_of(operation, code, seed=person.is_seed)
                if message is not UNSET:
                    person.ask(operation.id, message)

    def _say(self, say: Say, person: Person) -> None:
        others = [peer for peer in person.seen.peers or self.plan.config.users if peer != person.user]
        to = others[say.to % len(others)] if others else person.user
        room = {"own": person.seen.room, "other": "elsewhere", "unsaid": None}[say.room]
        for _ in range(say.times):
            person.say(say.id, say.kind, to, say.padding, room)

    def _cut(self, cut: Cut, person: Person) -> None:
        line = person.line
        if line is None:
            return
        clock = self._clock
        for way, fate in ((line.up, cut.up), (line.down, cut.down)):
            if fate == "lost":
                way.cut()
            elif fate == "late":
                way.delay(cut.late)

        def client() -> None:
            if person.line is line:
                person.away = cut.away
                person.notice_end(line, 1006)

        def server() -> None:
            if line.up.dead:
                self._house.read_end(line)
            else:
                line.up.send(lambda: self._house.read_end(line))

        clock.at(clock.now + cut.client, client)
        clock.at(clock.now + cut.server, server)

    def _rival(self, rival: Rival, person: Person) -> None:
        session = person.session
        if session is None:
            return
        kept = person.tokens
        token = {
            "last": kept[-1] if kept else None,
            "older": kept[-2] if len(kept) > 1 else None,
            "oldest": kept[0] if kept else None,
            "coming": None,
            "forged": "AQ" * 60,
            "none": None,
        }[rival.token]
        if rival.token == "coming" and person.user in self._house.issued:  # noqa: S105 - says which token
            token = self._house.tokens.seal(self._house.issued[person.user])
        seen = {"right": session.seen, "none": 0, "beyond": session.seen + 1_000}[rival.seen]
        line = person.dial_rival(token, seen)

        def leave() -> None:
            line.up.send(lambda: self._house.read_end(line))

        self._clock.at(self._clock.now + rival.stays, leave)

    def _drain(self, down: float) -> None:
        if self._draining or not self._house.is_up:
            return
        self._draining = True
        self._house.drain()
        self._clock.at(self._clock.now + 5.0, lambda: self._restart(down, killed=True, rotated=False))

    def _restart(self, down: float, *, killed: bool, rotated: bool) -> None:
        if not self._house.is_up:
            return
        self._house.end(tidy=not killed)
        self._draining = False
        self._clock.at(self._clock.now + down, lambda: self._house.start(rotated=rotated))

    def _heal(self) -> None:
        self.history.append(h.Healed(self._clock.now))

    def _settle(self) -> None:
        live = tuple(user for user, person in self._people.items() if person.is_live)
        self.history.append(h.Settled(self._clock.now, live, *look_at(self._matchmaker)))
        for person in self._people.values():
            person.go()

    def _empty(self) -> None:
        self.history.append(h.Emptied(self._clock.now, remains_of(self._matchmaker)))

    @property
    def _matchmaker(self) -> Matchmaker:
        return self._house.matchmaker

    # Chance, by name.

    def _pause(self) -> float:
        most = self.plan.config.pause
        if not most:
            return 0.0
        self._pauses += 1
        return draw_seconds(0.0, most, self.plan.seed, "pause", self._pauses)

    def _next(self) -> int:
        self._number += 1
        return self._number


def run_core_v1(plan: V1Plan) -> list[h.Event]:
    """Run a plan at the core level, and give its history."""
    return CoreRun(plan).run()
