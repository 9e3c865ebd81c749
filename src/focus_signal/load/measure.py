"""A measurement from its beginning to its end: prepare, warm up, measure, check, report."""

import gc
from collections.abc import Callable, Generator
from contextlib import contextmanager

from focus_signal.load import meter
from focus_signal.load.connect import Connect
from focus_signal.load.faults import WrongResult
from focus_signal.load.generator import Load
from focus_signal.load.idle import Idle
from focus_signal.load.limits import check_descriptors
from focus_signal.load.match import Match
from focus_signal.load.mode import Mode
from focus_signal.load.relay import Relay
from focus_signal.load.report import Report
from focus_signal.load.settings import Settings

MODES: dict[str, type[Mode]] = {"relay": Relay, "match": Match, "connect": Connect, "idle": Idle}

Progress = Callable[[str, float, int], None]
"""Called some times a second with the stage, which share of it (0 to 1) is done, and the count in it."""

_TOLD_EVERY = 0.1
_AT_REST = 0.001


def measure(name: str, settings: Settings, progress: Progress) -> Report:
    """Measure.

    Args:
      name: which of `MODES`.
      settings: how much of what.
      progress: told how far it has come.

    Raises:
      WrongResult: the server is not there, went away, or did what it may not do.
    """
    # Connections that stand are counted as they are; what happens, as the difference of two counts.
    idle = name == "idle"
    callers = settings.at_once if name == "connect" else 0
    check_descriptors(settings.clients + callers)
    with _open_load(settings) as load:
        mode = MODES[name](load, settings)
        resident = None if settings.pid is None else meter.resident_kib(settings.pid)
        progress("connecting", 0.0, 0)
        mode.prepare()
        mode.begin()
        _stage(load, mode, "warm-up", settings.warmup, progress)
        if idle and settings.pid is not None:
            _settle(load, settings.pid, settings.patience)
        mode.reset()
        before, counted, pings = meter.read(settings.pid), mode.count, load.pings
        _stage(load, mode, "measuring", settings.seconds, progress)
        after = meter.read(settings.pid)
        count = mode.count if idle else mode.count - counted
        pings = load.pings - pings
        server = None
        if settings.pid is not None:
            assert resident is not None  # noqa: S101 - it was read above
            grown = (resident, count) if idle else None
            server = meter.server_share(settings.pid, before, after, 0 if idle else count, grown)
        latencies = {what: histogram.latency() for what, histogram in mode.latencies.items()}
        lost = mode.lost
        progress("checking", 1.0, count)
        mode.finish()
    if not count:
        raise WrongResult(f"nothing happened in {settings.seconds:g} s: no {mode.what}")
    seconds = after.wall - before.wall
    return Report(
        mode=name,
        url=settings.target.url,
        settings=_settings_of(name, settings),
        seconds=seconds,
        what=mode.what,
        count=count,
        per_second=None if idle else count / seconds,
        latency_ms=latencies,
        connections=settings.clients,
        lost=lost,
        pings=pings,
        generator=meter.generator_share(before, after, 0 if idle else count),
        server=server,
    )


@contextmanager
def _open_load(settings: Settings) -> Generator[Load]:
    load = Load(settings.target)
    # What a collection takes would be the generator's time, at random.
    gc.collect()
    gc.disable()
    try:
        yield load
    finally:
        gc.enable()
        load.close()


def _stage(load: Load, mode: Mode, name: str, seconds: float, progress: Progress) -> None:
    first, began = mode.count, load.clock()
    while (passed := load.clock() - began) < seconds:
        progress(name, passed / seconds, mode.count - first)
        load.rest(min(_TOLD_EVERY, seconds - passed))


def _settle(load: Load, pid: int, patience: float) -> None:
    """Wait until the server has done what the handshakes left to do, or for as long as patience lasts."""
    until = load.clock() + patience
    used, before = 1.0, meter.processor_seconds(pid)
    while used > _AT_REST and load.clock() < until:
        load.rest(_TOLD_EVERY)
        now = meter.processor_seconds(pid)
        used, before = now - before, now


def _settings_of(name: str, settings: Settings) -> dict[str, int | float]:
    told: dict[str, int | float] = {"warmup": settings.warmup, "pairs": settings.pairs}
    if name == "relay":
        return told | {"window": settings.window, "refill": settings.refill, "size": settings.size}
    if name == "match":
        return told | {"room_size": settings.room_size}
    return told | {"window": settings.at_once}
