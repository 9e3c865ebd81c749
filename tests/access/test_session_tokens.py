"""Tokens of sessions: what was sealed is what is unsealed, and whatever else comes gets its reason."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from focus_signal.access import session_tokens
from focus_signal.access.keys import Keys
from focus_signal.access.session_tokens import LONGEST, TOKEN_LIFE, Reason, SessionTokens
from focus_signal.core.tokens import RoomRecord, SessionToken
from tests.access.planting import Planted, caught

FIRST, SECOND, THIRD = (bytes([first]) * 32 for first in (1, 2, 3))
TOKENS = SessionTokens(Keys((FIRST,)))
NOW = 1_795_000_000_000
ROOM = RoomRecord("room-1", "K7Q2MZ0A", 4, "code", 17, ("ana", "ben", 'c"\\'), ("ben",))
TOKEN = SessionToken("5e55" * 8, 3, "process-1", "ana", NOW, 12, ROOM)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def text_of(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def bytes_of(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def signed(data: bytes, secret: bytes = FIRST) -> str:
    """Sign anything, as whoever has the secret could."""
    return text_of(data + hmac.digest(secret, data, "sha256"))


def head(version: int = 1, secret: bytes = FIRST) -> bytes:
    return bytes([version]) + hashlib.sha256(secret).digest()[:4]


def sealed_json(content: object) -> str:
    return signed(head() + json.dumps(content).encode())


def unsealed(text: str, now: int = NOW, tokens: SessionTokens = TOKENS) -> SessionToken | Reason:
    return tokens.unseal(text, now)


names = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
numbers = st.integers(0, (1 << 53) - 1)
rooms = st.builds(
    RoomRecord,
    names,
    st.none() | names,
    numbers,
    st.sampled_from(["match", "backfill", "code"]),
    numbers,
    st.lists(names, max_size=20).map(tuple),
    st.lists(names, max_size=5).map(tuple),
)
any_token = st.builds(SessionToken, names, numbers, names, names, st.just(NOW), numbers, st.none() | rooms)


@settings(max_examples=300)
@given(any_token)
@example(TOKEN)
def test_what_was_sealed_is_unsealed(token: SessionToken) -> None:
    text = TOKENS.seal(token)
    assert set(text) <= set(ALPHABET)
    assert len(text) <= LONGEST
    read = unsealed(text)
    assert isinstance(read, SessionToken)
    assert read == token or msgspec.structs.replace(token, room=None) == read


def test_the_form() -> None:
    """As the bytes are written down, by hand."""
    data = bytes_of(TOKENS.seal(TOKEN))
    assert data[:1] == b"\x01"
    assert data[1:5] == hashlib.sha256(FIRST).digest()[:4]
    assert json.loads(data[5:-32]) == RIGHT
    assert b" " not in data[5:-32]
    assert data[-32:] == hmac.new(FIRST, data[:-32], hashlib.sha256).digest()
    assert TOKENS.seal(TOKEN) == signed(data[:-32])


def test_every_byte_is_signed() -> None:
    data = bytes_of(TOKENS.seal(TOKEN))
    for at in range(len(data)):
        for changed in (data[at] ^ 1, data[at] ^ 0x80, data[at] ^ 0xFF):
            text = text_of(data[:at] + bytes([changed]) + data[at + 1 :])
            assert unsealed(text) == ("forged" if at else "malformed"), at


def test_every_character_counts() -> None:
    """Whatever stands there in its place, a letter of the alphabet or another one."""
    for user in ("ana", "anna", "annna"):  # of every length that base64 can have
        text = TOKENS.seal(msgspec.structs.replace(TOKEN, user=user))
        for at, letter in enumerate(text):
            others = [ALPHABET[(ALPHABET.index(letter) + step) % 64] for step in (1, 2, 32, 63)]
            for other in (*others, "", "=", "+", "/", " ", "\n", ".", "\0", "é", letter * 2):
                assert unsealed(text[:at] + other + text[at + 1 :]) in {"malformed", "forged"}, (at, other)


def test_bits_behind_the_end() -> None:
    """Every token has one text: what decodes to the same bytes is none."""
    seen: set[int] = set()
    for user in ("ana", "anna", "annna"):
        text = TOKENS.seal(msgspec.structs.replace(TOKEN, user=user))
        seen.add(len(text) % 4)
        alike = [text[:-1] + letter for letter in ALPHABET if bytes_of(text[:-1] + letter) == bytes_of(text)]
        assert len(alike) == {0: 1, 2: 16, 3: 4}[len(text) % 4]
        assert [other for other in alike if isinstance(unsealed(other), SessionToken)] == [text]
        assert unsealed(text + "=" * (-len(text) % 4)) == ("malformed" if len(text) % 4 else unsealed(text))
    assert seen == {0, 2, 3}


def test_other_forms_of_base64() -> None:
    texts = [TOKENS.seal(msgspec.structs.replace(TOKEN, rev=number)) for number in range(200)]
    [text, *_] = [text for text in texts if "-" in text and "_" in text]
    assert unsealed(text.replace("-", "+")) == "malformed"
    assert unsealed(text.replace("_", "/")) == "malformed"
    for other in (f" {text}", f"{text} ", f"{text}\n", f"{text[:8]}\r\n{text[8:]}", f'"{text}"', f"{text}="):
        assert unsealed(other) == "malformed"


def test_a_text_that_is_cut() -> None:
    text = TOKENS.seal(TOKEN)
    shortest = len(text_of(bytes(5 + 32)))
    for size in range(len(text)):
        wanted = {"malformed"} if size < shortest else {"malformed", "forged"}
        assert unsealed(text[:size]) in wanted
        assert unsealed(text[len(text) - size :]) in {"malformed", "forged"}
        assert unsealed(text + text[:size]) in {"malformed", "forged"} or not size


def test_its_time() -> None:
    text = TOKENS.seal(TOKEN)
    assert TOKEN_LIFE == 600
    for age in (0, 1, 300_000, 599_999, 600_000, -1, -59_999, -60_000):
        assert unsealed(text, NOW + age) == TOKEN, age
    for age in (600_001, 601_000, 10**9, 10**15):
        assert unsealed(text, NOW + age) == "expired", age
    for age in (-60_001, -61_000, -(10**9), -NOW):
        assert unsealed(text, NOW + age) == "future", age


def test_another_key() -> None:
    other = SessionTokens(Keys((SECOND,)))
    assert unsealed(other.seal(TOKEN)) == "forged"
    assert unsealed(TOKENS.seal(TOKEN), tokens=other) == "forged"
    # Under the id of a secret that is known here, and the other way round.
    body = bytes_of(TOKENS.seal(TOKEN))[5:-32]
    assert unsealed(signed(head() + body)) == TOKEN
    assert unsealed(signed(head() + body, SECOND)) == "forged"
    assert unsealed(signed(head(secret=SECOND) + body)) == "forged"
    # Too old or not, a forged one is told so: nothing in it is believed.
    assert unsealed(other.seal(TOKEN), NOW + 10**9) == "forged"


def test_keys_are_replaced_one_after_the_other() -> None:
    """No token is lost as long as the one that has signed it is among the two."""
    before, after, at_last = Keys((FIRST,)), Keys((SECOND, FIRST)), Keys((THIRD, SECOND))
    old, new = SessionTokens(before).seal(TOKEN), SessionTokens(after).seal(TOKEN)
    assert old != new
    assert new == SessionTokens(Keys((SECOND,))).seal(TOKEN), "the first one signs"
    for keys, read in (
        (before, (TOKEN, "forged")),
        (after, (TOKEN, TOKEN)),
        (at_last, ("forged", TOKEN)),
        (Keys((FIRST, SECOND)), (TOKEN, TOKEN)),
    ):
        tokens = SessionTokens(keys)
        assert (tokens.unseal(old, NOW), tokens.unseal(new, NOW)) == read


GARBAGE = (
    "",
    "=",
    "====",
    "a",
    "a" * 48,
    "a" * 49,
    "a" * 50,
    "A" * 51,
    "AQ" + "A" * 48,
    "null",
    "{}",
    "é" * 60,
    "\ud800" * 60,
    "\0" * 60,
    "\N{FULLWIDTH LATIN SMALL LETTER A}" * 60,
    "a" * (LONGEST + 1),
    "a" * 5_000_000,
    "AQ" * 500_000,
)


def test_garbage() -> None:
    for text in GARBAGE:
        assert unsealed(text) in {"malformed", "forged"}
    assert unsealed("a" * 48) == unsealed("a" * (LONGEST + 1)) == "malformed"


@settings(max_examples=500)
@given(
    st.text(max_size=80)
    | st.text(ALPHABET, max_size=200)
    | st.binary(max_size=200).map(text_of)
    | st.binary(min_size=32, max_size=100).map(lambda data: text_of(head() + data))
)
def test_any_text_gets_a_reason(text: str) -> None:
    assert unsealed(text) in {"malformed", "forged"}


RIGHT: dict[str, Any] = json.loads(msgspec.json.encode(TOKEN))
WRONG: list[Any] = [None, True, 1.5, "x", -(10**30), [], {}, [[]], {"id": 1}]


def test_what_is_signed_and_no_token() -> None:
    """Another program may have the secret, and another version of this one."""
    assert unsealed(sealed_json(RIGHT)) == TOKEN
    assert unsealed(sealed_json({**RIGHT, "later": [1]})) == TOKEN, "what a later version adds is passed over"
    for content in (None, [], {}, "x", 1, [RIGHT], {**RIGHT, "room": {}}, {**RIGHT, "room": [1]}):
        assert unsealed(sealed_json(content)) == "malformed"
    for name, value in RIGHT.items():
        if name != "room":  # which may be left out
            rest = {key: other for key, other in RIGHT.items() if key != name}
            assert unsealed(sealed_json(rest)) == "malformed", name
        for wrong in WRONG:
            # A number is one, whatever it is, and there may be no room.
            right = isinstance(wrong, type(value)) and not isinstance(wrong, bool | dict)
            if not right and not (name == "room" and wrong is None):
                assert unsealed(sealed_json({**RIGHT, name: wrong})) == "malformed", (name, wrong)
    for name, value in RIGHT["room"].items():
        for wrong in (1.5, {}, [[]], True):
            read = unsealed(sealed_json({**RIGHT, "room": {**RIGHT["room"], name: wrong}}))
            assert read == "malformed", (name, value, wrong)
    for number in (-1, 0, 1 << 53, 1 << 70, -(10**30)):
        assert unsealed(sealed_json({**RIGHT, "issued": number})) in {"expired", "future"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff",
        b'{"session":"\xff"}',
        b'{"session":"\\ud800"}',
        b'{"a":' + b"[" * 2500,
        b'{"a":' + b"[" * 1000 + b"]" * 1000 + b"}",
        b'{"issued":1e400}',
        b'{"issued":' + b"9" * 2000 + b"}",
        b'{"issued":NaN}',
        bytes(100),
    ],
)
def test_what_is_signed_and_cannot_be_read(content: bytes) -> None:
    assert unsealed(signed(head() + content)) == "malformed"


def test_another_version() -> None:
    body = bytes_of(TOKENS.seal(TOKEN))[5:-32]
    for version in (0, 2, 255):
        assert unsealed(signed(head(version) + body)) == "malformed"


def test_a_room_whose_names_do_not_fit_is_left_out() -> None:
    def token(members: int, extra: str = "") -> SessionToken:
        room = RoomRecord("r" * 36, None, 5_000, "match", NOW, tuple(f"user-{n:04}" for n in range(members)))
        return SessionToken("5e55" * 8, 3, "p" * 32, "ana" + extra, NOW, NOW, room)

    sizes = [members for members in range(1, 400) if unsealed(TOKENS.seal(token(members))) == token(members)]
    assert 200 < len(sizes) < 300
    assert sizes == [*range(1, len(sizes) + 1)]
    for many in (len(sizes) + 1, 3_000):
        left = unsealed(TOKENS.seal(token(many)))
        assert left == msgspec.structs.replace(token(many), room=None)
    # To the character: everything up to the longest is kept.
    lengths = {len(TOKENS.seal(token(len(sizes), "x" * more))) for more in range(16)}
    assert max(lengths) == LONGEST
    # Sixteen who have chosen the longest names there are keep theirs.
    named = RoomRecord("r" * 36, "K7Q2MZ0A", 16, "code", NOW, tuple(f"{n:0128}" for n in range(16)))
    kept = SessionToken("5e55" * 8, 10**6, "p" * 36, f"{1:0128}", NOW, NOW, named)
    assert unsealed(TOKENS.seal(kept)) == kept


def test_a_token_that_is_too_long_without_its_room() -> None:
    """No user id of a client is so long; what is sealed all the same is just not taken."""
    assert unsealed(TOKENS.seal(msgspec.structs.replace(TOKEN, user="x" * LONGEST))) == "malformed"


def _lax(text: str) -> bytes | None:
    try:
        return bytes_of(text)
    except ValueError:
        return None


def _unsigned(self: SessionTokens, text: str, now_ms: int) -> SessionToken | Reason:
    del self, now_ms
    try:
        return msgspec.json.decode(bytes_of(text)[5:-32], type=SessionToken)
    except (ValueError, msgspec.DecodeError):
        return "forged"


def _head_unsigned(self: Keys, key_id: bytes, data: bytes, signature: bytes) -> bool:
    del key_id
    return hmac.compare_digest(self.sign(head() + data[5:]), signature)


_unseal = SessionTokens.unseal
test_faults_are_caught = caught(
    [
        Planted("nothing is checked", test_every_byte_is_signed, SessionTokens, "unseal", _unsigned),
        Planted("the head is not signed", test_every_byte_is_signed, Keys, "is_signed", _head_unsigned),
        Planted("any base64 will do", test_bits_behind_the_end, session_tokens, "_bytes_of", _lax),
        Planted("any alphabet will do", test_other_forms_of_base64, session_tokens, "_bytes_of", _lax),
        Planted("a token lives longer", test_its_time, session_tokens, "TOKEN_LIFE", 601),
        Planted("a token lives shorter", test_its_time, session_tokens, "TOKEN_LIFE", 599),
        Planted("clocks that are ahead are believed", test_its_time, session_tokens, "AHEAD", 61),
        Planted("no clock is ahead", test_its_time, session_tokens, "AHEAD", 59),
        Planted("in seconds", test_its_time, session_tokens, "_MS", 1),
        Planted(
            "time is judged first",
            test_another_key,
            SessionTokens,
            "unseal",
            lambda self, text, now: "expired" if now > NOW + 10**8 else _unseal(self, text, now),
        ),
        Planted(
            "the last secret signs",
            test_keys_are_replaced_one_after_the_other,
            Keys,
            "sign",
            lambda self, data: hmac.digest(self._secrets[-1][1], data, "sha256"),
        ),
        Planted("any version", test_another_version, session_tokens, "_VERSION", b""),
        Planted(
            "any length", test_a_token_that_is_too_long_without_its_room, session_tokens, "LONGEST", 10**6
        ),
        Planted(
            "a shorter one", test_a_room_whose_names_do_not_fit_is_left_out, session_tokens, "LONGEST", 4095
        ),
    ]
)
