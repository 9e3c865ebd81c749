"""A head is read the same in whatever pieces it comes, and each wrong one gets its status."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from focus_signal.wire.http_head import Head, HeadReader
from tests.core.effort import instructions_of
from tests.wire.heads import BAD, BROWSER, GET, GOOD, HOST, LIMITS, head_of, of_target, verdict, with_line


@pytest.mark.parametrize("name", GOOD)
def test_a_good_head_is_read(name: str) -> None:
    data = GOOD[name]
    read = verdict(data)
    assert isinstance(read, tuple)
    head, rest = read
    assert data.endswith(rest)
    whole = data.removesuffix(rest)
    assert whole.endswith(b"\r\n\r\n")
    method, target, version = whole.lstrip().split(b"\r\n")[0].decode().split(" ")
    assert (head.method, f"HTTP/{head.version}") == (method, version)
    assert target.endswith(f"{head.path}?{head.query}".removesuffix("?"))
    lines = whole.lstrip().split(b"\r\n")[1:-2]
    assert [f"{key}:{value}" for key, value in head.headers] == [
        f"{line.partition(b':')[0].decode().lower()}:{line.partition(b':')[2].strip().decode('latin-1')}"
        for line in lines
    ]


@pytest.mark.parametrize("name", BAD)
def test_a_bad_head_gets_its_status(name: str) -> None:
    status, data = BAD[name]
    assert verdict(data) == status


@pytest.mark.parametrize("name", GOOD)
def test_a_good_head_byte_by_byte(name: str) -> None:
    data = GOOD[name]
    assert verdict(data, range(1, len(data))) == verdict(data)


@pytest.mark.parametrize("name", BAD)
def test_a_bad_head_byte_by_byte(name: str) -> None:
    status, data = BAD[name]
    assert verdict(data, range(1, len(data))) == status


@settings(max_examples=600)
@given(st.data(), st.sampled_from([*GOOD, *BAD]))
def test_any_head_in_any_pieces(data: st.DataObject, name: str) -> None:
    status, head = BAD[name] if name in BAD else (None, GOOD[name])
    cuts = data.draw(st.lists(st.integers(0, len(head)), max_size=12).map(sorted))
    assert verdict(head, cuts) == (status or verdict(head))


@pytest.mark.parametrize("at", range(1, 24))
@pytest.mark.parametrize("name", ["a browser's", "the preface of HTTP/2", "HTTP/1.9", "HTTP/1.10"])
def test_every_cut_in_the_request_line(name: str, at: int) -> None:
    head = GOOD[name] if name in GOOD else BAD[name][1]
    assert verdict(head, [at]) == verdict(head)


TOKENS = (
    *(
        b" ",
        b"\r",
        b"\n",
        b"\r\n",
        b"\0",
        b":",
        b"\t",
        b"\xff",
        b"/",
        b"?",
        b"#",
        b".",
        b"1",
        b"2",
        b"\r\n\r\n",
    ),
    *(
        b" HTTP",
        b"HTTP/1.1",
        b"HTTP/2",
        b"GET",
        HOST,
        b"Content-Length: 3\r\n",
        b"\r\n ",
        b"Upgrade: websocket\r\n",
    ),
)


@settings(max_examples=1_000)
@given(
    st.sampled_from([BROWSER, GET + b"\r\n", b"\r\n" + GET + b"\r\n", BAD["the preface of HTTP/2"][1]]),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 4), st.sampled_from(TOKENS)), max_size=3),
    st.none() | st.lists(st.floats(0, 1), max_size=6),
)
def test_pieces_never_decide_whether_a_head_is_served(
    head: bytes, edits: list[tuple[float, int, bytes]], places: list[float] | None
) -> None:
    """With two things wrong it may depend on the pieces which one is seen first, but never whether one is."""
    for place, gone, token in edits:
        at = int(place * len(head))
        head = head[:at] + token + head[at + gone :]
    cuts = range(1, len(head)) if places is None else sorted(int(place * len(head)) for place in places)
    whole, pieces = verdict(head), verdict(head, cuts)
    if isinstance(whole, int):
        assert isinstance(pieces, int)
    else:
        assert pieces == whole


@settings(max_examples=500)
@given(st.binary(max_size=200), st.binary(max_size=200))
def test_no_bytes_raise_anything_else(first: bytes, second: bytes) -> None:
    for data in (first + second, GET + first + b"\r\n" + second, b"GET " + first + b" HTTP/1.1\r\n\r\n"):
        assert verdict(data, [len(first)]) is None or verdict(data, [len(first)])


@pytest.mark.parametrize("name", ["a browser's", "the smallest", "after empty lines", "with the most lines"])
def test_a_head_is_read_with_its_last_byte_and_not_before(name: str) -> None:
    data = GOOD[name]
    for stop in range(len(data)):
        assert verdict(data[:stop]) is None


def test_a_reader_knows_whether_anything_came() -> None:
    reader = HeadReader(LIMITS)
    assert reader.empty
    assert reader.feed(b"G") is None
    assert not reader.empty


@pytest.mark.parametrize("spaces", [b" ", b"  ", b"     "])
def test_the_bound_of_the_target_holds_behind_any_spaces(spaces: bytes) -> None:
    """The parser lets several spaces pass there."""
    assert isinstance(verdict(of_target(4 * 1024, spaces)), tuple)
    assert verdict(of_target(4 * 1024 + 1, spaces)) == 414


@pytest.mark.parametrize(
    "before",
    [b"\r\n" * 2_000, b"GET /" + b"x" * 3_995, GET + b"X: x\r\n" * 99],
    ids=["empty lines", "a target", "header lines"],
)
def test_a_byte_costs_the_same_whatever_came_before(before: bytes) -> None:
    """Else a few kB, sent byte by byte, would hold everybody up for seconds."""

    def cost(came: bytes) -> int:
        reader = HeadReader(LIMITS)
        assert reader.feed(came) is None
        return instructions_of(lambda: reader.feed(b"G"))

    assert cost(before) < 10 * cost(b"\r\n")


def test_the_rows_come_in_the_order_of_the_contract() -> None:
    assert verdict(of_target(5_000).replace(HOST, HOST * 101)) == 431
    assert verdict(of_target(5_000).replace(HOST, b"")) == 414
    assert verdict(of_target(5_000).replace(b"HTTP/1.1", b"HTTP/1.9")) == 414
    assert verdict(GET + b"X: " + b"x" * 9_000 + b"\0\r\n\r\n") == 431


def test_a_target_is_split_at_the_first_question_mark() -> None:
    head = head_of(b"GET /signal?userId=a?b&x=/y HTTP/1.1\r\n" + HOST + b"\r\n")
    assert (head.path, head.query) == ("/signal", "userId=a?b&x=/y")
    assert head_of(b"GET /signal? HTTP/1.1\r\n" + HOST + b"\r\n").query == ""
    assert head_of(b"GET /signal HTTP/1.1\r\n" + HOST + b"\r\n").path == "/signal"


@pytest.mark.parametrize(
    "path", ["/signal/", "/Signal", "//signal", "/./signal", "/%73ignal", "/signal;x", "*"]
)
def test_a_path_is_left_as_it_came(path: str) -> None:
    method = "OPTIONS" if path == "*" else "GET"
    assert head_of(f"{method} {path}?a HTTP/1.1\r\n".encode() + HOST + b"\r\n").path in {path, f"{path}?a"}


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        ("http://example.test/signal?userId=a", "/signal", "userId=a"),
        ("https://example.test:8000/signal", "/signal", ""),
        ("http://example.test", "/", ""),
        ("/signal?userId=http://example.test/x", "/signal", "userId=http://example.test/x"),
    ],
)
def test_a_target_in_absolute_form(target: str, path: str, query: str) -> None:
    head = head_of(f"GET {target} HTTP/1.1\r\n".encode() + HOST + b"\r\n")
    assert (head.path, head.query) == (path, query)


def test_values_are_latin_1_and_their_names_lower_case() -> None:
    head = head_of(with_line(b"X-Name: \xc3\xa9\xff\r\nx-name:b\t\r\nX-NAME:  c d  "))
    assert head.values("x-name") == ["\xc3\xa9\xff", "b", "c d"]
    assert head.values("X-Name") == []
    assert head.values("y") == []


def test_tokens_are_those_of_all_lines() -> None:
    head = Head(
        "GET",
        "1.1",
        "/",
        "",
        (("connection", " keep-alive ,, Upgrade"), ("x", "y"), ("connection", "CLOSE,")),
    )
    assert head.tokens("connection") == ["keep-alive", "upgrade", "close"]
    assert head.tokens("upgrade") == []
