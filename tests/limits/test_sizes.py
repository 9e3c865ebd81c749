"""Sizes of heads, names and messages: other numbers than the defaults hold as exactly, and 0 is no limit."""

from __future__ import annotations

from typing import Any

from attrs import evolve

from focus_signal.server.config import TransportName
from focus_signal.wire import frames as codec
from focus_signal.wire.http_head import HeadReader
from focus_signal.wire.plain_upgrade import PlainUpgrades
from focus_signal.wire.seed_dialect import SeedDialect
from tests.limits.stage import QUIET, Mutant, Stage, caught, gather, offer, open_stage, pour, simulated
from tests.server.hostile import frames
from tests.server.hostile.answers import Wanted
from tests.server.hostile.handshake_table import head
from tests.server.hostile.peer import finish_handshake

FREE = evolve(QUIET, relay_scope="any", byte_rate=0, message_rate=0, max_failures_per_address=0)


async def _served(stage: Stage, *requests: bytes) -> None:
    for asked in requests:
        stream = await stage.dial()
        await stream.send_all(asked)
        await (await finish_handshake(stream)).part()


def _head_of(size: int) -> bytes:
    """Write a request of so many bytes."""
    return head(add=b"X-Fill: %b\r\n" % (b"a" * (size - len(head(add=b"X-Fill: \r\n")))))


def _lines_of(count: int) -> bytes:
    """Write a request of so many header lines."""
    return head(add=b"X: y\r\n" * (count - 5))


def _user_of(size: int, letter: str = "u", padding: str = "") -> bytes:
    return head(f"GET /signal?userId={letter * size}{padding} HTTP/1.1")


def _careful(asked: bytes) -> bytes:
    """Write the same so that it is none of those that are read at a glance."""
    return asked.replace(b"Upgrade: websocket", b"Upgrade:websocket")


async def heads(transport: TransportName) -> None:
    target = len("/signal?userId=") + 10
    for setting, most, make, wanted in (
        ("head_bytes", 400, _head_of, Wanted(431, "larger than 400 bytes")),
        ("head_lines", 9, _lines_of, Wanted(431, "more than 9 header lines")),
        (
            "target_bytes",
            target,
            lambda size: _user_of(size - target + 10),
            Wanted(414, f"than {target} bytes"),
        ),
        ("user_bytes", 7, _user_of, Wanted(414, "at most 7 bytes, not 8")),
    ):
        changed: dict[str, Any] = {setting: most}
        async with open_stage(evolve(FREE, **changed), transport) as stage:
            pair = make(most), make(most + 1)
            await _served(stage, pair[0], _careful(pair[0]) if setting != "head_bytes" else pair[0])
            assert await stage.ask(wanted, asked=pair[1]) == [], setting
    async with open_stage(evolve(FREE, user_bytes=6), transport) as stage:
        await _served(stage, _user_of(3, "%C3%BC"), _user_of(1, "%F0%9F%8E%A5", "ab"))
        assert await stage.ask(Wanted(414, "at most 6 bytes, not 7"), asked=_user_of(3, "%C3%BC", "a")) == []


async def heads_without_limits(transport: TransportName) -> None:
    changed: dict[str, Any] = dict.fromkeys(("head_bytes", "head_lines", "target_bytes", "user_bytes"), 0)
    async with open_stage(evolve(FREE, **changed), transport) as stage:
        requests = (_head_of(60_000), _lines_of(1000), _user_of(30_000))
        await _served(stage, *requests, *map(_careful, requests))


async def messages(transport: TransportName) -> None:
    async with open_stage(evolve(FREE, frame_bytes=500), transport) as stage:
        ana = await stage.enter("ana")
        await pour(ana, offer("ana", 500, mark="largest"))
        parts = offer("ana", 500, mark="in parts")
        await ana.send(frames.fragments(parts[:200], parts[200:]))
        assert await gather(ana) == ["largest", "in parts"]
        bo, cleo = await stage.enter("bo"), await stage.enter("cleo")
        await pour(bo, offer("bo", 501))
        parts = offer("cleo", 501)
        await cleo.send(frames.fragments(parts[:200], parts[200:]))
        for peer in (bo, cleo):
            assert [each[:10] for each in await gather(peer)][:1] == ["close 1009"]
        await pour(ana, offer("ana", mark="still there"))
        assert await gather(ana) == ["still there"]


async def fragments(transport: TransportName) -> None:
    async with open_stage(evolve(FREE, max_fragments=3), transport) as stage:
        ana, bo = await stage.enter("ana"), await stage.enter("bo")
        message = offer("ana", mark="in three")
        await ana.send(frames.fragments(message[:9], message[9:20], message[20:]))
        await ana.send(frames.fragments(message[:9], b"", message[9:]))
        assert await gather(ana) == ["in three"] * 2
        await bo.send(frames.fragments(message[:9], message[9:20], message[20:30], message[30:]))
        assert await gather(bo) == ["close 1009 too-big", "eof"]
        await pour(ana, message)
        assert await gather(ana) == ["in three"]


async def messages_without_limits(transport: TransportName) -> None:
    async with open_stage(evolve(FREE, frame_bytes=0, max_fragments=0, outbox_bytes=0), transport) as stage:
        ana = await stage.enter("ana")
        large = offer("ana", 600_000, mark="large")
        await pour(ana, large)
        assert await gather(ana) == ["large"]
        small = offer("ana", mark="in many")
        await ana.send(frames.fragments(*[b""] * 200, small))
        assert await gather(ana) == ["in many"]


def _nested(levels: int) -> bytes:
    """Write an offer with a field that is nested so deep; the offer itself is no level."""
    return b'{"type":"offer","to":"ana","sdp":%b"x"%b}' % (b"[" * levels, b"]" * levels)


async def nesting(transport: TransportName) -> None:
    async with open_stage(evolve(FREE, nesting=4), transport) as stage:
        ana = await stage.enter("ana")
        for deep in (4, 5, 4):
            await ana.send(frames.text(_nested(deep)))
        assert [_kind(await ana.hear()) for _ in range(3)] == ["offer", "bad-message", "offer"]
    async with open_stage(evolve(FREE, nesting=0), transport) as stage:
        ana = await stage.enter("ana")
        await ana.send(frames.text(_nested(100)))
        assert _kind(await ana.hear()) == "offer"
        # Beyond what can be parsed there is an error; the connection, and the server, go on.
        for deep in (1_000, 100_000):
            await ana.send(frames.text(_nested(deep)))
            assert _kind(await ana.hear()) in {"offer", "bad-message"}
        await pour(ana, offer("ana", mark="still there"))
        assert await gather(ana) == ["still there"]


async def names_in_messages(transport: TransportName) -> None:
    async with open_stage(evolve(FREE, user_bytes=5), transport) as stage:
        ana = await stage.enter("ana")
        for to in ("12345", "123456"):
            await ana.say({"type": "offer", "to": to, "sdp": 1})
        assert [_kind(await ana.hear()) for _ in range(2)] == ["peer-unavailable", "bad-message"]
    async with open_stage(evolve(FREE, user_bytes=0), transport) as stage:
        ana = await stage.enter("ana")
        await ana.say({"type": "offer", "to": "u" * 5000, "sdp": 1})
        assert _kind(await ana.hear()) == "peer-unavailable"


def _kind(message: dict[str, Any]) -> str:
    return str(message.get("code", message["type"]))


test_heads = simulated(heads, only="native")
test_heads_without_limits = simulated(heads_without_limits, only="native")
test_messages = simulated(messages)
test_fragments = simulated(fragments, only="native")
test_messages_without_limits = simulated(messages_without_limits)
test_nesting = simulated(nesting, only="native")
test_names_in_messages = simulated(names_in_messages, only="native")

_real_head, _real_plain, _real_reader, _real_dialect = (
    HeadReader.__init__,
    PlainUpgrades.__attrs_post_init__,
    codec.FrameReader.__init__,
    SeedDialect.__init__,
)


def _head_limits(name: str, change: int) -> list[tuple[Any, str, Any]]:
    def init(self: Any, limits: Any) -> None:
        _real_head(self, evolve(limits, **{name: getattr(limits, name) + change}))

    # What is read at a glance would not come to the reader that is changed.
    return [(HeadReader, "__init__", init), (PlainUpgrades, "read", lambda *_: None)]


def _frame_limits(size: int, count: int) -> list[tuple[Any, str, Any]]:
    def init(self: Any, max_bytes: int, max_fragments: int) -> None:
        _real_reader(self, max_bytes + size, max_fragments + count)

    return [(codec.FrameReader, "__init__", init)]


def _dialect_limits(name: str, change: int) -> list[tuple[Any, str, Any]]:
    def init(self: Any, **settings: Any) -> None:
        _real_dialect(self, **{**settings, name: settings[name] + change})

    return [(SeedDialect, "__init__", init)]


def _glance(change: int) -> list[tuple[Any, str, Any]]:
    def init(self: Any) -> None:
        self._limits = evolve(self._limits, user_bytes=self._limits.user_bytes + change)
        _real_plain(self)

    return [(PlainUpgrades, "__attrs_post_init__", init)]


test_mutants_are_caught = caught(
    [
        *(
            Mutant(f"{name} off by {change}", heads, _head_limits(name, change))
            for name in ("head_bytes", "head_lines", "target_bytes")
            for change in (1, -1)
        ),
        Mutant("user_bytes off by 1 at a glance", heads, _glance(1)),
        Mutant("frame_bytes off by 1", messages, _frame_limits(1, 0)),
        Mutant("frame_bytes off by -1", messages, _frame_limits(-1, 0)),
        Mutant("max_fragments off by 1", fragments, _frame_limits(0, 1)),
        Mutant("max_fragments off by -1", fragments, _frame_limits(0, -1)),
        Mutant("nesting off by 1", nesting, _dialect_limits("max_nesting", 1)),
        Mutant("nesting off by -1", nesting, _dialect_limits("max_nesting", -1)),
        Mutant("user_bytes off by 1 in a message", names_in_messages, _dialect_limits("max_user_bytes", 1)),
        Mutant("user_bytes off by -1 in a message", names_in_messages, _dialect_limits("max_user_bytes", -1)),
    ]
)
