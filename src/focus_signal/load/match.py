"""Matchmaking: every client asks for a room, again as soon as it is in one."""

from focus_signal.load.asking import Asker, ask_for
from focus_signal.load.generator import Load
from focus_signal.load.mode import AFTERWARDS, Mode
from focus_signal.load.rooms import Hall
from focus_signal.load.settings import Settings


class Match(Mode):
    """Measure joins: a user that is told of its room is one, timed from its request on."""

    what = "joins"
    timed = ("match",)

    def __init__(self, load: Load, settings: Settings) -> None:
        super().__init__(load, settings)
        users = settings.users()
        self.hall = Hall(users, settings.room_size)
        self.joins = 0
        self.stopping = False
        self._users = users
        self._frame = ask_for(settings.room_size)
        self._seekers: list[Seeker] = []

    @property
    def count(self) -> int:
        """How many have been told of a room."""
        return self.joins

    def prepare(self) -> None:
        """Connect everybody."""
        settings = self.settings
        make = self._make
        self._seekers = self.load.open(make, self._users, settings.at_once, settings.patience)

    def begin(self) -> None:
        """Let everybody ask."""
        for seeker in self._seekers:
            seeker.ask(self.hall, self._frame)

    def joined(self, seeker: "Seeker", began: float) -> None:
        """Count a join, and let the one who is in a room ask for the next."""
        self.joins += 1
        self.latencies["match"].record(self.load.clock() - began)
        if not self.stopping:
            seeker.ask(self.hall, self._frame)

    def finish(self) -> None:
        """Let everyone who has asked be told, and leave.

        In the end there may be too few who wait for a room; some of the others ask once more to make it full.
        So a request that the server has lost is found.
        """
        self.stopping = True
        hall, patience = self.hall, self.settings.patience
        self.load.run(
            lambda: not hall.open_rooms and len(hall.asked) < hall.size,
            patience,
            lambda: f"{len(hall.asked)} room-found",
        )
        if hall.asked:
            others = [seeker for seeker in self._seekers if seeker.user not in hall.asked]
            for seeker in others[: hall.size - len(hall.asked)]:
                seeker.ask(hall, self._frame)
        self.load.run(lambda: not hall.asked, patience, lambda: f"{len(hall.asked)} room-found")
        self.load.rest(AFTERWARDS)
        self.load.leave(self._seekers, patience)

    def _make(self, load: Load, user: str) -> "Seeker":
        return Seeker(load, user, self)


class Seeker(Asker):
    """Asks again and again."""

    __slots__ = ("_match",)

    def __init__(self, load: Load, user: str, match: Match) -> None:
        super().__init__(load, user)
        self._match = match

    def on_room(self, began: float) -> None:
        """Tell who counts."""
        self._match.joined(self, began)
