"""How a mutant is made: the real matchmaker with one part, or one step, that does something else."""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from types import ModuleType
from typing import ClassVar

from focus_signal.core import matchmaker as matchmaker_module
from focus_signal.core.arrivals import Arrivals
from focus_signal.core.commands import Command, Connect, RequestMatch
from focus_signal.core.effects import Effect
from focus_signal.core.lobby import Lobby
from focus_signal.core.matchmaker import Matchmaker
from focus_signal.core.queues import Queues
from focus_signal.core.rooms import Rooms
from focus_signal.core.sessions import Sessions
from focus_signal.server.config import Config
from focus_signal.server.logic import BuildLogic, Dialect, Logic, build_logic
from focus_signal.testing.subject import Subject


class PlantedMatchmaker(Matchmaker):
    """Be the matchmaker, with parts and steps that a mutant may put in the place of its own."""

    rooms: ClassVar[type[Rooms]] = Rooms
    sessions: ClassVar[type[Sessions]] = Sessions
    lobby: ClassVar[type[Lobby]] = Lobby
    arrivals: ClassVar[type[Arrivals]] = Arrivals

    def __attrs_post_init__(self) -> None:
        # The parts know each other, so they are planted before they are made.
        with putting(
            (matchmaker_module, "Rooms", self.rooms),
            (matchmaker_module, "Sessions", self.sessions),
            (matchmaker_module, "Lobby", self.lobby),
            (matchmaker_module, "Arrivals", self.arrivals),
        )():
            super().__attrs_post_init__()

    def handle(self, command: Command, now: float) -> list[Effect]:
        """Carry out one command."""
        match command:
            case RequestMatch():
                return self.on_request(command, now)
            case Connect():
                return self.on_connect(command, now)
            case _:
                return super().handle(command, now)

    def on_request(self, command: RequestMatch, now: float) -> list[Effect]:
        """Carry out a client's request for a match."""
        return super().handle(command, now)

    def on_connect(self, command: Connect, now: float) -> list[Effect]:
        """Carry out the opening of a client's connection."""
        return super().handle(command, now)


def mutant(name: str, about: str, breaks: str, matchmaker: type[Matchmaker]) -> Subject:
    """Make a subject of a matchmaker that does something wrong.

    Args:
      name: what the command line calls it.
      about: what it does wrong, in one line.
      breaks: the invariant that must find it.
      matchmaker: what decides.
    """
    return Subject(name, about, building(matchmaker), breaks)


def mutant_of_queues(name: str, about: str, breaks: str, queues: type[Queues]) -> Subject:
    """Make a subject of queues that do something wrong; see `mutant`."""

    class Planted(Lobby):
        def __attrs_post_init__(self) -> None:
            super().__attrs_post_init__()
            self._queues = queues()

    return mutant(name, about, breaks, type("Planted", (PlantedMatchmaker,), {"lobby": Planted}))


def mutant_of_rooms(name: str, about: str, breaks: str, rooms: type[Rooms]) -> Subject:
    """Make a subject of rooms that do something wrong; see `mutant`."""
    return mutant(name, about, breaks, type("Planted", (PlantedMatchmaker,), {"rooms": rooms}))


def mutant_of_sessions(name: str, about: str, breaks: str, sessions: type[Sessions]) -> Subject:
    """Make a subject of sessions that do something wrong; see `mutant`."""
    return mutant(name, about, breaks, type("Planted", (PlantedMatchmaker,), {"sessions": sessions}))


def mutant_of_arrivals(name: str, about: str, breaks: str, arrivals: type[Arrivals]) -> Subject:
    """Make a subject in which sessions come and go wrongly; see `mutant`."""
    return mutant(name, about, breaks, type("Planted", (PlantedMatchmaker,), {"arrivals": arrivals}))


def building(
    matchmaker: type[Matchmaker] = Matchmaker, dialect: Callable[[Dialect], Dialect] | None = None
) -> BuildLogic:
    """Give a function that builds a matchmaker of this kind, and a dialect around the real one."""

    def build(config: Config, new_id: Callable[[], str]) -> Logic:
        real = build_logic(config, new_id)
        decider = real.decider
        assert isinstance(decider, Matchmaker)  # noqa: S101 - the real logic decides with nothing else
        return Logic(
            matchmaker(decider.rules, new_id), real.dialect if dialect is None else dialect(real.dialect)
        )

    return build


def putting(*planted: tuple[ModuleType, str, object]) -> Callable[[], AbstractContextManager[object]]:
    """Give what puts things where modules know others by a name, and takes them out again.

    Args:
      planted: for each of them the module, the name, and what is put there.
    """

    @contextmanager
    def changed() -> Generator[None]:
        with ExitStack() as stack:
            for module, name, thing in planted:
                stack.callback(setattr, module, name, getattr(module, name))
                setattr(module, name, thing)
            yield

    return changed
