"""A signaling server within a Trio program, and two peers that find a room in it."""

import trio
from trio_websocket import open_websocket_url

from focus_signal import Config, open_server


async def main() -> None:
    """Open the server for as long as the block, and connect to it."""
    async with (
        open_server(Config(host="127.0.0.1", port=0)) as server,
        open_websocket_url(f"{server.url}?userId=ana") as ana,
        open_websocket_url(f"{server.url}?userId=bo") as bo,
    ):
        for peer in (ana, bo):
            await peer.send_message('{"type":"matchmaking","matchSize":2}')
        print("ana:", await ana.get_message())
        print("bo:", await bo.get_message())
        await ana.send_message('{"type":"offer","to":"bo","sdp":"v=0"}')
        print("bo:", await bo.get_message())


trio.run(main)
