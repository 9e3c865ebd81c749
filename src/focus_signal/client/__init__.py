"""A Trio client of the protocol `focus-signal.v1`: for bots, for tests, for services.

`opening` has `open_client`, `client` what it gives, `asking` the requests by name, `events` and `faults` what
comes of them. `session`, `reading` and `unanswered` are the protocol, without sockets and without time.
`keeper` keeps a client connected; `link` is one connection, on trio-websocket; `target`, `backoff` and
`closes` say where to connect, when, and when no more.
"""

from focus_signal.client.client import Client, ClientStatistics
from focus_signal.client.events import Connected, Disconnected, Event, Lost
from focus_signal.client.faults import (
    ClientClosed,
    ClientEnded,
    ClientFault,
    EventsUnread,
    NotConnected,
    ProtocolBroken,
    RequestLost,
    RequestRefused,
    RequestsFull,
    RequestTooBig,
)
from focus_signal.client.opening import open_client
from focus_signal.client.settings import ClientSettings
from focus_signal.client.unanswered import Request

__all__ = (
    "Client",
    "ClientClosed",
    "ClientEnded",
    "ClientFault",
    "ClientSettings",
    "ClientStatistics",
    "Connected",
    "Disconnected",
    "Event",
    "EventsUnread",
    "Lost",
    "NotConnected",
    "ProtocolBroken",
    "Request",
    "RequestLost",
    "RequestRefused",
    "RequestTooBig",
    "RequestsFull",
    "open_client",
)
