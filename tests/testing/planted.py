"""Subjects that only a test knows, in this process and in those that it starts."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from focus_signal.testing.subject import Subject
from focus_signal.testing.subjects.registry import SUBJECTS

# Python imports this when it starts, in every process that looks for modules where the test does.
_REGISTER = """
import runpy
from focus_signal.testing.subjects.registry import SUBJECTS
subject = runpy.run_path({path!r})["SUBJECT"]
SUBJECTS[subject.name] = subject
"""


def plant(monkeypatch: pytest.MonkeyPatch, directory: Path, code: str) -> Subject:
    """Register the `SUBJECT` that some code makes, for as long as the test."""
    path = directory / "planted.py"
    path.write_text(f"from focus_signal.testing.subject import Subject\n{code}\n")
    (directory / "sitecustomize.py").write_text(_REGISTER.format(path=str(path)))
    monkeypatch.syspath_prepend(str(directory))
    subject: Subject = runpy.run_path(str(path))["SUBJECT"]
    monkeypatch.setitem(SUBJECTS, subject.name, subject)
    return subject
