"""The dialect of the seed's clients: a frame to a command, a message to a frame.

What does not decode becomes a command too (`Invalid`), so that its error keeps its place among the answers.
The sender of a relayed message is whoever the connection speaks for, never what the message says of itself.
"""

import re
from collections.abc import Callable, Sequence

import msgspec
from attrs import field, frozen
from msgspec import UNSET, Raw, UnsetType

from focus_signal.core.commands import Command, Invalid, Relay, RelayClump, RequestMatch
from focus_signal.core.effects import Relayed, RoomFound, SeedMessage
from focus_signal.core.lobby import match_size_message
from focus_signal.wire.clumps import ClumpReader
from focus_signal.wire.json_text import has_repeated_type, is_nested_deeper
from focus_signal.wire.messages.seed import (
    ErrorFrame,
    Inbound,
    InboundAnswer,
    InboundCandidate,
    InboundMatch,
    InboundOffer,
    PlainInbound,
    RoomFoundFrame,
)
from focus_signal.wire.unusable import Unusable, read_object, shown, string_of, too_deep

_MATCHMAKING = "matchmaking"
_RELAYED = ("offer", "answer", "ice-candidate")
_KINDS = dict(zip((InboundOffer, InboundAnswer, InboundCandidate), _RELAYED, strict=True))
_TYPES = (_MATCHMAKING, *_RELAYED)
# The bytes of a relay that is written without a space, besides its user ids and its payload.
_OUTSIDE = {kind: len(f'{{"type":"{kind}","to":""}}') for kind in _RELAYED}
_MATCH = len('{"type":"matchmaking","matchSize":}')
# Where a payload goes on behind the first character of its value.
_INSIDE_CANDIDATE = len(',"candidate":{')
_INSIDE_SDP = len(',"sdp":{')
_FROM = len(',"from":""')
_RELAY_HEADS = {kind: f'{{"type":"{kind}","from":'.encode() for kind in _RELAYED}

_decode_inbound = msgspec.json.Decoder(Inbound).decode
_decode_plain = msgspec.json.Decoder(PlainInbound).decode
_encode = msgspec.json.Encoder().encode

_DECIMAL = re.compile(r"[1-9][0-9]{0,15}")


@frozen
class SeedDialect:
    """Speak the seed's dialect.

    Args:
      max_match_size: the largest room, for the text of an error.
      max_user_bytes: the longest user id, in bytes of UTF-8.
      max_nesting: how deep arrays and objects in a message may be nested.
      silent: send no errors at all, as the seed does.
    """

    max_match_size: int
    max_user_bytes: int
    max_nesting: int
    silent: bool = False
    # So few characters are short enough whatever they are: none takes more than four bytes.
    _surely_short: int = field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_surely_short", self.max_user_bytes // 4)

    def decode(self, frame: bytes, connection: int, user: str) -> Command:
        """Make a command of a text frame; never raises, whatever the frame holds.

        Args:
          frame: what came, without the WebSocket framing.
          connection: the connection on which it came.
          user: the user for whom that connection speaks.
        """
        # A frame in which nothing is wrong, as in nearly every one, is read here; all others with care.
        try:
            if not frame.isascii():
                frame.decode()  # see `_parse`
            plain = _decode_plain(frame)
        except (msgspec.DecodeError, ValueError, RecursionError):  # a number of 5,000 digits is a ValueError
            return self._with_care(frame, connection, user)
        if type(plain) is InboundMatch:
            # Without a space, and so with no room for anything that is not looked at here.
            if 0 < plain.match_size < 1 << 53 and len(frame) == _MATCH + len(str(plain.match_size)):
                return RequestMatch(connection, plain.match_size)
            return self._with_care(frame, connection, user)
        kind, to, claim = _KINDS[type(plain)], plain.to, plain.from_
        if not (0 < len(to) <= self._surely_short or self._is_short(to)):
            return self._with_care(frame, connection, user)
        outside = _OUTSIDE[kind] + len(to)
        if claim == user:
            outside += _FROM + len(user)
        elif claim is not UNSET and claim is not None:
            return self._with_care(frame, connection, user)
        if plain.sdp is UNSET:
            payload = b"" if plain.candidate is UNSET else b',"candidate":%b' % plain.candidate
            inside = _INSIDE_CANDIDATE
        elif plain.candidate is UNSET:
            payload, inside = b',"sdp":%b' % plain.sdp, _INSIDE_SDP
        else:
            payload, inside = b',"sdp":%b,"candidate":%b' % (plain.sdp, plain.candidate), 0
        # Both looks have a shortcut, for they would cost more than all the rest: where these fields fill the
        # frame there is no room for a second type, and a payload with no bracket inside of it is not deep.
        doubtful = (
            has_repeated_type(frame) or is_nested_deeper(frame, self.max_nesting + 1)
            if outside + len(payload) != len(frame)
            else (payload.find(b"{", inside) >= 0 or payload.find(b"[", inside) >= 0)
            and is_nested_deeper(frame, self.max_nesting + 1)
        )
        if doubtful:
            return self._with_care(frame, connection, user)
        return Relay(connection, to, kind, payload)

    def reader(self, connection: int, user: str) -> Callable[[Sequence[bytes]], list[Command | RelayClump]]:
        """Make what reads one connection, the frames of each read at once; like relays in a row become one.

        Args are those of `decode`.
        """
        return ClumpReader(self.decode, connection, user).read

    def encode(self, message: SeedMessage) -> bytes | None:
        """Make a text frame of a message; None for what this dialect does not send."""
        if isinstance(message, Relayed):  # nearly every one
            return b"".join((_RELAY_HEADS[message.kind], _encode(message.sender), message.payload, b"}"))
        if isinstance(message, RoomFound):
            return _encode(RoomFoundFrame(message.room, message.peers))
        return None if self.silent else _encode(ErrorFrame(message.code, message.message, message.to))

    def encode_clump(self, sender: str, kind: str, payloads: Sequence[bytes]) -> list[bytes]:
        """Make a text frame of each relay in a clump."""
        head = _RELAY_HEADS[kind] + _encode(sender)
        return [b"%b%b}" % (head, payload) for payload in payloads]

    def _decode(self, frame: bytes, connection: int, user: str) -> Command:
        inbound = self._parse(frame)
        kind = _type_of(inbound.type)
        if kind is None:
            raise self._untyped(inbound)
        if kind == _MATCHMAKING:
            return RequestMatch(connection, self._match_size(inbound.match_size))
        to = self._target(inbound.to)
        if not _may_claim(inbound.from_, user):
            came = shown(inbound.from_)
            raise Unusable("wrong-sender", f"from must be absent or your own user id, not {came}", to)
        payload = b""
        if inbound.sdp is not UNSET:
            payload += b',"sdp":%b' % inbound.sdp
        if inbound.candidate is not UNSET:
            payload += b',"candidate":%b' % inbound.candidate
        return Relay(connection, to, kind, payload)

    def _with_care(self, frame: bytes, connection: int, user: str) -> Command:
        """Read any frame, and tell what is wrong with it."""
        try:
            return self._decode(frame, connection, user)
        except Unusable as refusal:
            return Invalid(connection, refusal.code, refusal.message, refusal.to)

    def _is_short(self, user: str) -> bool:
        return 0 < len(user.encode()) <= self.max_user_bytes

    def _parse(self, frame: bytes) -> Inbound:
        inbound = read_object(frame, _decode_inbound, self.max_nesting)
        # The message itself is an object; what is counted is what it holds.
        if is_nested_deeper(frame, self.max_nesting + 1):
            raise Unusable("bad-message", too_deep(self.max_nesting), self._nameable(inbound.to))
        if has_repeated_type(frame):
            text = "type must be there once, not repeatedly"
            raise Unusable("bad-message", text, self._nameable(inbound.to))
        return inbound

    def _untyped(self, inbound: Inbound) -> Unusable:
        code = "bad-message" if string_of(inbound.type) is None else "unknown-type"
        text = f"type must be one of {', '.join(_TYPES)}, not {shown(inbound.type)}"
        return Unusable(code, text, self._nameable(inbound.to))

    def _nameable(self, raw: Raw | UnsetType) -> str | None:
        """Read the user id that an error may name, if there is one."""
        to = string_of(raw)
        return to if to is not None and self._is_short(to) else None

    def _target(self, raw: Raw | UnsetType) -> str:
        to = self._nameable(raw)
        if to is None:
            limit = f"to must be a user id of 1 to {self.max_user_bytes} bytes of UTF-8"
            raise Unusable("bad-message", f"{limit}, not {shown(raw)}")
        return to

    def _match_size(self, raw: Raw | UnsetType) -> int:
        size = _whole_number(raw)
        if size is None:
            raise Unusable("bad-match-size", match_size_message(shown(raw), self.max_match_size))
        return size


def _type_of(raw: Raw | UnsetType) -> str | None:
    if raw is UNSET:
        return None
    kind = string_of(raw)
    return kind if kind in _TYPES else None


def _may_claim(raw: Raw | UnsetType, user: str) -> bool:
    return raw is UNSET or bytes(raw) == b"null" or string_of(raw) == user


def _whole_number(raw: Raw | UnsetType) -> int | None:
    """Read a number the way JavaScript would, or a decimal string; None when it is no whole number."""
    if raw is UNSET:
        return None
    text = bytes(raw).decode()
    if text[0] == '"':
        digits = string_of(raw)
        return int(digits) if digits is not None and _DECIMAL.fullmatch(digits) else None
    if text[0] not in "-0123456789":
        return None
    number = float(text)  # what is too large becomes infinite, which is no whole number either
    return int(number) if number.is_integer() and abs(number) < 1 << 53 else None
