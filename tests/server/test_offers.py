"""What visitors offer with their handshake, as the front door hands it on: bytes in, a visitor out."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterable
from types import ModuleType

import pytest
from attrs import define
from trio.testing import MockClock

from focus_signal.server import front_door
from focus_signal.server.admission import Admission
from focus_signal.server.config import Config
from focus_signal.server.descriptors import Room
from focus_signal.server.front_door import FrontDoor, Visitor
from focus_signal.wire.subprotocols import V1, V1Offer
from tests.server.hostile.answers import Wanted, faults
from tests.server.hostile.handshake_table import head
from tests.server.hostile.peer import KEY
from tests.server.scripted_link import ScriptedLink

HERE = "203.0.113.7"
ALLOWED = "https://friends.example"
NO_NAME = Wanted(400, "Sec-WebSocket-Protocol must be a list of names that are tokens.")
BAD_KEY = Wanted(400, "Sec-WebSocket-Key must be there once, as 16 bytes in base64.")
FORBIDDEN = Wanted(403, "Pages of this origin may not connect.")
CONTROL = Wanted(400, "userId must have no control characters.")
NO_UTF_8 = Wanted(400, "userId must be UTF-8.")


@define(eq=False)
class ReadyLink(ScriptedLink):
    """Be a link of which something has come before anybody waits."""

    here: bytes | None = None

    def receive_nowait(self) -> bytes | None:
        here, self.here = self.here, None
        return here


def asking(query: str, *offers: str | bytes, add: bytes = b"") -> bytes:
    """Write a handshake that offers something, line by line."""
    lines = (offer if isinstance(offer, bytes) else offer.encode("latin-1") for offer in offers)
    offered = b"".join(b"Sec-WebSocket-Protocol: %b\r\n" % line for line in lines)
    return head(f"GET /signal{query} HTTP/1.1", add=offered + add)


def open_door(config: Config | None = None, make: type[FrontDoor] = FrontDoor) -> tuple[FrontDoor, Admission]:
    config = Config(linger_timeout=0.1) if config is None else config
    admission = Admission(config, Room(10, 10), lambda: False)
    return make(config, admission), admission


async def entering(
    door: FrontDoor, pieces: Iterable[bytes], *, ready: bool
) -> tuple[Visitor | None, ScriptedLink, bool]:
    """Bring a request in pieces; the first may be there already. Tells whether a glance was enough."""
    link = ReadyLink()
    first, *rest = pieces
    if ready:
        link.here = first
    else:
        rest = [first, *rest]
    link.says(*rest)
    link.ends()
    seen = door.look(link, None)
    if isinstance(seen, Visitor):
        return seen, link, True
    return await door.receive(link, seen, math.inf, None), link, False


async def visitor(sent: bytes, config: Config | None = None, make: type[FrontDoor] = FrontDoor) -> Visitor:
    """Let somebody in, in whatever pieces, and see that this makes no difference."""
    found: list[Visitor] = []
    for pieces in ([sent], [sent[:60], sent[60:]], [sent[at : at + 1] for at in range(len(sent))][:90]):
        whole = [*pieces, sent[len(b"".join(pieces)) :]]
        for ready in (True, False):
            door, _ = open_door(config, make)
            came, link, _ = await entering(door, [piece for piece in whole if piece], ready=ready)
            assert came is not None, bytes(link.got)
            assert not link.got
            found.append(came)
    first, *others = found
    # What was read behind a request depends on the pieces.
    assert all(other == first for other in others)
    return first


async def refused(sent: bytes, config: Config | None = None, make: type[FrontDoor] = FrontDoor) -> bytes:
    door, _ = open_door(config, make)
    came, link, _ = await entering(door, [sent], ready=True)
    assert came is None
    return bytes(link.got)


NAMED = "?userId=ana"
ENTERING: list[tuple[str, bytes, str, V1Offer | None]] = [
    ("nothing is offered", asking(NAMED), "ana", None),
    ("nothing is named", asking(NAMED, ""), "ana", None),
    ("something else is offered", asking(NAMED, "chat, superchat"), "ana", None),
    ("a later version is offered", asking(NAMED, "focus-signal.v2"), "ana", None),
    ("a session without its protocol", asking(NAMED, "resume.x.5"), "ana", None),
    ("v1", asking(NAMED, V1), "ana", V1Offer()),
    ("v1 among others", asking(NAMED, f"chat,\t{V1} , superchat"), "ana", V1Offer()),
    ("v1 in the second line", asking(NAMED, "chat", V1), "ana", V1Offer()),
    ("a session", asking(NAMED, f"{V1}, resume.x-_Y.17"), "ana", V1Offer("x-_Y", 17)),
    ("a session in a line of its own", asking(NAMED, V1, "resume.x.0"), "ana", V1Offer("x", 0)),
    ("a token", asking(NAMED, f"{V1}, token.a.b.c"), "ana", V1Offer(token="a.b.c")),
    ("all of it", asking(NAMED, f"{V1}, token.t, resume.x.5"), "ana", V1Offer("x", 5, "t")),
    ("a malformed session", asking(NAMED, f"{V1}, resume.x"), "ana", V1Offer(malformed=True)),
    ("v1 without a user", asking("", V1), "", V1Offer()),
    ("v1 without a user, in another way", asking("?x=1", V1), "", V1Offer()),
    ("v1 with an empty user", asking("?userId=", f"{V1}, resume.x.1"), "", V1Offer("x", 1)),
    ("the longest session", asking(NAMED, f"{V1}, resume.{'x' * 4096}.5"), "ana", V1Offer("x" * 4096, 5)),
    ("a user of other letters", asking("?userId=%C3%A9+%E2%82%AC", V1), "\u00e9 \u20ac", V1Offer()),
    ("the longest user", asking(f"?userId={'u' * 128}", V1), "u" * 128, V1Offer()),
    # The seed's dialect keeps its rules.
    ("the seed's, without a user", asking("", "chat"), "", None),
    ("the seed's, with a control character", asking("?userId=a%01", "chat"), "a\x01", None),
    ("the seed's, with what is no UTF-8", asking("?userId=a%FF"), "a\ufffd", None),
]
REFUSED: list[tuple[str, bytes, Wanted]] = [
    ("what is no name", asking(NAMED, "a b"), NO_NAME),
    ("what is no name, besides v1", asking(NAMED, V1, "a/b"), NO_NAME),
    ("what is no ASCII", asking(NAMED, f"{V1}, \xe9"), NO_NAME),
    ("bytes that are no UTF-8", asking(NAMED, b"\xff"), NO_NAME),
    ("a control character in the user", asking("?userId=a%0Ab", V1), CONTROL),
    ("another one", asking("?userId=%C2%80", V1), CONTROL),
    ("a user that is no UTF-8", asking("?userId=%FF", V1), NO_UTF_8),
    (
        "a user that is too long",
        asking(f"?userId={'u' * 129}", V1),
        Wanted(414, "userId must be at most 128"),
    ),
    # In their order: the upgrade, what is offered, who it is, and from where.
    ("a bad upgrade and a bad offer", asking(NAMED, "a b").replace(KEY.encode(), b"x"), BAD_KEY),
    ("a bad offer and a bad user", asking("?userId=%00", V1, "a b"), NO_NAME),
    ("a bad user of a bad page", asking("?userId=%00", V1, add=b"Origin: https://e.example\r\n"), CONTROL),
    ("a bad page", asking(NAMED, V1, add=b"Origin: https://e.example\r\n"), FORBIDDEN),
]
CONFIG = Config(allowed_origins=(ALLOWED,), linger_timeout=0.1)


@pytest.mark.parametrize(
    ("sent", "user", "offer"), [row[1:] for row in ENTERING], ids=[row[0] for row in ENTERING]
)
async def test_who_comes_in(sent: bytes, user: str, offer: V1Offer | None, autojump_clock: MockClock) -> None:
    assert await visitor(sent) == Visitor(user, KEY, b"", offer)


@pytest.mark.parametrize(("sent", "wanted"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
async def test_who_does_not(sent: bytes, wanted: Wanted, autojump_clock: MockClock) -> None:
    assert faults(await refused(sent, CONFIG), wanted) == []


async def test_a_user_that_is_longer_than_v1_allows(autojump_clock: MockClock) -> None:
    """However much a server takes from seed clients."""
    config = Config(user_bytes=0, linger_timeout=0.1)
    long = f"?userId={'u' * 129}"
    assert (await visitor(asking(long), config)).user == "u" * 129
    told = await refused(asking(long, V1), config)
    assert faults(told, Wanted(400, "userId must be at most 128 bytes, not 129.")) == []


async def test_who_is_refused_counts(autojump_clock: MockClock) -> None:
    config = Config(max_failures_per_address=1, linger_timeout=0.1)
    door, admission = open_door(config)
    link = ScriptedLink()
    link.says(asking(NAMED, "a b"))
    link.ends()
    assert await door.receive(link, None, math.inf, HERE) is None
    assert not admission.lets_in(HERE)


async def test_what_is_behind_the_request_is_kept(autojump_clock: MockClock) -> None:
    door, _ = open_door()
    for ready in (True, False):
        came, _, _ = await entering(door, [asking(NAMED, V1) + b"\x81\x80rest"], ready=ready)
        assert came == Visitor("ana", KEY, b"\x81\x80rest", V1Offer())


async def test_a_glance_is_enough_for_who_offers_nothing(autojump_clock: MockClock) -> None:
    """And whoever offers something is always read with care, however often the same has come before."""
    door, _ = open_door()
    for _ in range(3):
        for sent, at_once in (
            (asking(NAMED), True),
            (asking(NAMED, V1), False),
            (asking(NAMED, "chat"), False),
            (asking(NAMED, f"{V1}, resume.x.5"), False),
        ):
            came, _, glanced = await entering(door, [sent], ready=True)
            assert came is not None
            assert glanced is at_once


MISTAKES = [
    ('offer = offer_of(head.values("sec-websocket-protocol"))', "offer = None"),
    ('head.values("sec-websocket-protocol")', 'head.values("sec-websocket-protocol")[:1]'),
    ('head.values("sec-websocket-protocol")', 'head.tokens("sec-websocket-protocol")'),
    ("if offer is not None:\n", "if True:\n"),
    ("user = v1_user_of_query(head.query)", "pass"),
    (
        "return Visitor(user, websocket_key, read_ahead, offer)",
        "return Visitor(user, websocket_key, read_ahead)",
    ),
]


@pytest.mark.parametrize(("right", "wrong"), MISTAKES)
async def test_a_mistake_is_found(right: str, wrong: str, autojump_clock: MockClock) -> None:
    source = inspect.getsource(front_door)
    assert source.count(right) == 1, f"{right!r} does not stand once in {front_door.__name__}"
    module = ModuleType("mistaken")
    exec(compile(source.replace(right, wrong), "mistaken", "exec"), module.__dict__)  # noqa: S102 - the door itself, with one change
    make = module.__dict__["FrontDoor"]

    async def differs(sent: bytes, wanted: object, config: Config) -> bool:
        door, _ = open_door(config, make)
        link = ScriptedLink()
        link.says(sent)
        link.ends()
        came = await door.receive(link, None, math.inf, None)
        # Of another module's class, so by what it holds.
        shown = (came.user, came.offer) if came is not None else bytes(link.got)[:40]
        return shown != wanted

    found = [
        await differs(sent, (user, offer), Config(linger_timeout=0.1)) for _, sent, user, offer in ENTERING
    ]
    for _, sent, wanted in REFUSED:
        found.append(await differs(sent, (await refused(sent, CONFIG))[:40], CONFIG))
        assert wanted.status
    assert any(found)
