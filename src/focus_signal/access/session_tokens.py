"""A session's token as text: signed, so that nobody can make or change one, and opaque to its holder.

The bytes: a version, the id of the secret that has signed it, the content as JSON, and the signature of all
that stands before it. The text is their base64 in the alphabet for URLs, without padding (RFC 4648, section
5), so that it can be a part of a subprotocol's name.
"""

import base64
from typing import Literal

import msgspec
from attrs import frozen

from focus_signal.access.keys import KEY_ID_BYTES, SIGNATURE_BYTES, Keys
from focus_signal.core.tokens import SessionToken

TOKEN_LIFE = 600
"""For how many seconds a token is taken after it was issued."""
AHEAD = 60
"""How many seconds ahead of this clock that of another server may be."""
LONGEST = 4096
"""How many characters a token may have: it has to go into a request's head beside everything else."""

Reason = Literal["malformed", "forged", "expired", "future"]
"""Why a text is no token that counts: it is none at all, was not signed here, or not in time."""

_VERSION = b"\x01"
_HEAD_BYTES = len(_VERSION) + KEY_ID_BYTES
_MS = 1000

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(SessionToken).decode


@frozen
class SessionTokens:
    """Make texts of tokens, and tokens of texts.

    Args:
      keys: sign them, and know them again.
    """

    _keys: Keys

    def seal(self, token: SessionToken) -> str:
        """Make the text of a token.

        A room whose members' names are too long for `LONGEST` characters, one of hundreds of members, say,
        is left out. Such a token resumes its session like any other, but after a restart of the server it
        does not bring the room back.
        """
        text = self._seal(token)
        if len(text) > LONGEST and token.room is not None:
            text = self._seal(msgspec.structs.replace(token, room=None))
        return text

    def unseal(self, text: str, now_ms: int) -> SessionToken | Reason:
        """Make the token of a text, whatever that is.

        Args:
          text: as it came; nothing is assumed of it.
          now_ms: milliseconds of the wall clock.

        Returns:
          the token, or why there is none. Whether somebody may use it is for others to say.
        """
        data = _bytes_of(text)
        if data is None or len(data) < _HEAD_BYTES + SIGNATURE_BYTES or not data.startswith(_VERSION):
            return "malformed"
        signed, signature = data[:-SIGNATURE_BYTES], data[-SIGNATURE_BYTES:]
        # Nothing that was not signed here is looked into any further.
        if not self._keys.is_signed(signed[len(_VERSION) : _HEAD_BYTES], signed, signature):
            return "forged"
        try:
            token = _decode(signed[_HEAD_BYTES:])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            # Somebody else has the secret as well: another program, or another version of this one.
            return "malformed"
        if now_ms - token.issued > TOKEN_LIFE * _MS:
            return "expired"
        if token.issued - now_ms > AHEAD * _MS:
            return "future"
        return token

    def _seal(self, token: SessionToken) -> str:
        signed = _VERSION + self._keys.key_id + _encode(token)
        return _text_of(signed + self._keys.sign(signed))


def _text_of(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _bytes_of(text: str) -> bytes | None:
    """Decode; None for all that is no base64, or is not written as `_text_of` writes it."""
    if len(text) > LONGEST:
        return None
    try:
        data = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except ValueError:  # no ASCII, or a length that no base64 has
        return None
    # Python passes over what is not of the alphabet, and over bits behind the end.
    return data if _text_of(data) == text else None
