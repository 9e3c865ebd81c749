"""One case, read by the codec and by both libraries: what came of it, and where they disagree."""

from __future__ import annotations

from attrs import field, frozen

from tests.server.hostile.frames import CLOSE
from tests.wire.frame_fuzz.case import AWAITED, Case, Event, Verdict
from tests.wire.frame_fuzz.differences import MOMENTS, SERVED, Look, Message, wanted_of
from tests.wire.frame_fuzz.libraries import LIBRARIES, LibraryName
from tests.wire.frame_fuzz.reading import MakeReader, Reading, gathered
from tests.wire.frame_fuzz.walk import Frame, completed, first_frame, split


@frozen
class Account:
    """Be what came of a case.

    Args:
      verdict: how it ended.
      frames: how many whole frames it had.
      known: the rows of the table of differences that applied, by library and name.
      disagreements: what was not the same, in words.
    """

    verdict: Verdict
    frames: int
    known: list[tuple[LibraryName, str]] = field(factory=list)
    disagreements: list[str] = field(factory=list)


def compare(case: Case, make: MakeReader) -> Account:
    """Read a case in every way."""
    frames, tail = split(case.data)
    limits = case.limits
    whole = Reading(make(limits.max_bytes, limits.max_fragments))
    whole.read(case.data, (*case.cuts, *(frame.end for frame in frames)))
    account = Account(whole.verdict, len(frames))
    cut = Reading(make(limits.max_bytes, limits.max_fragments))
    cut.read(case.data, case.cuts)
    wanted = gathered(whole.events, case)
    if (cut.events, cut.verdict) != (wanted, whole.verdict):
        account.disagreements.append(
            f"cut at {list(case.cuts)} it gives {_told(cut.events, cut.verdict)}, "
            f"frame by frame {_told(wanted, whole.verdict)}"
        )
    for library in LIBRARIES:
        _Comparison(case, library, whole, account).run(frames, tail)
    return account


class _Comparison:
    """Let one library read what the codec has read frame by frame."""

    def __init__(self, case: Case, library: LibraryName, ours: Reading, account: Account) -> None:
        self._case = case
        self._name: LibraryName = library
        self._library = LIBRARIES[library](case.limits)
        self._ours = ours
        self._account = account
        self._message = Message()
        self._events: list[Event] = []

    def run(self, frames: list[Frame], tail: bytes) -> None:
        for frame in frames:
            came = self._library.feed(frame.raw)
            wanted = self._judge(frame)
            if wanted == SERVED:
                self._check_up_to(frame)
                return
            if wanted is not None:
                self._check(wanted, frame.start, frame.end)
                return
            for kind, content in came:
                if kind != "pong" or content == AWAITED:
                    self._events.append((frame.end, kind, content))
            if not frame.is_control:
                self._message.add(frame)
        self._finish(tail)

    def _judge(self, frame: Frame) -> Verdict:
        """Say what is wanted of a frame that the library has read."""
        wanted, row = wanted_of(
            self._name, Look(frame, self._message, self._case.limits, self._library.verdict)
        )
        if row is not None:
            self._account.known.append((self._name, row))
        return wanted

    def _finish(self, tail: bytes) -> None:
        """Judge what is no whole frame, and where only one has judged it complete it for both."""
        size = len(self._case.data)
        frame = first_frame(tail, 0)
        came = self._library.feed(tail)
        wanted = self._library.verdict if frame is None else self._judge(frame)
        ours = self._ours.verdict
        if came:
            self._report(f"{self._name} gives {_told([(size, *event) for event in came], wanted)} too soon")
        if wanted == SERVED:
            wanted = None
            if ours is not None:
                self._report(f"{ours}, and what came so far is allowed")
        elif frame is not None and (wanted is None) != (ours is None) and self._is_known_moment(wanted, ours):
            # What had come of a close frame or a message is the same before and after.
            more = completed(frame, self._case.limits.max_bytes)
            frame = first_frame(tail + more, 0)
            assert frame is not None
            self._library.feed(more)
            wanted = self._judge(frame)
            rest = Reading(self._ours.reader)
            rest.read(more, (), size)
            if rest.verdict != wanted:
                self._report(
                    f"with {len(more)} bytes that complete it {rest.verdict}, by {self._name} {wanted}"
                )
            if rest.events:
                self._report(f"with {len(more)} bytes that complete it {_told(rest.events, rest.verdict)}")
            wanted = ours
        self._check(wanted, size - len(tail), size)

    def _is_known_moment(self, wanted: Verdict, ours: Verdict) -> bool:
        return any(
            moment.library == self._name and moment.verdict == (wanted if moment.early else ours)
            for moment in MOMENTS
        )

    def _check(self, wanted: Verdict, start: int, end: int) -> None:
        """Compare all that came, and a verdict that is due within the bytes from `start` to `end`."""
        ours = self._ours
        if ours.events != self._events or ours.verdict != wanted:
            self._report(f"{_told(ours.events, ours.verdict)}, by {self._name} {_told(self._events, wanted)}")
        elif wanted is not None and not start < ours.verdict_at <= end:
            self._report(f"{wanted} at byte {ours.verdict_at}, not from {start + 1} to {end}")

    def _check_up_to(self, frame: Frame) -> None:
        """Compare what came up to a frame that is allowed, and that this library refuses."""
        ours = self._ours
        before = [event for event in ours.events if event[0] <= frame.start]
        if before != self._events:
            self._report(f"{_told(before, None)}, by {self._name} {_told(self._events, None)}")
        # What a close frame holds is for the other library to judge.
        due = frame.start if frame.opcode == CLOSE else frame.end
        if ours.verdict is not None and ours.verdict_at <= due:
            self._report(f"{ours.verdict} at byte {ours.verdict_at}, where nothing was wrong yet")

    def _report(self, what: str) -> None:
        self._account.disagreements.append(what)


def _told(events: list[Event], verdict: Verdict) -> str:
    told = [
        f"{kind} {content!r} at {at}" if len(content) < 40 else f"{kind} of {len(content)} bytes at {at}"
        for at, kind, content in events
    ]
    return ", ".join([*told, verdict or "no end"])
