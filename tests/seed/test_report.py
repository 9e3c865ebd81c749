"""The report is current, the counts in it are right, and the seed still answers what is recorded."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from scripts.seed_program import SeedUnavailable, deno_version, seed_directory, seed_source
from tests.seed import report
from tests.seed.catalogue import CONVERSATIONS
from tests.seed.model import Why, connect, conversation, error, match
from tests.seed.transcript import TRANSCRIPTS, Record, read


def test_the_page_is_what_the_transcripts_and_declarations_make() -> None:
    assert report.PAGE.read_text(encoding="utf-8") == report.markdown(CONVERSATIONS, read(TRANSCRIPTS))


def test_a_conversation_counts_once_for_each_of_its_reasons() -> None:
    bad = match("ana", 0).ours(Why.MATCH_SIZE, ana=[error("bad-match-size")])
    place = match("ana", 2).ours(Why.ONE_PLACE, ana=[])
    counted = report.table(
        [
            conversation("same", "", connect("ana"), match("ana", 1)),
            conversation("differs", "", connect("ana"), bad, bad, place),
            conversation("differs-too", "", connect("ana"), bad),
        ]
    )
    rows = {tuple(line.split()) for line in counted.splitlines()}
    assert rows > {
        ("conversations", "3", "8"),
        ("identical", "1"),
        ("with", "declared", "differences", "2", "4"),
        ("match-size", "2", "3"),
        ("one-place", "1", "1"),
        ("gone", "0", "0"),
    }


def test_the_page_shows_what_does_not_print() -> None:
    odd = conversation(
        "odd", "About.", match("ana", '"\x07\u2028`"').ours(Why.MATCH_SIZE, ana=[error("bad-match-size")])
    )
    page = report.markdown([odd], {"odd": (Record(str(odd.steps[0]), {}),)})
    assert '``ana sends {"type":"matchmaking","matchSize":"\\x07\\u2028`"}``' in page
    assert "the seed nothing; here `text {" in page


def test_every_rule_has_a_conversation_that_shows_it() -> None:
    shown = {
        step.difference.why for each in CONVERSATIONS for step in each.steps if step.difference is not None
    }
    assert shown == set(Why)


def test_it_is_said_once_what_was_recorded() -> None:
    said = json.loads((TRANSCRIPTS / "recorded.json").read_text(encoding="utf-8"))
    assert sorted(said) == ["deno", "program_sha256"]


@pytest.mark.long
def test_the_seed_still_answers_what_is_recorded() -> None:
    try:
        seed_source(seed_directory())
        deno_version()
    except SeedUnavailable as missing:
        pytest.skip(f"needs: {missing}")
    script = report.PAGE.parents[1] / "scripts" / "record_seed.py"
    checked = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True, timeout=600, check=False
    )
    assert (checked.returncode, checked.stdout) == (
        0,
        f"{len(CONVERSATIONS)} conversations: the seed answers what is kept\n",
    ), checked.stdout + checked.stderr
