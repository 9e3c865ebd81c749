"""Pages that may connect: those of the list; where there is none, all; what is no page, always."""

from __future__ import annotations

from attrs import evolve

from focus_signal.access import origins
from focus_signal.server import admission
from focus_signal.server.admission import Admission
from focus_signal.server.config import TransportName
from tests.limits.stage import QUIET, SOMEWHERE, Mutant, Stage, caught, open_stage, simulated
from tests.server.hostile.answers import Wanted, faults, read_all
from tests.server.hostile.peer import Peer, request

NOT_YOU = Wanted(403, "Pages of this origin may not connect.")
ALLOWED = ("https://example.org", "http://localhost:8080", "https://*.example.net")


async def _knock(stage: Stage, *lines: str) -> Peer | list[str]:
    """Ask for a WebSocket with more header lines; list in what the answer is no refusal of the origin."""
    stream = await stage.dial()
    more = "".join(f"{line}\r\n" for line in lines).encode()
    await stream.send_all(request().replace(b"\r\n\r\n", b"\r\n" + more + b"\r\n"))
    answer = await stream.receive_some()
    if answer.startswith(b"HTTP/1.1 101"):
        return Peer(stream, answer.partition(b"\r\n\r\n")[2])
    found = faults(answer + await read_all(stream), NOT_YOU)
    await stage.leave(stream)
    return found


async def _welcome(stage: Stage, *lines: str) -> None:
    got = await _knock(stage, *lines)
    assert isinstance(got, Peer), f"refused with {lines}: {got}"
    await got.part()


async def _refused(stage: Stage, *lines: str) -> None:
    got = await _knock(stage, *lines)
    assert not isinstance(got, Peer), f"let in with {lines}"
    assert got == []


async def the_list(transport: TransportName) -> None:
    config = evolve(QUIET, allowed_origins=ALLOWED, max_failures_per_address=0)
    async with open_stage(config, transport) as stage:
        for origin in (
            "https://example.org",
            "HTTPS://Example.ORG",
            "http://localhost:8080",
            "https://a.example.net",
            "https://a.b.example.net",
        ):
            await _welcome(stage, f"Origin: {origin}")
        for origin in (
            "https://example.com",
            "http://example.org",
            "https://example.org:8443",
            "https://example.org.evil.test",
            "https://sub.example.org",
            "http://localhost",
            "https://example.net",
            "https://evilexample.net",
            "http://a.example.net",
            "null",
            "",
            "*",
        ):
            await _refused(stage, f"Origin: {origin}")
        # Every spelling of the header line is looked at, also where all else is as from nearly everyone.
        for name in ("origin", "ORIGIN", "oRiGiN"):
            await _refused(stage, f"{name}: https://example.com")
        await _refused(stage, "Origin:https://example.com")
        # Who is no page is read at a glance, or with care.
        await _welcome(stage)
        await _welcome(stage, "Accept:*/*")


async def no_list(transport: TransportName) -> None:
    async with open_stage(QUIET, transport) as stage:
        for origin in ("https://example.com", "null", "", "what is no origin at all"):
            await _welcome(stage, f"Origin: {origin}")
        await _welcome(stage)


async def who_is_refused_has_failed(transport: TransportName) -> None:
    config = evolve(QUIET, allowed_origins=ALLOWED, max_failures_per_address=1)
    async with open_stage(config, transport) as stage:
        await _refused(stage, "Origin: https://example.com")
        blocked = Wanted(429, "Too many handshakes from this address have failed.", {"Retry-After": "60"})
        assert await stage.ask(blocked, SOMEWHERE) == []


test_the_list = simulated(the_list)
test_no_list = simulated(no_list)
test_who_is_refused_has_failed = simulated(who_is_refused_has_failed, only="native")

_real = origins.may_connect
_real_check = Admission.check


def _asks_everyone(self: Admission, key: str | None, origin: str | None) -> None:
    _real_check(self, key, origin or "null")


test_mutants_are_caught = caught(
    [
        Mutant("everyone may", the_list, [(admission, "may_connect", lambda *_: True)]),
        Mutant("nobody may", the_list, [(admission, "may_connect", lambda *_: False)]),
        Mutant(
            "the host alone counts",
            the_list,
            [
                (
                    admission,
                    "may_connect",
                    lambda came, allowed: _real(came.replace("http:", "https:"), allowed),
                )
            ],
        ),
        Mutant(
            "any end will do",
            the_list,
            [
                (
                    origins,
                    "_is_same",
                    lambda came, allowed: came.endswith(allowed.partition("*.")[2] or allowed),
                )
            ],
        ),
        Mutant(
            "capitals matter", the_list, [(admission, "may_connect", lambda came, allowed: came in allowed)]
        ),
        Mutant("who is no page may not", the_list, [(Admission, "check", _asks_everyone)]),
    ]
)
