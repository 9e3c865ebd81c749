"""What an address counts as, how many come from it, and how its failures are forgiven."""

from __future__ import annotations

import math
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from focus_signal.access import addresses
from focus_signal.access.addresses import Addresses, key_of
from tests.access.planting import Planted, caught


def test_loopback_and_what_has_no_address_do_not_count() -> None:
    for address in (None, "127.0.0.1", "127.255.255.254", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1"):
        assert key_of(address) is None, address


def test_four() -> None:
    assert key_of("198.51.100.7") == "198.51.100.7"
    assert key_of("::ffff:198.51.100.7") == key_of("::FFFF:c633:6407") == "198.51.100.7"
    assert key_of("12.7.0.1") == "12.7.0.1"


def test_six_by_its_first_half() -> None:
    assert key_of("2001:db8:1:2::1") == key_of("2001:DB8:1:2:ffff:ffff:ffff:ffff") == "2001:db8:1:2::/64"
    assert key_of("2001:db8:1:3::1") == "2001:db8:1:3::/64"
    assert key_of("fe80::1%eth0") == key_of("fe80::2%7") == "fe80::/64"


@pytest.mark.parametrize("odd", ["unix", "", "1.2.3", "1.2.3.4.5", "::g", "1:2:3", "%", "a%b", "\N{SNOWMAN}"])
def test_what_is_no_address_counts_as_itself(odd: str) -> None:
    assert key_of(odd) == odd


@given(st.integers(0, 2**128 - 1), st.integers(0, 2**64 - 1))
def test_one_key_for_a_half(number: int, other: int) -> None:
    first = IPv6Address(number)
    if first.ipv4_mapped is not None or number >> 64 == 0:
        return  # these are told apart above
    second = IPv6Address((number >> 64 << 64) + other)
    beside = IPv6Address((number + (1 << 64)) % 2**128)
    assert key_of(str(first)) == key_of(str(second)) == key_of(first.exploded)
    assert key_of(str(beside)) != key_of(str(first))


@given(st.integers(0, 2**32 - 1))
def test_mapped_or_not(number: int) -> None:
    four = IPv4Address(number)
    assert key_of(f"::ffff:{four}") == key_of(str(four)) == (None if four.is_loopback else str(four))


def test_so_many_at_once() -> None:
    known = Addresses(2, math.inf)
    for _ in range(2):
        assert not known.is_full("a")
        known.enter("a")
    assert known.is_full("a")
    assert not known.is_full("b")
    known.leave("a")
    assert not known.is_full("a")
    known.leave("a")
    assert len(known) == 0


def test_any_number_at_once() -> None:
    known = Addresses(math.inf, math.inf)
    for _ in range(10_000):
        known.enter("a")
    assert not known.is_full("a")


def test_so_many_failures() -> None:
    known = Addresses(math.inf, 3)
    for _ in range(2):
        known.fail("a", 0.0)
        assert known.wait_for("a", 0.0) == 0.0
    known.fail("a", 0.0)
    assert known.wait_for("a", 0.0) == 20.0
    assert known.wait_for("a", 15.0) == 5.0
    assert known.wait_for("a", 20.0) == 0.0
    assert known.wait_for("b", 0.0) == 0.0
    # Then one is there again, and no more than that.
    known.fail("a", 20.0)
    assert known.wait_for("a", 20.0) == 20.0


def test_more_failures_make_it_no_worse() -> None:
    known = Addresses(math.inf, 3)
    for _ in range(100):
        known.fail("a", 0.0)
    assert known.wait_for("a", 0.0) == 20.0


def test_no_bound_on_failures() -> None:
    known = Addresses(math.inf, math.inf)
    for _ in range(100):
        known.fail("a", 0.0)
    assert known.wait_for("a", 0.0) == 0.0
    assert len(known) == 0


def test_forgotten_after_a_minute() -> None:
    known = Addresses(math.inf, 3)
    for number in range(10):
        known.fail(f"{number}", float(number))
    known.enter("5")
    known.forget(59.999)
    assert len(known) == 10
    known.forget(64.0)
    assert len(known) == 5, "0 to 4 have gone, and 5 is still here"
    known.fail("6", 65.0)
    known.forget(124.999)
    assert len(known) == 2
    known.forget(125.0)
    assert len(known) == 1
    known.leave("5")
    assert len(known) == 0


def test_a_new_failure_forgets_the_old_ones() -> None:
    known = Addresses(math.inf, 3)
    for number in range(100):
        known.fail(f"{number}", float(number * 61))
        assert len(known) == 1


def test_the_oldest_is_forgotten_where_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "_MOST_REMEMBERED", 3)
    known = Addresses(math.inf, 1)
    for number in (1, 2, 3, 1, 4):
        known.fail(f"{number}", 0.0)
    assert [known.wait_for(f"{number}", 0.0) > 0 for number in (1, 2, 3, 4)] == [True, False, True, True]


_real_fail = Addresses.fail


def _holds_all(self: Any, key: str, now: float) -> None:
    self._failures[key] = self._held(key, now) + 1.0, now


def _stays_in_place(self: Any, key: str, now: float) -> None:
    order = list(self._failures)
    _real_fail(self, key, now)
    for name in order:
        if name in self._failures:
            self._failures.move_to_end(name)


def _forgets_all(self: Any, now: float) -> None:
    self._failures.clear()


def _leaves_a_nought(self: Any, key: str) -> None:
    self._open[key] -= 1


test_faults_are_caught = caught(
    [
        Planted(
            "half as much of an address",
            test_six_by_its_first_half,
            addresses,
            "_SUBNET",
            (1 << 128) - (1 << 80),
        ),
        Planted(
            "twice as much of it", test_six_by_its_first_half, addresses, "_SUBNET", (1 << 128) - (1 << 32)
        ),
        Planted("half a minute", test_so_many_failures, addresses, "_MINUTE", 30.0),
        Planted("more than a minute", test_forgotten_after_a_minute, addresses, "_MINUTE", 61.0),
        Planted("all failures weigh", test_more_failures_make_it_no_worse, Addresses, "fail", _holds_all),
        Planted(
            "order of the first failure", test_forgotten_after_a_minute, Addresses, "fail", _stays_in_place
        ),
        Planted(
            "nothing is forgotten",
            test_a_new_failure_forgets_the_old_ones,
            Addresses,
            "forget",
            lambda *_: None,
        ),
        Planted("all is forgotten", test_forgotten_after_a_minute, Addresses, "forget", _forgets_all),
        Planted("who left is remembered", test_so_many_at_once, Addresses, "leave", _leaves_a_nought),
        Planted("nobody is full", test_so_many_at_once, Addresses, "is_full", lambda *_: False),
    ]
)
