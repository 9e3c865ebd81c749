"""Users: what the query says, who comes back, and two connections in one name."""

from __future__ import annotations

from tests.seed.model import (
    Conversation,
    Why,
    close,
    closed,
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

_LOST = closed(1008, "Missing userId parameter.")


def _named(name: str, about: str, *queries: str) -> Conversation:
    """Connect with each query and ask for a room of one, whose list holds the id as it was understood."""
    steps = [
        step
        for number, query in enumerate(queries, 1)
        for step in (connect(f"c{number}", query), match(f"c{number}", 1))
    ]
    return conversation(f"query/{name}", about, steps)


QUERIES = (
    _named(
        "space",
        "A plus is a space, and so is %20; a plus is %2B.",
        "userId=a+b",
        "userId=c%20d",
        "userId=e%2Bf",
    ),
    _named(
        "utf-8", "Percent-encoded UTF-8.", "userId=%C3%A9t%C3%A9", "userId=%F0%9F%A6%8A", "userId=%e6%9d%8e"
    ),
    _named(
        "not-utf-8",
        "Bytes that are no UTF-8 become U+FFFD, one for each that a decoder gives up at.",
        "userId=%FF",
        "userId=a%C3",
        "userId=%C0%AF",
        "userId=%F0%9F%98z",
        "userId=%ED%A0%80",
        "userId=%F4%90%80%80",
    ),
    _named(
        "bare-percent",
        "A percent sign that encodes nothing stays.",
        "userId=100%",
        "userId=%zz",
        "userId=%4",
        "userId=%%41",
    ),
    _named("first-of-two", "The first value counts.", "userId=ana&userId=ben"),
    _named(
        "other-parameters",
        "Others are ignored.",
        "room=x&userId=ana&token=y",
        "&&userId=ben&",
        "userid=x&userId=cleo",
    ),
    _named("encoded-name", "The parameter's name may be encoded, too.", "user%49d=ana", "%75serId=ben"),
    _named(
        "separators",
        "Only an ampersand separates, only the first equals sign assigns.",
        "userId=a;b",
        "userId=a=b",
        "userId=a?b",
    ),
    _named(
        "special",
        "Characters that JSON escapes.",
        "userId=%22",
        "userId=a%5Cb",
        "userId=%00%1F",
        "userId=%7F",
        "userId=a%0Ab",
    ),
    _named(
        "line-separators",
        "Characters that look like white space are kept.",
        "userId=%E2%80%A8",
        "userId=+a+",
        "userId=%EF%BB%BFa",
    ),
    _named(
        "slashes",
        "Slashes, dots and brackets are characters like others.",
        "userId=../a/b",
        "userId={a}[b]",
        "userId=<a>",
    ),
    _named(
        "javascript-names",
        "Names that objects have in JavaScript.",
        "userId=__proto__",
        "userId=constructor",
        "userId=null",
    ),
    _named("longest", "An id of 128 bytes.", "userId=" + "u" * 128, "userId=" + "%C3%A9" * 64),
    conversation(
        "query/missing",
        "Without a user id the connection is closed.",
        connect("c1", "").ours(Why.MISSING_USER, c1=[_LOST]),
        connect("c2", "user=ana").ours(Why.MISSING_USER, c2=[_LOST]),
        connect("c3", "USERID=ana").ours(Why.MISSING_USER, c3=[_LOST]),
        connect("c4", "%20userId=ana").ours(Why.MISSING_USER, c4=[_LOST]),
    ),
    conversation(
        "query/empty",
        "An empty one is none, even if another follows.",
        connect("c1", "userId=").ours(Why.MISSING_USER, c1=[_LOST]),
        connect("c2", "userId").ours(Why.MISSING_USER, c2=[_LOST]),
        connect("c3", "userId=&userId=ana").ours(Why.MISSING_USER, c3=[_LOST]),
    ),
    conversation(
        "query/one-user-two-spellings",
        "Ids are compared as they were understood.",
        [connect("ana", "userId=a+b"), connect("ben"), match("ana", 2), match("ben", 2)],
        send("ben", '{"type":"offer","to":"a b","from":"ben","sdp":"v=0"}'),
    ),
    conversation(
        "query/case",
        "User ids are compared with regard to case.",
        [connect("c1", "userId=Ana"), connect("c2", "userId=ana"), match("c1", 2), match("c2", 2)],
    ),
    conversation(
        "query/normal-forms",
        "Texts that look alike are not the same user.",
        [connect("c1", "userId=%C3%A9"), connect("c2", "userId=e%CC%81"), match("c1", 2), match("c2", 2)],
    ),
)

RETURNING = (
    conversation(
        "return/to-the-room",
        "Who was in a room and returns has the seat again.",
        [*together("ana", "ben"), close("ben"), connect("back", "userId=ben")],
        relay("ana", "ben", '"sdp":"v=0"'),
        send("back", '{"type":"answer","to":"ana","from":"ben","sdp":"v=0"}'),
    ),
    conversation(
        "return/after-a-drop",
        "The same for one who was gone without a word.",
        [*together("ana", "ben", "cleo"), drop("ben"), connect("back", "userId=ben")],
        [relay("ana", "ben", '"sdp":"v=0"'), relay("cleo", "ben", '"sdp":"v=0"')],
    ),
    conversation(
        "return/both",
        "Both leave, both return, and relay.",
        [*together("ana", "ben"), close("ana"), close("ben"), connect("ana"), connect("ben")],
        [relay("ana", "ben", '"sdp":"v=0"'), relay("ben", "ana", '"sdp":"v=0"', "answer")],
    ),
    conversation(
        "return/and-ask-again",
        "Who returns may ask for another room.",
        [*together("ana", "ben"), close("ana"), close("ben"), connect("ben"), connect("ana")],
        [match("ben", 2), match("ana", 2), relay("ana", "ben", '"sdp":"v=0"')],
    ),
    conversation(
        "return/in-between",
        "A relay sent while the peer was away is not kept.",
        [*together("ana", "ben"), close("ben")],
        relay("ana", "ben", '"sdp":1').ours(Why.GONE, ana=[error("peer-unavailable", "ben")]),
        [connect("ben"), relay("ana", "ben", '"sdp":2')],
    ),
    conversation(
        "return/alone",
        "Who was in no room and returns is a user like any other.",
        [connect("ana"), connect("ben"), close("ana"), connect("ana"), match("ana", 2), match("ben", 2)],
    ),
)

_TAKEN = closed(4501, "replaced")

TWICE = (
    conversation(
        "twice/takes-the-seat",
        "The newer connection has the seat in the room; the older one is closed.",
        together("ana", "ben"),
        connect("newer", "userId=ana").ours(Why.NEWEST_WINS, ana=[_TAKEN]),
        relay("ben", "ana", '"sdp":"v=0"'),
        send("newer", '{"type":"answer","to":"ben","from":"ana","sdp":"v=0"}'),
    ),
    conversation(
        "twice/older-one-ends",
        "The end of the older connection touches nothing of the newer one.",
        together("ana", "ben"),
        connect("newer", "userId=ana").ours(Why.NEWEST_WINS, ana=[_TAKEN]),
        close("ana"),
        relay("ben", "ana", '"sdp":"v=0"').ours(
            Why.NEWEST_WINS, newer=['text {"type":"offer","from":"ben","sdp":"v=0"}']
        ),
    ),
    conversation(
        "twice/older-one-speaks",
        "Nobody hears the older connection any more.",
        together("ana", "ben"),
        connect("newer", "userId=ana").ours(Why.NEWEST_WINS, ana=[_TAKEN]),
        relay("ana", "ben", '"sdp":"v=0"').ours(Why.NEWEST_WINS, ben=[]),
    ),
    conversation(
        "twice/not-the-queue",
        "The place in a queue is not taken over: who waits is the connection that asked.",
        [connect("ana"), connect("ben"), match("ana", 2)],
        connect("newer", "userId=ana").ours(Why.NEWEST_WINS, ana=[_TAKEN]),
        match("ben", 2).ours(Why.NEWEST_WINS, newer=[], ben=[]),
        match("newer", 2).ours(Why.NEWEST_WINS, newer=[found(1, "ben", "ana")], ben=[found(1, "ben", "ana")]),
    ),
    conversation(
        "twice/no-match-with-itself",
        "Two connections of a user do not meet each other.",
        [connect("ana"), match("ana", 2), connect("newer", "userId=ana").ours(Why.NEWEST_WINS, ana=[_TAKEN])],
        match("newer", 2).ours(Why.NEWEST_WINS, newer=[]),
        connect("ben"),
        match("ben", 2).ours(Why.NEWEST_WINS, newer=[found(1, "ana", "ben")], ben=[found(1, "ana", "ben")]),
    ),
    conversation(
        "twice/three-times",
        "The newest of three connections is the one that counts.",
        together("ana", "ben"),
        connect("second", "userId=ana").ours(Why.NEWEST_WINS, ana=[_TAKEN]),
        connect("third", "userId=ana").ours(Why.NEWEST_WINS, second=[_TAKEN]),
        relay("ben", "ana", '"sdp":"v=0"'),
    ),
)

CONVERSATIONS = (*QUERIES, *RETURNING, *TWICE)
