"""Drain: 5,000 clients and a SIGTERM; everyone is told (close frame 1012), and the server ends with status 0.

Most are idle, some are in rooms, fifty are in the middle of relaying. All of it takes 10 s at most. And once
more with clients who never answer their close frame: there a second SIGTERM ends the server within a second.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import attrs

from benchmarks.frames import CLOSE, TEXT, masked
from benchmarks.load import Load
from benchmarks.siege.goals import Outcome
from benchmarks.siege.subject import UNLIMITED, Start, Subject
from benchmarks.siege.visits import match_all
from focus_signal.load import generator
from focus_signal.load.asking import Asker
from focus_signal.load.rooms import Hall

RESTART = 1012
_CANDIDATE = b'"candidate":{"candidate":"candidate:1 1 udp 1 192.0.2.1 9 typ host","sdpMid":"0"}}'


@attrs.frozen
class Size:
    """How much of it; `grace` and `second_signal` are goals, in seconds."""

    idle: int = 4_550
    seated: int = 400
    relaying: int = 50
    grace: float = 10.0
    mute: int = 1_000
    before_second: float = 0.5
    second_signal: float = 1.0

    @property
    def clients(self) -> int:
        return self.idle + self.seated + self.relaying


SMALL = Size(idle=150, seated=40, relaying=10, mute=50, before_second=0.1)
"""To see that it works."""


class Client(Asker):
    """Answers a close frame as clients do; `told` is its code, `unclean` says that the stream just ended."""

    def __init__(self, load: generator.Load, user: str) -> None:
        super().__init__(load, user)
        self.told: int | None = None
        self.unclean = False
        self.relayed = 0
        self._message = b""

    def begin(self) -> None:
        """Start to relay: each message that comes is answered by one."""
        (partner,) = (peer for peer in self.peers if peer != self.user)
        head = f'{{"type":"ice-candidate","to":"{partner}","from":"{self.user}",'.encode()
        self._message = masked(TEXT, head + _CANDIDATE)
        self.send(self._message)

    def on_frame(self, opcode: int, payload: bytes) -> None:
        if opcode == CLOSE and not self.leaving:
            self.told = int.from_bytes(payload[:2], "big")
            self.leaving = True
            self.send(masked(CLOSE, payload[:2]))
        elif opcode != CLOSE:
            super().on_frame(opcode, payload)

    def on_text(self, payload: bytes) -> None:
        if not self._message:
            super().on_text(payload)
        # Once the partner has been sent away, there is nobody to relay to.
        elif self.told is None and b'"peer-unavailable"' not in payload:
            self.relayed += 1
            self.send(self._message)

    def on_lost(self, why: str) -> None:
        del why
        self.unclean = True
        self.load.forget(self)


def run(start: Start, size: Size = Size()) -> Outcome:
    """Drain one server, and hurry another."""
    outcome = Outcome()
    with start(settings=UNLIMITED) as subject:
        load = Load(subject.port)
        try:
            _drain(outcome, subject, load, size)
        finally:
            load.close()
    with start(settings=UNLIMITED) as subject:
        load = Load(subject.port)
        try:
            _hurry(outcome, subject, load, size)
        finally:
            load.close()
    return outcome


def _drain(outcome: Outcome, subject: Subject, load: Load, size: Size) -> None:
    clients = load.open(Client, [f"client-{number:06}" for number in range(size.clients)])
    talking = clients[: size.relaying]
    # Apart from each other, so that who relays is matched with somebody who does too.
    for some in (talking, clients[size.relaying : size.relaying + size.seated]):
        match_all(load, some, Hall([client.user for client in some], 2))
    for client in talking:
        client.begin()
    load.run(lambda: all(client.relayed for client in talking), 20, "everyone to be relaying")
    subject.terminate()
    began = load.clock()
    until = began + size.grace + 5
    load.run(lambda: not load.connections or load.clock() >= until, size.grace + 10, "the end of everyone")
    ended = load.clock() - began
    status = subject.wait(max(0.1, size.grace - ended))
    passed = load.clock() - began
    told = Counter("nothing" if client.told is None else str(client.told) for client in clients)
    outcome.figure("clients", size.clients)
    outcome.figure("messages relayed before", sum(client.relayed for client in talking))
    outcome.equal("told", dict(sorted(told.items())), {str(RESTART): size.clients})
    outcome.equal("streams that ended before the close frames were exchanged", _unclean(clients), 0)
    outcome.figure("the last client's end after", ended, "s")
    outcome.at_most("the server's end after", passed, size.grace, "s")
    outcome.equal("its status", status, 0)


def _unclean(clients: Sequence[Client]) -> int:
    return sum(client.unclean or not client.forgotten for client in clients)


def _hurry(outcome: Outcome, subject: Subject, load: Load, size: Size) -> None:
    clients = load.open(Client, [f"mute-{number:06}" for number in range(size.mute)])
    for client in clients:
        load.epoll.modify(client.fd, 0)
    subject.terminate()
    early = subject.wait(size.before_second)
    outcome.equal(
        "still waiting for those who do not answer, at the second signal", early is None, wanted=True
    )
    if early is None:
        subject.terminate()
        began = load.clock()
        status = subject.wait(size.second_signal + 10)
        outcome.at_most(
            "the server's end after the second signal", load.clock() - began, size.second_signal, "s"
        )
        outcome.equal("its status then", status, 0)
