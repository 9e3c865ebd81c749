"""Relays that are alike, as ice-candidates are: one is read whole, the next by what differs in it.

Frames that begin with the same bytes, up to the brace that opens the payload, mean the same but for the
payload. Of such a frame it is enough to know that what follows is one JSON object and the end of the message;
whatever is not as simple as that is read whole. Those that come with one read are put together as a clump.
"""

from collections.abc import Callable, Sequence

import msgspec
from attrs import define, field

from focus_signal.core.commands import Command, Relay, RelayClump

# A payload that is a single object; the keys that a dialect passes on.
_OBJECTS = (b',"candidate":{', b',"sdp":{')
_END = b"}}"
# What is kept of a frame for as long as its connection lasts.
_LONGEST_HEAD = 1024

_read_value = msgspec.json.Decoder(msgspec.Raw).decode


@define(eq=False)
class ClumpReader:
    """Read what one connection says, each frame as `decode` would.

    Args:
      decode: reads a frame whole, and passes a payload on byte for byte.
      connection: the connection on which the frames come.
      user: the user for whom it speaks.
    """

    _decode: Callable[[bytes, int, str], Command]
    _connection: int
    _user: str
    # The last relay that was read whole, and what of its frame comes before the payload, and within.
    _to: str = field(default="", init=False)
    _kind: str = field(default="", init=False)
    _head: bytes | None = field(default=None, init=False)
    _cut: int = field(default=0, init=False)
    _inside: int = field(default=0, init=False)

    def read(self, frames: Sequence[bytes]) -> list[Command | RelayClump]:
        """Make commands of the frames that came with one read, in order; like relays in a row become one."""
        if len(frames) == 1:
            payload = self._payload_of(frames[0])
            if payload is None:
                command = self._decode(frames[0], self._connection, self._user)
                self._is_a_first(command, frames[0])
                return [command]
            return [Relay(self._connection, self._to, self._kind, payload)]
        commands: list[Command | RelayClump] = []
        payloads: list[bytes] = []
        for frame in frames:
            payload = self._payload_of(frame)
            if payload is not None:
                payloads.append(payload)
                continue
            if payloads:
                commands.append(self._together(payloads))
                payloads = []
            command = self._decode(frame, self._connection, self._user)
            if self._is_a_first(command, frame):
                payloads.append(frame[self._cut : -1])
            else:
                commands.append(command)
        if payloads:
            commands.append(self._together(payloads))
        return commands

    def _payload_of(self, frame: bytes) -> bytes | None:
        """Give the payload of a frame that is like the last; None if it has to be read whole."""
        head, inside = self._head, self._inside
        if (
            head is not None
            and frame.startswith(head)
            and frame.endswith(_END)
            and frame.isascii()
            # No bracket within the payload, so it is not nested any deeper than the first one.
            and frame.find(b"{", inside) < 0
            and frame.find(b"[", inside) < 0
        ):
            try:
                _read_value(frame[inside - 1 : -1])
            except msgspec.DecodeError:
                return None  # reading it whole tells what is wrong with it
            return frame[self._cut : -1]
        return None

    def _is_a_first(self, command: Command, frame: bytes) -> bool:
        """Tell whether what comes next may be read by this relay, and remember it if so."""
        # Nothing that is derived from a relay: that may say more than its head and its payload do.
        if type(command) is not Relay or not command.payload.startswith(_OBJECTS):
            return False
        cut = len(frame) - len(command.payload) - 1
        if cut <= 0 or not frame.startswith(command.payload, cut):
            return False
        inside = frame.index(b"{", cut) + 1
        if inside > _LONGEST_HEAD:
            return False
        self._to, self._kind, self._cut, self._inside = command.to, command.kind, cut, inside
        self._head = frame[:inside]
        return True

    def _together(self, payloads: list[bytes]) -> Relay | RelayClump:
        if len(payloads) == 1:
            return Relay(self._connection, self._to, self._kind, payloads[0])
        return RelayClump(self._connection, self._to, self._kind, tuple(payloads))
