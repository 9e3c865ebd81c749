"""Carry out a conversation: clients whose frames the dialects read, and one matchmaker that answers.

No network and no clock: a client is a list of the frames that it was sent, and time passes where the
conversation says so. What the shell does is done here as far as it matters: a connection that the matchmaker
closes ends, and a token that a client brings is one that it was given.
"""

from __future__ import annotations

import json
from collections import deque
from random import Random
from typing import Any
from uuid import UUID

from attrs import Factory, define, field

from focus_signal.core.commands import (
    Begin,
    Command,
    Connect,
    Disconnect,
    Drain,
    OpenSession,
    TimePassed,
    Withdraw,
)
from focus_signal.core.effects import Close, Deliver, DeliverNumbered
from focus_signal.core.matchmaker import Matchmaker, Rules
from focus_signal.core.tokens import SessionToken
from focus_signal.wire.close_codes import CLOSE_CODES
from focus_signal.wire.seed_dialect import SeedDialect
from focus_signal.wire.v1 import V1Dialect
from focus_signal.wire.v1_settings import V1Settings
from tests.schema.conversations import (
    ANYTHING,
    LEFT_OUT,
    Closed,
    Connects,
    Ends,
    Gets,
    Line,
    Passes,
    Resumes,
    Sends,
    StartsAnew,
)

# Named by a client, and made by the server: what stands for it in a frame that is sent is what came last.
MADE = ("proposal", "roomId", "code")
SETTINGS = V1Settings(
    max_match_size=16,
    max_user_bytes=128,
    max_nesting=32,
    frame_bytes=262_144,
    grace=30,
    replay_bytes=262_144,
    message_rate=100,
    message_burst=2000,
    byte_rate=32_768,
    byte_burst=786_432,
    heartbeat=20,
)
_WALL = 1_800_000_000.0
_START = 1_000.0
_UP = 600.0


class Unlike(AssertionError):
    """What happened is not what the conversation says."""


@define(eq=False)
class Client:
    """Be one of those who talk."""

    user: str
    seed: bool
    connection: int
    frames: deque[dict[str, Any]] = Factory(deque)
    """What has come and was not looked at; it is lost when the connection is."""
    closes: deque[tuple[int, str]] = Factory(deque)
    tokens: list[tuple[int, str]] = Factory(list)
    """The sessions that have come, and their numbers."""

    def unsaid(self) -> dict[str, Any] | None:
        """Give the first frame that has come and has to be in the conversation; None if there is none."""
        return next((frame for frame in self.frames if frame["type"] not in LEFT_OUT), None)


@define(eq=False)
class Stage:
    """Carry out one conversation."""

    _now: float = field(default=_START, init=False)
    _random: Random = field(factory=lambda: Random(1), init=False)
    _clients: dict[str, Client] = field(factory=dict[str, Client], init=False)
    _by_connection: dict[int, Client] = field(factory=dict[int, Client], init=False)
    _connections: int = field(default=0, init=False)
    _tokens: dict[str, SessionToken] = field(factory=dict[str, SessionToken], init=False)
    _made: dict[str, str] = field(factory=dict[str, str], init=False)
    _matchmaker: Matchmaker = field(init=False)
    _v1: V1Dialect = field(init=False)
    _seed: SeedDialect = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._matchmaker = Matchmaker(Rules(), self._new_id)
        self._v1 = V1Dialect(SETTINGS, self._seal)
        self._seed = SeedDialect(SETTINGS.max_match_size, SETTINGS.max_user_bytes, SETTINGS.max_nesting)
        # It has been up for a while: the time after a start is another matter.
        self._do(Begin(_WALL + self._now))
        self._pass(_UP)

    def carry_out(self, lines: list[Line]) -> None:
        """Do what every line says, and see that all comes that is said to come, and nothing else.

        Raises:
          Unlike: something else came, or nothing; the line's number is told.
        """
        for line in lines:
            try:
                self._carry_out(line)
            except Unlike as unlike:
                raise Unlike(f"line {line.number}: {unlike}") from None
        for name, client in self._clients.items():
            rest = client.unsaid() or (client.closes and client.closes[0])
            if rest:
                raise Unlike(f"after line {lines[-1].number}: {name} gets {rest} as well")

    def _carry_out(self, line: Line) -> None:
        match line:
            case Connects():
                self._connect(line)
            case Resumes():
                self._resume(line)
            case Sends():
                self._send(line)
            case Gets():
                self._get(line)
            case Ends():
                client = self._clients[line.who]
                if client.unsaid() is None if line.loses else client.unsaid() is not None:
                    raise Unlike(f"{line.who} loses {client.unsaid()}")
                client.frames.clear()
                self._end(client.connection, finished=line.finished)
            case Closed():
                closes = self._clients[line.who].closes
                came = closes.popleft() if closes else None
                if came != (line.code, line.reason):
                    raise Unlike(f"{line.who} is closed with {came}")
            case Passes():
                self._pass(line.seconds)
            case StartsAnew():
                self._start_anew()
            case _:
                raise Unlike("nobody knows how to do that")

    def _connect(self, line: Connects) -> None:
        user = line.who.removeprefix("another ")
        client = self._clients[line.who] = Client(user, line.seed, self._next_connection())
        self._by_connection[client.connection] = client
        if line.seed:
            self._do(Connect(client.connection, user))
        else:
            self._do(OpenSession(client.connection, user))

    def _resume(self, line: Resumes) -> None:
        client = self._clients[line.who]
        brought = [token for seq, token in client.tokens if seq <= line.seen]
        if not brought:
            raise Unlike(f"{line.who} has no session to resume")
        if client.unsaid() is not None:
            raise Unlike(f"{line.who} gets {client.unsaid()} before that")
        client.frames.clear()
        client.tokens = [(0, brought[-1])]  # numbers begin anew where it is not resumed
        client.connection = self._next_connection()
        self._by_connection[client.connection] = client
        token = self._tokens[brought[-1]]
        self._do(OpenSession(client.connection, client.user, token, line.seen))

    def _send(self, line: Sends) -> None:
        client = self._clients[line.who]
        frame = line.frame
        for name in MADE:
            unsaid = f'"{name}":"{ANYTHING}"'
            if unsaid in frame:
                if name not in self._made:
                    raise Unlike(f"nobody has told of a {name}")
                frame = frame.replace(unsaid, f'"{name}":"{self._made[name]}"')
        dialect = self._seed if client.seed else self._v1
        self._do(dialect.decode(frame.encode(), client.connection, client.user))

    def _get(self, line: Gets) -> None:
        frames = self._clients[line.who].frames
        while frames and frames[0]["type"] in LEFT_OUT and frames[0]["type"] != line.frame["type"]:
            frames.popleft()
        if not frames:
            raise Unlike(f"{line.who} gets nothing")
        came = frames.popleft()
        if not _is_alike(line.frame, came, more=line.more):
            raise Unlike(f"{line.who} gets {json.dumps(came)}")
        for name in MADE:
            if line.frame.get(name) == ANYTHING:
                self._made[name] = came[name]

    def _pass(self, seconds: float) -> None:
        until = self._now + seconds
        while (due := self._matchmaker.next_deadline()) is not None and due <= until:
            self._now = max(self._now, due)
            self._do(TimePassed())
        self._now = until

    def _start_anew(self) -> None:
        self._do(Drain())
        self._matchmaker = Matchmaker(Rules(), self._new_id)
        self._do(Begin(_WALL + self._now))

    def _end(self, connection: int, *, finished: bool) -> None:
        if self._by_connection.pop(connection, None) is not None:
            self._disconnect(connection, finished=finished)

    def _disconnect(self, connection: int, *, finished: bool) -> None:
        self._do(Withdraw(connection))
        self._do(Disconnect(connection, finished))

    def _do(self, command: Command) -> None:
        closed: list[int] = []
        for effect in self._matchmaker.handle(command, self._now):
            client = self._by_connection.get(effect.connection)
            if client is None:
                continue
            match effect:
                case Close(connection, reason):
                    row = CLOSE_CODES[reason]
                    client.closes.append((row.code, row.reason))
                    # Nothing is sent behind a close.
                    del self._by_connection[connection]
                    closed.append(connection)
                case DeliverNumbered(_, message, seq):
                    self._deliver(client, effect.connection, self._v1.encode(message, seq))
                case Deliver(_, seeds):
                    frame = self._seed.encode(seeds)
                    assert frame is not None
                    self._deliver(client, effect.connection, frame)
        for connection in closed:
            self._disconnect(connection, finished=False)

    @staticmethod
    def _deliver(client: Client, connection: int, frame: bytes) -> None:
        if connection == client.connection:
            read = json.loads(frame)
            client.frames.append(read)
            if read["type"] == "session":
                client.tokens.append((read["seq"], read["session"]))

    def _next_connection(self) -> int:
        self._connections += 1
        return self._connections

    def _new_id(self) -> str:
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def _seal(self, token: SessionToken) -> str:
        text = f"token-{len(self._tokens)}"
        self._tokens[text] = token
        return text


def _is_alike(said: Any, came: Any, *, more: bool = False) -> bool:
    """Compare a frame with what a conversation says of it; see `tests.schema.conversations`."""
    if said == ANYTHING:
        return isinstance(came, str)
    if isinstance(said, dict):
        if not isinstance(came, dict):
            return False
        left_out = came.keys() - said.keys() - {"seq"}
        return (
            (more or not left_out)
            # In the same order, too.
            and [name for name in came if name in said] == list(said)
            and all(_is_alike(inner, came[name]) for name, inner in said.items())
        )
    if isinstance(said, list):
        return (
            isinstance(came, list)
            and len(said) == len(came)
            and all(_is_alike(*pair) for pair in zip(said, came, strict=True))
        )
    return type(said) is type(came) and bool(said == came)
