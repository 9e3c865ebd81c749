"""Signaling mounted in a trio-websocket application that has something else to do as well.

Run it with `--demo` and it connects to itself: two peers find a room under /signal, and /echo echoes.
Without, it serves on port 8000 until it is interrupted.
"""

import sys
from functools import partial

import trio
from trio_websocket import ConnectionClosed, WebSocketRequest, open_websocket_url, serve_websocket

from focus_signal import Server, guarded, open_server


async def handle(server: Server, request: WebSocketRequest) -> None:
    """Serve one request to the application: the path says whose it is."""
    match request.path.partition("?")[0]:
        case "/signal":
            await server.mount(request)
        case "/echo":
            await echo(request)
        case _:
            await request.reject(404, body=b"Not Found")


async def echo(request: WebSocketRequest) -> None:
    """Be what the application did before there was signaling."""
    websocket = await request.accept()
    try:
        while True:
            await websocket.send_message(await websocket.get_message())
    except ConnectionClosed:
        return


async def main(*, demo: bool) -> None:
    """Serve the application, with signaling in it."""
    # An empty list: this server has no port of its own.
    async with open_server(listeners=[]) as server, trio.open_nursery() as nursery:
        # Guarded: what goes wrong in one connection, within the library too, ends that one alone.
        serve = partial(serve_websocket, ssl_context=None, handler_nursery=guarded(nursery))
        application = await nursery.start(serve, partial(handle, server), "127.0.0.1", 0 if demo else 8000)
        print(f"serving on ws://127.0.0.1:{application.port}")
        if demo:
            await visit(f"ws://127.0.0.1:{application.port}")
            nursery.cancel_scope.cancel()


async def visit(url: str) -> None:
    """Be three visitors of the application."""
    async with (
        open_websocket_url(f"{url}/signal?userId=ana") as ana,
        open_websocket_url(f"{url}/signal?userId=bo") as bo,
        open_websocket_url(f"{url}/echo") as other,
    ):
        for peer in (ana, bo):
            await peer.send_message('{"type":"matchmaking","matchSize":2}')
        print("ana:", await ana.get_message())
        print("bo:", await bo.get_message())
        await other.send_message("echo")
        print("other:", await other.get_message())


if __name__ == "__main__":
    trio.run(partial(main, demo="--demo" in sys.argv[1:]))
