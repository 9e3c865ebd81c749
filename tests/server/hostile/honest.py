"""An honest pair: two peers that meet, exchange messages and lose none of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import count

import trio
from attrs import define, field

from tests.server.hostile.peer import Peer

Connect = Callable[[str], Awaitable[Peer]]
_NAMES = count(1)
# Whoever else asks for a room of the same size meanwhile would be matched with one of the two.
MEETING = trio.Lock()


@define(eq=False)
class Pair:
    """Be two peers in one room; made by `meet`."""

    first: Peer
    second: Peer
    names: tuple[str, str]
    relayed: int = field(default=0, init=False)

    async def relay(self, rounds: int = 1) -> None:
        """Send a message each way as often as asked for; each must arrive, in order, as it was sent."""
        one, other = self.names
        for _ in range(rounds):
            number = self.relayed + 1
            await self.first.say({"type": "offer", "to": other, "from": one, "sdp": number})
            assert await self.second.hear() == {"type": "offer", "from": one, "sdp": number}
            self.relayed += 1
            await self.second.say({"type": "answer", "to": one, "from": other, "sdp": [number]})
            assert await self.first.hear() == {"type": "answer", "from": other, "sdp": [number]}
            self.relayed += 1

    async def part(self) -> None:
        """Leave, both in good order."""
        await self.first.part()
        await self.second.part()


async def meet(connect: Connect) -> Pair:
    """Connect two peers of new names and have them matched.

    Args:
      connect: opens a peer in the name of a user.
    """
    number = next(_NAMES)
    one, other = names = (f"honest-{number}-a", f"honest-{number}-b")
    pair = Pair(await connect(one), await connect(other), names)
    async with MEETING:
        await pair.first.say({"type": "matchmaking", "matchSize": 2})
        # A refusal answers in turn, so the second peer asks only once the first one is waiting.
        await pair.first.say({"type": "are-you-there"})
        assert (await pair.first.hear())["code"] == "unknown-type"
        await pair.second.say({"type": "matchmaking", "matchSize": 2})
        found = [await pair.first.hear(), await pair.second.hear()]
        assert found[0] == found[1]
        assert found[0]["type"] == "room-found"
        assert found[0]["peers"] == [one, other]
    return pair
