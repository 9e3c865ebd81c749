"""Every setting: its default, its bounds, and an error that says which it is, what came and what may come."""

from __future__ import annotations

import inspect
import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import attrs
import pytest

from focus_signal import Config, ConfigError, FocusSignalError
from focus_signal.core.sizes import LEAST
from focus_signal.server.config import deadlines, limits, replay_bound
from focus_signal.server.settings import NO_LIMIT

DEFAULTS: dict[str, object] = {
    "host": "0.0.0.0",  # noqa: S104 - the documented default
    "port": 8000,
    "relay_scope": "room",
    "max_match_size": 16,
    "seed_silent": False,
    "transport": "native",
    "allowed_origins": (),
    "demo": True,
    "secret_file": "",
    "ice_servers": (),
    "seat_grace": 30.0,
    "ready_timeout": 15.0,
    "handshake_timeout": 5.0,
    "write_timeout": 10.0,
    "close_timeout": 2.0,
    "ping_interval": 20.0,
    "pong_timeout": 10.0,
    "linger_timeout": 1.0,
    "rate_grace": 10.0,
    "drain_grace": 10.0,
    "head_bytes": 8192,
    "head_lines": 100,
    "target_bytes": 4096,
    "user_bytes": 128,
    "frame_bytes": 262_144,
    "max_fragments": 64,
    "nesting": 32,
    "message_rate": 100,
    "message_burst": 2000,
    "byte_rate": 32_768,
    "byte_burst": 786_432,
    "max_connections": 20_000,
    "max_connections_per_address": 256,
    "max_connections_per_user": 8,
    "max_failures_per_address": 64,
    "max_handshakes": 4096,
    "inbox_batches": 1024,
    "inbox_bytes": 524_288,
    "outbox_bytes": 1_048_576,
    "outbox_messages": 4096,
    "total_outbox_bytes": 25_165_824,
    "total_unfinished_bytes": 67_108_864,
    "replay_bytes": 262_144,
    "total_replay_bytes": 67_108_864,
}

# The whole numbers with their bounds.
_COUNTS = ["max_match_size", "inbox_batches"]
# Those of which 0 is none.
_LIMITS = [
    "head_bytes",
    "head_lines",
    "target_bytes",
    "user_bytes",
    "frame_bytes",
    "max_fragments",
    "message_rate",
    "message_burst",
    "byte_rate",
    "byte_burst",
    "max_connections",
    "max_connections_per_address",
    "max_connections_per_user",
    "max_failures_per_address",
    "max_handshakes",
    "inbox_bytes",
    "outbox_bytes",
    "outbox_messages",
    "total_outbox_bytes",
    "total_unfinished_bytes",
    "replay_bytes",
    "total_replay_bytes",
]
WHOLE = {
    "port": (0, 65535),
    "nesting": (0, 128),
    **dict.fromkeys(_COUNTS, (1, 1 << 30)),
    **dict.fromkeys(_LIMITS, (0, 1 << 30)),
}
SECONDS = [name for name, value in DEFAULTS.items() if isinstance(value, float)]
OTHERS = [
    "host",
    "relay_scope",
    "seed_silent",
    "transport",
    "allowed_origins",
    "demo",
    "secret_file",
    "ice_servers",
]

# What is no number to anybody, and what Python alone calls one.
_NO_NUMBER: list[Any] = [None, "", "1", "x", b"1", True, False, [], [1], {}, (1,), 1j, object, Decimal(1)]
_NO_FINITE = [math.nan, math.inf, -math.inf]


def make(name: str, value: object) -> Config:
    settings: dict[str, Any] = {name: value}
    return Config(**settings)


def _make_alone(name: str, value: int) -> Config:
    """Make a config in which nothing else has a say about this value."""
    others: dict[str, Any] = {"frame_bytes": {"frame_bytes": value}, "byte_burst": {"frame_bytes": 1}}
    return Config(**{"byte_burst": 0, **others.get(name, {}), name: value})


def test_a_burst_of_bytes_holds_the_largest_message() -> None:
    """Else such a message would be refused for ever, and its sender told to wait."""
    assert Config(frame_bytes=1000, byte_burst=1000).byte_burst == 1000
    assert Config(frame_bytes=1000, byte_burst=999, byte_rate=0).byte_burst == 999
    with pytest.raises(ConfigError, match=r"^byte_burst must be 0 or at least frame_bytes, 1000, not 999$"):
        Config(frame_bytes=1000, byte_burst=999)
    with pytest.raises(ConfigError, match=r"frame_bytes, which has no limit, not 786432$"):
        Config(frame_bytes=0)
    assert Config(frame_bytes=0, byte_burst=0).byte_burst == 0


def test_allowed_origins() -> None:
    for right in (
        (),
        ("https://example.org",),
        ("http://a.b:8080", "https://*.example.org", "HTTPS://X.org"),
    ):
        assert Config(allowed_origins=right).allowed_origins == right
    wrong: Any
    for wrong in (None, 0, True, "https://example.org", ["https://example.org"], {}, b"https://example.org"):
        told = refusal("allowed_origins", wrong)
        assert told.startswith("allowed_origins must be a tuple of origins")
        assert told.endswith(f"not {wrong!r}")
    for wrong in ("", "example.org", "https://", "https://a/b", "https://a b", "null", 1, None, "https://*"):
        told = refusal("allowed_origins", (wrong,))
        assert told.startswith("allowed_origins must be origins")
        assert told.endswith(f"not {wrong!r}")


def test_secret_file() -> None:
    for right in ("", "secrets", "/etc/focus signal/secrets", "\0"):
        assert Config(secret_file=right).secret_file == right
    for wrong in (None, 0, True, b"secrets", ["secrets"]):
        assert refusal("secret_file", wrong) == f"secret_file must be a text, not {wrong!r}"


def test_ice_servers() -> None:
    turn = {"urls": ["turn:a.example"], "username": "u", "credential": "c"}
    for right in ((), ({"urls": "stun:a.example"},), ({"urls": "stun:a.example"}, turn)):
        assert Config(ice_servers=right).ice_servers == right
    wrong: Any
    for wrong in (None, 0, True, {}, turn, [turn], "stun:a.example"):
        told = refusal("ice_servers", wrong)
        assert told.startswith("ice_servers must be a tuple of ICE servers")
        assert told.endswith(f"not {wrong!r}")
    for wrong in ("stun:a.example", {}, {**turn, "credential": 0x5EC2E7}, {**turn, "x": object()}, None):
        told = refusal("ice_servers", ({"urls": "stun:a.example"}, wrong))
        assert told.startswith("ice_servers must be ICE servers as browsers take them, and one ")
        assert str(0x5EC2E7) not in told


def test_ice_servers_have_no_part_in_the_hash() -> None:
    one, other = (Config(ice_servers=({"urls": f"stun:{host}.example"},)) for host in "ab")
    assert hash(one) == hash(other)
    assert one != other


def test_what_is_replayed_fits_into_an_outbox() -> None:
    """However the two are set, and no limit is the half of no limit."""
    for replay, outbox, bound in (
        (262_144, 1_048_576, 262_144),
        (524_288, 1_048_576, 524_288),
        (524_289, 1_048_576, 524_288),
        (0, 1_048_576, 524_288),
        (262_144, 1_000, 500),
        (262_144, 1, 0),
        (262_144, 0, 262_144),
        (0, 0, NO_LIMIT // 2),
    ):
        assert replay_bound(Config(replay_bytes=replay, outbox_bytes=outbox, outbox_messages=0)) == bound


def test_no_more_messages_are_replayed_than_half_an_outbox_holds() -> None:
    for messages, bound in ((100, 50 * LEAST), (1, 0), (4096, 262_144), (0, 262_144)):
        assert replay_bound(Config(outbox_messages=messages)) == bound


def test_every_limit_and_every_deadline_is_told_about() -> None:
    """What has a flag is what has something to be said about it, and nothing is left out."""
    assert list(limits()) == [name for name in DEFAULTS if name in _LIMITS or name == "nesting"]
    assert list(deadlines()) == SECONDS


def refusal(name: str, value: object) -> str:
    """See that a value is refused, by an error of either kind that callers may look for."""
    with pytest.raises(ConfigError) as refused:
        make(name, value)
    assert isinstance(refused.value, ValueError)
    assert isinstance(refused.value, FocusSignalError)
    return str(refused.value)


def test_every_field_is_in_these_tests() -> None:
    assert [field.name for field in attrs.fields(Config)] == list(DEFAULTS)
    assert sorted([*WHOLE, *SECONDS, *OTHERS]) == sorted(DEFAULTS)


def test_defaults() -> None:
    assert attrs.asdict(Config()) == DEFAULTS


def test_every_field_is_told_about() -> None:
    """In the order of the fields, so that nobody looks in vain."""
    assert Config.__doc__ is not None
    # Some versions of Python take the margin off, some leave it.
    described = inspect.cleandoc(Config.__doc__).partition("Args:")[2].splitlines()
    names = [line.split(":")[0].strip() for line in described if line.startswith("  ") and line[2] != " "]
    assert names == list(DEFAULTS)


@pytest.mark.parametrize("name", WHOLE)
def test_whole_number(name: str) -> None:
    least, most = WHOLE[name]
    for right in (least, least + 1, most):
        assert getattr(_make_alone(name, right), name) == right
    for wrong in (*_NO_NUMBER, *_NO_FINITE, least - 1, -1, most + 1, -most, 10**30, 1.0, 2.5, Fraction(2)):
        assert refusal(name, wrong) == f"{name} must be a whole number from {least} to {most}, not {wrong!r}"


@pytest.mark.parametrize("name", SECONDS)
def test_seconds(name: str) -> None:
    for right in (1, 0.001, 5e-324, 86_400, 1e9):
        assert getattr(make(name, right), name) == right
    for wrong in (*_NO_NUMBER, *_NO_FINITE, 0, 0.0, -0.0, -1, -0.001, Fraction(2)):
        assert refusal(name, wrong) == f"{name} must be a finite number of seconds above 0, not {wrong!r}"


def test_seconds_beyond_any_clock() -> None:
    """A whole number can be larger than every float: a moment so far away cannot even be computed."""
    for name in SECONDS:
        assert refusal(name, 10**400).startswith(f"{name} must be a finite number of seconds above 0, not ")


def test_number_that_python_refuses_to_print() -> None:
    """Python prints no number of more than 4,300 digits; the error must be ours all the same."""
    for name in DEFAULTS:
        assert refusal(name, -(10**5000)).startswith(f"{name} must be ")


def test_host() -> None:
    for right in ("127.0.0.1", "::1", "localhost", "example.org"):
        assert Config(host=right).host == right
    for wrong in ("", None, 0, 1, True, 1.5, math.nan, b"127.0.0.1", ["127.0.0.1"]):
        assert refusal("host", wrong) == f"host must be a text that is not empty, not {wrong!r}"


def test_relay_scope() -> None:
    assert Config(relay_scope="any").relay_scope == "any"
    assert Config(relay_scope="room").relay_scope == "room"
    wrong: object
    for wrong in ("", "ANY", "Room", "room ", "world", None, 0, True, math.nan, b"any", ["any"], {}):
        assert refusal("relay_scope", wrong) == f"relay_scope must be 'room' or 'any', not {wrong!r}"


@pytest.mark.parametrize("setting", ["seed_silent", "demo"])
def test_what_is_on_or_off(setting: str) -> None:
    for value in (True, False):
        given: dict[str, Any] = {setting: value}
        assert getattr(Config(**given), setting) is value
    wrong: object
    for wrong in (0, 1, 0.0, math.nan, "", "yes", "False", None, [], b""):
        assert refusal(setting, wrong) == f"{setting} must be True or False, not {wrong!r}"


def test_transport() -> None:
    assert Config(transport="native").transport == "native"
    assert Config(transport="trio-websocket").transport == "trio-websocket"
    wrong: object
    for wrong in (
        "",
        "Native",
        "native ",
        "trio_websocket",
        "wsproto",
        None,
        0,
        True,
        math.nan,
        b"native",
        [],
    ):
        assert refusal("transport", wrong) == f"transport must be 'native' or 'trio-websocket', not {wrong!r}"


def test_frozen() -> None:
    config = Config()
    for name, value in DEFAULTS.items():
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(config, name, value)
    with pytest.raises(AttributeError):
        config.ports = 1  # type: ignore[attr-defined]
    assert attrs.asdict(config) == DEFAULTS


def test_changed_copies_are_checked_too() -> None:
    assert attrs.evolve(Config(), port=1).port == 1
    with pytest.raises(ConfigError, match=r"^port must be a whole number from 0 to 65535, not 65536$"):
        attrs.evolve(Config(), port=65536)


def test_names_only() -> None:
    """Fields come by name alone, so that one can be added between any two."""
    with pytest.raises(TypeError):
        Config("127.0.0.1", 0)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Config(prot=8000)  # type: ignore[call-arg]


def test_equal_by_value() -> None:
    assert Config(port=1) == Config(port=1)
    assert hash(Config(port=1)) == hash(Config(port=1))
    assert Config(port=1) != Config(port=2)
