"""The requests that have no answer yet: kept as they were sent, so that they can be sent again as they were.

Pure. They are in the order in which they were made, which is the order of their ids. Which of them are sent
again after a cut is rule 6 of the protocol's "Session and resume": what the server has not answered, with the
same ids; or, when it does not know any more what it has answered, what it can be known not to have done.
"""

import msgspec
from attrs import define, field

from focus_signal.client.faults import RequestsFull, RequestTooBig
from focus_signal.wire.messages.from_client import FromClient

_encode = msgspec.json.Encoder().encode
# What a request takes beside its frame, about, in bytes.
_OVERHEAD = 300


@define(eq=False)
class Request:
    """Be a request on its way.

    Args:
      message: what is asked.
      id: its number; a request that is sent in a new session gets a new one.
      frame: it as JSON, without `seen`.
    """

    message: FromClient
    id: int
    frame: bytes = field(repr=False)
    sent: bool = field(default=False, init=False)
    """Whether a server may have it."""


@define(eq=False)
class Unanswered:
    """Hold the requests without an answer.

    Args:
      most: how many bytes they may take together; one alone may be of any size.
    """

    _most: int
    _requests: dict[int, Request] = field(factory=dict[int, Request], init=False)
    _to_send: dict[int, Request] = field(factory=dict[int, Request], init=False)
    last_id: int = field(default=0, init=False)
    """The largest id that was given."""
    last_sent: int = field(default=0, init=False)
    """The largest id that a server may have."""
    size: int = field(default=0, init=False)
    """How many bytes they take."""

    def __len__(self) -> int:
        """Count them."""
        return len(self._requests)

    def __contains__(self, request: Request) -> bool:
        """Tell whether a request is among them."""
        return self._requests.get(request.id) is request

    def add(self, message: FromClient, frame_bytes: int) -> Request:
        """Give a message the next id, and keep it.

        Args:
          message: what is asked.
          frame_bytes: the largest frame that the server takes; 0 for any.

        Raises:
          RequestsFull: the others take too much already.
          RequestTooBig: no server would take it.
        """
        frame = _framed(message, self.last_id + 1)
        if frame_bytes and len(frame) + LONGEST_SEEN > frame_bytes:
            raise RequestTooBig(f"{len(frame)} bytes; the server takes {frame_bytes - LONGEST_SEEN}")
        taken = len(frame) + _OVERHEAD
        if self._requests and self.size + taken > self._most:
            raise RequestsFull(f"{len(self)} requests are unanswered, {self.size} bytes")
        self.last_id += 1
        request = Request(message, self.last_id, frame)
        self._keep(request)
        return request

    def take(self) -> Request | None:
        """Give the next one to be sent; from then on a server may have it."""
        for request in self._to_send.values():
            del self._to_send[request.id]
            request.sent = True
            self.last_sent = request.id
            return request
        return None

    def withdraw(self, request: Request) -> bool:
        """Forget a request that no server can have; tell whether that was so."""
        if request.sent or request not in self:
            return False
        self._forget(request)
        return True

    def answered(self, id_: int) -> list[Request]:
        """Forget all up to an id, and give them."""
        done: list[Request] = []
        for request in self._requests.values():
            if request.id > id_:
                break
            done.append(request)
        for request in done:
            self._forget(request)
        return done

    def refused(self, id_: int) -> Request | None:
        """Forget the one of an id, and give it; None if there is none."""
        request = self._requests.get(id_)
        if request is not None:
            self._forget(request)
        return request

    def go_on(self, last_id: int, *, answers_follow: bool) -> list[Request]:
        """Send again what the server has not answered; it goes on with the session.

        Args:
          last_id: the largest id that it has answered.
          answers_follow: whether it sends again the answers that have not arrived.

        Returns:
          those that it has answered with what has not arrived and never will.
        """
        lost = [] if answers_follow else self.answered(last_id)
        self._to_send = {id_: request for id_, request in self._requests.items() if id_ > last_id}
        return lost

    def begin_anew(self, *, undone: bool) -> list[Request]:
        """Send what no server has done; what this one has answered is not known.

        Args:
          undone: whether it is known that nothing unanswered was done. Else that is so only for what was
            never sent.

        Returns:
          those of which nobody knows whether they were done; they are forgotten.
        """
        every = list(self._requests.values())
        lost = [] if undone else [request for request in every if request.sent]
        for request in lost:
            self._forget(request)
        self._to_send = dict(self._requests)
        if not any(request.sent for request in self._to_send.values()):
            return lost
        # A new id for all of them, so that their order stays that of their ids.
        for request in list(self._to_send.values()):
            self._forget(request)
            self.last_id += 1
            request.id, request.sent = self.last_id, False
            request.frame = _framed(request.message, request.id)
            self._keep(request)
        return lost

    def give_up(self) -> list[Request]:
        """Forget all of them, and give them."""
        every = list(self._requests.values())
        for request in every:
            self._forget(request)
        return every

    def _keep(self, request: Request) -> None:
        self._requests[request.id] = self._to_send[request.id] = request
        self.size += len(request.frame) + _OVERHEAD

    def _forget(self, request: Request) -> None:
        del self._requests[request.id]
        self._to_send.pop(request.id, None)
        self.size -= len(request.frame) + _OVERHEAD


LONGEST_SEEN = len(',"seen":') + 16
"""How many bytes `seen` adds to a frame at most."""


def stamped(frame: bytes, seen: int) -> bytes:
    """Put `seen` into a frame that has none."""
    return b'%b,"seen":%d}' % (frame[:-1], seen)


def _framed(message: FromClient, id_: int) -> bytes:
    return _encode(msgspec.structs.replace(message, id=id_, seen=msgspec.UNSET))
