"""A chart as ASCII, as Mermaid text and as SVG: the exact text, and nothing that breaks out of it."""

import html
import re
from xml.etree import ElementTree as ET

import pytest

from focus_signal.testing.diagram.ascii import to_ascii
from focus_signal.testing.diagram.chart import Arrow, Chart, Lane, Note
from focus_signal.testing.diagram.lanes import chart_of
from focus_signal.testing.diagram.mermaid import to_mermaid
from focus_signal.testing.diagram.svg import to_svg
from tests.testing.diagram_runs import BREACH, HOSTILE, STORY, story

STORY_CHART = chart_of(STORY, story(), [BREACH])

ASCII = """\
seed 7, 8 operations

      time  server        c1          c2
                          ana         bo
     0.250     |<----------|           :  opens as ana (#1)
     0.250     |<----------------------|  opens as bo (#2)
     1.000     |<----------|           |  join 2 (#3)
     1.125     |<----------------------|  join 2 (#4)
     1.625     |---------->|           |  room-found [ana, bo]
     1.625     |---------------------->|  room-found [ana, bo]
     2.000!    |<----------|           |  offer to bo (#5)
     2.250!    |----------------------x|  offer from ana (#5)
     2.375     |<......................|  reset (#6)
     2.500     |           *           |  latency by 0.5 s more, down only (#7)
     2.625     |           |           o  the server reads the end
     2.625!    |           !           :  VIOLATION silent-loss: an offer that nobody got, to be taken for one
     3.000     |<----------|           :  offer to bo as ana (#8)
     4.000     |---------->|           :  error peer-unavailable (#8)
     5.000     o           o           o  every fault is healed
    10.000     o           o           o  settled, everyone leaves
    40.250     o           o           o  left over: nothing
"""

MERMAID = """\
sequenceDiagram
  title seed 7, 8 operations
  participant S as server
  participant c1 as c1 ana
  participant c2 as c2 bo
  c1->>S: 0.250 opens as ana (#35;1)
  c2->>S: 0.250 opens as bo (#35;2)
  c1->>S: 1.000 join 2 (#35;3)
  c2->>S: 1.125 join 2 (#35;4)
  S->>c1: 1.625 room-found [ana, bo]
  S->>c2: 1.625 room-found [ana, bo]
  rect rgba(255, 0, 0, 0.2)
    c1->>S: 2.000 offer to bo (#35;5)
    S-xc2: 2.250 offer from ana (#35;5)
  end
  c2-->>S: 2.375 reset (#35;6)
  Note over c1: 2.500 latency by 0.5 s more, down only (#35;7)
  Note over c2: 2.625 the server reads the end
  rect rgba(255, 0, 0, 0.2)
    Note over c1: 2.625 VIOLATION silent-loss: an offer that nobody got, to be taken for one
  end
  c1->>S: 3.000 offer to bo as ana (#35;8)
  S->>c1: 4.000 error peer-unavailable (#35;8)
  Note over S,c2: 5.000 every fault is healed
  Note over S,c2: 10.000 settled, everyone leaves
  Note over S,c2: 40.250 left over: nothing
"""

SMALL = Chart(
    "seed 1",
    (Lane(1, "ana"),),
    (
        Arrow(0.25, 1, True, "opens as ana (#1)", 1),
        Arrow(1.0, 1, False, "error bad-json", lost=True, marked=True),
        Arrow(1.5, 1, False, "close 1012 restart", end=True),
        Note(2.0, "violation", "VIOLATION leak: 1 room"),
    ),
)

SVG_HEAD = """\
<svg xmlns="http://www.w3.org/2000/svg" class="focus-signal-run" role="img" viewBox="0 0 760 236" \
width="760" height="236" font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="12">
<title>seed 1</title>
<style>
.focus-signal-run text { fill: #1c2733 }
"""
SVG_BODY = """\
<rect class="ground" width="760" height="236"/>
<text x="12" y="22" class="time">seed 1</text>
<rect class="head" x="81.1" y="32" width="57.8" height="38" rx="3"/>
<text x="110" y="55" text-anchor="middle">server</text>
<line class="alive" x1="110" y1="70" x2="110" y2="224"/>
<rect class="head" x="282.05" y="32" width="35.9" height="38" rx="3"/>
<text x="300" y="48" text-anchor="middle">c1</text>
<text x="300" y="64" text-anchor="middle">ana</text>
<line class="life" x1="300" y1="70" x2="300" y2="224"/>
<line class="alive" x1="300" y1="106" x2="300" y2="170"/>
<text x="90" y="96" class="time" text-anchor="end">0.250</text>
<rect class="ground" x="115" y="83" width="138.1" height="18" rx="3"/>
<text x="122" y="96">opens as ana (#1)</text>
<line class="arrow" x1="300" y1="106" x2="112" y2="106"/>
<path class="arrow" d="M120 101L112 106l8 5"/>
<text x="90" y="128" class="time" text-anchor="end">1.000</text>
<rect class="ground" x="115" y="115" width="116.2" height="18" rx="3"/>
<text x="122" y="128">error bad-json</text>
<line class="arrow lost marked" x1="110" y1="138" x2="274" y2="138"/>
<path class="arrow lost marked" d="M268 132l12 12m0 -12l-12 12"/>
<text x="90" y="160" class="time" text-anchor="end">1.500</text>
<rect class="ground" x="115" y="147" width="145.4" height="18" rx="3"/>
<text x="122" y="160">close 1012 restart</text>
<line class="arrow end" x1="110" y1="170" x2="298" y2="170"/>
<path class="arrow" d="M290 165L298 170l-8 5"/>
<text x="90" y="192" class="time" text-anchor="end">2.000</text>
<rect class="violation" x="96" y="179" width="218" height="20" rx="3"/>
<text x="205" y="193" text-anchor="middle">VIOLATION leak: 1 room</text>
</svg>
"""


def parsed(drawn: str) -> ET.Element:
    return ET.fromstring(drawn)  # noqa: S314 - the drawing under test, which has no entities


def all_of_xml(root: ET.Element) -> list[str]:
    return [text for text in root.itertext() if text.strip()]


def test_ascii() -> None:
    assert to_ascii(STORY_CHART) == ASCII


def test_mermaid() -> None:
    assert to_mermaid(STORY_CHART) == MERMAID


def test_svg() -> None:
    drawn = to_svg(SMALL)
    assert drawn.startswith(SVG_HEAD)
    assert drawn.partition("</style>\n")[2] == SVG_BODY


def test_svg_says_everything() -> None:
    said = all_of_xml(parsed(to_svg(STORY_CHART)))
    for row in STORY_CHART.rows:
        assert row.text in said
        assert f"{row.t:.3f}" in said
    assert {"server", "c1", "ana", "c2", "bo"} <= set(said)


@pytest.mark.parametrize("lanes", range(7))
def test_ascii_fits_up_to_six_lanes(lanes: int) -> None:
    names = [Lane(conn, HOSTILE) for conn in range(1, lanes + 1)]
    rows = [Arrow(1.0, lane.conn, True, "x" * 300) for lane in names]
    drawn = to_ascii(Chart("t", tuple(names), (*rows, Note(2.0, "note", "y " * 300))))
    assert max(map(len, drawn.splitlines())) <= 110
    assert drawn.count("x") >= 300 * lanes
    assert drawn.count("y") == 300


def test_ascii_of_many_lanes_keeps_its_text() -> None:
    names = [Lane(conn, f"u{conn}") for conn in range(30)]
    rows = tuple(Arrow(1.0, lane.conn, False, f"answer {lane.conn}.") for lane in names)
    drawn = to_ascii(Chart("t", tuple(names), rows))
    assert all(drawn.count(f"  answer {conn}.\n") == 1 for conn in range(30))


@pytest.mark.parametrize("chart", [Chart("t", (), ()), Chart("t", (), (Note(1.0, "note", ""),))])
def test_a_chart_of_nothing(chart: Chart) -> None:
    assert to_ascii(chart).startswith("t\n\n      time  server\n")
    assert to_mermaid(chart).startswith("sequenceDiagram\n  title t\n  participant S as server\n")
    assert parsed(to_svg(chart)).tag.endswith("svg")


# Hostile texts: as they come out of a chart, and as somebody could put them into one.
HOSTILE_CHART = Chart(
    HOSTILE,
    (Lane(1, HOSTILE), Lane(-2, "end")),
    (
        Arrow(1.0, 1, True, "a;b\nend</style><script>alert('1')</script>]]>"),
        Arrow(1.0, -2, False, "%%{init: {}}%% #quot; $$x$$ `y` @{z} | \\ <br/> &lt;"),
        Note(1.0, "fault", "loop\n  rect\n--> é", (-2, 1)),
        Note(1.0, "violation", 'wrap: "q" ' + "\u202e"),
    ),
)


def test_ascii_is_ascii() -> None:
    drawn = to_ascii(HOSTILE_CHART)
    assert drawn.isascii()
    assert all(char.isprintable() or char == "\n" for char in drawn)
    assert "  loop\\n  rect\\n--> \\xe9\n" in drawn


def test_mermaid_says_nothing_but_what_it_should() -> None:
    label = r"(?:[A-Za-z0-9 _\-.,:()\[\]/+=']|#[0-9]+;)*"
    name = r"(?:S|c_?[0-9]+)"
    statement = re.compile(
        rf"sequenceDiagram|  title {label}|  participant {name} as {label}"
        r"|  rect rgba\(255, 0, 0, 0\.2\)|  end"
        rf"| +{name}--?(?:>>|x){name}: {label}| +Note over {name}(?:,{name})?: {label}"
    )
    for chart in (HOSTILE_CHART, STORY_CHART):
        for line in to_mermaid(chart).splitlines():
            assert statement.fullmatch(line), line
    assert "Note over c1,c_2: " in to_mermaid(HOSTILE_CHART)


def test_mermaid_labels_read_back() -> None:
    lines = to_mermaid(HOSTILE_CHART).splitlines()
    # Its entities are those of HTML, with another first character.
    read = [html.unescape(re.sub(r"#([0-9]+);", r"&#\1;", line.partition(": ")[2])) for line in lines]
    assert f"1.000 {HOSTILE_CHART.rows[1].text}" in read


def test_svg_holds_texts_and_shapes_alone() -> None:
    root = parsed(to_svg(HOSTILE_CHART))
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert tags == {"svg", "title", "style", "rect", "text", "line", "path"}
    names = {name for element in root.iter() for name in element.attrib}
    assert not any(name.startswith("on") or "href" in name for name in names)
    style = next(element.text for element in root.iter() if element.tag.endswith("style"))
    assert "url(" not in (style or "url(")
    assert any("<script>alert('1')</script>" in text for text in all_of_xml(root))


def test_every_kind_of_row_has_its_colours_in_light_and_dark() -> None:
    drawn = to_svg(chart_of(STORY, story(), [BREACH]))
    root = parsed(drawn)
    classes = {name for element in root.iter() for name in element.get("class", "").split()}
    light, _, dark = drawn.partition("@media (prefers-color-scheme: dark)")
    for name in sorted(classes - {"focus-signal-run"}):
        assert f".{name} {{" in light
        if name not in {"alive", "end"}:  # a grey that can be seen on both, and a way to draw
            assert f".{name} {{" in dark
