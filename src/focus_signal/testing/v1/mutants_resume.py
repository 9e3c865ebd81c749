"""Mistakes about what is sent again, who is answered, and who may go on with a session."""

from typing import Any

from focus_signal.client.unanswered import Unanswered
from focus_signal.core.alarms import SessionDue
from focus_signal.core.arrivals import Arrivals
from focus_signal.core.effects import Ack, Relayed
from focus_signal.core.matchmaker import Matchmaker
from focus_signal.core.relays import Relays
from focus_signal.core.replay import ReplayLog
from focus_signal.core.rooms import Rooms
from focus_signal.core.sessions import Sessions
from focus_signal.core.telling import Telling
from focus_signal.testing.v1.subject import V1Subject

# ruff: noqa: ANN401 - a mistake takes the real function, whichever, and reaches inside
# pyright: reportPrivateUsage=false, reportUnknownLambdaType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false


def _forgets_one_more(real: Any) -> Any:
    return lambda self, seen: real(self, min(seen + 1, self.last))


def _replays_from_the_second(real: Any) -> Any:
    def after(self: ReplayLog, seen: int) -> Any:
        missed = real(self, seen)
        return missed[1:] if missed else missed

    return after


def _replays_what_is_left(real: Any) -> Any:
    def after(self: ReplayLog, seen: int) -> Any:
        missed = real(self, seen)
        return [(number, kept[1]) for number, kept in self._kept.items()] if missed is None else missed

    return after


def _skips_a_number(real: Any) -> Any:
    def append(self: ReplayLog, message: Any, size: int) -> int:
        if self.last % 20 == 19:
            self.last += 1
            self.clear()
        return int(real(self, message, size))

    return append


def _does_it_again(real: Any) -> Any:
    def numbered(self: Matchmaker, command: Any) -> None:
        session = self._by_connection.get(command.connection)
        if session is not None and session.resumption is not None and command.id is not None:
            session.resumption.last_id = min(session.resumption.last_id, command.id - 1)
        real(self, command)

    return numbered


def _keeps_no_relay_for_the_away(real: Any) -> Any:
    def tell(self: Telling, session: Any, message: Any) -> None:
        if session.connection is not None or not isinstance(message, Relayed):
            real(self, session, message)

    return tell


def _acks_last(real: Any) -> Any:
    def tell(self: Telling, session: Any, message: Any) -> None:
        asks, self._asks = self._asks, None
        if session is not asks or isinstance(message, Ack):
            self._asks = asks
        real(self, session, message)
        if session is asks and not isinstance(message, Ack):
            self._asks = asks

    return tell


def _refuses_and_acks(real: Any) -> Any:
    def refuse(self: Telling, session: Any, *args: Any, **kwargs: Any) -> None:
        asks = self._asks
        real(self, session, *args, **kwargs)
        self._asks = asks

    return refuse


def _acks_nothing_twice(real: Any) -> Any:
    def numbered(self: Matchmaker, command: Any) -> None:
        session = self._by_connection.get(command.connection)
        known = session is not None and session.resumption is not None and session.resumption.last_id
        if not known or command.id is None or command.id > known:
            real(self, command)

    return numbered


def _hears_the_old_one(real: Any) -> Any:
    def move(self: Sessions, session: Any, connection: int) -> int | None:
        replaced: int | None = real(self, session, connection)
        if replaced is not None:
            self.by_connection[replaced] = session
        return replaced

    return move


def _issued_is_proved(real: Any) -> Any:
    def issue(self: Sessions, session: Any, wall: int, telling: Any) -> None:
        real(self, session, wall, telling)
        session.resumption.least_generation = session.resumption.generation

    return issue


def _never_held(real: Any) -> Any:
    def saw(self: Sessions, session: Any, seen: int) -> bool:
        held = session.resumption is not None and session.resumption.held
        known = bool(real(self, session, seen))
        if session.resumption is not None:
            session.resumption.held = held
        return known

    return saw


def _all_are_resumed(real: Any) -> Any:
    def tell_back(self: Rooms, session: Any, *, resumed: bool) -> None:
        real(self, session, resumed=resumed or session.resumption is not None)

    return tell_back


def _away_for_good(real: Any) -> Any:
    def disconnect(self: Arrivals, connection: int, *, finished: bool) -> None:
        session = self._sessions.by_connection.get(connection)
        real(self, connection, finished=finished)
        if session is not None:
            self._timers.cancel(SessionDue(session))

    return disconnect


def _grace_is_half(real: Any) -> Any:
    def disconnect(self: Arrivals, connection: int, *, finished: bool) -> None:
        session = self._sessions.by_connection.get(connection)
        real(self, connection, finished=finished)
        if session is not None and self._timers.at(SessionDue(session)) is not None:
            self._timers.set(SessionDue(session), self._moment.now + self.grace / 2)

    return disconnect


def _to_somebody_else(real: Any) -> Any:
    def relay(self: Relays, sender: Any, target: Any, command: Any) -> None:
        if target is not None and target.room is not None and len(target.room.members) > 2:
            target = next(each for each in target.room.members if each not in {sender, target})
        real(self, sender, target, command)

    return relay


def _drops_while_it_leaves(real: Any) -> Any:
    """Take for lost what is for somebody whose end was read, and say that it is done."""

    def relay(self: Relays, sender: Any, target: Any, command: Any) -> None:
        if target is None or target.present:
            real(self, sender, target, command)

    return relay


def _sends_nothing_again(real: Any) -> Any:
    def go_on(self: Unanswered, last_id: int, *, answers_follow: bool) -> Any:
        lost = real(self, last_id, answers_follow=answers_follow)
        self._to_send = {id_: each for id_, each in self._to_send.items() if not each.sent}
        return lost

    return go_on


def _sends_with_new_ids(real: Any) -> Any:
    def go_on(self: Unanswered, last_id: int, *, answers_follow: bool) -> Any:
        lost = real(self, last_id, answers_follow=answers_follow)
        self.begin_anew(undone=True)
        return lost

    return go_on


def _sends_backwards(real: Any) -> Any:
    def begin_anew(self: Unanswered, *, undone: bool) -> Any:
        self._requests = dict(reversed(list(self._requests.items())))
        return real(self, undone=undone)

    return begin_anew


RESUME_MUTANTS: tuple[V1Subject, ...] = (
    V1Subject(
        "forgets-one-more",
        "one message more is forgotten than was seen",
        "resumed",
        ((ReplayLog, "forget", _forgets_one_more),),
    ),
    V1Subject(
        "replays-from-the-second",
        "the first message that was missed is left out",
        "seq",
        ((ReplayLog, "after", _replays_from_the_second),),
    ),
    V1Subject(
        "replays-what-is-left",
        "who has missed more than is kept is said to resume",
        "seq",
        ((ReplayLog, "after", _replays_what_is_left),),
        within=200,
    ),
    V1Subject(
        "skips-a-number",
        "now and then a number is left out",
        "seq",
        ((ReplayLog, "append", _skips_a_number),),
    ),
    V1Subject(
        "does-it-again",
        "what was answered and comes again is done again",
        "resume-double",
        ((Matchmaker, "_numbered", _does_it_again),),
    ),
    V1Subject(
        "keeps-no-relay",
        "what is relayed to a peer that is away is dropped",
        "resume-loss",
        ((Telling, "tell", _keeps_no_relay_for_the_away),),
        within=300,
    ),
    V1Subject(
        "drops-for-the-leaving",
        "what is relayed to a peer whose end was read is dropped",
        "resume-loss",
        ((Relays, "relay", _drops_while_it_leaves),),
    ),
    V1Subject(
        "acks-last", "an ack comes behind what it causes", "acked-first", ((Telling, "tell", _acks_last),)
    ),
    V1Subject(
        "refuses-and-acks",
        "an error is followed by an ack",
        "unanswered",
        ((Telling, "refuse", _refuses_and_acks),),
    ),
    V1Subject(
        "acks-nothing-twice",
        "what comes again gets no ack",
        "unanswered",
        ((Matchmaker, "_numbered", _acks_nothing_twice),),
    ),
    V1Subject(
        "hears-the-old-one",
        "a connection that was replaced is heard",
        "old-socket",
        ((Sessions, "move", _hears_the_old_one),),
    ),
    V1Subject(
        "issued-is-proved",
        "a token is refused once a newer one was sent, whether it came or not",
        "locked-out",
        ((Sessions, "issue", _issued_is_proved),),
    ),
    V1Subject("never-held", "nobody is known to have a token", "resumed", ((Sessions, "saw", _never_held),)),
    V1Subject(
        "all-are-resumed",
        "peers are told that somebody has resumed who has not",
        "resume-loss",
        ((Rooms, "tell_back", _all_are_resumed),),
        within=700,
    ),
    V1Subject("away-for-good", "the grace never ends", "leak", ((Arrivals, "disconnect", _away_for_good),)),
    V1Subject(
        "grace-is-half",
        "a session ends when half of the grace is over",
        "resumed",
        ((Arrivals, "disconnect", _grace_is_half),),
        within=200,
    ),
    V1Subject(
        "to-somebody-else",
        "in a room of three a relay goes to the third",
        "misdelivered",
        ((Relays, "relay", _to_somebody_else),),
        within=200,
    ),
    V1Subject(
        "sends-nothing-again",
        "a client that has resumed sends nothing again",
        "unanswered",
        ((Unanswered, "go_on", _sends_nothing_again),),
    ),
    V1Subject(
        "sends-with-new-ids",
        "a client that has resumed sends all again, with other ids",
        "resume-double",
        ((Unanswered, "go_on", _sends_with_new_ids),),
    ),
    V1Subject(
        "sends-backwards",
        "behind a restart a client sends the newest first",
        "pair-order",
        ((Unanswered, "begin_anew", _sends_backwards),),
        within=200,
    ),
)
