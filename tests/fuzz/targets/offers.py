"""What a handshake offers in `Sec-WebSocket-Protocol`, and the session's token in it.

An input is the values of the header lines, with the byte 0x1E between them. The token of the session that is
offered is opened; and so is the last line as a token's content that was signed with the right secret, as only
another version of the server could have made it.
"""

from __future__ import annotations

import base64
import hmac
import sys
from functools import partial
from typing import get_args

from focus_signal.access import session_tokens
from focus_signal.access.keys import Keys
from focus_signal.access.session_tokens import AHEAD, LONGEST, TOKEN_LIFE, Reason, SessionTokens
from focus_signal.core.tokens import RoomRecord, SessionToken
from focus_signal.errors import HttpRefused
from focus_signal.wire import subprotocols
from focus_signal.wire.subprotocols import V1, V1Offer, offer_of
from tests.fuzz.planting import Plant, in_place_of, mistaken
from tests.fuzz.target import GROW, Meter, Target, Wrong, cuts_of, grown
from tests.fuzz.targets.decoder import SEPARATOR
from tests.wire.test_subprotocols import OFFERS, PIECES, REFUSED, plainly

_SECRET = bytes(range(32))
_KEYS = Keys((_SECRET,))
TOKENS = SessionTokens(_KEYS)
NOW = 1_795_000_000_000
_MS = 1000
_REASONS: tuple[Reason, ...] = get_args(Reason)
# More than any head may have.
_GROWN = 20_000


def check(data: bytes, meter: Meter) -> None:
    """Read the offer, open what it names, and open what is signed."""
    lines = [grown(line, _GROWN) for line in data.split(SEPARATOR)]
    # As HTTP has it.
    values = [line.decode("latin-1") for line in lines]
    offer = meter.measure(partial(_read, values))
    wanted = plainly(values)
    if offer != wanted:
        raise Wrong(f"{offer}, plainly {wanted}")
    if isinstance(offer, V1Offer):
        shown = repr(offer)
        for secret in (offer.resume, offer.token):
            if secret is not None and len(secret) > len("V1Offer") and secret in shown:
                raise Wrong("a token is shown")
    text = values[0] if not isinstance(offer, V1Offer) or offer.resume is None else offer.resume
    _check_text(text, meter)
    for cut in cuts_of(data, 2):
        _check_text(text[:cut] + text[cut + 1 :], meter)
    _check_text(signed(lines[-1]), meter)


def _read(values: list[str]) -> V1Offer | int | None:
    try:
        return offer_of(values)
    except HttpRefused as refusal:
        if not refusal.text.isprintable():
            raise Wrong(f"refused with {refusal.text!r}") from refusal
        return refusal.status


def _check_text(text: str, meter: Meter) -> None:
    found = meter.measure(partial(TOKENS.unseal, text, NOW))
    if not isinstance(found, SessionToken):
        if found not in _REASONS:
            raise Wrong(f"a token is {found}")
        return
    if len(text) > LONGEST or not _was_signed(text):
        raise Wrong(f"{found} was not signed here")
    if not -AHEAD * _MS <= NOW - found.issued <= TOKEN_LIFE * _MS:
        raise Wrong(f"{found} is not in time")
    again = TOKENS.unseal(TOKENS.seal(found), NOW)
    # What is written more shortly by others may be too long for a room.
    if again != found and len(text) < LONGEST // 8:
        raise Wrong(f"{found}, once more {again}")


def _was_signed(text: str) -> bool:
    """Look at a signature in another way: byte by byte from what the text says."""
    data = base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4))
    return data[:1] == b"\x01" and hmac.new(_SECRET, data[:-32], "sha256").digest() == data[-32:]


def signed(content: bytes) -> str:
    """Sign anything, as whoever has the secret could."""
    data = b"\x01" + _KEYS.key_id + content
    return base64.urlsafe_b64encode(data + _KEYS.sign(data)).rstrip(b"=").decode()


def _token(issued: int = NOW, room: RoomRecord | None = None) -> SessionToken:
    return SessionToken("5e55" * 8, 3, "process", "ana", issued, 12, room)


def sealed(issued: int) -> bytes:
    """Write the token of a session that was issued then."""
    return TOKENS.seal(_token(issued)).encode()


def _content(token: SessionToken) -> bytes:
    text = TOKENS.seal(token)
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))[5:-32]


_IN_A_ROOM = _token(room=RoomRecord("room", "K7Q2MZ0A", 4, "code", 17, ("ana", "b\u00e9"), ("ana",)))
CONTENT = _content(_IN_A_ROOM)


def _offering(text: str, seen: str = "0") -> bytes:
    return f"{V1}, resume.{text}.{seen}".encode()


SEEDS = (
    *(
        SEPARATOR.join(value.encode("latin-1") for value in values)
        for values, _ in OFFERS
        if sum(map(len, values)) < 900
    ),
    *(SEPARATOR.join(value.encode("latin-1") for value in values) for values in REFUSED),
    *(
        _offering(TOKENS.seal(_token(NOW + late)))
        for late in (0, -TOKEN_LIFE * _MS, -TOKEN_LIFE * _MS - 1, AHEAD * _MS, AHEAD * _MS + 1)
    ),
    _offering(TOKENS.seal(_IN_A_ROOM)),
    _offering(TOKENS.seal(_IN_A_ROOM), "9007199254740992"),
    _offering(TOKENS.seal(_IN_A_ROOM)[:-1]),
    _offering(TOKENS.seal(_IN_A_ROOM) + "A"),
    TOKENS.seal(_IN_A_ROOM).encode(),
    *(V1.encode() + SEPARATOR + content for content in (CONTENT, CONTENT[:-1], b"", b"{}", b"null", b"\xff")),
    *(
        SEPARATOR + CONTENT.replace(right, wrong)
        for right, wrong in (
            (b":3", b":3.0"),
            (b":3", b":" + b"9" * 400),
            (b':"ana"', b':"\\ud800"'),
            (b':"ana"', b":null"),
            (b'"code"', b'"pool"'),
            (b'"ana",', GROW + b'"ana",' + GROW),
            (b"{", b'{"x":' + GROW + b"[" + GROW + b","),
        )
    ),
    *(
        V1.encode() + b", " + GROW + part + GROW
        for part in (b"resume.x.5,", b",", b" ", b"resume.", b"x.", b"\xe9")
    ),
    V1.encode() + b", resume.x." + GROW + b"9" + GROW,
    V1.encode() + b", resume." + GROW + b"A" + GROW + b".5",
)
WORDS = (
    *(piece.encode("latin-1") for piece in PIECES),
    b"chat",
    b", ",
    b"AQ",
    b"-_",
    b"=",
    SEPARATOR,
    GROW,
    *(f'"{name}":'.encode() for name in SessionToken.__struct_fields__),
    *(f'"{name}":'.encode() for name in RoomRecord.__struct_fields__),
    str(NOW).encode(),
)


def _offer(right: str, wrong: str) -> Plant:
    """Read offers with one change; what comes of it is of this class all the same."""

    def make() -> object:
        module = mistaken(subprotocols, right, wrong)
        module.__dict__["V1Offer"] = V1Offer
        return module.__dict__["offer_of"]

    return in_place_of(sys.modules[__name__], "offer_of", make)


def _tokens(right: str, wrong: str) -> Plant:
    def make() -> object:
        return mistaken(session_tokens, right, wrong).SessionTokens(_KEYS)

    return in_place_of(sys.modules[__name__], "TOKENS", make)


MUTANTS = {
    "any-name": _offer("if not all(map(_is_token, names)):", "if False:"),
    "seen-of-any-length": _offer("(0|[1-9][0-9]{0,15})", "(0|[1-9][0-9]*)"),
    "seen-of-any-size": _offer(" or int(found[2]) > _LARGEST_SEEN", ""),
    "the-first-of-two": _offer("if len(sessions) == 1 else None", "if True else None"),
    "without-v1": _offer("if V1 not in names:", "if False:"),
    "any-signature": _tokens("if not self._keys.is_signed(", "if False and self._keys.is_signed("),
    "never-too-old": _tokens("if now_ms - token.issued > TOKEN_LIFE * _MS:", "if False:"),
    "of-the-future": _tokens("if token.issued - now_ms > AHEAD * _MS:", "if False:"),
    "no-ascii-raises": _tokens("except ValueError:  # no ASCII", "except ZeroDivisionError:  # no ASCII"),
    "content-raises": _tokens(
        "(msgspec.DecodeError, UnicodeDecodeError, RecursionError)", "ZeroDivisionError"
    ),
    "any-length": _tokens("if len(text) > LONGEST:", "if False:"),
}

TARGET = Target(check=check, seeds=SEEDS, words=WORDS, longest=1400, mutants=MUTANTS, guides=(plainly,))
