"""The server without Trio: the matchmaker, the dialects, the tokens, and connections as two streams of bytes.

Whoever connects gets a `Line`. What the server sends stands in it until somebody lets it arrive; what arrives
at the server is carried out at once. Frames are those of WebSocket, with a mask of zeros on the way up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from attrs import Factory, define, field

from focus_signal.access import session_tokens
from focus_signal.access.keys import Keys
from focus_signal.core import matchmaker
from focus_signal.core.commands import Begin, Command, Connect, Disconnect, OpenSession, RelayClump, Withdraw
from focus_signal.core.commands import TimePassed as PassTime
from focus_signal.core.effects import Close, DeliverNumbered
from focus_signal.testing.identity import room_ids
from focus_signal.wire.close_codes import CLOSE_CODES
from focus_signal.wire.frames import close_frame, text_frames
from focus_signal.wire.seed_dialect import SeedDialect
from focus_signal.wire.subprotocols import offer_of
from focus_signal.wire.v1 import V1Dialect, V1Settings
from tests.resume.cutting import Piece, next_piece, text_of

KEYS = Keys((b"the keys of every house in these tests",))
EPOCH = 1_700_000_000.0
GRACE = 30.0
Way = Literal["up", "down"]
_CLOSE = 0x8


@define(eq=False)
class Line:
    """Be a connection: what is on its way each way, and all that ever was.

    Args:
      number: the server's name for it.
      user: in whose name it is.
      speaks_v1: whether it speaks `focus-signal.v1`.
    """

    number: int
    user: str
    speaks_v1: bool
    up: bytearray = field(factory=bytearray, init=False)
    down: bytearray = field(factory=bytearray, init=False)
    sent_up: bytearray = field(factory=bytearray, init=False)
    sent_down: bytearray = field(factory=bytearray, init=False)
    served: bool = field(default=True, init=False)
    """Whether the server has not seen its end."""
    _heard: bytearray = field(factory=bytearray, init=False)

    def say(self, frame: bytes) -> None:
        """Put a text of the client's onto the way."""
        (data,) = text_frames([frame])
        size = len(data) - len(frame)
        data = bytes((data[0], data[1] | 0x80)) + data[2:size] + b"\0\0\0\0" + frame
        self.up += data
        self.sent_up += data

    def tell(self, data: bytes) -> None:
        """Put a frame of the server's onto the way."""
        self.down += data
        self.sent_down += data

    def texts_of(self, data: bytes) -> list[bytes]:
        """Let bytes arrive at the server, and give the texts that are whole."""
        self._heard += data
        return [text_of(frame, piece) for frame, piece in _taken(self._heard)]


@define(eq=False)
class House:
    """Be a server.

    Args:
      seed: decides its ids, and so who it is.
      now: the clock.
      rules: what an operator can choose.
      keys: sign its tokens.
    """

    seed: int
    now: Callable[[], float]
    rules: matchmaker.Rules = Factory(matchmaker.Rules)
    keys: Keys = KEYS
    lines: dict[int, Line] = field(factory=dict[int, Line], init=False)
    first_number: int = 1
    core: matchmaker.Matchmaker = field(init=False)
    tokens: session_tokens.SessionTokens = field(init=False)
    new_id: Callable[[], str] = field(init=False)
    _v1: V1Dialect = field(init=False)
    _seed: SeedDialect = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.new_id = room_ids(self.seed)
        self.core = matchmaker.Matchmaker(self.rules, self.new_id)
        self.tokens = session_tokens.SessionTokens(self.keys)
        settings = V1Settings(16, 128, 32, 262144, int(GRACE), self.rules.replay_bytes, 0, 0, 0, 0, 20)
        self._v1 = V1Dialect(settings, self.tokens.seal)
        self._seed = SeedDialect(16, 128, 32)
        self.do(Begin(EPOCH + self.now()))

    def do(self, command: Command) -> None:
        """Carry out a command."""
        assert not isinstance(command, RelayClump), "frames come one at a time here"
        for effect in self.core.handle(command, self.now()):
            line = self.lines[effect.connection]
            if isinstance(effect, Close):
                row = CLOSE_CODES[effect.reason]
                line.tell(close_frame(row.code, row.reason))
            elif isinstance(effect, DeliverNumbered):
                line.tell(text_frames([self._v1.encode(effect.message, effect.seq)])[0])
            else:
                frame = self._seed.encode(effect.message)
                if frame is not None:
                    line.tell(text_frames([frame])[0])

    def connect(self, user: str, protocols: tuple[str, ...] = ()) -> Line:
        """Let somebody in; without subprotocols it speaks the seed's dialect."""
        number = self.first_number + len(self.lines)
        offer = offer_of(protocols)
        line = self.lines[number] = Line(number, user, offer is not None)
        if offer is None:
            self.do(Connect(number, user))
            return line
        token, why = None, "malformed" if offer.malformed else None
        if offer.resume is not None:
            found = self.tokens.unseal(offer.resume, int((EPOCH + self.now()) * 1000))
            token, why = (None, found) if isinstance(found, str) else (found, None)
        self.do(OpenSession(number, user, token, offer.seen, why))
        return line

    def take(self, line: Line, data: bytes) -> None:
        """Let bytes of a client arrive; what a connection sends that was replaced comes as well."""
        dialect = self._v1 if line.speaks_v1 else self._seed
        for text in line.texts_of(data):
            self.do(dialect.decode(text, line.number, line.user))

    def end(self, line: Line, *, finished: bool = False) -> None:
        """Let the server see a connection's end."""
        if line.served:
            line.served = False
            self.do(Withdraw(line.number))
            self.do(Disconnect(line.number, finished))

    def pass_time(self) -> None:
        """Carry out what is due."""
        due = self.core.next_deadline()
        if due is not None and due <= self.now():
            self.do(PassTime())


@define(eq=False)
class Ear:
    """Hear what arrives at a client: texts, and a close code in the end."""

    _heard: bytearray = field(factory=bytearray, init=False)

    def take(self, data: bytes) -> list[bytes | int]:
        self._heard += data
        came: list[bytes | int] = []
        for frame, piece in _taken(self._heard):
            text = text_of(frame, piece)
            came.append(int.from_bytes(text[:2]) if frame[piece.start] & 0xF == _CLOSE else text)
        return came


def _taken(heard: bytearray) -> list[tuple[bytes, Piece]]:
    """Take the frames that are whole."""
    whole = bytes(heard)
    pieces: list[tuple[bytes, Piece]] = []
    at = 0
    while (piece := next_piece(whole, at)) is not None:
        pieces.append((whole, piece))
        at = piece.stop
    del heard[:at]
    return pieces
