"""Each target's check holds for all its seeds, and each bug that is planted breaks it."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from focus_signal.wire import json_text, seed_dialect
from tests.fuzz.__main__ import TARGETS, main
from tests.fuzz.engine import target_named
from tests.fuzz.planting import in_place_of, mistaken
from tests.fuzz.target import GROW, Meter, TooSlow, Wrong, cuts_of, grown
from tests.fuzz.targets.decoder import SEPARATOR, TARGET
from tests.fuzz.targets.offers import CONTENT, NOW, sealed
from tests.server.hostile.frames import TEXT, frame, text
from tests.wire.test_clumps import HEAD, ONE, TWO
from tests.wire.test_plain_upgrade import CHANGED, NODE


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_is_wrong_with_the_seeds(name: str) -> None:
    target = target_named(name)
    meter = Meter(limit=float("inf"))
    assert len(target.seeds) > 80
    for seed in target.seeds:
        target.check(seed, meter)
    assert meter.slowest > 0


# Of each bug an input that shows it; for most of the codec's a seed does.
SHOWS = {
    "decoder": {
        "any-bytes-in-plain-relays": b'{"type":"offer","to":"bob","sdp":"\xff"}',
        "any-depth": b'{"type":"offer","to":"bob","sdp":' + b"[" * 33 + b"]" * 33 + b"}",
        "type-may-be-repeated": b'{"type":"offer","to":"bob","type":"offer"}',
        "any-sender": b'{"type":"offer","to":"bob","from":"eve"}',
        "sender-is-whoever-is-named": b'{"type":"offer","to":"bob","from":"eve"}',
        "sdp-is-doubled": b'{"type":"offer","to":"bob","sdp":1}',
        "depth-raises": b'{"type":"offer","to":"bob","sdp":' + GROW + b"[" + GROW,
        "size-is-a-float": b'{"type":"matchmaking","matchSize":2.0}',
        "all-is-shown": b'{"type":"' + b"x" * 300 + b'"}',
        "clump-may-go-on": ONE + SEPARATOR + ONE[:-1] + b" ",
        "clump-of-any-bytes": ONE + SEPARATOR + HEAD + b'{"candidate":"\xff"}}',
        "clump-of-no-json": ONE + SEPARATOR + HEAD + b'{"candidate"}}',
        "clump-of-any-depth": ONE + SEPARATOR + HEAD + b'{"a":' + b"[" * 32 + b"]" * 32 + b"}}",
        "clump-turned-round": ONE + SEPARATOR + TWO,
    },
    "head": {
        "parser-errors-are-raised": b"\0\r\n\r\n",
        "headers-must-be-ascii": CHANGED["a value beyond ASCII"],
        "a-byte-is-read-twice": NODE,
        "version-before-its-end": b"GET / HTTP/1.1",
        "what-is-behind-is-lost": NODE + b"\x81\x80",
        "size-of-a-piece": NODE.removesuffix(b"\r\n") + b"X: " + GROW + b"x" + GROW,
        "empty-lines-are-free": GROW + b"\r\n" + GROW + NODE,
        "length-in-characters": b"GET /?userId=" + b"%C3%A9" * 100 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        "v1-controls-in-a-name": b"GET /?userId=a%00b HTTP/1.1\r\nHost: x\r\n\r\n",
        "v1-bytes-beyond-utf-8": b"GET /?userId=%FF HTTP/1.1\r\nHost: x\r\n\r\n",
        "bytes-beyond-utf-8": b"GET /?userId=%FF HTTP/1.1\r\nHost: x\r\n\r\n",
        "any-key-is-answered": CHANGED["a value beyond ASCII"].replace(b"dGhl", b"\xe9Ghl"),
        "method-is-shown-as-it-came": CHANGED["another method"],
        "glance-at-any-user": CHANGED["an escaped user"],
        "glance-at-any-size": CHANGED["too large"],
        "glance-at-any-lines": CHANGED["a folded line"],
        "glance-at-any-version": CHANGED["version 8"],
        "glance-remembers-a-half": CHANGED["a body"],
    },
    "v1": {
        "any-bytes": b'{"type":"signal","to":"bob","data":"\xff"}',
        "any-depth": b'{"type":"signal","to":"bob","data":' + b"[" * 33 + b"]" * 33 + b"}",
        "type-may-be-repeated": b'{"type":"cancel","type":"cancel"}',
        "second-type-is-not-looked-for": b'{"type":"offer","to":"bob","type":"offer"}',
        "any-sender": b'{"type":"offer","to":"bob","from":"eve"}',
        "any-size": b'{"type":"matchmaking","matchSize":17}',
        "candidate-before-sdp": b'{"type":"offer","to":"bob","candidate":1,"sdp":2}',
        "id-is-lost": b'{"type":"cancel","id":3}',
        "id-of-a-refused-one-is-lost": b'{"type":"nothing","id":3}',
        "depth-raises": b'{"type":"signal","to":"bob","data":' + GROW + b"[" + GROW,
        "no-utf-8-raises": b'{"type":"cancel","x":"\xff"}',
        "dropping-raises": b"{",
        "dropped-without-id": b'{"type":"cancel","id":3}',
        "all-is-shown": b'{"type":"' + b"x" * 300 + b'"}',
        "shown-as-it-came": '{"type":"\u2028"}'.encode(),
        "one-is-left-out": SEPARATOR.join([b'{"type":"cancel"}'] * 9),
    },
    "offers": {
        "any-name": b"focus-signal.v1, a b",
        "seen-of-any-length": b"focus-signal.v1, resume.x." + GROW + b"9" + GROW,
        "seen-of-any-size": b"focus-signal.v1, resume.x.9007199254740992",
        "the-first-of-two": b"focus-signal.v1, resume.x.5, resume.y.6",
        "without-v1": b"resume.x.5",
        "any-signature": sealed(NOW)[:-4] + b"AAAA",
        "never-too-old": sealed(NOW - 600_001),
        "of-the-future": sealed(NOW + 60_001),
        "no-ascii-raises": b"\xe9",
        "content-raises": b"focus-signal.v1" + SEPARATOR + b"{}",
        "any-length": b"focus-signal.v1" + SEPARATOR + CONTENT.replace(b'"ana"', b'"' + b"a" * 4_000 + b'"'),
    },
    "frames": {
        "refused-message-is-held": frame(TEXT, b"a", fin=False) + frame(TEXT, b"b"),
        "waits-for-a-byte-more": text("a"),
    },
}


def test_every_bug_has_an_input() -> None:
    for name in ("decoder", "head", "v1", "offers"):
        assert list(SHOWS[name]) == list(target_named(name).mutants)
    assert SHOWS["frames"].keys() <= target_named("frames").mutants.keys()


@pytest.mark.parametrize(("name", "bug"), [(name, bug) for name in TARGETS for bug in SHOWS[name]])
def test_a_bug_is_found(name: str, bug: str) -> None:
    target, shows = target_named(name), SHOWS[name][bug]
    target.check(shows, Meter(limit=float("inf")))
    with target.mutants[bug](), pytest.raises(Exception):  # noqa: B017, PT011 - what a bug raises is its own
        target.check(shows, Meter(limit=float("inf")))


@pytest.mark.parametrize("bug", target_named("frames").mutants)
def test_a_bug_of_the_codec_is_found_by_a_seed(bug: str) -> None:
    target = target_named("frames")
    with target.mutants[bug]():
        assert any(map(breaks, target.seeds))


def breaks(seed: bytes) -> bool:
    try:
        target_named("frames").check(seed, Meter(limit=float("inf")))
    except Exception:  # noqa: BLE001 - what a bug raises is its own
        return True
    return False


# The meter.


def ticking(*times: float) -> Meter:
    ticks = iter(times)
    return Meter(clock=lambda: next(ticks))


def test_an_input_that_takes_too_long_is_found() -> None:
    meter = ticking(0.0, 0.2, 1.0, 1.3, 2.0, 2.15)
    with pytest.raises(TooSlow, match="150 ms"):
        meter.measure(lambda: None)


def test_one_that_was_held_up_once_is_not() -> None:
    meter = ticking(0.0, 0.2, 1.0, 1.05, 2.0, 2.3, 3.0, 3.0625)
    assert meter.measure(lambda: "read") == "read"
    assert meter.slowest == pytest.approx(0.05)
    meter.measure(lambda: None)
    assert meter.slowest == pytest.approx(0.0625)


def test_the_meter_counts_the_readings_of_a_target() -> None:
    """A decoder that takes a second of this clock each time does not pass."""
    seconds = iter(range(1_000))
    with pytest.raises(TooSlow):
        TARGET.check(ONE, Meter(clock=lambda: float(next(seconds))))


def test_a_cost_that_grows_with_the_square_shows_in_a_grown_input() -> None:
    looked = 0

    def slow(text: bytes, depth: int) -> bool:
        nonlocal looked
        looked += text.count(b"[") ** 2
        return json_text.is_nested_deeper(text, depth)

    with in_place_of(seed_dialect, "is_nested_deeper", lambda: slow)():
        TARGET.check(
            b'{"type":"offer","to":"bob","sdp":[' + GROW + b"[]," + GROW + b"0]}", Meter(limit=float("inf"))
        )
    assert looked > 80_000**2


# Inputs.


def test_what_stands_between_is_written_often() -> None:
    assert grown(b"a" + GROW + b"bc" + GROW + b"d", 10) == b"a" + b"bc" * 4 + b"d"
    for left in (b"", b"abc", GROW + b"a", GROW + GROW + b"a"):
        assert grown(left, 10) == left


def test_an_input_is_always_cut_at_the_same_places() -> None:
    places = [cuts_of(bytes(size)) for size in range(50)]
    assert places == [cuts_of(bytes(size)) for size in range(50)]
    assert all(0 <= cut <= size for size, cuts in enumerate(places) for cut in cuts)
    assert len({len(cuts) for cuts in places}) > 8


# The command.


@pytest.mark.parametrize("name", TARGETS)
def test_an_input_is_run_again(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "input"
    file.write_bytes(next(iter(SHOWS[name].values())))
    assert main([name, "--replay", str(file)]) == 0
    assert capsys.readouterr().out.startswith(f"{name}: nothing is wrong with it; ")
    assert main([name, "--replay", str(file), "--mutant", next(iter(SHOWS[name]))]) == 1
    assert capsys.readouterr().out.startswith("Traceback")


def test_a_place_that_is_gone_says_so() -> None:
    with pytest.raises(AssertionError, match="does not stand once in"):
        mistaken(json_text, "a line that nobody wrote", "")
    assert isinstance(mistaken(json_text, "seen > 1:", "seen > 2:"), ModuleType)


def test_a_wrong_answer_is_told_in_words() -> None:
    with TARGET.mutants["sdp-is-doubled"](), pytest.raises(Wrong, match="has the fields"):
        TARGET.check(SHOWS["decoder"]["sdp-is-doubled"], Meter(limit=float("inf")))
