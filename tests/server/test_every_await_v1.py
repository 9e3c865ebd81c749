"""Whatever is raised while a session is resumed, at whichever await, the session can be resumed again.

The victim of `every_await` is here a connection that resumes a session of `focus-signal.v1`, on a stream so
narrow that its replay has to wait. It is ended at each wait in turn, in all of its tasks, and at every call
that does not wait. Each time a fresh connection resumes the session, and over both nothing is lost, doubled
or out of order: what the peer had sent meanwhile, and what the victim says itself.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any, cast

import pytest
import trio
from attrs import define, field

from focus_signal.core.arrivals import Arrivals
from focus_signal.core.replay import ReplayLog
from focus_signal.server.owner import Inbox
from focus_signal.testing.determinism.runtime import Failed, attempt_deterministically
from focus_signal.testing.net.stream import SimStream
from focus_signal.testing.plan import RunConfig
from focus_signal.testing.simulation import Simulation, open_simulation
from focus_signal.testing.subject import SERVER
from focus_signal.wire.subprotocols import V1
from tests.server.every_await import VICTIM, Fuse, Kind, What, plant
from tests.server.every_await_scene import Way, left_behind
from tests.server.hostile import frames
from tests.server.hostile.frames import Received
from tests.server.hostile.v1_peer import V1Stranger, asking, finish_v1, resuming
from tests.simulations.raw import open_stream

_OURS: tuple[Kind, ...] = ("RuntimeError", "OSError", "ExceptionGroup")
# Longer than a handshake may take.
_GRACE = 30.0
_PATIENCE = 1.0
_NARROW = 600
# What is sent to the victim while it is away; all of it is more than its stream holds.
_MEANWHILE = 5
_LARGE = "x" * 300

logger = logging.getLogger("focus_signal")


class Over(Exception):
    """Say that the victim's stream has ended, or that nothing more comes."""


@define(eq=False)
class Heard:
    """Be what the victim's application has, over all its connections.

    Args:
      token: the session's.
      seen: the number of the last message that was handled.
    """

    token: str
    seen: int
    data: list[int] = field(factory=list[int], init=False)
    faults: list[str] = field(factory=list[str], init=False)

    def handle(self, message: dict[str, Any]) -> None:
        """Handle a message as it comes: each number once, in order."""
        seq = message.get("seq")
        if message["type"] in {"welcome", "pong"}:
            return
        if seq != self.seen + 1:
            self.faults.append(f"{message} came behind number {self.seen}")
        self.seen = seq or self.seen
        self.token = message.get("session", self.token)
        if message["type"] == "signal":
            self.data.append(message["data"][0])


async def _next(peer: V1Stranger, heard: Heard) -> dict[str, Any]:
    """Handle the next message and give it."""
    with trio.move_on_after(_PATIENCE):
        while True:
            received = await peer.receive()
            if isinstance(received, str) or received.opcode == frames.CLOSE:
                raise Over
            if received.opcode == frames.TEXT:
                message: dict[str, Any] = json.loads(received.payload)
                heard.handle(message)
                return message
    raise Over


@asynccontextmanager
async def _opened(sim: Simulation, user: str, label: str, *offers: str, window: int | None = None) -> Any:
    async with open_stream(sim, label, window=window) as stream:
        await stream.send_all(asking(user, *offers))
        yield await finish_v1(stream)


async def _resume(sim: Simulation, heard: Heard, seen: list[str]) -> None:
    """Be the victim: resume, hear what came meanwhile, say something, and be cut."""
    async with open_stream(sim, VICTIM, window=_NARROW) as stream:
        try:
            await stream.send_all(asking(VICTIM, resuming(heard.token, heard.seen)))
            peer = await finish_v1(stream)
            seen.append("101")
            await trio.sleep(0.05)  # its replay waits meanwhile
            while len(heard.data) < _MEANWHILE:
                seen.append((await _next(peer, heard))["type"])
            await peer.say({"type": "ping", "seen": heard.seen})
            await peer.say({"type": "signal", "to": "mate", "data": "said", "id": 5, "seen": heard.seen})
            while (message := await _next(peer, heard))["type"] != "ack":
                seen.append(message["type"])
            seen.append("ack")
        except (Over, AssertionError, trio.BrokenResourceError):
            seen.append("over")
        await stream.abort()


async def play(sim: Simulation, fuse: Fuse, seen: list[str]) -> list[str]:
    """Play the scene, and tell what must not be."""
    async with _opened(sim, "mate", "mate", V1) as mate:
        async with _opened(sim, VICTIM, "before", V1) as before:
            await mate.say({"type": "room-create", "maxSize": 2})
            code = (await mate.hear_of("room-found"))["code"]
            await before.say({"type": "room-join", "code": code})
            await before.hear_of("session")  # its first one
            await before.hear_of("session")  # with the room
            await before.say({"type": "ping", "seen": before.seq})
            await before.hear_of("pong")
            heard = Heard(before.token, before.seq)
            await cast("SimStream", before.stream).abort()
        await mate.hear_of("peer-away")
        for number in range(_MEANWHILE):
            await mate.say({"type": "signal", "to": VICTIM, "data": [number, _LARGE], "id": number + 1})
            while (answer := await mate.hear())["type"] != "ack":
                assert answer["type"] != "error", answer
        fuse.armed = True
        await _resume(sim, heard, seen)
        await trio.sleep(0.05)  # in which the server is done with it
        fuse.armed = False
        faults = await _resume_again(sim, heard)
        said = False
        with trio.move_on_after(_PATIENCE):
            message = await mate.hear_of("signal")
            if message["data"] != "said":
                faults.append(f"the mate heard {message}")
            # Nothing comes twice: what answers is behind it.
            await mate.say({"type": "cancel", "id": 100})
            while (message := await mate.hear())["type"] != "error":
                if message["type"] == "signal":
                    faults.append("what the victim said came twice")
            await mate.part()
            said = True
    if not said:
        faults.append("what the victim said is lost")
    await trio.sleep(_GRACE + 1)
    return [*faults, *left_behind(sim)]


async def _resume_again(sim: Simulation, heard: Heard) -> list[str]:
    """Be a fresh connection: it gets all that is missing, and says once more what was not answered."""
    async with _opened(sim, VICTIM, "after", resuming(heard.token, heard.seen)) as after:
        welcome = await after.hear()
        if welcome["type"] != "welcome" or not welcome["resumed"] or welcome["seq"] != heard.seen:
            return [*heard.faults, f"not resumed: {welcome}"]
        if welcome["lastId"] < 5:
            await after.say({"type": "signal", "to": "mate", "data": "said", "id": 5})
        await after.say({"type": "cancel", "id": 6})
        try:
            while (await _next(after, heard))["type"] != "error":
                pass
        except Over:
            heard.faults.append("the fresh connection has ended")
        if heard.data != list(range(_MEANWHILE)):
            heard.faults.append(f"{heard.data} came of what was sent meanwhile")
        after.answers_close = False
        await after.send(frames.close(1000))
        while not isinstance(received := await after.receive(), str):
            assert isinstance(received, Received)
    return heard.faults


@define(eq=False)
class _Log(logging.Handler):
    faults: list[str] = field(factory=list[str])

    def __attrs_pre_init__(self) -> None:
        super().__init__(logging.WARNING)

    def emit(self, record: logging.LogRecord) -> None:
        self.faults.append(record.getMessage())


def run_trial(way: Way, fuse: Fuse) -> tuple[list[str], list[str]]:
    """Run the scene once; give what must not be, and what the victim saw."""
    config = RunConfig(
        latency=(0.0, 0.0),
        seat_grace=_GRACE,
        transport="trio-websocket" if way == "trio-websocket" else "native",
        plain_streams=way == "plain streams",
    )
    seen: list[str] = []
    log = _Log()

    async def main() -> list[str]:
        trio.lowlevel.add_instrument(instrument)
        async with open_simulation("full", 0, config, SERVER, _PATIENCE) as sim:
            return await play(sim, fuse, seen)

    with pytest.MonkeyPatch.context() as patch:
        instrument = plant(patch, fuse)
        patch.setattr(logger, "propagate", False)  # pytest would format each traceback
        logger.addHandler(log)
        try:
            ran = attempt_deterministically(main, seed=0)
        finally:
            logger.removeHandler(log)
            fuse.forget_tasks()
    faults = [f"the run raised {ran.error!r}"] if isinstance(ran, Failed) else ran.value
    if bool(log.faults) > (fuse.kind in _OURS):
        faults = [*faults, f"the log has {log.faults}"]
    return faults, seen


def trials(way: Way, kind: Kind, what: What) -> Iterator[tuple[Fuse, list[str], list[str]]]:
    """Raise at the first of all waits or calls, at the second, and so on, as long as there are so many."""
    for at in count(1):
        fuse = Fuse(at, kind, what, armed=False)
        faults, seen = run_trial(way, fuse)
        if not fuse.burnt:
            assert (faults, seen[-1]) == ([], "ack"), "without a fault all must be well"
            return
        yield fuse, faults, seen


def _cases() -> Iterator[Any]:
    quick: list[tuple[Way, Kind, What]] = [
        ("native", "RuntimeError", "waits"),
        ("native", "Cancelled", "waits"),
        ("native", "RuntimeError", "calls"),
        ("trio-websocket", "RuntimeError", "waits"),
    ]
    yield from quick
    for way in ("native", "plain streams", "trio-websocket"):
        for kind in (*_OURS, "BrokenResourceError", "Cancelled"):
            for what in ("waits", "calls"):
                case = (way, kind, what)
                if case not in quick and (what == "waits" or kind == "RuntimeError"):
                    yield pytest.param(*case, marks=pytest.mark.long)


@pytest.mark.parametrize(("way", "kind", "what"), list(_cases()))
def test_the_session_is_resumed_again(way: Way, kind: Kind, what: What) -> None:
    wrong: list[str] = []
    stages: set[str] = set()
    tried = 0
    for fuse, faults, seen in trials(way, kind, what):
        tried += 1
        stages |= set(seen)
        wrong += [f"{kind} at {fuse.at}, {' > '.join(fuse.place)}: {fault}" for fault in faults]
    assert wrong == []
    assert tried >= 5
    assert {"101", "over"} <= stages


# What must be caught.


def _forgets_at_once(patch: pytest.MonkeyPatch) -> None:
    """Take what was replayed for handled."""
    after = ReplayLog.after

    def after_and_forget(log: ReplayLog, seen: int) -> Any:
        missed = after(log, seen)
        log.forget(log.last)
        return missed

    patch.setattr(ReplayLog, "after", after_and_forget)


def _ends_at_once(patch: pytest.MonkeyPatch) -> None:
    """Take every end for the last one."""
    disconnect = Arrivals.disconnect

    def finish(arrivals: Arrivals, connection: int, **_: object) -> None:
        disconnect(arrivals, connection, finished=True)

    patch.setattr(Arrivals, "disconnect", finish)


def _owner_is_not_told(patch: pytest.MonkeyPatch) -> None:
    def forget(inbox: Inbox, connection: int, *, finished: bool = False) -> None:
        """Tell nobody."""

    patch.setattr(Inbox, "end", forget)


MUTANTS: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], str]] = {
    "what was replayed is forgotten": (_forgets_at_once, "not resumed"),
    "every end is the last": (_ends_at_once, "TooSlowError"),
    "owner is not told": (_owner_is_not_told, "TooSlowError"),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_caught(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    bug, wanted = MUTANTS[name]
    bug(monkeypatch)
    for at in count(1):
        fuse = Fuse(at, "RuntimeError", "waits", armed=False)
        faults, _ = run_trial("native", fuse)
        if any(wanted in fault for fault in faults):
            return
        if not fuse.burnt:
            pytest.fail(f"no trial says {wanted!r}")
