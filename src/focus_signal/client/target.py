"""Where a client connects: the parts of its URL."""

from urllib.parse import parse_qsl, quote, urlsplit

from attrs import frozen

_PORTS = {"ws": 80, "wss": 443}


@frozen
class Target:
    """Be the parts of a URL.

    Args:
      tls: whether it is spoken through TLS.
      host: the name or address of the server's host.
      port: its port.
      path: what is asked for there.
      query: what follows it; the user id comes behind that, unless it is in it already.
      names_user: whether the query has a user id.
    """

    tls: bool
    host: str
    port: int
    path: str
    query: str
    names_user: bool

    @property
    def host_header(self) -> str:
        """Give the host as HTTP wants it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS["wss" if self.tls else "ws"] else f"{host}:{self.port}"

    def resource(self, user: str | None) -> str:
        """Give what is asked for in the name of a user; None leaves that to the server."""
        parts = [self.query] if self.query else []
        if user is not None and not self.names_user:
            parts.append(f"userId={quote(user, safe='')}")
        return f"{self.path}?{'&'.join(parts)}" if parts else self.path


def read_url(url: str) -> Target:
    """Read a URL.

    Raises:
      ValueError: it is none for a WebSocket.
    """
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError(f"a URL that begins with ws:// or wss:// and names a host, not {url!r}")
    if parts.username is not None or parts.fragment:
        raise ValueError("a WebSocket's URL names no user before its host, and no fragment")
    text = parts.path + parts.query
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("what is not ASCII is percent-encoded in a URL")
    names_user = any(name == "userId" for name, _ in parse_qsl(parts.query, keep_blank_values=True))
    port = _PORTS[parts.scheme] if parts.port is None else parts.port
    return Target(parts.scheme == "wss", parts.hostname, port, parts.path or "/", parts.query, names_user)
