"""A chart in plain ASCII, for terminals and for the reports of tests."""

from textwrap import wrap

from focus_signal.testing.diagram.chart import Arrow, Chart, Note

WIDTH = 110
_TIME = 10
_SERVER = 15  # the column of the server's line
_LEAST_LANE = 8
_MOST_LANE = 12
_LEAST_TEXT = 36


def to_ascii(chart: Chart, width: int = WIDTH) -> str:
    """Draw a chart in ASCII.

    Each row has its time, a `!` if a violation is about it, the lanes, and what it is. An arrow that ends in
    `x` was lost, and one drawn in dots ends the connection. `o` is a note, `*` a fault and `!` a violation,
    on the lanes that it is about. A lane is a `:` where its connection is not open.

    Args:
      chart: what to draw.
      width: the columns to keep within; with more than six lanes the lines may be longer.
    """
    spare = width - _SERVER - _LEAST_TEXT - 3
    gap = max(_LEAST_LANE, min(_MOST_LANE, spare // max(len(chart.lanes), 1)))
    at = {lane.conn: _SERVER + gap * (index + 1) for index, lane in enumerate(chart.lanes)}
    text_at = _SERVER + gap * len(chart.lanes) + 3
    room = max(width - text_at, _LEAST_TEXT)
    spans = chart.spans()
    lines = [_ascii(chart.title), "", *_heads(chart, at, gap)]
    for index, row in enumerate(chart.rows):
        alive = {conn: first <= index <= last for conn, (first, last) in spans.items()}
        texts = wrap(_ascii(row.text), room, break_on_hyphens=False) or [""]
        first, *others = ([*_lanes(at, alive)] for _ in texts)
        if isinstance(row, Arrow):
            _draw_arrow(first, row, at[row.conn])
        else:
            _draw_note(first, row, at)
        first[: _TIME + 1] = f"{row.t:{_TIME}.3f}{'!' if row.is_marked else ' '}"
        for line, text in zip([first, *others], texts, strict=True):
            lines.append("".join(line).ljust(text_at) + text)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _heads(chart: Chart, at: dict[int, int], gap: int) -> list[str]:
    """Write the names of the lanes, each around its line, a connection over its user."""
    numbers = "time".rjust(_TIME).ljust(_SERVER - 3) + "server"
    users = " " * _SERVER
    for lane in chart.lanes:
        number, user = f"c{lane.conn}", _ascii(lane.user_text)
        user = user if len(user) < gap else f"{user[: gap - 2]}~"
        start = at[lane.conn]
        numbers = numbers.ljust(start - len(number) // 2) + number
        users = users.ljust(start - len(user) // 2) + user
    return [numbers, users]


def _lanes(at: dict[int, int], alive: dict[int, bool]) -> list[str]:
    line = [" "] * (max(at.values(), default=_SERVER) + 1)
    line[_SERVER] = "|"
    for conn, column in at.items():
        line[column] = "|" if alive.get(conn) else ":"
    return line


def _draw_arrow(line: list[str], arrow: Arrow, column: int) -> None:
    stroke = "." if arrow.end else "-"
    between = range(_SERVER + 1, column)
    for index in between:
        line[index] = stroke
    head = between[0] if arrow.up else between[-1]
    line[head] = "x" if arrow.lost else "<" if arrow.up else ">"


def _draw_note(line: list[str], note: Note, at: dict[int, int]) -> None:
    sign = {"note": "o", "fault": "*", "violation": "!"}[note.kind]
    if note.over == "server":
        columns = [_SERVER]
    elif note.over == "all":
        columns = [_SERVER, *at.values()]
    else:
        columns = [at[conn] for conn in note.over]
    for column in columns:
        line[column] = sign


def _ascii(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode()
