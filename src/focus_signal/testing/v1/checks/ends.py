"""Who gets in, and what is left in the end."""

from collections.abc import Callable
from math import inf

from attrs import define, field

from focus_signal.core.commands import Command, Disconnect, Numbered, OpenSession
from focus_signal.core.effects import Close, DeliverNumbered, Effect, SessionIssued, Welcome
from focus_signal.testing.v1 import history as h

Report = Callable[[str, float, str], None]


@define(eq=False)
class _Kept:
    """Be the session that somebody has.

    Args:
      session: its id.
      process: the server that has it.
      connection: the one that spoke for it last.
      token_at: the number of the message that brought its first token.
    """

    session: str
    process: str
    connection: int
    token_at: int
    held: bool = False
    ends: float = inf


@define(eq=False)
class Ends:
    """Look at comings and goings.

    Args:
      report: takes what is wrong: the invariant, when, and what was seen.
      users: who takes part.
      grace: for how long a session outlives its connection, in seconds.
      overflows: whether more may be missed than is kept.
    """

    _report: Report
    _users: tuple[str, ...]
    _grace: float
    _overflows: bool
    _names: dict[int, str] = field(factory=dict[int, str], init=False)
    _kept: dict[str, "_Kept"] = field(factory=dict[str, "_Kept"], init=False)
    _here: dict[str, None] = field(factory=dict[str, None], init=False)
    # The newest connection that somebody's own client has begun.
    _newest: dict[str, int] = field(factory=dict[str, int], init=False)
    _rivalled: dict[str, None] = field(factory=dict[str, None], init=False)

    def look(self, event: h.Event) -> None:  # noqa: C901, PLR0912 - a branch an event
        """Look at the next thing that happened."""
        match event:
            case h.Came(user=user):
                self._here[user] = None
            case h.Went(user=user):
                self._here.pop(user, None)
            case h.Over(t=t, user=user, text=text) if text:
                self._report("fault", t, f"{user} found the protocol broken: {text}")
            case h.Dialled(user=user, conn=conn, rival=rival):
                if rival:
                    self._rivalled[user] = None
                else:
                    self._newest[user] = conn
            case h.Begun():
                self._kept.clear()
                self._names.clear()
            case h.Decided(t=t, command=command, effects=effects):
                if isinstance(command, OpenSession):
                    self._names[command.connection] = command.user
                    self._open(t, command, effects)
                self._step(t, command, effects)
            case h.Faulted(t=t, error=error):
                self._report("fault", t, error)
            case h.Settled(t=t, live=live):
                for user in self._here:
                    if user not in live:
                        self._report("locked-out", t, f"{user} is not let in, though nothing is cut any more")
            case h.Emptied(t=t, left=left) if left:
                self._report("leak", t, f"everyone has left, and there is still {left}")
            case _:
                pass

    def _step(self, t: float, command: Command, effects: list[Effect]) -> None:
        """Follow which session is whose, and for how long it has been away."""
        user = self._names.get(getattr(command, "connection", -1), "")
        kept = self._kept.get(user)
        if isinstance(command, Numbered) and kept is not None and kept.connection == command.connection:
            # The first message of a session is its token.
            kept.held |= (command.seen or 0) >= kept.token_at
        elif isinstance(command, Disconnect) and kept is not None and kept.connection == command.connection:
            kept.ends = t if command.finished or not kept.held else t + self._grace
        for effect in effects:
            owner = self._names.get(effect.connection, "")
            if isinstance(effect, Close):
                if effect.reason == "replaced" and owner in self._kept:
                    # By another connection of it, or by another session: what follows in this step tells.
                    self._kept[owner].ends = t
            elif isinstance(effect.message, SessionIssued):
                token = effect.message.token
                before = self._kept.get(owner)
                if before is None or before.session != token.session:
                    seq = getattr(effect, "seq", 0)
                    self._kept[owner] = _Kept(token.session, token.process, effect.connection, seq)
                elif before.connection != effect.connection:
                    before.connection, before.ends, before.held = effect.connection, inf, True

    def _open(self, t: float, command: OpenSession, effects: list[Effect]) -> None:
        """See that the newest connection of a client, with its last token, gets in."""
        user, token = command.user, command.token
        if token is None or command.connection != self._newest.get(user) or user in self._rivalled:
            return
        kept = self._kept.get(user)
        lives = kept is not None and (kept.session, kept.process) == (token.session, token.process)
        lives = lives and kept is not None and t < kept.ends
        for effect in effects:
            if effect.connection != command.connection:
                continue
            if isinstance(effect, Close) and effect.reason == "bad-request":
                self._report("locked-out", t, f"{user} was refused with its last token: {effect.reason}")
            elif isinstance(effect, Close) and effect.reason == "id-in-use" and lives:
                self._report("locked-out", t, f"{user} was sent away with its last token, in time")
            elif isinstance(effect, DeliverNumbered) and isinstance(effect.message, Welcome):
                why = effect.message.why
                if why not in {None, "unknown", "expired"}:
                    self._report("locked-out", t, f"{user} cannot resume with its last token: {why}")
                elif lives and not (effect.message.resumed or self._overflows):
                    self._report("resumed", t, f"{user} came back in time and did not go on: {why}")
