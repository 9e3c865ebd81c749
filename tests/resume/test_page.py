"""docs/resume.md and docs/conversation.md tell what happens."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import resume_table
from scripts.resume_table import CONVERSATION, PAGE, faults_of, main, pieces, with_conversation, with_pieces


def test_what_can_be_seen_of_the_pages_is_right() -> None:
    assert faults_of(PAGE.read_text(), CONVERSATION.read_text()) == [], "run scripts/resume_table.py"


@pytest.mark.long
def test_all_of_the_page_is_right() -> None:
    page = PAGE.read_text()
    assert with_pieces(page, pieces()) == page, "run scripts/resume_table.py"


def test_what_was_changed_by_hand_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page, conversation = PAGE.read_text(), CONVERSATION.read_text()
    for name, text in (("PAGE", page), ("CONVERSATION", conversation)):
        monkeypatch.setattr(resume_table, name, tmp_path / name)
        (tmp_path / name).write_text(text)
    assert main(["--check"]) == 0
    cut, *_ = [line for line in page.splitlines() if line.startswith("| to the server | between")]
    for changed in (
        page.replace(cut, cut.replace("| 0 |", "| 1 |", 1)),
        page.replace(cut, ""),
        page.replace("| 20,000 |", "| 30,000 |"),
    ):
        assert changed != page
        (tmp_path / "PAGE").write_text(changed)
        assert main(["--check"]) == 1
    (tmp_path / "PAGE").write_text(page)
    (tmp_path / "CONVERSATION").write_text(conversation.replace('"lastId":3', '"lastId":4'))
    assert main(["--check"]) == 1
    assert main(["--conversation"]) == 0
    assert (tmp_path / "CONVERSATION").read_text() == conversation


def test_there_must_be_a_place() -> None:
    with pytest.raises(ValueError, match="no place for the conversation"):
        with_conversation("nothing")
