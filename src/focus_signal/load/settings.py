"""What is to be measured, and how much of it."""

import secrets

from attrs import field, frozen

from focus_signal.load.target import Target


def _name_of_run() -> str:
    return f"bench-{secrets.token_hex(4)}"


@frozen
class Settings:
    """Say what a measurement is to be.

    Args:
      target: the server.
      pairs: half as many as there are clients.
      window: messages of each client that are under way (relay only).
      at_once: handshakes at a time.
      refill: a client sends again when so many of its window have arrived.
      size: bytes in a message, without its frame.
      room_size: how many make a room.
      seconds: how long is measured.
      warmup: how long before that the load runs already.
      pid: the server's process, if it runs on this machine.
      patience: seconds that any single answer may take.
      run: what all user ids of this run begin with.
    """

    target: Target
    pairs: int = 50
    window: int = 20
    at_once: int = 32
    refill: int = 1
    size: int = 250
    room_size: int = 2
    seconds: float = 5.0
    warmup: float = 1.0
    pid: int | None = None
    patience: float = 10.0
    run: str = field(factory=_name_of_run)

    @property
    def clients(self) -> int:
        """How many clients there are."""
        return self.pairs * 2

    def users(self, first: int = 0) -> list[str]:
        """Return the id of every client, numbered on from `first`."""
        return [self.user(number) for number in range(first, first + self.clients)]

    def user(self, number: int) -> str:
        """Return the id of a client; all are equally long."""
        return f"{self.run}-{number:07}"
