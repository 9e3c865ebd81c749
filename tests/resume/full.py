"""The same conversation with the real server and the real client, on a simulated network that is cut."""

from __future__ import annotations

from typing import cast

import trio
import trio.lowlevel
from attrs import Factory, define, evolve
from trio_websocket import ConnectionClosed, WebSocketConnection, wrap_client_stream

from focus_signal.client.client import Client, ClientStatistics
from focus_signal.client.events import Connected, Lost
from focus_signal.client.faults import ClientEnded
from focus_signal.client.opening import open_client
from focus_signal.client.settings import ClientSettings
from focus_signal.server.config import Config, TransportName
from focus_signal.server.serve import open_server
from focus_signal.testing.determinism.runtime import run_deterministically
from focus_signal.testing.identity import KEYS, room_ids, wall_time
from focus_signal.testing.net.network import Network
from focus_signal.testing.net.options import LinkOptions
from focus_signal.wire.messages.from_server import Error
from tests.resume.cutting import cut_points, pieces_of
from tests.resume.player import Player
from tests.resume.seed_player import SeedPlayer
from tests.resume.sweep import WAYS, Company, Tally
from tests.resume.tapped import FULL_MANNERS, Dialer, StreamCut

HOST, PORT = "focus.test", 8000
LONG_AFTER_ITS_START = 100.0
_PATIENCE = 400.0
LATENCY = (0.1, 0.3)
"""Seconds; so what a server does about a connection that it has replaced falls into the conversation."""
SETTINGS = ClientSettings(patience=120.0)


@define(eq=False)
class Half:
    """Give half of what chance could give."""

    def random(self) -> float:
        return 0.5


@define(eq=False)
class Scene:
    """Be one run.

    Args:
      company: who talks.
      cuts: what is cut.
      transport: the server's.
    """

    company: Company
    cuts: tuple[StreamCut, ...] = ()
    transport: TransportName = "native"
    dialers: dict[str, Dialer] = Factory(dict)
    players: dict[str, Player] = Factory(dict)
    seed_players: dict[str, SeedPlayer] = Factory(dict)
    done: dict[str, ClientStatistics] = Factory(dict)
    ended: dict[str, str] = Factory(dict)
    began_anew: int = 0
    errors: list[Error] = Factory(list)
    lost: int = 0
    left: int = -1

    def run(self) -> dict[str, int]:
        """Let it happen, and give what went wrong."""
        run_deterministically(self._main, seed=self.company.seed)
        return {name: number for name, number in self._faults().items() if number}

    @property
    def resumed(self) -> int:
        return sum(each.resumed for each in self.done.values())

    async def _main(self) -> None:
        network = Network(self.company.seed, LinkOptions(latency=LATENCY))
        listener = network.listen(HOST, PORT)
        config = Config(transport=self.transport)
        ids = room_ids(self.company.seed)
        async with open_server(config, [listener], new_id=ids, keys=KEYS, wall=wall_time) as server:
            await trio.sleep(LONG_AFTER_ITS_START)
            with trio.move_on_after(_PATIENCE):
                async with trio.open_nursery() as seeds:
                    for name in self.company.seeds:
                        await seeds.start(self._talk_as_seed, network, name)
                    async with trio.open_nursery() as talking:
                        for name in self.company.names:
                            talking.start_soon(self._talk, network, name)
                    seeds.cancel_scope.cancel()
            for dialer in self.dialers.values():
                dialer.close()
            await trio.sleep(LONG_AFTER_ITS_START)
            left = server.statistics()
            self.left = left.users + left.rooms + left.waiting + left.connections

    async def _talk(self, network: Network, name: str) -> None:
        dialer = self.dialers[name] = Dialer(network, name, self.cuts)
        player = self.players[name] = Player(name, self.company.names, self.company.seeds)
        try:
            async with open_client(
                f"ws://{HOST}:{PORT}/signal", name, settings=SETTINGS, dial=dialer.dial, chance=Half()
            ) as client:
                for message in player.begin():
                    client.request_nowait(message)
                while not player.is_over:
                    await self._hear(client, player, dialer)
                await client.wait_all_answered()
                self.done[name] = client.statistics()
        except ClientEnded as ended:
            self.ended[name] = ended.why  # it is not among those who are done

    async def _hear(self, client: Client, player: Player, dialer: Dialer) -> None:
        event = await client.next_event()
        if isinstance(event, Connected):
            self.began_anew += not event.resumed and bool(player.rooms)
            await dialer.send_late()
        elif isinstance(event, Lost):
            self.lost += len(event.requests)
        elif isinstance(event, Error):
            self.errors.append(event)
        for message in player.hear(event):
            client.request_nowait(message)

    async def _talk_as_seed(
        self, network: Network, name: str, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        size = len(self.company.names) + len(self.company.seeds)
        player = self.seed_players[name] = SeedPlayer(name, size)
        stream = await network.connect(HOST, PORT, label=name)
        async with trio.open_nursery() as nursery:
            socket: WebSocketConnection = await wrap_client_stream(
                nursery, cast("trio.SocketStream", stream), f"{HOST}:{PORT}", f"/signal?userId={name}"
            )
            task_status.started()
            try:
                for frame in player.begin():
                    await socket.send_message(frame.decode())
                while True:
                    for frame in player.hear(_encoded(await socket.get_message())):
                        await socket.send_message(frame.decode())
            except ConnectionClosed:
                player.errors.append("closed")
            finally:
                stream.close()

    def _faults(self) -> dict[str, int]:
        lost = doubled = disordered = 0
        everyone: dict[str, Player | SeedPlayer] = {**self.players, **self.seed_players}
        for name, player in everyone.items():
            for other, peer in everyone.items():
                came, sent = peer.heard.get(name, []), player.sent.get(other, 0)
                once = list(dict.fromkeys(came))
                lost += sent - len(once)
                doubled += len(came) - len(once)
                disordered += once != sorted(once)
        stories = [player.rooms for player in self.players.values()]
        firsts = [each.rooms[:1] for each in everyone.values()]
        return {
            "began_anew": self.began_anew,
            "lost": lost + self.lost,
            "doubled": doubled,
            "disordered": disordered,
            "locked_out": len(self.company.names) - len(self.done),
            "apart": sum(story != stories[0] for story in stories)
            + sum(first != firsts[0] for first in firsts),
            "refused": len(self.errors) + sum(len(each.errors) for each in self.seed_players.values()),
            "left_over": self.left,
        }


def _encoded(message: str | bytes) -> bytes:
    return message.encode() if isinstance(message, str) else message


def full_cuts(company: Company) -> list[tuple[StreamCut, str]]:
    """List every cut of the clients' streams, one manner after the other."""
    scene = Scene(company)
    assert not scene.run()
    found: list[tuple[StreamCut, str]] = []
    for name, dialer in scene.dialers.items():
        (tapped,) = dialer.streams
        for way in WAYS:
            points = cut_points(pieces_of(getattr(tapped, way), after_handshake=True))
            found += [(StreamCut(name, 1, way, at), place) for at, place in points.items()]
    return [(evolve(cut, manner=manner), place) for manner in FULL_MANNERS for cut, place in found]


def full_sweep(company: Company, every: int, first: int = 0, transport: TransportName = "native") -> Tally:
    """Run a company once for each cut, or for one in so many."""
    tally = Tally()
    for cut, place in full_cuts(company)[first::every]:
        scene = Scene(company, (cut,), transport)
        faults = scene.run()
        anew = sum(each.connections - 1 - each.resumed for each in scene.done.values())
        tally.note((cut.way, place), cut, faults, resumed=scene.resumed, first_again=anew)
    return tally
