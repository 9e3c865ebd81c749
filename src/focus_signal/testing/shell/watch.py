"""A watch on every byte that a simulated server sends: no frame is torn, and none begins within another.

It stands where the bytes enter the network, so it sees those that nobody reads, too. A frame may be left
without its end in one way only: the connection is reset.
"""

import trio
from attrs import define, field

from focus_signal.testing import history as h
from focus_signal.testing.net.link import SimLink
from focus_signal.testing.net.wire import Mark, What
from focus_signal.testing.plan import Level, RunConfig
from focus_signal.testing.shell.plain import PlainFrames
from focus_signal.testing.shell.strict import Strict, StrictFrames
from focus_signal.testing.shell.witness import Notes


@define(eq=False)
class Watch:
    """Watch all connections of a server.

    Args:
      level: "message" or "full".
      config: of the run.
      notes: where it is written down what is wrong.
    """

    _level: Level
    _config: RunConfig
    _notes: Notes
    cut: int = field(default=0, init=False)
    """How often what was sent ended within a frame, so that its rest had to be sent later."""
    left_within: int = field(default=0, init=False)
    """How many connections were reset within a frame."""
    seen: list["Watched"] = field(factory=list["Watched"], init=False)
    """Every connection that was accepted, in that order."""

    def watch(self, link: SimLink) -> None:
        """Watch one more connection, from its first byte."""
        strict: Strict
        if self._level == "message":
            strict = PlainFrames(of_server=True)
        else:
            # The library ends some streams without a close frame, or within one that found no room in time.
            strict = StrictFrames(ends_well=self._config.transport == "native")
        _, down = link.wires
        watched = Watched(self, strict, link)
        self.seen.append(watched)
        down.tap = watched.take

    def report(self, label: str, wrong: str) -> None:
        """Write down what was wrong with what a connection was sent."""
        conn = self._notes.conns.get(label)
        self._notes.add(h.Torn(trio.current_time(), conn, wrong if conn is not None else f"{label}: {wrong}"))


@define(eq=False)
class Watched:
    """Watch one connection.

    Args:
      watch: of all of them.
      strict: reads what it is sent.
      link: the connection.
    """

    _watch: Watch
    strict: Strict
    link: SimLink
    since: float = field(factory=trio.current_time, init=False)
    """When it was accepted."""
    _over: bool = field(default=False, init=False)

    @property
    def gone(self) -> bool:
        """Tell whether the server has closed its end."""
        return self.link.server.closed

    @property
    def status(self) -> int:
        """Give the status of the answer to its request; 0 while there is none."""
        return self.strict.status if isinstance(self.strict, StrictFrames) else 0

    @property
    def told(self) -> bool:
        """Tell whether the server has said goodbye, or has closed its end."""
        return self.gone or (isinstance(self.strict, StrictFrames) and self.strict.closed)

    def take(self, what: What) -> None:
        """Take what the server sends: bytes, the end of the stream, or a reset."""
        if self._over:
            return
        strict = self.strict
        if isinstance(what, bytes):
            strict.feed(what)
            self._watch.cut += strict.within
        elif what is Mark.FIN:
            strict.end()
            self._over = True
        else:
            self._watch.left_within += strict.within
            self._over = True
        if strict.wrong is not None:
            self._watch.report(self.link.label, strict.wrong)
            self._over = True
