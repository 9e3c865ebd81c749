"""Policies: what each chooses, that a log fits or says where it does not, and that trees have every leaf."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from focus_signal.errors import NondeterminismError, PlanError
from focus_signal.testing.determinism.policies import (
    Chooser,
    Policy,
    Tree,
    pct,
    policy_named,
    replay,
    shuffle,
    single_step,
)

SEEDS = st.integers(0, 2**64)


def permute(chooser: Chooser, tasks: Sequence[int]) -> list[int]:
    """Order tasks as the scheduler does with a batch."""
    ready = list(tasks)
    order = [ready.pop(chooser.choose(ready)) for _ in range(len(ready) - 1)]
    return order + ready


@given(SEEDS, st.lists(st.integers(2, 9), max_size=20))
@pytest.mark.parametrize("make", [shuffle, single_step, pct])
def test_a_policy_begins_the_same_anew(make: type[Policy], seed: int, sizes: list[int]) -> None:
    policy = policy_named({shuffle: "shuffle", single_step: "single-step", pct: "pct"}[make], seed)
    first, second = policy.begin(), policy.begin()
    choices = [first.choose(range(size)) for size in sizes]
    assert [second.choose(range(size)) for size in sizes] == choices
    assert all(0 <= choice < size for choice, size in zip(choices, sizes, strict=True))
    assert policy_named(policy.name, seed) == policy
    first.end()


def test_shuffle_gives_every_order_about_as_often() -> None:
    chooser = shuffle(1).begin()
    counts = dict.fromkeys(permutations(range(3)), 0)
    for _ in range(6000):
        counts[tuple(permute(chooser, range(3)))] += 1
    assert all(850 < count < 1150 for count in counts.values()), counts


def test_seeds_differ() -> None:
    assert len({tuple(permute(shuffle(seed).begin(), range(10))) for seed in range(50)}) == 50


def test_only_shuffle_stays_within_trio() -> None:
    assert [policy_named(name, 1).beyond_trio for name in ("shuffle", "single-step", "pct", "pct:7")] == [
        False,
        True,
        True,
        True,
    ]
    assert [replay([]).beyond_trio, replay([], "step").beyond_trio] == [False, True]


def test_pct_keeps_to_the_highest_priority_but_for_its_changes() -> None:
    for seed in range(30):
        chooser = pct(seed, depth=1).begin()
        first = chooser.choose([3, 4, 5])
        assert [chooser.choose([3, 4, 5]) for _ in range(50)] == [first] * 50
        # Who comes later may stand above, but nothing changes between the others.
        assert chooser.choose([3, 4, 5, 9]) in {first, 3}


def test_pct_changes_at_most_one_less_than_its_depth() -> None:
    changes: list[int] = []
    for seed in range(100):
        chooser = pct(seed, depth=4, steps=20).begin()
        taken = [chooser.choose([0, 1, 2, 3, 4]) for _ in range(40)]
        assert len(set(taken[20:])) == 1
        changes.append(sum(one != other for one, other in pairwise(taken)))
    assert max(changes) == 3


def test_a_log_is_taken_again() -> None:
    chooser = replay([2, 0, 1]).begin()
    assert [chooser.choose(range(size)) for size in (3, 2, 4)] == [2, 0, 1]
    chooser.end()


def test_a_log_that_does_not_fit_says_where() -> None:
    chooser = replay([1, 2]).begin()
    chooser.choose([0, 1])
    with pytest.raises(PlanError, match="choice 1 of the schedule is 2, but 2 tasks are ready"):
        chooser.choose([0, 1])
    with pytest.raises(PlanError, match="the run ended at choice 1 of 2 in the schedule"):
        chooser.end()
    with pytest.raises(PlanError, match="the schedule ends after 0 choices, and 2 tasks are ready there"):
        replay([]).begin().choose([0, 1])


def test_what_is_no_log_is_refused() -> None:
    with pytest.raises(PlanError, match="choice 1 of the schedule is -1"):
        replay([0, -1])
    with pytest.raises(PlanError, match="kind is 'steps'"):
        replay([0], "steps")  # type: ignore[arg-type]


def test_names() -> None:
    assert policy_named("pct:4", 7) == pct(7, depth=4)
    assert policy_named("pct", 7).name == "pct:3"
    for wrong in ("", "random", "pct:", "pct:x", "pct:-1", "pct:²", "shuffle:2", "pct:3:1", "replay"):
        with pytest.raises(PlanError, match="allowed are shuffle, single-step, pct and pct:DEPTH"):
            policy_named(wrong, 0)
    with pytest.raises(PlanError, match="depth is 0"):
        policy_named("pct:0", 0)
    with pytest.raises(PlanError, match="steps is 0"):
        pct(0, steps=0)


@given(st.lists(st.integers(2, 4), max_size=4))
def test_a_tree_has_every_leaf_once(sizes: list[int]) -> None:
    tree = Tree()
    leaves: list[tuple[int, ...]] = []
    more = True
    while more:
        chooser = tree.begin()
        leaves.append(tuple(chooser.choose(range(size)) for size in sizes))
        chooser.end()
        more = tree.advance()
    expected = 1
    for size in sizes:
        expected *= size
    assert len(leaves) == len(set(leaves)) == expected


def test_a_tree_sees_that_the_run_changed() -> None:
    tree = Tree()
    chooser = tree.begin()
    chooser.choose([0, 1])
    chooser.choose([0, 1])
    assert tree.advance()
    with pytest.raises(NondeterminismError, match=r"at choice 0, \[0, 1\], now \[0, 2\]"):
        tree.begin().choose([0, 2])
    chooser = tree.begin()
    chooser.choose([0, 1])
    with pytest.raises(NondeterminismError, match="2 choices before, now 1"):
        chooser.end()
