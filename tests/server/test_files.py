"""The files that the server hands out, byte for byte, and who asks whether theirs is still the same."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trio
from attrs import evolve

from focus_signal import Config, Server, open_server
from focus_signal.errors import HttpRefused
from focus_signal.server import files as files_module
from focus_signal.server.config import TransportName
from focus_signal.server.files import MODULE, TYPES, file_of, files_for, has_tag, read_page
from focus_signal.wire.http_head import Head
from tests.server.transports import BOTH

WEB = Path(files_module.__file__).resolve().parents[1] / "web"
DEMO = WEB / "demo"
CONFIG = Config(host="127.0.0.1", port=0)
BODY = b"h\xc3\xb6chstens"
TAG = f'"{hashlib.sha256(BODY).hexdigest()[:32]}"'
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob: mediastream:; connect-src 'self' ws: wss:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
ALWAYS = (
    f"Connection: close\r\nETag: {TAG}\r\nCache-Control: no-cache\r\nX-Content-Type-Options: nosniff\r\n"
    f"Referrer-Policy: no-referrer\r\nContent-Security-Policy: {POLICY}\r\n"
)
OK = f"HTTP/1.1 200 OK\r\nContent-Type: text/css;charset=UTF-8\r\nContent-Length: {len(BODY)}\r\n{ALWAYS}\r\n"
UNCHANGED = f"HTTP/1.1 304 Not Modified\r\n{ALWAYS}\r\n"
HOST = b"Host: localhost\r\n"


def head(method: str = "GET", *conditions: str) -> Head:
    lines = (("if-none-match", condition) for condition in conditions)
    return Head(method, "1.1", "/some.css", "", (("host", "localhost"), *lines))


def answer(method: str = "GET", *conditions: str, from_anywhere: bool = False) -> bytes:
    return file_of("some.css", BODY, from_anywhere=from_anywhere).answer(head(method, *conditions))


# The answers.


def test_the_answers_byte_for_byte() -> None:
    assert answer() == OK.encode() + BODY
    assert answer("HEAD") == OK.encode()
    for method in ("GET", "HEAD"):
        assert answer(method, TAG) == UNCHANGED.encode()


def test_a_module_may_be_read_from_anywhere_and_a_page_may_not() -> None:
    open_ok, open_unchanged = (
        text.replace("\r\n\r\n", "\r\nAccess-Control-Allow-Origin: *\r\n\r\n") for text in (OK, UNCHANGED)
    )
    assert answer(from_anywhere=True) == open_ok.encode() + BODY
    # A browser looks at it in this one, too.
    assert answer("GET", TAG, from_anywhere=True) == open_unchanged.encode()
    assert {path for path, file in files_for(demo=True).items() if b"\r\nAccess-" in file._head} == {
        f"/{name}" for name in MODULE
    }


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
def test_a_method_that_does_not_read(method: str) -> None:
    with pytest.raises(HttpRefused) as refused:
        answer(method, TAG)
    assert (refused.value.status, refused.value.headers) == (405, (("Allow", "GET, HEAD"),))
    assert refused.value.text == f"/some.css takes GET, HEAD, not {method}."


def test_another_content_is_another_tag() -> None:
    other = file_of("some.css", BODY + b" ", from_anywhere=False)
    assert other.tag != TAG
    assert other.answer(head("GET", TAG)).endswith(BODY + b" ")


# Who has it already. "now" is the tag of what there is.

NOW = '"now"'
NAMES_IT = [
    "*",
    '"now"',
    'W/"now"',
    '"old", "now"',
    '"now","old"',
    'W/"old" , W/"now"',
    '"old",,\t"now" ,',
    ', "now"',
    '"now"\t,"a,b"',
    '"a,b", "now"',
    '"", "now"',
    '"\xe4\xff", "now"',
    '"\\", "now"',
]
NAMES_ANOTHER = [
    "",
    " ",
    ",",
    '"old"',
    '""',
    "now",
    '"now',
    'now"',
    'w/"now"',
    'W/ "now"',
    '"a b", "now"',
    '"Now"',
    '"now "',
    "'now'",
    '"nownow"',
    # In the middle of another tag.
    '"a,"now",b"',
    # No lists: none of them is believed.
    '"now" "old"',
    '"now"; "old"',
    '"now", old',
    '"now", *',
    '*, "now"',
    "**",
    '"now", "\x00"',
    '"now"\n',
]


def by_commas(condition: str, tag: str) -> bool:
    """Do what is so often done, and wrong: a tag may have commas, and a list may be none."""
    return condition == "*" or tag in [each.strip().removeprefix("W/") for each in condition.split(",")]


def wrongly(judge: Callable[[str, str], bool]) -> list[str]:
    """List what is judged wrongly."""
    return [each for each in NAMES_IT if not judge(each, NOW)] + [
        each for each in NAMES_ANOTHER if judge(each, NOW)
    ]


def test_a_list_of_tags_is_read_as_one() -> None:
    assert wrongly(has_tag) == []


def test_reading_it_by_commas_is_seen() -> None:
    assert '"now", old' in wrongly(by_commas)


def test_several_lines_are_one_list() -> None:
    assert answer("GET", '"old"', f"W/{TAG}") == UNCHANGED.encode()
    assert answer("GET", '"old"', '"older"') == OK.encode() + BODY
    assert answer("GET", TAG, "*") == OK.encode() + BODY


@pytest.mark.parametrize(
    "condition",
    ['"' * 8000, "," * 8000, '"x",' * 2000, "W/" * 4000, ' "' * 4000, '"x"' * 2600, "\t" * 8000 + "x"],
    ids=lambda condition: condition[:6],
)
def test_a_huge_list_is_read_in_one_go(condition: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No look at a tag begins where another one has been."""
    looks: list[int] = []

    class Counted:
        def match(self, text: str, at: int) -> object:
            looks.append(at)
            return look(text, at)

    look = files_module._TAG.match
    monkeypatch.setattr(files_module, "_TAG", Counted())
    assert has_tag(condition, NOW) is False
    assert looks == sorted(set(looks))
    assert len(looks) <= condition.count(",") + 1


# What there is.


def test_what_is_served() -> None:
    module = {f"/{name}" for name in MODULE}
    page = {f"/{file.name}" for file in DEMO.iterdir() if file.name != "index.html"} | {"/"}
    assert set(files_for(demo=False)) == module
    assert set(files_for(demo=True)) == module | page


def test_every_file_of_the_page_is_of_a_kind_that_is_served() -> None:
    assert {file.suffix for file in DEMO.iterdir()} <= set(TYPES)
    assert [file for file in DEMO.iterdir() if not file.is_file()] == []


def test_a_page_is_its_folder(tmp_path: Path) -> None:
    for name in ("index.html", "some.css", ".some.css.swp", "notes", "photo.jpeg", "more.js~"):
        (tmp_path / name).write_bytes(BODY)
    assert dict(read_page(tmp_path)) == {
        "/": file_of("index.html", BODY, from_anywhere=False),
        "/some.css": file_of("some.css", BODY, from_anywhere=False),
    }


def test_a_file_that_cannot_be_read_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "some.css").mkdir()
    with pytest.raises(IsADirectoryError):
        dict(read_page(tmp_path))
    with pytest.raises(FileNotFoundError):
        dict(read_page(tmp_path / "nowhere"))


# Through the door.


@asynccontextmanager
async def running(config: Config = CONFIG) -> AsyncGenerator[Server]:
    with trio.fail_after(60):
        async with open_server(config) as server:
            yield server


async def ask(server: Server, line: str, *more: bytes) -> tuple[bytes, dict[str, str], bytes]:
    """Ask, and give the status line, the header fields and all that comes behind them."""
    async with await trio.open_tcp_stream("127.0.0.1", server.port) as stream:
        await stream.send_all(f"{line} HTTP/1.1\r\n".encode() + HOST + b"".join(more) + b"\r\n")
        came = b"".join([data async for data in stream])
    begin, _, body = came.partition(b"\r\n\r\n")
    status, *lines = begin.split(b"\r\n")
    pairs = [each.decode("latin-1").split(": ", 1) for each in lines]
    assert len({name for name, _ in pairs}) == len(pairs)
    return status, dict(pairs), body


@BOTH
async def test_every_file_comes_whole(transport: TransportName) -> None:
    files = {"/": DEMO / "index.html"} | {f"/{name}": WEB / name for name in MODULE}
    files |= {f"/{file.name}": file for file in DEMO.iterdir() if file.name != "index.html"}
    async with running(evolve(CONFIG, transport=transport)) as server:
        for path, file in files.items():
            status, fields, body = await ask(server, f"GET {path}?picture&x=1")
            assert status == b"HTTP/1.1 200 OK"
            assert body == file.read_bytes()
            assert fields["Content-Type"] == TYPES[file.suffix]
            assert fields["Content-Length"] == str(len(body))
            assert fields["Content-Security-Policy"] == POLICY
            assert await ask(server, f"HEAD {path}") == (status, fields, b"")
            again = await ask(server, f"GET {path}", b"If-None-Match: W/" + fields["ETag"].encode() + b"\r\n")
            about = {
                name: value
                for name, value in fields.items()
                if not name.startswith("Content-T") and name != "Content-Length"
            }
            assert again == (b"HTTP/1.1 304 Not Modified", about, b"")
            assert (await ask(server, f"POST {path}"))[:1] == (b"HTTP/1.1 405 Method Not Allowed",)


@pytest.mark.parametrize(
    "path", ["/index.html", "/demo/", "/demo/index.html", "/..", "/%2e", "/package.json"]
)
async def test_nothing_else_is_served(path: str) -> None:
    async with running() as server:
        assert (await ask(server, f"GET {path}"))[::2] == (b"HTTP/1.1 404 Not Found", b"Not Found")


async def test_without_the_demo_there_is_the_module_alone() -> None:
    async with running(evolve(CONFIG, demo=False)) as server:
        for path in files_for(demo=True):
            status, _, body = await ask(server, f"GET {path}")
            if path.removeprefix("/") in MODULE:
                assert (status, body) == (b"HTTP/1.1 200 OK", (WEB / path[1:]).read_bytes())
            else:
                assert (status, body) == (b"HTTP/1.1 404 Not Found", b"Not Found")


async def test_who_looks_for_a_websocket_gets_no_page() -> None:
    upgrade = b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    async with running() as server:
        for path in ("/", "/?userId=ana", "/focus-signal.js"):
            status, _, body = await ask(
                server, f"GET {path}", upgrade, b"Sec-WebSocket-Key: dGhlIHNhbXBsZQ==\r\n"
            )
            assert (status, body) == (b"HTTP/1.1 404 Not Found", b"Not Found")


async def test_files_are_served_while_draining() -> None:
    """As `/healthz` is: whoever has the page open sees there that the server is about to stop."""
    async with running() as server:
        await server.drain(grace=1)
        for path in files_for(demo=True):
            assert (await ask(server, f"GET {path}"))[0] == b"HTTP/1.1 200 OK"


async def test_a_huge_list_of_tags() -> None:
    async with running() as server:
        _, fields, whole = await ask(server, "GET /focus-signal.js")
        tag = fields["ETag"].encode()
        for size, status, body in ((7000, b"304 Not Modified", b""), (9000, b"431 Request Header", None)):
            others = b'"other", ' * (size // 9)
            came = await ask(server, "GET /focus-signal.js", b"If-None-Match: " + others + tag + b"\r\n")
            assert came[0].startswith(b"HTTP/1.1 " + status)
            assert body is None or came[2] == body
        came = await ask(server, "GET /focus-signal.js", b"If-None-Match: " + b'"' * 7000 + b"\r\n")
        assert (came[0], came[2]) == (b"HTTP/1.1 200 OK", whole)


async def test_two_servers_of_one_process_give_one_tag() -> None:
    async with running() as one, running() as other:
        assert await ask(one, "GET /") == await ask(other, "GET /")
