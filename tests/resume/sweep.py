"""Every cut of a conversation, and every pair of cuts, one run for each; and a table of what came of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from attrs import Factory, define, evolve, frozen

from tests.resume.cutting import cut_points, pieces_of
from tests.resume.house import Line, Way
from tests.resume.world import MANNERS, Cut, World

Spot = tuple[Way, str]
"""The direction of a cut, and its place."""
WAYS: tuple[Way, ...] = ("up", "down")


@frozen
class Company:
    """Be those who talk, and the seed of what happens next.

    Args:
      title: for the table.
      names: who speaks `focus-signal.v1`; of those the lines are cut.
      seeds: who speaks the seed's dialect.
      seed: decides what happens next.
    """

    title: str
    names: tuple[str, ...]
    seeds: tuple[str, ...] = ()
    seed: int = 1

    def world(self, *cuts: Cut) -> World:
        return World(self.seed, self.names, self.seeds, cuts)


TWO = Company("two", ("ana", "bo"))
WITH_SEED = Company("two, and one of the seed's dialect", ("ana", "bo"), ("sam",), 2)
THREE = Company("three", ("ana", "bo", "cy"), (), 3)
COMPANIES = (TWO, WITH_SEED, THREE)


@define(eq=False)
class Tally:
    """Count what came of runs, by the way and the place of their last cut."""

    runs: Counter[Spot] = Factory(Counter)
    resumed: Counter[Spot] = Factory(Counter)
    first_again: Counter[Spot] = Factory(Counter)
    faults: dict[Spot, Counter[str]] = Factory(dict)
    bad: list[tuple[object, dict[str, int]]] = Factory(list)
    """The cuts that had faults, and these."""

    def add(self, way: Way, place: str, cuts: tuple[Cut, ...], world: World) -> None:
        """Run a world, and count what came of it."""
        outcome = world.run()
        self.note(
            (way, place), cuts, outcome.faults, resumed=outcome.resumed, first_again=outcome.first_again
        )

    def note(
        self, spot: Spot, cuts: object, faults: dict[str, int], *, resumed: int, first_again: int
    ) -> None:
        """Count what came of a run."""
        self.runs[spot] += 1
        self.resumed[spot] += bool(resumed)
        self.first_again[spot] += not resumed and bool(first_again)
        self.faults.setdefault(spot, Counter()).update(faults)
        if faults:
            self.bad.append((cuts, faults))

    def update(self, other: Tally) -> None:
        """Count what another one has counted."""
        for mine, theirs in (
            (self.runs, other.runs),
            (self.resumed, other.resumed),
            (self.first_again, other.first_again),
        ):
            mine.update(theirs)
        for spot, faults in other.faults.items():
            self.faults.setdefault(spot, Counter()).update(faults)
        self.bad += other.bad


def cuts_of(lines: Iterable[tuple[str, int, Line]]) -> Iterator[tuple[Cut, str]]:
    """Give every cut of some lines, as a run has left them, each with the name of its place."""
    for user, ordinal, line in lines:
        for way in WAYS:
            points = cut_points(pieces_of(line.sent_up if way == "up" else line.sent_down))
            for at, place in points.items():
                yield Cut(user, ordinal, way, at), place


def single_cuts(company: Company) -> list[tuple[Cut, str]]:
    """List every cut of a company's lines, one manner after the other."""
    world = company.world()
    assert not world.run().faults
    found = list(cuts_of(world.lines))
    return [(evolve(cut, manner=manner), place) for manner in MANNERS for cut, place in found]


def sweep(company: Company, every: int = 1, first: int = 0) -> Tally:
    """Run a company once for each cut.

    Args:
      company: who talks.
      every: take one in so many.
      first: which of them is the first.
    """
    tally = Tally()
    for cut, place in single_cuts(company)[first::every]:
        tally.add(cut.way, place, (cut,), company.world(cut))
    return tally


def sweep_pairs(company: Company, first_every: int, second_every: int, first: int = 0) -> Tally:
    """Run a company once for each pair of cuts: the second one is of a line that the first has left."""
    tally = Tally()
    for number, (cut, _) in enumerate(single_cuts(company)[first::first_every]):
        world = company.world(cut)
        world.run()
        left = [each for each in world.lines if each[:2] != (cut.user, cut.ordinal)]
        seconds = list(cuts_of(left))
        for step, (second, place) in enumerate(seconds[number % second_every :: second_every]):
            cuts = (cut, evolve(second, manner=MANNERS[(number + step) % len(MANNERS)]))
            tally.add(second.way, place, cuts, company.world(*cuts))
    return tally
