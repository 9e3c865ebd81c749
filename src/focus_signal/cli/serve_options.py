"""The flags of `focus-signal serve`: those for limits and deadlines are made of the settings themselves."""

import argparse
from typing import Any

import attrs

from focus_signal.server.config import Config, deadlines, limits

# Settings that are lists: their flags give one thing each, and may be given several times.
_ONE_AT_A_TIME = {"allowed_origins": "--allowed-origin", "ice_servers": "--ice-server"}
_TURNED_OFF = {"demo": "--no-demo"}
_EVERYWHERE = "0.0.0.0"  # noqa: S104 - a server for the open internet


def flag_of(setting: str) -> str:
    """Give the flag for a setting."""
    own = _ONE_AT_A_TIME.get(setting) or _TURNED_OFF.get(setting)
    return own or f"--{setting.replace('_', '-')}"


def add_serve(parser: argparse.ArgumentParser) -> None:
    """Add the flags to a parser."""
    parser.add_argument("--host", default=_EVERYWHERE, help=f"the address to listen on ({_EVERYWHERE})")
    parser.add_argument("--port", type=int, default=8000, help="the port; 0 takes a free one (8000)")
    parser.add_argument(
        "--ready-json",
        action="store_true",
        help="print one line of JSON on stdout once connections are accepted, and end when stdin does, "
        "if that is a pipe or a socket",
    )
    parser.add_argument(
        "--relay-scope",
        choices=("room", "any"),
        default="room",
        help="relay between members of one room, or between any two users as the seed does (room)",
    )
    parser.add_argument("--max-match-size", type=int, default=16, help="the largest room (16)")
    parser.add_argument(
        "--transport",
        choices=("native", "trio-websocket"),
        default="native",
        help="what speaks WebSocket: this server's own code, or the library trio-websocket (native)",
    )
    parser.add_argument("--seed-silent", action="store_true", help="send no error frames to seed clients")
    parser.add_argument("--no-demo", dest="demo", action="store_false", help="serve no demo page at /")
    parser.add_argument(
        "--allowed-origin",
        dest="allowed_origins",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="let only pages of this origin connect, such as https://example.org or https://*.example.org; "
        "may be given several times",
    )
    parser.add_argument(
        "--secret-file",
        default="",
        metavar="PATH",
        help="a file with the secret that signs sessions, so that they outlive this process: 32 bytes or "
        "more in hex or base64, as `openssl rand -hex 32` makes it; below it the one before it, if any",
    )
    parser.add_argument(
        "--ice-server",
        dest="ice_servers",
        action="append",
        default=[],
        metavar="URL",
        help="a STUN server that clients are told to use, such as stun:example.org:3478; "
        "may be given several times",
    )
    defaults = Config()
    bounds = parser.add_argument_group("limits", "whole numbers; 0 means no limit")
    for name, limit in limits().items():
        default = getattr(defaults, name)
        about = f"{limit.bounds}, in {limit.unit} ({default})"
        bounds.add_argument(flag_of(name), type=int, default=default, metavar="N", help=about)
    times = parser.add_argument_group("deadlines", "in seconds")
    for name, deadline in deadlines().items():
        default = getattr(defaults, name)
        times.add_argument(
            flag_of(name), type=float, default=default, metavar="S", help=f"{deadline.of} ({default:g})"
        )


def config_of(options: argparse.Namespace) -> Config:
    """Make a config of the parsed command line.

    Raises:
      ConfigError: a value is not allowed.
    """
    given: dict[str, Any] = {
        each.name: getattr(options, each.name) for each in attrs.fields(Config) if each.name in options
    }
    given["allowed_origins"] = tuple(options.allowed_origins)
    given["ice_servers"] = tuple({"urls": url} for url in options.ice_servers)
    return Config(**given)


def as_flags(message: str) -> str:
    """Put a config's complaint into the words of the command line: it begins with a setting's name."""
    name, _, rest = message.partition(" ")
    # It may name another one as well.
    settings = {each.name: flag_of(each.name) for each in attrs.fields(Config)}
    words = [settings.get(word.rstrip(","), word) for word in rest.split(" ")]
    return f"{flag_of(name)} {' '.join(words)}"
