"""URLs, requests, and the answers to them."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest

from focus_signal.load.faults import Unreachable, WrongResult
from focus_signal.load.generator import Load
from focus_signal.load.target import Target, WrongUrl, read_target
from focus_signal.load.upgrade import ACCEPT, KEY, check_upgrade


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("ws://127.0.0.1:8000/signal", Target("127.0.0.1", 8000, "/signal")),
        ("ws://example.org", Target("example.org", 80, "/")),
        ("ws://[::1]:1/a?b=c&d", Target("::1", 1, "/a?b=c&d")),
    ],
)
def test_a_url(url: str, target: Target) -> None:
    assert read_target(url) == target
    assert read_target(target.url) == target


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("wss://host/signal", "TLS"),
        ("http://host/signal", "ws://HOST:PORT/PATH"),
        ("host:8000", "ws://HOST:PORT/PATH"),
        ("ws:///signal", "ws://HOST:PORT/PATH"),
        ("", "ws://HOST:PORT/PATH"),
        ("ws://host:0/", "port 0"),
        ("ws://host:99999/", "(?i)port"),
        ("ws://host:x/", "(?i)port"),
        ("ws://[::1/", "IPv6"),
        ("ws://ana@host/", "user name"),
        ("ws://host/#top", "fragment"),
        ("ws://host/?userId=", "userId is added"),
        ("ws://host/a b", "ASCII"),
        ("ws://host/\r\nX: y", "ASCII"),
        ("ws://höst/", "ASCII"),
        (f"ws://host/{'x' * 2048}", "2048"),
    ],
)
def test_a_wrong_url(url: str, said: str) -> None:
    with pytest.raises(WrongUrl, match=said):
        read_target(url)


@pytest.mark.parametrize(
    ("resource", "asked"), [("/signal", [("userId", "ana")]), ("/s?a=b", [("a", "b"), ("userId", "ana")])]
)
def test_a_request(resource: str, asked: list[tuple[str, str]]) -> None:
    head = Target("::1", 8000, resource).request("ana", KEY)
    first, *lines = head.decode().split("\r\n")
    method, target, version = first.split(" ")
    assert (method, version) == ("GET", "HTTP/1.1")
    path, _, query = target.partition("?")
    assert path == resource.partition("?")[0]
    assert parse_qsl(query) == asked
    assert "Host: [::1]:8000" in lines
    assert lines[-2:] == ["", ""]


GOOD = b"HTTP/1.1 101 Switching Protocols\r\nsec-websocket-ACCEPT:  " + ACCEPT


def test_a_good_answer() -> None:
    check_upgrade(GOOD, b"")
    check_upgrade(GOOD + b"\r\nSec-WebSocket-Protocol:", b"")


@pytest.mark.parametrize(
    ("head", "rest", "kind", "said"),
    [
        (b"HTTP/1.1 404 Not Found\r\nA: b", b"Not Found\nindeed", Unreachable, "404 Not Found Not Found$"),
        (b"SSH-2.0-x", b"", Unreachable, "SSH"),
        (b"HTTP/1.1 101 x", b"", WrongResult, "right Sec-WebSocket-Accept"),
        (b"HTTP/1.1 101 x\r\nSec-WebSocket-Accept: AAAA", b"", WrongResult, "right Sec-WebSocket-Accept"),
        (GOOD + b"\r\nSec-WebSocket-Accept: AAAA", b"", WrongResult, "right Sec-WebSocket-Accept"),
        (GOOD + b"\r\nSec-WebSocket-Extensions: permessage-deflate", b"", WrongResult, "not offered"),
        (GOOD + b"\r\nSec-WebSocket-Protocol: v1", b"", WrongResult, "not offered"),
    ],
)
def test_a_wrong_answer(head: bytes, rest: bytes, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        check_upgrade(head, rest)


def test_a_name_that_is_none() -> None:
    with pytest.raises(Unreachable, match="is not the name of a host"):
        Load(Target(f"{'a' * 64}.invalid", 80, "/"))
