"""A chart as the text of a Mermaid sequence diagram."""

from itertools import groupby

from focus_signal.testing.diagram.chart import Arrow, Chart, Note, Row

# What else there is may mean something to Mermaid within a label: `;`, `#`, `%%`, tags, `$$`.
_PLAIN = frozenset(" _-.,:()[]/+='")
_HIGHLIGHT = "  rect rgba(255, 0, 0, 0.2)"


def to_mermaid(chart: Chart) -> str:
    """Draw a chart as Mermaid text; what a violation is about stands on a red ground.

    An arrow that ends in a cross was lost, and a dashed one ends the connection.
    """
    lanes = [_name(lane.conn) for lane in chart.lanes]
    lines = ["sequenceDiagram", f"  title {_escaped(chart.title)}", "  participant S as server"]
    lines += [f"  participant {_name(lane.conn)} as {_escaped(lane.label)}" for lane in chart.lanes]
    for marked, rows in groupby(chart.rows, key=lambda row: row.is_marked):
        drawn = [_drawn(row, lanes) for row in rows]
        if marked:
            lines += [_HIGHLIGHT, *(f"    {line}" for line in drawn), "  end"]
        else:
            lines += [f"  {line}" for line in drawn]
    return "\n".join(lines) + "\n"


def _drawn(row: Row, lanes: list[str]) -> str:
    start = _arrow(row) if isinstance(row, Arrow) else f"Note over {_over(row, lanes)}"
    return f"{start}: {_escaped(f'{row.t:.3f} {row.text}')}"


def _arrow(arrow: Arrow) -> str:
    client = _name(arrow.conn)
    start, stop = (client, "S") if arrow.up else ("S", client)
    return f"{start}{'--' if arrow.end else '-'}{'x' if arrow.lost else '>>'}{stop}"


def _over(note: Note, lanes: list[str]) -> str:
    if note.over == "server" or not lanes:
        return "S"
    if note.over == "all":
        return f"S,{lanes[-1]}"
    # A note spans from one lane to another one; the order in which it names them means nothing.
    names = sorted((_name(conn) for conn in note.over), key=lanes.index)
    return names[0] if len(names) == 1 else f"{names[0]},{names[-1]}"


def _name(conn: int) -> str:
    # A minus sign would begin an arrow.
    return f"c{conn}" if conn >= 0 else f"c_{-conn}"


def _escaped(text: str) -> str:
    return "".join(c if c in _PLAIN or (c.isalnum() and c.isascii()) else f"#{ord(c)};" for c in text.strip())
