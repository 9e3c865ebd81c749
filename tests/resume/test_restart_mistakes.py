"""Mistakes planted in what brings rooms back: random restarts beside the naive model find each of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from focus_signal.access.keys import Keys
from focus_signal.core.arrivals import Arrivals
from focus_signal.core.code_rooms import CodeRooms
from focus_signal.core.restoring import Restoring
from tests.fuzz.planting import Plant
from tests.resume import test_restart_scenes as scenes
from tests.resume.planting import in_method
from tests.resume.restarts import Difference, restarts

MISTAKES: dict[str, Plant] = {
    "an older record counts as well": in_method(Restoring, "_show", "if record.rev <= shown:", "if False:"),
    "nobody is ever lost": in_method(
        Restoring, "end", "for session in list(self._expected.values()):", "for session in ():"
    ),
    "the window is a moment too long": in_method(
        Restoring, "takes", "self._moment.now < self._until", "self._moment.now < self._until + 0.5"
    ),
    "where somebody was later is forgotten": in_method(
        Restoring, "_seat_of", "if self._known.get(user, -1) >= record.rev:", "if False:"
    ),
    "what was before is not left": in_method(
        Restoring, "_show", "if self._known.get(user, -1) < record.rev:", "if False:"
    ),
    "who left every room stays": in_method(
        Restoring,
        "_learn",
        "self._known[user] = token.rev\n            self._unseat(user)",
        "self._known[user] = token.rev",
    ),
    "nobody is told that it was removed": in_method(
        Restoring, "tell_outcome", "if room is not None and", "if False and room is not None and"
    ),
    "the order of arrival is another one": in_method(
        Restoring,
        "_seat",
        "room.members.update(dict.fromkeys(seats))",
        "room.members.update(dict.fromkeys(seats[::-1]))",
    ),
    "the first of two sessions wins": in_method(
        Arrivals, "_restore", "holder.resumption.issued >= token.issued", "holder.resumption.issued > 0"
    ),
    "the last one to come wins": in_method(
        Arrivals, "_restore", "holder.resumption.issued >= token.issued", "False"
    ),
    "an older token of the session brings it back": in_method(
        Arrivals, "_judge", "or token.issued < resumption.issued else", "else"
    ),
    "a token that was followed by another is good": in_method(
        Arrivals, "_judge", "if resumption.proved or token.issued", "if token.issued"
    ),
    "a bare user id takes a seat that is kept": in_method(
        Arrivals, "_begin", "expected = self._restoring.expects(command.user)", "expected = False"
    ),
    "no seat is kept for a client of the seed's": in_method(
        Restoring,
        "seat_seed",
        "if expected is None or expected.resumption is not None:\n            return\n        del",
        "if expected is None or expected.resumption is not None or True:\n            return\n        del",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_restarts_find_it(mistake: str) -> None:
    with MISTAKES[mistake](), pytest.raises(Difference):
        restarts(range(60), 10)


def test_a_seat_that_ends_with_the_older_session() -> None:
    """It takes two sessions of a user, of which the older one comes first: seldom, so these are chosen."""
    mistake = in_method(Restoring, "keep_seat", "if room is None or", "if True or room is None or")
    with mistake(), pytest.raises(Difference):
        restarts(range(307, 308), 10)


SCENES: dict[str, tuple[Plant, Callable[[], None]]] = {
    "who left by itself is put back": (
        in_method(Restoring, "_has_moved", "return session.rev !=", "return False and session.rev !="),
        scenes.test_who_leaves_by_itself_is_not_put_back,
    ),
    "codes are free while rooms come back": (
        in_method(CodeRooms, "_may_come_back", "self._restoring.seconds_left", "0"),
        scenes.test_codes_while_rooms_come_back,
    ),
    "a client of the seed's is not told of its room": (
        in_method(
            Restoring, "_seat_of", "(is_seed and session.resumption is None)", "(is_seed and session.rev < 0)"
        ),
        scenes.test_a_client_of_the_seeds_that_came_first_is_told_of_its_room,
    ),
    "the old secret signs": (
        in_method(Keys, "sign", "hmac.digest(self._secrets[0][1]", "hmac.digest(self._secrets[-1][1]"),
        scenes.test_keys_that_were_changed,
    ),
}


@pytest.mark.parametrize("mistake", SCENES)
def test_a_scene_finds_it(mistake: str) -> None:
    plant, scene = SCENES[mistake]
    # Or the scene looks for what is not there.
    with plant(), pytest.raises((AssertionError, KeyError, ValueError)):
        scene()
