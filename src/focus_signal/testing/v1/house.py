"""The server at the core level: the pure matchmaker, the dialects, and the order of steps of the shell.

An end that was read is a withdrawal at once, and a disconnect behind what the connection had sent before. A
connection that was told goodbye is heard no more. Behind a restart there is another matchmaker with the same
secret.
"""

from collections.abc import Callable
from functools import partial

from attrs import define, field

from focus_signal.access.keys import Keys
from focus_signal.access.session_tokens import SessionTokens
from focus_signal.core.commands import Begin, Command, Disconnect, Drain, TimePassed, Withdraw
from focus_signal.core.effects import Close, Deliver, Effect, SeedMessage, SessionIssued
from focus_signal.core.matchmaker import Matchmaker
from focus_signal.core.tokens import SessionToken
from focus_signal.server.logic import Dialect, build_logic, build_v1
from focus_signal.server.welcome import Guest, Welcome
from focus_signal.testing.identity import room_ids
from focus_signal.testing.v1 import history as h
from focus_signal.testing.v1.plan import V1Plan
from focus_signal.testing.v1.ways import Clock, Way
from focus_signal.wire.close_codes import CLOSE_CODES, CloseName
from focus_signal.wire.subprotocols import offer_of
from focus_signal.wire.v1 import V1Dialect

WALL = 1_700_000_000.0
"""What the wall clock shows when a run starts."""
CLOSE_TIMEOUT = 5.0
_OLD, _NEW = b"o" * 32, b"n" * 32


@define(eq=False)
class Line:
    """Be one connection, both ends of it.

    Args:
      number: the server's number of it.
      user: in whose name it is.
      seed: whether it speaks the seed's dialect.
      up: the way to the server.
      down: the way to the client.
      got: takes a frame that has arrived.
      got_seed: takes a message of the seed's dialect that has arrived.
      closed: takes the close frame's code and reason.
    """

    number: int
    user: str
    seed: bool
    up: Way
    down: Way
    got: Callable[[bytes], None]
    got_seed: Callable[[SeedMessage], None]
    closed: Callable[[int, str], None]
    known: bool = field(default=False, init=False)
    """Whether the server knows of it."""
    deaf: bool = field(default=False, init=False)
    """Whether it was told goodbye, so that nothing more is sent to it."""
    replaced: bool = field(default=False, init=False)
    """Whether another one speaks for its session, which nothing that it still sends may touch."""
    end_read: bool = field(default=False, init=False)
    forgotten: bool = field(default=False, init=False)
    """Whether the server that had it is gone."""
    busy_until: float = field(default=0.0, init=False)


@define(eq=False)
class House:
    """Be the server.

    Args:
      plan: whose server it is.
      clock: the time.
      note: takes what happened.
      pause: gives for how long a command waits, in seconds.
    """

    _plan: V1Plan
    _clock: Clock
    _note: Callable[[h.Event], None]
    _pause: Callable[[], float]
    matchmaker: Matchmaker = field(init=False)
    is_up: bool = field(default=False, init=False)
    lines: dict[int, Line] = field(factory=dict[int, Line], init=False)
    issued: dict[str, SessionToken] = field(factory=dict[str, SessionToken], init=False)
    """The token that was issued last, by user."""
    _keys: Keys = field(factory=lambda: Keys((_OLD,)), init=False)
    _new_id: Callable[[], str] = field(init=False)
    _seed: Dialect = field(init=False)
    _v1: V1Dialect = field(init=False)
    _welcome: Welcome = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._new_id = room_ids(self._plan.seed)
        self.start()

    @property
    def tokens(self) -> SessionTokens:
        """Give what seals tokens."""
        return SessionTokens(self._keys)

    @property
    def deadline(self) -> float | None:
        """Tell when the matchmaker is next to be told that time has passed."""
        return self.matchmaker.next_deadline() if self.is_up else None

    def start(self, *, rotated: bool = False) -> None:
        """Start, as a process that knows of nothing but its secrets."""
        if rotated:
            self._keys = Keys((_NEW, _OLD))
        config = self._plan.config.server_config()
        logic = build_logic(config, self._new_id)
        assert isinstance(logic.decider, Matchmaker)  # noqa: S101 - the real logic decides with nothing else
        self.matchmaker, self._seed = logic.decider, logic.dialect
        self._v1 = build_v1(config, self.tokens.seal)
        self._welcome = Welcome(self._seed, self._v1, self.tokens, self._new_id, self._wall)
        self.is_up = True
        self._note(h.Begun(self._clock.now))
        self.decide(Begin(self._wall()))

    def end(self, *, tidy: bool) -> None:
        """End; a tidy one closes everyone, behind what they were told."""
        self._note(h.Ended(self._clock.now, tidy))
        self.is_up = False
        for line in self.lines.values():
            line.forgotten = True
            if tidy:
                self._say_goodbye(line, "restart")
            else:
                # The system closes the sockets of a process that was killed.
                line.down.send(partial(line.closed, 1006, ""))
        self.lines.clear()

    def drain(self) -> None:
        """Close everyone, and whoever still comes."""
        self.decide(Drain())

    def open(self, line: Line, protocols: tuple[str, ...]) -> None:
        """Let a connection begin that has arrived."""
        if line.end_read:
            return
        if not self.is_up:
            line.down.send(lambda: line.closed(1006, ""))
            return
        offer = offer_of(protocols) if protocols else None
        _, _, first = self._welcome.of(line.number, Guest(line.user, offer, None))
        line.known = True
        self.lines[line.number] = line
        self._hand_on(line, first)

    def hear(self, line: Line, frame: bytes) -> None:
        """Read a frame that has arrived."""
        if not line.known or line.end_read or line.forgotten or (line.deaf and not line.replaced):
            return
        dialect = self._seed if line.seed else self._v1
        self._hand_on(line, dialect.decode(frame, line.number, line.user))

    def read_end(self, line: Line, *, finished: bool = False) -> None:
        """Read the end of a connection."""
        if not line.known or line.end_read or line.forgotten:
            line.end_read = True
            return
        line.end_read = True
        if not line.deaf:
            line.down.send(lambda: line.closed(1000 if finished else 1006, ""))
        self.decide(Withdraw(line.number))
        self._hand_on(line, Disconnect(line.number, finished))

    def decide(self, command: Command) -> None:
        """Carry out a command."""
        try:
            effects = self.matchmaker.handle(command, self._clock.now)
        except Exception as error:  # noqa: BLE001 - what any logic may raise is what the history is to say
            self._note(h.Faulted(self._clock.now, f"{type(error).__name__}: {error}"))
            self.end(tidy=True)
            self.start()
            return
        self._note(h.Decided(self._clock.now, command, effects))
        for effect in effects:
            self._carry_out(effect)

    def pass_time(self) -> None:
        """Tell the matchmaker that time has passed."""
        self.decide(TimePassed())

    def _carry_out(self, effect: Effect) -> None:
        line = self.lines.get(effect.connection)
        if line is None:
            return
        if isinstance(effect, Close):
            self._say_goodbye(line, effect.reason)
        elif line.deaf or line.end_read:
            return
        elif isinstance(effect, Deliver):
            message = effect.message
            if self._seed.encode(message) is not None:
                line.down.send(lambda: line.got_seed(message))
        else:
            if isinstance(effect.message, SessionIssued):
                self.issued[line.user] = effect.message.token
            frame = self._v1.encode(effect.message, effect.seq)
            line.down.send(lambda: line.got(frame))

    def _say_goodbye(self, line: Line, name: CloseName) -> None:
        if line.deaf or line.end_read:
            return
        line.deaf, line.replaced = True, name == "replaced"
        row = CLOSE_CODES[name]

        def arrive() -> None:
            line.closed(row.code, row.reason)
            line.up.send(lambda: self.read_end(line))

        line.down.send(arrive)
        self._clock.at(self._clock.now + CLOSE_TIMEOUT, lambda: self.read_end(line))

    def _hand_on(self, line: Line, command: Command) -> None:
        """Let a command take its turn, behind those that the connection has sent before."""
        pause = self._pause()
        if pause or line.busy_until > self._clock.now:
            line.busy_until = max(line.busy_until, self._clock.now + pause)
            self._clock.at(line.busy_until, lambda: self._turn(line, command))
        else:
            self._turn(line, command)

    def _turn(self, line: Line, command: Command) -> None:
        if line.forgotten:
            return  # it went with the server
        self.decide(command)
        if isinstance(command, Disconnect):
            self.lines.pop(line.number, None)

    def _wall(self) -> float:
        return WALL + self._clock.now
