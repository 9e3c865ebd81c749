"""Open a client, for as long as a block."""

import random
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import cast

import trio

from focus_signal.client.backoff import Backoff, Chance
from focus_signal.client.client import Client
from focus_signal.client.inbox import Inbox
from focus_signal.client.keeper import Keeper, Tell
from focus_signal.client.link import Dial
from focus_signal.client.session import Session
from focus_signal.client.settings import ClientSettings
from focus_signal.client.target import read_url
from focus_signal.observe.logs import hide_payloads


@asynccontextmanager
async def open_client(
    url: str,
    user_id: str | None = None,
    token: str | Callable[[], str | None] | None = None,
    *,
    settings: ClientSettings | None = None,
    dial: Dial = trio.open_tcp_stream,
    ssl_context: ssl.SSLContext | None = None,
    chance: Chance | None = None,
) -> AsyncGenerator[Client]:
    """Open a client that is connected, comes back by itself, and lasts for as long as the block.

    Args:
      url: of the server, as `ws://localhost:8000/signal`.
      user_id: in whose name; None lets the server choose.
      token: says who that is, where the server asks for it; a function is asked before each connection.
      settings: the times and bounds; the defaults if there are none.
      dial: opens a stream to a host and a port; for `wss` TLS is put on top of it.
      ssl_context: for `wss`; None for the usual trust.
      chance: decides the delays before it comes back; None takes the operating system's.

    Returns:
      a context manager that gives the connected `Client`.

    Raises:
      ValueError: the URL is none, or names another user.
      NotConnected: the first connection did not come about within `settings.patience`.

    Cancellation: the block ends first, then the connection is closed with 1000, within the close deadline.
    """
    target = read_url(url)
    if user_id is not None and target.names_user:
        raise ValueError("the user id is in the URL already")
    settings = ClientSettings() if settings is None else settings
    session = Session(settings.request_bytes)
    backoff = Backoff(settings.first_delay, settings.longest_delay, chance or random.SystemRandom())
    give_token = token if callable(token) else lambda: token

    def make_keeper(tell: Tell) -> Keeper:
        return Keeper(session, target, user_id, give_token, settings, backoff, dial, ssl_context, tell)

    client = Client(settings, session, Inbox(settings.event_bytes), make_keeper)
    hide_payloads()
    lone: BaseException | None = None
    try:
        async with trio.open_nursery() as nursery:
            try:
                await nursery.start(client.run)
                yield client
            finally:
                await client.aclose()
    except BaseExceptionGroup as group:
        # Where something was raised, nobody has to be told of a cancellation as well.
        _, raised = group.split(trio.Cancelled)
        lone = None if raised is None else _lone_member(raised)
        if lone is None:
            raise
    if lone is not None:
        # Whoever opens a client has not opened a nursery, and gets what was raised as it was raised.
        raise lone


def _lone_member(group: BaseExceptionGroup[BaseException]) -> BaseException | None:
    if len(group.exceptions) != 1:
        return None
    member = group.exceptions[0]
    if not isinstance(member, BaseExceptionGroup):
        return member
    return _lone_member(cast("BaseExceptionGroup[BaseException]", member))
