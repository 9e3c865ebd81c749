"""Which of the tasks that could run, runs next: one question, put again and again, and ways to answer it.

The scheduler asks with the ordinals of the tasks that are ready, oldest first, and takes an index into them.
It asks only where there is a choice, so the list of answers is the schedule, and `replay` gives it again. A
choice of 0 is always the oldest task.

Of kind "batch", each task that is ready runs once before any runs twice, which is what Trio does; the choices
order the batch. Every order of a batch is one that Trio's documentation allows. Of kind "step", one task runs
and the rest are asked about again, so that a task may fall many rounds behind: Trio never does that, a
failure under it may be one that users never see, and such a policy says `beyond_trio`.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Literal, Protocol

from attrs import define, evolve, field, frozen

from focus_signal.errors import NondeterminismError, PlanError
from focus_signal.testing.keyed import generator

Kind = Literal["batch", "step"]
"""What the choices order: every task of a batch, or which single task takes the next step."""


class Chooser(Protocol):
    """Decide one run."""

    def choose(self, ready: Sequence[int]) -> int:
        """Choose among tasks, given by their ordinals, two at least; give an index."""
        ...

    def end(self) -> None:
        """Learn that the run has ended; raise PlanError if it should have gone on."""
        ...


class Policy(Protocol):
    """Decide runs: a value, the same for every run, that begins a new chooser for each."""

    @property
    def name(self) -> str:
        """Say which policy this is, as `policy_named` takes it."""
        ...

    @property
    def kind(self) -> Kind:
        """Say what the choices order."""
        ...

    @property
    def beyond_trio(self) -> bool:
        """Tell whether it leads to orders that Trio itself never takes."""
        ...

    def begin(self) -> Chooser:
        """Make a chooser for one run."""
        ...


def shuffle(seed: int) -> Policy:
    """Permute each batch at random; what is found this way, users can meet."""
    return _Uniform("shuffle", "batch", seed)


def single_step(seed: int) -> Policy:
    """Let a random task take each step; beyond Trio's own orders."""
    return _Uniform("single-step", "step", seed)


def pct(seed: int, depth: int = 3, steps: int = 1000) -> "Pct":
    """Run the task of the highest of random priorities, and change few of them on the way; beyond Trio.

    This is probabilistic concurrency testing: a bug that needs `depth` steps in the right order among n tasks
    is found with a chance of at least 1 / (n * steps ** (depth - 1)).

    Args:
      seed: decides the priorities and where they change.
      depth: how many steps' order the bug is thought to need; one less is the number of changes.
      steps: about how many choices a run has; the changes fall among the first so many.

    Raises:
      PlanError: a depth or a number of steps below 1.
    """
    for what, value in (("depth", depth), ("steps", steps)):
        if value < 1:
            raise PlanError(f"pct: {what} is {value}, and must be 1 or more")
    return Pct(seed, depth, steps)


def replay(choices: Sequence[int], kind: Kind = "batch") -> Policy:
    """Take the choices of a run again, exactly.

    Args:
      choices: `Schedule.choices` of the run.
      kind: its `Schedule.kind`.

    Raises:
      PlanError: what is not a list of choices. A run that the choices do not fit ends with PlanError too,
        which says at which choice.
    """
    if kind not in {"batch", "step"}:
        raise PlanError(f"a schedule's kind is {kind!r}, and must be 'batch' or 'step'")
    for at, choice in enumerate(choices):
        if choice < 0:
            raise PlanError(f"choice {at} of the schedule is {choice}, and must be 0 or more")
    return _Replay(tuple(choices), kind)


def policy_named(text: str, seed: int) -> Policy:
    """Make the policy that an option or a plan names: shuffle, single-step, pct or, with its depth, pct:4.

    Raises:
      PlanError: another name, or a depth that is no number from 1.
    """
    name, colon, depth = text.partition(":")
    plain: dict[str, Callable[[int], Policy]] = {
        "shuffle": shuffle,
        "single-step": single_step,
        "pct": pct,
    }
    if not colon and name in plain:
        return plain[name](seed)
    if name == "pct" and depth.isascii() and depth.isdigit():
        return pct(seed, int(depth))
    raise PlanError(f"schedule {text!r}: allowed are shuffle, single-step, pct and pct:DEPTH")


@define(eq=False)
class _UniformChooser:
    _random: Callable[[], float]

    def choose(self, ready: Sequence[int]) -> int:
        return int(self._random() * len(ready))

    def end(self) -> None:
        """Any end is right."""


@frozen
class _Uniform:
    name: str
    kind: Kind
    seed: int

    @property
    def beyond_trio(self) -> bool:
        return self.kind == "step"

    def begin(self) -> Chooser:
        return _UniformChooser(generator(self.seed, "schedule", self.name).random)


@frozen
class Pct:
    """Hold what `pct` was given."""

    seed: int
    depth: int
    steps: int

    @property
    def name(self) -> str:
        """Say which policy this is."""
        return f"pct:{self.depth}"

    @property
    def kind(self) -> Kind:
        """Say what the choices order."""
        return "step"

    @property
    def beyond_trio(self) -> bool:
        """Tell whether it leads to orders that Trio itself never takes."""
        return True

    def with_steps(self, steps: int) -> "Pct":
        """Spread the changes over another length."""
        return evolve(self, steps=max(1, steps))

    def begin(self) -> Chooser:
        """Draw the priorities' changes of one run."""
        random = generator(self.seed, "schedule", self.name)
        changes = sorted(random.randint(1, self.steps) for _ in range(self.depth - 1))
        return _PctChooser(random, changes)


@define(eq=False)
class _PctChooser:
    _random: Random
    _changes: list[int]
    _asked: int = field(default=0, init=False)
    _lowest: float = field(default=0.0, init=False)
    # A task's priority by its ordinal: from 0 to 1, and below 0 once it was lowered.
    _priorities: dict[int, float] = field(factory=dict[int, float], init=False)

    def choose(self, ready: Sequence[int]) -> int:
        priorities = self._priorities
        for task in ready:
            if task not in priorities:
                priorities[task] = self._random.random()
        best = max(ready, key=priorities.__getitem__)
        self._asked += 1
        while self._changes and self._changes[0] <= self._asked:
            del self._changes[0]
            self._lowest -= 1.0
            priorities[best] = self._lowest
            best = max(ready, key=priorities.__getitem__)
        return ready.index(best)

    def end(self) -> None:
        """Any end is right."""


@frozen
class _Replay:
    choices: tuple[int, ...] = field(repr=False)
    kind: Kind
    name: str = field(default="replay", init=False)

    @property
    def beyond_trio(self) -> bool:
        return self.kind == "step"

    def begin(self) -> Chooser:
        return _ReplayChooser(self.choices)


@define(eq=False)
class _ReplayChooser:
    _choices: tuple[int, ...]
    _next: int = field(default=0, init=False)

    def choose(self, ready: Sequence[int]) -> int:
        at = self._next
        if at == len(self._choices):
            raise PlanError(f"the schedule ends after {at} choices, and {len(ready)} tasks are ready there")
        choice = self._choices[at]
        if choice >= len(ready):
            raise PlanError(f"choice {at} of the schedule is {choice}, but {len(ready)} tasks are ready")
        self._next = at + 1
        return choice

    def end(self) -> None:
        if self._next != len(self._choices):
            raise PlanError(f"the run ended at choice {self._next} of {len(self._choices)} in the schedule")


@define(eq=False)
class Tree:
    """Visit every schedule, depth first: one run a leaf, `advance` between two runs.

    A run that is led along the same choices must come to the same tasks; where it does not, something that
    no schedule decides has had a say, and the run ends with NondeterminismError.
    """

    kind: Kind = "batch"
    name: str = field(default="exhaustive", init=False)
    # The way to the leaf: what was chosen, and of which tasks.
    _way: list[tuple[int, tuple[int, ...]]] = field(factory=list[tuple[int, tuple[int, ...]]], init=False)

    @property
    def beyond_trio(self) -> bool:
        """Tell whether it leads to orders that Trio itself never takes."""
        return self.kind == "step"

    def begin(self) -> Chooser:
        """Lead one run along the way, and along the oldest tasks where it has not been yet."""
        return _TreeChooser(self._way)

    def advance(self) -> bool:
        """Turn to the next leaf; False when all have been visited."""
        while self._way:
            choice, ready = self._way.pop()
            if choice + 1 < len(ready):
                self._way.append((choice + 1, ready))
                return True
        return False


@define(eq=False)
class _TreeChooser:
    _way: list[tuple[int, tuple[int, ...]]]
    _next: int = field(default=0, init=False)

    def choose(self, ready: Sequence[int]) -> int:
        at = self._next
        self._next = at + 1
        if at == len(self._way):
            self._way.append((0, tuple(ready)))
            return 0
        choice, before = self._way[at]
        if before != tuple(ready):
            raise NondeterminismError(
                f"the same schedule led to other tasks: at choice {at}, {list(before)}, now {list(ready)}"
            )
        return choice

    def end(self) -> None:
        if self._next != len(self._way):
            raise NondeterminismError(
                f"the same schedule led to another end: {len(self._way)} choices before, now {self._next}"
            )
