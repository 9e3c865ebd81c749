"""The fixture that makes an ordinary test of pytest-trio repeatable."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from types import ModuleType

import pytest

from focus_signal.errors import UnsupportedTrio
from focus_signal.testing import pytest_order
from focus_signal.testing.pytest_order import fixtures_in_order
from tests.plugin.inner import command, printed, reports, run, section, write

pytest_plugins = ["pytester"]

TRIO = "trio_mode = true\n"
RACE = """
    import random, sys, trio, uuid

    # Memory lies otherwise in each process.
    NOISE = [bytearray(size) for size in random.SystemRandom().choices(range(16, 400), k=3000)]

    @pytest.fixture
    async def slow():
        yield await step("slow")

    @pytest.fixture
    async def server():
        async with trio.open_nursery() as nursery:
            nursery.start_soon(step, "server")
            yield nursery

    @pytest.fixture
    async def client(server, slow):
        yield await step("client")

    @pytest.fixture
    def order():
        taken = []
        yield taken

    TAKEN = []

    async def step(name):
        for _ in range(3):
            TAKEN.append(name)
            await trio.sleep(random.choice([0, 1]))

    async def test_it(focus_signal_seed, client, slow, nursery, autojump_clock):
        async with trio.open_nursery() as inner:
            for number in range(6):
                inner.start_soon(step, str(number))
        print(f"\\ntook={focus_signal_seed}", *TAKEN, uuid.uuid4())
        TAKEN.clear()
"""


def test_a_seed_gives_one_order_in_every_process(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(pytester, RACE, ini=TRIO)
    took: list[list[str]] = []
    for hash_seed in ("1", "2"):
        monkeypatch.setenv("PYTHONHASHSEED", hash_seed)
        result = pytester.runpytest_subprocess(
            "-p", "focus_signal.pytest_plugin", "-p", "no:focus_signal", "-s", "--focus-signal-seeds=4"
        )
        result.assert_outcomes(passed=4)
        took.append(printed(result, "took"))
    assert [line.split()[0] for line in took[0]] == ["0", "1", "2", "3"]
    assert took[1] == took[0]
    assert len({line.split(maxsplit=1)[1] for line in took[0]}) == 4


SEEDS = """
    async def test_it(focus_signal_seed):
        print(f"\\nseed={focus_signal_seed}")

    @pytest.mark.parametrize("focus_signal_seed", [8, 9], indirect=True)
    async def test_own(focus_signal_seed):
        print(f"\\nown={focus_signal_seed}")

    @pytest.mark.parametrize(("other", "focus_signal_seed"), [(1, 5)], indirect=["focus_signal_seed"])
    async def test_own_of_two(other, focus_signal_seed):
        print(f"\\ntwo={other} {focus_signal_seed}")

    @pytest.mark.usefixtures("focus_signal_seed")
    async def test_used():
        print(f"\\nused=yes")

    @pytest.fixture
    def asks(focus_signal_seed):
        return focus_signal_seed

    async def test_asked(asks):
        print(f"\\nasked={asks}")
"""


@pytest.mark.parametrize(
    ("options", "seeds"),
    [
        ([], ["0"]),
        (["--focus-signal-seed=6"], ["6"]),
        (["--focus-signal-seeds=3"], ["0", "1", "2"]),
    ],
)
def test_which_seeds(pytester: pytest.Pytester, options: list[str], seeds: list[str]) -> None:
    write(pytester, SEEDS, ini=TRIO)
    result = run(pytester, "-s", *options)
    assert result.ret == pytest.ExitCode.OK
    assert printed(result, "seed") == seeds
    assert printed(result, "own") == ["8", "9"]
    assert printed(result, "two") == ["1 5"]
    assert printed(result, "used") == ["yes"] * len(seeds)
    assert printed(result, "asked") == seeds


def test_a_number_in_the_fixture_s_place_is_an_error(pytester: pytest.Pytester) -> None:
    write(pytester, SEEDS.replace("[8, 9], indirect=True", "[8, 9]"), ini=TRIO)
    result = run(pytester)
    assert result.ret != pytest.ExitCode.OK
    said = "test_it.py::test_own: focus_signal_seed must be parametrized with indirect=True"
    assert said in result.stdout.str() + result.stderr.str()


def test_a_failure_says_which_seed(pytester: pytest.Pytester) -> None:
    write(pytester, "async def test_it(focus_signal_seed):\n    assert focus_signal_seed != 2\n", ini=TRIO)
    first = [report for report in reports(pytester, "--focus-signal-seeds=4") if report.failed]
    said = section(first[0])
    assert said.startswith("seed 2\n")
    assert command(said, "replay") == ["pytest", "test_it.py::test_it[seed2]", "--focus-signal-seed=2"]
    (again,) = reports(pytester, *command(said, "replay")[1:])
    assert section(again) == said
    assert not (pytester.path / ".focus_signal").exists()


def test_it_is_over_when_the_test_is(pytester: pytest.Pytester) -> None:
    write(
        pytester,
        """
        import os, random, trio

        BEFORE = (os.urandom, trio._core._run._r)

        async def test_it(focus_signal_seed):
            assert os.urandom is not BEFORE[0] and trio._core._run._r is not BEFORE[1]
            print(f"\\ndrew={random.random()}")
            assert focus_signal_seed == 7

        def test_after():
            assert (os.urandom, trio._core._run._r) == BEFORE
            print(f"\\nafter={random.random()}")
        """,
        ini=TRIO,
    )
    for _ in range(2):
        result = run(pytester, "-s")
        result.assert_outcomes(passed=1, failed=1)
        assert printed(result, "drew")[0] != printed(result, "after")[0]


# Twelve times the same fixtures, with memory in another disorder each time; how many orders came out?
ORDERS = """
    from focus_signal.testing.determinism.heap_noise import heap_noise

    ORDERS = []

    @pytest.fixture
    def noise(time):
        with heap_noise(time):
            ORDERS.append([])
            yield
"""
for _name in "abcdef":
    ORDERS += f"""
    @pytest.fixture
    async def {_name}():
        ORDERS[-1].append("{_name}")
"""
ORDERS += """
    @pytest.mark.parametrize("time", range(12))
    async def test_it(noise, focus_signal_seed, time, a, b, c, d, e, f):
        assert sorted(ORDERS[-1]) == list("abcdef")

    def test_orders():
        print(f"\\norders={len({tuple(order) for order in ORDERS})}")
"""


def test_fixtures_start_in_one_order(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    write(pytester, ORDERS, ini=TRIO)
    assert printed(run(pytester, "-s"), "orders") == ["1"]
    # pytest-trio's own way gives several; else this test would prove nothing.
    monkeypatch.setattr(pytest_order, "fixtures_in_order", nullcontext)
    assert int(printed(run(pytester, "-s"), "orders")[0]) > 1


def test_without_pytest_trio_nothing_is_to_be_ordered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "pytest_trio.plugin")
    with fixtures_in_order():
        assert "pytest_trio.plugin" not in sys.modules


def test_another_pytest_trio_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pytest_trio.plugin", ModuleType("pytest_trio.plugin"))
    with pytest.raises(UnsupportedTrio, match="it has no register_and_collect"), fixtures_in_order():
        pytest.fail("it cannot begin")
