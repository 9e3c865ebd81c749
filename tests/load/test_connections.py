"""Handshakes and idle connections against an honest server, and against rude ones."""

from __future__ import annotations

import pytest

from focus_signal.load.connect import Connect
from focus_signal.load.faults import Unreachable, WrongResult
from focus_signal.load.frames import CLOSE, TEXT, plain
from focus_signal.load.idle import Idle
from tests.load.world import END, HEAD, Server, Wire, World, drive, settings


def test_connect() -> None:
    server = Server()
    mode = drive(Connect, server, pairs=1, at_once=5)
    assert mode.count + 2 == len(server.users)
    assert mode.count > 50
    for name in ("upgrade", "close"):
        latency = mode.latencies[name].latency()
        assert latency is not None
        assert latency.count == mode.count
        assert latency.max <= 2.001


class Refusing(Server):
    def opened(self, wire: Wire) -> None:
        wire.inbox.append(HEAD if len(self.users) < 9 else b"HTTP/1.1 503 Busy\r\n\r\nbusy, come back\n")


class EndsRudely(Server):
    def leaving(self, wire: Wire) -> None:
        wire.inbox.append(END)


class ClosesOtherwise(Server):
    def leaving(self, wire: Wire) -> None:
        wire.inbox.extend([plain(CLOSE, b"\x03\xf4restart"), END])


class NeverEnds(Server):
    def leaving(self, wire: Wire) -> None:
        wire.inbox.append(plain(CLOSE, wire.goodbye))


class Hasty(Server):
    """Sends a message behind its head, unasked."""

    def opened(self, wire: Wire) -> None:
        wire.inbox.append(HEAD + plain(TEXT, b"{}"))


class Silent(Server):
    def opened(self, wire: Wire) -> None:
        wire.inbox.append(HEAD[:20])


class HangsUp(Server):
    def opened(self, wire: Wire) -> None:
        wire.inbox.extend([HEAD[:20], END])


class Endless(Server):
    def opened(self, wire: Wire) -> None:
        wire.inbox.extend([b"HTTP/1.1 101 \r\n", *[b"X: y\r\n" * 1000] * 9])


@pytest.mark.parametrize(
    ("liar", "said"),
    [
        (Refusing, r"the server refused the upgrade: HTTP/1.1 503 Busy busy, come back$"),
        (EndsRudely, r"ended a connection without a close frame"),
        (ClosesOtherwise, r"the server closed a connection: 1012 restart"),
        (NeverEnds, r"waited 0.2 s for the end of 3 connections"),
        (Hasty, r"a message that nobody asked for: b'{}'"),
        (Silent, r"the end of 3 connections"),
        (HangsUp, r"the server ended a connection unasked before its upgrade was answered"),
        (Endless, r"endless head"),
    ],
)
def test_a_wrong_handshake_is_found(liar: type[Server], said: str) -> None:
    with pytest.raises(WrongResult, match=said):
        drive(Connect, liar(), pairs=0)


def test_idle() -> None:
    server = Server()
    world = World(server)
    mode = Idle(world, settings(pairs=5))
    mode.prepare()
    mode.begin()
    mode.reset()
    server.ping()
    world.rest(0.01)
    assert (mode.count, mode.lost, world.pings, server.pongs) == (10, 0, 10, 10)
    latency = mode.latencies["upgrade"].latency()
    assert latency is not None
    assert latency.count == 10
    mode.finish()
    assert world.connections == {}


def test_lost_connections_are_counted() -> None:
    server = Server()
    world = World(server)
    mode = Idle(world, settings(pairs=3))
    mode.prepare()
    one, two, *others = server.users.values()
    one.inbox.append(END)
    # What comes behind a close frame is not looked at.
    two.inbox.append(plain(CLOSE, b"\x0f\xa2no-pong") + plain(TEXT, b"{}"))
    world.rest(0.01)
    assert (mode.count, mode.lost) == (4, 2)
    assert one.closed
    assert two.closed
    for wire in others:
        wire.inbox.append(END)
    with pytest.raises(Unreachable, match="the server went away: all 6 connections were lost"):
        world.rest(0.01)


def test_a_message_to_an_idle_client_is_found() -> None:
    server = Server()
    mode = Idle(World(server), settings())
    mode.prepare()
    next(iter(server.users.values())).inbox.append(plain(TEXT, b"{}"))
    with pytest.raises(WrongResult, match="nobody asked for"):
        mode.load.rest(0.01)
