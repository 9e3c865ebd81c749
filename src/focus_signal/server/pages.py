"""The server's own pages, and how any HTTP answer is written.

Every page and every refusal is one line of text, and every answer is the end of its connection. What is read
from files: `server/files.py`.
"""

from collections.abc import Callable, Iterable
from http import HTTPStatus

from focus_signal.errors import HttpRefused
from focus_signal.wire.http_head import Head

CONTENT_TYPE = "text/plain;charset=UTF-8"
SIGNAL_PATH = "/signal"
_PAGES = ("/healthz", "/readyz")
_METHODS = ("GET", "HEAD")


def answer(head: Head, check_room: Callable[[], None]) -> bytes:
    """Answer a request that asks for no WebSocket.

    Args:
      head: the request.
      check_room: raises what refuses everybody at this moment, if anything does.

    Raises:
      HttpRefused: there is nothing under this path, or not by this method.
    """
    if head.path == SIGNAL_PATH:
        raise HttpRefused(400, "Expected WebSocket connection")
    if head.path not in _PAGES:
        raise HttpRefused(404, "Not Found")
    check_method(head)
    if head.path == "/readyz":
        check_room()
    return render(200, "ok" if head.path == "/healthz" else "ready", head_only=head.method == "HEAD")


def check_method(head: Head) -> None:
    """Let a request pass that asks to read.

    Raises:
      HttpRefused: it asks for something else.
    """
    if head.method not in _METHODS:
        allowed = ", ".join(_METHODS)
        raise HttpRefused(405, f"{head.path} takes {allowed}, not {head.method}.", (("Allow", allowed),))


def unavailable() -> HttpRefused:
    """Make the refusal of a server that is about to stop."""
    return HttpRefused(503, "The server is draining.", (("Retry-After", "1"),))


def render(
    status: int, text: str, headers: tuple[tuple[str, str], ...] = (), *, head_only: bool = False
) -> bytes:
    """Write an HTTP answer.

    Args:
      status: the status code.
      text: the body, one line.
      headers: header fields besides those that every answer has.
      head_only: leave the body out, as the answer to HEAD does.
    """
    body = text.encode()
    fields = (
        ("Content-Type", CONTENT_TYPE),
        ("Content-Length", str(len(body))),
        ("Connection", "close"),
        *headers,
    )
    written = write_head(status, fields)
    return written if head_only else written + body


def write_head(status: int, fields: Iterable[tuple[str, str]]) -> bytes:
    """Write the head of an HTTP answer.

    Args:
      status: the status code.
      fields: all of its header fields.
    """
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        *(f"{name}: {value}" for name, value in fields),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
