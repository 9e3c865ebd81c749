"""Who is first, what comes behind what, and whose last words still count."""

from __future__ import annotations

import pytest
import trio

from focus_signal.core.commands import Disconnect, Withdraw
from focus_signal.core.effects import Deliver, RoomFound
from focus_signal.testing.history import Decided, EndRead
from focus_signal.testing.noticed import sometimes
from focus_signal.testing.plan import LeaveBy, RunConfig
from focus_signal.testing.simulation import Simulation
from tests.server.hostile import frames
from tests.server.hostile.frames import close, frame, text
from tests.simulations.levels import at_every_level, on_both_transports
from tests.simulations.looks import connection_of, end_read_at, sdps
from tests.simulations.raw import EXACT, UNEVEN, empties_by, open_peer

OFFERS = 20
# The server's own steps are held up now and then, and its channels are short.
HASTY = RunConfig(
    latency=(0.001, 0.05),
    inbox_batches=1,
    buggify={"owner.late-turn": 0.25, "inbox.late-send": 0.25, "owner.short-turn": 0.5},
)

COARSE = RunConfig(latency=(0.001, 0.05), chunk=4000)

ENDS = {
    "a close frame": close(1000),
    "malformed input": frame(3, b"?"),
    "text that is not UTF-8": text(b"\xff"),
    "a binary message": frame(frames.BINARY),
    "half a frame": text(b"a" * 100)[:50],
    "the end of the stream": b"",
}
VIOLATIONS = {
    "close 1003 text-only": frame(frames.BINARY),
    "close 1009 too-big": text("\u20ac" * 100_000),
}


@at_every_level(seeds=10)
async def test_a_pair_meets_and_relays_in_order(sim: Simulation) -> None:
    ana, bo = await sim.clients("ana", "bo")
    await ana.join(match_size=2)
    await ana.say("{}")
    assert (await ana.expect("error")).code == "bad-message"  # so it waits by now
    await bo.join(match_size=2)
    found = await ana.expect("room-found")
    assert found == await bo.expect("room-found")
    assert found.peers == ("ana", "bo")
    for number in range(50):
        await ana.offer(to=bo, sdp=number)
        await bo.answer(to=ana, sdp=[number])
    while len(sdps(bo)) < 50:
        await bo.expect("offer")
    while len(sdps(ana)) < 50:
        await ana.expect("answer")
    assert sdps(bo) == list(range(50))
    assert sdps(ana) == [[number] for number in range(50)]


@pytest.mark.parametrize("by", ["close", "reset", "half-close"])
@at_every_level(seeds=5, config=UNEVEN)
async def test_a_peer_that_leaves_is_out_of_its_queue(sim: Simulation, by: LeaveBy) -> None:
    [eve] = await sim.clients("eve")
    await eve.join(match_size=2)
    await eve.say("{}")
    await eve.expect("error")
    assert sim.server.statistics().waiting == 1
    await eve._leave(by)
    await trio.sleep(1.0)
    at = sim.server.statistics()
    assert (at.waiting, at.users, at.connections) == (0, 0, 0)
    ana, bo = await sim.clients("ana", "bo")
    await ana.join(match_size=2)
    await bo.join(match_size=2)
    assert sorted((await ana.expect("room-found")).peers) == ["ana", "bo"]


@pytest.mark.parametrize("by", ["close", "half-close"])
@at_every_level(seeds=10, config=HASTY)
async def test_what_was_said_before_leaving_is_still_carried_out(sim: Simulation, by: LeaveBy) -> None:
    ana, bo = await sim.clients("ana", "bo")
    await ana.join(match_size=2)
    await bo.join(match_size=2)
    await ana.expect("room-found")
    for number in range(OFFERS):
        await ana.offer(to=bo, sdp=number)
    # Its end overtakes this, so that nobody is matched with it.
    await ana.join(match_size=2)
    await ana._leave(by)
    for number in range(OFFERS):
        assert (await bo.expect("offer")).sdp == number
    await trio.sleep(5.0)
    await bo.join(match_size=2)
    await bo.offer(to=ana)
    refused = await bo.expect("error")
    assert (refused.code, refused.to) == ("peer-unavailable", "ana")
    assert sim.server.statistics().matches == 1
    number = connection_of(sim, ana)
    ended = Disconnect(number, finished=by == "close")
    steps = [
        (index, each.command)
        for index, each in enumerate(sim.history)
        if isinstance(each, Decided) and each.command in {Withdraw(number), ended}
    ]
    assert [step for _, step in steps] == [Withdraw(number), ended]
    between = sim.history[steps[0][0] + 1 : steps[1][0]]
    sometimes("an end overtakes what was said before it", any(isinstance(each, Decided) for each in between))


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
@on_both_transports(seeds=5, config=UNEVEN)
async def test_what_was_said_before_any_end_is_carried_out(sim: Simulation, end: bytes) -> None:
    await _end_behind_offers(sim, end)


@on_both_transports(seeds=5, config=COARSE)
async def test_what_was_said_before_too_much_was_is_carried_out(sim: Simulation) -> None:
    await _end_behind_offers(sim, text(b"a" * 300_000))


async def _end_behind_offers(sim: Simulation, end: bytes) -> None:
    async with open_peer(sim, "one") as one, open_peer(sim, "other") as other:
        await one.say({"type": "matchmaking", "matchSize": 2})
        await other.say({"type": "matchmaking", "matchSize": 2})
        assert (await one.hear())["type"] == (await other.hear())["type"] == "room-found"
        offers = [f'{{"type":"offer","to":"other","sdp":{number}}}' for number in range(OFFERS)]
        await one.send(b"".join(map(text, offers)) + end)
        await one.stream.send_eof()  # type: ignore[attr-defined]
        for number in range(OFFERS):
            assert await other.hear() == {"type": "offer", "from": "one", "sdp": number}
        await trio.sleep(3.0)
        assert sim.server.statistics().connections == 1
        await other.part()


@pytest.mark.parametrize(("goodbye", "sent"), VIOLATIONS.items(), ids=VIOLATIONS.keys())
@on_both_transports(seeds=5, config=COARSE)
async def test_a_violation_is_answered_behind_what_was_asked_before(
    sim: Simulation, goodbye: str, sent: bytes
) -> None:
    async with open_peer(sim, "wrong") as peer:
        await peer.send(text("not JSON") + text("{}") + sent)
        assert await peer.events() == ["error bad-json", "error bad-message", goodbye, "eof"]
        await empties_by(sim, sim.now() + sim.server.config.close_timeout)
        assert sim.server.statistics().users == 0


@on_both_transports(seeds=5, config=EXACT)
async def test_what_follows_our_close_frame_is_not_heard(sim: Simulation) -> None:
    async with open_peer(sim, "talker") as peer:
        peer.answers_close = False
        await trio.sleep(1.0)
        await peer.send(frame(frames.BINARY))
        assert (await peer.receive()) == frames.Received(frames.CLOSE, b"\x03\xebtext-only")
        for _ in range(20):
            await peer.send(text('{"type":"matchmaking","matchSize":1}') + frame(frames.BINARY) + text("?"))
        await peer.send(frame(frames.TEXT, b"{", fin=False))
        assert await peer.events() == ["eof"]
        ended, cut = sim.now(), 1.0 + sim.server.config.close_timeout
        # Where the fault was the peer's our end of the stream comes at once; the library waits for an answer.
        assert ended == (1.0 if sim.config.transport == "native" else cut)
        await peer.send(text('{"type":"matchmaking","matchSize":1}'))
        await empties_by(sim, cut)
        assert sim.server.statistics().matches == 0


@at_every_level(seeds=10, config=HASTY)
async def test_who_came_first_is_matched_first(sim: Simulation) -> None:
    users = [f"user-{number}" for number in range(6)]
    clients = await sim.clients(*users)
    for client in clients:
        await client.join(match_size=3)
        await client.say("{}")
        await client.expect("error")  # it has its place in the queue before the next one comes
    for index, client in enumerate(clients):
        first = index // 3 * 3
        assert (await client.expect("room-found")).peers == tuple(users[first : first + 3])


@at_every_level(seeds=10, config=HASTY)
async def test_nobody_is_matched_with_somebody_whose_end_was_read(sim: Simulation) -> None:
    """Whether the room is found before the end is read is the seed's business; behind it, it never is."""
    eve, ana, bo = await sim.clients("eve", "ana", "bo")
    await eve.join(match_size=2)
    await eve.reset()
    await ana.join(match_size=2)
    await bo.join(match_size=2)
    await trio.sleep(10.0)
    found = [event for event in sim.history if isinstance(event, Decided) and _peers(event)]
    assert len(found) == 1
    ended = EndRead(end_read_at(sim, eve) or 0.0, connection_of(sim, eve))
    early = sim.history.index(ended) < sim.history.index(found[0])
    assert not (early and "eve" in _peers(found[0]))
    sometimes("the end was read before the room was found", early)


def _peers(event: Decided) -> tuple[str, ...]:
    """Give who was brought together by a command; nobody, mostly."""
    for effect in event.effects:
        if isinstance(effect, Deliver) and isinstance(effect.message, RoomFound):
            return effect.message.peers
    return ()
