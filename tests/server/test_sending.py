"""Frames into a link: whatever it takes and whenever it breaks, none is cut, doubled or out of its turn."""

from __future__ import annotations

from collections import deque

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from focus_signal.server.transport.sending import FrameSender
from tests.server.scripted_link import ScriptedLink
from tests.server.sending_checks import CHECKS, Check, send_the_rest


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
async def test_frames(check: Check) -> None:
    with trio.fail_after(30):
        await check(FrameSender)


class ForgetsWhatHasGone(FrameSender):
    """Send the first frame anew after a short write."""

    def _drop(self, sent: int) -> None:
        super()._drop(sent)
        self._bytes += self._gone
        self._gone = 0


class DropsWhatHasBegun(FrameSender):
    """Take a frame that was cut for one that has gone."""

    def _drop(self, sent: int) -> None:
        super()._drop(sent)
        if self._gone:
            self._bytes -= len(self._waiting.popleft()) - self._gone
            self._gone = 0


class ForgetsTooMuch(FrameSender):
    """Drop the frame that has begun, too."""

    def forget(self) -> None:
        self._gone = 0
        super().forget()


class ForgetsNothing(FrameSender):
    def forget(self) -> None:
        """Keep all that waits."""


class Overtakes(FrameSender):
    """Send what has come now ahead of what waits."""

    def _keep(self, frames: object) -> None:
        assert isinstance(frames, (list, tuple))
        if self._waiting:
            self._link.send_nowait(b"".join(frames))
        else:
            super()._keep(frames)


class CountsNothing(FrameSender):
    """Keep frames that nobody counts."""

    def _keep(self, frames: object) -> None:
        assert isinstance(frames, (list, tuple))
        super()._keep(frames)
        self._bytes = 0


class TellsOneFromTheOther(FrameSender):
    """Take frames that are the same for one frame."""

    def _keep(self, frames: object) -> None:
        assert isinstance(frames, (list, tuple))
        super()._keep(list(dict.fromkeys(frames)))


class LivesOn(FrameSender):
    """Send again after a send that was cut, or on a link that broke."""

    def _die(self) -> None:
        self._dead = False


class SendsInOnePiece(FrameSender):
    """Put everything that waits together, however much that is."""

    def _next(self, most: int) -> bytes:
        return super()._next(max(most, sum(map(len, self._waiting))))


MUTANTS = (
    ForgetsWhatHasGone,
    DropsWhatHasBegun,
    ForgetsTooMuch,
    ForgetsNothing,
    Overtakes,
    CountsNothing,
    TellsOneFromTheOther,
    LivesOn,
    SendsInOnePiece,
)


@pytest.mark.parametrize("mutant", MUTANTS)
async def test_a_bug_is_caught(mutant: type[FrameSender]) -> None:
    caught: list[str] = []
    for check in CHECKS:
        try:
            await check(mutant)
        except (AssertionError, pytest.fail.Exception):
            caught.append(check.__name__)
    assert caught


Frames = st.lists(st.binary(min_size=1, max_size=12), max_size=4)
Act = st.one_of(Frames, st.just("send"), st.just("forget"))


@given(st.lists(Act, max_size=12), st.lists(st.integers(0, 30), max_size=12), st.booleans())
def test_whatever_happens_the_stream_is_frames_in_their_order(
    acts: list[list[bytes] | str], takes: list[int], unwilling: bool
) -> None:
    trio.run(_play, acts, takes, unwilling)


async def _play(acts: list[list[bytes] | str], takes: list[int], unwilling: bool) -> None:
    """Do these things, and keep a list of the frames that must be in the stream."""
    link = ScriptedLink(deque(takes), unwilling=unwilling)
    sender = FrameSender(link)
    due: list[bytes] = []
    for act in acts:
        if isinstance(act, list):
            due += act
            done = sender.send_nowait(act)
        elif act == "send":
            done = await sender.send()
        else:
            sender.forget()
            while due and len(b"".join(due[:-1])) >= len(link.got):
                due.pop()
            done = not sender.frames
        stream = b"".join(due)
        assert stream.startswith(link.got)
        assert sender.unsent == len(stream) - len(link.got)
        assert done == (not sender.unsent) == (not sender.frames)
    await send_the_rest(sender)
    assert link.got == b"".join(due)
