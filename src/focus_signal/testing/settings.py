"""What the pytest plugin was told, for whoever simulates; it loads nothing, so that asking costs nothing."""

from typing import Literal


class Settings:
    """Hold what overrides the arguments of `simulate` in this process; None leaves them as they are.

    Attributes:
      seed: run this seed alone.
      seeds: run so many seeds, from 0.
      level: run every test at this one.
      schedule: the policy of every run.
      check_determinism: run every seed twice and compare.
      replay: run what this failure file holds, and nothing else.
    """

    def __init__(self) -> None:
        self.seed: int | None = None
        self.seeds: int | None = None
        self.level: Literal["message", "full"] | None = None
        self.schedule: str | None = None
        self.check_determinism = False
        self.replay: str | None = None


SETTINGS = Settings()
