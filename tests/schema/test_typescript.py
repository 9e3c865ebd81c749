"""schema/focus-signal.v1.d.ts is TypeScript, and lets a client write what the protocol has, and nothing else.

The same program is read by the compiler of TypeScript and by Deno's.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from focus_signal.wire.messages import from_client, from_server
from scripts.schema import typescript
from scripts.schema.error_codes import ERROR_CODES
from scripts.schema.examples import FROM_CLIENT, FROM_SERVER
from scripts.schema.model import structs
from tests.schema.installed import require_deno, require_tsc

FILE = Path(__file__).resolve().parents[2] / "schema" / "focus-signal.v1.d.ts"
CLIENT = """\
import type { ErrorCode, FromClient, FromServer } from "./focus-signal.v1.d.ts";

export function handle(message: FromServer, send: (message: FromClient) => void): string | number {
  switch (message.type) {
    case "room-found":
      for (const peer of message.offerTo) send({ type: "offer", id: 2, to: peer, sdp: { type: "offer" } });
      return message.code ?? message.roomId;
    case "welcome":
      return message.state?.room?.away?.[0] ?? message.limits.grace;
    case "error": {
      const code = message.code as ErrorCode;
      return code === "rate-limited" ? message.retryAfter ?? 0 : message.message;
    }
    case "peer-left":
      return message.reason === "replaced" ? message.peer : message.seq;
    case "pong":
      return message.type;
    default:
      return message.seq;
  }
}

export const right: FromClient[] = [
  { type: "matchmaking", id: 1, seen: 0, minSize: 2, maxSize: 4, party: { code: "kQ2vX9pL", size: 2 } },
  { type: "ping", seen: 3 },
  { type: "broadcast", data: null },
];
"""
WRONG = [
    'export const wrong: FromClient = { type: "dance" };',
    'export const wrong: FromClient = { type: "ping" };',
    'export const wrong: FromClient = { type: "ready", id: 1 };',
    'export const wrong: FromClient = { type: "cancel", id: "1" };',
    'export const wrong: FromClient = { type: "cancel", seq: 1 };',
    'export const wrong: FromClient = { type: "matchmaking", matchSize: 2, party: { code: "kQ2vX9pL" } };',
    "export const wrong = (pong: FromServer.Pong) => pong.seq;",
    'export const wrong = (left: FromServer.PeerLeft) => left.reason === "moved away";',
    "export const wrong = (found: FromServer.RoomFound) => found.code.length;",
    'export const wrong: ErrorCode = "bad-luck";',
]
SECONDS = 60.0


def checked(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"NO_COLOR": "1", "DENO_DIR": str(folder / "deno"), "DENO_NO_UPDATE_CHECK": "1"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def laid_out(folder: Path) -> list[str]:
    """Write the types, a right client and the wrong ones into a folder; give the names of the wrong ones."""
    (folder / FILE.name).write_text(FILE.read_text())
    (folder / "right.ts").write_text(CLIENT)
    head = CLIENT.splitlines()[0]
    names = [f"wrong{at}.ts" for at in range(len(WRONG))]
    for name, line in zip(names, WRONG, strict=True):
        (folder / name).write_text(
            f"{head}\n{line}\nexport type Used = [ErrorCode, FromClient, FromServer];\n"
        )
    return names


def test_the_compiler_takes_a_right_client_and_no_wrong_one(tmp_path: Path) -> None:
    command = [*require_tsc(), "--noEmit", "--strict", "--target", "es2022", "--module", "esnext"]
    command += ["--moduleResolution", "bundler", "--allowImportingTsExtensions"]
    names = laid_out(tmp_path)
    said = checked([*command, FILE.name, "right.ts", *names], tmp_path).stdout
    assert re.findall(r"^(\S+)\(", said, re.MULTILINE) == names, said


def test_deno_takes_a_right_client_and_no_wrong_one(tmp_path: Path) -> None:
    command = [require_deno(), "check", "--quiet", "--no-config", "--no-lock"]
    names = laid_out(tmp_path)
    right = checked([*command, "right.ts"], tmp_path)
    assert right.returncode == 0, right.stderr
    wrong = checked([*command, *names], tmp_path)
    assert wrong.returncode != 0
    assert sorted(set(re.findall(r"wrong\d+\.ts", wrong.stderr))) == names, wrong.stderr


def test_every_message_is_a_member_of_its_union() -> None:
    text = FILE.read_text()
    for direction, types in structs().items():
        union = text.partition(f"export type {direction} =")[2].partition(";")[0]
        assert re.findall(r"\| (\S+)", union) == [f"{direction}.{each.__name__}" for each in types]
    assert len(re.findall(r'^    type: "', text, re.MULTILINE)) == len(FROM_CLIENT) + len(FROM_SERVER)


def test_the_comments_are_those_of_the_schema() -> None:
    words = " ".join(FILE.read_text().replace("*", " ").split())
    for each in (*structs()["FromClient"], *structs()["FromServer"]):
        assert " ".join(str(each.__doc__).split()) in words
    assert str(from_client.PartyFields.__doc__) in words
    assert str(from_server.LimitFields.__doc__) in words
    assert "0 to 3,600. Default: 10" in words


def test_every_error_code_is_there() -> None:
    union = FILE.read_text().partition("export type ErrorCode =")[2]
    assert re.findall(r'"(.*?)"', union) == list(ERROR_CODES)


def test_a_comment_cannot_end_early(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(from_client.Cancel, "__doc__", "Give */ back.")
    assert "/** Give * / back. */" in typescript.text()
