"""The settings of a server: every one has a name, a unit, a default and a check."""

import sys
from collections.abc import Callable
from typing import Any, Literal

from attrs import Attribute, field, frozen

from focus_signal.core.matchmaker import RelayScope
from focus_signal.errors import ConfigError

TransportName = Literal["native", "trio-websocket"]


def _refuse(attribute: "Attribute[Any]", came: object, allowed: str) -> ConfigError:
    try:
        shown = repr(came)
    except ValueError:  # Python shows no number of more than 4,300 digits
        shown = "a number too long to show"
    return ConfigError(f"{attribute.name} must be {allowed}, not {shown}")


def _text(_: object, attribute: "Attribute[Any]", value: object) -> None:
    if not isinstance(value, str) or not value:
        raise _refuse(attribute, value, "a text that is not empty")


def _truth(_: object, attribute: "Attribute[Any]", value: object) -> None:
    if not isinstance(value, bool):
        raise _refuse(attribute, value, "True or False")


def _transport(_: object, attribute: "Attribute[Any]", value: object) -> None:
    if value not in ("native", "trio-websocket"):
        raise _refuse(attribute, value, "'native' or 'trio-websocket'")


def _scope(_: object, attribute: "Attribute[Any]", value: object) -> None:
    if value not in ("room", "any"):
        raise _refuse(attribute, value, "'room' or 'any'")


def _whole(least: int, most: int) -> Callable[[object, "Attribute[Any]", object], None]:
    def check(_: object, attribute: "Attribute[Any]", value: object) -> None:
        # True is an int to Python, and no number to anybody else.
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise _refuse(attribute, value, f"a whole number from {least} to {most}")

    return check


def _seconds(_: object, attribute: "Attribute[Any]", value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= sys.float_info.max:
        raise _refuse(attribute, value, "a finite number of seconds above 0")


_COUNT = _whole(1, 1 << 30)


@frozen(kw_only=True)
class Config:
    """Hold the settings of one server; a value that is not allowed raises `ConfigError`.

    Args:
      host: the address or the name to listen on.
      port: the TCP port to listen on; 0 takes a free one.
      relay_scope: "room" relays between members of one room only; "any" between any two users, as the seed
        does.
      max_match_size: the largest room that may be asked for.
      seed_silent: send no `error` frames to seed clients.
      transport: "native" for this server's own WebSocket, "trio-websocket" for the library's; a mounted
        server is always on the library's.
      seat_grace: seconds for which a seat in a room outlives its connection.
      handshake_timeout: seconds from accepting a connection to the end of its handshake.
      write_timeout: seconds that a peer may take for one message that it is sent.
      close_timeout: seconds for closing a connection, from the close frame to the end of the stream.
      ping_interval: seconds between two WebSocket pings.
      pong_timeout: seconds that a peer may take to answer one.
      linger_timeout: seconds for which unread input is drained after an HTTP answer.
      head_bytes: the largest request head.
      head_lines: the most header lines in it.
      target_bytes: the longest request target.
      user_bytes: the longest user id, in bytes of UTF-8.
      frame_bytes: the largest message from a peer.
      nesting: how deep arrays and objects in a message may be nested.
      inbox_batches: how many batches of commands may wait for the matchmaker before connections have to wait.
      outbox_bytes: how much may wait for one peer; an empty outbox takes one message of any size.
      outbox_messages: how many messages may wait for one peer.
    """

    host: str = field(default="0.0.0.0", validator=_text)  # noqa: S104 - a server for the open internet
    port: int = field(default=8000, validator=_whole(0, 65535))
    relay_scope: RelayScope = field(default="room", validator=_scope)
    max_match_size: int = field(default=16, validator=_COUNT)
    seed_silent: bool = field(default=False, validator=_truth)
    transport: TransportName = field(default="native", validator=_transport)
    seat_grace: float = field(default=30.0, validator=_seconds)
    handshake_timeout: float = field(default=5.0, validator=_seconds)
    write_timeout: float = field(default=10.0, validator=_seconds)
    close_timeout: float = field(default=2.0, validator=_seconds)
    ping_interval: float = field(default=20.0, validator=_seconds)
    pong_timeout: float = field(default=10.0, validator=_seconds)
    linger_timeout: float = field(default=1.0, validator=_seconds)
    head_bytes: int = field(default=8 * 1024, validator=_COUNT)
    head_lines: int = field(default=100, validator=_COUNT)
    target_bytes: int = field(default=4 * 1024, validator=_COUNT)
    user_bytes: int = field(default=128, validator=_COUNT)
    frame_bytes: int = field(default=256 * 1024, validator=_COUNT)
    nesting: int = field(default=32, validator=_whole(1, 128))
    inbox_batches: int = field(default=1024, validator=_COUNT)
    outbox_bytes: int = field(default=1024 * 1024, validator=_COUNT)
    outbox_messages: int = field(default=4096, validator=_COUNT)
