"""Who waits while matching is measured: users with what they ask for, none of whom ever meets anybody.

Four in ten stand in one line, that of the pool without a name, for a room of 20,000; those who are measured
ask in the same pool. Three in ten are in parties of four of which three have come. The rest are kept apart:
half of them in cliques of 33 in which everyone avoids everyone else, as many as a list of 32 can name, each
clique in a pool of its own so that no other is there to be met; and half alone in their pools.
"""

from __future__ import annotations

from typing import Any

import attrs

from focus_signal.core.commands import Party, Terms

HUGE = 20_000
CLIQUE = 33
PARTY = 4
_CAME = PARTY - 1


@attrs.frozen
class Waiter:
    """Somebody who waits, and on which terms."""

    user: str
    terms: Terms


@attrs.frozen
class Crowd:
    """Everybody who waits, by what keeps them from meeting."""

    line: list[Waiter]
    parties: list[Waiter]
    cliques: list[Waiter]
    alone: list[Waiter]

    @property
    def everybody(self) -> list[Waiter]:
        return [*self.line, *self.parties, *self.cliques, *self.alone]


def exactly(size: int, pool: str = "", *, party: Party | None = None, avoid: tuple[str, ...] = ()) -> Terms:
    """Make the terms of a request for one size."""
    return Terms(size, size, pool, party=party, avoid=avoid)


def clique(number: int, people: int = CLIQUE) -> list[Waiter]:
    """Make a clique."""
    users = [f"clique-{number}-{place}" for place in range(people)]
    return [
        Waiter(user, exactly(2, f"clique-{number}", avoid=tuple(other for other in users if other != user)))
        for user in users
    ]


def make_crowd(people: int) -> Crowd:
    """Make a crowd of so many."""
    line, in_parties, in_cliques = people * 4 // 10, people * 3 // 10, people * 15 // 100
    alone = people - line - in_parties - in_cliques
    cliques: list[Waiter] = []
    while len(cliques) < in_cliques:
        cliques += clique(len(cliques) // CLIQUE, min(CLIQUE, in_cliques - len(cliques)))
    return Crowd(
        [Waiter(f"line-{number}", exactly(HUGE)) for number in range(line)],
        [
            Waiter(f"party-{number}", exactly(HUGE, party=Party(f"party-code-{number // _CAME:06}", PARTY)))
            for number in range(in_parties)
        ],
        cliques,
        [Waiter(f"alone-{number}", exactly(2, f"alone-{number}")) for number in range(alone)],
    )


def fields_of(terms: Terms) -> dict[str, Any]:
    """Return what a client says to ask on terms of `exactly`."""
    fields: dict[str, Any] = {"matchSize": terms.most}
    if terms.pool:
        fields["pool"] = terms.pool
    if terms.party is not None:
        fields["party"] = {"code": terms.party.code, "size": terms.party.size}
    if terms.avoid:
        fields["avoid"] = list(terms.avoid)
    return fields
