"""What strangers do to a simulated server, and what it has to do about each.

Every deed goes beyond one limit or deadline of the server's, and says so if the server lets it pass.
"""

from collections.abc import Awaitable, Callable

import trio
from attrs import frozen

from focus_signal.core.effects import Refused
from focus_signal.testing.plan import HostileDeed
from focus_signal.testing.shell.stranger import SLACK, Stranger
from focus_signal.testing.shell.strict import PING, PONG, TEXT
from focus_signal.testing.shell.strict_client import client_frame
from focus_signal.testing.shell.texts import read_text

_WELCOME = 101
_CONTINUATION, _BINARY = 0x0, 0x2
_WIDE = 65_536
# It holds the answer to a handshake and little more.
_NARROW = 256
_STAY = 3.0
_TICK = 0.125
_HEARTBEAT_TURNS = 64
_NOTHING = b"{}"  # a message that gets an error, and asks for nothing else


# Before the upgrade.


async def _silent(stranger: Stranger) -> None:
    due = stranger.since + stranger.config.handshake_timeout
    await stranger.judge("handshake_timeout", due, lambda: not stranger.answered, "still has no answer")


async def _trickle(stranger: Stranger) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_send_without_end, stranger)
        await _silent(stranger)
        nursery.cancel_scope.cancel()


async def _send_without_end(stranger: Stranger) -> None:
    await stranger.send(b"GET /signal?userId=slow HTTP/1.1\r\nX-Slow: ")
    while not stranger.over:
        await trio.sleep(2 * _TICK)
        await stranger.send(b"x")


async def _long_head(stranger: Stranger) -> None:
    await _too_large(stranger, "head_bytes", more=f"X-Long: {'x' * stranger.config.head_bytes}\r\n")


async def _many_lines(stranger: Stranger) -> None:
    await _too_large(stranger, "head_lines", more="X: x\r\n" * stranger.config.head_lines)


async def _long_target(stranger: Stranger) -> None:
    target = f"/signal?userId={stranger.user}&x={'x' * stranger.config.target_bytes}"
    await _too_large(stranger, "target_bytes", target=target)


async def _long_user(stranger: Stranger) -> None:
    user = stranger.user.ljust(stranger.config.user_bytes + 1, "x")
    await _too_large(stranger, "user_bytes", target=f"/signal?userId={user}")


async def _too_large(stranger: Stranger, limit: str, *, target: str = "", more: str = "") -> None:
    if await stranger.ask(target, more) == _WELCOME:
        stranger.note(limit, "was let in")


async def _lingering(stranger: Stranger) -> None:
    await stranger.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    while not stranger.over:
        await stranger.read()
    due = trio.current_time() + stranger.config.linger_timeout
    await stranger.judge("linger_timeout", due, lambda: not stranger.gone, "has its answer and is still here")


async def fail(stranger: Stranger) -> None:
    """Ask wrongly."""
    await stranger.send(b"GET /signal HTTP/1.1\r\nHost: x\r\n\r\n")
    while not stranger.over:
        await stranger.read()


async def ask_after_failures(stranger: Stranger, failures: int) -> None:
    """Ask rightly, from an address that has failed so often."""
    if stranger.world.config.plain_streams:
        return  # those have no address
    if await stranger.ask() == _WELCOME and failures >= stranger.config.max_failures_per_address:
        stranger.note("max_failures_per_address", f"was let in behind {failures} requests that were wrong")


# Behind the upgrade.


async def _stay(stranger: Stranger) -> None:
    with trio.move_on_after(_STAY):
        while True:
            for frame in await stranger.read():
                if frame.opcode == PING:
                    await stranger.send(client_frame(PONG, frame.payload, 1))
            if stranger.over:
                break


async def _stay_without_reading(stranger: Stranger) -> None:
    del stranger
    await trio.sleep(_STAY)


async def _long_message(stranger: Stranger) -> None:
    await stranger.say(b"x" * (stranger.config.frame_bytes + 1))
    await _must_be_told(stranger, "frame_bytes")


async def _fragments(stranger: Stranger) -> None:
    most = stranger.config.max_fragments
    parts = [client_frame(TEXT, b" ", 1, final=False)]
    parts += [client_frame(_CONTINUATION, b" ", 1, final=False)] * (most - 1)
    parts += [client_frame(_CONTINUATION, _NOTHING, 1)]
    await stranger.send(b"".join(parts))
    await _must_be_told(stranger, "max_fragments")


async def _must_be_told(stranger: Stranger, limit: str) -> None:
    await stranger.judge(limit, trio.current_time(), lambda: not stranger.told, "was not sent away for it")


async def _nested(stranger: Stranger) -> None:
    depth = stranger.config.nesting + 1
    text = f'{{"type":"offer","to":"{stranger.user}","sdp":{"[" * depth}{"]" * depth}}}'
    await stranger.say(text.encode())
    while not stranger.over:
        for frame in await stranger.read():
            if frame.opcode == TEXT:
                answer = read_text(frame.payload)
                if not isinstance(answer, Refused) or answer.code not in {"bad-message", "rate-limited"}:
                    stranger.note("nesting", f"said what is too deep, and the answer was {answer}")
                return


async def _unfinished(stranger: Stranger) -> None:
    begun = client_frame(TEXT, b"x" * stranger.config.frame_bytes, 1)[:-1]
    await stranger.send(begun)
    stranger.holds = stranger.config.frame_bytes - 1
    await trio.sleep(_STAY)


async def _flood(stranger: Stranger) -> None:
    rate, burst = stranger.config.message_rate, stranger.config.message_burst
    await _send_too_much(stranger, "message", rate, burst, _NOTHING)


async def _heavy_flood(stranger: Stranger) -> None:
    config = stranger.config
    await _send_too_much(stranger, "byte", config.byte_rate, config.byte_burst, b"x" * 1_500)


async def _send_too_much(stranger: Stranger, what: str, rate: int, burst: int, text: bytes) -> None:
    """Send twice what may be sent at once, then twice what may be sent for long; count what was taken."""
    began = trio.current_time()
    weight = 1 if what == "message" else len(text)
    at_once, often = 2 * burst // weight + 1, int(2 * rate * _TICK // weight) + 1
    taken = 0

    async def count_answers() -> None:
        nonlocal taken
        while not stranger.over:
            for frame in await stranger.read():
                answer = read_text(frame.payload) if frame.opcode == TEXT else None
                if answer is None or (isinstance(answer, Refused) and answer.code == "rate-limited"):
                    continue
                taken += weight
                passed = trio.current_time() - began
                if taken > burst + rate * passed + weight:
                    limit = f"{what}_{'rate' if passed else 'burst'}"
                    stranger.note(limit, f"had {taken} {what}s taken in {passed} s")
                    return

    async with trio.open_nursery() as nursery:
        nursery.start_soon(count_answers)
        await stranger.say(*[text] * at_once)
        while trio.current_time() < began + stranger.config.rate_grace + SLACK and not stranger.told:
            await trio.sleep(_TICK)
            await stranger.say(*[text] * often)
        due = began + stranger.config.rate_grace + _TICK
        await stranger.judge("rate_grace", due, lambda: not stranger.told, "sends too much and may go on")
        nursery.cancel_scope.cancel()


async def _deaf(stranger: Stranger) -> None:
    await _never_read(stranger, 30)


async def _greedy(stranger: Stranger) -> None:
    await _never_read(stranger, 300)


async def _never_read(stranger: Stranger, answers: int) -> None:
    config = stranger.config
    due = trio.current_time() + config.write_timeout + config.close_timeout
    with trio.move_on_at(due):
        await stranger.say(*[_NOTHING] * answers)
    await stranger.judge("write_timeout", due, lambda: not stranger.gone, "reads nothing and is still here")


async def _stubborn(stranger: Stranger) -> None:
    await stranger.send(client_frame(_BINARY, b"", 1))
    due = trio.current_time() + stranger.config.close_timeout
    await stranger.judge("close_timeout", due, lambda: not stranger.gone, "was sent away and is still here")


async def _mute(stranger: Stranger) -> None:
    config, pinged = stranger.config, False
    turn = config.ping_interval / _HEARTBEAT_TURNS
    with trio.move_on_at(trio.current_time() + config.ping_interval + turn + SLACK):
        while True:
            pinged = any(frame.opcode == PING for frame in await stranger.read())
            if pinged or stranger.over:
                break
    if not pinged and not stranger.told and not stranger.world.config.buggify:
        stranger.note("ping_interval", "was never asked for a sign of life")
    due = trio.current_time() + config.pong_timeout
    await stranger.judge("pong_timeout", due, lambda: not stranger.told, "answers no ping and is still here")


@frozen
class Deed:
    """Be what a stranger does.

    Args:
      do: does it.
      upgraded: whether it is done behind a handshake.
      window: how much the stranger's link holds.
    """

    do: Callable[[Stranger], Awaitable[None]]
    upgraded: bool = True
    window: int = _WIDE

    async def run(self, stranger: Stranger) -> None:
        """Do it, if the stranger gets so far."""
        if not self.upgraded or await stranger.ask() == _WELCOME:
            await self.do(stranger)


DEEDS_OF_STRANGERS: dict[HostileDeed, Deed] = {
    "silent": Deed(_silent, upgraded=False),
    "trickle": Deed(_trickle, upgraded=False),
    "long-head": Deed(_long_head, upgraded=False),
    "many-lines": Deed(_many_lines, upgraded=False),
    "long-target": Deed(_long_target, upgraded=False),
    "long-user": Deed(_long_user, upgraded=False),
    "lingering": Deed(_lingering, upgraded=False),
    "crowd": Deed(_stay),
    "neighbours": Deed(_stay),
    "namesakes": Deed(_stay_without_reading),
    "long-message": Deed(_long_message),
    "fragments": Deed(_fragments),
    "nested": Deed(_nested),
    "unfinished": Deed(_unfinished),
    "flood": Deed(_flood),
    "heavy-flood": Deed(_heavy_flood),
    "deaf": Deed(_deaf, window=_NARROW),
    "greedy": Deed(_greedy, window=_NARROW),
    "stubborn": Deed(_stubborn),
    "mute": Deed(_mute),
}
"""What each stranger does by itself; "failing" takes several connections, one after the other."""
