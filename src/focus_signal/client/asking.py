"""The requests of a client, by their names: each makes its message, and has it answered."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import UNSET, Raw

from focus_signal.client.unanswered import Request
from focus_signal.wire.messages import from_client
from focus_signal.wire.messages.from_client import FromClient, PartyFields
from focus_signal.wire.messages.from_server import MatchProposed


class Asking(ABC):
    """Ask for things; each method waits for the server's answer and raises what `request` raises.

    Payloads are anything that can be written as JSON; `msgspec.Raw` is JSON already and sent as it is.
    A method whose name ends in `_nowait` does not wait: an `Error` comes as an event then.
    """

    @abstractmethod
    async def request(self, message: FromClient) -> None:
        """Send a message and wait for its answer."""

    @abstractmethod
    def request_nowait(self, message: FromClient) -> Request:
        """Send a message, and let its answer come as it may."""

    async def match(  # noqa: PLR0913 - all but the size are the exception
        self,
        size: int | None = None,
        *,
        min_size: int | None = None,
        max_size: int | None = None,
        pool: str = "",
        party: tuple[str, int] | None = None,
        avoid: Iterable[str] = (),
        patience: int = 10,
        timeout: int | None = None,  # noqa: ASYNC109 - the server's: the ticket ends after it
        ready_check: bool = False,
        backfill: bool = False,
    ) -> None:
        """Ask for a match; `RoomFound` or `MatchEnded` tells its end.

        Args:
          size: how many people, oneself among them; or else `min_size` and `max_size`.
          min_size: the fewest people.
          max_size: the most.
          pool: only those of one pool meet.
          party: a code that the party's members share, and how many they are.
          avoid: user ids not to meet.
          patience: seconds for which only the largest size will do.
          timeout: seconds after which the ticket ends; None for never.
          ready_check: whether everyone has to say that they are ready, once there is a `MatchProposed`.
          backfill: whether others may come into the room later.
        """
        await self.request(
            from_client.Matchmaking(
                match_size=UNSET if size is None else size,
                min_size=UNSET if min_size is None else min_size,
                max_size=UNSET if max_size is None else max_size,
                pool=pool,
                party=UNSET if party is None else PartyFields(code=party[0], size=party[1]),
                avoid=tuple(avoid),
                patience=patience,
                timeout=UNSET if timeout is None else timeout,
                ready_check=ready_check,
                backfill=backfill,
            )
        )

    async def cancel(self) -> None:
        """Give the ticket back."""
        await self.request(from_client.Cancel())

    async def ready(self, proposal: MatchProposed | str) -> None:
        """Be ready for a match that was proposed."""
        await self.request(from_client.Ready(proposal=_id_of(proposal)))

    async def decline(self, proposal: MatchProposed | str) -> None:
        """Turn down a match that was proposed."""
        await self.request(from_client.Decline(proposal=_id_of(proposal)))

    async def create_room(self, max_size: int, code: str | None = None) -> None:
        """Open a room; `RoomFound` tells the code by which others enter it.

        Args:
          max_size: how many people may be in it.
          code: one of one's own choice, 4 to 32 letters and digits; None for a random one.
        """
        await self.request(from_client.RoomCreate(max_size=max_size, code=UNSET if code is None else code))

    async def join_room(self, code: str) -> None:
        """Enter a room by its code."""
        await self.request(from_client.RoomJoin(code=code))

    async def leave_room(self) -> None:
        """Leave the room."""
        await self.request(from_client.RoomLeave())

    async def offer(self, to: str, sdp: Any) -> None:  # noqa: ANN401 - any JSON
        """Hand a peer an offer; answered when it is done or in the peer's buffer, not when it is read."""
        await self.request(from_client.Offer(to=to, sdp=_raw(sdp)))

    def offer_nowait(self, to: str, sdp: Any) -> Request:  # noqa: ANN401 - any JSON
        """Hand a peer an offer."""
        return self.request_nowait(from_client.Offer(to=to, sdp=_raw(sdp)))

    async def answer(self, to: str, sdp: Any) -> None:  # noqa: ANN401 - any JSON
        """Hand a peer an answer."""
        await self.request(from_client.Answer(to=to, sdp=_raw(sdp)))

    def answer_nowait(self, to: str, sdp: Any) -> Request:  # noqa: ANN401 - any JSON
        """Hand a peer an answer."""
        return self.request_nowait(from_client.Answer(to=to, sdp=_raw(sdp)))

    async def candidate(self, to: str, candidate: Any) -> None:  # noqa: ANN401 - any JSON
        """Hand a peer an ICE candidate."""
        await self.request(from_client.IceCandidate(to=to, candidate=_raw(candidate)))

    def candidate_nowait(self, to: str, candidate: Any) -> Request:  # noqa: ANN401 - any JSON
        """Hand a peer an ICE candidate."""
        return self.request_nowait(from_client.IceCandidate(to=to, candidate=_raw(candidate)))

    async def signal(self, to: str, data: Any) -> None:  # noqa: ANN401 - any JSON
        """Hand a peer anything else."""
        await self.request(from_client.Signal(to=to, data=_raw(data)))

    def signal_nowait(self, to: str, data: Any) -> Request:  # noqa: ANN401 - any JSON
        """Hand a peer anything else."""
        return self.request_nowait(from_client.Signal(to=to, data=_raw(data)))

    async def broadcast(self, data: Any) -> None:  # noqa: ANN401 - any JSON
        """Hand something to everyone else in the room."""
        await self.request(from_client.Broadcast(data=_raw(data)))

    def broadcast_nowait(self, data: Any) -> Request:  # noqa: ANN401 - any JSON
        """Hand something to everyone else in the room."""
        return self.request_nowait(from_client.Broadcast(data=_raw(data)))


def _raw(payload: object) -> Raw:
    return payload if isinstance(payload, Raw) else Raw(msgspec.json.encode(payload))


def _id_of(proposal: MatchProposed | str) -> str:
    return proposal if isinstance(proposal, str) else proposal.proposal
