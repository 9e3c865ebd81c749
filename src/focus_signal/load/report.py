"""What a measurement comes to: the fields of the JSON document, as docs/benchmarking.md tells them."""

import msgspec

SATURATED = 0.8
"""From this share of its core on, the generator may be what limits the rate."""


class Latency(msgspec.Struct, frozen=True):
    """How long something took, in milliseconds; each of the shares is read from buckets 1.6 % wide."""

    count: int
    p50: float
    p99: float
    p99_9: float
    max: float


class Generator(msgspec.Struct, frozen=True):
    """What the generator itself did in the measured time, as shares of it (one thread, so 1 is all).

    `wait_share` is how long it was ready to run while something else had its core; None where the system does
    not tell.
    """

    cpu_share: float
    wait_share: float | None
    saturated: bool
    cpu_us_each: float | None


class Server(msgspec.Struct, frozen=True):
    """What the server's process used: all its threads; `cpu_share` is in cores and can be above 1."""

    pid: int
    cpu_share: float
    cpu_us_each: float | None
    resident_kib: int
    kib_per_connection: float | None


class Report(msgspec.Struct, frozen=True):
    """One measurement.

    `count` is how many of `what` there were in `seconds`. Idle connections do not happen, they stand: their
    `per_second` is None. `latency_ms` has an entry for each thing that is timed, None if it never
    happened. `lost` and `pings` are about connections that stand all the time.
    """

    mode: str
    url: str
    settings: dict[str, int | float]
    seconds: float
    what: str
    count: int
    per_second: float | None
    latency_ms: dict[str, Latency | None]
    connections: int
    lost: int
    pings: int
    generator: Generator
    server: Server | None
