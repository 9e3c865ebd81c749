"""The crowd that waits, as a process of its own: thousands of clients, each with its connection.

    python -m benchmarks.matching_crowd PORT PEOPLE [yielding]

`matching.py` starts it. Once everybody has been told that they wait, it prints a line of JSON. For each
line that it is sent it prints how often the crowd was told where it stands, and at the end of its input
everybody leaves. Once a second one of the line cancels and asks anew, and so does one of the cliques: so
everyone in the line who stands behind has something new to be told whenever their five seconds are over.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import subprocess
import sys
from collections import deque
from collections.abc import Generator
from pathlib import Path
from typing import Any

import attrs

from benchmarks.load import Load, WrongResult, raise_soft_limit
from benchmarks.v1_client import Heard, V1Client
from benchmarks.waiting import fields_of, make_crowd

REPOSITORY = Path(__file__).resolve().parent.parent
_LIMIT = 120.0
_CHANGE_EVERY = 1.0


class Waiting(V1Client):
    """Asks as soon as it is welcome, then waits, and meets nobody."""

    __slots__ = ("_cancels", "_crowd", "_fields", "placed")

    def __init__(self, load: Load, user: str, crowd: Clients) -> None:
        super().__init__(load, user)
        self._crowd = crowd
        self._fields = crowd.fields[user]
        self._cancels = False
        self.placed = False

    def ask_anew(self) -> None:
        """Give the place up and take the last one."""
        self._cancels = True
        self.ask("cancel")

    def on_heard(self, heard: Heard) -> None:
        match heard.type:
            case "welcome":
                self.ask("matchmaking", **self._fields)
            case "queued":
                self._crowd.notices += 1
                if not self.placed:
                    self.placed = True
                    self._crowd.placed += 1
            case "match-ended" if self._cancels and heard.reason == "cancelled":
                self._cancels = False
                self.ask("matchmaking", **self._fields)
            case "match-ended" if self.leaving and heard.reason == "party-ended":
                pass  # another one of its party has left first
            case "ack" | "session" | "pong":
                pass
            case _:
                raise WrongResult(f"{self.user}, who is to wait, was sent {heard}")


@attrs.define(eq=False)
class Clients:
    """The clients of a crowd."""

    load: Load
    people: int
    fields: dict[str, dict[str, Any]] = attrs.field(factory=dict[str, dict[str, Any]], init=False)
    placed: int = attrs.field(default=0, init=False)
    notices: int = attrs.field(default=0, init=False)
    _changing: list[deque[Waiting]] = attrs.field(factory=list[deque[Waiting]], init=False)

    def come(self) -> None:
        """Connect everybody, and let everybody wait."""
        crowd = make_crowd(self.people)
        self.fields = {waiter.user: fields_of(waiter.terms) for waiter in crowd.everybody}
        clients = self.load.open(lambda load, user: Waiting(load, user, self), self.fields, seconds=_LIMIT)
        self.load.run(lambda: self.placed == self.people, _LIMIT, lambda: f"{self.placed} to wait")
        by_user = {client.user: client for client in clients}
        self._changing = [
            deque(by_user[waiter.user] for waiter in some) for some in (crowd.line, crowd.cliques)
        ]

    def change(self) -> None:
        """Let those who have stood longest in the line, and in a clique, ask anew."""
        for some in self._changing:
            some[0].ask_anew()
            some.rotate(-1)

    def leave(self) -> None:
        """Let everybody leave."""
        self.load.leave(list(self.load.connections.values()), _LIMIT)


def serve(clients: Clients) -> None:
    """Answer lines until there are no more."""
    load = clients.load
    next_change = load.clock() + _CHANGE_EVERY
    while True:
        load.step()
        if load.clock() >= next_change:
            clients.change()
            next_change += _CHANGE_EVERY
        if select.select([sys.stdin], [], [], 0)[0]:
            if not sys.stdin.readline():
                return
            _say({"notices": clients.notices})


def _say(what: dict[str, int]) -> None:
    print(json.dumps(what), flush=True)


def main(port: int, people: int, *, yielding: bool) -> int:
    """Come, wait, leave; return the exit status.

    Args:
        port: the server's.
        people: how many.
        yielding: whether those who are measured, on the same core, never have to wait for this process.
    """
    raise_soft_limit()
    gc.collect()
    gc.disable()
    load = Load(port)
    try:
        clients = Clients(load, people)
        clients.come()
        if yielding:
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        _say({"notices": clients.notices})
        serve(clients)
        if yielding:
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        clients.leave()
    except WrongResult as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    finally:
        load.close()
    return 0


@attrs.define(eq=False)
class CrowdProcess:
    """The process, as whoever has started it sees it; `load` is served while it waits for an answer."""

    _process: subprocess.Popen[bytes]
    _load: Load

    def notices(self) -> int:
        """Return how often the crowd was told where it stands."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        return self.answer()

    def answer(self) -> int:
        """Wait for an answer.

        Raises:
            WrongResult: the process has ended, or says nothing.
        """
        stdout = self._process.stdout
        assert stdout is not None
        self._load.run(lambda: bool(select.select([stdout], [], [], 0)[0]), _LIMIT, "the crowd")
        line = stdout.readline()
        if not line:
            raise WrongResult(f"the crowd has ended with status {self._process.wait()}")
        return int(json.loads(line)["notices"])


@contextlib.contextmanager
def run_crowd(port: int, people: int, load: Load, *, yielding: bool) -> Generator[CrowdProcess]:
    """Let a crowd wait until the context ends; the arguments are those of `main`.

    Raises:
        WrongResult: it does not come to wait, or does not end well.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.matching_crowd", str(port), str(people)] + ["yielding"] * yielding,
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=REPOSITORY,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process.stdin, process.stdout:
        try:
            crowd = CrowdProcess(process, load)
            crowd.answer()
            yield crowd
            process.stdin.close()
            load.run(lambda: process.poll() is not None, _LIMIT, "the crowd to leave")
            if process.returncode:
                raise WrongResult(f"the crowd ended with status {process.returncode}")
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]), int(sys.argv[2]), yielding=sys.argv[3:] == ["yielding"]))
