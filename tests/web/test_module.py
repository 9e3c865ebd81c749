"""The browser's module does what it says: with a server that a test plays, and with the real one."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.peers.programs import require_node, run_server
from tests.web.nodes import HERE, MODULE, run_node

MOST_BYTES = 5_000
# Cuts within a handshake are failed handshakes, and an address may have so many of them a minute.
OPTIONS = ("--max-failures-per-address", "0")
PLAYED = ("requests", "coming_back", "matching", "reload", "plain", "calls", "call_lives", "pairs")
"""Programs in which the test is the server, the clock and the page."""
REAL = ("live", "worker", "dialect")
"""Programs that are clients of a server of ours."""


@contextmanager
def server() -> Iterator[dict[str, str]]:
    with run_server(*OPTIONS) as url:
        yield {"FOCUS_SIGNAL_URL": url}


def see(program: str, seconds: float = 60.0, settings: dict[str, str] | None = None) -> None:
    told = run_node(program, seconds, settings)
    assert told.is_good, told.text


@pytest.mark.parametrize("program", PLAYED)
def test_with_a_server_that_is_played(program: str) -> None:
    see(program)


@pytest.mark.parametrize("program", REAL)
def test_with_the_real_server(program: str) -> None:
    with server() as settings:
        see(program, 90, settings)


def test_a_conversation_that_is_cut_at_every_frame() -> None:
    with server() as settings:
        see("cuts", 90, settings | {"FOCUS_SIGNAL_CUTS": "some"})


@pytest.mark.long
@pytest.mark.parametrize("how", ["all", "two"])
def test_a_conversation_that_is_cut_everywhere(how: str) -> None:
    with server() as settings:
        see("cuts", 600, settings | {"FOCUS_SIGNAL_CUTS": how})


def test_a_server_that_is_started_anew() -> None:
    command = [sys.executable, "-m", "focus_signal", "serve"]
    see("restart", 100, {"FOCUS_SIGNAL_SERVE": json.dumps(command)})


@pytest.mark.long
def test_many_pairs_of_calls() -> None:
    see("pairs", 600, {"FOCUS_SIGNAL_PAIRS": "6000"})


def test_every_program_is_run() -> None:
    shared = {"scripted", "real", "cutter", "calling", "fake_peer"}
    assert {path.stem for path in HERE.glob("*.mjs")} == {*PLAYED, *REAL, "cuts", "restart", *shared}


def test_it_is_small() -> None:
    size = len(gzip.compress(MODULE.read_bytes(), 9, mtime=0))
    assert size <= MOST_BYTES, f"{size} bytes"


def test_it_is_one_module_without_dependencies() -> None:
    text = MODULE.read_text()
    assert (
        re.search(r"^\s*import\b|\bimport\s*\(|\brequire\s*\(|^\s*export\b.*\bfrom\b", text, re.MULTILINE)
        is None
    )
    program = "const module = await import(process.argv[1]); console.log(Object.keys(module).sort().join())"
    done = subprocess.run(
        [require_node(), "--input-type=module", "--eval", program, MODULE.as_uri()],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("SignalError,connect\n", "")
