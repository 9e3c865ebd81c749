"""Real WebRTC calls, by aiortc, between peers who meet through this server, where `lo` is all the network."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from .programs import SERVER, require_loopback_namespace

CALL = Path(__file__).with_name("call.py")
# Above the bound that the program itself has.
PATIENCE = 100.0
COLOURS = {"ada": [200, 40, 60], "bob": [30, 90, 190], "eve": [60, 180, 40]}
MESSAGES = ["Grüße, \N{WAVING HAND SIGN}", "one", "two", "x" * 20_000, {"hex": bytes(range(256)).hex()}]
# What the conversion to a video's colours and back, and its compression, may change.
TOLERANCE = 10.0


def hold_call(*names: str, frames: int) -> dict[str, Any]:
    """Let these peers call each other; return what each saw, once sure that it was here and nowhere else."""
    plan = {"colours": {name: COLOURS[name] for name in names}, "messages": MESSAGES, "frames": frames}
    command = [*require_loopback_namespace(), sys.executable, str(CALL), json.dumps(plan), "--", *SERVER]
    answer = subprocess.run(command, stdout=subprocess.PIPE, timeout=PATIENCE, check=True)
    result: dict[str, Any] = json.loads(answer.stdout)
    assert result["interfaces"] == ["lo"]
    assert result["server_status"] == 0
    peers: dict[str, Any] = result["peers"]
    assert list(peers) == list(names)
    assert result["in_time"], peers
    return peers


def check_room(peers: dict[str, Any]) -> list[str]:
    """See that all were told of the same room; return its members, in the room's order."""
    rooms = [peer["room"] for peer in peers.values()]
    assert rooms == rooms[:1] * len(peers)
    assert rooms[0]["type"] == "room-found"
    members: list[str] = rooms[0]["peers"]
    assert sorted(members) == sorted(peers)
    return members


def check_pair(seen: dict[str, Any], offered: bool) -> None:
    """See that this side of a pair was signaled to, candidate by candidate, connected, got all messages."""
    assert seen["state"] == "connected"
    description, *candidates = seen["signals"]
    assert description == ("answer" if offered else "offer")
    assert candidates == ["ice-candidate"] * (len(seen["candidates"]) + 1)
    assert seen["candidates"] != []
    for candidate in seen["candidates"]:
        assert candidate.startswith("candidate:")
        assert candidate.split()[4] == "127.0.0.1"
    assert seen["messages"] == MESSAGES


def test_two_hold_a_video_call() -> None:
    """Two peers meet, connect, talk both ways over a data channel, and see each other's video."""
    peers = hold_call("ada", "bob", frames=12)
    members = check_room(peers)
    for name, other in permutations(members, 2):
        seen = peers[name]["pairs"][other]
        check_pair(seen, offered=name == members[0])
        assert len(seen["frames"]) == 12
        for mean in seen["frames"]:
            assert mean == pytest.approx(COLOURS[other], abs=TOLERANCE)


def test_three_are_a_mesh() -> None:
    """Three peers in a room connect in pairs, all six ways, and each gets every other one's messages."""
    peers = hold_call("ada", "bob", "eve", frames=0)
    members = check_room(peers)
    for name, other in permutations(members, 2):
        check_pair(peers[name]["pairs"][other], offered=members.index(name) < members.index(other))
