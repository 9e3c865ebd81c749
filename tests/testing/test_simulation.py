"""The simulation and its clients as a test author meets them: every method, and every way to be told no."""

from __future__ import annotations

import pytest
import trio
from trio_websocket import open_websocket_url

from focus_signal.errors import NotListening, SimulationFailed, TransportClosed
from focus_signal.testing.client import ErrorMessage, RoomFoundMessage, SignalMessage
from focus_signal.testing.history import Healed, Meddled, Restarted, Sent
from focus_signal.testing.net.network import Network
from focus_signal.testing.plan import Join, Leave, Level, Open, RunConfig, Say, Signal, Verb
from focus_signal.testing.run import run_plan
from focus_signal.testing.simulated import SimulatedTest, run_test
from focus_signal.testing.simulation import Simulation

EXACT = RunConfig(latency=(0.0, 0.0))
LEVELS: tuple[Level, ...] = ("message", "full")


def ran_well(test: SimulatedTest, level: Level = "full", config: RunConfig = EXACT) -> None:
    """Run a test for one seed, and see that it ended well with every invariant."""
    ran = run_test(test, seed=1, level=level, config=config)
    if ran.error is not None:
        raise ran.error
    assert ran.violations == ()


@pytest.mark.parametrize("level", LEVELS)
def test_everything_that_a_client_does(level: Level) -> None:
    async def test(sim: Simulation) -> None:
        assert (sim.seed, sim.level, sim.config) == (1, level, EXACT)
        assert repr(sim) == f"<Simulation of seed 1 at the {level} level>"
        ana, bo = await sim.clients("ana", "bo")
        assert (ana.user, ana.conn, bo.user, bo.conn) == ("ana", 1, "bo", 2)
        assert ana.label in repr(ana)
        assert (ana.is_open, ana.close_code) == (True, None)
        await ana.join(match_size=2)
        await bo.join(match_size=2)
        found = await ana.expect("room-found")
        assert found == await bo.expect("room-found")
        assert sorted(found.peers) == ["ana", "bo"]
        await ana.offer(to=bo, sdp={"type": "offer", "lines": ["v=0", None, 1.5]})
        await ana.candidate(to="bo", candidate="candidate:1")
        await bo.answer(to=ana)
        # What comes of other kinds is kept.
        assert await bo.expect("ice-candidate") == SignalMessage("ice-candidate", "ana", None, "candidate:1")
        offer = await bo.expect("offer")
        assert (offer.sender, offer.sdp) == ("ana", {"type": "offer", "lines": ["v=0", None, 1.5]})
        answer = await ana.expect("answer")
        assert isinstance(answer.sdp, str)
        await ana.say("no JSON")
        error = await ana.expect("error")
        assert (error.code, error.to) == ("bad-json", None)
        assert [type(each) for each in ana.messages] == [RoomFoundMessage, SignalMessage, ErrorMessage]
        await ana.close()
        assert not ana.is_open
        await bo.offer(to=ana)
        assert (await bo.expect("error")).to == "ana"
        await bo.reset()
        assert not bo.is_open

    ran_well(test, level)


@pytest.mark.parametrize("level", LEVELS)
def test_the_plan_is_what_the_clients_did_and_runs_by_itself(level: Level) -> None:
    async def test(sim: Simulation) -> None:
        [ana] = await sim.clients("ana")
        await trio.sleep(1.0)
        await ana.join(match_size=1)
        await ana.expect("room-found")
        await ana.offer(to="nobody", sdp="v=0")
        await ana.say("hello")
        await ana.expect("error")
        await ana.half_close()
        # At the same instant it would be chance whether the server still hears what was said last.
        await trio.sleep(0.5)
        await sim.drain(grace=1.5)

    ran = run_test(test, seed=3, level=level, config=EXACT)
    assert ran.error is None
    assert ran.plan.operations == (
        Open(id=1, at=0.0, conn=1, user="ana"),
        Join(id=2, at=1.0, conn=1, size=1),
        Signal(id=3, at=1.0, conn=1, kind="offer", to="nobody"),
        Say(id=4, at=1.0, conn=1, text="hello"),
        Leave(id=5, at=1.0, conn=1, by="half-close"),
        Verb(id=6, at=1.5, verb="drain", grace=1.5),
    )
    assert [each.op for each in ran.history if isinstance(each, Sent)] == [2, 3, 4]
    for other in ("core", "message", "full"):
        again = run_plan(ran.plan, level=other)
        assert again.violations == ()
        assert [each.op for each in again.history if isinstance(each, Sent)] == [2, 3, 4]


@pytest.mark.parametrize("level", LEVELS)
def test_what_never_comes_is_a_failure_after_the_patience(level: Level) -> None:
    async def test(sim: Simulation) -> None:
        [ana] = await sim.clients("ana")
        await ana.say("{}")
        began = sim.now()
        with pytest.raises(SimulationFailed, match=r"ana waits for 'room-found', has got error for 60 secon"):
            await ana.expect("room-found")
        assert sim.now() == began + sim.patience == began + 60.0
        with pytest.raises(SimulationFailed, match="ana waited 60 seconds for its end in vain"):
            await ana.wait_closed()
        assert sim.now() == began + 120.0

    ran_well(test, level)


def test_the_patience_is_the_authors() -> None:
    async def test(sim: Simulation) -> None:
        ana = await sim.client("ana")
        await ana.expect("offer")

    ran = run_test(test, seed=1, config=EXACT, patience=2.5)
    assert str(ran.error) == "ana waits for 'offer', has got nothing for 2.5 seconds in vain"


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("how", ["close", "reset", "half_close"])
def test_nothing_is_sent_or_expected_on_a_connection_that_has_ended(level: Level, how: str) -> None:
    async def test(sim: Simulation) -> None:
        [ana] = await sim.clients("ana")
        await getattr(ana, how)()
        assert not ana.is_open
        for send in (ana.join(2), ana.offer(to="bo"), ana.candidate(to="bo"), ana.say("hello")):
            with pytest.raises(TransportClosed, match="the connection of ana has ended"):
                await send
        with pytest.raises(SimulationFailed, match="ana waits for 'error', has got nothing, and its connect"):
            await ana.expect("error")
        await getattr(ana, how)()  # again: there is nothing to do

    ran_well(test, level)


@pytest.mark.parametrize("level", LEVELS)
def test_what_came_before_the_end_can_still_be_expected(level: Level) -> None:
    async def test(sim: Simulation) -> None:
        [ana] = await sim.clients("ana")
        await ana.say("one")
        await trio.sleep(1.0)
        await sim.drain(grace=5.0)
        assert await ana.wait_closed() == 1012
        assert ana.close_code == 1012
        assert (await ana.expect("error")).code == "bad-json"
        with pytest.raises(SimulationFailed, match="its connection has ended"):
            await ana.expect("error")
        with pytest.raises(TransportClosed):
            await ana.say("late")

    ran_well(test, level)


@pytest.mark.parametrize("level", LEVELS)
def test_a_refused_connection_is_told_and_the_next_is_let_in(level: Level) -> None:
    async def test(sim: Simulation) -> None:
        sim.net.refuse("focus.test:8000")
        with pytest.raises(TransportClosed, match=r"ana cannot connect: .*refused"):
            await sim.clients("ana")
        ana = await sim.client("ana")
        assert ana.is_open

    ran_well(test, level)


@pytest.mark.parametrize("level", LEVELS)
def test_a_connection_that_breaks_while_it_is_opened_is_told(level: Level) -> None:
    async def test(sim: Simulation) -> None:
        ana = sim.start_client("ana")
        sim.net.latency(ana, 1.0, 1.0)
        await trio.sleep(1.5)  # in the middle of the round trip that opens a link
        await ana.reset()
        with pytest.raises(TransportClosed, match="ana cannot connect: it has left before it was let in"):
            await ana.connect()
        assert not ana.is_open

    ran_well(test, level)


def test_a_connection_that_breaks_within_its_handshake_is_told() -> None:
    async def test(sim: Simulation) -> None:
        ana = sim.start_client("ana")
        sim.net.latency(ana, 1.0, 1.0)
        await trio.sleep(2.5)  # the request is on its way
        Network.reset(sim.net, ana)
        with pytest.raises(TransportClosed, match="ana cannot connect: the connection broke"):
            await ana.connect()
        assert not ana.is_open

    ran_well(test)


@pytest.mark.parametrize("level", LEVELS)
def test_two_clients_of_one_user_are_two_links(level: Level) -> None:
    async def test(sim: Simulation) -> None:
        first = await sim.client("ana")
        await first.join(match_size=1)
        await first.expect("room-found")  # it is served by now, whatever the level
        second = await sim.client("ana")
        assert (first.user, second.user) == ("ana", "ana")
        assert first.label != second.label
        assert await first.wait_closed() == 4501
        sim.net.partition(first)
        await second.say("{}")
        assert (await second.expect("error")).code == "bad-message"

    ran_well(test, level)


@pytest.mark.parametrize("level", LEVELS)
def test_a_restarted_server_is_another_one(level: Level) -> None:
    async def test(sim: Simulation) -> None:
        before, ana = sim.server, await sim.client("ana")
        await ana.join(match_size=2)
        await sim.restart()
        assert sim.server is not before
        assert await ana.wait_closed() == 1012
        assert sim.server.statistics().users == 0
        again = await sim.client("ana")
        await again.join(match_size=1)
        assert (await again.expect("room-found")).peers == ("ana",)
        assert any(isinstance(each, Restarted) for each in sim.history)
        assert any(isinstance(each, Meddled) for each in sim.history)

    ran_well(test, level)


@pytest.mark.parametrize("level", LEVELS)
def test_a_stopped_server_lets_nobody_in(level: Level) -> None:
    async def test(sim: Simulation) -> None:
        ana = await sim.client("ana")
        await sim.stop()
        assert await ana.wait_closed() in {1012, None}
        with pytest.raises(TransportClosed, match="ana cannot connect"):
            await sim.client("ana")

    ran_well(test, level)


@pytest.mark.parametrize("level", LEVELS)
def test_healing_ends_every_fault_and_all_meddling(level: Level) -> None:
    meddling = RunConfig(latency=(0.0, 0.0), buggify={"owner.late-turn": 1.0})

    async def test(sim: Simulation) -> None:
        [ana] = await sim.clients("ana")
        began = sim.now()
        await ana.say("{}")
        await ana.expect("error")
        assert sim.now() > began
        sim.net.partition(ana)
        await ana.say("{}")
        await trio.sleep(10.0)
        assert len(ana.messages) == 1
        sim.heal()
        began = sim.now()
        await ana.expect("error")
        await ana.say("{}")
        await ana.expect("error")
        assert sim.now() == began
        assert any(isinstance(each, Healed) for each in sim.history)

    ran_well(test, level, meddling)


def test_a_websocket_client_of_the_authors_own_lives_on_virtual_time() -> None:
    async def test(sim: Simulation) -> None:
        assert sim.url("ana maria") == "ws://focus.test:8000/signal?userId=ana%20maria"
        async with open_websocket_url(sim.url("ana maria")) as ana, open_websocket_url(sim.url("bo")) as bo:
            await ana.send_message('{"type":"matchmaking","matchSize":2}')
            began = sim.now()
            with trio.move_on_after(30.0) as patience:
                await ana.get_message()
            assert patience.cancelled_caught
            assert sim.now() == began + 30.0
            await bo.send_message('{"type":"matchmaking","matchSize":2}')
            found = await ana.get_message()
            assert found == await bo.get_message()
            assert '["ana maria","bo"]' in found

    ran_well(test)


def test_there_is_no_address_at_the_message_level() -> None:
    async def test(sim: Simulation) -> None:
        with pytest.raises(NotListening, match="simulate at the full level"):
            sim.url("ana")

    ran_well(test, "message")


def test_what_runs_beside_the_test_ends_with_it() -> None:
    ended: list[str] = []

    async def beside() -> None:
        try:
            await trio.sleep_forever()
        finally:
            ended.append("beside")

    async def test(sim: Simulation) -> None:
        sim.nursery.start_soon(beside)
        await trio.sleep(1.0)

    ran_well(test)
    assert ended == ["beside"]
