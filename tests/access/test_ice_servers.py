"""ICE servers: what a browser takes, and what would keep it from making any connection."""

from __future__ import annotations

from types import MappingProxyType, SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from focus_signal.access import ice_servers
from focus_signal.access.ice_servers import fault_of
from tests.access.planting import Planted, caught

LOGIN = {"username": "u", "credential": "c"}
RIGHT: list[Any] = [
    {"urls": "stun:example.org"},
    {"urls": "stun:example.org:3478"},
    {"urls": "STUNS:example.org:5349"},
    {"urls": "stun:192.0.2.1"},
    {"urls": "stun:[2001:db8::1]:3478"},
    {"urls": ["stun:a.example", "stun:b.example"]},
    {"urls": ("stun:a.example",)},
    {"urls": "turn:example.org", **LOGIN},
    {"urls": "turn:example.org:3478?transport=udp", **LOGIN},
    {"urls": ["stun:a.example", "turns:example.org:443?transport=tcp"], **LOGIN},
    {"urls": "stun:example.org", "later": [1, {"x": None}]},
]
_NONE = "has no 'urls'"
WRONG: list[tuple[Any, str]] = [
    (None, "is no mapping"),
    ("stun:example.org", "is no mapping"),
    (["stun:example.org"], "is no mapping"),
    ({}, _NONE),
    ({"url": "stun:example.org"}, _NONE),
    ({"urls": None}, _NONE),
    ({"urls": []}, _NONE),
    ({"urls": b"stun:example.org"}, _NONE),
    ({"urls": 1}, _NONE),
    ({"urls": {"stun:example.org": 1}}, _NONE),
]
NO_URLS = [
    "",
    "example.org",
    "example.org:3478",
    "stun:",
    "stun://example.org",
    "stun:example.org:",
    "stun:example.org:x",
    "stun:example.org:123456",
    "stun:example.org?transport=udp",
    "stun:user@example.org",
    "stun:exa mple.org",
    "stun:example.org\n",
    " stun:example.org",
    "https://example.org",
    "stun:b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher.example",
    None,
    1,
    b"stun:example.org",
]
NO_LOGINS: list[dict[str, Any]] = [
    {},
    {"username": "u"},
    {"credential": "c"},
    {"username": "u", "credential": None},
    {"username": 1, "credential": "c"},
]


def test_right() -> None:
    assert [(server, fault_of(server)) for server in RIGHT if fault_of(server) is not None] == []


def test_wrong() -> None:
    assert [fault_of(server) for server, _ in WRONG] == [fault for _, fault in WRONG]


def test_wrong_urls() -> None:
    for url in NO_URLS:
        told = f"has the URL {url!r}, which is none as in 'stun:example.org:3478'"
        assert fault_of({"urls": ["stun:example.org", url]}) == told
        if isinstance(url, str):
            assert fault_of({"urls": url}) == told


def test_turn_needs_a_login() -> None:
    for login in NO_LOGINS:
        for urls in ("turn:example.org", ["stun:example.org", "turns:example.org"]):
            url = urls if isinstance(urls, str) else urls[1]
            told = f"has the URL {url!r}, and not both a 'username' and a 'credential'"
            assert fault_of({"urls": urls, **login}) == told


def test_what_cannot_go_to_a_client() -> None:
    itself: dict[str, Any] = {"urls": "stun:example.org"}
    itself["itself"] = itself
    told = "cannot be written as JSON"
    for more in (object(), 1j, {(1, 2): 3}, "\ud800", itself):
        assert fault_of({"urls": "stun:example.org", "more": more}) == told
    assert fault_of(MappingProxyType({"urls": "stun:example.org"})) == told


@given(st.text() | st.text("stun:/?=transport.[]0123456789@ ", max_size=30))
def test_any_url_is_judged(url: str) -> None:
    fault = fault_of({"urls": url})
    assert (fault is None) == bool(ice_servers._is_stun(url))


test_faults_are_caught = caught(
    [
        Planted("nothing is right", test_right, ice_servers, "_is_stun", lambda _: None),
        Planted("everything is", test_wrong_urls, ice_servers, "_is_stun", lambda _: True),
        Planted("no turn", test_right, ice_servers, "_is_turn", lambda _: None),
        Planted("no login is needed", test_turn_needs_a_login, ice_servers, "_LOGIN", ()),
        Planted("a name is enough", test_turn_needs_a_login, ice_servers, "_LOGIN", ("username",)),
        Planted(
            "no JSON is needed",
            test_what_cannot_go_to_a_client,
            ice_servers,
            "msgspec",
            SimpleNamespace(json=SimpleNamespace(encode=lambda _: b"")),
        ),
    ]
)
