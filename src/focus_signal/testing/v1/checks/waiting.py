"""Who waits, as the server was asked and has told: tickets with their terms, and who is there.

Somebody who is there has been told everything, so of their tickets nothing is guessed. A party's ticket is
known from the moment at which the last of its members has asked.
"""

from collections.abc import Sequence

from attrs import define, field

from focus_signal.core.commands import (
    Command,
    Connect,
    Disconnect,
    Numbered,
    OpenSession,
    Ready,
    Request,
    RequestMatch,
    RequestTicket,
    Terms,
    Withdraw,
)
from focus_signal.core.effects import (
    Close,
    Effect,
    MatchEnded,
    MatchProposed,
    Message,
    Queued,
    Refused,
    RoomEntered,
    RoomFound,
    Welcome,
)


@define(eq=False)
class Wish:
    """Be what somebody waits for.

    Args:
      users: who: one, or a whole party.
      terms: how.
      arrival: grows with each that arrives.
      since: when it arrived.
    """

    users: tuple[str, ...]
    terms: Terms
    arrival: int
    since: float
    proposal: str | None = field(default=None, init=False)
    """What it is asked about; meanwhile it can meet nobody else."""
    last_proposal: str = field(default="", init=False)

    @property
    def key(self) -> tuple[str, bool, bool]:
        """Tell what wishes must have alike to meet."""
        return self.terms.pool, self.terms.ready_check, self.terms.backfill

    def accepts(self, size: int, now: float) -> bool:
        """Tell whether a size is certainly one that it accepts now."""
        terms = self.terms
        return size == terms.most or (terms.least <= size < terms.most and now > self.since + terms.patience)

    def refuses(self, size: int, now: float) -> bool:
        """Tell whether a size is certainly one that it does not accept now."""
        terms = self.terms
        too_soon = size < terms.most and now < self.since + terms.patience
        return not terms.least <= size <= terms.most or too_soon


def avoid(first: Wish, second: Wish) -> bool:
    """Tell whether one of them avoids the other."""
    return any(user in first.terms.avoid for user in second.users) or any(
        user in second.terms.avoid for user in first.users
    )


@define(eq=False)
class Waiting:
    """Follow who waits."""

    wishes: dict[str, Wish] = field(factory=dict[str, Wish], init=False)
    """By user; that of a party is each member's."""
    users: dict[int, str] = field(factory=dict[int, str], init=False)
    """Who each connection is that speaks for somebody."""
    there: dict[str, int] = field(factory=dict[str, int], init=False)
    """The connection of each who can be met."""
    ready: dict[tuple[str, str], None] = field(factory=dict[tuple[str, str], None], init=False)
    """Who has said to which proposal that they are ready."""
    # The connection that speaks for each, though its end may have been read.
    _speaks: dict[str, int] = field(factory=dict[str, int], init=False)
    # Those who wait for the rest of their party, by its code.
    _parties: dict[str, dict[str, Terms]] = field(factory=dict[str, dict[str, Terms]], init=False)
    # Parties of which that is not known for certain.
    _unknown: dict[str, None] = field(factory=dict[str, None], init=False)
    arrivals: int = field(default=0, init=False)
    """How many wishes have arrived."""

    def clear(self) -> None:
        """Forget everything: there is another server."""
        self.wishes.clear()
        self.users.clear()
        self.there.clear()
        self.ready.clear()
        self._speaks.clear()
        self._parties.clear()
        self._unknown.clear()

    def is_party_incomplete(self, user: str) -> bool:
        """Tell whether somebody waits for the rest of a party."""
        return any(user in members for members in self._parties.values())

    def can_meet(self) -> dict[int, Wish]:
        """Give the wishes whose members are all there, by their arrival."""
        return {
            wish.arrival: wish
            for wish in self.wishes.values()
            if wish.proposal is None and all(user in self.there for user in wish.users)
        }

    def come(self, t: float, command: Command, effects: Sequence[Effect]) -> None:
        """Take in what comes with a step, ahead of what comes of it."""
        match command:
            case Connect(connection, user) | OpenSession(connection, user):
                if not any(isinstance(each, Close) and each.connection == connection for each in effects):
                    self._move(connection, user, plain=isinstance(command, Connect))
            case Withdraw(connection) | Disconnect(connection):
                user = self.users.get(connection, "")
                if self.there.get(user) == connection:
                    del self.there[user]
                if isinstance(command, Disconnect) and self._speaks.get(user) == connection:
                    del self._speaks[user]
            case _:
                self._hear(t, command, effects)

    def tell(self, connection: int, message: Message) -> None:  # noqa: C901, PLR0912 - a branch a message
        """Take in what is told."""
        user = self.users.get(connection)
        if user is None:
            return
        wish = self.wishes.get(user)
        match message:
            case MatchProposed(view=view):
                if wish is not None:
                    wish.proposal = wish.last_proposal = view.proposal
            case Queued():
                if wish is not None:
                    wish.proposal = None
            case MatchEnded(reason=reason):
                if reason != "replaced":
                    self._end(user)
            case Welcome(resumed=False, state=state):
                if state is None or state.ticket is None:
                    self._end(user)
                elif wish is not None:
                    wish.proposal = None if state.proposal is None else state.proposal.proposal
                    wish.last_proposal = wish.proposal or wish.last_proposal
            case RoomEntered(view=view):
                if view.code is None:
                    self._end(user)
            case RoomFound():
                self._end(user)
            case _:
                pass

    def _hear(self, t: float, command: Command, effects: Sequence[Effect]) -> None:
        number = getattr(command, "connection", 0)
        user = self.users.get(number, "")
        if self._speaks.get(user) == number:
            request: Command | Request = command.request if isinstance(command, Numbered) else command
            self._ask(t, user, request, effects, numbered=isinstance(command, Numbered))

    def _move(self, connection: int, user: str, *, plain: bool) -> None:
        self.users[connection] = user
        self.there[user] = self._speaks[user] = connection
        if plain:
            self._end(user)

    def _ask(
        self, t: float, user: str, request: object, effects: Sequence[Effect], *, numbered: bool
    ) -> None:
        if isinstance(request, Ready):
            self.ready[user, request.proposal] = None
            return
        if isinstance(request, RequestMatch) and user in self.there:
            terms = Terms(request.size, request.size)
        elif isinstance(request, RequestTicket) and numbered:
            terms = request.terms
        else:
            return
        mine = [getattr(each, "message", None) for each in effects if each.connection == self._speaks[user]]
        if any(isinstance(message, Refused) for message in mine):
            return
        if isinstance(request, RequestTicket) and len(mine) == 1:
            return  # it was answered before
        before = self.wishes.get(user)
        if before is not None and before.terms == terms:
            return
        if terms.party is None:
            self._end(user)
            self._arrive((user,), terms, t)
            return
        code = terms.party.code
        if self._parties.get(code, {}).get(user) == terms:
            return
        self._end(user)
        members = self._parties.setdefault(code, {})
        if not all(member in self.there for member in members):
            # Whoever is away may have been given up meanwhile, and the party with it, in silence.
            self._unknown[code] = None
        if code in self._unknown:
            members.clear()
            return
        members[user] = terms
        if len(members) == terms.party.size:
            del self._parties[code]
            self._arrive(tuple(members), terms, t)

    def _arrive(self, users: tuple[str, ...], terms: Terms, t: float) -> None:
        self.arrivals += 1
        wish = Wish(users, terms, self.arrivals, t)
        for user in users:
            self.wishes[user] = wish

    def _end(self, user: str) -> None:
        wish = self.wishes.get(user)
        if wish is not None:
            for member in wish.users:
                self.wishes.pop(member, None)
        for code, members in list(self._parties.items()):
            if user in members:
                # One member's end ends all.
                del self._parties[code]
