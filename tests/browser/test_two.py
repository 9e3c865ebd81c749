"""Two pages meet in Chromium: each is shown the other's picture and reads what the other one writes."""

from __future__ import annotations

from .judge import chat_of, met
from .playing import play_well


def test_two_pages_meet() -> None:
    report = play_well("two")
    assert met(report, "ada", "bob") == []
    assert chat_of(report, "ada") == ["hello from ada", "hello from bob"]
    assert chat_of(report, "bob") == ["hello from ada", "hello from bob"]
