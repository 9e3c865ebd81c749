"""What a session's token says, once it is known to be one of ours.

A token is all that is left of a session when the server is started anew, so it says who its holder is and who
shares the room. It tells the holder nothing that it does not know.
"""

from typing import Literal

from msgspec import Struct

RoomKind = Literal["match", "backfill", "code"]


class RoomRecord(Struct, frozen=True, gc=False):
    """Be a room as its members' tokens have it.

    Args:
      id: the room's id.
      code: by which others may enter; None if they may not.
      max_size: how many may be in it.
      kind: how it came to be.
      rev: grows with each change of the members, in every room that the server has: of two records of rooms
        the one with the greater `rev` is the later one.
      members: user ids in the order of arrival.
      seeds: which of them speak the seed's dialect.
    """

    id: str
    code: str | None
    max_size: int
    kind: RoomKind
    rev: int
    members: tuple[str, ...]
    seeds: tuple[str, ...] = ()


class SessionToken(Struct, frozen=True, gc=False):
    """Be the content of a token.

    Args:
      session: the session's id, 128 random bits.
      generation: grows with each token of the session.
      process: the server that has issued it, by an id that it made when it started.
      user: the user id.
      issued: when, in milliseconds of the wall clock.
      rev: when the seat that it tells of was last taken or left, on the same count as `RoomRecord.rev`.
      room: the room in which the user is; None if in none.
    """

    session: str
    generation: int
    process: str
    user: str
    issued: int
    rev: int
    room: RoomRecord | None = None
