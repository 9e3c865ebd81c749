"""focus-signal.d.ts tells what focus-signal.js has, and lets a page do what that can, and nothing else.

The same program is read by the compiler of TypeScript, in three ways to find the package, and by Deno's.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.peers.programs import require_node
from tests.schema.installed import require_deno, require_tsc
from tests.schema.test_typescript import checked

WEB = Path(__file__).resolve().parents[2] / "src" / "focus_signal" / "web"
MODULE, TYPES, PROTOCOL = "focus-signal.js", "focus-signal.d.ts", "protocol.d.ts"
HEAD = """\
import { connect, SignalError } from "focus-signal"
import type { Call, CallEventMap, CallOptions, Connection, ConnectionEventMap } from "focus-signal"
import type { ConnectOptions, FromServer, MatchTerms, RequestType, Room, State } from "focus-signal"
"""
PAGE = f"""{HEAD}
const options: ConnectOptions = {{ userId: "ana", token: async () => "t", storage: null }}
export const connection: Connection = connect("/signal", {{ ...options, signal: AbortSignal.timeout(9) }})
export const others: Connection[] = [
  connect(new URL("wss://example.org/signal"), {{ token: "t", storage: sessionStorage }}),
]
const state: State = connection.state
export const told: (string | number | undefined)[] = [state, connection.userId, connection.limits.frameBytes]
export const pc = new RTCPeerConnection({{ iceServers: connection.iceServers }})
connection.addEventListener("queued", ({{ detail }}) => console.log(detail.position + detail.needed))
connection.addEventListener("open", (event) => console.log(event.detail.resumed, event.detail.limits?.grace))
connection.addEventListener("away", function ({{ detail }}) {{ console.log(this.state, detail.retryIn + 1) }})
connection.addEventListener("peer-left", ({{ detail }}) => detail.reason === "replaced" && detail.peer.length)
connection.addEventListener("room-closed", ({{ detail }}) => detail.reason === "lost", {{ once: true }})
connection.addEventListener("closed", {{ handleEvent: (event) => event.detail.code + 1 }})
const offered = (event: CustomEvent<FromServer.Offer>) => console.log(event.detail.from, event.detail.sdp)
connection.addEventListener("offer", offered)
connection.removeEventListener("offer", offered)
const name: keyof ConnectionEventMap = "ice-candidate"
connection.addEventListener(name, ({{ detail }}) => detail.candidate)
const terms: MatchTerms = {{ minSize: 2, maxSize: 4, pool: "eu", readyCheck: true }}
export const types: RequestType[] = ["ready", "renew", "room-join"]

export async function meet(stream: MediaStream): Promise<Room> {{
  try {{
    await connection.match(terms)
  }} catch (error) {{
    if (!(error instanceof SignalError) || error.code === "lost") throw error
    console.log(error.code === "not-ready", (error.retryAfter ?? 0) + 1, error.message, error.to?.length)
  }}
  await connection.request("ready", {{ proposal: "p" }})
  await connection.request("decline", {{ proposal: "p" }})
  await connection.request("cancel")
  await connection.cancel()
  const room = await connection.match(2).catch(() => connection.create(3, "abcd"))
  await connection.join("abcd")
  for (const peer of room.peers.filter((each) => !room.away.includes(each))) {{
    const more: CallOptions = {{ stream, channels: ["chat"], config: {{ iceTransportPolicy: "relay" }} }}
    const call: Call = connection.call(peer, more)
    call.addEventListener("track", ({{ detail }}) => detail.stream.addTrack(detail.track))
    call.addEventListener("channel", ({{ detail }}) => detail.channel.send(call.peer))
    call.addEventListener("state", ({{ detail }}) => detail.state === "failed" && call.pc.restartIce())
    call.addEventListener("fault", ({{ detail }}) => console.warn(detail.error))
    const ended = ({{ type }}: CallEventMap["close"]) => console.log(type)
    call.addEventListener("close", ended)
    call.removeEventListener("close", ended)
    call.channels["chat"]?.send("hello")
    await connection.send(peer, {{ any: ["JSON", null] }})
    call.close()
  }}
  await connection.broadcast(room.code ?? room.seed)
  await connection.leave()
  connection.close()
  if (!connection.room) throw new SignalError("closed")
  return connection.room
}}
"""
WRONG = [
    "connect()",
    'connect("/signal", { user: "ana" })',
    'connect("/signal", { token: 1 })',
    'connect("/signal", { storage: {} })',
    'connect("/signal").addEventListener("room-fuond", () => {})',
    'connect("/signal").addEventListener("queued", ({ detail }) => detail.peers)',
    'connect("/signal").addEventListener("open", ({ detail }) => detail.limits.grace)',
    'connect("/signal").state = "open"',
    'connect("/signal").state === "opened"',
    'connect("/signal").room.peers',
    'connect("/signal").match("2")',
    'connect("/signal").match({ minSize: 2, sizes: 3 })',
    'connect("/signal").match({ matchSize: 2, id: 1 })',
    'connect("/signal").create()',
    'connect("/signal").join(4)',
    'connect("/signal").send("ben")',
    'connect("/signal").request("dance")',
    'connect("/signal").request("ping", { seen: 1 })',
    'connect("/signal").request("ready")',
    'connect("/signal").request("ready", { proposal: 1 })',
    'connect("/signal").request("cancel", { proposal: "p" })',
    'connect("/signal").call()',
    'connect("/signal").call("ben", { channel: ["chat"] })',
    'connect("/signal").call("ben").addEventListener("open", () => {})',
    'connect("/signal").call("ben").channels = {}',
    'connect("/signal").call("ben").pc.state',
    'const found: Room = { roomId: "r" }; found',
    "new SignalError()",
]
KINDS = {
    "what a bundler finds": ["--module", "esnext", "--moduleResolution", "bundler"],
    "what Node finds": ["--module", "nodenext"],
    "what a bundler finds for Node's older rules": ["--module", "node16", "--moduleResolution", "node16"],
}


# What the module keeps to itself.
_INNER = {"welcome", "session", "ack", "pong", "ice-servers"}
_INNER_MEMBERS = {"Connection": (), "Call": ("back", "take")}
_INHERITED = {"addEventListener", "removeEventListener"}
# Says what a module has, in a Node that makes believe to have WebRTC.
_SHOWN = """
globalThis.RTCPeerConnection = class { signalingState = "stable"; close() {} }
const module = await import(process.argv[1])
const made = module.connect("ws://localhost", { signal: AbortSignal.abort() })
const call = made.call("ben")
const of = (thing) => Object.keys(thing).sort()
console.log(JSON.stringify({ exports: of(module), Connection: of(made), Call: of(call) }))
"""


def told(types: str) -> dict[str, list[str]]:
    """List what a file of types says there is: what is exported that is no type, and the members of both."""
    found = {"exports": sorted(re.findall(r"^export (?:class|function|const) (\w+)", types, re.MULTILINE))}
    for name in ("Connection", "Call"):
        body = re.split(rf"^export interface {name} .*$", types, flags=re.MULTILINE)[1].partition("\n}")[0]
        members = re.findall(r"^  (?:readonly )?(\w+)[?:(<]", body, re.MULTILINE)
        found[name] = sorted({*members, *_INNER_MEMBERS[name]} - _INHERITED)
    return found


def shown(module: Path) -> dict[str, list[str]]:
    """List what there is in a module, likewise."""
    command = [require_node(), "--input-type=module", "--eval", _SHOWN, str(module)]
    done = checked(command, module.parent)
    assert done.returncode == 0, done.stderr
    names: dict[str, list[str]] = json.loads(done.stdout)
    return names


def events(types: str, name: str) -> set[str]:
    """List the events that a map has."""
    body = types.partition(f"export interface {name} {{\n")[2].partition("\n}")[0]
    return set(re.findall(r"^  '?([a-z-]+)'?: CustomEvent", body, re.MULTILINE))


def test_the_types_tell_what_the_module_has() -> None:
    assert told((WEB / TYPES).read_text()) == shown(WEB / MODULE)


@pytest.mark.parametrize("add", ["dance() {},", "steps: 0,"])
@pytest.mark.parametrize("name", ["self", "call"])
def test_a_member_that_the_types_lack_is_seen(name: str, add: str, tmp_path: Path) -> None:
    before = f"const {name} = Object.assign(new EventTarget(), {{"
    right = (WEB / MODULE).read_text()
    assert right.count(before) == 1
    (tmp_path / "more.mjs").write_text(right.replace(before, before + add))
    assert told((WEB / TYPES).read_text()) != shown(tmp_path / "more.mjs")


def test_every_event_is_told() -> None:
    types, module, protocol = ((WEB / name).read_text() for name in (TYPES, MODULE, PROTOCOL))
    union = protocol.partition("export namespace FromServer {")[2]
    messages = set(re.findall(r'^    type: "([a-z-]+)";', union, re.MULTILINE))
    assert messages > _INNER
    assert events(types, "ConnectionEventMap") == messages - _INNER | {"open", "away", "closed"}
    emitted = set(re.findall(r"tell\(\w+, '([a-z-]+)'", module))
    assert emitted <= events(types, "ConnectionEventMap") | events(types, "CallEventMap")
    for name in events(types, "ConnectionEventMap") | events(types, "CallEventMap"):
        assert f"'{name}'" in module, name


def laid_out(folder: Path) -> list[str]:
    """Install the package, write the page and the wrong ones; give the names of the wrong ones."""
    package = folder / "node_modules" / "focus-signal"
    package.mkdir(parents=True)
    for file in WEB.iterdir():
        if file.is_file():
            shutil.copy(file, package)
    (folder / "package.json").write_text(json.dumps({"private": True, "type": "module"}))
    (folder / "page.ts").write_text(PAGE)
    names = [f"wrong{at}.ts" for at in range(len(WRONG))]
    for name, line in zip(names, WRONG, strict=True):
        (folder / name).write_text(f"{HEAD}\n{line}\n")
    return names


@pytest.mark.parametrize("kind", KINDS)
def test_the_compiler_takes_a_right_page_and_no_wrong_one(kind: str, tmp_path: Path) -> None:
    names = laid_out(tmp_path)
    command = [*require_tsc(), "--noEmit", "--strict", "--target", "es2022", *KINDS[kind]]
    command += [
        "--lib",
        "es2022,dom,dom.iterable",
        "--exactOptionalPropertyTypes",
        "--noUncheckedIndexedAccess",
    ]
    said = checked([*command, "page.ts", *names], tmp_path).stdout
    assert sorted(set(re.findall(r"^(\S+)\(", said, re.MULTILINE))) == sorted(names), said


def test_deno_takes_a_right_page_and_no_wrong_one(tmp_path: Path) -> None:
    deno = require_deno()
    names = laid_out(tmp_path)
    (tmp_path / "deno.json").write_text(
        json.dumps(
            {
                "imports": {"focus-signal": "./node_modules/focus-signal/focus-signal.d.ts"},
                "compilerOptions": {"lib": ["deno.window", "dom"]},
            }
        )
    )
    command = [deno, "check", "--quiet", "--no-lock", "--no-remote"]
    right = checked([*command, "page.ts"], tmp_path)
    assert right.returncode == 0, right.stderr
    wrong = checked([*command, *names], tmp_path)
    assert wrong.returncode != 0
    assert sorted(set(re.findall(r"wrong\d+\.ts", wrong.stderr))) == sorted(names), wrong.stderr
