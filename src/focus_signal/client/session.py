"""A client's session of the protocol `focus-signal.v1`, without sockets and without time.

    protocols()  -> what to offer to the next connection
    receive()    -> what a frame means
    send()       -> keeps a request; next_frame() gives what is to be sent, one frame at a time
    closed()     -> whether to come back

A session outlives its connections. What the server sends is numbered: each number is handled once, in order,
and the highest goes back in everything that is sent. Requests are numbered by the client and kept until they
are answered. A cut so loses nothing and doubles nothing, as long as the server keeps the session.

A new session ends with its connection unless the server knows that its token has come. So no request is sent
in it until a `pong` has said so: else a cut could end a session in which, perhaps, requests were done.
"""

import re
from enum import Enum, auto

import msgspec
from attrs import define, field
from msgspec import UNSET

from focus_signal.client.closes import RESTART, Ending, judge
from focus_signal.client.events import Answered, Connected, FromSession, Lost
from focus_signal.client.faults import ProtocolBroken
from focus_signal.client.reading import UnknownFrame, read_frame
from focus_signal.client.unanswered import Request, Unanswered, stamped
from focus_signal.wire.messages import from_client, from_server
from focus_signal.wire.messages.from_server import FromServerNumbered, Pong, Welcome
from focus_signal.wire.subprotocols import V1

PING_AFTER = 50
"""So many frames may come before the server is told that they were seen."""

_PING = msgspec.json.encode(from_client.Ping())
# A token is offered as part of a subprotocol's name, before a dot and a number.
_can_be_offered = re.compile(r"[!#$%&'*+^_`|~0-9A-Za-z-]{1,16384}").fullmatch


class _Phase(Enum):
    APART = auto()
    GREETING = auto()
    LIVE = auto()
    OVER = auto()


@define(eq=False)
class Session:
    """Be a client's session; it lasts over many connections.

    Args:
      request_bytes: how much of what is unanswered is kept.
    """

    _request_bytes: int
    _phase: _Phase = field(default=_Phase.APART, init=False)
    unanswered: Unanswered = field(init=False)
    welcome: Welcome | None = field(default=None, init=False)
    """The last one; None before the first."""
    seen: int = field(default=0, init=False)
    """The highest number that was handled."""
    duplicates: int = field(default=0, init=False)
    """How many frames came that had come before."""
    _reported: int = field(default=0, init=False)
    _token: str | None = field(default=None, init=False, repr=False)
    _offered: str | None = field(default=None, init=False, repr=False)
    # Whether the token that comes next has to be said to have come.
    _token_is_new: bool = field(default=False, init=False)
    # Whether requests wait until the server knows that; it does with the pong of this number.
    _held: bool = field(default=False, init=False)
    _proof: int | None = field(default=None, init=False)
    _pings: int = field(default=0, init=False)
    _pongs: int = field(default=0, init=False)
    _ping_due: bool = field(default=False, init=False)
    # Whether the last connection that was welcomed ended behind every answer.
    _all_answered: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self.unanswered = Unanswered(self._request_bytes)

    @property
    def is_live(self) -> bool:
        """Tell whether the server has welcomed the present connection."""
        return self._phase is _Phase.LIVE

    @property
    def is_over(self) -> bool:
        """Tell whether it has ended for good."""
        return self._phase is _Phase.OVER

    def protocols(self, token: str | None = None) -> tuple[str, ...]:
        """Begin a connection: give the subprotocols to offer.

        Args:
          token: says who the user is, where the server asks for that.
        """
        self._expect(_Phase.APART)
        self._phase = _Phase.GREETING
        self._offered = self._token
        offered = [V1]
        if token is not None:
            offered.append(f"token.{token}")
        if self._offered is not None:
            offered.append(f"resume.{self._offered}.{self.seen}")
        return tuple(offered)

    def receive(self, frame: str | bytes) -> list[FromSession]:
        """Handle a frame.

        Returns:
          what it means, in order; nothing for what was handled before, and for what only a later protocol
          knows.

        Raises:
          ProtocolBroken: no server may send that now.
        """
        message = read_frame(frame)
        if self._phase is _Phase.GREETING:
            if not isinstance(message, Welcome):
                raise ProtocolBroken("the first frame is no welcome")
            return self._greet(message)
        self._expect(_Phase.LIVE)
        if isinstance(message, Welcome):
            raise ProtocolBroken("a second welcome")
        seq = message.seq if isinstance(message, FromServerNumbered | UnknownFrame) else UNSET
        if seq is UNSET:
            if isinstance(message, Pong):
                self._count_pong()
            return []
        if seq <= self.seen:
            self.duplicates += 1
            return []
        if seq != self.seen + 1:
            raise ProtocolBroken(f"frame {seq} follows frame {self.seen}")
        self.seen = seq
        if self.seen - self._reported >= PING_AFTER:
            self._ping_due = True
        return self._handle(message) if isinstance(message, FromServerNumbered) else []

    def send(self, message: from_client.FromClient) -> Request:
        """Take a request, to be sent and kept until it is answered.

        Raises:
          RequestsFull: too much is unanswered.
          RequestTooBig: it is larger than the server takes.
        """
        if self.is_over:
            raise RuntimeError("the session is over")
        return self.unanswered.add(message, 0 if self.welcome is None else self.welcome.limits.frame_bytes)

    def ping(self) -> None:
        """Have the next frame be one that the server answers."""
        self._ping_due = True

    def next_frame(self) -> bytes | None:
        """Give the next frame to be sent on the present connection; None if there is nothing to say."""
        if self._phase is not _Phase.LIVE:
            return None
        request = None if self._held else self.unanswered.take()
        if request is None and not self._ping_due:
            return None
        # Each frame tells what was seen, and the server answers each request.
        self._ping_due = False
        self._reported = self.seen
        if request is not None:
            return stamped(request.frame, self.seen)
        self._pings += 1
        if self._held and not self._token_is_new and self._proof is None:
            self._proof = self._pings
        return stamped(_PING, self.seen)

    def closed(self, code: int, reason: str, *, new_token: bool = False) -> Ending:
        """End a connection.

        Args:
          code: the close code; 1006 if there was none.
          reason: what came with it.
          new_token: whether there is another authentication token than the one of this connection.

        Returns:
          whether to come back; if not, the session is over.
        """
        if self._phase is _Phase.LIVE:
            self._all_answered = code == RESTART
        ending = judge(code, reason, new_token=new_token)
        self._phase = _Phase.APART if ending.back else _Phase.OVER
        self._ping_due = False
        return ending

    def end(self) -> None:
        """End the session, whatever the server says."""
        self._phase = _Phase.OVER

    def _greet(self, welcome: Welcome) -> list[FromSession]:
        if welcome.protocol != 1:
            raise ProtocolBroken(f"protocol {welcome.protocol}, where 1 was asked for")
        same = self._offered is not None and welcome.why is UNSET
        if welcome.resumed and not same:
            raise ProtocolBroken("resumed what was not to be")
        if welcome.resumed and welcome.seq > self.seen:
            raise ProtocolBroken(f"frame {welcome.seq + 1} follows frame {self.seen}")
        last_id = welcome.last_id if same else UNSET
        if last_id is not UNSET:
            self._check_answered(last_id)
        if not welcome.resumed:
            self.seen = welcome.seq
        if not same:
            self._token = None
        self._reported = self.seen
        if last_id is UNSET:
            lost = self.unanswered.begin_anew(undone=self._all_answered)
        else:
            lost = self.unanswered.go_on(last_id, answers_follow=welcome.resumed)
        self._token_is_new = not welcome.resumed
        self._held = last_id is UNSET
        self._proof = None
        self._pings = self._pongs = 0
        self._all_answered = False
        self.welcome = welcome
        self._phase = _Phase.LIVE
        state = from_server.StateFields() if welcome.state is UNSET else welcome.state
        connected = Connected(welcome.resumed, None if welcome.resumed else state, welcome)
        return [connected, Lost(tuple(lost))] if lost else [connected]

    def _handle(self, message: FromServerNumbered) -> list[FromSession]:
        match message:
            case from_server.Session(session=token):
                self._keep(token)
                return []
            case from_server.Ack(id=id_):
                self._check_answered(id_)
                return [Answered(request) for request in self.unanswered.answered(id_)]
            case from_server.Error(id=int(id_)):
                request = self.unanswered.refused(id_)
                return [message] if request is None else [Answered(request, message)]
            case _:
                return [message]

    def _count_pong(self) -> None:
        self._pongs += 1
        if self._proof is not None and self._pongs >= self._proof:
            self._held = False

    def _check_answered(self, id_: int) -> None:
        if id_ > self.unanswered.last_sent:
            raise ProtocolBroken(f"answered request {id_}, and {self.unanswered.last_sent} is the last sent")

    def _keep(self, token: str) -> None:
        if _can_be_offered(token) is None:
            raise ProtocolBroken("a session that cannot be offered")
        self._token = token
        self._token_is_new = False
        # Until the server knows that it came, an older token is good as well: an attempt to connect that was
        # given up and arrives late would take the session away from this connection.
        self._ping_due = True

    def _expect(self, phase: _Phase) -> None:
        if self._phase is not phase:
            raise RuntimeError(f"the session is {self._phase.name.lower()}, not {phase.name.lower()}")
