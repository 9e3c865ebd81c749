"""A chart: what is drawn of a run, free of any way to draw it; all its texts print on one line."""

from typing import Literal

from attrs import field, frozen

from focus_signal.testing.diagram.texts import name_text, printable


@frozen
class Lane:
    """Be one connection of the plan."""

    conn: int
    user: str

    @property
    def user_text(self) -> str:
        """Show the user id, in printable characters only."""
        return name_text(self.user)

    @property
    def label(self) -> str:
        """Name the lane, in printable characters only."""
        return f"c{self.conn} {self.user_text}"


@frozen
class Arrow:
    """Be something that passed, or did not pass, between a client and the server.

    Args:
      t: virtual seconds from the start: when a client sent or got it; when it was decided if it was lost.
      conn: the client's connection.
      up: whether it goes from the client to the server.
      text: what it is.
      op: the id of the operation that it is, or that brought it about; None if that is not known.
      end: whether it ends the connection.
      lost: whether it never arrived.
      marked: whether a violation is about it.
    """

    t: float
    conn: int
    up: bool
    text: str = field(converter=printable)
    op: int | None = None
    end: bool = False
    lost: bool = False
    marked: bool = False

    @property
    def is_marked(self) -> bool:
        """Tell whether it is to be seen at once."""
        return self.marked


@frozen
class Note:
    """Be something that happened at a place, or is to be known there.

    Args:
      t: virtual seconds from the start.
      kind: "note", "fault" or "violation".
      text: what it is.
      over: "server", "all", or the connections whose lanes it belongs to.
      ops: the ids of the operations that it is about.
    """

    t: float
    kind: Literal["note", "fault", "violation"]
    text: str = field(converter=printable)
    over: Literal["server", "all"] | tuple[int, ...] = "all"
    ops: tuple[int, ...] = ()

    @property
    def is_marked(self) -> bool:
        """Tell whether it is to be seen at once."""
        return self.kind == "violation"


Row = Arrow | Note


@frozen
class Chart:
    """Be what is drawn: the server's lane first, then these, and the rows from top to bottom."""

    title: str = field(converter=printable)
    lanes: tuple[Lane, ...]
    rows: tuple[Row, ...]

    def spans(self) -> dict[int, tuple[int, int]]:
        """Tell from which row to which each lane's connection is alive, as far as the rows show it.

        One that is never seen to end is alive to the bottom.
        """
        spans: dict[int, tuple[int, int]] = {}
        ended: dict[int, bool] = {}
        for index, row in enumerate(self.rows):
            conns = (row.conn,) if isinstance(row, Arrow) else row.over if isinstance(row.over, tuple) else ()
            for conn in conns:
                spans[conn] = (spans.get(conn, (index, index))[0], index)
                ended[conn] = ended.get(conn, False) or (isinstance(row, Arrow) and row.end)
        bottom = len(self.rows) - 1
        return {conn: (first, last if ended[conn] else bottom) for conn, (first, last) in spans.items()}


@frozen
class Only:
    """Choose rows: those about these operations or on these connections, and what concerns everyone."""

    ops: tuple[int, ...] = ()
    conns: tuple[int, ...] = ()

    def admits(self, row: Row) -> bool:
        """Tell whether a row is chosen."""
        if isinstance(row, Arrow):
            return row.op in self.ops or row.conn in self.conns
        if row.kind == "violation" or row.over == "all":
            return True
        on_lane = row.over != "server" and any(conn in self.conns for conn in row.over)
        return on_lane or any(op in self.ops for op in row.ops)
