"""A chart as an SVG picture that stands by itself: no scripts, no fonts and no files of others.

It brings its own ground, so it can be read on a light and on a dark page; where the viewer says that the
reader prefers dark, it turns dark itself.
"""

from textwrap import wrap
from xml.sax.saxutils import escape

from attrs import define, field

from focus_signal.testing.diagram.chart import Arrow, Chart, Note, Row

_CHAR = 7.3  # the width of a character, at 12 px in a font of one width
_LINE = 16
_SERVER = 110
_FIRST_LANE = 190
_NEXT_LANE = 120
_TOP = 84
_LEAST_WIDTH = 760
_PAD = 7
_LONGEST_NAME = 14

_NAME = "focus-signal-run"
_FONT = 'font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="12"'
_LIGHT = {
    "text": "fill: #1c2733",
    ".ground": "fill: #ffffff",
    ".life": "stroke: #c3ccd6",
    ".alive": "stroke: #7d8b99; stroke-width: 2",
    ".time": "fill: #66727f",
    ".head": "fill: #e8eef5; stroke: #7d8b99",
    ".arrow": "stroke: #24578f; stroke-width: 1.5; fill: none",
    ".end": "stroke-dasharray: 5 4",
    ".lost": "stroke: #b3261e",
    ".marked": "stroke: #b3261e; stroke-width: 3",
    ".note": "fill: #eef1f4; stroke: #a5b0bb",
    ".fault": "fill: #fdf0cf; stroke: #c29a2e",
    ".violation": "fill: #fbdcd9; stroke: #b3261e; stroke-width: 1.5",
}
_DARK = {
    "text": "fill: #e3e8ee",
    ".ground": "fill: #14191f",
    ".life": "stroke: #3a4550",
    ".time": "fill: #96a2ae",
    ".head": "fill: #232d38",
    ".arrow": "stroke: #7fb2ec",
    ".lost": "stroke: #ff7b72",
    ".marked": "stroke: #ff7b72",
    ".note": "fill: #222a33; stroke: #55616d",
    ".fault": "fill: #3d3212",
    ".violation": "fill: #4b1a17; stroke: #ff7b72",
}


def to_svg(chart: Chart) -> str:
    """Draw a chart as an SVG document.

    An arrow that ends in a cross was lost, and a dashed one ends the connection. What a violation is about is
    red.
    """
    return _Drawing(chart).draw()


@define(eq=False)
class _Drawing:
    """Draw one chart, from the top downward."""

    chart: Chart
    _x: dict[int, int] = field(init=False)
    _width: int = field(init=False)
    _y: int = field(default=_TOP, init=False)
    _parts: list[str] = field(factory=list[str], init=False)
    _ends: list[int] = field(factory=list[int], init=False)

    def __attrs_post_init__(self) -> None:
        lanes = self.chart.lanes
        self._x = {lane.conn: _SERVER + _FIRST_LANE + _NEXT_LANE * index for index, lane in enumerate(lanes)}
        self._width = max(_LEAST_WIDTH, max(self._x.values(), default=0) + _NEXT_LANE)

    def draw(self) -> str:
        for row in self.chart.rows:
            self._row(row)
        height = self._y + 24
        size = f'width="{self._width}" height="{height}"'
        view = f'viewBox="0 0 {self._width} {height}"'
        lines = [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="{_NAME}" role="img" {view} {size} {_FONT}>',
            f"<title>{escape(self.chart.title)}</title>",
            "<style>",
            *_rules(_LIGHT),
            "@media (prefers-color-scheme: dark) {",
            *_rules(_DARK),
            "}",
            "</style>",
            f'<rect class="ground" {size}/>',
            _text(12, 22, self.chart.title, "time"),
            *self._lifelines(height - 12),
            *self._parts,
            "</svg>",
        ]
        return "\n".join(lines) + "\n"

    def _lifelines(self, bottom: int) -> list[str]:
        """Draw a thin line for each lane, and a thick one over it where its connection is open."""
        spans = self.chart.spans()
        parts = [*_head(_SERVER, "server", ""), _line("alive", _SERVER, _TOP - 14, _SERVER, bottom)]
        for lane in self.chart.lanes:
            x = self._x[lane.conn]
            parts += _head(x, f"c{lane.conn}", lane.user_text)
            parts.append(_line("life", x, _TOP - 14, x, bottom))
            if lane.conn in spans:
                first, last = spans[lane.conn]
                parts.append(_line("alive", x, self._ends[first], x, self._ends[last]))
        return parts

    def _row(self, row: Row) -> None:
        texts = wrap(row.text, int((self._width - _SERVER - 30) / _CHAR), break_on_hyphens=False) or [""]
        end = self._y + _LINE * len(texts) + 6
        self._parts.append(_text(_SERVER - 20, self._y + 12, f"{row.t:.3f}", "time", "end"))
        if isinstance(row, Arrow):
            self._label(texts)
            self._arrow(row, end)
        else:
            self._note(row, texts)
        self._ends.append(end)
        self._y = end + 10

    def _label(self, texts: list[str]) -> None:
        """Write above an arrow, on a ground that hides the lanes behind it."""
        x = _SERVER + 5
        self._parts.append(_rect("ground", x, self._y - 1, _wide(texts), _LINE * len(texts) + 2))
        for index, text in enumerate(texts):
            self._parts.append(_text(x + _PAD, self._y + 12 + _LINE * index, text))

    def _arrow(self, arrow: Arrow, y: int) -> None:
        client = self._x[arrow.conn]
        start, stop = (client, _SERVER) if arrow.up else (_SERVER, client)
        back = 1 if arrow.up else -1  # from the head to where the arrow came from
        style = " ".join(("arrow", *["lost"] * arrow.lost, *["marked"] * arrow.marked))
        if arrow.lost:
            stop += back * 26
            head = f"M{stop - 6} {y - 6}l12 12m0 -12l-12 12"
        else:
            stop += back * 2
            head = f"M{stop + back * 8} {y - 5}L{stop} {y}l{back * 8} 5"
        self._parts.append(_line(f"{style} end" if arrow.end else style, start, y, stop, y))
        self._parts.append(f'<path class="{style}" d="{head}"/>')

    def _note(self, note: Note, texts: list[str]) -> None:
        """Draw a box over its lanes, or wider, as far as the picture's edges let it be."""
        if isinstance(note.over, tuple):
            columns = [self._x[conn] for conn in note.over]
        else:
            columns = [_SERVER, *(self._x.values() if note.over == "all" else ())]
        wide = max(_wide(texts), max(columns) - min(columns) + 4 * _PAD)
        x = (min(columns) + max(columns) - wide) / 2
        x = max(min(x, self._width - wide - 8), _SERVER - 2 * _PAD)
        self._parts.append(_rect(note.kind, x, self._y - 1, wide, _LINE * len(texts) + 4))
        for index, text in enumerate(texts):
            self._parts.append(_text(x + wide / 2, self._y + 13 + _LINE * index, text, "", "middle"))


def _rules(rules: dict[str, str]) -> list[str]:
    """Write rules for this picture alone: a style in a picture within a page holds for the whole page."""
    return [f".{_NAME} {selector} {{ {rule} }}" for selector, rule in rules.items()]


def _head(x: int, number: str, user: str) -> list[str]:
    user = user if len(user) <= _LONGEST_NAME else f"{user[: _LONGEST_NAME - 3]}..."
    wide = _wide([number, user])
    lines = [
        _rect("head", x - wide / 2, 32, wide, _TOP - 14 - 32),
        _text(x, 48 if user else 55, number, "", "middle"),
    ]
    return [*lines, _text(x, 64, user, "", "middle")] if user else lines


def _wide(texts: list[str]) -> float:
    return max(map(len, texts)) * _CHAR + 2 * _PAD


def _text(x: float, y: float, text: str, style: str = "", anchor: str = "start") -> str:
    attributes = f' class="{style}"' if style else ""
    attributes += f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text x="{x:g}" y="{y:g}"{attributes}>{escape(text)}</text>'


def _line(style: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{style}" x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}"/>'


def _rect(style: str, x: float, y: float, wide: float, tall: float) -> str:
    return f'<rect class="{style}" x="{x:g}" y="{y:g}" width="{wide:g}" height="{tall:g}" rx="3"/>'
