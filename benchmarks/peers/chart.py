"""Bars as an SVG picture that stands by itself: no scripts, no fonts and no files of others.

A bar is as long as the median; the thin line over its end goes from the smallest value to the largest. The
picture brings its own ground, and turns dark where the reader prefers that.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from xml.sax.saxutils import escape

import attrs

from benchmarks.report import number_text

_NAME = "focus-signal-peers"
_FONT = 'font-family="DejaVu Sans, Helvetica, Arial, sans-serif" font-size="13"'
_WIDTH = 760
_LEFT = 232
_LONGEST = 400
_ROW = 26
_BAR = 16
_LIGHT = {
    "text": "fill: #1c2733",
    ".ground": "fill: #ffffff",
    ".head": "font-weight: bold",
    ".axis": "stroke: #7d8b99",
    ".bar": "fill: #a9b7c6",
    ".ours": "fill: #24578f",
    ".seed": "fill: #c29a2e",
    ".range": "stroke: #1c2733; stroke-width: 1.5",
}
_DARK = {
    "text": "fill: #e3e8ee",
    ".ground": "fill: #14191f",
    ".bar": "fill: #55616d",
    ".ours": "fill: #7fb2ec",
    ".seed": "fill: #d9b24a",
    ".range": "stroke: #e3e8ee",
}


@attrs.frozen
class Bar:
    """What one server had in all rounds; `style` is `ours`, `seed` or `bar`."""

    label: str
    values: Sequence[float]
    style: str = "bar"


@attrs.frozen
class Panel:
    """Some bars on one scale, which starts at zero."""

    title: str
    bars: Sequence[Bar]


def draw(title: str, panels: Sequence[Panel]) -> str:
    """Draw the panels, one below the other, as an SVG document.

    Args:
        title: what the whole picture shows, for who cannot see it.
        panels: each with its own scale; a bar without values is left out.
    """
    parts: list[str] = []
    y = 12
    for panel in panels:
        y = _panel(panel, y, parts)
    size = f'width="{_WIDTH}" height="{y}"'
    view = f'viewBox="0 0 {_WIDTH} {y}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{_NAME}" role="img" {view} {size} {_FONT}>',
        f"<title>{escape(title)}</title>",
        "<style>",
        *_rules(_LIGHT),
        "@media (prefers-color-scheme: dark) {",
        *_rules(_DARK),
        "}",
        "</style>",
        f'<rect class="ground" {size}/>',
        *parts,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _panel(panel: Panel, y: int, parts: list[str]) -> int:
    """Draw one panel from `y` downward; return where the next may begin."""
    parts.append(_text(12, y + 16, panel.title, "head"))
    y += 30
    bars = [bar for bar in panel.bars if bar.values]
    unit = _LONGEST / max((max(bar.values) for bar in bars), default=1.0)
    top = y
    for bar in bars:
        middle = statistics.median(bar.values)
        centre = y + _ROW / 2
        low, high = (_LEFT + value * unit for value in (min(bar.values), max(bar.values)))
        long = f'width="{middle * unit:.1f}" height="{_BAR}"'
        ends = "".join(f"M{x:.1f} {centre - 3:g}v6" for x in (low, high))
        parts += [
            _text(_LEFT - 10, centre + 4.5, bar.label, "", "end"),
            f'<rect class="{bar.style}" x="{_LEFT}" y="{centre - _BAR / 2:g}" {long}/>',
            f'<path class="range" d="M{low:.1f} {centre:g}H{high:.1f}{ends}"/>',
            _text(high + 10, centre + 4.5, number_text(middle)),
        ]
        y += _ROW
    parts.append(f'<line class="axis" x1="{_LEFT}" y1="{top}" x2="{_LEFT}" y2="{y}"/>')
    return y + 18


def _rules(rules: dict[str, str]) -> list[str]:
    """Write rules for this picture alone: a style in a picture within a page holds for the whole page."""
    return [f".{_NAME} {selector} {{ {rule} }}" for selector, rule in rules.items()]


def _text(x: float, y: float, text: str, style: str = "", anchor: str = "start") -> str:
    attributes = f' class="{style}"' if style else ""
    attributes += f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text x="{x:.1f}" y="{y:g}"{attributes}>{escape(text)}</text>'
