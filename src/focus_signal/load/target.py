"""The server that is measured, as its URL names it: where to connect, and what to ask for there."""

from urllib.parse import parse_qsl, urlsplit

from attrs import frozen

LONGEST = 2048


class WrongUrl(ValueError):
    """Say what is wrong with a URL, and what is allowed."""


@frozen
class Target:
    """Be an address, and the request that opens a WebSocket there.

    Args:
      host: a name or an address, IPv6 without its brackets.
      port: from 1 to 65535.
      resource: path and query, to which the userId is added.
    """

    host: str
    port: int
    resource: str

    @property
    def authority(self) -> str:
        """What the Host header says."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The URL, without a userId."""
        return f"ws://{self.authority}{self.resource}"

    def request(self, user: str, key: bytes) -> bytes:
        """Return the request head that opens a user's connection; the user id must need no quoting."""
        joint = "&" if "?" in self.resource else "?"
        return (
            f"GET {self.resource}{joint}userId={user} HTTP/1.1\r\nHost: {self.authority}\r\n"
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: "
        ).encode("ascii") + (key + b"\r\nSec-WebSocket-Version: 13\r\n\r\n")


def read_target(url: str) -> Target:
    """Read ws://HOST:PORT/PATH?QUERY.

    Raises:
      WrongUrl: it is something else.
    """
    if not url.isascii() or not url.isprintable() or " " in url or len(url) > LONGEST:
        raise WrongUrl(f"allowed are at most {LONGEST} printable ASCII characters without spaces")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise WrongUrl(str(error)) from error
    if parts.scheme == "wss":
        raise WrongUrl("TLS is not spoken here; measure the server behind the proxy with ws://")
    if parts.scheme != "ws" or not parts.hostname:
        raise WrongUrl("allowed is ws://HOST:PORT/PATH")
    if port == 0:
        raise WrongUrl("port 0 is nobody's")
    if "@" in parts.netloc or parts.fragment:
        raise WrongUrl("a user name or a fragment is not allowed")
    if any(name == "userId" for name, _ in parse_qsl(parts.query, keep_blank_values=True)):
        raise WrongUrl("userId is added by this program, for each of its clients")
    query = f"?{parts.query}" if parts.query else ""
    return Target(parts.hostname, 80 if port is None else port, f"{parts.path or '/'}{query}")
