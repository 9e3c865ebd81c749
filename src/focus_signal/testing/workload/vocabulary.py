"""What the users of a swarm can do and say."""

from typing import get_args

from focus_signal.testing.plan import FaultKind, ServerVerb

FAULTS: tuple[FaultKind, ...] = get_args(FaultKind)
VERBS: tuple[ServerVerb, ...] = get_args(ServerVerb)

DEEDS: dict[str, float] = {
    "open": 12.0,
    "takeover": 3.0,  # a second connection for a user who has one
    "reconnect": 6.0,  # a connection that ends, and the user's next one at once or soon
    "join": 24.0,
    "join-again": 4.0,  # the size that the user waits for already
    "join-other": 4.0,  # another size than that
    "join-bad": 1.5,
    "signal": 26.0,
    "signal-self": 1.0,
    "signal-stranger": 2.0,  # to a user who is there, in no common room
    "signal-unknown": 1.0,  # to a user id that nobody has
    "signal-gone": 3.0,  # to a user who has left
    "signal-claim": 2.0,  # with another sender's name
    "signal-large": 3.0,
    "signal-clump": 4.0,  # several ice-candidates to one user, all at the same instant
    "say": 1.5,  # a text that is no message
    "leave": 8.0,
    "burst": 2.0,  # what comes next comes all at the same instant
    **dict.fromkeys(FAULTS, 2.0),
    **dict.fromkeys(VERBS, 2.0),
}
"""Every kind of deed, with the share that it usually has (of no particular sum)."""

UNKNOWN_USER = "nobody"
BAD_SIZES = (0, -1, 17, 1 << 60)
TEXTS = (
    "",
    "{",
    "[]",
    '"offer"',
    "{}",
    '{"type":"dance"}',
    '{"type":7}',
    '{"type":"matchmaking"}',
    '{"type":"matchmaking","matchSize":null}',
    '{"type":"matchmaking","matchSize":2.5}',
    '{"type":"matchmaking","matchSize":true}',
    '{"type":"offer","sdp":"v=0"}',
    '{"type":"offer","to":"","sdp":"v=0"}',
    '{"type":"answer","to":["u1"],"sdp":"v=0"}',
    '{"type":"offer","to":"u1","type":"answer","sdp":"v=0"}',
    '{"type":"ice-candidate","to":"u1","candidate":' + "[" * 40 + "]" * 40 + "}",
    '{"type":"offer","to":"\\ud800","sdp":"v=0"}',
)
