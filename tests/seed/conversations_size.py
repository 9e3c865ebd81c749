"""Rooms of one, and everything that is no size: the server says so, and nothing is changed by it."""

from __future__ import annotations

from tests.seed.model import (
    Conversation,
    Step,
    Why,
    connect,
    conversation,
    error,
    found,
    match,
    relay,
    send,
    together,
)

_BAD_SIZE = error("bad-match-size")

SOLO = (
    conversation("solo/at-once", "Who asks for one has a room at once.", [connect("ana"), match("ana", 1)]),
    conversation(
        "solo/twice",
        "Every such request has a room of its own.",
        [connect("ana"), match("ana", 1), match("ana", 1)],
    ),
    conversation(
        "solo/number-forms", "One is one however JSON writes it.", [connect("ana"), match("ana", "1.0")]
    ),
    conversation("solo/string", "One may be a text, too.", [connect("ana"), match("ana", '"1"')]),
    conversation(
        "solo/two-users",
        "Users alone do not meet.",
        [connect("ana"), connect("ben"), match("ana", 1), match("ben", 1)],
    ),
    conversation(
        "solo/then-pair",
        "Who was alone meets another, and relays to the other.",
        [connect("ana"), connect("ben"), match("ana", 1), match("ana", 2), match("ben", 2)],
        relay("ben", "ana", '"sdp":"v=0"'),
    ),
    conversation(
        "solo/to-oneself",
        "A relay to oneself within the room comes back.",
        [connect("ana"), match("ana", 1), relay("ana", "ana", '"sdp":"v=0"')],
    ),
    conversation(
        "solo/out-of-a-pair",
        "A room of one is another room: the pair's is left.",
        [*together("ana", "ben"), match("ana", 1)],
        relay("ben", "ana", '"sdp":"v=0"').ours(Why.ONE_ROOM, ben=[error("peer-unavailable", "ana")], ana=[]),
    ),
    conversation(
        "solo/while-waiting",
        "Asking for one leaves the queue in which one waits.",
        [connect("ana"), connect("ben"), connect("cleo"), match("ana", 2), match("ana", 1)],
        match("ben", 2).ours(Why.ONE_PLACE, ana=[], ben=[]),
        match("cleo", 2).ours(Why.ONE_PLACE, ben=[found(2, "ben", "cleo")], cleo=[found(2, "ben", "cleo")]),
    ),
)


def _no_size(name: str, about: str, *sizes: str) -> Conversation:
    """Ask for each of these, of which the seed says nothing; then go on as if it had not been."""
    wrong = [match("ana", size).ours(Why.MATCH_SIZE, ana=[_BAD_SIZE]) for size in sizes]
    return conversation(
        f"size/{name}", about, [connect("ana"), connect("ben")], wrong, [match("ana", 2), match("ben", 2)]
    )


def _room_of_one(name: str, about: str, size: str) -> Conversation:
    """Ask for what the seed takes for a one; our count of rooms is behind the seed's from then on."""
    pair = found(1, "ana", "ben")
    steps: list[Step] = [
        connect("ana"),
        connect("ben"),
        match("ana", size).ours(Why.MATCH_SIZE, ana=[_BAD_SIZE]),
        match("ana", 2),
        match("ben", 2).ours(Why.MATCH_SIZE, ana=[pair], ben=[pair]),
    ]
    return conversation(f"size/{name}", about, steps)


SIZES = (
    _no_size("zero", "A room for nobody.", "0", "0.0", "-0", "0e5"),
    _no_size("negative", "A room for fewer than nobody.", "-1", "-2.0"),
    _no_size("null", "Null is no number.", "null"),
    _no_size("false", "False is no number.", "false"),
    _no_size("object", "An object is no number.", "{}", '{"size":2}'),
    _no_size("array", "An array is no number.", "[]", "[2]"),
    _no_size("empty-string", "An empty text is no number.", '""'),
    _no_size(
        "strings",
        "Only plain decimal digits are a number.",
        '" 2"',
        '"02"',
        '"2.0"',
        '"+2"',
        '"two"',
        '"2e0"',
    ),
    _no_size(
        "digits-elsewhere", "Nor are the digits of other scripts.", '"\\u0662"', '"\\uff12"', '"2\\u0000"'
    ),
    _no_size("fraction", "People come whole.", "1.5", "2.000001"),
    _no_size("above-the-largest", "A room larger than the server's largest.", "17", '"17"', "1000000"),
    _no_size("infinite", "Numbers that no machine holds.", "1e999", "-1e999", "9" * 400, f'"{"9" * 5000}"'),
    _room_of_one("true", "True is no number, though it equals one.", "true"),
    _room_of_one("array-of-one", "An array that holds a one is no one.", "[1]"),
    conversation(
        "size/absent",
        "There is no default.",
        [connect("ana"), connect("ben")],
        send("ana", '{"type":"matchmaking"}').ours(Why.MATCH_SIZE, ana=[_BAD_SIZE]),
        [match("ana", 2), match("ben", 2)],
    ),
    conversation(
        "size/fraction-shared",
        "Two who ask for one and a half: the seed finds a room of one.",
        [connect("ana"), connect("ben"), match("ana", "1.5").ours(Why.MATCH_SIZE, ana=[_BAD_SIZE])],
        match("ben", "1.5").ours(Why.MATCH_SIZE, ana=[], ben=[_BAD_SIZE]),
    ),
    conversation(
        "size/keeps-place",
        "A wrong request changes nothing for one who waits.",
        [connect("ana"), connect("ben"), connect("cleo"), match("ana", 2)],
        match("ana", "0").ours(Why.MATCH_SIZE, ana=[_BAD_SIZE]),
        [match("ben", 2), match("cleo", 2)],
    ),
    conversation(
        "size/keeps-room",
        "Nor for one who is in a room.",
        [*together("ana", "ben"), match("ana", "-3").ours(Why.MATCH_SIZE, ana=[_BAD_SIZE])],
        relay("ben", "ana", '"sdp":"v=0"'),
    ),
)

CONVERSATIONS = (*SOLO, *SIZES)
