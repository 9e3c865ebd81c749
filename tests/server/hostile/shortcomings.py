"""Where the transports differ: every input that gets something else on trio-websocket than on the native one.

The lists in docs/transports.md are made of what is here, and here is what the tests play. To write them anew:
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

from focus_signal.wire.close_codes import CLOSE_CODES
from tests.server.hostile.courtesies import COURTESIES, LEAVING, WITHOUT_GOODBYE
from tests.server.hostile.frame_row import CUT, ENDS, TOO_BIG_FOR_LIBRARY, Events
from tests.server.hostile.violations import VIOLATIONS

DOCUMENT = Path(__file__).parents[3] / "docs" / "transports.md"
BEGIN, END = "<!-- The list begins. -->\n", "<!-- The list ends. -->\n"
EITHER_BEGIN, EITHER_END = "<!-- The other list begins. -->\n", "<!-- The other list ends. -->\n"


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
        _, code, *reason = events[0].split()
        ours = not reason or any(row.reason == " ".join(reason) for row in CLOSE_CODES.values())
        return f"closed with {code}" if ours else f"closed with {code} and the peer's own reason"
    if events == ENDS:
        return "the stream ends without a close frame"
    if events == CUT:
        return "the stream ends with a reset"
    pongs = sum(event.startswith("pong") for event in events)
    if pongs and events[-1] == "kept":
        return f"{pongs:,} of the pings {'is' if pongs == 1 else 'are'} answered"
    return "it is taken, and the connection is kept"


def _rows(*, either: bool) -> Iterator[Shortcoming]:
    for row in (*VIOLATIONS, *COURTESIES, *LEAVING, *WITHOUT_GOODBYE):
        if row.instead is not None and row.either == either:
            yield Shortcoming(row.name, in_words(row.wanted), in_words(row.instead))


def shortcomings() -> list[Shortcoming]:
    """List every shortcoming: those of the tables, then those that are played."""
    return [*_rows(either=False), *(PLAYED[key] for key in get_args(Played))]


def either_way() -> list[Shortcoming]:
    """List every input that RFC 6455 lets be answered in the one way as well as in the other."""
    return list(_rows(either=True))


def rendered() -> str:
    """Write the list of shortcomings as it stands in the documentation."""
    return "".join(_lines())


def rendered_either_way() -> str:
    """Write the list of what may be answered either way as it stands in the documentation."""
    rows = "".join(f"| {each.input} | {each.wanted} | {each.instead} |\n" for each in either_way())
    return f"\n| input | native | trio-websocket |\n| --- | --- | --- |\n{rows}\n"


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
    """Write both lists into the documentation."""
    text = DOCUMENT.read_text()
    for begin, end, between in (
        (BEGIN, END, rendered()),
        (EITHER_BEGIN, EITHER_END, rendered_either_way()),
    ):
        before, begins, rest = text.partition(begin)
        _, ends, after = rest.partition(end)
        if not (begins and ends):
            sys.exit(f"{DOCUMENT} does not say where its lists begin and end")
        text = before + begins + between + ends + after
    DOCUMENT.write_text(text)


if __name__ == "__main__":
    main()
