"""How simulated tests live in pytest: beside pytest-trio, with fixtures, in classes; and what fails them."""

from __future__ import annotations

import re

import pytest

from tests.plugin.inner import printed, reports, run, write

pytest_plugins = ["pytester"]

# Every way in which a test may be written.
SHAPES = """
    from focus_signal.testing.simulation import Simulation

    @pytest.fixture
    def number():
        return 7

    @simulate(seeds=2, level="message")
    async def test_bare(sim: Simulation) -> None:
        print("\\nran=bare")

    @simulate(seeds=2, level="message")
    async def test_fixtures(sim, tmp_path, number):
        assert tmp_path.is_dir() and number == 7
        print("\\nran=fixtures")

    @pytest.mark.parametrize("size", [2, 3])
    @simulate(seeds=2, level="message")
    async def test_parametrized(sim, size):
        assert size in (2, 3)
        print("\\nran=parametrized", size)

    @simulate(seeds=2, level="message")
    @pytest.mark.parametrize("size", [4])
    async def test_mark_below(sim, size):
        print("\\nran=below", size)

    class TestClass:
        @simulate(seeds=1, level="message")
        async def test_method(self, sim, number):
            assert isinstance(self, TestClass) and isinstance(sim, Simulation) and number == 7
            print("\\nran=method")
"""
RAN = ["bare", "bare", "fixtures", "fixtures"]
RAN += [
    "parametrized 2",
    "parametrized 2",
    "parametrized 3",
    "parametrized 3",
    "below 4",
    "below 4",
    "method",
]


@pytest.mark.parametrize("ini", ["trio_mode = true\n", ""])
def test_every_shape_runs(pytester: pytest.Pytester, ini: str) -> None:
    write(pytester, SHAPES, ini=ini)
    result = run(pytester, "-s", "-W", "error")
    result.assert_outcomes(passed=6)
    assert printed(result, "ran") == RAN


def test_they_need_no_pytest_trio(pytester: pytest.Pytester) -> None:
    write(pytester, SHAPES)
    result = pytester.runpytest_subprocess(
        "-p", "no:trio", "-p", "focus_signal.pytest_plugin", "-p", "no:focus_signal", "-s"
    )
    result.assert_outcomes(passed=6)
    assert printed(result, "ran") == RAN


def test_they_need_no_plugin(pytester: pytest.Pytester) -> None:
    write(pytester, SHAPES)
    result = pytester.runpytest_inprocess("-p", "no:focus_signal", "-p", "no:cacheprovider", "-s")
    result.assert_outcomes(passed=6)
    assert printed(result, "ran") == RAN


def test_a_test_is_where_it_was_written(pytester: pytest.Pytester) -> None:
    write(pytester, SHAPES)
    result = run(pytester, "-v")
    result.stdout.fnmatch_lines(
        ["test_it.py::test_bare PASSED *", "test_it.py::TestClass::test_method PASSED *"]
    )


def test_what_sometimes_never_held(pytester: pytest.Pytester) -> None:
    write(
        pytester,
        """
        from focus_signal.testing.noticed import sometimes

        @simulate(seeds=3, level="message")
        async def test_never(sim):
            sometimes("late answer", sim.seed > 2)
            sometimes("second seed", sim.seed == 1)

        @simulate(seeds=4, level="message")
        async def test_once(sim):
            sometimes("late answer", sim.seed > 2)
        """,
    )
    # Of fewer seeds than the test asks for nothing can be said.
    assert [report.outcome for report in reports(pytester, "--focus-signal-seeds=2")] == ["passed"] * 2
    never, once = reports(pytester)
    assert "SimulationFailed: in none of 3 seeds: late answer" in never.longreprtext
    assert "second seed" not in never.longreprtext.split("SimulationFailed")[1]
    assert once.passed


# Eight objects in the order in which memory has them: the same twice only by a rare chance.
PLANTED = """
    class Peer:
        pass

    async def sends(sim, order):
        ana, bo = await sim.clients("ana", "bo")
        for index in order:
            await ana.say(f"{index}")

    @simulate(seeds=2, level="message")
    async def test_set(sim):
        peers = [Peer() for _ in range(8)]
        await sends(sim, [peers.index(peer) for peer in set(peers)])

    @simulate(seeds=2, level="message")
    async def test_id(sim):
        peers = [Peer() for _ in range(8)]
        await sends(sim, sorted(range(8), key=lambda index: id(peers[index])))

    @simulate(seeds=2, level="message")
    async def test_good(sim):
        peers = {Peer(): index for index in range(8)}
        await sends(sim, peers.values())
"""


def test_check_determinism_catches_what_follows_the_memory(pytester: pytest.Pytester) -> None:
    write(pytester, PLANTED)
    of_set, of_id, good = reports(pytester, "--focus-signal-check-determinism")
    assert good.passed
    for report in (of_set, of_id):
        said = "NondeterminismError: two runs of seed 0 differ in what the test did:"
        assert said in report.longreprtext
        one, other = re.findall(r"[-+] Say\(.*, text='(\d)', id=\d+", report.longreprtext)
        assert one != other


def test_without_the_check_they_pass(pytester: pytest.Pytester) -> None:
    write(pytester, PLANTED)
    run(pytester).assert_outcomes(passed=3)


def test_the_check_does_not_hide_what_the_first_run_raised(pytester: pytest.Pytester) -> None:
    write(pytester, PLANTED.replace('say(f"{index}")', 'say(f"{index}")\n        assert sim.seed == 7', 1))
    report = reports(pytester, "--focus-signal-check-determinism")[0]
    assert "NondeterminismError" in report.longreprtext
    assert "assert sim.seed == 7" in report.longreprtext


def test_what_no_seed_decides_fails_at_once(pytester: pytest.Pytester) -> None:
    write(
        pytester,
        """
        import time

        @simulate(seeds=2, level="message")
        async def test_it(sim):
            time.monotonic()
        """,
    )
    (report,) = reports(pytester)
    assert "NondeterminismError: time.monotonic() was called in a simulation" in report.longreprtext
    assert "test_it.py:9" in report.longreprtext


def test_no_seeds_are_an_error(pytester: pytest.Pytester) -> None:
    write(pytester, "@simulate(seeds=0)\nasync def test_it(sim): ...\n")
    result = run(pytester)
    result.assert_outcomes(errors=1)
    assert "PlanError: seeds must be one at least, not 0" in result.stdout.str()
