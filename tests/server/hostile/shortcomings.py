"""What the trio-websocket transport cannot do: every input that gets something else than what is wanted.

The list in docs/transports.md is made of what is here, and here is what the tests play. To write it anew:
python -m tests.server.hostile.shortcomings
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Literal, get_args

from attrs import frozen

from tests.server.hostile.courtesies import COURTESIES, LEAVING
from tests.server.hostile.frame_row import ENDS, TOO_BIG_FOR_LIBRARY, Events
from tests.server.hostile.violations import VIOLATIONS

DOCUMENT = Path(__file__).parents[3] / "docs" / "transports.md"
BEGIN, END = "<!-- The list begins. -->\n", "<!-- The list ends. -->\n"


@frozen
class Shortcoming:
    """Be one input in words, what is wanted for it, and what happens instead."""

    input: str
    wanted: str
    instead: str


# What no row of a table can show, each by the name that its test has for it.
Played = Literal["declared", "slow-reader", "behind-close", "ping-behind-ours", "much-behind-ours"]
_UNHEARD = (
    "it is ignored, and the answer to the close frame ends the stream",
    "the answer is not heard: the stream ends 2 s later",
)
PLAYED: dict[Played, Shortcoming] = {
    "declared": Shortcoming(
        "a frame that declares more than 256 KiB, before any of it has come",
        "closed with 1009 at once",
        "nothing, until a ping has gone unanswered: closed with 4002",
    ),
    "slow-reader": Shortcoming(
        "a peer that reads all the time, but takes more than 10 s for one message",
        "the connection is kept: there is progress",
        "the stream is cut after 10 s, and counted as 4001",
    ),
    "behind-close": Shortcoming(
        "a megabyte behind a close frame",
        "it is read and forgotten, and the stream ends in good order",
        "the close frame is answered, then the stream may end with a reset",
    ),
    "ping-behind-ours": Shortcoming("a ping behind our close frame", *_UNHEARD),
    "much-behind-ours": Shortcoming("more than 256 KiB behind our close frame", *_UNHEARD),
}


def in_words(events: Events) -> str:
    """Say what the events of a row mean to whoever reads the documentation."""
    if events == TOO_BIG_FOR_LIBRARY:
        return "closed with 1009 by the library, in its own words"
    if events[0].startswith("close "):
        return f"closed with {events[0].split()[1]}"
    if events == ENDS:
        return "the stream ends without a close frame"
    return "it is taken, and the connection is kept"


def shortcomings() -> list[Shortcoming]:
    """List every shortcoming: those of the tables, then those that are played."""
    rows = (row for row in (*VIOLATIONS, *COURTESIES, *LEAVING) if row.instead is not None)
    listed = [Shortcoming(row.name, in_words(row.wanted), in_words(row.pinned)) for row in rows]
    return listed + [PLAYED[key] for key in get_args(Played)]


def rendered() -> str:
    """Write the list as it stands in the documentation."""
    return "".join(_lines())


def _lines() -> Iterator[str]:
    by = attrgetter("wanted", "instead")
    listed = shortcomings()
    # Groups come in the order in which their first member does.
    order = list(dict.fromkeys(map(by, listed)))
    for (wanted, instead), members in groupby(sorted(listed, key=lambda each: order.index(by(each))), key=by):
        yield f"\n- Wanted: {wanted}.\n- Instead: {instead}.\n\n| input |\n| --- |\n"
        yield from (f"| {member.input} |\n" for member in members)
    yield "\n"


def main() -> None:
    """Write the list into the documentation."""
    before, begin, rest = DOCUMENT.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        sys.exit(f"{DOCUMENT} does not say where the list begins and ends")
    DOCUMENT.write_text(before + begin + rendered() + end + after)


if __name__ == "__main__":
    main()
