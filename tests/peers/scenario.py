"""What the scenarios have in common: users who are connected, rooms that they meet in, and a way to be sure.

A `User` speaks the seed dialect over a client of any kind. Frames are compared as text, since payloads and
the order of keys are part of the contract.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from .clients import Client, run_clients, user_url

PATIENCE = 30.0

_UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def dumps(value: object) -> str:
    """Return compact JSON, as the server writes it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def frame(kind: str, **fields: str) -> str:
    """Return a message of this type, in this order of fields; each is JSON text and stands there as it is."""
    members = {"type": dumps(kind), **fields}
    return "{" + ",".join(f'"{name}":{text}' for name, text in members.items()) + "}"


@dataclass(eq=False)
class User:
    """A connected user."""

    name: str
    client: Client

    async def receive(self) -> str:
        return await self.client.receive()

    async def ask(self, size: int) -> None:
        """Ask for a room, and return when the server has seen it: who asks next arrives later."""
        await self.client.send(dumps({"type": "matchmaking", "matchSize": size}))
        await self.settle()

    async def signal(self, to: User, kind: str, **payload: str) -> str:
        """Send `to` a message whose payload is JSON text; return the frame that `to` has to get."""
        addressed = {"to": dumps(to.name), "from": dumps(self.name), **payload}
        await self.client.send(frame(kind, **addressed))
        return frame(kind, **{"from": dumps(self.name), **payload})

    async def settle(self) -> None:
        """Wait until the server has carried out all that this user sent; see that it had nothing else to say.

        A message to oneself is answered in its turn: it comes back, or, outside a room, cannot be delivered.
        """
        expected = await self.signal(self, "offer", sdp='"settled"')
        answer = await self.receive()
        assert answer == expected or is_unavailable(answer, self.name), answer


def is_unavailable(text: str, target: str) -> bool:
    """Tell whether this frame says, in just the contract's fields, that `target` cannot be reached."""
    error = json.loads(text)
    return list(error) == ["type", "code", "message", "to"] and (
        (error["type"], error["code"], error["to"]) == ("error", "peer-unavailable", target)
        and isinstance(error["message"], str)
        and error["message"] != ""
        and text == dumps(error)
    )


async def meet(*users: User) -> str:
    """Let these users find each other, in this order; see that all are told alike; return the room's id."""
    for user in users[:-1]:
        await user.ask(len(users))
    await users[-1].client.send(dumps({"type": "matchmaking", "matchSize": len(users)}))
    texts = [await user.receive() for user in users]
    found = json.loads(texts[0])
    room = found["roomId"]
    assert _UUID4.fullmatch(room)
    peers = [user.name for user in users]
    assert texts == [dumps({"type": "room-found", "roomId": room, "peers": peers})] * len(users)
    return str(room)


@contextlib.asynccontextmanager
async def connected(url: str, kinds: tuple[str, ...], *names: str) -> AsyncIterator[list[User]]:
    """Connect these users, with clients of these kinds in turn; close them afterwards."""
    async with run_clients(*(kinds[index % len(kinds)] for index in range(len(names)))) as sources:
        pairs = zip(names, sources, strict=True)
        yield [User(name, await source.open(user_url(url, name))) for name, source in pairs]


def play(scenario: Callable[[], Awaitable[None]]) -> None:
    """Run a scenario on asyncio, from a test that is no coroutine (those run on Trio), within a bound."""

    async def bounded() -> None:
        async with asyncio.timeout(PATIENCE):
            await scenario()

    asyncio.run(bounded())
