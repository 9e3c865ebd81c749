"""What a client sends comes out in no log, no close reason and no traceback, wherever it puts it.

User ids are among it. That a peer is answered with some of what it sent itself is another matter.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn

import pytest
import trio

from focus_signal import ServerFailed
from focus_signal.core.matchmaker import Matchmaker
from focus_signal.observe.logs import SafeFormatter
from focus_signal.server import connection as connection_module
from focus_signal.server import guard
from focus_signal.server.connection import Connection
from focus_signal.server.transport import trio_websocket
from focus_signal.server.transport.native import NativeTransport
from focus_signal.server.transport.sending import FrameSender
from focus_signal.server.transport.trio_websocket import TrioWebSocket
from focus_signal.wire.http_head import HeadReader
from focus_signal.wire.seed_dialect import SeedDialect
from tests.cli.program import SERVE_HERE, start
from tests.observe.test_logs import HEAD
from tests.server.canary import (
    FRAMES,
    HANDSHAKE,
    HEADS,
    LEFT,
    PLAIN,
    RIGHT,
    SECRET,
    Watch,
    holds_secret,
    watching,
)
from tests.server.canary_house import WAYS, Way, open_house
from tests.server.hostile import frames
from tests.server.hostile.peer import finish_handshake

EVERY_WAY = pytest.mark.parametrize("way", WAYS)


@pytest.fixture
def watch(capfd: pytest.CaptureFixture[str]) -> Any:
    """Watch everything that is logged or written, and fail in the end if any of the secret was in it."""
    with watching() as watch:
        yield watch
        written = capfd.readouterr()
        watch.look_at("stdout", written.out)
        watch.look_at("stderr", written.err)
    assert not watch.leaks, "\n".join(watch.leaks)


# Everything that a client may do.


@EVERY_WAY
async def test_nothing_of_a_request_comes_out(way: Way, watch: Watch) -> None:
    async with open_house(way, watch) as house:
        for name, head in HEADS.items():
            # For half a request the other server waits as long as it likes to.
            if (way, name) != ("mounted", "half a head"):
                await house.ask(head)
    assert "ERROR" not in watch.levels()


@EVERY_WAY
async def test_nothing_of_a_conversation_comes_out(way: Way, watch: Watch) -> None:
    async with open_house(way, watch) as house:
        for said in FRAMES.values():
            await house.say(said)
            await house.break_off(said)
    assert "ERROR" not in watch.levels()
    if way == "native":
        # It is watched at all: the faults of peers have their lines.
        closes = [record.getMessage().partition(": ")[2] for record in watch.records]
        assert {"protocol-error", "text-only", "not-utf-8", "too-big"} <= set(closes)


# Planted faults: what is raised holds what came.


def raising(_: object, *args: object, **kwargs: object) -> NoReturn:
    raise KeyError(repr((args, kwargs)))


async def raising_later(_: object, *args: object, **kwargs: object) -> NoReturn:
    await trio.lowlevel.checkpoint()
    raise KeyError(PLAIN, SECRET)


def raising_at(method: Callable[..., Any], marker: str) -> Callable[..., Any]:
    """Have a method raise once what it gets holds a marker."""

    def maybe(self: object, *args: object) -> Any:
        if marker in repr(args):
            raise ExceptionGroup(repr(args), [KeyError(*args), LookupError(SECRET)]) from ValueError(
                repr(args)
            )
        return method(self, *args)

    return maybe


@EVERY_WAY
async def test_a_fault_in_the_decoder(way: Way, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SeedDialect, "decode", raising_at(SeedDialect.decode, "offer"))
    async with open_house(way, watch) as house:
        await house.say(FRAMES["half JSON"])
    assert "ERROR" in watch.levels()


@EVERY_WAY
@pytest.mark.parametrize("where", ["matchmaker", "encoder"])
async def test_a_fault_of_the_owner(
    where: str, way: Way, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server ends by it, and what is raised to whoever embeds it holds nothing either."""
    if where == "matchmaker":
        monkeypatch.setattr(Matchmaker, "handle", raising_at(Matchmaker.handle, "ice-candidate"))
    else:
        monkeypatch.setattr(SeedDialect, "encode", raising_at(SeedDialect.encode, "ice-candidate"))
    with pytest.RaisesGroup(ServerFailed, allow_unwrapped=True, flatten_subgroups=True) as failed:
        async with open_house(way, watch) as house:
            await house.say(FRAMES["candidate"])
            await trio.sleep_forever()
    watch.look_at("what is raised", "".join(traceback.format_exception(failed.value)))
    assert "ERROR" in watch.levels()


@EVERY_WAY
async def test_a_fault_while_sending(way: Way, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    sender = FrameSender if way == "native" else TrioWebSocket
    monkeypatch.setattr(sender, "send_nowait", raising_at(sender.send_nowait, "ice-candidate"))
    async with open_house(way, watch) as house:
        await house.say(FRAMES["candidate"])
    assert "ERROR" in watch.levels()


@EVERY_WAY
async def test_a_fault_of_the_writer(way: Way, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    transport = NativeTransport if way == "native" else TrioWebSocket
    async with open_house(way, watch) as house:
        one, other = await house.pair()
        monkeypatch.setattr(transport, "send_nowait", lambda *_: False)  # a writer has to be started
        monkeypatch.setattr(transport, "send", raising_later)
        await one.send(FRAMES["sdp"])
        await house.hear_out(other)
        monkeypatch.undo()
        await one.send(frames.close(1000))
        await house.hear_out(one)
    assert "ERROR" in watch.levels()


@EVERY_WAY
async def test_a_fault_while_receiving(way: Way, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    transport = NativeTransport if way == "native" else TrioWebSocket
    monkeypatch.setattr(transport, "receive", raising_later)
    async with open_house(way, watch) as house:
        stream = await house.dial()
        await stream.send_all(HANDSHAKE + FRAMES["sdp"])
        await house.hear_out(await finish_handshake(stream))
    assert "ERROR" in watch.levels()


@pytest.mark.parametrize("way", ["native", "trio-websocket"])
async def test_a_fault_at_the_front_door(way: Way, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HeadReader, "feed", raising)
    async with open_house(way, watch) as house:
        await house.ask(HEADS["path"])
        await house.ask(HEADS["half a head"])
    assert watch.levels().count("ERROR") == 2


# The watch itself: bugs that are planted are seen.


def test_whatever_is_made_of_the_secret_is_seen() -> None:
    for text in (
        PLAIN,
        repr(SECRET),
        ascii(SECRET),
        str(SECRET.encode()),
        SafeFormatter().line(logging.makeLogRecord({}), SECRET, "INFO"),
        SECRET.encode().hex(),
        PLAIN.upper(),
        f"userId={LEFT[3:9]}...",
        str(list(PLAIN.encode())),
    ):
        assert holds_secret(text), text
    assert not holds_secret("connection 1 is closed: protocol-error")


def report_with_message(group: BaseException, where: str) -> None:
    logging.getLogger("focus_signal").error("%s ended: %s", where, group)


def report_with_exception(group: BaseException, where: str) -> None:
    logging.getLogger("focus_signal").error("%s ended", where, exc_info=group)


async def run_and_name(connection: Connection) -> None:
    logging.getLogger("focus_signal").debug("connection %d is %s", connection.number, connection.user)
    await _run(connection)


_run, _close = Connection.run, NativeTransport.close


async def close_with_thanks(transport: NativeTransport, code: int, reason: str) -> None:
    await _close(transport, code, f"{reason} {PLAIN}")


@pytest.mark.parametrize("bug", [report_with_message, report_with_exception])
async def test_a_report_that_tells_too_much_is_seen(
    bug: Callable[[BaseException, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (guard, connection_module, sys.modules["focus_signal.server.server"]):
        monkeypatch.setattr(module, "report", bug)
    monkeypatch.setattr(SeedDialect, "decode", raising)
    with watching() as watch:
        async with open_house("native", watch) as house:
            stream = await house.dial()
            await stream.send_all(HANDSHAKE + FRAMES["sdp"])
            await house.hear_out(await finish_handshake(stream))
    assert watch.leaks


async def test_a_line_with_a_user_in_it_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Connection, "run", run_and_name)
    with watching() as watch:
        async with open_house("native", watch) as house:
            await house.say(FRAMES["type"])
    assert watch.leaks


async def test_a_close_reason_that_tells_too_much_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NativeTransport, "close", close_with_thanks)
    with watching() as watch:
        async with open_house("native", watch) as house:
            await house.say(FRAMES["binary"])
    assert any(leak.startswith("close reason") for leak in watch.leaks)


async def test_the_library_s_own_words_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept out of them would be there."""
    for module in (guard, trio_websocket):
        monkeypatch.setattr(module, "hide_payloads", lambda: None)
    library = logging.getLogger("trio-websocket")
    monkeypatch.setattr(library, "filters", [])
    with watching() as watch:
        async with open_house("trio-websocket", watch) as house:
            await house.say(FRAMES["ping"])
    assert watch.leaks


# The process.

# The program as it is, but for a decoder that raises what it gets, and a logger that forges lines.
_FAULTY = f"""
import logging, sys
from focus_signal.wire.seed_dialect import SeedDialect

def decode(self, frame, *_):
    logging.getLogger("somebody").error("%s", {SECRET[len(LEFT) : -len(RIGHT)]!r} + "2026 INFO forged")
    try:
        raise KeyError(frame)
    except KeyError:
        logging.getLogger("somebody").exception("it broke")
    raise KeyError(frame)

SeedDialect.decode = decode
from focus_signal.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("faulty", [False, True])
async def test_the_log_of_the_process_has_only_lines_of_its_own(*, faulty: bool) -> None:
    command = [sys.executable, "-c", _FAULTY, *SERVE_HERE[3:]] if faulty else SERVE_HERE
    async with start(command) as program:
        port = (await program.ready()).port
        for said in (*HEADS.values(), *(HANDSHAKE + frame for frame in FRAMES.values())):
            async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
                with suppress(trio.BrokenResourceError):
                    await stream.send_all(said)
                    await stream.send_eof()
                    async for _ in stream:
                        pass
        ended = await program.stop()
    lines = ended.stderr.split("\n")
    assert lines.pop() == ""
    assert [line for line in lines if not HEAD.match(line) and not line.startswith("    ")] == []
    assert all(line.isprintable() for line in lines)
    assert not holds_secret(ended.stderr)
    assert any("Traceback" in line for line in lines) == faulty
