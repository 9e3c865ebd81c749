"""Looks at what happened to one client of a simulation, on the server's side."""

from __future__ import annotations

from focus_signal.testing.client import Client, SignalMessage
from focus_signal.testing.history import EndRead, Served
from focus_signal.testing.simulation import Simulation


def connection_of(sim: Simulation, client: Client) -> int:
    """Give the number that the server gave to a client's connection."""
    conn = client._caller.conn
    [number] = [each.connection for each in sim.history if isinstance(each, Served) and each.conn == conn]
    return number


def end_read_at(sim: Simulation, client: Client) -> float | None:
    """Tell when the server read the end of a client's connection, or made it; None if it has none."""
    number = connection_of(sim, client)
    ends = [each.t for each in sim.history if isinstance(each, EndRead) and each.connection == number]
    assert len(ends) <= 1, f"the end of connection {number} came {len(ends)} times"
    return ends[0] if ends else None


def sdps(client: Client) -> list[object]:
    """List what the signals held that a client has got, in their order."""
    return [each.sdp for each in client.messages if isinstance(each, SignalMessage)]
