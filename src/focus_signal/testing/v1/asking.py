"""What a client asks for by an operation of a plan."""

from typing import Any

import msgspec
from msgspec import UNSET

from focus_signal.testing.v1.plan import Cancel, Create, Enter, Exit, Match, Operation
from focus_signal.wire.messages import from_client
from focus_signal.wire.messages.from_client import FromClient


class SeedMatch(msgspec.Struct, frozen=True, tag_field="type", tag="matchmaking", rename="camel"):
    """Ask for a match as clients of the seed's dialect do."""

    match_size: int


def request_of(operation: Operation, code: str | None, *, seed: bool) -> Any:  # noqa: ANN401 - of either dialect
    """Give what a client sends for an operation; UNSET if it sends nothing.

    Args:
      operation: which.
      code: the room's code that the operation means, if it means one of somebody's.
      seed: whether the client speaks the seed's dialect.
    """
    message: FromClient
    match operation:
        case Match():
            return SeedMatch(operation.most) if seed else _matchmaking(operation)
        case _ if seed:
            return UNSET
        case Cancel():
            message = from_client.Cancel()
        case Create(size=size, code=chosen):
            message = from_client.RoomCreate(max_size=size, code=UNSET if chosen is None else chosen)
        case Enter(of=of, code=named):
            message = from_client.RoomJoin(code=(named if of is None else code) or "nowhere")
        case Exit():
            message = from_client.RoomLeave()
        case _:
            return UNSET
    return message


def _matchmaking(match: Match) -> FromClient:
    sizes: dict[str, Any] = {"min_size": match.least, "max_size": match.most}
    if match.least == match.most:
        sizes = {"match_size": match.most}
    party: Any = UNSET
    if match.party is not None:
        party = from_client.PartyFields(code=f"party-{match.party:03}", size=match.party_size)
    return from_client.Matchmaking(
        **sizes,
        pool=match.pool,
        party=party,
        avoid=match.avoid,
        patience=match.patience,
        timeout=UNSET if match.timeout is None else match.timeout,
        ready_check=match.ready,
        backfill=match.backfill,
    )
