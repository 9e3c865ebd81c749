"""What npm has brought for these tests (scripts/npm_deps.sh), and Deno; without it they are skipped."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.peers.programs import require_node

_THERE = Path(__file__).resolve().parents[2] / ".build" / "schema" / "node_modules"


def require_npm(path: str) -> Path:
    """Return a file of an npm package; skip the test where it is not installed."""
    file = _THERE / path
    if not file.exists():
        pytest.skip(f"needs: {path.removeprefix('@').split('/')[0]} of npm (make test-deps)")
    return file


def require_tsc() -> list[str]:
    """Return the words that start the TypeScript compiler; skip the test without it."""
    return [require_node(), str(require_npm("typescript/bin/tsc"))]


def require_deno() -> str:
    """Return the path of Deno; skip the test without it."""
    deno = shutil.which("deno", path=str(Path(sys.executable).parent)) or shutil.which("deno")
    if deno is None:
        pytest.skip("needs: deno (requirements/seed.txt)")
    return deno
