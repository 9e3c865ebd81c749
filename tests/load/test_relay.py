"""Relayed messages against an honest server, and against a liar for each thing that can go wrong."""

from __future__ import annotations

import attrs
import pytest

from focus_signal.load.faults import WrongResult
from focus_signal.load.frames import CLOSE, TEXT, plain
from focus_signal.load.relay import Relay
from tests.load.world import END, Relayed, Server, World, drive, settings

LIE_AT = 25
"""Which relayed message is lied about; somewhere in the middle of the load."""


@pytest.mark.parametrize(("window", "refill"), [(1, 1), (4, 1), (4, 4), (5, 2)])
def test_relay(window: int, refill: int) -> None:
    server = Server()
    mode = drive(Relay, server, window=window, refill=refill)
    assert mode.count == server.relayed > 100
    latency = mode.latencies["relay"].latency()
    assert latency is not None
    assert latency.count == mode.count
    # Nothing takes longer than from one look at the sockets to the one after the next.
    assert 1.0 <= latency.p50 <= latency.p99 <= latency.max <= 2.001


def test_a_window_is_kept_full() -> None:
    """With bursts there are times with nothing under way; without them there are none."""
    for refill, emptiest in ((1, 4), (4, 0)):
        server = Server()
        mode = Relay(World(server), settings(refill=refill))
        mode.prepare()
        mode.begin()
        fewest = 4
        # Look between any two messages that arrive.
        for _ in range(10):
            for talker in list(mode.traffic.talkers):
                wire = server.users[talker.user]
                for _ in range(len(wire.inbox)):
                    talker.readable()
                    fewest = min(fewest, 4 - talker.free)
                    assert talker.partner is not None
                    fewest = min(fewest, 4 - talker.partner.free)
        assert (fewest == emptiest) if refill == 1 else (fewest < 4)


def test_pings_are_answered_amid_the_messages() -> None:
    class Pinging(Server):
        def relay(self, message: Relayed) -> None:
            super().relay(message)
            if message.number % 7 == 0:
                self.ping()

    server = Pinging()
    mode = drive(Relay, server)
    assert mode.count == server.relayed
    assert server.pongs == mode.load.pings > 4


class LyingRelay(Server):
    """Does something else with one message."""

    def relay(self, message: Relayed) -> None:
        if message.number == LIE_AT:
            self.lie(message)
        else:
            self.deliver(message)

    def deliver(self, message: Relayed) -> None:
        super().relay(message)

    def lie(self, message: Relayed) -> None:
        raise NotImplementedError


class Loses(LyingRelay):
    def lie(self, message: Relayed) -> None:
        pass


class LosesTheRest(Server):
    """The last ones, so that nothing comes behind them."""

    def relay(self, message: Relayed) -> None:
        if message.number < LIE_AT:
            super().relay(message)


class Doubles(LyingRelay):
    def lie(self, message: Relayed) -> None:
        self.deliver(message)
        self.deliver(message)


class Holds(Server):
    """Gives one message to its receiver behind the next one."""

    held: Relayed | None = None

    def relay(self, message: Relayed) -> None:
        if message.number == LIE_AT:
            self.held = message
            return
        super().relay(message)
        if self.held and self.held.sender == message.sender:
            super().relay(self.held)
            self.held = None


class Alters(LyingRelay):
    def lie(self, message: Relayed) -> None:
        line = message.candidate["candidate"].replace("54321", "54322")
        self.deliver(attrs.evolve(message, candidate={"candidate": line, "sdpMid": "0"}))


class Spoofs(LyingRelay):
    def lie(self, message: Relayed) -> None:
        self.deliver(attrs.evolve(message, sender=message.receiver))


class Misdelivers(LyingRelay):
    def lie(self, message: Relayed) -> None:
        other = next(user for user in self.users if user not in {message.sender, message.receiver})
        self.deliver(attrs.evolve(message, receiver=other))


class SendsBack(LyingRelay):
    def lie(self, message: Relayed) -> None:
        self.deliver(attrs.evolve(message, receiver=message.sender))


class Invents(LyingRelay):
    def lie(self, message: Relayed) -> None:
        self.tell(message.receiver, {"type": "ice-candidate", "from": "mallory", "candidate": None})


class Refuses(LyingRelay):
    def lie(self, message: Relayed) -> None:
        self.tell(message.sender, {"type": "error", "code": "rate-limited", "message": "slow down"})


class SaysBytes(LyingRelay):
    """What the receiver gets instead."""

    said: bytes

    def lie(self, message: Relayed) -> None:
        self.users[message.receiver].inbox.append(self.said)


class NoJson(SaysBytes):
    said = plain(TEXT, b"{")


class Fragments(SaysBytes):
    said = b"\x01\x02{}"


class Closes(SaysBytes):
    said = plain(CLOSE, b"\x0f\xa1too-slow")


class Vanishes(SaysBytes):
    said = END


RELAY_LIARS = [
    (Loses, r"message \d+ from \S+ is lost or out of order: message \d+ came before it"),
    (LosesTheRest, r"waited 0.2 s for 16 messages"),
    (Doubles, r"message \d+ from \S+ came twice"),
    (Holds, r"message \d+ from \S+ is lost or out of order"),
    (Alters, r"message \d+ from \S+ was altered: .*54322"),
    (Spoofs, r"a message from (\S+) to \S+ came to \1"),
    (Misdelivers, r"a message from \S+ to \S+ came to \S+"),
    (SendsBack, r"a message from (\S+) to \S+ came to \1"),
    (Invents, r"a message that \S+ has not sent came instead of .*mallory"),
    (Refuses, r"the server refused a message: rate-limited: slow down"),
    (NoJson, r"was altered, or this was never sent"),
    (Fragments, r"a fragment"),
    (Closes, r"the server closed a connection: 4001 too-slow"),
    (Vanishes, r"the server ended a connection unasked"),
]


@pytest.mark.parametrize(("liar", "said"), RELAY_LIARS)
def test_a_wrong_relay_is_found(liar: type[Server], said: str) -> None:
    with pytest.raises(WrongResult, match=said):
        drive(Relay, liar())


def test_more_than_was_sent_is_found() -> None:
    """Right bytes at the right place in the ring, but ahead of their sending."""
    server = Server()
    mode = Relay(World(server), settings(refill=4))
    mode.prepare()
    talker = next(iter(mode.traffic.talkers))
    assert talker.partner is not None
    ring = talker.partner.ring
    server.users[talker.user].inbox.append(ring.expected[: ring.expected_width])
    with pytest.raises(WrongResult, match=r"more messages came from \S+ than it had sent"):
        mode.load.rest(0.01)


@pytest.mark.parametrize(
    ("whole", "said"),
    [
        (True, r"more messages came from \S+ than it had sent"),
        (False, r"a piece of a message that nobody sent"),
    ],
)
def test_what_comes_when_everything_has_come_is_found(whole: bool, said: str) -> None:
    server = Server()
    mode = Relay(World(server), settings())
    mode.prepare()
    mode.begin()
    mode.traffic.finish(mode.load, 0.2)
    talker = next(iter(mode.traffic.talkers))
    assert talker.partner is not None
    ring = talker.partner.ring
    at = mode.traffic.arrived // 4 % ring.length * ring.expected_width
    more = ring.expected[at : at + ring.expected_width]
    server.users[talker.user].inbox.append(more if whole else more[:1])
    with pytest.raises(WrongResult, match=said):
        mode.finish()
