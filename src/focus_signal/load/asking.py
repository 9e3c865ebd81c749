"""Clients that ask for rooms."""

from typing import Final

from focus_signal.load.frames import TEXT, masked
from focus_signal.load.generator import Connection, Load
from focus_signal.load.rooms import Hall

ASK_FOR_TWO: Final = masked(TEXT, b'{"type":"matchmaking","matchSize":2}')


def ask_for(size: int) -> bytes:
    """Return the frame that asks for a room."""
    return masked(TEXT, b'{"type":"matchmaking","matchSize":%d}' % size)


class Asker(Connection):
    """A client that asks when it is told to; its hall checks what it is told."""

    __slots__ = ("hall", "peers")

    def __init__(self, load: Load, user: str) -> None:
        super().__init__(load, user)
        self.hall: Hall | None = None
        self.peers: list[str] = []

    def ask(self, hall: Hall, frame: bytes) -> None:
        """Ask for a room of the hall's size."""
        self.hall = hall
        hall.ask(self.user, self.load.clock())
        self.send(frame)

    def on_text(self, payload: bytes) -> None:
        """Have the answer checked."""
        if self.hall is None:
            super().on_text(payload)
            return
        began, self.peers = self.hall.told(self.user, payload)
        self.on_room(began)

    def on_room(self, began: float) -> None:
        """Be in a room that was asked for at `began`."""
