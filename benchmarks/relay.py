"""Relayed messages: 50 pairs, both ways, in bursts of 20 ice-candidates.

Every client sends 20 frames in one write, and its next 20 when its partner has received them all: candidates
come in clumps. What must arrive is known byte for byte, so the hot path compares bytes, and the whole traffic
is verified, order included. One burst for each client is parsed as JSON besides.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence

import attrs

from benchmarks.frames import TEXT, masked, plain
from benchmarks.joins import Joiner, Wave, new_users
from benchmarks.load import Load, WrongResult
from benchmarks.meter import Meter, Result, Scale, Span

PAIRS = 50
BURST = 20
SIZE = 250
# Consecutive bursts differ, so that one which is lost or comes twice does not look like the next.
VARIANTS = 4
_LIMIT = 30.0


class Signaler(Joiner):
    """One of a pair: sends bursts to its partner and compares what comes back from there."""

    __slots__ = ("at", "bursts", "expected", "flow", "partner", "received_bursts", "sent_bursts", "width")

    def __init__(self, load: Load, user: str) -> None:
        super().__init__(load, user)
        self.flow: Flow | None = None
        self.partner = self
        self.at = self.sent_bursts = self.received_bursts = self.width = 0
        self.bursts: tuple[bytes, ...] = ()
        self.expected: tuple[bytes, ...] = ()

    def prepare(self, flow: Flow, dialect: Dialect) -> None:
        """Make the frames that this client will send, and those that its partner must then receive."""
        self.flow = flow
        both = [_burst(dialect, self.user, self.partner.user, variant, flow) for variant in range(VARIANTS)]
        self.bursts = tuple(sent for sent, _ in both)
        self.partner.expected = tuple(expected for _, expected in both)
        self.partner.width = len(self.partner.expected[0]) // flow.burst

    def send_burst(self) -> None:
        variant = self.sent_bursts % VARIANTS
        self.sent_bursts += 1
        self.send(self.bursts[variant])

    def on_bytes(self, data: bytes) -> None:
        if self.flow is None:  # still being matched
            super().on_bytes(data)
            return
        expected = self.expected[self.received_bursts % VARIANTS]
        at = self.at
        if self.reader.rest or expected[at : at + len(data)] != data:
            self._on_more_than_the_burst(expected, data)
            return
        self.at = at + len(data)
        if self.at == len(expected):
            self._burst_complete(self.flow)

    def _on_more_than_the_burst(self, expected: bytes, data: bytes) -> None:
        """Take frames one by one: a ping came in between, or something wrong."""
        inside = self.at % self.width
        if inside:
            data = expected[self.at - inside : self.at] + data
            self.at -= inside
        super().on_bytes(data)

    def on_text(self, payload: bytes) -> None:
        if self.flow is None:
            super().on_text(payload)
            return
        expected = self.expected[self.received_bursts % VARIANTS]
        if plain(TEXT, payload) != expected[self.at : self.at + self.width]:
            raise WrongResult(f"not what was sent, or not in its order: {payload[:300]!r}")
        self.at += self.width
        if self.at == len(expected):
            self._burst_complete(self.flow)

    def _burst_complete(self, flow: Flow) -> None:
        self.at = 0
        self.received_bursts += 1
        flow.arrived(self)


class Flow:
    """Keeps one burst in flight each way of each pair until told to stop."""

    burst = BURST

    def __init__(self) -> None:
        self.stopping = False
        self.in_flight = 0

    def begin(self, sender: Signaler) -> None:
        self.in_flight += 1
        sender.send_burst()

    def begin_all(self, signalers: Sequence[Signaler]) -> None:
        for signaler in signalers:
            self.begin(signaler)

    def arrived(self, receiver: Signaler) -> None:
        if self.stopping:
            self.in_flight -= 1
        else:
            receiver.partner.send_burst()


@attrs.frozen
class Dialect:
    """What clients of a server say: how they find each other, and a message on its way in and out.

    `meet` opens the connections and gives each its partner. `message` makes, of sender, receiver and
    candidate, what is sent and what must arrive. `read` takes the latter apart: the sender, the candidate.
    """

    meet: Callable[[Load], list[Signaler]]
    message: Callable[[str, str, str], tuple[str, str]]
    read: Callable[[bytes], tuple[str, str]]


def meet_by_matchmaking(load: Load) -> list[Signaler]:
    """Let everybody ask for a room of two; partners are those who are told so."""
    signalers = load.open(Signaler, new_users(PAIRS * 2))
    wave = Wave(load, signalers)
    wave.run()
    partners = wave.pairs()
    by_user = {signaler.user: signaler for signaler in signalers}
    for signaler in signalers:
        signaler.partner = by_user[partners[signaler.user]]
    return signalers


def _seed_message(sender: str, receiver: str, line: str) -> tuple[str, str]:
    """Return a candidate as the sender sends it, and as it must arrive: compact, keys in order."""
    candidate = json.dumps({"candidate": line, "sdpMid": "0"}, separators=(",", ":"))
    sent = f'{{"type":"ice-candidate","to":"{receiver}","from":"{sender}","candidate":{candidate}}}'
    return sent, f'{{"type":"ice-candidate","from":"{sender}","candidate":{candidate}}}'


def _read_seed_message(payload: bytes) -> tuple[str, str]:
    message = json.loads(payload)
    line, sender = str(message["candidate"].pop("candidate")), str(message.pop("from"))
    if message != {"type": "ice-candidate", "candidate": {"sdpMid": "0"}}:
        raise WrongResult(f"the generator expects a wrong message: {payload!r}")
    return sender, line


SEED_DIALECT = Dialect(meet_by_matchmaking, _seed_message, _read_seed_message)


def _line(variant: int, number: int) -> str:
    return f"candidate:{variant}{number:02} 1 udp 2122260223 192.0.2.{number} 54321 typ host"


def _burst(dialect: Dialect, sender: str, receiver: str, variant: int, flow: Flow) -> tuple[bytes, bytes]:
    """Return a burst as the sender sends it, in messages of SIZE bytes, and as the receiver must get it."""
    sent: list[bytes] = []
    expected: list[bytes] = []
    for number in range(flow.burst):
        line = _line(variant, number)
        short, _ = dialect.message(sender, receiver, line)
        message, relayed = dialect.message(sender, receiver, line + " " * (SIZE - len(short)))
        assert len(message) == SIZE, len(message)
        sent.append(masked(TEXT, message.encode()))
        expected.append(plain(TEXT, relayed.encode()))
    return b"".join(sent), b"".join(expected)


def _check_sample(dialect: Dialect, signaler: Signaler, flow: Flow) -> None:
    """Parse what this client compares with, so that equal bytes mean a right message."""
    for number in range(flow.burst):
        frame = signaler.expected[0][number * signaler.width : (number + 1) * signaler.width]
        sender, line = dialect.read(frame[4:])
        if sender != signaler.partner.user or line.rstrip() != _line(0, number):
            raise WrongResult(f"the generator expects a wrong message: {frame!r}")


def _arrived(signalers: Sequence[Signaler], flow: Flow) -> float:
    """Return how many messages have arrived; the one that is just coming in counts in part."""
    return sum(one.received_bursts * flow.burst + one.at / one.width for one in signalers)


def exchange(pid: int, load: Load, scale: Scale, dialect: Dialect, flow: Flow) -> tuple[Span, float]:
    """Warm up, measure for a while, then let every burst arrive and compare the totals.

    Returns:
        What passed in the measured time, and how many messages arrived in it.
    """
    signalers = dialect.meet(load)
    for signaler in signalers:
        signaler.prepare(flow, dialect)
    for signaler in signalers:
        _check_sample(dialect, signaler, flow)
    flow.begin_all(signalers)
    load.rest(scale.warm_seconds)

    meter, before = Meter(pid), _arrived(signalers, flow)
    until = time.perf_counter() + scale.seconds
    load.run(lambda: time.perf_counter() >= until, scale.seconds + _LIMIT, "time to pass")
    span, messages = meter.read(), _arrived(signalers, flow) - before

    flow.stopping = True
    load.run(lambda: flow.in_flight == 0, _LIMIT, "the last bursts")
    load.rest(0.05)  # whatever comes now is one too many
    for signaler in signalers:
        if signaler.at or signaler.sent_bursts != signaler.partner.received_bursts:
            arrived = signaler.partner.received_bursts
            raise WrongResult(f"sent {signaler.sent_bursts} bursts, arrived {arrived}")
    if messages <= 0:
        raise WrongResult("nothing arrived in the measured time")
    return span, messages


def measure_relay(pid: int, load: Load, scale: Scale, dialect: Dialect = SEED_DIALECT) -> Result:
    """Keep bursts in flight both ways of each pair."""
    span, messages = exchange(pid, load, scale, dialect, Flow())
    return Result.of(span, relayed=messages / span.wall, relay_us=span.server / messages * 1e6)
