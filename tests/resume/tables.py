"""The whole of it: every cut, thousands of pairs, hundreds at the real server, 20,000 restarts; the tables.

Each is done once in a process, for the tests that take long and for docs/resume.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache

from tests.resume.cutting import PLACES
from tests.resume.full import full_cuts, full_sweep
from tests.resume.house import Way
from tests.resume.restarts import restarts
from tests.resume.sweep import (
    THREE,
    TWO,
    WAYS,
    WITH_SEED,
    Company,
    Spot,
    Tally,
    single_cuts,
    sweep,
    sweep_pairs,
)

_SINGLE: tuple[tuple[Company, int], ...] = ((TWO, 1), (WITH_SEED, 1), (THREE, 11))
_FULL: tuple[tuple[Company, int, int], ...] = ((TWO, 6, 2), (WITH_SEED, 14, 2))
PASTS = range(1_000, 3_000)
OF_EACH = 10
_WAYS: dict[Way, str] = {"up": "to the server", "down": "to the client"}
_FAULTS = ("began_anew", "lost", "doubled", "disordered", "locked_out", "refused")
HEAD = (
    *("cut on the way", "place", "cuts", "resumed", "began again", "fell back"),
    *("lost", "doubled", "out of order", "locked out", "refused"),
)
_RESTARTS = {
    "restarts": "restarts, each of a past and with comings of its own",
    "back": "sessions that came back by a token",
    "refused": "tokens that were refused: too old, too late, or followed by a newer one",
    "bare": "clients that came without a token that counts, and were let in",
    "id in use": "clients that came without one, and whose user id was kept for somebody",
    "rooms": "rooms that stood when the window was over",
    "members": "their members",
    "removed": "sessions that came back and were told that they are no longer in the room of their token",
    "lost": "members that had not come when the window was over",
}


@cache
def single() -> Tally:
    """Cut every conversation everywhere, in every manner."""
    return _together(sweep(company, every) for company, every in _SINGLE)


@cache
def pairs() -> Tally:
    """Cut twice."""
    return _together((sweep_pairs(TWO, 83, 17), sweep_pairs(WITH_SEED, 113, 17)))


@cache
def full() -> Tally:
    """Cut the real server's connections to the real clients."""
    return _together(full_sweep(company, every, first) for company, every, first in _FULL)


@cache
def restarted() -> Counter[str]:
    """Restart 20,000 times."""
    return restarts(PASTS, OF_EACH)


def single_places() -> Counter[Spot]:
    """Count the places of `single` without cutting there."""
    return Counter(
        (cut.way, place) for company, every in _SINGLE for cut, place in single_cuts(company)[::every]
    )


def full_places() -> Counter[Spot]:
    """Count the places of `full` without cutting there."""
    return Counter(
        (cut.way, place) for company, every, first in _FULL for cut, place in full_cuts(company)[first::every]
    )


def table_of_cuts(tally: Tally) -> str:
    """Give the table of what came of cuts."""
    rows: list[Sequence[str]] = []
    spots: list[Spot] = [(way, place) for way in WAYS for place in PLACES if tally.runs[way, place]]
    for way, place in spots:
        rows.append((_WAYS[way], place, *_numbers(tally, [(way, place)])))
    rows.append(("**all**", "", *_numbers(tally, spots)))
    return table(HEAD, rows)


def table_of_restarts(met: Counter[str]) -> str:
    """Give the table of what was met in restarts."""
    return table(("what", "how many"), [(what, f"{met[name]:,}") for name, what in _RESTARTS.items()])


def counts_of(places: Counter[Spot]) -> list[int]:
    """Give the column of cuts that a table has, from the places alone."""
    counts = [places[way, place] for way in WAYS for place in PLACES if places[way, place]]
    return [*counts, sum(counts)]


def numbers_of(row: str) -> list[int]:
    """Read the numbers of a row of a table of cuts."""
    return [int(cell.replace(",", "")) for cell in row.split("|")[3:-1]]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _numbers(tally: Tally, spots: list[Spot]) -> list[str]:
    counted = [sum(each[spot] for spot in spots) for each in (tally.runs, tally.resumed, tally.first_again)]
    faults: Counter[str] = Counter()
    for spot in spots:
        faults.update(tally.faults.get(spot, {}))
    return [f"{number:,}" for number in (*counted, *(faults[name] for name in _FAULTS))]


def _together(tallies: Iterable[Tally]) -> Tally:
    whole = Tally()
    for tally in tallies:
        whole.update(tally)
    return whole
