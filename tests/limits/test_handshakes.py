"""Handshakes that are not over: with one too many the oldest is cut, and whoever is honest is served."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import trio
from attrs import evolve

from focus_signal.server.admission import Admission
from focus_signal.server.config import TransportName
from focus_signal.server.descriptors import Room
from tests.limits.stage import INSTANT, QUIET, Mutant, Stage, caught, open_stage, play, simulated
from tests.server.hostile.answers import Wanted, faults, read_all
from tests.server.hostile.honest import meet
from tests.server.hostile.peer import finish_handshake, request, shake_hands
from tests.server.test_link_tls import Contexts, contexts  # noqa: F401 - a fixture

HALF = 20


async def _is_cut(stream: trio.abc.ReceiveStream) -> bool:
    """Tell whether a stream has been cut, without an answer."""
    with trio.move_on_after(INSTANT):
        try:
            return not await stream.receive_some()
        except trio.BrokenResourceError:
            return True
    return False


async def the_oldest_is_cut(transport: TransportName) -> None:
    async with open_stage(evolve(QUIET, max_handshakes=3), transport) as stage:
        pair = await meet(stage.enter)
        # Silent, or in the middle: it is all the same.
        first, second, third = [await stage.dial(f"203.0.113.{number}") for number in range(3)]
        await second.send_all(request()[:HALF])
        await trio.sleep(INSTANT)
        assert stage.server.statistics().handshakes == 3
        assert not await _is_cut(first), "the third is one that may be"
        await stage.dial("203.0.113.9")
        assert stage.server.statistics().handshakes == 3
        assert [await _is_cut(each) for each in (first, second, third)] == [True, False, False]
        await stage.dial("203.0.113.10")
        assert [await _is_cut(each) for each in (second, third)] == [True, False]
        # Who was slow, and is not the oldest, is served.
        await third.send_all(request("/signal?userId=slow"))
        slow = await finish_handshake(third)
        await pair.relay(3)
        await slow.part()
        await pair.part()


async def honest_ones_are_served(transport: TransportName) -> None:
    """However many are silent: a request that takes a way of its own is there before as many have come."""
    async with open_stage(evolve(QUIET, max_handshakes=4), transport) as stage:
        for number in range(20):
            await stage.dial(f"203.0.113.{number}")
            stream = await stage.dial(f"198.51.100.{number}")
            for other in range(3):
                await stage.dial(f"192.0.2.{other}")
            peer = await shake_hands(stream, f"/signal?userId=user-{number}")
            await peer.part()
            assert stage.server.statistics().handshakes <= 4


async def no_limit(transport: TransportName) -> None:
    async with open_stage(evolve(QUIET, max_handshakes=0), transport) as stage:
        streams = [await stage.dial(f"203.0.113.{number}") for number in range(60)]
        assert stage.server.statistics().handshakes == 60
        for number, stream in enumerate(streams):
            await (await shake_hands(stream, f"/signal?userId=user-{number}")).part()


async def those_that_are_over_do_not_count(transport: TransportName) -> None:
    async with open_stage(evolve(QUIET, max_handshakes=2), transport) as stage:
        first = await stage.dial("203.0.113.1")
        for number in range(5):
            late = await stage.dial("203.0.113.2")
            await (await shake_hands(late, f"/signal?userId=user-{number}")).part()
            gone = await stage.dial("203.0.113.3")
            await stage.leave(gone)
        assert not await _is_cut(first)
        assert stage.server.statistics().handshakes == 1


async def who_was_answered_goes_first(transport: TransportName) -> None:
    """Who has its answer and does not leave has waited for nothing, and keeps what it was told."""
    async with open_stage(evolve(QUIET, max_handshakes=2), transport) as stage:
        silent = await stage.dial("203.0.113.1")
        told = await stage.dial("203.0.113.2")
        await told.send_all(b"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n")
        await trio.sleep(INSTANT)
        assert stage.server.statistics().handshakes == 2
        late = await stage.dial("203.0.113.3")
        assert not await _is_cut(silent)
        assert faults(await read_all(told), Wanted(404, "Not Found")) == []
        await (await shake_hands(late, "/signal?userId=late")).part()
        await (await shake_hands(silent, "/signal?userId=silent")).part()


test_the_oldest_is_cut = simulated(the_oldest_is_cut)
test_honest_ones_are_served = simulated(honest_ones_are_served)
test_no_limit = simulated(no_limit, only="native")
test_who_was_answered_goes_first = simulated(who_was_answered_goes_first, only="native")
test_those_that_are_over_do_not_count = simulated(those_that_are_over_do_not_count)


async def _over_tls(contexts: Contexts, transport: TransportName) -> None:  # noqa: F811 - what a fixture gives
    """A link that cannot be ended at once is cut as well."""

    def secure(stage: Stage, stream: trio.abc.Stream) -> trio.SSLStream[trio.abc.Stream]:
        return trio.SSLStream(stream, contexts.client, server_hostname="127.0.0.1", https_compatible=True)

    def wrap(listener: trio.abc.Listener[Any]) -> trio.abc.Listener[Any]:
        return trio.SSLListener(listener, contexts.server, https_compatible=True)

    async with open_stage(evolve(QUIET, max_handshakes=2), transport, wrap=wrap) as stage:
        # One has said nothing at all, the other has a secure channel and says nothing there.
        first = await stage.dial()
        second = secure(stage, await stage.dial())
        await second.do_handshake()
        assert stage.server.statistics().handshakes == 2
        assert not await _is_cut(first)
        third = secure(stage, await stage.dial())
        assert stage.server.statistics().handshakes == 2
        assert await _is_cut(first)
        peer = await shake_hands(third, "/signal?userId=ana")
        await peer.say({"type": "matchmaking", "matchSize": 1})
        assert (await peer.hear())["peers"] == ["ana"]
        for _ in range(2):
            await stage.dial()
        assert await _is_cut(second)
        await stage.leave(peer.stream)


@pytest.mark.parametrize("transport", ["native", "trio-websocket"])
def test_over_tls(contexts: Contexts, transport: TransportName) -> None:  # noqa: F811 - a fixture
    play(partial(_over_tls, contexts), transport)


_real_init = Admission.__attrs_post_init__
_real_handshaking: Callable[..., Any] = Admission.handshaking


def _changed(change: int) -> list[tuple[Any, str, Any]]:
    def init(self: Admission) -> None:
        self.room = Room(self.room.connections, self.room.handshakes + change)
        _real_init(self)

    return [(Admission, "__attrs_post_init__", init)]


def _cuts_the_newest(self: Admission) -> None:
    self._unanswered.popitem()[1]()


def _counts_on(self: Admission, link: Any) -> Any:
    self._unanswered[link, "once more"] = lambda: None  # type: ignore[index]
    return _real_handshaking(self, link)


def _only_counts(self: Admission) -> None:
    """Forget the oldest one and leave it as it is."""
    self._unanswered.pop(next(iter(self._unanswered)))


test_mutants_are_caught = caught(
    [
        Mutant("one more", the_oldest_is_cut, _changed(1)),
        Mutant("one less", the_oldest_is_cut, _changed(-1)),
        Mutant("any number", the_oldest_is_cut, _changed(1000)),
        Mutant("the newest is cut", the_oldest_is_cut, [(Admission, "_end_oldest", _cuts_the_newest)]),
        Mutant("none is cut", the_oldest_is_cut, [(Admission, "_end_oldest", _only_counts)]),
        Mutant(
            "those that are over count",
            those_that_are_over_do_not_count,
            [(Admission, "handshaking", _counts_on)],
        ),
        Mutant("all are alike", who_was_answered_goes_first, [(Admission, "note_answer", lambda *_: None)]),
    ]
)
