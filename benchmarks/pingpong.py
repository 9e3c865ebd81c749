"""Relayed messages, one at a time: 50 pairs, each with a single ice-candidate in flight, to and fro.

Nothing comes in clumps here, so that a server can read and write together only what different pairs happen to
send at the same moment. The figure is the server's processor time for each message.
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.load import Load
from benchmarks.meter import Result, Scale
from benchmarks.relay import SEED_DIALECT, Dialect, Flow, Signaler, exchange


class PingPong(Flow):
    """Keeps one message in flight in each pair: who receives it sends the next."""

    burst = 1

    def begin_all(self, signalers: Sequence[Signaler]) -> None:
        begun: set[str] = set()
        for signaler in signalers:
            if signaler.partner.user not in begun:
                begun.add(signaler.user)
                self.begin(signaler)

    def arrived(self, receiver: Signaler) -> None:
        if self.stopping:
            self.in_flight -= 1
        else:
            receiver.send_burst()


def measure_pingpong(pid: int, load: Load, scale: Scale, dialect: Dialect = SEED_DIALECT) -> Result:
    """Let each pair pass one message to and fro."""
    span, messages = exchange(pid, load, scale, dialect, PingPong())
    return Result.of(span, single_us=span.server / messages * 1e6, singles=messages / span.wall)
