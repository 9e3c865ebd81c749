"""Mistakes planted in the session, each caught: by the histories, or by one of the scripted servers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from focus_signal.client import closes, session, unanswered
from focus_signal.client.faults import ProtocolBroken
from tests.client import test_session as scripted
from tests.client import test_session_input as refused
from tests.client.model import random_history
from tests.fuzz.planting import Plant, changed

Check = Callable[[], object]
CAUGHT = (AssertionError, ProtocolBroken, RuntimeError, KeyError, pytest.fail.Exception)


def histories() -> None:
    for seed in range(300):
        random_history(seed)


def in_session(right: str, wrong: str) -> Plant:
    return changed(session, "Session", session, right, wrong)


def in_unanswered(right: str, wrong: str) -> Plant:
    return changed(session, "Unanswered", unanswered, right, wrong)


MISTAKES: dict[str, tuple[Plant, Check]] = {
    "what came twice is handled twice": (
        in_session("if seq <= self.seen:", "if seq < self.seen:"),
        scripted.test_duplicates_are_dropped,
    ),
    "a gap goes unnoticed": (
        in_session("if seq != self.seen + 1:", "if seq < self.seen + 1:"),
        scripted.test_a_gap_breaks_the_protocol,
    ),
    "a gap behind the welcome goes unnoticed": (
        in_session("if welcome.resumed and welcome.seq > self.seen:", "if welcome.seq < 0:"),
        scripted.test_a_gap_breaks_the_protocol,
    ),
    "what was handled is not remembered": (in_session("        self.seen = seq\n", ""), histories),
    "a welcome that does not resume leaves the numbers": (
        in_session("            self.seen = welcome.seq\n", "            pass\n"),
        histories,
    ),
    "requests go out before the token has come": (
        in_session("self._held = last_id is UNSET", "self._held = False"),
        histories,
    ),
    "requests wait for ever": (
        in_session("            self._held = False\n", "            pass\n"),
        histories,
    ),
    "any pong will do": (
        in_session("if self._proof is not None and self._pongs >= self._proof:", "if self._held:"),
        scripted.test_nothing_is_said_before_the_welcome_and_no_request_before_the_token_counts,
    ),
    "requests go out before it is known that the token has come": (
        in_session(
            "        self._token_is_new = False\n        # Until",
            "        self._token_is_new = self._held = False\n        # Until",
        ),
        histories,
    ),
    "the server is not told that the token has come": (
        in_session(
            "session away from this connection.\n        self._ping_due = True",
            "session away from this connection.",
        ),
        scripted.test_each_token_is_said_to_have_come,
    ),
    "the server is not told what was seen": (
        in_session("if self.seen - self._reported >= PING_AFTER:", "if self.seen < 0:"),
        scripted.test_a_ping_is_due_every_fifty_frames,
    ),
    "frames tell too much": (
        in_session("request.frame, self.seen)", "request.frame, self.seen + 1)"),
        histories,
    ),
    "frames tell too little": (
        in_session("request.frame, self.seen)", "request.frame, 0)"),
        scripted.test_seen_is_in_every_frame,
    ),
    "the offer tells too little": (
        in_session(
            'f"resume.{self._offered}.{self.seen}"', 'f"resume.{self._offered}.{max(0, self.seen - 1)}"'
        ),
        scripted.test_a_lost_welcome_changes_nothing,
    ),
    "the first token is kept for ever": (
        in_session("        self._token = token\n", "        self._token = self._token or token\n"),
        histories,
    ),
    "the token of a session that has ended is offered again": (
        in_session("            self._token = None\n", "            pass\n"),
        scripted.test_a_refused_token_is_not_offered_again,
    ),
    "the ids of another session are believed": (
        in_session("self._offered is not None and welcome.why is UNSET", "self._offered is not None"),
        histories,
    ),
    "every end counts as a restart": (in_session("code == RESTART", "True"), histories),
    "no end counts as a restart": (
        in_session("code == RESTART", "False"),
        scripted.test_behind_a_1012_what_is_unanswered_was_not_done,
    ),
    "a restart before the welcome counts": (
        in_session(
            "if self._phase is _Phase.LIVE:\n            self._all", "if code:\n            self._all"
        ),
        scripted.test_a_1012_says_nothing_of_what_an_earlier_connection_had_sent,
    ),
    "answers are waited for that never come": (
        in_session("answers_follow=welcome.resumed", "answers_follow=True"),
        histories,
    ),
    "answers that come are not waited for": (
        in_session("answers_follow=welcome.resumed", "answers_follow=False"),
        histories,
    ),
    "nothing is sent again": (in_unanswered("if id_ > last_id}", "if not request.sent}"), histories),
    "everything is sent again": (
        in_unanswered("if id_ > last_id}", "if id_}"),
        scripted.test_what_was_cut_off_is_sent_again_with_the_same_ids,
    ),
    "what may have been done is done again": (
        in_unanswered("[request for request in every if request.sent]", "[]"),
        histories,
    ),
    "an ack answers only its own": (
        in_unanswered("if request.id > id_:", "if request.id != id_:"),
        histories,
    ),
    "an ack answers everything": (in_unanswered("if request.id > id_:", "if not id_:"), histories),
    "ids begin anew": (
        in_unanswered("            self.last_id += 1\n            request.id", "            request.id"),
        histories,
    ),
    "the answer to nothing is believed": (
        in_session("if id_ > self.unanswered.last_sent:", "if id_ < 0:"),
        lambda: refused.test_what_cannot_be_the_first_word_again({}),
    ),
    "what was sent is taken back": (
        in_unanswered("if request.sent or request not in self:", "if request not in self:"),
        refused.test_what_was_not_sent_can_be_taken_back,
    ),
    "4501 comes back": (
        changed(session, "judge", closes, "code < 4500", "code < 4502"),
        refused.test_a_session_that_is_over_says_nothing,
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_the_mistake_is_caught(name: str) -> None:
    plant, check = MISTAKES[name]
    # Most are seen by what they come to, some since the little server or the client itself objects.
    with plant(), pytest.raises(CAUGHT):
        check()


@pytest.mark.parametrize("check", {check: None for _, check in MISTAKES.values()})
def test_without_it_nothing_is_caught(check: Check) -> None:
    check()
