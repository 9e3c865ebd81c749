"""What these tests need of a machine; without it they are skipped by name, but CI must have Chromium."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
AXE = REPOSITORY / ".build" / "browser" / "node_modules" / "axe-core" / "axe.min.js"
NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> str | None:
    """Return the path of a Chromium, or None."""
    return next((path for path in map(shutil.which, NAMES) if path is not None), None)


def require_chromium() -> str:
    """Return the path of a Chromium; without it, or without Playwright, skip the test, or in CI fail it."""
    chromium = find_chromium()
    if chromium is None:
        _lack("chromium (make test-deps)")
    if importlib.util.find_spec("playwright") is None:
        _lack("playwright (requirements/test.txt)")
    return chromium


def require_axe() -> Path:
    """Return axe-core as one script; skip the test without it."""
    if not AXE.exists():
        pytest.skip("needs: axe-core of npm (make test-deps)")
    return AXE


def _lack(what: str) -> NoReturn:
    # Nobody reads the list of skipped tests of a green run, so there it would never be known.
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        pytest.fail(f"needs: {what}; in CI that is no reason to skip")
    pytest.skip(f"needs: {what}")
