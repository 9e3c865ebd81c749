"""The dialect once more, with Python's own JSON and the JSON Schema: all that is wrong with a frame.

It is written from the rules of the protocol alone, so that the real one has something to differ from. Of what
is wrong in several ways either may be told, so nothing here depends on an order.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Any

import attrs

from focus_signal.core.commands import (
    Broadcast,
    Cancel,
    Command,
    CreateRoom,
    Decline,
    Invalid,
    JoinRoom,
    LeaveRoom,
    Ping,
    Ready,
    Relay,
    RelayClump,
    RequestTicket,
)
from tests.wire.naive_dialect import Number, Object, depth_of, read
from tests.wire.v1.dialect import LARGEST, NESTING, USER, USER_BYTES, bare, numbers
from tests.wire.v1.schema import MESSAGES, SIZES, Schema, fields_of, resolved

Problem = tuple[str, str | None]
"""The code of an error, and the field that it names."""


@attrs.frozen
class Expected:
    """Be what is to become of a frame.

    Args:
      problems: all that is wrong with it.
      to: whom its error names.
      numbers: its `id` and its `seen`.
      request: what it asks for, if nothing is wrong.
    """

    problems: tuple[Problem, ...]
    to: str | None = None
    numbers: tuple[int | None, int | None] = (None, None)
    request: tuple[object, ...] | None = None


def expected(frame: bytes) -> Expected:
    """Say what is to become of a frame from ada."""
    try:
        value = read(frame.decode())
    except ValueError:
        return Expected((("bad-json", None),))
    if not isinstance(value, Object):
        return Expected((("bad-json", None),))
    fields = dict(value.members)  # the last of a repeated one
    kinds = [member for key, member in value.members if key == "type"]
    kind = kinds[-1] if kinds else None
    schema = MESSAGES.get(kind) if type(kind) is str else None
    both = (number_of(fields.get("id"), 1), number_of(fields.get("seen"), 0))
    problems: list[Problem] = []
    if depth_of(value) > NESTING + 1 or len(kinds) > 1:
        problems.append(("bad-message", None))
    elif schema is None:
        problems.append(("unknown-type" if type(kind) is str else "bad-message", "type"))
    else:
        problems += [(code_of(path), path) for path in misfits(fields, schema)]
        problems += rules(str(kind), fields) if not problems else []
    to = fields.get("to")
    named = to if is_user(to) and (schema is None or "to" in schema["properties"]) else None
    if problems:
        return Expected(tuple(problems), str(named) if named is not None else None, both)
    return Expected((), None, both, asked(str(kind), fields))


def number_of(value: object, least: int) -> int | None:
    """Read a whole number that is none too large; None if it is none."""
    if not isinstance(value, Number) or not value.removeprefix("-").isdecimal() or len(value) > 20:
        return None
    return int(value) if least <= int(value) < 2**53 else None


def is_user(value: object) -> bool:
    return (
        type(value) is str
        and 0 < len(value.encode()) <= USER_BYTES
        and all(unicodedata.category(character) != "Cc" for character in value)
    )


def code_of(path: str) -> str:
    return "bad-match-size" if path in SIZES else "wrong-sender" if path == "from" else "bad-message"


def misfits(fields: dict[str, object], schema: Schema, above: str = "") -> Iterator[str]:
    """List the fields that the schema does not allow."""
    for name, field in fields_of(schema).items():
        if name in fields:
            yield from misfit(fields[name], field, above + name)
        elif name in schema["required"]:
            yield above + name


def misfit(value: object, schema: Schema, path: str) -> Iterator[str]:
    if "anyOf" in schema:
        if all(any(misfit(value, resolved(one), path)) for one in schema["anyOf"]):
            yield path
        return
    kind = schema.get("type")
    good = True
    if kind == "integer":
        number = number_of(value, schema["minimum"])
        good = number is not None and number <= schema["maximum"]
    elif kind == "string":
        good = type(value) is str and schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 1e9)
    elif kind == "boolean":
        good = type(value) is bool
    elif kind == "null":
        good = value is None
    elif kind == "array":
        good = isinstance(value, list) and len(value) <= schema["maxItems"]
        for at, item in enumerate(value if isinstance(value, list) else ()):
            yield from misfit(item, resolved(schema["items"]), f"{path}[{at}]")
    elif kind == "object":
        good = isinstance(value, Object)
        if isinstance(value, Object):
            yield from misfits(dict(value.members), schema, f"{path}.")
    if not good:
        yield path


def rules(kind: str, fields: dict[str, Any]) -> list[Problem]:
    """List what is wrong with a message that is as the schema has it."""
    found: list[Problem] = []
    if "to" in MESSAGES[kind]["properties"]:
        if not is_user(fields["to"]):
            found.append(("bad-message", "to"))
        if fields.get("from") not in {None, USER}:
            found.append(("wrong-sender", "from"))
    if kind == "renew":
        found.append(("not-allowed", None))
    if kind == "ping" and "seen" not in fields:
        found.append(("bad-message", "seen"))
    found += [("bad-match-size", name) for name in sizes_of(kind) if int(fields.get(name, 0)) > LARGEST]
    return found + (ticket_rules(fields) if kind == "matchmaking" else [])


def sizes_of(kind: str) -> list[str]:
    return [name for name in SIZES if name in MESSAGES[kind]["properties"]]


def ticket_rules(fields: dict[str, Any]) -> list[Problem]:
    found: list[Problem] = []
    exact, least, most = (fields.get(name) for name in SIZES)
    if exact is not None and (least is not None or most is not None):
        found.append(("bad-message", "matchSize"))
    elif exact is None and (least is not None or most is not None):
        found += [("bad-match-size", name) for name in ("minSize", "maxSize") if fields.get(name) is None]
    elif exact is None:
        found.append(("bad-match-size", "matchSize"))
    if least is not None and most is not None and not 0 <= int(most) - int(least) <= 63:
        found.append(("bad-match-size", "minSize"))
    largest = exact if exact is not None else most
    party = dict(fields["party"].members) if "party" in fields else None
    if party is not None and largest is not None and int(party["size"]) > int(largest):
        found.append(("bad-message", "party.size"))
    avoided = enumerate(fields.get("avoid", []))
    found += [("bad-message", f"avoid[{at}]") for at, user in avoided if not is_user(user)]
    if fields.get("readyCheck") is True and fields.get("backfill") is True:
        found.append(("bad-message", "readyCheck"))
    return found


def asked(kind: str, fields: dict[str, Any]) -> tuple[object, ...]:
    """Say what a message asks for, in the terms of `seen`."""
    payload = tuple((name, fields[name]) for name in ("sdp", "candidate") if name in fields)
    match kind:
        case "matchmaking":
            sizes = [fields.get(name, fields.get("matchSize")) for name in ("minSize", "maxSize")]
            party = dict(fields["party"].members) if "party" in fields else None
            return (
                kind,
                *(int(size or 0) for size in sizes),
                fields.get("pool", ""),
                fields.get("readyCheck", False),
                fields.get("backfill", False),
                None if party is None else (party["code"], int(party["size"])),
                tuple(fields.get("avoid", ())),
                int(fields.get("patience", 10)),
                int(fields["timeout"]) if "timeout" in fields else None,
            )
        case "offer" | "answer" | "ice-candidate":
            return (kind, fields["to"], fields.get("roomId"), payload)
        case "signal":
            return (kind, fields["to"], fields.get("roomId"), (("data", fields["data"]),))
        case "broadcast":
            return (kind, fields.get("roomId"), (("data", fields["data"]),))
        case "room-create":
            return (kind, int(fields["maxSize"]), fields.get("code"))
        case "room-join":
            return (kind, fields["code"])
        case "ready" | "decline":
            return (kind, fields["proposal"])
        case _:
            return (kind,)


def seen(command: Command | RelayClump) -> tuple[object, ...]:
    """Say what the dialect has made of a frame in which nothing is wrong."""
    match command:
        case RequestTicket(_, terms):
            party = None if terms.party is None else (terms.party.code, terms.party.size)
            return (
                "matchmaking",
                terms.least,
                terms.most,
                terms.pool,
                terms.ready_check,
                terms.backfill,
                party,
                terms.avoid,
                terms.patience,
                terms.timeout,
            )
        case Relay(_, to, kind, payload, room):
            return (kind, to, room, members_of(payload))
        case Broadcast(_, payload, room):
            return ("broadcast", room, members_of(payload))
        case CreateRoom(_, size, code):
            return ("room-create", size, code)
        case JoinRoom(_, code):
            return ("room-join", code)
        case Ready(_, proposal):
            return ("ready", proposal)
        case Decline(_, proposal):
            return ("decline", proposal)
        case Cancel():
            return ("cancel",)
        case LeaveRoom():
            return ("room-leave",)
        case Ping():
            return ("ping",)
        case other:
            raise AssertionError(f"no good frame makes a {other}")


def members_of(payload: bytes) -> tuple[tuple[str, object], ...]:
    relayed = read("{" + payload.decode().removeprefix(",") + "}")
    assert isinstance(relayed, Object)
    return relayed.members


def differs(command: Command, wanted: Expected) -> bool:
    """Tell whether the dialect has made something else of a frame than what is to become of it."""
    if numbers(command) != wanted.numbers:
        return True
    request = bare(command)
    if not isinstance(request, Invalid):
        return bool(wanted.problems) or seen(request) != wanted.request
    return request.to != wanted.to or not any(tells(request, *each) for each in wanted.problems)


def tells(refused: Invalid, code: str, path: str | None) -> bool:
    """Tell whether this is what is wrong by an error."""
    named = path is None or refused.message.startswith(f"{path} must be ")
    return refused.code == code and named and 0 < len(refused.message) <= 250
