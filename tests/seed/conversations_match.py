"""Matching: who meets whom, in which order, and what counts as a size."""

from __future__ import annotations

from tests.seed.model import (
    Why,
    close,
    connect,
    conversation,
    drop,
    error,
    found,
    match,
    relay,
    send,
    together,
)

_SIXTEEN = [f"user-{number:02}" for number in range(1, 17)]

MEETING = (
    conversation("match/two", "Two who ask for two meet; both get the same list.", together("ana", "ben")),
    conversation(
        "match/order-of-asking",
        "Peers stand in the order in which they asked, not in that in which they connected.",
        [connect("ana"), connect("ben"), match("ben", 2), match("ana", 2)],
    ),
    conversation("match/three", "Three who ask for three meet.", together("ana", "ben", "cleo")),
    conversation("match/four", "Four who ask for four meet.", together("ana", "ben", "cleo", "dan")),
    conversation("match/sixteen", "The largest room that the server allows by default.", together(*_SIXTEEN)),
    conversation(
        "match/two-pairs",
        "Who asked first is matched first, pair after pair.",
        [connect(user) for user in ("ana", "ben", "cleo", "dan")],
        [match(user, 2) for user in ("dan", "cleo", "ben", "ana")],
    ),
    conversation(
        "match/five-for-two",
        "Of five who ask for two one is left, and meets the next who comes.",
        [connect(user) for user in ("ana", "ben", "cleo", "dan", "eve")],
        [match(user, 2) for user in ("ana", "ben", "cleo", "dan", "eve")],
        [connect("fay"), match("fay", 2)],
    ),
    conversation(
        "match/sizes-apart",
        "Who asks for two, three and four does not meet.",
        [connect("ana"), connect("ben"), connect("cleo"), match("ana", 2), match("ben", 3), match("cleo", 4)],
    ),
    conversation(
        "match/sizes-interleaved",
        "Each size fills by itself, in its own order.",
        [connect(user) for user in ("ana", "ben", "cleo", "dan", "eve")],
        [match("ana", 3), match("ben", 2), match("cleo", 3), match("dan", 2), match("eve", 3)],
    ),
    conversation(
        "match/late-comer",
        "Somebody who connects later joins the queue behind the others.",
        [connect("ana"), match("ana", 3), connect("ben"), match("ben", 3), connect("cleo"), match("cleo", 3)],
    ),
)

ASKING = (
    conversation(
        "match/number-forms",
        "A whole number is a whole number however JSON writes it.",
        [connect("ana"), connect("ben"), match("ana", "2.0"), match("ben", "20e-1")],
        [match("ana", "0.2E+1"), match("ben", 2)],
    ),
    conversation(
        "match/decimal-strings",
        "The value of a form's menu is a text, and two such texts meet.",
        [connect("ana"), connect("ben"), match("ana", '"2"'), match("ben", '"2"')],
    ),
    conversation(
        "match/string-and-number",
        "A decimal string waits in the queue of its number.",
        [connect("ana"), connect("ben"), match("ana", '"2"')],
        match("ben", 2).ours(Why.ONE_QUEUE, ana=[found(1, "ana", "ben")], ben=[found(1, "ana", "ben")]),
    ),
    conversation(
        "match/extra-fields",
        "Fields that nobody asked for change nothing, a `from` and a `to` among them.",
        [connect("ana"), connect("ben")],
        send("ana", '{"from":"zoe","to":"ben","type":"matchmaking","extra":{"matchSize":3},"matchSize":2}'),
        send("ben", '{"type":"matchmaking","matchSize":2,"MatchSize":5,"sdp":"v=0","id":7}'),
    ),
    conversation(
        "match/json-spelling",
        "White space and escapes, in keys too, are the writer's choice.",
        [connect("ana"), connect("ben")],
        send("ana", ' \r\n\t{ "match\\u0053ize" : 2 ,\n "t\\u0079pe" : "match\\u006daking" } \n'),
        match("ben", 2),
    ),
    conversation(
        "match/repeated-size",
        "Of a repeated key the last counts.",
        [connect("ana"), connect("ben")],
        send("ana", '{"type":"matchmaking","matchSize":3,"matchSize":2}'),
        match("ben", 2),
    ),
    conversation(
        "match/unicode-users",
        "User ids beyond ASCII stand in the list as they are.",
        [
            connect("ana", "userId=%C3%81na"),
            connect("ben", "userId=%F0%9F%A6%8A%20fox"),
            connect("cleo", "userId=%E6%9D%8E"),
        ],
        [match("ana", 3), match("ben", 3), match("cleo", 3)],
    ),
)

AGAIN = (
    conversation(
        "match/again-together",
        "Two who have met may meet again, in another room, and relay there.",
        together("ana", "ben"),
        [
            match("ben", 2),
            match("ana", 2),
            relay("ana", "ben", '"sdp":"v=0"'),
            relay("ben", "ana", '"sdp":"v=0"'),
        ],
    ),
    conversation(
        "match/keeps-room-while-waiting",
        "Somebody in a room who asks for another one keeps the first until then.",
        [
            *together("ana", "ben"),
            match("ana", 3),
            relay("ana", "ben", '"sdp":1'),
            relay("ben", "ana", '"sdp":2'),
        ],
    ),
    conversation(
        "match/leaves-for-the-next-room",
        "The next room takes the place of the one before, which hears no more of who has left it.",
        [*together("ana", "ben"), connect("cleo"), match("ana", 2), match("cleo", 2)],
        relay("ana", "cleo", '"sdp":"v=0"'),
        relay("ana", "ben", '"sdp":"v=0"').ours(Why.ONE_ROOM, ana=[error("peer-unavailable", "ben")], ben=[]),
        relay("ben", "ana", '"sdp":"v=0"').ours(Why.ONE_ROOM, ben=[error("peer-unavailable", "ana")], ana=[]),
    ),
    conversation(
        "match/asks-twice",
        "Asking twice for the same size is asking once.",
        [connect("ana"), connect("ben"), match("ana", 2), match("ana", 2).ours(Why.ONE_PLACE, ana=[])],
        match("ben", 2).ours(Why.ONE_PLACE, ana=[found(1, "ana", "ben")], ben=[found(1, "ana", "ben")]),
    ),
    conversation(
        "match/asks-twice-keeps-place",
        "Who asks again for the same size keeps the place in front of who came later.",
        [connect("ana"), connect("ben"), connect("cleo"), match("ana", 3), match("ben", 3)],
        match("ana", 3).ours(Why.ONE_PLACE, ana=[], ben=[]),
        match("cleo", 3).ours(
            Why.ONE_PLACE, **{user: [found(1, "ana", "ben", "cleo")] for user in ("ana", "ben", "cleo")}
        ),
    ),
    conversation(
        "match/moves-to-another-size",
        "Asking for another size leaves the first queue: nobody is put into two rooms.",
        [connect("ana"), connect("ben"), connect("cleo"), connect("dan"), match("ana", 2), match("ana", 3)],
        match("ben", 2).ours(Why.ONE_PLACE, ana=[], ben=[]),
        match("cleo", 3),
        match("dan", 3).ours(
            Why.ONE_PLACE, **{user: [found(1, "ana", "cleo", "dan")] for user in ("ana", "cleo", "dan")}
        ),
    ),
    conversation(
        "match/moves-and-comes-back",
        "Who leaves a queue and comes back stands at its end.",
        [connect("ana"), connect("ben"), connect("cleo"), match("ana", 3), match("ben", 3)],
        [match("ana", 2), match("ana", 3).ours(Why.ONE_PLACE, ana=[], ben=[])],
        match("cleo", 3).ours(
            Why.ONE_PLACE, **{user: [found(1, "ben", "ana", "cleo")] for user in ("ana", "ben", "cleo")}
        ),
    ),
)

LEAVING = (
    conversation(
        "match/waiting-user-closes",
        "Who closes while waiting is matched with nobody.",
        [
            connect("ana"),
            connect("ben"),
            connect("cleo"),
            match("ana", 2),
            close("ana"),
            match("ben", 2),
            match("cleo", 2),
        ],
    ),
    conversation(
        "match/waiting-user-drops",
        "Nor who is gone without a word.",
        [
            connect("ana"),
            connect("ben"),
            connect("cleo"),
            match("ana", 2),
            drop("ana"),
            match("ben", 2),
            match("cleo", 2),
        ],
    ),
    conversation(
        "match/survivors-keep-place",
        "When one of those who wait goes, the others keep their order.",
        [connect(user) for user in ("ana", "ben", "cleo", "dan", "eve")],
        [match("ana", 4), match("ben", 4), match("cleo", 4), close("ben"), match("dan", 4), match("eve", 4)],
    ),
    conversation(
        "match/closes-and-returns",
        "Who closes while waiting and returns has to ask again, and stands at the end.",
        [connect("ana"), connect("ben"), match("ana", 3), match("ben", 3), close("ana"), connect("ana")],
        [connect("cleo"), match("cleo", 3), match("ana", 3)],
    ),
)


CONVERSATIONS = (*MEETING, *ASKING, *AGAIN, *LEAVING)
