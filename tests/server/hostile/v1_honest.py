"""An honest pair that speaks `focus-signal.v1`: it loses nothing, and no number is left out."""

from __future__ import annotations

from itertools import count

from attrs import define, field

from tests.server.hostile.reach import Reach
from tests.server.hostile.v1_peer import V1Stranger, dial_v1

_NAMES = count(1)


@define(eq=False)
class V1Pair:
    """Be two peers in one room; made by `meet_v1`."""

    peers: tuple[V1Stranger, V1Stranger]
    names: tuple[str, str]
    relayed: int = field(default=0, init=False)

    async def relay(self, rounds: int = 1) -> None:
        """Send a signal each way as often as asked for; each is acknowledged, and arrives as it was sent."""
        for _ in range(rounds):
            for sender, receiver in ((0, 1), (1, 0)):
                self.relayed += 1
                await self._send(sender, receiver, self.relayed)

    async def _send(self, sender: int, receiver: int, number: int) -> None:
        one, other = self.peers[sender], self.peers[receiver]
        data = {"number": number, "of": [1e300, None, "\u2028"]}
        await one.say(
            {"type": "signal", "to": self.names[receiver], "data": data, "id": number, "seen": one.seq}
        )
        due = one.seq + 1, other.seq + 1
        ack, came = await one.hear(), await other.hear()
        assert ack == {"type": "ack", "seq": due[0], "id": number}, ack
        wanted = {"type": "signal", "seq": due[1], "from": self.names[sender], "data": data}
        assert came == wanted, f"{came} came where {wanted} was due"

    async def part(self) -> None:
        """Leave, both in good order; the second is told that the first has left."""
        one, other = self.peers
        await one.part()
        assert (await other.hear())["type"] == "peer-left"
        await other.hear_of("session")
        await other.part()


async def meet_v1(reach: Reach) -> V1Pair:
    """Connect two peers of new names and have them meet in a room of their own."""
    number = next(_NAMES)
    names = (f"v1-honest-{number}-a", f"v1-honest-{number}-b")
    one, other = [await dial_v1(reach, name) for name in names]
    for each in (one, other):
        await each.begin()
    await one.say({"type": "room-create", "maxSize": 2})
    code = (await one.hear_of("room-found"))["code"]
    await one.hear_of("session")
    await other.say({"type": "room-join", "code": code})
    assert (await other.hear_of("room-found"))["offerTo"] == [names[0]]
    await other.hear_of("session")
    assert (await one.hear())["type"] == "peer-joined"
    await one.hear_of("session")
    return V1Pair((one, other), names)
