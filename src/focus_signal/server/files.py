"""What the server hands out as it lies in `focus_signal/web`: the module for browsers, and the demo page.

The files are read once in the life of the process, and every answer is made then. A browser keeps them and
asks each time whether they are still the same (RFC 9110, section 13.1.2).
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType

from attrs import field, frozen

from focus_signal.server.pages import check_method, write_head
from focus_signal.wire.http_head import Head

MODULE = ("focus-signal.js", "focus-signal.d.ts", "protocol.d.ts")
"""What pages from anywhere may load."""
TYPES = {
    ".css": "text/css;charset=UTF-8",
    ".html": "text/html;charset=UTF-8",
    ".js": "text/javascript;charset=UTF-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    # The registered type of its name is one of videos; readers of TypeScript go by the name then.
    ".ts": "text/plain;charset=UTF-8",
}
"""What is served, by how its name ends, and what it is called."""
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob: mediastream:; connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_ALWAYS = (
    ("Cache-Control", "no-cache"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Content-Security-Policy", _POLICY),
)
_FROM_ANYWHERE = (("Access-Control-Allow-Origin", "*"),)
_HASH_LETTERS = 32
# One tag of a list, with the commas before it, up to the comma behind it or the end. A tag may have commas.
_TAG = re.compile(r'[ \t,]*+(?:W/)?("[\x21\x23-\x7e\x80-\xff]*+")[ \t]*+(?:,|\Z)')
_NO_TAGS = re.compile(r"[ \t,]*+")


@frozen
class File:
    """Be a file, as the answers to who asks for it; made by `file_of`.

    Args:
      tag: the entity tag, made of what is in the file.
      whole: the answer with all that is in it.
      head: the answer without that.
      unchanged: the answer to who has it already.
    """

    tag: str
    _whole: bytes = field(repr=False)
    _head: bytes = field(repr=False)
    _unchanged: bytes = field(repr=False)

    def answer(self, head: Head) -> bytes:
        """Answer a request for this file.

        Raises:
          HttpRefused: not by this method.
        """
        check_method(head)
        if has_tag(", ".join(head.values("if-none-match")), self.tag):
            return self._unchanged
        return self._head if head.method == "HEAD" else self._whole


def file_of(name: str, body: bytes, *, from_anywhere: bool) -> File:
    """Make the answers for a file.

    Args:
      name: its name, which ends in one of `TYPES`.
      body: what is in it.
      from_anywhere: whether pages of any origin may read it.
    """
    tag = f'"{hashlib.sha256(body).hexdigest()[:_HASH_LETTERS]}"'
    fields = (("Connection", "close"), ("ETag", tag), *_ALWAYS, *(_FROM_ANYWHERE if from_anywhere else ()))
    about = (("Content-Type", TYPES[_ending(name)]), ("Content-Length", str(len(body))))
    head = write_head(200, (*about, *fields))
    return File(tag, head + body, head, write_head(304, fields))


def has_tag(condition: str, tag: str) -> bool:
    """Tell whether an `If-None-Match` names what there is, compared weakly.

    What is no list of tags names nothing.

    Args:
      condition: the value of the header.
      tag: the strong tag of what there is.
    """
    if condition == "*":
        return True
    found = False
    at = 0
    while (each := _TAG.match(condition, at)) is not None:
        found = found or each[1] == tag
        at = each.end()
    return found and _NO_TAGS.fullmatch(condition, at) is not None


def files_for(*, demo: bool) -> Mapping[str, File]:
    """Give what is served, by its path.

    Args:
      demo: whether the demo page is.
    """
    module, page = _read()
    return MappingProxyType(page | module) if demo else MappingProxyType(module)


@cache
def _read() -> tuple[dict[str, File], dict[str, File]]:
    """Read the files of the module and those of the demo page, by their paths."""
    web = files("focus_signal") / "web"
    module = {f"/{name}": file_of(name, (web / name).read_bytes(), from_anywhere=True) for name in MODULE}
    return module, dict(read_page(web / "demo"))


def read_page(folder: Traversable) -> Iterator[tuple[str, File]]:
    """Read the files of a page, whose `index.html` is at "/"; what is of no known kind is left out.

    Raises:
      OSError: something cannot be read.
    """
    for each in sorted(folder.iterdir(), key=lambda file: file.name):
        if _ending(each.name) in TYPES:
            path = "/" if each.name == "index.html" else f"/{each.name}"
            yield path, file_of(each.name, each.read_bytes(), from_anywhere=False)


def _ending(name: str) -> str:
    return name[name.rfind(".") :]
