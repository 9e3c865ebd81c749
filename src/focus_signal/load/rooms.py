"""Who must be told of which room: every `room-found` is parsed and compared with what was asked for.

Pure. `Hall.ask` and `Hall.told` are called for every request and every answer; a request that is never
answered shows in `asked` in the end.
"""

from collections.abc import Iterable

import msgspec
from attrs import define

from focus_signal.load.faults import WrongResult


class RoomFound(msgspec.Struct, tag_field="type", tag="room-found", forbid_unknown_fields=True):
    """The message, with these fields and no other."""

    room: str = msgspec.field(name="roomId")
    peers: list[str]


_decode = msgspec.json.Decoder(RoomFound).decode


@define(eq=False)
class _Room:
    peers: list[str]
    untold: int


class Hall:
    """Everybody who asks for rooms of one size, again and again.

    Args:
      users: everybody who may.
      size: how many make a room.
    """

    def __init__(self, users: Iterable[str], size: int) -> None:
        self.size = size
        self.asked: dict[str, float] = {}
        self._users = dict.fromkeys(users)
        self._promised: dict[str, str] = {}
        self._rooms: dict[str, _Room] = {}
        self._used: set[int] = set()

    @property
    def open_rooms(self) -> int:
        """How many rooms there are of which some member was told and another was not."""
        return len(self._rooms)

    def ask(self, user: str, now: float) -> None:
        """Note that a user has asked, and when."""
        self.asked[user] = now

    def told(self, user: str, payload: bytes) -> tuple[float, list[str]]:
        """Check what a user was told; return when it had asked, and the members of its room.

        Raises:
          WrongResult: it is no `room-found`, or one that this user, or these members, may not be told.
        """
        try:
            found = _decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise WrongResult(f"no room-found, but {payload[:200]!r}") from error
        began = self.asked.get(user)
        if began is None:
            raise WrongResult(f"{user} was told of room {found.room} without having asked for another one")
        room = self._rooms.get(found.room)
        if room is None:
            room = self._new_room(user, found)
        elif room.peers != found.peers:
            raise WrongResult(f"two members were told different things about room {found.room}")
        if self._promised.get(user) != found.room:
            raise WrongResult(f"{user} was told of room {found.room}, which it is not a member of, or twice")
        del self._promised[user], self.asked[user]
        room.untold -= 1
        if not room.untold:
            del self._rooms[found.room]
        return began, found.peers

    def _new_room(self, user: str, found: RoomFound) -> _Room:
        peers = found.peers
        for peer in peers:
            if peer not in self._users:
                raise WrongResult(
                    f"a stranger is in room {found.room}: {peer[:100]!r}. Somebody else is using this "
                    "server: measure one that nobody else uses"
                )
        if len(peers) != self.size or len(dict.fromkeys(peers)) != self.size or user not in peers:
            raise WrongResult(f"no room of {self.size} with {user} in it: {peers[:20]!r}")
        # Hashes of strings are as good as the ids, and a long run keeps millions.
        number = hash(found.room)
        if number in self._used:
            raise WrongResult(f"the id of a room was used twice: {found.room}")
        self._used.add(number)
        for peer in peers:
            if peer not in self.asked or peer in self._promised:
                raise WrongResult(f"{peer} is in room {found.room} without having asked for it")
            self._promised[peer] = found.room
        room = self._rooms[found.room] = _Room(peers, self.size)
        return room
