"""The servers of `make bench-peers` do the same work, and a server that does something else has no figure."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import attrs
import pytest
from websockets.asyncio.server import ServerConnection

from benchmarks import memory
from benchmarks.idle import measure_idle
from benchmarks.load import Load, WrongResult
from benchmarks.meter import Scale
from benchmarks.peers.contenders import CONTENDERS, HERE, Contender, PeerUnavailable, node_version
from benchmarks.peers.lobby import Lobby
from benchmarks.peers.peerjs import PEERJS_DIALECT
from benchmarks.peers.probe import check_upgrade
from benchmarks.pingpong import measure_pingpong
from benchmarks.relay import measure_relay
from tests.benchmarks.conversation import converse, converse_with_peerjs
from tests.benchmarks.inside import run_load, run_lobby

BRIEF = Scale(seconds=0.05, warm_seconds=0.02, joiners=20, idle=20, many=20, hold_seconds=0.2)
PEERS = [one for one in CONTENDERS if not one.server.name.startswith(("focus-signal", "seed"))]

Sent = list[tuple[ServerConnection, str]]


def _require(contender: Contender) -> None:
    missing = contender.missing()
    if missing is not None:
        pytest.skip(f"needs: {missing}")


@pytest.mark.parametrize("contender", PEERS, ids=lambda one: one.server.name)
def test_a_peer_does_the_same_work_and_can_be_measured(
    contender: Contender, monkeypatch: pytest.MonkeyPatch
) -> None:
    _require(contender)
    monkeypatch.setattr(memory, "WARM", 10)
    with contender.server.run(None) as running:
        check_upgrade(running.port, contender.path)
        (converse_with_peerjs if contender.server.name == "peer" else converse)(running.port)
        for phase, measure in contender.phases.items():
            if phase == "memory" and contender.server.name != "peer":
                continue  # the same connections as in the other phases, and many more of them
            load = Load(running.port)
            try:
                result = measure(running.pid, load, BRIEF)
            finally:
                load.close()
            assert all(value > 0 for name, value in result.figures.items() if name != "idle_kib")


def test_the_versions_that_are_written_down_are_the_installed_ones() -> None:
    node = next(one for one in PEERS if one.server.name == "ws")
    _require(node)
    wanted = json.loads((HERE / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert {name: node_version(name) for name in wanted} == wanted
    assert node.versions()["ws"] == wanted["ws"]
    with pytest.raises(PeerUnavailable, match="no Node package nonesuch"):
        node_version("nonesuch")


class Unstamped(Lobby[ServerConnection]):
    """Believes the sender."""

    def relay(self, user: str, message: dict[str, Any]) -> Sent:
        return super().relay(str(message.get("from", user)), message)


class RoomOfTwo(Lobby[ServerConnection]):
    """Never waits for the third."""

    def match(self, user: str, size: int) -> Sent:
        return super().match(user, min(size, 2))


@pytest.mark.parametrize("planted", [Unstamped, RoomOfTwo])
def test_the_conversation_finds_a_server_that_does_less(
    planted: Callable[[], Lobby[ServerConnection]],
) -> None:
    with run_lobby(planted()) as port, pytest.raises(AssertionError):
        converse(port)


def test_the_conversation_is_content_with_one_that_does_it_all() -> None:
    with run_lobby(Lobby()) as port:
        converse(port)


@attrs.define
class Fault(Lobby[ServerConnection]):
    """Does something else with the 150th relayed message."""

    instead: Callable[[Sent], Sent]
    relayed: int = 0

    def __attrs_post_init__(self) -> None:
        super().__init__()

    def relay(self, user: str, message: dict[str, Any]) -> Sent:
        self.relayed += 1
        sent = super().relay(user, message)
        return self.instead(sent) if self.relayed == 150 else sent


def _twice(sent: Sent) -> Sent:
    return [*sent, *sent]


def _altered(sent: Sent) -> Sent:
    return [(target, text.replace("typ host", "typ hose")) for target, text in sent]


def _to_nobody(sent: Sent) -> Sent:
    return []


@pytest.mark.parametrize("measure", [measure_relay, measure_pingpong])
@pytest.mark.parametrize("instead", [_twice, _altered])
def test_a_relay_that_goes_wrong_has_no_figure(
    measure: Callable[[int, Load, Scale], object], instead: Callable[[Sent], Sent]
) -> None:
    lobby = Fault(instead)
    with run_load(lobby) as load, pytest.raises(WrongResult):
        measure(os.getpid(), load, BRIEF)
    assert lobby.relayed >= 150


def test_a_lost_message_of_a_pingpong_is_waited_for_and_then_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.relay._LIMIT", 0.1)
    with run_load(Fault(_to_nobody)) as load, pytest.raises(WrongResult, match="the last bursts"):
        measure_pingpong(os.getpid(), load, BRIEF)


def test_a_peerjs_server_that_greets_nobody_has_no_figure() -> None:
    # To the lobby, PeerJS's path is unknown: the upgrade is refused.
    with run_load(Lobby()) as load, pytest.raises(WrongResult, match="404"):
        measure_pingpong(os.getpid(), load, BRIEF, PEERJS_DIALECT)


def test_idle_connections_must_be_asked_for_a_sign_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "WARM", 10)

    def at_once(load: Load, pid: int) -> None:
        """Wait for no rest: this process never rests, as the load generator runs in it too."""

    monkeypatch.setattr(memory, "settle", at_once)
    with run_load(Lobby(), ping_interval=0.05) as load:
        result = measure_idle(os.getpid(), load, BRIEF)
    assert result.figures["many_pings"] >= 1
    with (
        run_load(Lobby(), ping_interval=None) as load,
        pytest.raises(WrongResult, match="20 connections had no"),
    ):
        measure_idle(os.getpid(), load, BRIEF)


@contextmanager
def _answers(head: bytes) -> Generator[int]:
    """Answer one request with these bytes and the end of the stream."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            client, _ = listener.accept()
            with client:
                client.recv(4096)
                client.sendall(head)

        thread = threading.Thread(target=answer)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


@pytest.mark.parametrize(
    ("head", "says"),
    [
        pytest.param(
            b"HTTP/1.1 101 Switching Protocols\r\nSEC-WebSocket-Extensions: permessage-deflate\r\n\r\n",
            "the server uses an extension",
            id="compression",
        ),
        pytest.param(b"HTTP/1.1 404 Not Found\r\n\r\n", "the upgrade failed", id="no upgrade"),
        pytest.param(b"HTTP/1.1 101 Swi", "the upgrade failed", id="no answer"),
    ],
)
def test_a_server_with_an_extension_is_not_measured(head: bytes, says: str) -> None:
    with _answers(head) as port, pytest.raises(WrongResult, match=says):
        check_upgrade(port, "/signal")
