"""Chance by name: the same in every process, of its own for every name, and in whole steps of time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from focus_signal.testing.identity import room_ids
from focus_signal.testing.keyed import QUANTUM, Key, draw, draw_seconds, generator, quantized
from focus_signal.testing.mixing import Pause, mixer

SEEDS = st.integers(-(2**63), 2**63)
KEYS = st.lists(st.one_of(st.integers(), st.text()), max_size=3)


def test_what_is_drawn_is_this_and_stays_this() -> None:
    """Plans and failures that people have kept replay only as long as these numbers stay."""
    assert draw(7, "up", 3) == 0.2365046374993599
    assert generator(7, "plan").getrandbits(32) == 1362165489
    assert mixer(7, "up", 0.0, 1.0).seconds(3, 4) == 0.6888265609741211


@given(SEEDS, KEYS)
def test_a_draw_is_at_least_0_and_below_1(seed: int, key: list[Key]) -> None:
    assert 0.0 <= draw(seed, *key) < 1.0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((1, "a"), (2, "a")),
        ((1, "a"), (1, "b")),
        ((1, "a", 1), (1, "a", 2)),
        ((1, "a", "b"), (1, "ab")),
        ((1,), (1, "")),
    ],
)
def test_another_seed_or_key_draws_another_number(one: tuple[int, ...], other: tuple[int, ...]) -> None:
    assert draw(*one) != draw(*other)


def test_draws_are_spread_evenly() -> None:
    tenths = [0] * 10
    for number in range(2_000):
        tenths[int(draw(1, "spread", number) * 10)] += 1
    assert all(150 < count < 250 for count in tenths), tenths


@given(st.floats(0, 1e6))
def test_a_quantized_time_is_whole_steps_and_hardly_earlier(seconds: float) -> None:
    time = quantized(seconds)
    assert (time / QUANTUM).is_integer()
    assert 0 <= seconds - time < QUANTUM


@given(SEEDS, st.floats(0, 100), st.floats(0, 100))
def test_a_drawn_time_lies_between_the_two(seed: int, one: float, other: float) -> None:
    low, high = sorted((quantized(one), quantized(other)))
    seconds = draw_seconds(low, high, seed, "t")
    assert low <= seconds <= high
    assert (seconds / QUANTUM).is_integer()
    seconds = mixer(seed, "t", low, high).seconds(seed, 3)
    assert low <= seconds <= high
    assert (seconds / QUANTUM).is_integer()


def test_mixed_times_are_spread_evenly_whichever_number_counts_up() -> None:
    up = mixer(1, "up", 0.0, 1.0)
    for draws in (
        [up.seconds(number) for number in range(2_000)],
        [up.seconds(5, number) for number in range(2_000)],
        [up.seconds(-number, number) for number in range(2_000)],
        [mixer(number, "up", 0.0, 1.0).seconds(1, 1) for number in range(2_000)],
    ):
        tenths = [0] * 10
        for drawn in draws:
            tenths[int(drawn * 10)] += 1
        assert all(150 < count < 250 for count in tenths), tenths
        assert len(set(draws)) > 1_990


@pytest.mark.parametrize("likely", [0.0, 0.25, 1.0])
def test_a_pause_is_as_likely_as_it_is_said_to_be(likely: float) -> None:
    pause = Pause(likely, mixer(3, "pause", 0.0, 2.0))
    pauses = [pause.seconds(number) for number in range(2_000)]
    share = sum(seconds > 0 for seconds in pauses) / 2_000
    assert abs(share - likely) < 0.05
    assert max(pauses) <= 2.0
    # How long a pause is has nothing to do with whether there is one.
    if likely:
        assert max(pauses) > 1.9


def test_room_ids_are_lower_case_uuids_of_version_4_and_all_different() -> None:
    new_id = room_ids(1)
    ids = [new_id() for _ in range(100)]
    assert len(set(ids)) == 100
    for room in ids:
        assert len(room) == 36
        assert room == room.lower()
        assert room[14] == "4"
        assert room[19] in "89ab"
