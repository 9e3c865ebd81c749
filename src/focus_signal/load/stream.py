"""A pair's messages, one way: made ahead as the sender sends them and as the receiver must get them.

Pure. The messages are numbered and go round in a ring that is four windows long, while at most one window is
under way: so one that is lost, doubled or late never looks like the one that must come. What arrives is
compared byte for byte with the ring; only what differs is looked at.
"""

import json

import msgspec

from focus_signal.load.faults import WrongMessage
from focus_signal.load.frames import TEXT, FrameReader, masked, plain

LAPS = 4
"""Windows in a ring."""


class Ring:
    """The numbered messages from one user to another.

    Args:
      sender: who sends them.
      receiver: to whom.
      window: how many are under way at most.
      size: bytes in each, as it is sent, without its frame.

    Raises:
      ValueError: the size is too small for a message between these two.
    """

    __slots__ = ("expected", "expected_width", "length", "sender", "sent", "sent_width", "window")

    def __init__(self, sender: str, receiver: str, window: int, size: int) -> None:
        self.sender = sender
        self.window = window
        self.length = LAPS * window
        both = [_message(sender, receiver, number, size) for number in range(self.length)]
        sent = [masked(TEXT, there) for there, _ in both]
        expected = [plain(TEXT, here) for _, here in both]
        self.sent_width, self.expected_width = len(sent[0]), len(expected[0])
        # The first window stands behind the last one again, so that any window is one piece.
        self.sent = b"".join(sent + sent[:window])
        self.expected = b"".join(expected + expected[:window])

    def slice(self, first: int, count: int) -> bytes:
        """Return the bytes of so many messages; at most a window of them."""
        width = self.sent_width
        return self.sent[first * width : (first + count) * width]


def prepared_bytes(window: int, size: int) -> int:
    """Return how much memory a ring takes, about."""
    return (LAPS + 1) * window * 2 * size


def _message(sender: str, receiver: str, number: int, size: int) -> tuple[bytes, bytes]:
    line = f"candidate:{number:05} 1 udp 2122260223 192.0.2.{number % 250} 54321 typ host"
    head = f'{{"type":"ice-candidate","to":"{receiver}","from":"{sender}","candidate":'
    candidate = _candidate(line)
    padding = size - len(head) - len(candidate) - 1
    if padding < 0:
        raise ValueError(f"{size} bytes are {-padding} too few for a message from {sender} to {receiver}")
    candidate = _candidate(line + " " * padding)
    relayed = f'{{"type":"ice-candidate","from":"{sender}","candidate":{candidate}}}'
    return f"{head}{candidate}}}".encode("ascii"), relayed.encode("ascii")


def _candidate(line: str) -> str:
    return json.dumps({"candidate": line, "sdpMid": "0"}, separators=(",", ":"))


class Arrivals:
    """What a receiver gets: `feed` counts the messages that are complete and right.

    Control frames that came in between are left in `control`, in their order.
    """

    __slots__ = ("_at", "_partial", "_reader", "_ring", "control")

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self._reader = FrameReader()
        self._at = 0
        self._partial = 0
        self.control: list[tuple[int, bytes]] = []

    @property
    def between(self) -> bool:
        """Whether no message has come in part."""
        return not self._partial and not self._reader.rest

    def feed(self, data: bytes) -> int:
        """Compare bytes with what must come; return how many messages they have completed.

        Raises:
          BadFrame: no frame came.
          WrongMessage: another one came; it says what is wrong, as far as that can be told.
        """
        ring, at = self._ring, self._at
        if self._reader.rest or not ring.expected.startswith(data, at):
            return self._careful(data)
        count, self._partial = divmod(self._partial + len(data), ring.expected_width)
        at += len(data)
        end = ring.length * ring.expected_width
        self._at = at - end if at >= end else at
        return count

    def _careful(self, data: bytes) -> int:
        """Take frames one by one: a ping came in between, or something wrong."""
        ring, width = self._ring, self._ring.expected_width
        end = ring.length * width
        # What had come of a message was equal to it, so it can be had from there.
        at = self._at - self._partial
        data = ring.expected[at : self._at] + data
        self._partial = 0
        count = 0
        for opcode, payload in self._reader.feed(data):
            if opcode != TEXT:
                self.control.append((opcode, payload))
                continue
            if plain(TEXT, payload) != ring.expected[at : at + width]:
                raise WrongMessage(explain(payload, ring, at // width), payload)
            count += 1
            at = (at + width) % end
        rest = self._reader.rest
        if ring.expected.startswith(rest, at):  # back to the short way
            self._reader.rest = b""
            self._partial = len(rest)
            at += len(rest)
        self._at = at
        return count


def number_of(payload: bytes, ring: Ring) -> int | None:
    """Return which message of a ring a payload is; None if it is none."""
    frame, width = plain(TEXT, payload), ring.expected_width
    at = ring.expected.find(frame)
    while at >= 0 and at % width:
        at = ring.expected.find(frame, at + 1)
    return None if at < 0 or len(frame) != width else at // width % ring.length


# What a server with a limit on messages calls it.
_LIMITED = "rate-limited"


class _Told(msgspec.Struct):
    """What an explanation needs of a message."""

    type: str | None = None
    sender: str | None = msgspec.field(name="from", default=None)
    code: str | None = None
    message: str | None = None


def explain(payload: bytes, ring: Ring, wanted: int) -> str:
    """Say what is wrong with a message that came where another one was to come."""
    name = f"message {wanted} from {ring.sender}"
    number = number_of(payload, ring)
    if number is not None:
        if (number - wanted) % ring.length < ring.length // 2:
            return f"{name} is lost or out of order: message {number} came before it"
        return f"message {number} from {ring.sender} came twice: message {wanted} was to come"
    shown = f"{payload[:300]!r}"
    try:
        told = msgspec.json.decode(payload, type=_Told)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # it has nothing to tell but its bytes
        return f"{name} was altered, or this was never sent: {shown}"
    if told.type == "error" and told.code is not None:
        hint = "; start it with --message-rate 0 --byte-rate 0 to measure it" if told.code == _LIMITED else ""
        return f"the server refused a message: {told.code}: {told.message}{hint}"
    if told.sender != ring.sender:
        return f"a message that {ring.sender} has not sent came instead of {name}: {shown}"
    return f"{name} was altered: {shown}"
