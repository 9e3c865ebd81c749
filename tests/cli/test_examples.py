"""The programs in examples/ run, end with status 0, and print what they promise."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from tests.cli.program import run

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
_UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


async def output(name: str, *arguments: str) -> list[str]:
    """Run an example, which must say nothing on stderr, and give its lines."""
    # Warnings are errors here as they are in the tests: an example leaves nothing open.
    ended = await run([sys.executable, "-W", "error", str(EXAMPLES / name), *arguments])
    assert (ended.status, ended.stderr) == (0, "")
    return ended.stdout.decode().splitlines()


def check_room(ana: str, bo: str) -> None:
    """See that two lines tell of one room with these two peers."""
    assert ana.startswith("ana: ")
    assert bo.startswith("bo: ")
    frame = ana.removeprefix("ana: ")
    assert bo.removeprefix("bo: ") == frame
    found = json.loads(frame)
    assert list(found) == ["type", "roomId", "peers"]
    assert found["type"] == "room-found"
    assert _UUID4.fullmatch(found["roomId"])
    assert sorted(found["peers"]) == ["ana", "bo"]


async def test_embed() -> None:
    ana, bo, *rest = await output("embed.py")
    check_room(ana, bo)
    assert rest == ['bo: {"type":"offer","from":"ana","sdp":"v=0"}']


async def test_mount() -> None:
    address, ana, bo, *rest = await output("mount.py", "--demo")
    assert re.fullmatch(r"serving on ws://127\.0\.0\.1:[0-9]+", address)
    check_room(ana, bo)
    assert rest == ["other: echo"]


async def test_simulation() -> None:
    pairing, seven, failed, *drawing = await output("simulation.py")
    assert pairing == "test_pairing: 20 seeds"
    assert re.fullmatch(r"seed 7: \d+ events, 0 violations, digest [0-9a-f]{32}", seven)
    assert failed.startswith("seed 7 of its logic: self-match, ")
    assert sum("VIOLATION self-match: u5 is twice in [u5, u5]" in line for line in drawing) == 1


def test_every_example_is_run_here() -> None:
    assert sorted(path.name for path in EXAMPLES.glob("*.py")) == ["embed.py", "mount.py", "simulation.py"]
