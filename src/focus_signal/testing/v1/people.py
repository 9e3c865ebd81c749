"""The clients at the core level: the pure session of the real client, on ways that are cut.

A person has one client at a time, and that one connection at a time; one that it has given up may live on at
the server's end. Whoever is told not to come back begins anew after a while, as somebody does who loads a
page again.
"""

from collections.abc import Callable

from attrs import define, field
from msgspec.json import encode

from focus_signal.client.events import Answered, Connected, FromSession, Lost
from focus_signal.client.faults import ProtocolBroken
from focus_signal.client.session import Session
from focus_signal.client.unanswered import Request
from focus_signal.core.effects import SeedMessage
from focus_signal.testing.v1 import history as h
from focus_signal.testing.v1.acting import Acting
from focus_signal.testing.v1.house import House, Line
from focus_signal.testing.v1.ways import Clock, Way
from focus_signal.wire.messages.from_client import FromClient

_REQUEST_BYTES = 1 << 20
_BROKEN = 4500
_NO_GOODBYE = 1006
CONNECT_TIMEOUT = 10.0
"""Seconds after which a client gives up a connection on which it was not welcomed."""

Draw = Callable[..., float]
"""Draws a time between two, in seconds, for what the further arguments name."""


@define(eq=False)
class Person(Acting):
    """Be somebody, and their client.

    Args:
      clock: the time.
      house: the server.
      new_number: makes a connection's number.
    """

    _clock: Clock
    _house: House
    _new_number: Callable[[], int]
    session: Session | None = field(default=None, init=False)
    """None for a client of the seed's dialect, and for who has none."""
    line: Line | None = field(default=None, init=False)
    tokens: list[str] = field(factory=list[str], init=False)
    """All that have come, in order."""
    away: float | None = field(default=None, init=False)
    """What the next cut says about when to come back."""
    _numbers: dict[Request, int] = field(factory=dict[Request, int], init=False)
    _frames: list[bytes] = field(factory=list[bytes], init=False)
    """What was sent on the present connection."""
    _dials: int = field(default=0, init=False)
    _failures: int = field(default=0, init=False)
    """How often in a row it could not connect, or was sent away at once."""

    @property
    def now(self) -> float:
        """Tell the time."""
        return self._clock.now

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something after so many seconds."""
        self._clock.at(self._clock.now + seconds, action)

    @property
    def is_live(self) -> bool:
        """Tell whether they are connected, and welcome."""
        if self.session is not None:
            return self.line is not None and self.session.is_live
        return self.is_here and self.line is not None and not self.line.deaf

    def come(self) -> None:
        """Come, as somebody who knows of no session."""
        if self.is_here:
            return
        self.tokens = []
        self._numbers.clear()
        self.session = None if self.is_seed else Session(_REQUEST_BYTES)
        self.begin()
        self._dial()

    def go(self) -> None:
        """Close with 1000."""
        if not self.is_here:
            return
        line, session = self.line, self.session
        self._pump()
        self.is_here, self.line, self.session = False, None, None
        self.note(h.Went(self._clock.now, self.user))
        if session is not None:
            session.end()
        if line is not None:
            line.up.send(lambda: self._house.read_end(line, finished=True))

    def notice_end(self, line: Line, code: int, reason: str = "") -> None:
        """Notice that a connection has ended."""
        if line is not self.line:
            return
        self.line = None
        now = self._clock.now
        if self.session is None:
            back, wait = code < 4500, 0.0
        else:
            ending = self.session.closed(code, reason)
            back, wait = ending.back, ending.wait
        self._dials += 1
        if back:
            self.note(h.Dropped(now, self.user, code))
            away, self.away = self.away, None
            if away is None:
                self._failures += 1
                most = min(0.5 * 2**self._failures, 8.0)
                away = self.draw(0.05, most, "back", self.user, self._dials)
            life = self.life
            self._clock.at(now + wait + away, lambda: self._dial_again(life))
        else:
            self._end(code)

    def transmit(self, number: int, message: FromClient) -> None:
        """Have a request sent."""
        if self.session is not None:
            self._numbers[self.session.send(message)] = number
            self._pump()
        elif self.line is not None:
            self._send(encode(message))

    def send_raw(self, text: str) -> None:
        """Send a text as it is."""
        if self.is_live:
            self._send(text.encode())

    def say_again(self, times: int) -> None:
        """Send the last requests of this connection once more."""
        if self.is_live:
            for frame in self._frames[-times:]:
                self._send(frame)

    def ping(self) -> None:
        """Ask for a sign of life."""
        if self.session is not None and self.session.is_live:
            self.session.ping()
            self._pump()

    def dial_rival(self, token: str | None, seen: int) -> Line:
        """Open another connection, in nobody's hands."""
        protocols = ["focus-signal.v1"]
        if token is not None:
            protocols.append(f"resume.{token}.{seen}")
        line = self._new_line(seed=False)
        self.note(h.Dialled(self._clock.now, self.user, line.number, token is not None, rival=True))
        line.up.send(lambda: self._house.open(line, tuple(protocols)))
        return line

    def _dial_again(self, life: int) -> None:
        if self.is_here and self.life == life and self.line is None:
            self._dial()

    def _dial(self) -> None:
        protocols = () if self.session is None else self.session.protocols()
        self._frames.clear()
        line = self.line = self._new_line(seed=self.session is None)
        self.note(h.Dialled(self._clock.now, self.user, line.number, len(protocols) > 1))
        line.up.send(lambda: self._house.open(line, protocols))
        session = self.session
        if session is not None:
            self._clock.at(self._clock.now + CONNECT_TIMEOUT, lambda: self._give_up(line, session))

    def _give_up(self, line: Line, session: Session) -> None:
        if self.line is line and self.session is session and not session.is_live:
            line.up.send(lambda: self._house.read_end(line))
            self.notice_end(line, _NO_GOODBYE)

    def _new_line(self, *, seed: bool) -> Line:
        number = self._new_number()
        low, high = self.plan.config.latency
        count = [0, 0]

        def takes(way: int, name: str) -> float:
            count[way] += 1
            return self.draw(low, high, name, number, count[way])

        def got(frame: bytes) -> None:
            if self.line is line:
                self._receive(frame)

        def got_seed(message: SeedMessage) -> None:
            if self.line is line:
                self._receive_seed(message)

        line = Line(
            number,
            self.user,
            seed,
            Way(self._clock, lambda: takes(0, "up")),
            Way(self._clock, lambda: takes(1, "down")),
            got,
            got_seed,
            lambda code, reason: self.notice_end(line, code, reason),
        )
        return line

    def _send(self, frame: bytes) -> None:
        line = self.line
        if line is not None:
            line.up.send(lambda: self._house.hear(line, frame))

    def _pump(self) -> None:
        if self.session is None or self.line is None:
            return
        while (frame := self.session.next_frame()) is not None:
            self._frames.append(frame)
            self._send(frame)

    def _receive(self, frame: bytes) -> None:
        session = self.session
        if session is None:
            return
        if b'"type":"session"' in frame[:24]:
            # What it offers next time; the session itself tells nobody.
            self.tokens.append(frame.split(b'"session":"')[1].split(b'"')[0].decode())
        try:
            events = session.receive(frame)
        except ProtocolBroken as broken:
            self._break_off(broken.why)
            return
        for event in events:
            self._take(event)
        self._pump()

    def _break_off(self, why: str) -> None:
        line = self.line
        self.line = None
        if line is not None:
            line.up.send(lambda: self._house.read_end(line))
        if self.session is not None:
            self.session.end()
        self._end(_BROKEN, why)

    def _end(self, code: int, text: str = "") -> None:
        """Be told not to come back; begin anew after a while."""
        self.note(h.Over(self._clock.now, self.user, code, text))
        self.is_here, self.session = False, None
        life = self.life
        wait = self.draw(0.5, 3.0, "anew", self.user, life)

        def anew() -> None:
            if not self.is_here and self.life == life:
                self.come()

        self._clock.at(self._clock.now + wait, anew)

    def _take(self, event: FromSession) -> None:
        now, user = self._clock.now, self.user
        match event:
            case Connected(welcome=welcome, state=state):
                self._failures = 0
                self.note(h.Welcomed(now, user, welcome))
                self.be_welcome(state)
            case Answered(request, error):
                code = None if error is None else error.code
                self.note(h.Answered(now, user, self._numbers.pop(request), code))
            case Lost(requests):
                for request in requests:
                    self.note(h.Lost(now, user, self._numbers.pop(request)))
            case _:
                self.note(h.Told(now, user, event))  # type: ignore[arg-type] # all that is left is numbered
                self.react(event)

    def _receive_seed(self, message: SeedMessage) -> None:
        self.note(h.ToldSeed(self.now, self.user, message))
        self.react_seed(message)
