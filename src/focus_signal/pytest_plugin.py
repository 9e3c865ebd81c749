"""The pytest plugin: options for simulated tests, reports of failed ones, and a seed for ordinary Trio tests.

Every run of pytest loads it where the package is installed, used or not, so it loads nothing itself: what
simulates is imported when an option, a fixture or a failure asks for it.
"""

from argparse import ArgumentTypeError
from collections.abc import Generator, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

if TYPE_CHECKING:
    from focus_signal.testing.settings import Settings

FIXTURE = "focus_signal_seed"
_PREFIX = "--focus-signal"
_TITLE = "focus-signal"
_MOST_SEED = 2**63 - 1
_MOST_SEEDS = 1_000_000
_REPLAYED = pytest.StashKey[str]()
"""The node id of the test that is replayed."""
_BEFORE = pytest.StashKey[dict[str, object]]()
"""The settings before this run of pytest, as far as it has changed them."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("focus-signal", "focus-signal: deterministic simulation")
    group.addoption(f"{_PREFIX}-seed", type=_seed, metavar="N", help="simulate this seed only")
    group.addoption(f"{_PREFIX}-seeds", type=_count, metavar="K", help="simulate the seeds from 0 to K-1")
    group.addoption(
        f"{_PREFIX}-level",
        choices=("message", "full"),
        help="simulate at this level, whatever the tests say",
    )
    group.addoption(
        f"{_PREFIX}-schedule",
        metavar="POLICY",
        help="the order of tasks: shuffle; or pct, pct:DEPTH and single-step, which go beyond Trio's own",
    )
    group.addoption(
        f"{_PREFIX}-replay",
        metavar="FILE",
        help="run the test that this failure file is of, alone, as it went then",
    )
    group.addoption(
        f"{_PREFIX}-check-determinism",
        action="store_true",
        default=False,
        help="run every seed twice, and fail where the two runs differ",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Check the options, and hand them to whoever simulates."""
    chosen: dict[str, object] = {
        name: config.getoption(f"focus_signal_{name}")
        for name in ("seed", "seeds", "level", "schedule", "replay", "check_determinism")
    }
    chosen = {name: value for name, value in chosen.items() if value is not None and value is not False}
    if not chosen:
        return
    for one, others in (("replay", ("seed", "seeds", "level", "schedule")), ("seed", ("seeds",))):
        both = [other for other in others if one in chosen and other in chosen]
        if both:
            raise pytest.UsageError(
                f"{_PREFIX}-{one} and {_PREFIX}-{both[0]} were given; allowed is one of them"
            )
    if "schedule" in chosen:
        _check_schedule(str(chosen["schedule"]))
    if "replay" in chosen:
        path = config.invocation_params.dir / str(chosen["replay"])
        config.stash[_REPLAYED] = _test_of(path)
        chosen["replay"] = str(path)
    settings = _settings()
    config.stash[_BEFORE] = {name: getattr(settings, name) for name in chosen}
    for name, value in chosen.items():
        setattr(settings, name, value)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Put the settings back, for a run of pytest within another."""
    if _BEFORE in config.stash:
        for name, value in config.stash[_BEFORE].items():
            setattr(_settings(), name, value)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the replayed test alone."""
    replayed = config.stash.get(_REPLAYED, None)
    if replayed is None:
        return
    kept = [item for item in items if item.nodeid == replayed]
    if not kept:
        raise pytest.UsageError(f"{_PREFIX}-replay: the file is of {replayed}, which was not collected")
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid != replayed])
    items[:] = kept


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for a seed once for each that the options name, or for seed 0."""
    if FIXTURE not in metafunc.fixturenames:
        return
    for mark in metafunc.definition.iter_markers("parametrize"):
        names, indirect = _parametrized(mark)
        if FIXTURE in names:
            if indirect is True or (not isinstance(indirect, bool) and FIXTURE in indirect):
                return
            raise pytest.UsageError(
                f"{metafunc.definition.nodeid}: {FIXTURE} must be parametrized with indirect=True; "
                "otherwise the test gets the number, and nothing is seeded"
            )
    seeds = _chosen_seeds(metafunc.config)
    metafunc.parametrize(FIXTURE, seeds, indirect=True, ids=[f"seed{seed}" for seed in seeds])


@pytest.fixture
def focus_signal_seed(request: pytest.FixtureRequest) -> Generator[int]:
    """Decide the order of tasks and the randomness of a Trio test by a seed, which the test gets.

    It is for ordinary tests of pytest-trio; those of `simulate` bring all that. Time stays what it was: ask
    for `autojump_clock` too. The seed is 0, or each that --focus-signal-seed and --focus-signal-seeds name; a
    test that is parametrized over it, with indirect=True, has seeds of its own.
    """
    from focus_signal.testing.determinism.runtime import reproducible  # noqa: PLC0415 - the same
    from focus_signal.testing.pytest_order import fixtures_in_order  # noqa: PLC0415 - see the file's top

    seed = cast("int", getattr(request, "param", _chosen_seeds(request.config)[0]))
    # pytest-trio begins its run in the test's call, so what begins here has it all inside.
    with ExitStack() as stack:
        stack.enter_context(fixtures_in_order())
        stack.enter_context(reproducible(seed))
        yield seed


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to the report of a failed test what it takes to see the failure again."""
    report = yield
    # An expected failure is none by now.
    if report.failed and call.excinfo is not None:
        section = _section(item, call.excinfo.value)
        if section is not None:
            report.sections.append((_TITLE, section))
    return report


def _section(item: pytest.Item, error: BaseException) -> str | None:
    simulated = getattr(error, "focus_signal_run", None) is not None
    params = cast("dict[str, object]", getattr(getattr(item, "callspec", None), "params", {}))
    if not simulated and FIXTURE not in params:
        return None
    from focus_signal.testing.pytest_report import report_of, typed  # noqa: PLC0415 - see the file's top

    if simulated:
        return report_of(item, error)
    return f"seed {params[FIXTURE]}\nreplay: pytest {typed(item)} {_PREFIX}-seed={params[FIXTURE]}"


def _chosen_seeds(config: pytest.Config) -> Sequence[int]:
    seed, seeds = config.getoption("focus_signal_seed"), config.getoption("focus_signal_seeds")
    if seed is not None:
        return [cast("int", seed)]
    return range(1 if seeds is None else cast("int", seeds))


def _parametrized(mark: pytest.Mark) -> tuple[list[str], bool | Sequence[str]]:
    names = cast("str | Iterable[str]", mark.args[0] if mark.args else mark.kwargs["argnames"])
    given: object = mark.args[2] if len(mark.args) > 2 else mark.kwargs.get("indirect", False)
    split = names.split(",") if isinstance(names, str) else names
    return [name.strip() for name in split], cast("bool | Sequence[str]", given)


def _settings() -> "Settings":
    from focus_signal.testing.settings import SETTINGS  # noqa: PLC0415 - see the file's top

    return SETTINGS


def _check_schedule(policy: str) -> None:
    from focus_signal.errors import PlanError  # noqa: PLC0415 - see the file's top
    from focus_signal.testing.determinism.policies import policy_named  # noqa: PLC0415 - the same

    try:
        policy_named(policy, 0)
    except PlanError as error:  # what was typed is wrong, not pytest
        raise pytest.UsageError(f"{_PREFIX}-schedule: {error}") from None


def _test_of(path: Path) -> str:
    from focus_signal.errors import PlanError  # noqa: PLC0415 - see the file's top
    from focus_signal.testing.failure import load_failure  # noqa: PLC0415 - the same

    try:
        failure = load_failure(path)
    except PlanError as error:  # what was typed is wrong, not pytest
        raise pytest.UsageError(f"{_PREFIX}-replay: {error}") from None
    if failure.test is None:
        raise pytest.UsageError(f"{_PREFIX}-replay: {path} is of no test; focus-signal sim replay runs it")
    return failure.test


def _seed(text: str) -> int:
    return _whole_number(text, 0, _MOST_SEED)


def _count(text: str) -> int:
    return _whole_number(text, 1, _MOST_SEEDS)


def _whole_number(text: str, least: int, most: int) -> int:
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise ArgumentTypeError(f"must be a whole number from {least} to {most}, not {text!r}")
    return int(text)
