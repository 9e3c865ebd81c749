"""Servers under measurement are started on their processor, and their end is looked at."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.load import WrongResult
from benchmarks.meter import Scale, processor_seconds
from benchmarks.servers import listening_port, ready_port, run_process
from benchmarks.start import measure_start

ROOT = Path(__file__).resolve().parent.parent.parent
LISTENS = "import signal; print('listening on 127.0.0.1:9', flush=True); "
WELL = "signal.sigwait([signal.SIGTERM])"


def _python(code: str) -> list[str]:
    return [sys.executable, "-S", "-c", code]


# What waits for a signal with sigwait must have it blocked first.
BLOCKED = "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM]); "


def test_a_server_gets_its_processor_from_the_start_and_the_generator_keeps_its_own() -> None:
    before = os.sched_getaffinity(0)
    (cpu, *_) = sorted(before)
    with run_process(_python(BLOCKED + LISTENS + WELL), cpu, listening_port) as running:
        assert running.port == 9
        assert os.sched_getaffinity(running.pid) == {cpu}
        assert os.sched_getaffinity(0) == before
        assert processor_seconds(running.pid) > 0


@pytest.mark.parametrize(
    ("code", "says"),
    [
        pytest.param("raise SystemExit(3)", r"does not listen \(status 3\)", id="does not start"),
        pytest.param(LISTENS + "signal.pause()", "ended with status -15", id="dies of its signal"),
        pytest.param(
            BLOCKED + LISTENS + WELL + "; raise SystemExit(1)", "ended with status 1", id="ends badly"
        ),
    ],
)
def test_a_server_that_does_not_start_or_end_well_has_no_figure(code: str, says: str) -> None:
    with pytest.raises(WrongResult, match=says) as caught:  # noqa: SIM117 - what raises is the inner context
        with run_process(_python(code), None, listening_port):
            pass
    assert any("server's log" in note for note in caught.value.__notes__)


def test_the_port_is_found_in_a_whole_line_only() -> None:
    assert listening_port(b"listening on 127.0.0.1:80") is None
    assert listening_port(b"hello\nlistening on 127.0.0.1:8000\n") == 8000
    assert ready_port(b'{"ready":true,"http":"http://127.0.0.1:80') is None
    assert ready_port(b'x\n{"ready":true,"http":"http://127.0.0.1:8000"}\n') == 8000


def test_the_start_is_measured_up_to_the_line_that_says_so() -> None:
    command = _python(BLOCKED + LISTENS + WELL)
    result = measure_start(lambda: run_process(command, None, listening_port), None, Scale(starts=2))
    assert 0 < result.figures["start_s"] < 20
    assert 1 < result.figures["rest_mib"] < 100


def test_ten_thousand_connections_need_as_many_descriptors() -> None:
    run = str(ROOT / "benchmarks" / "run.py")
    limited = ["sh", "-c", 'ulimit -n 4000 && exec "$@"', "sh", sys.executable, run, "--only", "idle"]
    done = subprocess.run(limited, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "error: 10500 open files are needed, the hard limit is 4000" in done.stderr


def test_package_json_pins_exact_versions_and_nothing_else_is_committed() -> None:
    peers = ROOT / "benchmarks" / "peers"
    text = (peers / "package.json").read_text(encoding="utf-8")
    versions = re.findall(r'"(?:ws|peer)": "(.*?)"', text)
    assert len(versions) == 2
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in versions)
    assert not list(peers.glob("*lock*"))
