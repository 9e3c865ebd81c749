"""The client and the real server: over loopback, and in the simulated network, where it is cut off."""

from __future__ import annotations

from pathlib import Path
from random import Random

import msgspec
import pytest
import trio

from focus_signal.client import Client, Connected, Disconnected, RequestRefused, open_client
from focus_signal.server.config import Config
from focus_signal.server.serve import open_server, serve
from focus_signal.testing.determinism.runtime import run_deterministically
from focus_signal.testing.keyed import generator
from focus_signal.testing.net.dialing import dialing, dialing_as
from focus_signal.testing.net.network import Network
from focus_signal.testing.net.options import LinkOptions
from focus_signal.wire.messages import from_server
from tests.client.host import Chance, next_of, virtual_wall

HERE = Config(host="127.0.0.1", port=0)


async def test_two_meet_and_call() -> None:
    with trio.fail_after(30):
        async with (
            open_server(HERE) as server,
            open_client(server.url, "ana") as ana,
            open_client(server.url) as bo,
        ):
            assert ana.user_id == "ana"
            await ana.match(2)
            assert (await next_of(ana, from_server.Queued)).position == 1
            await bo.match(2)
            found = await next_of(ana, from_server.RoomFound)
            assert found.peers == ("ana", bo.user_id)
            assert (await next_of(bo, from_server.RoomFound)).offer_to == ("ana",)
            await bo.offer("ana", {"type": "offer", "sdp": "v=0"})
            offer = await next_of(ana, from_server.Offer)
            assert msgspec.json.decode(offer.sdp) == {"type": "offer", "sdp": "v=0"}
            await ana.answer(bo.user_id, "v=0")
            ana.candidate_nowait(bo.user_id, None)
            await ana.signal(bo.user_id, [1])
            await ana.broadcast(msgspec.Raw(b"[ 2.0 ]"))
            kinds = (from_server.Answer, from_server.IceCandidate, from_server.Signal, from_server.Broadcast)
            came = [await next_of(bo, kind) for kind in kinds]
            assert [event.from_ for event in came] == ["ana"] * 4
            assert bytes(came[3].data) == b"[ 2.0 ]"
            with pytest.raises(RequestRefused) as caught:
                await ana.signal("nobody", 1)
            assert (caught.value.code, caught.value.to) == ("peer-unavailable", "nobody")
            await bo.leave_room()
            assert (await next_of(ana, from_server.PeerLeft)).reason == "left"
            await ana.aclose()


async def test_a_code_a_ready_check_and_an_end() -> None:
    with trio.fail_after(30):
        async with (
            open_server(HERE) as server,
            open_client(server.url, "ana") as ana,
            open_client(server.url, "bo") as bo,
        ):
            await ana.create_room(4)
            code = (await next_of(ana, from_server.RoomFound)).code
            await bo.join_room(code.lower())
            assert (await next_of(ana, from_server.PeerJoined)).peer == "bo"
            await bo.leave_room()
            for client in (ana, bo):
                await client.match(2, ready_check=True)
            proposals = [await next_of(client, from_server.MatchProposed) for client in (ana, bo)]
            await ana.ready(proposals[0])
            await bo.decline(proposals[1])
            assert (await next_of(bo, from_server.MatchEnded)).reason == "declined"
            await ana.cancel()
            assert (await next_of(ana, from_server.MatchEnded)).reason == "cancelled"


async def test_who_is_cut_off_loses_nothing() -> None:
    dialled: list[trio.SocketStream] = []

    async def dial(host: str, port: int) -> trio.abc.Stream:
        dialled.append(await trio.open_tcp_stream(host, port))
        return dialled[-1]

    with trio.fail_after(30):
        async with (
            open_server(HERE) as server,
            open_client(server.url, "ana", dial=dial, chance=Chance(0.0)) as ana,
            open_client(server.url, "bo") as bo,
        ):
            for client in (ana, bo):
                await client.match(2)
            await next_of(ana, from_server.RoomFound)
            await trio.aclose_forcefully(dialled[0])
            assert (await next_of(bo, from_server.PeerAway)).peer == "ana"
            for number in range(3):
                await bo.signal("ana", number)
            await ana.signal("bo", "here")
            assert (await next_of(ana, Connected)).resumed
            assert [bytes((await next_of(ana, from_server.Signal)).data) for _ in range(3)] == [
                b"0",
                b"1",
                b"2",
            ]
            assert (await next_of(bo, from_server.PeerBack)).resumed
            assert bytes((await next_of(bo, from_server.Signal)).data) == b'"here"'
            assert ana.statistics().resumed == 1


async def test_a_server_that_is_started_anew(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("5e" * 32)
    secret.chmod(0o600)
    [listener] = await trio.open_tcp_listeners(0, host="127.0.0.1")
    port = listener.socket.getsockname()[1]
    config = Config(host="127.0.0.1", port=port, secret_file=str(secret))
    url = f"ws://127.0.0.1:{port}/signal"

    async def run_server(
        scope: trio.CancelScope,
        listeners: list[trio.SocketListener] | None,
        *,
        task_status: trio.TaskStatus[object],
    ) -> None:
        with scope:
            await serve(config, listeners, task_status=task_status)

    with trio.fail_after(30):
        async with trio.open_nursery() as nursery:
            first, second = trio.CancelScope(), trio.CancelScope()
            await nursery.start(run_server, first, [listener])
            async with (
                open_client(url, "ana", chance=Chance(0.1)) as ana,
                open_client(url, "bo", chance=Chance(0.1)) as bo,
            ):
                await ana.create_room(2)
                room = await next_of(ana, from_server.RoomFound)
                await bo.join_room(room.code)
                await next_of(bo, from_server.RoomFound)
                first.cancel()
                for client in (ana, bo):
                    assert (await next_of(client, Disconnected)).code == 1012
                await nursery.start(run_server, second, None)
                for client in (ana, bo):
                    back = await next_of(client, Connected)
                    assert not back.resumed
                    assert back.state.room.room_id == room.room_id
                await ana.signal("bo", 1)
                assert bytes((await next_of(bo, from_server.Signal)).data) == b"1"
            second.cancel()


async def talk_through_cuts(seed: int) -> tuple[list[int], list[int], int]:
    """Let two send each other numbers while their links are reset; give what came, and how many resumed."""
    chance = generator(seed, "resets")
    network = Network(seed, LinkOptions(latency=(0.01, 0.2), chunk=300))
    came: dict[str, list[int]] = {"ana": [], "bo": []}
    with dialing(network), trio.fail_after(3600):
        async with open_server(Config(), [network.listen("focus.test", 80)], wall=virtual_wall):
            with dialing_as("ana"):
                async with open_client("ws://focus.test/signal", "ana") as ana:
                    with dialing_as("bo"):
                        async with open_client("ws://focus.test/signal", "bo") as bo:
                            await talk_both(network, chance, ana, bo, came)
                            counted = [client.statistics() for client in (ana, bo)]
    assert sum(each.lost for each in counted) == 0
    return came["ana"], came["bo"], sum(each.resumed for each in counted)


async def talk_both(
    network: Network, chance: Random, ana: Client, bo: Client, came: dict[str, list[int]]
) -> None:
    async with trio.open_nursery() as nursery:
        for client in (ana, bo):
            await client.match(2)
            nursery.start_soon(talk, client, came)
        for _ in range(20):
            await trio.sleep(chance.uniform(0, 3))
            network.reset(chance.choice(("ana", "bo")))


async def talk(client: Client, came: dict[str, list[int]]) -> None:
    found = await next_of(client, from_server.RoomFound)
    [peer] = [user for user in found.peers if user != client.user_id]
    async with trio.open_nursery() as nursery:

        async def listen() -> None:
            while len(came[client.user_id]) < 50:
                came[client.user_id].append(int(bytes((await next_of(client, from_server.Signal)).data)))

        nursery.start_soon(listen)
        for number in range(50):
            await client.signal(peer, number)
            await trio.sleep(0.3)


async def talk_impatiently(seed: int) -> tuple[list[int], list[int]]:
    """Let one send another numbers and lose patience now and then; give what was answered, and what came."""
    chance = generator(seed, "patience")
    network = Network(seed, LinkOptions(latency=(0.01, 0.2)))
    answered: list[int] = []
    came: list[int] = []
    with dialing(network), trio.fail_after(3600):
        async with open_server(Config(), [network.listen("focus.test", 80)], wall=virtual_wall):
            with dialing_as("ana"):
                async with (
                    open_client("ws://focus.test/signal", "ana") as ana,
                    open_client("ws://focus.test/signal", "bo") as bo,
                ):
                    for client in (ana, bo):
                        await client.match(2)
                    for number in range(40):
                        if number % 8 == 0:
                            network.reset("ana")
                        with trio.move_on_after(chance.uniform(0, 1)):
                            await ana.signal("bo", number)
                            answered.append(number)
                    await ana.signal("bo", -1)
                    while not came or came[-1] != -1:
                        came.append(int(bytes((await next_of(bo, from_server.Signal)).data)))
                    assert ana.statistics().unanswered == 0
    return answered, came


@pytest.mark.parametrize("seed", range(6))
def test_who_loses_patience_can_go_on(seed: int) -> None:
    answered, came = run_deterministically(talk_impatiently, seed, seed=seed).value
    assert came[:-1] == sorted(set(came[:-1]))
    assert set(answered) <= set(came)
    # What was cancelled came sometimes, and sometimes not.
    assert 5 < len(answered) < len(came) - 1 <= 40


def check_seed(seed: int) -> None:
    ana, bo, resumed = run_deterministically(talk_through_cuts, seed, seed=seed).value
    assert ana == bo == list(range(50))
    assert resumed > 5


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_lost_or_doubled_by_resets(seed: int) -> None:
    check_seed(seed)


@pytest.mark.long
def test_nothing_is_lost_or_doubled_by_many_resets() -> None:
    for seed in range(3, 120):
        check_seed(seed)


def test_a_run_with_the_client_is_the_same_twice() -> None:
    first, second = (run_deterministically(talk_through_cuts, 7, seed=7) for _ in range(2))
    assert (first.value, first.seconds) == (second.value, second.seconds)
    assert first.schedule.turns == second.schedule.turns
