"""All tables of hostile input in one, in the order in which docs/hostile.md tells them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from attrs import frozen

from tests.server.hostile import courtesies, crowds, scenes, v1_frames, violations
from tests.server.hostile import handshake_table as handshakes
from tests.server.hostile.first_words import EARLY_ENDS, NAMELESS
from tests.server.hostile.frame_row import FrameRow
from tests.server.hostile.handshake_precedence import ALLOWED_ORIGINS, DOUBLY, ORIGINS
from tests.server.hostile.handshake_sizes import BODIES, HALVES, LIMITS, PAGES, UNFINISHED
from tests.server.hostile.handshake_table import BadHandshake
from tests.server.hostile.inputs import (
    Input,
    early_input,
    frame_input,
    http_input,
    nameless_input,
    welcome_input,
)
from tests.server.hostile.v1_offers import HANDSHAKES, SESSIONS, v1_frame_input

MAX_HANDSHAKES = 16
"""How many handshakes may not be over on the server to which all of this is played."""

When = Literal["in turn", "meanwhile", "in the end", "draining"]


@frozen
class Section:
    """Be one table.

    Args:
      title: its heading.
      inputs: its rows; no two have the same name.
      when: "in turn" for one after the other; "meanwhile" for what takes as long as a deadline; "in the end"
        for what leaves no room for others; "draining" for what comes while the server drains.
    """

    title: str
    inputs: tuple[Input, ...]
    when: When = "in turn"


def _http(title: str, rows: Iterable[BadHandshake]) -> Section:
    return Section(title, tuple(map(http_input, rows)))


def _frames(title: str, rows: Iterable[FrameRow], *more: Input) -> Section:
    return Section(title, (*map(frame_input, rows), *more))


def _v1_frames(title: str, rows: Iterable[FrameRow]) -> Section:
    return Section(title, tuple(map(v1_frame_input, rows)))


SECTIONS = (
    _http("Before the handshake is over: no HTTP", handshakes.NO_REQUEST),
    _http("Versions of HTTP", handshakes.VERSIONS),
    _http("Header lines", handshakes.FIELDS),
    _http("Paths and methods", handshakes.PATHS),
    _http("Wrong upgrades", handshakes.UPGRADES),
    Section(
        "Sizes",
        (
            *(welcome_input(limit.within, limit.inside) for limit in LIMITS),
            *(http_input(limit.beyond) for limit in LIMITS),
            *map(http_input, UNFINISHED),
        ),
    ),
    Section("Cut short", tuple(http_input(row, end=True) for row in HALVES)),
    Section(
        "With much behind it",
        (
            *(http_input(row, ", read meanwhile") for row in BODIES),
            *(http_input(row, ", read afterwards", reads_late=True) for row in BODIES),
        ),
    ),
    _http("Wrong in two ways: the first counts", DOUBLY),
    Section(
        "Pages of other origins, where one is allowed",
        (*map(http_input, ORIGINS), *(welcome_input(*row) for row in ALLOWED_ORIGINS)),
    ),
    Section("Odd handshakes that are right", tuple(welcome_input(*row) for row in handshakes.ODD_HANDSHAKES)),
    _http("Pages", PAGES),
    Section("Nobody's name", tuple(map(nameless_input, NAMELESS))),
    Section(
        "Along with the handshake",
        tuple(early_input(row.name, row.sent, row.wanted, answers=not row.peer_closes) for row in EARLY_ENDS),
    ),
    _frames("Behind the handshake: headers of frames", violations.HEADERS),
    _frames("The order of frames", violations.ORDER),
    _frames("Control frames", violations.CONTROL),
    _frames("Text that is not UTF-8", violations.UTF8),
    _frames("Binary messages", violations.KIND),
    _frames("Sizes and fragments of messages", (*violations.SIZE, *violations.UNFINISHED)),
    _frames("JSON and what is in it", courtesies.ERRORS, *scenes.PASSED),
    _frames("Odd frames that are right", courtesies.ODD),
    _frames("Leaving", courtesies.LEAVING),
    _frames("Leaving without a goodbye", courtesies.WITHOUT_GOODBYE),
    Section("focus-signal.v1: what is offered", HANDSHAKES),
    Section("focus-signal.v1: sessions that are not to be had", SESSIONS),
    _v1_frames("focus-signal.v1: no messages", v1_frames.NO_MESSAGES),
    _v1_frames("focus-signal.v1: numbers", v1_frames.NUMBERS),
    _v1_frames("focus-signal.v1: messages that are wrong", v1_frames.WRONG),
    _v1_frames("focus-signal.v1: below the messages", v1_frames.BELOW),
    Section("Until a deadline", scenes.DEADLINES, "meanwhile"),
    Section("More than may wait for a peer", scenes.OVERFLOWS, "meanwhile"),
    Section("Too many handshakes", (crowds.crowd_of(MAX_HANDSHAKES),), "in the end"),
    Section("A server that is full", crowds.full_house(), "in the end"),
    Section("A server that is draining", crowds.WHILE_DRAINING, "draining"),
)
