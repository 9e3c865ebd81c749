"""The size of a message: never less than what it takes on the wire, and it grows with each text in it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any, get_args

import msgspec
from msgspec.structs import replace

from focus_signal.core import effects, sizes
from focus_signal.core.effects import (
    Ack,
    GoingAway,
    MatchEnded,
    MatchProposed,
    Message,
    PeerAway,
    PeerBack,
    PeerJoined,
    PeerLeft,
    Pong,
    ProposalView,
    Queued,
    Refused,
    Relayed,
    RoomClosed,
    RoomEntered,
    RoomFound,
    RoomView,
    SessionIssued,
    State,
    TicketView,
    Welcome,
)
from focus_signal.core.tokens import RoomRecord, SessionToken
from focus_signal.wire.v1 import V1Dialect, V1Settings
from tests.access.planting import Planted, caught
from tests.core.effort import instructions_of

BIG = (1 << 53) - 1
ROOM = "0b9b3f52-0000-4000-8000-000000000000"
VIEW = RoomView(ROOM, ("ana", "bob"), ("ana",), "ABCD1234", ("bob",), ("ana",))
TICKET = TicketView("pool", BIG, BIG, BIG)
PROPOSAL = ProposalView(ROOM, BIG, BIG)
RECORD = RoomRecord(ROOM, "ABCD1234", BIG, "backfill", BIG, ("ana", "bob"), ("bob",))
TOKEN = SessionToken(ROOM, BIG, ROOM, "ana", BIG, BIG, RECORD)
EXAMPLES: tuple[Message, ...] = (
    Relayed("ana", "ice-candidate", b',"candidate":null'),
    RoomFound(ROOM, ("ana", "bob")),
    Refused("peer-unavailable", "nobody of this name can be reached", "bob", BIG, BIG),
    RoomEntered(VIEW),
    Queued(TICKET),
    MatchProposed(PROPOSAL),
    MatchEnded("party-ended"),
    RoomClosed(ROOM, "removed"),
    PeerJoined("bob"),
    PeerAway("bob", BIG),
    PeerBack("bob", resumed=False),
    PeerLeft("bob", "replaced"),
    Ack(BIG),
    Pong(),
    Welcome("ana", False, BIG, BIG, State(TICKET, PROPOSAL, VIEW), "superseded"),
    SessionIssued(TOKEN),
    GoingAway(BIG),
)
FIXED = ("kind", "reason")
"""Fields that have one of a few values."""
NAMES = ("ana", "user-" * 25, "\N{GRINNING FACE}" * 32, "\N{LATIN SMALL LETTER E WITH ACUTE}" * 64)


def seal(token: SessionToken) -> str:
    """Make a text as long as that of a token: version, key id and signature are sealed with its content."""
    return b64encode(bytes(1 + 4 + 32) + msgspec.json.encode(token)).decode()


SETTINGS = V1Settings(16, 128, 16, 1 << 18, 30, 1 << 18, 50, 100, 1 << 20, 1 << 21, 20)
DIALECT = V1Dialect(SETTINGS, seal)
NEVER_KEPT = (RoomFound, Pong, Welcome)
KEPT = (
    *(example for example in EXAMPLES if not isinstance(example, NEVER_KEPT)),
    SessionIssued(replace(TOKEN, room=None)),
)


def wire(message: Message) -> int:
    return len(DIALECT.encode(message, BIG))


def changed(value: Any, change: Callable[[str], str]) -> Iterator[Any]:
    """Make copies of a value in each of which one text is another, or one payload."""
    if isinstance(value, str):
        yield change(value)
    elif isinstance(value, bytes):
        yield change(value.decode()).encode()
    elif isinstance(value, tuple):
        for place, each in enumerate(value):
            yield from ((*value[:place], other, *value[place + 1 :]) for other in changed(each, change))
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            if name in FIXED:
                continue
            yield from (replace(value, **{name: other}) for other in changed(getattr(value, name), change))


def const(text: str) -> Callable[[str], str]:
    return lambda _: text


def adding(more: str) -> Callable[[str], str]:
    return lambda text: text + more


def test_there_is_an_example_of_each_kind() -> None:
    assert [type(example) for example in EXAMPLES] == list(get_args(effects.Message))


def test_no_less_than_on_the_wire() -> None:
    for example in KEPT:
        assert wire(example) <= sizes.size_of(example) <= 1_600
        for name in NAMES:
            for message in changed(example, const(name)):
                assert wire(message) <= sizes.size_of(message)


def test_a_room_of_many() -> None:
    names = tuple(f"{number:02}{NAMES[1][2:]}" for number in range(64))
    room = RoomView(ROOM, names, names[:-1], "ABCD1234", names[32:], names[:32])
    record = RoomRecord(ROOM, "A" * 32, 64, "backfill", BIG, names, names[32:])
    for message in (RoomEntered(room), SessionIssued(replace(TOKEN, room=record))):
        assert wire(message) <= sizes.size_of(message) <= 1.3 * wire(message)
    short = replace(room, peers=tuple("abcdefgh") * 100)
    assert wire(RoomEntered(short)) <= sizes.size_of(RoomEntered(short))


def test_it_grows_with_each_text() -> None:
    longer = 0
    for example in EXAMPLES:
        before = sizes.size_of(example)
        for more in ("x" * 100, "\N{GRINNING FACE}" * 25):
            for message in changed(example, adding(more)):
                longer += 1
                assert before + 100 <= sizes.size_of(message) <= before + 100 + 3 * 60 + 60
    assert longer > 60
    assert sizes._inside((b"x" * 100, 1)) == 100 + 3 * sizes._EACH, "whatever a new kind may have"


def test_most_messages_cost_little() -> None:
    relayed, ack = Relayed("ana", "offer", bytes(100_000)), Ack(1)
    assert 0 < instructions_of(lambda: sizes.size_of(relayed)) < 90
    assert 0 < instructions_of(lambda: sizes.size_of(ack)) < 50


_size_of, _inside = sizes.size_of, sizes._inside


def _slowly(message: Message) -> int:
    return sizes.LEAST + _inside(message)


FAULTS: list[tuple[str, Callable[[], None], str, Any]] = [
    ("an object is nothing", test_no_less_than_on_the_wire, "LEAST", 20),
    ("one byte each", test_no_less_than_on_the_wire, "_text", len),
    ("pointers are free", test_a_room_of_many, "_EACH", 0),
    ("all are alike", test_it_grows_with_each_text, "size_of", lambda _: 1_000),
    (
        "payloads are free",
        test_it_grows_with_each_text,
        "size_of",
        lambda m: 300 if type(m) is Relayed else _size_of(m),
    ),
    ("a token grows like others", test_a_room_of_many, "size_of", _slowly),
    ("slowly", test_most_messages_cost_little, "size_of", _slowly),
]
test_faults_are_caught = caught(
    [Planted(about, test, sizes, name, thing) for about, test, name, thing in FAULTS]
)
