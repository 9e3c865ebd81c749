"""One of the two runs that `sim check-determinism` compares, in a process of its own."""

import argparse
import os
import random
import sys

import msgspec
from msgspec import Struct

from focus_signal.cli.sim_options import add_source
from focus_signal.cli.sim_source import source_of

_OBJECTS = 20_000


class Twin(Struct, frozen=True):
    """Be what is compared of a run."""

    digest: str
    choices: tuple[int, ...]
    trace: list[str]


def main() -> None:
    """Disturb the memory, run what the arguments name, and tell of it as JSON on stdout."""
    kept = _noise(int(sys.argv[1]))
    parser = argparse.ArgumentParser(allow_abbrev=False)
    add_source(parser)
    ran = source_of(parser.parse_args(sys.argv[2:])).run()
    choices = () if ran.schedule is None else tuple(ran.schedule.choices)
    twin = Twin(ran.digest, choices, ran.trace.lines)
    assert kept  # noqa: S101 - it had to live until here
    os.write(sys.stdout.fileno(), msgspec.json.encode(twin))


def _noise(seed: int) -> list[object]:
    """Fill the memory unevenly, so that what comes later lies elsewhere."""
    chance = random.Random(seed)  # noqa: S311 - any will do
    kept: list[object] = [bytearray(chance.randrange(1, 700)) for _ in range(_OBJECTS)]
    for _ in range(_OBJECTS // 2):
        kept.pop(chance.randrange(len(kept)))
    return kept


if __name__ == "__main__":
    main()
