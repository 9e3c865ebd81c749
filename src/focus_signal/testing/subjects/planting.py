"""How a mutant is made: the real matchmaker with one part, or one step, that does something else."""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from types import ModuleType
from typing import ClassVar

from focus_signal.core.matchmaker import Matchmaker, Rules
from focus_signal.core.queues import Queues
from focus_signal.core.rooms import Rooms
from focus_signal.core.sessions import Sessions
from focus_signal.server.config import Config
from focus_signal.server.logic import BuildLogic, Dialect, Logic, build_logic
from focus_signal.testing.subject import Subject


class PlantedMatchmaker(Matchmaker):
    """Be the matchmaker, with parts that a mutant may put in the place of its own."""

    queues: ClassVar[type[Queues]] = Queues
    rooms: ClassVar[type[Rooms]] = Rooms
    sessions: ClassVar[type[Sessions]] = Sessions

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        self._sessions = self.sessions(self.rules.seat_grace)
        self._by_user, self._by_connection = self._sessions.by_user, self._sessions.by_connection
        self._queues = self.queues()
        self._rooms = self.rooms()


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
    return mutant(name, about, breaks, type("Planted", (PlantedMatchmaker,), {"queues": queues}))


def mutant_of_rooms(name: str, about: str, breaks: str, rooms: type[Rooms]) -> Subject:
    """Make a subject of rooms that do something wrong; see `mutant`."""
    return mutant(name, about, breaks, type("Planted", (PlantedMatchmaker,), {"rooms": rooms}))


def mutant_of_sessions(name: str, about: str, breaks: str, sessions: type[Sessions]) -> Subject:
    """Make a subject of sessions that do something wrong; see `mutant`."""
    return mutant(name, about, breaks, type("Planted", (PlantedMatchmaker,), {"sessions": sessions}))


def building(
    matchmaker: type[Matchmaker] = Matchmaker, dialect: Callable[[Dialect], Dialect] | None = None
) -> BuildLogic:
    """Give a function that builds a matchmaker of this kind, and a dialect around the real one."""

    def build(config: Config, new_id: Callable[[], str]) -> Logic:
        real = build_logic(config, new_id)
        rules = Rules(config.max_match_size, config.relay_scope, config.seat_grace)
        return Logic(matchmaker(rules, new_id), real.dialect if dialect is None else dialect(real.dialect))

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
