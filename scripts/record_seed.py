"""Record what the seed answers to the conversations of tests/seed; the tests compare this server with that.

    python scripts/record_seed.py             record all, and write the transcripts and the report
    python scripts/record_seed.py --check     record all, write nothing, fail where it is not what is kept
    python scripts/record_seed.py --report    print what differs and why, from the transcripts; needs no seed

Each conversation has a fresh seed process of its own. The seed acknowledges nothing, so that after each step
there is nothing to wait for but silence; the tests against this server do better.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

import trio

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from scripts.seed_program import SeedUnavailable, deno_version, run_seed, seed_directory, seed_source  # noqa: E402
from tests.seed import report, transcript  # noqa: E402
from tests.seed.catalogue import CONVERSATIONS  # noqa: E402
from tests.seed.model import Conversation  # noqa: E402
from tests.seed.player import Client, play  # noqa: E402
from tests.seed.transcript import TRANSCRIPTS, Transcript  # noqa: E402

QUIET = 0.25
AT_ONCE = 6


async def settle(clients: list[Client]) -> None:
    """Wait until nothing has come in, for anybody, for the time that counts as silence."""
    before = -1
    while before != (arrivals := sum(client.arrivals for client in clients)):
        before = arrivals
        await trio.sleep(QUIET)


async def record(conversations: Sequence[Conversation], directory: Path) -> dict[str, Transcript]:
    """Play each conversation to a seed of its own, some at a time; return the transcripts in their order."""
    transcripts: dict[str, Transcript] = {}
    places = trio.CapacityLimiter(AT_ONCE)

    async def one(conversation: Conversation) -> None:
        async with places:
            running = run_seed(directory)
            seed = await trio.to_thread.run_sync(running.__enter__)
            try:
                transcripts[conversation.name] = await play(conversation, seed.port, settle)
            finally:
                with trio.CancelScope(shield=True):
                    await trio.to_thread.run_sync(running.__exit__, None, None, None)

    async with trio.open_nursery() as nursery:
        for conversation in conversations:
            nursery.start_soon(one, conversation)
    return {conversation.name: transcripts[conversation.name] for conversation in conversations}


def header(directory: Path) -> dict[str, str]:
    """Say what the transcripts were recorded from."""
    digest = hashlib.sha256(seed_source(directory).encode("utf-8")).hexdigest()
    return {"deno": deno_version(), "program_sha256": digest}


def unstable(recorded: dict[str, Transcript], now: dict[str, Transcript]) -> list[str]:
    """Return where a recording differs from the one that is kept."""
    problems = [f"{name}: recorded only once" for name in sorted(recorded.keys() ^ now.keys())]
    for name in recorded.keys() & now.keys():
        if len(recorded[name]) != len(now[name]):
            problems.append(f"{name}: {len(recorded[name])} steps are kept, {len(now[name])} were played")
            continue
        for kept, came in zip(recorded[name], now[name], strict=True):
            if kept != came:
                problems.append(f"{name}: {kept.step}\n  kept: {kept}\n  now:  {came}")
    return problems


def main() -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(description="Record what the seed answers.")
    parser.add_argument("--seed", type=Path, default=None, help="the directory of the seed's document")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="compare with what is kept instead of writing it")
    mode.add_argument("--report", action="store_true", help="only print, and write, what differs and why")
    options = parser.parse_args()
    if not options.report:
        directory = seed_directory(options.seed)
        try:
            said = header(directory)
        except SeedUnavailable as missing:
            print(missing, file=sys.stderr)
            return 2
        now = trio.run(record, CONVERSATIONS, directory)
        if options.check:
            problems = unstable(transcript.read(TRANSCRIPTS), now)
            print("\n".join(problems) or f"{len(now)} conversations: the seed answers what is kept")
            return 1 if problems else 0
        transcript.write(TRANSCRIPTS, now, said)
    recorded = transcript.read(TRANSCRIPTS)
    print(report.table(CONVERSATIONS))
    report.PAGE.write_text(report.markdown(CONVERSATIONS, recorded), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
