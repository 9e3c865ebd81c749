"""One side knows nothing of focus-signal.v1: an aiortc peer, a page of the seed's time, the server."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.seed_program import SeedUnavailable, find_deno, seed_directory, seed_source

from .guests import COLOUR
from .judge import NEAR, NO_SUBPROTOCOL, chat_of, distance, met
from .playing import play_well

pytestmark = pytest.mark.long


@pytest.mark.parametrize("scenario", ["aiortc-calls", "aiortc-is-called"])
def test_an_aiortc_peer(scenario: str) -> None:
    report = play_well(scenario)
    guest: dict[str, Any] = report["guest"]
    ada = report["pages"]["ada"]
    assert guest["ended"] is None
    assert guest["state"] == "connected"
    assert guest["said"] == ["hello from ada"]
    # Who offered first; the page may offer later, for it has sound, which an aiortc that calls did not offer.
    description = next(each for each in guest["signals"] if each in {"offer", "answer"})
    assert description == ("answer" if scenario == "aiortc-calls" else "offer")
    # The two disagree a little about which colours a video's numbers mean.
    assert distance(guest["colour"], ada["people"][""]["colour"]) < 2 * NEAR
    assert distance(ada["people"]["rtc"]["colour"], list(COLOUR)) < NEAR
    assert chat_of(report, "ada") == ["hello from aiortc", "hello from ada"]


@pytest.mark.parametrize("scenario", ["seed-page-calls", "seed-page-is-called"])
def test_a_page_of_the_seeds_time(scenario: str) -> None:
    report = play_well(scenario)
    ana, bob = report["pages"]["ana"], report["pages"]["bob"]
    assert distance(ana["people"]["bob"]["colour"], bob["people"][""]["colour"]) < NEAR
    assert distance(bob["people"]["ana"]["colour"], list(COLOUR)) < NEAR


def test_a_server_of_the_seeds_time() -> None:
    report = play_well("seed-server", may_say=(NO_SUBPROTOCOL,))
    assert met(report, "ada", "bob") == []


def test_the_seed_itself() -> None:
    try:
        seed_source(seed_directory())
        find_deno()
    except SeedUnavailable as missing:
        pytest.skip(f"needs: {missing}")
    report = play_well("real-seed", may_say=(NO_SUBPROTOCOL,))
    assert met(report, "ada", "bob") == []
