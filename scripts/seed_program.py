"""Run the seed, the Deno program that focus-signal replaces, so that others can talk to it.

The seed's source is published inside a markdown document. It is taken out of there unchanged and started
under Deno (PyPI `deno` carries the binary). The one thing it imports, `serve` of Deno's former standard
library, is not fetched: an import map points that name at a shim over `Deno.serve`, which also puts the
server on loopback. Deno is given permission for 127.0.0.1 and nothing else.

    with run_seed() as seed:
        print(seed.url)          # ws://127.0.0.1:PORT/signal

Only the standard library is used here, so that benchmarks and recorders can import it from anywhere.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
VARIABLE = "FOCUS_SIGNAL_SEED"
START_SECONDS = 20.0
STOP_SECONDS = 5.0

SHIM = """\
export const serve = (handler) => Deno.serve({ port: Number(Deno.args[0]), hostname: "127.0.0.1",
  onListen: ({ port }) => console.log(`seed listens on ${port}`),
}, handler);
"""

# A block ends at its closing fence, or, as markdown has it, with the document.
_FENCE = re.compile(r"^```(?:typescript|ts)\n(.*?)(?:^```|\Z)", re.MULTILINE | re.DOTALL)
_STD_HTTP = re.compile(r'from "(https://deno\.land/std@[^"]*/http/server\.ts)"')
_LISTENING = re.compile(rb"seed listens on (\d+)\n")


class SeedUnavailable(Exception):
    """The seed cannot be run here: its document or Deno is missing."""


@dataclass(frozen=True)
class SeedProcess:
    """A running seed: its process, and where it listens."""

    pid: int
    port: int
    log: Path

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/signal"

    @property
    def http_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def seed_directory(directory: Path | None = None) -> Path:
    """Return where the seed's document lies: the argument, else FOCUS_SIGNAL_SEED, else ../shared/seed."""
    if directory is not None:
        return directory
    return Path(os.environ.get(VARIABLE) or REPOSITORY.parent / "shared" / "seed")


def seed_source(directory: Path) -> str:
    """Return the seed's TypeScript, character for character as its document has it.

    Raises:
        SeedUnavailable: no document in `directory` holds a program that serves HTTP.
    """
    for document in sorted(directory.glob("*.md")):
        for block in _FENCE.findall(document.read_text(encoding="utf-8")):
            if _STD_HTTP.search(block):
                return str(block)
    raise SeedUnavailable(
        f"no document in {directory} holds the seed's program (set {VARIABLE} to its directory)"
    )


def find_deno() -> str:
    """Return the path of a Deno binary: the one beside this Python first, then the one on PATH.

    Raises:
        SeedUnavailable: there is none.
    """
    beside = Path(sys.executable).parent / "deno"
    found = str(beside) if beside.exists() else shutil.which("deno")
    if found is None:
        raise SeedUnavailable("no Deno binary: pip install deno")
    return found


def deno_version() -> str:
    """Return Deno's version, such as `2.9.8`."""
    answer = subprocess.run(
        [find_deno(), "--version"], capture_output=True, text=True, check=True, timeout=30
    )
    return answer.stdout.split()[1]


@contextlib.contextmanager
def run_seed(
    directory: Path | None = None, port: int | None = None, cpu: int | None = None
) -> Iterator[SeedProcess]:
    """Run the seed on a loopback port for as long as the context lasts.

    Args:
        directory: where the seed's document lies; see `seed_directory`.
        port: the port to take; None lets the system choose.
        cpu: the only processor that the process may use; None leaves it free.

    Raises:
        SeedUnavailable: the document or Deno is missing.
        RuntimeError: the program ended, or did not listen, within START_SECONDS.
    """
    source = seed_source(seed_directory(directory))
    deno = find_deno()
    with tempfile.TemporaryDirectory(prefix="seed-") as name:
        home = Path(name)
        command = _prepare(home, source, deno, port or 0)
        if cpu is not None:
            # Set before Deno starts its threads: a thread inherits the affinity of the one that made it.
            pin = f"import os, sys; os.sched_setaffinity(0, {{{cpu}}}); os.execv(sys.argv[1], sys.argv[1:])"
            command = [sys.executable, "-c", pin, *command]
        log = home / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=home,
                env=_environment(home),
            )
        try:
            yield SeedProcess(pid=process.pid, port=_await_port(process, log), log=log)
        finally:
            _end(process)


def _prepare(home: Path, source: str, deno: str, port: int) -> list[str]:
    """Write the program, the shim and the map between them; return the command that runs them."""
    found = _STD_HTTP.search(source)
    assert found is not None  # seed_source() chose the block by this
    (home / "main.ts").write_text(source, encoding="utf-8")
    (home / "shim.js").write_text(SHIM, encoding="utf-8")
    imports = {"imports": {found[1]: "./shim.js"}}
    (home / "import_map.json").write_text(json.dumps(imports), encoding="utf-8")
    switches = [
        "--no-remote",
        "--cached-only",
        "--no-config",
        "--no-lock",
        "--no-prompt",
        "--no-check",
        "--quiet",
    ]
    permissions = ["--allow-net=127.0.0.1", "--import-map=import_map.json"]
    return [deno, "run", *switches, *permissions, "main.ts", str(port)]


def _environment(home: Path) -> dict[str, str]:
    """Return an environment that keeps Deno within `home`: nothing of the caller's, no update check."""
    return {
        "PATH": os.defpath,
        "HOME": str(home),
        "DENO_DIR": str(home / "deno"),
        "DENO_NO_UPDATE_CHECK": "1",
        "DENO_NO_PROMPT": "1",
        "NO_COLOR": "1",
    }


def _await_port(process: subprocess.Popen[bytes], log: Path) -> int:
    """Wait until the program says where it listens (it says so after the socket accepts connections)."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        found = _LISTENING.search(log.read_bytes())
        if found:
            return int(found[1])
        if process.poll() is not None:
            break
        time.sleep(0.02)
    said = log.read_text(encoding="utf-8", errors="replace")
    raise RuntimeError(f"the seed does not listen (status {process.poll()}); it said:\n{said}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End that process, and only that one."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def main() -> None:
    """Run the seed until the terminal says stop, for trying things by hand."""
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    with run_seed(directory) as seed, contextlib.suppress(KeyboardInterrupt):
        print(f"the seed listens on {seed.url} (process {seed.pid}); Ctrl-C ends it", flush=True)
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    main()
