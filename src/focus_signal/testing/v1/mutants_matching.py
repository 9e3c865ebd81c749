"""Mistakes about who meets whom."""

from typing import Any

from focus_signal.core import search as search_module
from focus_signal.core.backfill import Backfill
from focus_signal.core.lobby import Lobby
from focus_signal.core.open_rooms import OpenRoom
from focus_signal.core.pools import Pools
from focus_signal.core.proposals import Proposals
from focus_signal.core.state import Party
from focus_signal.core.telling import Telling
from focus_signal.core.tickets import Ticket
from focus_signal.testing.v1.subject import V1Subject

# ruff: noqa: ANN401, SLF001 - a mistake takes the real function, whichever, and reaches inside
# pyright: reportPrivateUsage=false, reportUnknownLambdaType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false


def _only_the_new_one_avoids(real: Any) -> Any:
    del real
    return lambda self, ticket: not any(user in self._users for user in ticket.avoid)


def _only_the_others_avoid(real: Any) -> Any:
    del real
    return lambda self, ticket: not any(user in self._avoided for user in ticket.users)


def _rooms_avoid_nobody(real: Any) -> Any:
    del real
    return lambda self, ticket: not any(user in self.members for user in ticket.users)


def _rooms_suit_their_own(real: Any) -> Any:
    del real

    def suits(self: OpenRoom, ticket: Any) -> bool:
        met = [user for user in ticket.avoid if user in self.members]
        return not met and not any(user in self._avoided for user in ticket.users)

    return suits


def _no_patience(real: Any) -> Any:
    del real
    return lambda self: max(self.weight, self.least)


def _smallest_first(real: Any) -> Any:
    def find(self: Pools[Any], ticket: Any) -> Any:
        found = real(self, ticket)
        if not found or ticket.avoid:
            return found
        pool = self._pools[ticket.key]
        for size in range(ticket.smallest, sum(each.weight for each in found)):
            line = pool.lines[size]
            if not line.avoiding and line.can_be_filled(ticket.weight):
                arrivals = search_module.oldest_group(line, ticket.weight, ticket.arrival)
                return [pool.tickets[arrival] for arrival in arrivals]
        return found

    return find


def _youngest_first(real: Any) -> Any:
    return lambda self, line: iter(reversed(list(real(self, line))))


def _one_is_a_party(real: Any) -> Any:
    del real
    return lambda self: len(self.places) > 0


def _never_back(real: Any) -> Any:
    del real
    return lambda _self, _session: None


def _seats_stay_free(real: Any) -> Any:
    del real

    def fill(self: Backfill) -> int:
        self._take_in()
        self.to_fill.clear()
        return 0

    return fill


def _patience_lasts(real: Any) -> Any:
    del real
    return lambda _self, _ticket: None


def _one_is_enough(real: Any) -> Any:
    def look(self: Proposals, proposal: Any) -> None:
        if proposal.ready:
            self.dissolve(proposal)
            self._found(proposal.tickets)
        else:
            real(self, proposal)

    return look


def _ends_in_silence(real: Any) -> Any:
    def tell(self: Telling, session: Any, message: Any) -> None:
        if getattr(message, "reason", "") != "timed-out":
            real(self, session, message)

    return tell


def _leaving_can_meet(real: Any) -> Any:
    del real
    return lambda _self, _session: None


MATCHING_MUTANTS: tuple[V1Subject, ...] = (
    V1Subject(
        "only-the-new-avoids",
        "who was chosen before avoids nobody",
        "avoid",
        ((search_module._Group, "suits", _only_the_new_one_avoids),),
    ),
    V1Subject(
        "only-the-old-avoid",
        "who is chosen later avoids nobody",
        "avoid",
        ((search_module._Group, "suits", _only_the_others_avoid),),
    ),
    V1Subject(
        "rooms-avoid-nobody",
        "in a room that stands nobody avoids anybody",
        "avoid",
        ((OpenRoom, "suits", _rooms_avoid_nobody),),
        within=300,
    ),
    V1Subject(
        "rooms-suit-their-own",
        "somebody in a room who waits for another one is let into that very room",
        "fault",
        ((OpenRoom, "suits", _rooms_suit_their_own),),
        within=200,
    ),
    V1Subject(
        "no-patience", "everybody takes the least at once", "patience", ((Ticket, "smallest", _no_patience),)
    ),
    V1Subject(
        "smallest-first",
        "the smallest room is tried first",
        "patience",
        ((Pools, "find", _smallest_first),),
    ),
    V1Subject(
        "youngest-first",
        "who came last is met first",
        "oldest-first",
        ((search_module.Search, "_others", _youngest_first),),
    ),
    V1Subject(
        "one-is-a-party",
        "a party is complete with its first member",
        "party-split",
        ((Party, "complete", _one_is_a_party),),
    ),
    V1Subject(
        "never-back",
        "who comes back can be met no more",
        "starved",
        ((Lobby, "come_back", _never_back),),
        within=300,
    ),
    V1Subject(
        "seats-stay-free",
        "nobody who waits gets a seat that becomes free",
        "starved",
        ((Backfill, "fill", _seats_stay_free),),
        within=900,
    ),
    V1Subject(
        "patience-lasts",
        "patience is never over",
        "starved",
        ((Lobby, "lose_patience", _patience_lasts),),
    ),
    V1Subject(
        "one-is-enough",
        "one of those who are asked is enough",
        "ready",
        ((Proposals, "look", _one_is_enough),),
    ),
    V1Subject(
        "ends-in-silence",
        "nobody is told that their time was over",
        "unanswered",
        ((Telling, "tell", _ends_in_silence),),
    ),
    V1Subject(
        "leaving-can-meet",
        "who is leaving can be met",
        "dead-match",
        ((Lobby, "suspend", _leaving_can_meet),),
    ),
)
