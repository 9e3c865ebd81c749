"""Where a server is found."""

from collections.abc import Iterable

import trio

from focus_signal.errors import NotListening
from focus_signal.server.link import host_and_port

# What listens on every address is reached on this machine by the loopback one.
_LOCAL = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not bound


def address_of(listeners: Iterable[object]) -> tuple[str, str, int]:
    """Find scheme, host and port of the first listener on TCP: "s" for TLS, a host as a URL takes it.

    Raises:
      NotListening: there is none.
    """
    for listener in listeners:
        secure = isinstance(listener, trio.SSLListener)
        # An SSLListener's own listener is what has the socket.
        inner: object = getattr(listener, "transport_listener", listener)
        if isinstance(inner, trio.SocketListener):
            address = host_and_port(inner.socket.getsockname())
            if address is not None:
                host, port = _LOCAL.get(address[0], address[0]), address[1]
                return "s" if secure else "", f"[{host}]" if ":" in host else host, port
    raise NotListening("this server listens on no TCP port, so it has no address")
