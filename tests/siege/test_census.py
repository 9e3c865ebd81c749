"""The walk over a server finds every container by itself, and one that has grown is told by its path."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from types import ModuleType

import attrs
import msgspec
import pytest
import trio

from benchmarks.siege.census import census, left_over
from focus_signal.core.queues import Queues
from focus_signal.core.state import Session
from focus_signal.server.config import Config
from focus_signal.server.serve import open_server


def _ours(cls: type) -> type:
    cls.__module__ = "focus_signal.made_up"
    return cls


@_ours
@attrs.define(eq=False)
class Slots:
    inner: object = None


@_ours
class Plain:
    def __init__(self, inner: object) -> None:
        self.inner = inner

    def method(self) -> None: ...


@_ours
class Struct(msgspec.Struct):
    inner: object


class Foreign(list[int]):
    """Is nobody's here, but a list."""


def test_a_real_map_is_counted_at_every_depth() -> None:
    queues = Queues()
    for name in ("ana", "bo", "cy"):
        queues.join(Session(name, 1), 4)
    assert census(queues)["server._by_size"] == 1
    assert census(queues)["server._by_size[*]"] == 3


@pytest.mark.parametrize(
    ("make", "path", "size"),
    [
        (lambda: Slots([1, 2]), "server.inner", 2),
        (lambda: Plain({1, 2}), "server.inner", 2),
        (lambda: Struct(deque([1])), "server.inner", 1),
        (lambda: Slots(bytearray(7)), "server.inner", 7),
        (lambda: Slots(Foreign([1])), "server.inner", 1),
        (lambda: Slots((Plain({}), Plain({1: 2}))), "server.inner.inner", 1),
        (lambda: Slots({Plain([1]): 0}), "server.inner[*].inner", 1),
        (lambda: Slots({0: Plain([1])}), "server.inner[*].inner", 1),
        (lambda: Slots({0: [1], 1: [2, 3]}), "server.inner[*]", 3),
        (lambda: Slots(Plain([1]).method), "server.inner.inner", 1),
        (lambda: Slots(partial(print, [1])), "server.inner", 1),
    ],
)
def test_whatever_holds_a_container_is_looked_into(make: Callable[[], object], path: str, size: int) -> None:
    assert census(make())[path] == size


def test_what_a_function_keeps_counts() -> None:
    kept = [1, 2, 3]
    assert census(Slots(lambda: kept))["server.inner<kept>"] == 3


async def test_what_waits_in_a_channel_counts() -> None:
    send, receive = trio.open_memory_channel[int](5)
    with send, receive:
        send.send_nowait(1)
        send.send_nowait(2)
        assert census(Slots(send))["server.inner.waiting"] == 2


def test_circles_and_long_chains_end() -> None:
    first = last = Slots()
    for _ in range(2_000):
        last.inner = last = Slots()
    last.inner = [first]
    assert [size for path, size in census(first).items() if path.startswith("server.")] == [1]


def test_a_module_s_own_variable_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("focus_signal.made_up")
    module.__dict__["seen"] = {"ana": 1}
    monkeypatch.setitem(__import__("sys").modules, module.__name__, module)
    before = census(Slots())
    module.__dict__["seen"]["bo"] = 2
    assert left_over(before, census(Slots())) == {"focus_signal.made_up:seen": (1, 2)}


def test_a_number_for_each_close_is_no_map_that_grows() -> None:
    assert "server.inner" not in census(Slots({"done": 3, "too-slow": 1}))
    assert census(Slots({"done": 3, "ana": 1}))["server.inner"] == 2
    assert census(Slots({"done": [1]}))["server.inner"] == 1


async def test_two_looks_at_a_server_at_rest_are_the_same() -> None:
    async with open_server(Config(), []) as server:
        before = census(server)
        assert any("_sessions" in path or "_by_user" in path for path in before)
        assert census(server) == before
        assert left_over(before, census(server)) == {}


def test_only_what_has_grown_is_left_over() -> None:
    assert left_over({"a": 1, "b": 2, "c": 3}, {"a": 2, "b": 2, "c": 1, "d": 1, "e": 0}) == {
        "a": (1, 2),
        "d": (0, 1),
    }
