"""Descriptors: how many connections there is room for, and the soft limit raised to the hard one."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from focus_signal.access.descriptors import raise_soft_limit
from focus_signal.server import descriptors
from focus_signal.server.descriptors import Room, free_descriptors, room_for
from focus_signal.server.settings import NO_LIMIT
from tests.server.memory_listener import open_memory_listener

_TELL = """
import json, resource, sys
from focus_signal.access.descriptors import raise_soft_limit
before = resource.getrlimit(resource.RLIMIT_NOFILE)
given = raise_soft_limit()
print(json.dumps([before, given, resource.getrlimit(resource.RLIMIT_NOFILE)]))
"""


@pytest.mark.parametrize(
    ("connections", "handshakes", "free", "room"),
    [
        # Where connections take no descriptors, what was set holds.
        (10, 5, None, Room(10, 5)),
        (0, 0, None, Room(NO_LIMIT, NO_LIMIT)),
        # Where there are enough, too: handshakes, connections, and 64 to spare.
        (20_000, 4096, 20_000 + 4096 + 64, Room(20_000, 4096)),
        (20_000, 4096, 20_000 + 4096 + 63, Room(19_999, 4096)),
        (10, 5, 79, Room(10, 3)),
        (10, 5, 84, Room(10, 5)),
        # Where not, a quarter is for handshakes.
        (20_000, 4096, 1064, Room(750, 250)),
        (0, 0, 1064, Room(750, 250)),
        (20_000, 10, 1064, Room(990, 10)),
        # There is always room for one of each.
        (10, 10, 64, Room(1, 1)),
        (10, 10, 3, Room(1, 1)),
        (10, 10, -5, Room(1, 1)),
        (0, 0, 0, Room(1, 1)),
    ],
)
def test_room(connections: int, handshakes: int, free: int | None, room: Room) -> None:
    assert room_for(connections, handshakes, free=free) == room


@given(st.integers(0, 30_000), st.integers(0, 30_000), st.integers(-10, 100_000))
def test_room_is_never_beyond_what_is_free(connections: int, handshakes: int, free: int) -> None:
    room = room_for(connections, handshakes, free=free)
    assert 1 <= room.connections <= (connections or NO_LIMIT)
    assert 1 <= room.handshakes <= (handshakes or NO_LIMIT)
    assert room.connections + room.handshakes + 64 <= max(free, 66)


def _limits_under(*ulimits: str) -> Any:
    commands = " && ".join([*(f"ulimit {each}" for each in ulimits), 'exec "$0" -c "$1"'])
    done = subprocess.run(
        ["/bin/sh", "-c", commands, sys.executable, _TELL],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return json.loads(done.stdout)


def test_the_soft_limit_is_raised_to_the_hard_one() -> None:
    assert _limits_under("-S -n 100", "-H -n 300") == [[100, 300], 300, [300, 300]]


def test_a_soft_limit_that_is_the_hard_one_stays() -> None:
    assert _limits_under("-S -n 200", "-H -n 200") == [[200, 200], 200, [200, 200]]


def test_a_hard_limit_that_is_not_granted(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ValueError("not permitted")

    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, resource.RLIM_INFINITY))
    monkeypatch.setattr(resource, "setrlimit", refuse)
    assert raise_soft_limit() == 256


async def test_free_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    _, in_memory = open_memory_listener()
    assert free_descriptors([]) is None
    assert free_descriptors([in_memory]) is None
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with listener, in_memory:
        monkeypatch.setattr(resource, "getrlimit", lambda _: (1000, 4000))
        free = free_descriptors([in_memory, listener])
        assert free is not None
        assert 0 < free < 1000
        with open(__file__, "rb"):  # noqa: ASYNC230, PTH123 - for its descriptor
            assert free_descriptors([listener]) == free - 1
        monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY,) * 2)
        assert free_descriptors([listener]) == NO_LIMIT


def test_faults_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    case = (20_000, 4096, 1064, Room(750, 250))
    for name, wrong in (("_SPARE", 63), ("_SPARE", 65), ("_SHARE_OF_HANDSHAKES", 5)):
        with monkeypatch.context() as patch:
            patch.setattr(descriptors, name, wrong)
            with pytest.raises(AssertionError):
                test_room(*case)
    with monkeypatch.context() as patch:
        patch.setattr(descriptors, "bound", lambda setting: setting)
        with pytest.raises(AssertionError):
            test_room(0, 0, None, Room(NO_LIMIT, NO_LIMIT))
