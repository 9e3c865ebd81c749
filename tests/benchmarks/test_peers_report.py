"""The tables and the chart of `make bench-peers` say what was measured."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from xml.etree import ElementTree as ET

import pytest

from benchmarks.meter import PEERS, Result
from benchmarks.peers.chart import Bar, Panel, draw
from benchmarks.peers.contenders import Contender
from benchmarks.peers.report import chart, document
from benchmarks.report import Rounds, Row, ratios
from benchmarks.rounds import in_turn, run_rounds
from benchmarks.servers import Running, Server

SVG = "{http://www.w3.org/2000/svg}"


def _contender(name: str, title: str) -> Contender:
    server = Server(name, lambda _cpu: nullcontext(Running(1, 1, 0.0)))
    return Contender(server, title, lambda: None, lambda: {title: "1.2"})


CONTENDERS = [
    _contender("focus-signal native", "ours"),
    _contender("seed", "the seed"),
    _contender("x", "a < b"),
]


def _rounds(values: Mapping[str, Sequence[float]], *figures: str, phase: str = "relay") -> Rounds:
    rounds = Rounds()
    for name, each in values.items():
        for value in each:
            rounds.add(name, phase, Result(dict.fromkeys(figures, value), 0.25, 0.5, 0.01, 0.02))
    return rounds


def test_ratios_are_taken_within_a_round() -> None:
    # The second round was a slow one for everybody: the quotient of the medians would be 5.
    rounds = _rounds({"focus-signal native": [2, 20, 10], "seed": [1, 10, 2]}, "relay_us", "relayed")
    row = Row("relay_us", "relay", "")
    assert ratios(rounds, row, "focus-signal native") == [2, 2, 5]
    text = document(rounds, PEERS, 3, CONTENDERS, [])
    assert "| ours | 2.00 (2.00 to 5.00) | - | - | - | - |" in text


def test_the_document_tells_medians_ratios_loads_versions_and_who_is_missing() -> None:
    rounds = _rounds({"focus-signal native": [4, 6, 5], "seed": [2, 2, 2]}, "relay_us", "relayed")
    text = document(rounds, PEERS, 3, CONTENDERS, ["Without Deno: a note."])
    assert "3 rounds" in text
    assert "ours 1.2, the seed 1.2, a < b 1.2" in text
    assert text.count("| ours | 5.00 (4.00 to 6.00) | - | - |") == 2  # costs, rates
    assert "| ours | 2.50 (2.00 to 3.00) | - |" in text
    assert "| the seed | 1 | 1 | 1 | 1 | 1 |" in text
    assert "| ours | 50% / 25% / 3% | - |" in text
    assert "| a < b | - | - | - | - | - |" in text
    assert text.endswith("Without Deno: a note.")


def _shapes(picture: str, tag: str, style: str) -> list[ET.Element]:
    root = ET.fromstring(picture)  # noqa: S314 - it was made here
    return [one for one in root.iter(f"{SVG}{tag}") if one.get("class") == style]


def test_a_bar_is_as_long_as_its_median_and_its_line_as_the_spread() -> None:
    bars = [Bar("ours", [1, 2, 9], "ours"), Bar("other", [4.0]), Bar("none", [])]
    picture = draw("a title", [Panel("one", bars)])
    (mine,), (other,) = _shapes(picture, "rect", "ours"), _shapes(picture, "rect", "bar")
    assert float(other.get("width", "")) == pytest.approx(2 * float(mine.get("width", "")), abs=0.2)
    lines = [
        re.match(r"M([\d.]+) [\d.]+H([\d.]+)", one.get("d", "")) for one in _shapes(picture, "path", "range")
    ]
    spread = [(float(line[1]), float(line[2])) for line in lines if line is not None]
    left = float(mine.get("x", ""))
    unit = float(other.get("width", "")) / 4
    assert [*spread[0]] == pytest.approx([left + unit, left + 9 * unit], abs=0.2)
    assert [*spread[1]] == pytest.approx([left + 4 * unit] * 2, abs=0.2)
    assert "none" not in picture


def test_the_chart_has_both_kinds_of_relay_and_stands_by_itself() -> None:
    rounds = _rounds({"focus-signal native": [4], "seed": [2], "x": [3]}, "relay_us")
    for name, value in (("focus-signal native", 9), ("seed", 6), ("x", 7)):
        rounds.add(name, "pingpong", Result({"single_us": value}, 0, 0, 0, 0))
    picture = chart(rounds, CONTENDERS)
    assert [len(_shapes(picture, "rect", style)) for style in ("ours", "seed", "bar")] == [2, 2, 2]
    said = [one.text for one in ET.fromstring(picture).iter(f"{SVG}text")]  # noqa: S314
    assert said.count("a < b") == 2
    assert {"4.00", "9.00"} <= set(said)
    assert picture.count("://") == 1  # the name of SVG itself
    assert chart(rounds, CONTENDERS) == picture


def test_everybody_goes_first_once_in_as_many_rounds_as_there_are_servers() -> None:
    servers = [one.server for one in CONTENDERS]
    orders = [in_turn(servers, number) for number in range(1, 5)]
    assert [order[0] for order in orders] == [*servers, servers[0]]
    assert all(sorted(map(id, order)) == sorted(map(id, servers)) for order in orders)


def test_a_phase_that_a_server_lacks_is_left_out_and_one_for_once_comes_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def measure(server: Server, phase: str) -> Result | None:
        figures = {"relay_us": 1.0} if phase == "relay" else {"many_kib": 2.0}
        return None if (server.name, phase) == ("x", "relay") else Result(figures, 0, 0, 0, 0)

    rounds = run_rounds([one.server for one in CONTENDERS], ["relay", "idle"], 3, measure, once=["idle"])
    assert [len(rounds.of(name, "relay")) for name in ("seed", "x")] == [3, 0]
    assert [len(rounds.of(name, "idle")) for name in ("seed", "x")] == [1, 1]
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith("round 1/3 (focus-signal native : seed : x) relay 1.00 : 1.00 : -; idle 2.00")
    assert "idle" not in said[1]
