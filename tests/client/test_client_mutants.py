"""Mistakes planted in the client above the session, each caught by a test of the client."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from types import ModuleType
from typing import Any

import pytest
import trio
from trio.testing import MockClock
from trio_websocket import ConnectionClosed

from focus_signal.client import backoff, client, inbox, keeper, link, opening
from tests.client import test_client, test_closing, test_connecting, test_reconnecting
from tests.fuzz.planting import Plant, changed, in_place_of, mistaken

Check = Callable[..., Awaitable[None]]


def in_keeper(right: str, wrong: str) -> Plant:
    return changed(opening, "Keeper", keeper, right, wrong)


def in_client(right: str, wrong: str) -> Plant:
    return changed(opening, "Client", client, right, wrong)


def in_link(right: str, wrong: str) -> Plant:
    @contextmanager
    def planted() -> Iterator[None]:
        module = mistaken(link, right, wrong)
        with ExitStack() as stack:
            # What it raises is what the keeper catches.
            for name in ("open_link", "LinkEnded"):
                stack.enter_context(in_place_of(keeper, name, partial(getattr, module, name))())
            yield

    return planted


def in_part(name: str, module: ModuleType, right: str, wrong: str) -> Plant:
    return changed(opening, name, module, right, wrong)


MISTAKES: dict[str, tuple[Plant, Check]] = {
    "the goodbye's answer is not waited for": (
        in_keeper("                        await link.wait_closed()\n", "                        pass\n"),
        test_closing.test_closing_is_bounded,
    ),
    "what was asked for does not go out before the end": (
        in_keeper(
            "while (frame := self._session.next_frame()) is not None:",
            "while self._end is None and (frame := self._session.next_frame()) is not None:",
        ),
        test_closing.test_what_was_asked_for_goes_out_before_the_end,
    ),
    "who is cancelled says no goodbye": (
        in_client("self._scope.shield = True", "pass"),
        test_closing.test_a_client_that_is_cancelled_closes,
    ),
    "closing takes as long as the server likes": (
        in_client("move_on_after(self._settings.close_timeout, shield=True)", "CancelScope(shield=True)"),
        test_closing.test_closing_is_bounded_when_nothing_can_be_sent,
    ),
    "who waits for an answer is not told of the end": (
        in_client("            waiting.tell(self._why_ended())\n", "            pass\n"),
        test_closing.test_who_waits_when_the_client_is_closed_is_told,
    ),
    "what was not sent is asked for all the same": (
        in_client("if self._session.unanswered.withdraw(request):", "if request.sent:"),
        test_client.test_a_request_that_is_cancelled_before_it_was_sent,
    ),
    "a refusal for which nobody waits is swallowed": (
        in_client("        elif error is not None:\n", "        elif False:\n"),
        partial(test_client.test_a_twin_does_not_wait, "signal"),
    ),
    "events have no bound": (
        in_part(
            "Inbox", inbox, "if self._events and self.size + size > self._most:", "if not frame_bytes < 1e9:"
        ),
        test_client.test_too_many_events_end_the_client,
    ),
    "a server that breaks the protocol hears nothing of it": (
        in_keeper('await link.close(_BROKEN, "protocol-broken")', "await link.wait_closed()"),
        test_client.test_a_server_that_breaks_the_protocol_is_left,
    ),
    "a silent server is not asked": (
        in_keeper("            self._session.ping()\n", ""),
        test_reconnecting.test_a_silent_server_is_asked_and_then_left,
    ),
    "a silent server is not left": (
        in_keeper("if link.heard == heard:", "if link.heard < heard:"),
        test_reconnecting.test_a_silent_server_is_asked_and_then_left,
    ),
    "a server's pings are no signs of life": (
        in_link("        self.heard = trio.current_time()\n", "        self.heard += 0.0\n"),
        test_reconnecting.test_a_servers_pings_are_signs_of_life,
    ),
    "a server that does not read is waited for": (
        in_link("trio.move_on_after(self._settings.write_timeout)", "trio.move_on_after(1000)"),
        test_reconnecting.test_a_server_that_does_not_read_is_left,
    ),
    "a welcome is waited for for ever": (
        in_keeper("opening.deadline = trio.current_time() + self._settings.connect_timeout", "pass"),
        test_connecting.test_a_welcome_that_does_not_come_is_not_waited_for,
    ),
    "the delays do not grow": (
        in_part("Backoff", backoff, "self._cap * 2", "self._cap"),
        test_reconnecting.test_the_delay_doubles_up_to_its_limit_and_begins_anew,
    ),
    "the delays never shrink": (
        in_part("Backoff", backoff, "if lived >= STEADY:", "if lived < 0:"),
        test_reconnecting.test_the_delay_doubles_up_to_its_limit_and_begins_anew,
    ),
    "what is asked of who goes away is forgotten": (
        in_keeper("self._asked_to_wait = float(event.reconnect_in)", "pass"),
        test_reconnecting.test_going_away_is_heeded,
    ),
    "any refusal is tried again": (
        in_link("final=status < 500 and status not in _TRY_AGAIN", "final=False"),
        partial(test_connecting.test_a_later_connection_that_fails, "403"),
    ),
    "a handshake that has ended is waited for": (
        in_link("self._on_end()", "pass"),
        partial(test_connecting.test_a_first_connection_that_fails, "end"),
    ),
    "the user id of a server's choice is forgotten": (
        in_keeper("self._user if welcome is None else welcome.user_id", "self._user"),
        test_reconnecting.test_a_user_id_that_the_server_chose_is_kept,
    ),
    "closing waits for the next attempt": (
        in_keeper(
            "            self._end = end\n            self._idle.cancel()\n", "            self._end = end\n"
        ),
        test_reconnecting.test_closing_while_it_is_away,
    ),
}


def run(check: Check) -> None:
    clock = MockClock(autojump_threshold=0)

    async def bounded() -> None:
        with trio.fail_after(200_000):
            await check(autojump_clock=clock)

    trio.run(bounded, clock=clock)


def failures(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for each in error.exceptions for leaf in failures(each)]
    return [error]


@pytest.mark.parametrize("name", MISTAKES)
def test_the_mistake_is_caught(name: str) -> None:
    plant, check = MISTAKES[name]
    with plant(), pytest.raises((Exception, BaseExceptionGroup, pytest.fail.Exception)) as caught:
        run(check)
    seen: Any = (AssertionError, trio.TooSlowError, ConnectionClosed, pytest.fail.Exception)
    assert any(isinstance(leaf, seen) for leaf in failures(caught.value)), caught.value
