"""Relays that come in a clump, as ice-candidates do: one is read whole, the next by what differs in it.

Frames that begin with the same bytes, up to the brace that opens the payload, mean the same but for the
payload. Of such a frame it is enough to know that what follows is one JSON object and the end of the message;
whatever is not as simple as that is read whole.
"""

from collections.abc import Callable, Sequence

import msgspec

from focus_signal.core.commands import Command, Relay, RelayClump

# A payload that is a single object; the keys that a dialect passes on.
_OBJECTS = (b',"candidate":{', b',"sdp":{')
_END = b"}}"

_read_value = msgspec.json.Decoder(msgspec.Raw).decode


def read_clumps(
    decode: Callable[[bytes, int, str], Command], frames: Sequence[bytes], connection: int, user: str
) -> list[Command | RelayClump]:
    """Make commands of frames: what `decode` makes of each, with like relays in a row put together.

    Args:
      decode: reads a frame whole, and passes a payload on byte for byte.
      frames: what came, in order.
      connection: the connection on which it came.
      user: the user for whom that connection speaks.
    """
    commands: list[Command | RelayClump] = []
    first: Relay | None = None
    payloads: list[bytes] = []
    head, cut, inside = b"", 0, 0
    for frame in frames:
        if (
            first is not None
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
                pass  # to be read whole, which tells what is wrong with it
            else:
                payloads.append(frame[cut:-1])
                continue
        if first is not None:
            commands.append(_together(first, payloads))
            first = None
        command = decode(frame, connection, user)
        # Nothing that is derived from a relay: that may say more than its head and its payload do.
        if type(command) is Relay and command.payload.startswith(_OBJECTS):
            cut = len(frame) - len(command.payload) - 1
            if cut > 0 and frame.startswith(command.payload, cut):
                first, payloads = command, [command.payload]
                inside = frame.index(b"{", cut) + 1
                head = frame[:inside]
                continue
        commands.append(command)
    if first is not None:
        commands.append(_together(first, payloads))
    return commands


def _together(first: Relay, payloads: Sequence[bytes]) -> Relay | RelayClump:
    if len(payloads) == 1:
        return first
    return RelayClump(first.connection, first.to, first.kind, tuple(payloads))
