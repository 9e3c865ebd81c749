"""Runs that the tests of diagrams, traces and failure files share."""

from focus_signal.testing.core_level import run_core
from focus_signal.testing.history import Event
from focus_signal.testing.plan import Fault, Join, Leave, Open, Operation, Plan, RunConfig, Signal
from focus_signal.testing.subject import SERVER
from focus_signal.testing.violation import Violation

HOSTILE = '<script>";#x;%%{init}%%\n$$&\x1b\u202e\u00e9'
"""A user id that means something to everything that it is shown by."""


def plan_of(*operations: Operation, clients: int = 2) -> Plan:
    """Make a plan whose ways all take a quarter of a second."""
    config = RunConfig(clients=clients, seconds=5.0, settle=5.0, latency=(0.25, 0.25))
    return Plan(seed=7, config=config, operations=operations)


STORY = plan_of(
    Open(id=1, at=0.0, conn=1, user="ana"),
    Open(id=2, at=0.0, conn=2, user="bo"),
    Join(id=3, at=1.0, conn=1, size=2),
    Join(id=4, at=1.125, conn=2, size=2),
    Signal(id=5, at=2.0, conn=1, kind="offer", to="bo"),
    Leave(id=6, at=2.375, conn=2, by="reset"),  # after the offer was decided, before it is there
    Fault(id=7, at=2.5, conn=1, fault="latency", amount=0.5, direction="down"),
    Signal(id=8, at=3.0, conn=1, kind="offer", to="bo", claim="ana"),
)
"""Two users meet, and one of them goes."""

BREACH = Violation("silent-loss", 2.625, "an offer that nobody got, to be taken for one", (5,))
"""What a checker could say about it."""


def story() -> list[Event]:
    """Run the story."""
    return run_core(STORY, SERVER)
