"""What was seen in a conversation, made comparable: room ids named in order, `error` messages set aside."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

from tests.seed.model import Lines, Step

TRANSCRIPTS = Path(__file__).parent / "transcripts"
LONGEST = 2000

# A room id as the contract has it, UUID version 4 in lower case: anything else stays, and so differs.
_ROOM_ID = re.compile(
    r'^(\{"type":"room-found","roomId":")([0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})"'
)


@attrs.frozen
class Record:
    """One step as it was played: what was done, and the lines that each client got, if any."""

    step: str
    got: Mapping[str, Lines]

    @classmethod
    def of(cls, step: Step, got: Mapping[str, Sequence[str]]) -> Record:
        """Write down a step, long texts shortened."""
        lines = {who: tuple(shortened(line) for line in said) for who, said in got.items() if said}
        return cls(shortened(str(step)), lines)


Transcript = tuple[Record, ...]


def shortened(text: str) -> str:
    """Return a long text as its beginning, its length and its hash, which still tell it from any other."""
    if len(text) <= LONGEST:
        return text
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
    return f"{text[:100]}... ({len(text)} characters, SHA-256 {digest})"


class Normaliser:
    """Turns the frames of one conversation into lines that two servers can have in common."""

    def __init__(self) -> None:
        self._rooms: dict[str, str] = {}

    def line(self, frame: str) -> str:
        """Return the line of a text frame."""
        room = _ROOM_ID.match(frame)
        if room:
            name = self._rooms.setdefault(room[2], f"room-{len(self._rooms) + 1}")
            return f'text {room[1]}{name}"{frame[room.end() :]}'
        return f"text {without_message(frame)}"


def without_message(frame: str) -> str:
    """Write a star for the message of a well-formed `error` frame; return every other frame as it is.

    Well-formed: compact, `type`, `code`, `message` and perhaps `to`, in this order, the message a text with
    something in it. What is not stays as it is and so matches no declared `error`.
    """
    if not frame.startswith('{"type":"error",'):
        return frame
    try:
        fields = json.loads(frame)
    except ValueError:
        return frame
    compact = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    message = fields.get("message")
    in_order = list(fields) in (["type", "code", "message"], ["type", "code", "message", "to"])
    if frame != compact or not in_order or not isinstance(message, str) or not message.strip():
        return frame
    return json.dumps(fields | {"message": "*"}, ensure_ascii=False, separators=(",", ":"))


def topic(name: str) -> str:
    """Return a conversation's topic, the part of its name before the slash: one file for each."""
    return name.partition("/")[0]


def write(directory: Path, transcripts: Mapping[str, Transcript], header: Mapping[str, str]) -> None:
    """Write the transcripts, a file for each topic, and the header that says what they were recorded from."""
    files: dict[str, dict[str, object]] = {}
    for name, transcript in transcripts.items():
        steps = [
            {"step": record.step} | {who: list(said) for who, said in record.got.items()}
            for record in transcript
        ]
        files.setdefault(topic(name), {})[name] = steps
    for stale in directory.glob("*.json"):
        stale.unlink()
    for name, content in files.items():
        _write_json(directory / f"{name}.json", content)
    _write_json(directory / "recorded.json", header)


def read(directory: Path) -> dict[str, Transcript]:
    """Read what `write()` wrote."""
    transcripts: dict[str, Transcript] = {}
    for path in sorted(directory.glob("*.json")):
        if path.name != "recorded.json":
            content: dict[str, list[dict[str, str | Sequence[str]]]] = json.loads(
                path.read_text(encoding="utf-8")
            )
            transcripts |= {name: tuple(_record(step) for step in steps) for name, steps in content.items()}
    return transcripts


def _record(step: Mapping[str, str | Sequence[str]]) -> Record:
    return Record(str(step["step"]), {who: tuple(said) for who, said in step.items() if who != "step"})


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=True) + "\n", encoding="utf-8")
