"""The time of the command that is being carried out, and the one count of all changes."""

from attrs import define, field


@define(eq=False)
class Moment:
    """Be now."""

    now: float = field(default=float("-inf"), init=False)
    """In seconds, on the clock of the commands."""
    wall_offset: float = field(default=0.0, init=False)
    """What makes a time of the wall clock of it, in seconds since the epoch."""
    last_rev: int = field(default=0, init=False)
    """The greatest number of the count that is known."""

    @property
    def wall(self) -> int:
        """Give the time of the wall clock in milliseconds."""
        return int((self.now + self.wall_offset) * 1000)

    def next_rev(self) -> int:
        """Count a change: one more than any before, and never behind the wall clock."""
        rev, wall = self.last_rev + 1, self.wall
        self.last_rev = rev if rev > wall else wall  # noqa: FURB136 - a call of max() for every room would cost more
        return self.last_rev
