"""Play every hostile input of the tests' tables to one living server, and tell what each got for an answer.

    python scripts/hostile_page.py                 print the page
    python scripts/hostile_page.py --write-docs    write it as docs/hostile.md

Starts a `focus-signal serve` process of its own, on loopback. An honest pair relays all along; at the end
the process is told to end, and the last inputs come while it drains. Takes less than a minute, since the
deadlines are those that the server has by default. Ends with status 1, and writes nothing, if any answer is
not the wanted one.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

import trio
from attrs import define, field

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from tests.server.hostile import honest  # noqa: E402
from tests.server.hostile.handshake_precedence import ALLOWED  # noqa: E402
from tests.server.hostile.inputs import Outcome, bring  # noqa: E402
from tests.server.hostile.page import Played, Report, rendered  # noqa: E402
from tests.server.hostile.peer import Peer, event  # noqa: E402
from tests.server.hostile.reach import Reach  # noqa: E402
from tests.server.hostile.tables import MAX_HANDSHAKES, SECTIONS, Section, When  # noqa: E402

DOCUMENT = REPOSITORY / "docs" / "hostile.md"
# More than may wait for a peer is more than another may send it at once.
FLAGS = (
    *("--allowed-origin", ALLOWED, "--max-connections", "100", "--max-handshakes", str(MAX_HANDSHAKES)),
    *("--byte-rate", "0"),
)
LONGEST = 120.0
INPUT_SECONDS = 10.0
SLOW_INPUT_SECONDS = 50.0
_SERVE = (sys.executable, "-m", "focus_signal", "serve", "--host", "127.0.0.1", "--port", "0", "--ready-json")
_PACE = 0.02
_LISTENING = "0A"


def listens(pid: int, port: int) -> bool:
    """Tell whether it is this process that listens on a TCP port of 127.0.0.1, by what the system says."""
    sockets: list[str] = []
    for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        columns = line.split()
        if columns[1] == f"0100007F:{port:04X}" and columns[3] == _LISTENING:
            sockets.append(f"socket:[{columns[9]}]")
    opened = list(map(_target, Path(f"/proc/{pid}/fd").iterdir()))
    return bool(sockets) and all(each in opened for each in sockets)


def _target(descriptor: Path) -> str:
    try:
        return str(descriptor.readlink())
    except FileNotFoundError:  # it was closed meanwhile
        return ""


@define(eq=False)
class Siege:
    """Be one living server and all that is played to it.

    Args:
      process: the server.
      port: where it listens.
      sections: the tables.
    """

    process: trio.Process
    port: int
    sections: Sequence[Section]
    outcomes: dict[tuple[str, str], Outcome] = field(factory=dict[tuple[str, str], Outcome], init=False)
    relayed: int = field(default=0, init=False)
    faults: list[str] = field(factory=list[str], init=False)
    _over: bool = field(default=False, init=False)

    async def play(self) -> bool:
        """Play everything up to the end of the process; tell whether it listened all along."""
        own = Reach(self.port)
        listened = listens(self.process.pid, self.port)
        pair = await honest.meet(own.dial_in)
        async with trio.open_nursery() as relaying:
            relaying.start_soon(self._relay, pair)
            async with trio.open_nursery() as slow:
                for section in self._when("meanwhile"):
                    for number in range(len(section.inputs)):
                        slow.start_soon(self._bring, section, number, SLOW_INPUT_SECONDS)
                await self._bring_all("in turn")
            await self._bring_all("in the end")
            self._over = True
        listened = listened and self.process.returncode is None and listens(self.process.pid, self.port)
        await self._drain(own, pair)
        own.hang_up()
        return listened

    async def _relay(self, pair: honest.Pair) -> None:
        """Relay until everything was played, and once more after that."""
        over = False
        while not over and not self.faults:
            over = self._over
            try:
                with trio.fail_after(INPUT_SECONDS):
                    await pair.relay()
            except (AssertionError, trio.BrokenResourceError, trio.TooSlowError) as error:
                self.faults.append(f"the honest pair: {type(error).__name__}: {error}")
            self.relayed = pair.relayed
            await trio.sleep(_PACE)

    async def _drain(self, own: Reach, pair: honest.Pair) -> None:
        """End the process; one peer that never answers its close frame holds up the drain meanwhile."""
        idler = await own.dial_in("idler")
        idler.answers_close = False
        self.process.send_signal(signal.SIGTERM)
        for name, peer in (("the idler", idler), ("the pair", pair.first), ("the pair", pair.second)):
            goodbye = await self._goodbye(peer)
            if goodbye != "close 1012 restart" and not self.faults:
                self.faults.append(f"{name}: {goodbye!r} came where the goodbye was due")
        await self._bring_all("draining")

    async def _goodbye(self, peer: Peer) -> str:
        peer.hears_pings = False
        return event(await peer.receive())

    async def _bring_all(self, when: When) -> None:
        for section in self._when(when):
            for number in range(len(section.inputs)):
                await self._bring(section, number, INPUT_SECONDS)

    async def _bring(self, section: Section, number: int, seconds: float) -> None:
        each = section.inputs[number]
        reach = Reach(self.port, hears_pings=False)
        self.outcomes[section.title, each.name] = await bring(each, reach, seconds)

    def _when(self, when: When) -> list[Section]:
        return [section for section in self.sections if section.when == when]


async def play_all(sections: Sequence[Section]) -> Report:
    """Start a server, play all inputs to it, end it, and tell what was seen."""
    with tempfile.NamedTemporaryFile() as log, trio.fail_after(LONGEST):
        async with _running((*_SERVE, *FLAGS), log.file) as (process, port):
            siege = Siege(process, port, sections)
            same = await siege.play()
            status = await process.wait()
        log.seek(0)
        lines = log.read().decode().splitlines()
    loud = [line for line in lines if " ERROR " in line or " CRITICAL " in line or "Traceback" in line]
    played = [
        Played(section.title, each, siege.outcomes[section.title, each.name])
        for section in sections
        for each in section.inputs
    ]
    # Without the date and the time.
    last = lines[-1].partition(" INFO ")[2] if lines else ""
    faults = [*siege.faults, *(f"in the log: {line}" for line in loud)]
    if not last.startswith("ended; closed since the start: "):
        faults.append(f"the last line of the log is {last!r}")
    flags = " ".join(FLAGS)
    return Report(played, flags, same, process.pid, siege.relayed, status, last, faults)


@asynccontextmanager
async def _running(command: Sequence[str], log: IO[bytes]) -> AsyncGenerator[tuple[trio.Process, int]]:
    """Start the server for as long as the block, and give it and its port."""
    process = await trio.lowlevel.open_process(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log
    )
    try:
        assert process.stdout is not None
        line = bytearray()
        while not line.endswith(b"\n"):
            data = await process.stdout.receive_some(4096)
            assert data, "the server did not start"
            line += data
        yield process, int(json.loads(line)["http"].rpartition(":")[2])
    finally:
        with trio.CancelScope(shield=True):
            if process.returncode is None:
                process.kill()
            await process.wait()
            if process.stdout is not None:
                await process.stdout.aclose()


def run(sections: Sequence[Section], document: Path | None) -> int:
    """Play all, and print the page or write it; return the exit status."""
    report = trio.run(play_all, sections)
    faults = report.all_faults()
    page = rendered(report)
    if document is None:
        print(page)
    elif not faults:
        document.write_text(page, encoding="utf-8")
        print(f"written: {document}; {len(report.played):,} inputs, {report.relayed:,} messages relayed")
    for fault in faults:
        print(f"WRONG: {fault}", file=sys.stderr)
    return 1 if faults else 0


def main() -> int:
    """Play all tables."""
    parser = argparse.ArgumentParser(description="Show what hostile input gets for an answer.")
    parser.add_argument("--write-docs", action="store_true", help="write docs/hostile.md")
    arguments = parser.parse_args()
    return run(SECTIONS, DOCUMENT if arguments.write_docs else None)


if __name__ == "__main__":
    raise SystemExit(main())
