"""When the matchmaker itself fails its state cannot be trusted: everyone is closed and the process ends."""

from __future__ import annotations

import subprocess
import sys

from tests.cli.program import SERVE_HERE, Ended, start
from tests.cli.users import connect, open_silent

# The program as it is, but for a matchmaker that fails at a request for a room of three.
_BROKEN = """
import sys
from focus_signal.core.commands import RequestMatch
from focus_signal.core.matchmaker import Matchmaker

handle = Matchmaker.handle

def fail_at_three(self, command, now):
    if isinstance(command, RequestMatch) and command.size == 3:
        raise ZeroDivisionError("injected")
    return handle(self, command, now)

Matchmaker.handle = fail_at_three
from focus_signal.cli import main
sys.exit(main(sys.argv[1:]))
"""
_COMMAND = [sys.executable, "-c", _BROKEN, *SERVE_HERE[SERVE_HERE.index("serve") :]]


def _check_fault(ended: Ended) -> None:
    assert ended.status == 70
    assert ended.stdout == b""
    assert ended.stderr.count(": ZeroDivisionError at <string>:") == 1
    assert "injected" not in ended.stderr, "what it says may be made of what a peer sent"
    # One traceback, of the fault; nothing that goes wrong because of it shows as a fault of its own.
    assert ended.stderr.count("Traceback") == 1


async def test_everyone_is_closed_with_1011() -> None:
    async with start(_COMMAND) as program:
        url = (await program.ready()).url
        async with connect(url, "ana") as ana, connect(url, "ben") as ben:
            await ben.settle()
            await ana.settle()
            await ana.say("matchmaking", matchSize=3)
            assert await ana.closed() == (1011, "internal-error")
            assert await ben.closed() == (1011, "internal-error")
        _check_fault(await program.ended())


async def test_silent_client_holds_nobody_up() -> None:
    async with start(_COMMAND) as program:
        ready = await program.ready()
        async with await open_silent(ready.port, "ben"), connect(ready.url, "ana") as ana:
            await ana.say("matchmaking", matchSize=3)
            assert await ana.closed() == (1011, "internal-error")
            _check_fault(await program.ended())


async def test_end_of_stdin_during_the_end_changes_nothing() -> None:
    """The status says why the server ended, whatever comes while it does."""
    async with start(_COMMAND, stdin=subprocess.PIPE) as program:
        ready = await program.ready()
        async with await open_silent(ready.port, "ben"), connect(ready.url, "ana") as ana:
            await ana.say("matchmaking", matchSize=3)
            assert await ana.closed() == (1011, "internal-error")
            # The silent client is waited for until the close deadline.
            await program.end_stdin()
            _check_fault(await program.ended())


async def test_signal_during_the_end_changes_nothing() -> None:
    async with start(_COMMAND) as program:
        ready = await program.ready()
        async with await open_silent(ready.port, "ben"), connect(ready.url, "ana") as ana:
            await ana.say("matchmaking", matchSize=3)
            assert await ana.closed() == (1011, "internal-error")
            _check_fault(await program.stop())
