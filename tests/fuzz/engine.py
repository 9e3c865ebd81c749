"""The child of a run: a target under atheris. It ends as libFuzzer does, and says on stdout what is slowest.

The package is imported under atheris' hook and nowhere before, so that its branches are counted.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial

from tests.fuzz import planting
from tests.fuzz.target import Meter, Target

PACKAGE = "focus_signal"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what libFuzzer's options say; this never returns."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target")
    parser.add_argument("--mutant")
    options, libfuzzer = parser.parse_known_args(arguments)
    # By name, for it is installed for nothing but this.
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=[PACKAGE]):
        target = target_named(options.target)
    for guide in target.guides:
        atheris.instrument_func(guide)
    patch_code = importlib.import_module("atheris.instrument_bytecode").patch_code
    planting.prepare = partial(patch_code, trace_dataflow=True)
    meter = Meter()
    told = 0.0

    def run_one(data: bytes) -> None:
        nonlocal told
        target.check(data, meter)
        if meter.slowest > told:
            told = meter.slowest
            sys.stdout.write(f"slowest {told * 1000:.2f}\n")
            sys.stdout.flush()

    with ExitStack() as stack:
        if options.mutant is not None:
            stack.enter_context(target.mutants[options.mutant]())
        atheris.Setup([sys.argv[0], *libfuzzer], run_one)
        atheris.Fuzz()


def target_named(name: str) -> Target:
    """Import a target."""
    target: Target = importlib.import_module(f"tests.fuzz.targets.{name}").TARGET
    return target


if __name__ == "__main__":
    main()
