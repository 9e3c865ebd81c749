"""docs/hostile.md tells every row of the tables, and what writes it fails on any other answer."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest
from attrs import evolve

from scripts import hostile_page
from tests.server.hostile import honest
from tests.server.hostile.frame_row import PROTOCOL_ERROR, TEXT_ONLY, FrameRow
from tests.server.hostile.frames import BINARY, frame
from tests.server.hostile.inputs import Input, Outcome, frame_input, in_words
from tests.server.hostile.page import Report, document_faults
from tests.server.hostile.reach import Reach
from tests.server.hostile.tables import SECTIONS, Section

BINARY_MESSAGE = FrameRow("a binary message", frame(BINARY), TEXT_ONLY)


def test_the_document_names_every_row_with_its_wanted_answer() -> None:
    document = hostile_page.DOCUMENT.read_text(encoding="utf-8")
    assert document_faults(document, SECTIONS) == [], (
        "python scripts/hostile_page.py --write-docs writes it anew"
    )


def test_a_document_that_is_not_as_it_should_be_is_found_out() -> None:
    document = hostile_page.DOCUMENT.read_text(encoding="utf-8")
    row = "| a TLS hello | 400 This is no HTTP request: "
    total = f"**{sum(len(section.inputs) for section in SECTIONS):,} inputs"
    for right, wrong in (
        (row, row.replace("400", "404")),
        (row, row.replace("no HTTP", "some HTTP")),
        (row, row.replace("TLS", "SSL")),
        (row, ""),
        ("| opcode 3 | closed with 1002 ", "| opcode 3 | closed with 1003 "),
        ("\n## Pages\n", "\n## Leaves\n"),
        (total, "**2 inputs"),
    ):
        assert document.count(right) == 1, right
        assert document_faults(document.replace(right, wrong), SECTIONS), (right, wrong)


def test_at_least_so_many_bad_handshakes_and_frames_are_told() -> None:
    answers = [each.wanted[0] for section in SECTIONS for each in section.inputs]
    assert sum(answer[:1] in {"4", "5"} for answer in answers) >= 45
    assert sum(answer.startswith("closed with 100") for answer in answers) >= 60
    for section in SECTIONS:
        assert len({each.name for each in section.inputs}) == len(section.inputs), section.title


def test_the_program_tells_what_it_saw(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sections = [Section("One", (frame_input(BINARY_MESSAGE),)), SECTIONS[-1]]
    document = tmp_path / "page.md"
    assert hostile_page.run(sections, document) == 0
    written = document.read_text(encoding="utf-8")
    assert "| a binary message | closed with 1003 text-only |" in written
    assert document_faults(written, sections) == []
    assert "ended; closed since the start: text-only 1, restart 3" in written
    assert capsys.readouterr().err == ""


def _takes_the_place_of(name: str) -> Input:
    async def play(reach: Reach) -> Outcome:
        usurper = await reach.dial_in(name)
        await usurper.part()
        return Outcome("done")

    return Input("another connection of the pair's", ("done",), play)


@pytest.mark.parametrize(
    ("planted", "told"),
    [
        (frame_input(evolve(BINARY_MESSAGE, wanted=PROTOCOL_ERROR)), "WRONG: a binary message: "),
        (_takes_the_place_of("honest-900000-a"), "WRONG: the honest pair: "),
    ],
)
def test_the_program_fails_on_what_is_planted(
    planted: Input,
    told: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(honest, "_NAMES", count(900_000))
    monkeypatch.setattr(hostile_page, "INPUT_SECONDS", 2.0)
    document = tmp_path / "page.md"
    assert hostile_page.run([Section("Planted", (planted,))], document) == 1
    assert told in capsys.readouterr().err
    assert not document.exists()


def test_who_listens_is_told_by_the_system() -> None:
    with socket.socket() as listening, socket.socket() as bound:
        listening.bind(("127.0.0.1", 0))
        bound.bind(("127.0.0.1", 0))
        listening.listen()
        assert hostile_page.listens(os.getpid(), listening.getsockname()[1])
        assert not hostile_page.listens(os.getpid(), bound.getsockname()[1])
        with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
            assert not hostile_page.listens(other.pid, listening.getsockname()[1])
            other.kill()


def test_a_report_tells_every_fault() -> None:
    right = Report([], "", True, 1, 2, 0, "", [])
    assert right.all_faults() == []
    assert len(evolve(right, same_process=False, status=70, relayed=0, faults=["more"]).all_faults()) == 4


def test_events_in_words() -> None:
    assert in_words(["close 1002 protocol-error", "eof"]) == "closed with 1002 protocol-error"
    assert in_words(["close ", "reset"]) == "closed without a code, the stream is reset"
    assert in_words(["close", "eof"]) == "closed without a code"
    assert in_words(["eof"]) == "the stream ends"
    assert in_words(["pong now", "error bad-json", "error bad-json", "kept"]) == (
        "pong now, error bad-json (2 times), kept"
    )
    assert in_words([]) == "nothing: the peer is gone"
