"""Origins: what can stand in a list, and which of those that come are in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from focus_signal.access import origins
from focus_signal.access.origins import is_origin, may_connect
from tests.access.planting import Planted, caught

RIGHT = (
    "https://example.org",
    "http://localhost",
    "http://127.0.0.1:8080",
    "http://[::1]:8080",
    "https://*.example.org",
    "https://*.example.org:8443",
    "HTTPS://EXAMPLE.ORG",
    "chrome-extension://abcdef",
    "https://xn--bcher-kva.example",
    "https://a_b.example",
)
WRONG = (
    "",
    "*",
    "null",
    "example.org",
    "https://",
    "https:///",
    "https://*",
    "https://*.",
    "https://a.*.b",
    "https://**.a",
    "https://a/",
    "https://a/b",
    "https://a?b",
    "https://user@a",
    "https://a:",
    "https://a:x",
    "https://a:123456",
    "https://a b",
    "https://a\n",
    " https://a",
    "https://b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher.example",
    "://a",
    "1https://a",
)


def test_what_is_an_origin() -> None:
    assert [text for text in RIGHT if not is_origin(text)] == []


def test_what_is_none() -> None:
    assert [text for text in WRONG if is_origin(text)] == []


def test_the_same() -> None:
    assert may_connect("https://example.org", ["http://a", "https://example.org"])
    assert may_connect("https://EXAMPLE.org", ["HTTPS://example.ORG"])
    for other in (
        "http://example.org",
        "https://example.org:443",
        "https://a.example.org",
        "https://example.orgs",
    ):
        assert not may_connect(other, ["https://example.org"])
    assert not may_connect("https://example.org", [])


def test_every_host_below() -> None:
    allowed = ["https://*.example.org"]
    for right in ("https://a.example.org", "https://a.b.c.example.org", "HTTPS://A.Example.Org"):
        assert may_connect(right, allowed)
    for wrong in (
        "https://example.org",
        "https://badexample.org",
        "http://a.example.org",
        "https://a.example.org:8443",
        "https://a.example.org.evil.test",
        "ahttps://a.example.org",
    ):
        assert not may_connect(wrong, allowed)


def test_a_port_below() -> None:
    assert may_connect("https://a.example.org:8443", ["https://*.example.org:8443"])
    assert not may_connect("https://a.example.org", ["https://*.example.org:8443"])


@given(st.text(max_size=30))
def test_whatever_comes_is_judged(came: str) -> None:
    assert not may_connect(came, ["https://only.example.org"]) or came.lower() == "https://only.example.org"


@pytest.mark.parametrize("text", RIGHT)
def test_a_right_one_lets_itself_in(text: str) -> None:
    host = text.lower().replace("*", "www")
    assert may_connect(host, [text])


_real = origins._is_same
test_faults_are_caught = caught(
    [
        Planted("anything", test_what_is_none, origins, "_is_origin", lambda _: True),
        Planted("nothing", test_what_is_an_origin, origins, "_is_origin", lambda _: None),
        Planted(
            "a beginning will do",
            test_the_same,
            origins,
            "_is_same",
            lambda came, each: came.startswith(each),
        ),
        Planted(
            "the host itself",
            test_every_host_below,
            origins,
            "_is_same",
            lambda came, each: _real(came, each) or came == each.replace("*.", ""),
        ),
        Planted(
            "an end will do",
            test_every_host_below,
            origins,
            "_is_same",
            lambda came, each: came.endswith(each.partition("*")[2]),
        ),
        Planted(
            "no dot",
            test_every_host_below,
            origins,
            "_is_same",
            lambda came, each: came.startswith("https://") and came.endswith(each.partition("*.")[2]),
        ),
    ]
)
