"""Mistakes planted in what lets a session go on: the cuts find each of them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

import pytest

from focus_signal.client.session import Session
from focus_signal.client.unanswered import Unanswered
from focus_signal.core.arrivals import Arrivals
from focus_signal.core.matchmaker import Matchmaker
from focus_signal.core.relays import Relays
from focus_signal.core.replay import ReplayLog
from focus_signal.core.sessions import Sessions
from focus_signal.core.telling import Telling
from tests.fuzz.planting import Plant
from tests.resume.planting import in_method
from tests.resume.sweep import TWO, Tally, single_cuts, sweep_pairs

Search = Callable[[], Tally]


def single() -> Tally:
    """Cut here and there until something is wrong."""
    tally = Tally()
    for cut, place in islice(single_cuts(TWO), 0, None, 53):
        tally.add(cut.way, place, (cut,), TWO.world(cut))
        if tally.bad:
            break
    return tally


def single_with_all_sent_again() -> Tally:
    """Do so with clients that send again what was answered, as they may."""
    with in_method(Unanswered, "go_on", " if id_ > last_id}", "}")():
        return single()


def pairs() -> Tally:
    return sweep_pairs(TWO, 901, 61)


MISTAKES: dict[str, tuple[Plant, Search, tuple[str, ...]]] = {
    "the log forgets one message too many": (
        in_method(ReplayLog, "forget", "self._first <= seen:", "self._kept and self._first <= seen + 1:"),
        single,
        ("began_anew", "locked_out"),
    ),
    "the first of the missed messages is not sent again": (
        in_method(ReplayLog, "after", "in range(seen + 1, self.last", "in range(seen + 2, self.last"),
        single,
        ("locked_out",),
    ),
    "a request counts as answered by nobody": (
        in_method(Telling, "begin", "session.resumption.last_id = number", "pass"),
        single,
        ("doubled", "refused", "locked_out"),
    ),
    "the server does again what the client sends again": (
        in_method(Matchmaker, "_numbered", "if number <= resumption.last_id:", "if number <= 0:"),
        single_with_all_sent_again,
        ("doubled", "refused", "locked_out"),
    ),
    "the connection before is still heard": (
        in_method(Sessions, "move", "del self.by_connection[before]", "pass"),
        single,
        ("locked_out", "left_over"),
    ),
    "a token ends as soon as the next one is sent": (
        in_method(
            Sessions,
            "issue",
            "resumption.generation += 1\n",
            "resumption.generation += 1\n        resumption.least_generation = resumption.generation\n",
        ),
        single,
        ("began_anew", "locked_out"),
    ),
    "nobody is known to have a token": (
        in_method(
            Sessions,
            "saw",
            "resumption.held = resumption.proved = True",
            "resumption.held = resumption.proved = False",
        ),
        single,
        ("began_anew", "locked_out"),
    ),
    "what is for somebody away is refused": (
        in_method(Relays, "_reaches", "return resumption.log.whole and", "return False and"),
        single,
        ("refused",),
    ),
    "what is sent again is forgotten at once": (
        in_method(Arrivals, "_resume", "self._sessions.saw(session, command.seen)\n", "log.clear()\n"),
        pairs,
        ("began_anew",),
    ),
    "the client sends nothing again": (
        in_method(Unanswered, "go_on", "if id_ > last_id}", "if id_ < 0}"),
        single,
        ("lost", "locked_out"),
    ),
    "the client keeps its first token": (
        in_method(Session, "_keep", "self._token = token\n", "self._token = self._token or token\n"),
        single,
        ("began_anew", "locked_out"),
    ),
    "the client asks before its token is known to have come": (
        in_method(Session, "_greet", "self._held = last_id is UNSET", "self._held = False"),
        single,
        ("began_anew", "lost", "locked_out"),
    ),
    "the client offers one number too few": (
        in_method(
            Session, "protocols", "{self._offered}.{self.seen}", "{self._offered}.{max(self.seen - 1, 0)}"
        ),
        single,
        ("began_anew", "locked_out"),
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_cuts_find_it(mistake: str) -> None:
    plant, search, named = MISTAKES[mistake]
    with plant():
        tally = search()
    assert tally.bad, "no cut has found it"
    assert any(name in faults for _, faults in tally.bad for name in named), tally.bad[:3]


@pytest.mark.parametrize("search", [single_with_all_sent_again])
def test_they_find_nothing_where_nothing_is(search: Search) -> None:
    assert search().bad == []
