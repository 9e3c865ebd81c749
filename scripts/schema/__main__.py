"""Write the files, or with `--check` tell which of them are stale: then the status is 1."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from scripts.schema import asyncapi, json_schema, reference, typescript

REPOSITORY = Path(__file__).resolve().parents[2]
FILES: dict[str, Callable[[], str]] = {
    "schema/focus-signal.v1.schema.json": json_schema.text,
    "schema/asyncapi.yaml": asyncapi.text,
    "schema/focus-signal.v1.d.ts": typescript.text,
    "src/focus_signal/web/protocol.d.ts": typescript.text,
    "docs/protocol.md": reference.text,
}
"""What is written, by its path in the repository."""


def stale(repository: Path = REPOSITORY) -> list[str]:
    """Give the paths of the files that are not there, or tell something else than the schema."""
    return [
        name
        for name, make in FILES.items()
        if not (repository / name).exists() or (repository / name).read_text() != make()
    ]


def main(arguments: Sequence[str] | None = None, repository: Path = REPOSITORY) -> int:
    """Write the files, or see whether they are right."""
    parser = argparse.ArgumentParser(prog="python -m scripts.schema", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, and tell what is stale")
    options = parser.parse_args(arguments)
    names = stale(repository)
    for name in names:
        if options.check:
            print(f"stale: {name} (make schema)")
        else:
            (repository / name).parent.mkdir(parents=True, exist_ok=True)
            (repository / name).write_text(FILES[name]())
            print(f"written: {name}")
    return 1 if options.check and names else 0


if __name__ == "__main__":
    sys.exit(main())
