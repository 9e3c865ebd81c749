"""Before the upgrade: every bad handshake gets its whole answer, then the end of the stream."""

from __future__ import annotations

import pytest
import trio
from attrs import evolve

from focus_signal import open_server
from focus_signal.server import pages
from focus_signal.server.admission import Admission
from focus_signal.server.config import TransportName
from tests.server.hostile.answers import Wanted, read_all
from tests.server.hostile.crowds import WHILE_DRAINING
from tests.server.hostile.handshake_precedence import ALLOWED, ALLOWED_ORIGINS, DOUBLY, ORIGINS
from tests.server.hostile.handshake_sizes import BODIES, HALVES, LIMITS, PAGES, UNFINISHED, sized_head
from tests.server.hostile.handshake_table import BAD_HANDSHAKES, ODD_HANDSHAKES, BadHandshake, head
from tests.server.hostile.inputs import Input, bring, http_input, welcome_input
from tests.server.hostile.living import QUIET, Living, check_inputs, living_server, quiet_on
from tests.server.transports import BOTH

GUARDED = evolve(QUIET, allowed_origins=(ALLOWED,))


async def test_every_bad_handshake_gets_its_answer(caplog: pytest.LogCaptureFixture) -> None:
    assert len(BAD_HANDSHAKES) >= 45
    async with living_server(caplog) as living:
        await check_inputs(living, [http_input(row) for row in BAD_HANDSHAKES])


async def test_of_two_faults_the_first_counts(caplog: pytest.LogCaptureFixture) -> None:
    async with living_server(caplog, GUARDED) as living:
        await check_inputs(living, [http_input(row) for row in DOUBLY])


@BOTH
async def test_odd_handshakes_are_welcomed(
    transport: TransportName, caplog: pytest.LogCaptureFixture
) -> None:
    async with living_server(caplog, quiet_on(transport)) as living:
        await check_inputs(living, [welcome_input(*row) for row in ODD_HANDSHAKES])


@BOTH
async def test_pages_of_other_origins_get_403(
    transport: TransportName, caplog: pytest.LogCaptureFixture
) -> None:
    async with living_server(caplog, evolve(GUARDED, transport=transport)) as living:
        await check_inputs(living, [http_input(row) for row in ORIGINS])
        await check_inputs(living, [welcome_input(*row) for row in ALLOWED_ORIGINS])


async def test_pages_of_any_origin_may_connect_where_none_is_named(caplog: pytest.LogCaptureFixture) -> None:
    async with living_server(caplog) as living:
        await check_inputs(living, [welcome_input(row.name, row.sent) for row in ORIGINS])


@BOTH
async def test_limits_bite_just_beyond_their_number(
    transport: TransportName, caplog: pytest.LogCaptureFixture
) -> None:
    assert len(sized_head(8192)) == 8192
    async with living_server(caplog, quiet_on(transport)) as living:
        await check_inputs(living, [welcome_input(limit.within, limit.inside) for limit in LIMITS])
        await check_inputs(living, [http_input(limit.beyond) for limit in LIMITS])


async def test_what_never_ends_is_answered_at_its_limit(caplog: pytest.LogCaptureFixture) -> None:
    async with living_server(caplog) as living:
        await check_inputs(living, [http_input(row) for row in UNFINISHED])


async def test_a_peer_that_is_still_sending_can_read_its_answer(caplog: pytest.LogCaptureFixture) -> None:
    """Both ways round: the answer is read while a megabyte is still being sent, and after all of it was."""
    async with living_server(caplog) as living:
        await check_inputs(living, [http_input(row) for row in BODIES])
        await check_inputs(living, [http_input(row, reads_late=True) for row in BODIES])


async def test_silence_on_a_socket_is_closed_and_not_reset(caplog: pytest.LogCaptureFixture) -> None:
    """How long it is waited for is tested on virtual time; a reset is only seen on a socket."""
    async with living_server(caplog, evolve(QUIET, handshake_timeout=0.1)) as living:
        stream = await living.dial()
        with trio.fail_after(10):
            assert await read_all(stream) == b""


async def test_a_head_that_ends_halfway_is_told_so(caplog: pytest.LogCaptureFixture) -> None:
    async with living_server(caplog) as living:
        await check_inputs(living, [http_input(row, end=True) for row in HALVES])


async def test_pages_are_answered_in_http_1_0_and_1_1(caplog: pytest.LogCaptureFixture) -> None:
    async with living_server(caplog) as living:
        await check_inputs(living, [http_input(row) for row in PAGES])


async def test_a_draining_server_says_so(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    async with open_server(QUIET) as server:
        await server.drain(10.0)  # nobody is there, so this is done at once, and the server stays as it is
        await check_inputs(Living(server), WHILE_DRAINING)


def _lets_everybody_in(*_: object) -> None:
    pass


def _keeps_the_stream(_: int, text: str, __: object = (), *, head_only: bool = False) -> bytes:
    return b"" if head_only else text.encode()


@pytest.mark.parametrize(
    ("owner", "name", "bug", "played"),
    [
        (Admission, "check", _lets_everybody_in, http_input(ORIGINS[0])),
        (pages, "render", _keeps_the_stream, http_input(BAD_HANDSHAKES[0])),
        (pages, "_METHODS", ("GET", "HEAD", "POST"), http_input(BODIES[1])),
    ],
)
async def test_a_bug_shows(
    owner: object,
    name: str,
    bug: object,
    played: Input,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with living_server(caplog, GUARDED) as living:
        assert not (await bring(played, living, 10)).faults
        with monkeypatch.context() as planting:
            planting.setattr(owner, name, bug)
            assert (await bring(played, living, 1)).faults


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(401, "Pages of this origin"),
        Wanted(403, "Pages of that origin"),
        Wanted(403, "Pages of this origin", {"Retry-After": "1"}),
        Wanted(403, "", head_only=True),
    ],
)
async def test_another_answer_than_the_wanted_one_shows(
    wanted: Wanted, caplog: pytest.LogCaptureFixture
) -> None:
    async with living_server(caplog, GUARDED) as living:
        outcome = await bring(http_input(BadHandshake("", ORIGINS[0].sent, wanted)), living, 10)
        assert outcome.faults
        assert not http_input(BadHandshake("", head(), wanted)).admits(outcome.answer)
