"""The kept report is as the checker wants it, and the checker sees what is wrong with others."""

import json
from pathlib import Path

import pytest

from tests.autobahn.report import (
    AGENT,
    KeptReport,
    Outcome,
    case_ids,
    read_json,
    read_report,
    render,
    wanted,
    write_json,
)

DOCS = Path(__file__).parents[2] / "docs"
FINE = KeptReport({case: wanted(case) for case in case_ids()})


def but(case: str, behavior: str, close: str = "OK") -> KeptReport:
    return KeptReport({**FINE.cases, case: Outcome(behavior, close)})


def without(case: str) -> KeptReport:
    return KeptReport({other: outcome for other, outcome in FINE.cases.items() if other != case})


def test_the_kept_report_is_as_it_should_be() -> None:
    assert read_json(DOCS / "autobahn.json").problems() == []


def test_the_page_tells_what_the_kept_report_says() -> None:
    assert (DOCS / "autobahn.md").read_text() == render(read_json(DOCS / "autobahn.json"))


def test_all_cases_are_known() -> None:
    assert len(FINE.cases) == 517
    assert FINE.counts() == {"OK": 296, "UNIMPLEMENTED": 216, "INFORMATIONAL": 3, "NON-STRICT": 2}
    assert FINE.problems() == []


@pytest.mark.parametrize(
    ("report", "problem"),
    [
        (but("1.1.1", "FAILED"), "case 1.1.1 came out as FAILED (close: OK), not as OK (close: OK)"),
        (but("7.1.1", "OK", "FAILED"), "case 7.1.1 came out as OK (close: FAILED), not as OK (close: OK)"),
        (but("7.1.1", "OK", "UNCLEAN"), "case 7.1.1 came out as OK (close: UNCLEAN), not as OK (close: OK)"),
        (but("2.1", "NON-STRICT"), "case 2.1 came out as NON-STRICT (close: OK), not as OK (close: OK)"),
        (but("6.4.3", "FAILED"), "case 6.4.3 came out as FAILED (close: OK), not as NON-STRICT (close: OK)"),
        (but("6.4.3", "OK"), "case 6.4.3 came out as OK (close: OK), not as NON-STRICT (close: OK)"),
        (but("12.1.1", "OK"), "case 12.1.1 came out as OK (close: OK), not as UNIMPLEMENTED (close: OK)"),
        (
            but("13.7.18", "FAILED"),
            "case 13.7.18 came out as FAILED (close: OK), not as UNIMPLEMENTED (close: OK)",
        ),
        (but("1.1.9", "OK"), "case 1.1.9 is none of the suite's"),
        (without("9.8.6"), "case 9.8.6 is missing"),
        (without("12.5.18"), "case 12.5.18 is missing"),
    ],
    ids=str,
)
def test_what_is_wrong_is_seen(report: KeptReport, problem: str) -> None:
    assert report.problems() == [problem]


def test_of_some_cases_none_is_missing() -> None:
    some = KeptReport({"1.1.1": Outcome("OK", "OK"), "12.1.1": Outcome("UNIMPLEMENTED", "OK")})
    assert some.problems(partial=True) == []
    assert len(some.problems()) == 515
    failed = KeptReport({"1.1.1": Outcome("FAILED", "OK")})
    assert failed.problems(partial=True) == [
        "case 1.1.1 came out as FAILED (close: OK), not as OK (close: OK)"
    ]
    assert KeptReport({}).problems(partial=True) == ["no case was run"]


def test_the_suites_own_summary_is_read_in_order(tmp_path: Path) -> None:
    summary = tmp_path / "index.json"
    found = {"behavior": "OK", "behaviorClose": "UNCLEAN", "duration": 3, "remoteCloseCode": 1000}
    summary.write_text(json.dumps({AGENT: {"10.1.1": found, "9.1.1": found, "2.10": found, "2.9": found}}))
    report = read_report(summary)
    assert [*report.cases] == ["2.9", "2.10", "9.1.1", "10.1.1"]
    assert report.cases["2.9"] == Outcome("OK", "UNCLEAN")


@pytest.mark.parametrize("report", [FINE, but("5.1", "FAILED")], ids=["fine", "not"])
def test_what_is_kept_is_read_again(tmp_path: Path, report: KeptReport) -> None:
    kept = tmp_path / "kept.json"
    write_json(report, kept)
    assert read_json(kept) == report


@pytest.mark.parametrize(
    ("report", "row"),
    [
        (FINE, "| 5 Fragmentation | 20 | 20 |  |"),
        (but("5.1", "FAILED"), "| 5 Fragmentation | 20 | 19 | 1 FAILED |"),
        (without("5.1"), "| 5 Fragmentation | 19 | 19 |  |"),
        (FINE, "| 12 Compression, payloads | 90 | 0 | 90 UNIMPLEMENTED |"),
    ],
    ids=["fine", "failed", "missing", "compression"],
)
def test_the_page_counts_each_section(report: KeptReport, row: str) -> None:
    assert row in render(report).splitlines()


def test_the_cases_are_in_the_suites_order() -> None:
    numbers = [[int(part) for part in case.split(".")] for case in FINE.cases]
    assert numbers == sorted(numbers)
