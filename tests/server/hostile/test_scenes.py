"""What takes time or a crowd, once each on a real socket: against settings of a few tenths of a second."""

from __future__ import annotations

import pytest
import trio
from attrs import evolve

from focus_signal import open_server
from focus_signal.access.rates import Meter
from focus_signal.errors import HttpRefused
from focus_signal.server.config import Config
from focus_signal.server.connection import Connection
from focus_signal.server.front_door import FrontDoor
from focus_signal.server.outbox import Outbox
from tests.server.hostile.crowds import crowd_of, full_house
from tests.server.hostile.handshake_precedence import ALLOWED
from tests.server.hostile.inputs import Input, bring
from tests.server.hostile.living import QUIET, Living, check_inputs, living_server
from tests.server.hostile.scenes import DEADLINES, OVERFLOWS, PASSED
from tests.server.hostile.traces import until

SECONDS = 20.0
FEW = evolve(QUIET, max_connections=3, allowed_origins=(ALLOWED,))
PENDING = 3
SETTINGS: dict[str, Config] = {
    "no byte at all": evolve(QUIET, handshake_timeout=0.1),
    "half a head, and no more": evolve(QUIET, handshake_timeout=0.1),
    "a head that comes a byte now and then": evolve(QUIET, handshake_timeout=0.2),
    "a peer that answers no ping": evolve(QUIET, ping_interval=0.1, pong_timeout=0.1),
    "a peer that talks on behind our close frame": evolve(QUIET, close_timeout=0.1),
    "messages without end, more than are taken": evolve(
        QUIET, message_rate=10, message_burst=50, rate_grace=0.2, close_timeout=0.2
    ),
    "a peer that takes nothing of what it is sent": evolve(QUIET, write_timeout=0.2, close_timeout=0.2),
}
# As what a connection is counted that does not end in good order.
COUNTED = {
    "a peer that answers no ping": {"no-pong": 1},
    "a peer that talks on behind our close frame": {"text-only": 1},
    "messages without end, more than are taken": {"flood": 1},
    "a peer that takes nothing of what it is sent": {"too-slow": 1},
}
WAITING = {each.name: each for each in DEADLINES}


@pytest.mark.parametrize("name", WAITING)
async def test_a_deadline_on_a_real_socket(name: str, caplog: pytest.LogCaptureFixture) -> None:
    async with living_server(caplog, SETTINGS[name]) as living:
        await check_inputs(living, [WAITING[name]], SECONDS)
        with trio.fail_after(SECONDS):
            await until(lambda: _counted(living) == COUNTED.get(name, {}))


@pytest.mark.parametrize("played", OVERFLOWS, ids=lambda each: each.name)
async def test_more_than_may_wait_for_a_peer(played: Input, caplog: pytest.LogCaptureFixture) -> None:
    async with living_server(caplog, evolve(QUIET, outbox_bytes=200_000, close_timeout=0.5)) as living:
        await check_inputs(living, [played], SECONDS)
        with trio.fail_after(SECONDS):
            await until(lambda: _counted(living) == {"too-slow": 1})


async def test_1e999_is_passed_on(caplog: pytest.LogCaptureFixture) -> None:
    async with living_server(caplog) as living:
        await check_inputs(living, PASSED)


async def test_a_full_server_says_so(caplog: pytest.LogCaptureFixture) -> None:
    async with living_server(caplog, FEW) as living:
        await check_inputs(living, full_house())


async def test_the_oldest_of_too_many_handshakes_is_cut(caplog: pytest.LogCaptureFixture) -> None:
    async with living_server(caplog, evolve(QUIET, max_handshakes=PENDING)) as living:
        await check_inputs(living, [crowd_of(PENDING)])


def _counted(living: Living) -> dict[str, int]:
    return {name: number for name, number in living.server.statistics().closed.items() if name != "done"}


def _garbage(*_: object, **__: object) -> HttpRefused:
    return HttpRefused(400, "This is no HTTP request.")


def _nothing(*_: object, **__: object) -> None:
    pass


def _true(*_: object) -> bool:
    return True


@pytest.mark.parametrize(
    ("owner", "name", "bug", "played"),
    [
        (FrontDoor, "_gave_up", _garbage, WAITING["half a head, and no more"]),
        (Connection, "judge_silence", _nothing, WAITING["a peer that answers no ping"]),
        (Meter, "_note", _nothing, WAITING["messages without end, more than are taken"]),
        (Meter, "takes_all", _true, WAITING["messages without end, more than are taken"]),
        (Outbox, "put", _true, OVERFLOWS[0]),
    ],
)
async def test_a_bug_shows(
    owner: type,
    name: str,
    bug: object,
    played: Input,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level("CRITICAL")
    monkeypatch.setattr(owner, name, bug)
    async with open_server(SETTINGS.get(played.name, QUIET)) as server:
        assert (await bring(played, Living(server), 0.7)).faults
