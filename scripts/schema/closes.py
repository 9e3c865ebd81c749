"""Which closes a client comes back from: the rule by ranges, and a row for every code that it can see."""

from __future__ import annotations

from attrs import frozen

from focus_signal.wire.close_codes import CLOSE_CODES

COME_BACK = (1001, 1005, 1006, 1011, 1012, 1013)
"""Besides 4000 to 4499."""
WITH_A_NEW_TOKEN = (4502, 4503)
"""From these only a client comes back that has another token of who it is."""

# What no close frame of this server says, and a client sees all the same.
_SEEN_ONLY = {
    1001: "a proxy on the way, or the page itself, is going away",
    1005: "the close frame had no code",
    1006: "the connection has broken, or was never made: a browser shows a refused Origin (403), too many "
    "connections (429) and a full server (503) like this as well",
    1013: "`full`: there is no place now",
}


@frozen
class Close:
    """Be what a client can see of one code, and what it does then.

    Args:
      code: the number.
      reason: the text that comes with it; "" if none.
      meaning: what has happened.
      comes_back: whether to connect again.
      advice: that in words.
    """

    code: int
    reason: str
    meaning: str
    comes_back: bool
    advice: str


def comes_back(code: int) -> bool:
    """Tell whether a client that was closed with this code connects again, by itself and as it was."""
    return code in COME_BACK or 4000 <= code < 4500


def closes() -> list[Close]:
    """Give a row for every code, in their order."""
    meanings = {row.code: (row.reason, row.meaning) for row in CLOSE_CODES.values()}
    for code, meaning in _SEEN_ONLY.items():
        meanings.setdefault(code, ("", meaning))
    return [
        Close(code, reason, meaning, comes_back(code), _advice(code))
        for code, (reason, meaning) in sorted(meanings.items())
    ]


def _advice(code: int) -> str:
    special = {
        1000: "no: its session has ended with it",
        1008: "no; only clients of the seed's dialect get it",
        4004: "yes, with back-off and resume: the id is free when that session ends. Or with another id",
        4500: "no: forget the token, and mend the client",
        4501: "no: two tabs must not fight. Let the user say which one it is to be",
        4504: "no: the session has ended",
    }
    if code in special:
        return special[code]
    if code in WITH_A_NEW_TOKEN:
        return "only with a new token of who the user is; then with resume"
    if comes_back(code):
        return "yes, with back-off and resume"
    return "no: mend the client"
