"""The small parts of the client: URLs, delays, close codes, unread events."""

from __future__ import annotations

import math

import pytest
import trio

from focus_signal.client.backoff import Backoff
from focus_signal.client.closes import Ending, judge
from focus_signal.client.events import Disconnected
from focus_signal.client.inbox import Inbox
from focus_signal.client.opening import open_client
from focus_signal.client.target import Target, read_url
from tests.client.host import Chance

URLS = {
    "ws://a.test/signal": Target(False, "a.test", 80, "/signal", "", False),
    "wss://a.test": Target(True, "a.test", 443, "/", "", False),
    "ws://127.0.0.1:8000/x?y=1&z": Target(False, "127.0.0.1", 8000, "/x", "y=1&z", False),
    "ws://[::1]:9/s?userId=": Target(False, "::1", 9, "/s", "userId=", True),
    "WS://A.test/S?a=userId": Target(False, "a.test", 80, "/S", "a=userId", False),
}


@pytest.mark.parametrize("url", URLS)
def test_reading_a_url(url: str) -> None:
    assert read_url(url) == URLS[url]


@pytest.mark.parametrize(
    "url",
    ["", "http://a.test", "ws:///x", "ws://a.test:99999", "ws://u@a.test", "ws://a.test#x", "ws://a.test/ä"],
)
def test_what_is_no_url(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_url(url)


def test_what_is_asked_for() -> None:
    plain, full, named = (read_url(f"ws://a.test/s{query}") for query in ("", "?x=1", "?userId=bo"))
    assert plain.resource(None) == "/s"
    assert plain.resource("a b&c/ä") == "/s?userId=a%20b%26c%2F%C3%A4"
    assert full.resource("ana") == "/s?x=1&userId=ana"
    assert named.resource("bo") == "/s?userId=bo"
    assert [read_url(f"{at}/s").host_header for at in ("ws://a.test", "wss://a.test:80", "ws://[::1]:9")] == [
        "a.test",
        "a.test:80",
        "[::1]:9",
    ]


async def test_a_user_is_named_once() -> None:
    with pytest.raises(ValueError, match="already"):
        async with open_client("ws://a.test/s?userId=bo", "ana"):
            pytest.fail("it is connected")


def test_full_jitter() -> None:
    assert Backoff(0.5, 30, Chance(0.0)).next(0, 0, math.inf) == 0
    backoff = Backoff(0.5, 30, Chance(0.999))
    delays = [backoff.next(0, 0, math.inf) for _ in range(2000)]
    assert delays[:4] == pytest.approx([0.4995, 0.999, 1.998, 3.996])
    assert set(delays[6:]) == {30 * 0.999}
    assert backoff.next(0, 0, 5) == pytest.approx(4.995)
    assert backoff.next(5, 100, math.inf) == pytest.approx(100.4995)
    assert Backoff(5, 3, Chance(0.5)).next(0, 0, math.inf) == 1.5


BACK = {1001, 1005, 1006, 1011, 1012, 1013, *range(4000, 4500)}


def test_every_close_code() -> None:
    for code in range(1000, 5000):
        assert judge(code, "") == Ending(code in BACK)
        assert judge(code, "", new_token=True).back == (code in BACK or code in {4502, 4503})


@pytest.mark.parametrize(
    ("reason", "wait"),
    [
        ("restart", 0),
        ("restart retry=7", 7),
        ("retry=07", 7),
        ("x retry=", 0),
        ("x retry=-1", 0),
        ("x noretry=5", 0),
        ("x retry=5s", 0),
        (f"x retry={10**30}", 0),
    ],
)
def test_what_a_reason_asks_for(reason: str, wait: int) -> None:
    assert judge(1012, reason) == Ending(True, wait)
    assert judge(4501, reason) == Ending(False, 0)


async def test_events_wait_in_order_and_in_bounds() -> None:
    inbox = Inbox(1000)
    first, second, third = (Disconnected("", 1006, number) for number in range(3))
    assert inbox.put(first, 5000)
    assert not inbox.put(second, 0)
    assert await inbox.get() is first
    assert [inbox.put(each, 200) for each in (second, third, first)] == [True, True, False]
    inbox.close()
    assert [await inbox.get() for _ in range(3)] == [second, third, None]
    assert (len(inbox), inbox.size) == (0, 0)


async def test_two_may_wait_for_events() -> None:
    inbox = Inbox(1000)
    came: list[object] = []

    async def take() -> None:
        came.append(await inbox.get())

    event = Disconnected("", 1006, 0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(take)
        nursery.start_soon(take)
        await trio.testing.wait_all_tasks_blocked()
        inbox.put(event, 0)
        await trio.testing.wait_all_tasks_blocked()
        inbox.close()
    assert came == [event, None]
