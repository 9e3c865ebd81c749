"""429 and what comes before it, on real sockets; loopback has no limits by address, so here it is given some.

What the simulated network has to say of addresses is told in tests/simulations.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
import trio
from attrs import evolve

from focus_signal import open_server
from focus_signal.access.addresses import Addresses
from focus_signal.server import server as module
from focus_signal.server.admission import Admission
from tests.server.hostile.answers import Wanted
from tests.server.hostile.crowds import NOT_NOW, TOO_MANY, crowded, fill
from tests.server.hostile.handshake_precedence import ALLOWED, FORBIDDEN, ORIGINS
from tests.server.hostile.handshake_table import NO_HTTP, BadHandshake, head, plain
from tests.server.hostile.inputs import Input, bring, http_input, welcome_input
from tests.server.hostile.living import QUIET, Living, check_inputs, living_server
from tests.server.hostile.traces import until

SECONDS = 20.0
TWO_FROM_ONE = evolve(QUIET, max_connections_per_address=2, allowed_origins=(ALLOWED,))
# Of two failures in a minute one is forgiven in thirty seconds.
TWO_FAILURES = evolve(QUIET, max_failures_per_address=2, allowed_origins=(ALLOWED,))
FAILED_TOO_OFTEN = Wanted(429, "Too many handshakes from this address have failed.", {"Retry-After": "30"})
GARBAGE = BadHandshake("garbage", b"\0\r\n\r\n", NO_HTTP)


def a_key(_: str | None) -> str:
    return "192.0.2.1"


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have everybody come from one address that counts."""
    monkeypatch.setattr(module, "key_of", a_key)


def _is_empty(living: Living) -> Callable[[], bool]:
    return lambda: living.server._admission.connections == 0


def behind_two_from_one() -> tuple[Input, ...]:
    return crowded(
        TOO_MANY,
        ("a rightful handshake", head(), TOO_MANY),
        ("a handshake without a userId", head("GET /signal HTTP/1.1"), TOO_MANY),
        ("an origin that is not allowed", ORIGINS[0].sent, FORBIDDEN),
        ("garbage", GARBAGE.sent, NO_HTTP),
        ("a page", plain("GET /readyz HTTP/1.1"), Wanted(200, "ready")),
    )


@pytest.mark.usefixtures("counted")
async def test_too_many_connections_from_one_address(caplog: pytest.LogCaptureFixture) -> None:
    async with living_server(caplog, TWO_FROM_ONE) as living:
        await check_inputs(living, behind_two_from_one())
        with trio.fail_after(SECONDS):
            await until(_is_empty(living))
        await check_inputs(living, [welcome_input("once they have left", head())])
        assert await fill(living, TOO_MANY) == 2


@pytest.mark.usefixtures("counted")
async def test_too_many_failures_from_one_address(caplog: pytest.LogCaptureFixture) -> None:
    """Neither a refusal for want of room, nor a page, nor 429 itself is a failure; a wrong request is."""
    page = BadHandshake("a page", plain("GET /healthz HTTP/1.1"), Wanted(200, "ok"))
    late = BadHandshake("a rightful handshake", head(), FAILED_TOO_OFTEN)
    async with living_server(caplog, TWO_FAILURES) as living:
        inputs = [
            http_input(page),
            http_input(GARBAGE),
            welcome_input("a rightful handshake between them", head()),
            http_input(ORIGINS[0]),
            http_input(late),
            http_input(page, " once more"),
            http_input(late, " once more"),
        ]
        await check_inputs(living, inputs)
        assert living.server._admission._addresses.wait_for(a_key(None), trio.current_time() + 30) == 0
        # The honest pair at the end comes from the same address.
        living.server._admission._addresses = Addresses(9, 9)


@pytest.mark.usefixtures("counted")
async def test_of_429_and_503_the_first_counts(caplog: pytest.LogCaptureFixture) -> None:
    rows = (
        ("a rightful handshake", head(), TOO_MANY),
        ("a page", plain("GET /readyz HTTP/1.1"), NOT_NOW),
    )
    async with living_server(caplog, evolve(TWO_FROM_ONE, max_connections=2)) as living:
        await check_inputs(living, crowded(TOO_MANY, *rows))


async def test_loopback_has_no_such_limits(caplog: pytest.LogCaptureFixture) -> None:
    config = evolve(TWO_FROM_ONE, max_failures_per_address=1, max_connections=5)
    async with living_server(caplog, config) as living:
        await check_inputs(living, [http_input(GARBAGE), http_input(GARBAGE, " once more")])
        assert await fill(living, NOT_NOW) == 5


def _true(*_: object) -> bool:
    return True


def _false(*_: object) -> bool:
    return False


def _nothing(*_: object) -> None:
    pass


@pytest.mark.parametrize(
    ("owner", "name", "bug"),
    [
        (Admission, "lets_in", _true),
        (Admission, "check", _nothing),
        (Admission, "enter", _nothing),
        (Addresses, "enter", _nothing),
        (Addresses, "is_full", _false),
    ],
)
async def test_a_bug_shows(
    owner: type,
    name: str,
    bug: object,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level("CRITICAL")
    monkeypatch.setattr(module, "key_of", a_key)
    monkeypatch.setattr(owner, name, bug)
    if name == "enter":
        monkeypatch.setattr(owner, "leave", _nothing)
    async with open_server(TWO_FROM_ONE) as server:
        living = Living(server)
        outcomes = [await bring(each, living, 0.5) for each in behind_two_from_one()]
    assert any(outcome.faults for outcome in outcomes)
