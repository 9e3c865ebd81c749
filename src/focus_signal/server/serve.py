"""Open a server: for as long as a block, or until cancelled."""

import socket
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import NoReturn, cast

import trio

from focus_signal.access.keys import Keys
from focus_signal.server.config import Config
from focus_signal.server.logic import BuildLogic, build_logic
from focus_signal.server.room_ids import RoomIds
from focus_signal.server.server import AnyListener, Server


async def open_listeners(config: Config) -> list[trio.SocketListener]:
    """Listen where the config says.

    Raises:
      OSError: the address cannot be listened on, or is none.
    """
    try:
        return await trio.open_tcp_listeners(config.port, host=config.host)
    except ValueError as error:
        # Text that cannot even be put to a resolver; for the caller that is the same as a name nobody knows.
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known") from error


@asynccontextmanager
async def open_server(
    config: Config | None = None,
    listeners: Sequence[AnyListener] | None = None,
    *,
    new_id: Callable[[], str] | None = None,
    build: BuildLogic = build_logic,
    keys: Keys | None = None,
    wall: Callable[[], float] = time.time,
) -> AsyncGenerator[Server]:
    """Open a server that runs for as long as the block.

    Args:
      config: the settings; the defaults if there are none.
      listeners: where to listen, any `trio.abc.Listener`s; they are closed with the server. None listens on
        host and port of the config; an empty list listens nowhere, for a server that is only mounted.
      new_id: gives ids, of rooms above all; each must be a new one. None gives random UUIDs.
      build: builds what decides; tests put something else there.
      keys: sign the tokens of sessions. None takes those of the config's `secret_file`, or makes new ones.
      wall: gives the wall clock's time in seconds since the epoch.

    Returns:
      a context manager that gives the running `Server`.

    Raises:
      OSError: the address cannot be listened on.
      ServerFailed: the server ended itself since its state was suspect; the block is cancelled then.

    Cancellation: the block ends first, then everyone is closed with 1012 within the close deadline.
    """
    config = Config() if config is None else config
    if listeners is None:
        listeners = await open_listeners(config)
    server = Server(config, new_id or RoomIds(), list(listeners), build, keys, wall)
    lone: BaseException | None = None
    try:
        async with trio.open_nursery() as nursery:
            await nursery.start(server.run)
            try:
                yield server
            finally:
                server.stop()
    except BaseExceptionGroup as group:
        lone = _only_member(group)
        if lone is None:
            raise
    finally:
        # The server closes what it serves; this is for one that could not begin to.
        with trio.CancelScope(shield=True):
            for listener in listeners:
                await listener.aclose()
    if lone is not None:
        # That a nursery is at work here is nothing that callers should have to know.
        raise lone


async def serve(
    config: Config | None = None,
    listeners: Sequence[AnyListener] | None = None,
    *,
    new_id: Callable[[], str] | None = None,
    build: BuildLogic = build_logic,
    keys: Keys | None = None,
    wall: Callable[[], float] = time.time,
    task_status: trio.TaskStatus[Server] = trio.TASK_STATUS_IGNORED,
) -> NoReturn:
    """Serve until cancelled; gives the `Server` to `nursery.start` once connections are accepted.

    Args, errors and cancellation are those of `open_server`.
    """
    async with open_server(config, listeners, new_id=new_id, build=build, keys=keys, wall=wall) as server:
        task_status.started(server)
        await trio.sleep_forever()
    raise AssertionError("unreachable")


def _only_member(group: BaseExceptionGroup[BaseException]) -> BaseException | None:
    if len(group.exceptions) != 1:
        return None
    member = group.exceptions[0]
    if not isinstance(member, BaseExceptionGroup):
        return member
    return _only_member(cast("BaseExceptionGroup[BaseException]", member))
