"""Frames of clients, drawn: mostly right, every field by its schema, and at times one thing wrong.

What draws is a `Random`: one with a seed gives the same frames in every run, and Hypothesis has one whose
choices it can make smaller.
"""

from __future__ import annotations

from functools import cache
from random import Random

from hypothesis import strategies as st

from tests.wire.json_strategies import nested, object_of
from tests.wire.v1.schema import MESSAGES, VALUES, Schema, fields_of, smallest, written

_GOOD_USERS = ['"bob"', '"bob"', '"b\\u006fb"', f'"{"é" * 64}"', '"\u2028"', '"x\\\\"']
_USERS = [*_GOOD_USERS, '""', f'"{"é" * 65}"', '"b\\u0001b"', '"b\x85"']
# What the schema allows and the settings do not, and the other way round.
_SPECIAL = {
    "to": _USERS,
    "from": ['"ada"', "null", '"eve"', '"eve"', '""'],
    **{name: ["1", "2", "3", "16", "17", "0", "2.0"] for name in ("matchSize", "minSize", "maxSize")},
}
_SPECIAL_GOOD = {
    "to": _GOOD_USERS,
    "from": ['"ada"', "null", '"\\u0061da"'],
    "matchSize": ["1", "2", "16"],
    "minSize": ["1", "2", "3"],
    "maxSize": ["3", "4", "16"],
}
_TEXTS = ('""', '"type"', '"é😀\\n"', '"\\"type\\":"', '"[{"', '"\\ud83d\\ude00"', '"\u2028"')
_LONE = ('"\\ud800"', '"\\udc00x"')


def a_value(random: Random, levels: int = 2) -> str:
    """Write any JSON, in any spelling."""
    if levels and random.random() < 0.4:
        count = random.randrange(4)
        if random.random() < 0.5:
            return f"[{', '.join(a_value(random, levels - 1) for _ in range(count))}]"
        keys = [random.choice(('"type"', '"a"', '"ty\\u0070e"', '"sdp"', '""')) for _ in range(count)]
        return object_of([(key, a_value(random, levels - 1)) for key in keys], "")
    return random.choice(("null", "true", "0", "-0.0", "1e999", "9" * 400, "2.50", *_TEXTS))


def _a_deep_value(random: Random) -> str:
    return nested(a_value(random), random.randrange(28, 35), random.choice(("[", "{", "[{", "{{[")))


def _near(random: Random, least: int, most: int, beyond: int) -> int:
    return random.choice((least, least + 1, most, least - beyond, most + beyond, (least + most) // 2))


def value_of(random: Random, name: str, schema: Schema, *, right: bool) -> str:
    """Write a value of a field: of its type, often at the bounds; unless it is to be right, beyond them."""
    if name in _SPECIAL:
        return random.choice((_SPECIAL_GOOD if right else _SPECIAL)[name])
    beyond = 0 if right else 1
    match schema.get("type"):
        case "integer":
            most = 1 if right and name == "size" else schema["maximum"]
            return str(_near(random, schema["minimum"], most, beyond))
        case "string":
            length = _near(random, schema.get("minLength", 0), schema.get("maxLength", 300), beyond)
            character = random.choice(("x", "é", "\\u0041"))
            return f'"{character * max(0, length)}"'
        case "boolean":
            return random.choice(("true", "false"))
        case "array":
            count = random.choice((0, 1, 2, 2, 3, schema["maxItems"] + beyond))
            return f"[{','.join(random.choice(_GOOD_USERS if right else _USERS) for _ in range(count))}]"
        case "object":
            fields = fields_of(schema)
            bad = None if right else random.choice(list(fields))
            return written(
                {each: value_of(random, each, field, right=each != bad) for each, field in fields.items()}
            )
        case _:
            return a_value(random) if right or random.random() < 0.5 else _a_deep_value(random)


def frame(random: Random, kind: str, *, right: bool) -> str:
    """Write a message of a type, fields in any order; unless it is to be right, something may be wrong."""
    known = fields_of(MESSAGES[kind])
    names = [name for name in smallest(kind) if name != "type"]
    if kind == "matchmaking" and random.random() < 0.5:
        names = ["minSize", "maxSize"]
    for name in random.sample(list(known), min(len(known), random.randrange(5))):
        fits = kind != "matchmaking" or (not name.endswith("Size") and name != "backfill")
        if fits and name not in names:
            names.append(name)
    fields = {f'"{name}"': value_of(random, name, known[name], right=True) for name in names}
    spelled = kind
    extras: list[tuple[str, str]] = []
    if not right:
        what = random.randrange(12)
        if what == 0:
            spelled = kind.title()
        elif what == 1:
            fields.pop(random.choice(list(fields) or [""]), None)
        elif what == 2:
            key = random.choice(('"type"', '"ty\\u0070e"', '"x"', '"to"', '"t\\u006f"', '"id"'))
            extras.append((key, random.choice((*_LONE, f'"{kind}"', a_value(random), _a_deep_value(random)))))
        else:
            name = random.choice([*known, *smallest(kind)][: len(known)])
            likely = value_of(random, name, known[name], right=False)
            fields[f'"{name}"'] = random.choice((likely, likely, *VALUES.values()))
    elif random.random() < 0.3:
        extras.append(('"x"', a_value(random)))
    members = [*fields.items(), ('"type"', f'"{spelled}"'), *extras]
    random.shuffle(members)
    return object_of(members, random.choice(("", "", " ", "\r\n\t")))


_KINDS = [*MESSAGES, *["matchmaking"] * 8, "offer", "answer", "ice-candidate", "signal", "room-create"]


def any_frame(random: Random) -> str:
    """Write any message; those with more to them come up more often."""
    return frame(random, random.choice(_KINDS), right=random.random() < 0.3)


frames = st.randoms(use_true_random=False).map(any_frame)
"""The same for Hypothesis."""


@cache
def corpus() -> tuple[str, ...]:
    """Return some frames, the same in every run, for tests that count over all of them."""
    random = Random(1)
    texts = [frame(random, kind, right=True) for kind in MESSAGES for _ in range(10)]
    texts += [frame(random, kind, right=False) for kind in _KINDS for _ in range(40)]
    return tuple(texts)
