"""The fuzz of the frame codec: a short run of it, the bugs that it finds, and the table that it goes by."""

from __future__ import annotations

import shlex
from random import Random

import pytest

from focus_signal.wire.frames import FrameReader
from tests.server.hostile.frames import CLOSE, PING, TEXT, close, frame, text
from tests.wire.frame_fuzz import differences
from tests.wire.frame_fuzz.__main__ import main
from tests.wire.frame_fuzz.campaign import Tally, run_part, run_parts
from tests.wire.frame_fuzz.case import Case
from tests.wire.frame_fuzz.compare import compare
from tests.wire.frame_fuzz.differences import DIFFERENCES, MOMENTS, SERVED, Difference, Moment
from tests.wire.frame_fuzz.drawing import draw
from tests.wire.frame_fuzz.libraries import LIBRARIES
from tests.wire.frame_fuzz.mutants import MUTANTS, Mutant, planted
from tests.wire.frame_fuzz.reading import verdict_of
from tests.wire.frame_fuzz.shrink import shrink
from tests.wire.frame_fuzz.walk import completed, first_frame, split
from tests.wire.frame_rows import LIMITS, new_reader


@pytest.mark.parametrize("seed", [1, 2])
def test_the_libraries_agree(seed: int) -> None:
    total = Tally()
    for tally in run_parts(seed, 10_000, 1):
        total.add(tally)
    assert total.found is None
    assert total.sequences == 10_000
    assert total.never_met == []


@pytest.mark.long
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_bug_is_found_and_made_small(mutant: Mutant) -> None:
    tally = run_part(1, range(6_000), mutant.name)
    assert tally.found is not None
    case = tally.found.case
    assert compare(case, planted(mutant)).disagreements == tally.found.disagreements != []
    assert compare(case, FrameReader).disagreements == []
    assert len(case.data) <= 1100
    assert len(split(case.data)[0]) <= 5


def test_a_bug_whose_place_is_gone_says_so() -> None:
    with pytest.raises(AssertionError, match="does not stand once in the codec"):
        planted(Mutant("gone", "a line that nobody wrote", ""))


def test_an_error_of_the_codec_is_a_disagreement() -> None:
    class Raising(FrameReader):
        def feed(self, data: bytes) -> list[bytes]:
            raise RuntimeError(f"{len(data)} bytes")

    account = compare(Case(text("a"), (), LIMITS), Raising)
    assert account.verdict == "RuntimeError('7 bytes')"
    assert account.disagreements


# The table of differences.


def raw_verdict(library: str, data: bytes) -> str | None:
    """Let a library read, uncorrected."""
    reading = {str(name): kind for name, kind in LIBRARIES.items()}[library](LIMITS)
    reading.feed(data)
    return reading.verdict


@pytest.mark.parametrize("row", DIFFERENCES, ids=lambda row: f"{row.library}: {row.name}")
def test_each_difference_exists(row: Difference, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = raw_verdict(row.library, row.example)
    assert (theirs and theirs.split()[0]) in row.theirs
    reader = new_reader()
    reader.feed(row.example)
    verdict = verdict_of(reader)
    assert verdict == (
        None if row.wanted == SERVED else "closed 1000" if row.wanted == "closed" else row.wanted
    )
    assert verdict != theirs
    case = Case(row.example, (), LIMITS)
    account = compare(case, FrameReader)
    assert account.disagreements == []
    assert (row.library, row.name) in account.known
    # It is this row that makes them agree.
    others = [other for other in DIFFERENCES if other.library == row.library and other is not row]
    monkeypatch.setitem(differences._ROWS, row.library, others)
    assert compare(case, FrameReader).disagreements


def test_each_difference_has_a_name_of_its_own_and_a_reason() -> None:
    assert len({(row.library, row.name) for row in DIFFERENCES}) == len(DIFFERENCES)
    assert all(row.reason for row in DIFFERENCES)


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: f"{moment.library}, {moment.verdict}")
def test_each_difference_in_time_exists(moment: Moment) -> None:
    library, reader = LIBRARIES[moment.library](LIMITS), new_reader()
    library.feed(moment.example)
    reader.feed(moment.example)
    early, late = (
        (library.verdict, verdict_of(reader)) if moment.early else (verdict_of(reader), library.verdict)
    )
    assert (early, late) == (moment.verdict, None)
    library.feed(moment.rest)
    reader.feed(moment.rest)
    assert library.verdict == verdict_of(reader) == moment.verdict


def test_a_verdict_that_comes_too_soon_is_found() -> None:
    """Only what a row of moments names may come at another byte."""

    class Hasty(FrameReader):
        def feed(self, data: bytes) -> list[bytes]:
            messages = super().feed(data)
            if self._held and self.fault is None and b"\xc8" in self._held:
                self.fault = "not-utf-8"
            return messages

    hasty = Case(text(b"\xff" * 3)[:-1], (), LIMITS)
    assert b"\xc8" in hasty.data
    assert compare(hasty, FrameReader).disagreements == []
    assert compare(hasty, Hasty).disagreements


# What the fuzz is made of.


def test_the_same_seed_and_number_give_the_same_case() -> None:
    assert draw(3, 4) == draw(3, 4)
    assert len({draw(seed, number).data for seed in range(3) for number in range(30)}) > 80


def test_frames_are_split_as_they_were_joined() -> None:
    rng = Random(0)
    parts = [
        frame(TEXT, b"a" * rng.choice([0, 5, 125, 126, 300, 70_000]), fin=rng.random() < 0.5)
        for _ in range(50)
    ]
    frames, tail = split(b"".join(parts) + parts[0][:5])
    assert [whole.raw for whole in frames] == parts
    assert tail == parts[0][:5]
    assert [whole.end for whole in frames] == [len(b"".join(parts[: end + 1])) for end in range(50)]


def test_completing_a_frame_adds_nothing_that_is_refused() -> None:
    heads = [frame(TEXT, b"a" * size) for size in (0, 1, 125, 126, 1024)] + [frame(PING, b"p" * 125)]
    for whole in heads:
        for end in range(2, len(whole)):
            part = first_frame(whole[:end], 0)
            assert part is not None
            reader = new_reader()
            (content,) = [*reader.feed(whole[:end] + completed(part, 1024)), *reader.pings]
            assert not reader.over
            assert set(content) <= set(b"ap")


def test_a_length_of_64_bits_is_completed_to_the_smallest() -> None:
    reader = FrameReader(70_000)
    begun = bytes.fromhex("81ff00")
    part = first_frame(begun, 0)
    assert part is not None
    assert reader.feed(begun + completed(part, 70_000)) == [b"a" * 65_536]


def test_shrinking_keeps_what_disagrees() -> None:
    data = text("aa") + frame(PING, b"p" * 90) + text("wanted" * 10) + frame(PING) + close(1000)
    case = Case(data, (3, 5, 80), LIMITS)

    def has_two(candidate: Case) -> bool:
        return len([whole for whole in split(candidate.data)[0] if whole.opcode in {PING, CLOSE}]) >= 2

    small = shrink(case, has_two)
    assert has_two(small)
    assert small.cuts == ()
    assert len(small.data) <= 4


def test_shrinking_keeps_a_cut_that_matters() -> None:
    case = Case(text("aa") * 3, (3, 9, 12), LIMITS)
    assert len(shrink(case, lambda candidate: len(candidate.cuts) >= 1).cuts) == 1


def test_a_verdict_or_a_row_that_was_never_met_is_told() -> None:
    tally = run_part(1, range(50))
    assert "1003" in Tally().never_met
    assert f"wsproto: {DIFFERENCES[0].name}" in Tally().never_met
    assert "open" not in tally.never_met


# The command.


def test_the_command_ends_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--sequences", "200", "--seed", "7"]) == 0
    shown = capsys.readouterr().out
    assert "seed 7: 200 sequences" in shown
    assert "200 of 200 sequences" in shown


def test_the_command_shows_a_disagreement_and_how_to_see_it_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--sequences", "500", "--mutant", "answers-the-last-ping"]) == 1
    shown = capsys.readouterr().out
    (again,) = [line for line in shown.splitlines() if line.startswith("again: ")]
    command = shlex.split(again.removeprefix("again: python -m tests.wire.frame_fuzz"))
    assert main(command) == 1
    assert "answers-the-last-ping" in command
    assert main(command[: command.index("--mutant")]) == 0


def test_two_processes_do_the_same_as_one() -> None:
    one, two = Tally(), Tally()
    for tally in run_parts(5, 800, 1):
        one.add(tally)
    for tally in run_parts(5, 800, 2):
        two.add(tally)
    assert (one.sequences, one.frames, one.verdicts, one.known) == (
        two.sequences,
        two.frames,
        two.verdicts,
        two.known,
    )


def test_a_bug_ends_a_run_of_two_processes() -> None:
    total = Tally()
    for tally in run_parts(5, 100_000, 2, "no-mask-is-right"):
        total.add(tally)
    assert total.found is not None
    assert total.sequences < 20_000
