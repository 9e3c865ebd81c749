"""Codes of rooms: how they are made, which are alike, and which may be chosen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from focus_signal.core import codes as module
from focus_signal.core.codes import code_of, is_chosen, normalized
from focus_signal.server.room_ids import RoomIds
from tests.access.planting import Planted, caught

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SOME = "00112233-4455-4677-8899-aabbccddeeff"
OTHERS = (
    "\N{LATIN SMALL LETTER SHARP S}",
    "\N{LATIN SMALL LETTER DOTLESS I}",
    "\N{LATIN SMALL LETTER LONG S}",
    "\N{KELVIN SIGN}",
    "\N{LATIN SMALL LETTER E WITH ACUTE}",
    "\N{ARABIC-INDIC DIGIT THREE}",
    "\N{FULLWIDTH DIGIT FIVE}",
    "\N{EN DASH}",
    "\N{NO-BREAK SPACE}",
    "_",
    "\t",
    "\n",
    "\x00",
)


def version_4(random: Random) -> str:
    return str(UUID(int=random.getrandbits(128), version=4))


def test_the_same_id_makes_the_same_code() -> None:
    assert module.code_of(SOME) == module.code_of(SOME) != module.code_of(SOME.upper())


def test_every_bit_of_it_is_random() -> None:
    random = Random(1)
    count = 4_000
    seen = [module.code_of(version_4(random)) for _ in range(count)]
    assert len(set(seen)) == count
    assert set("".join(seen)) == set(CROCKFORD)
    for place in range(8):
        often = Counter(code[place] for code in seen)
        # Each of 32 about 125 times, give or take six standard deviations.
        assert len(often) == 32
        assert all(59 < times < 191 for times in often.values())


def test_every_digit_of_the_id_counts() -> None:
    for place in range(len(SOME)):
        other = f"{SOME[:place]}{'7' if SOME[place] != '7' else '8'}{SOME[place + 1 :]}"
        assert module.code_of(other) != module.code_of(SOME)


def test_any_id_makes_a_code() -> None:
    ids = ["", "room-1", "\ud800", SOME, SOME * 100, "\x00"]
    assert all(module.is_chosen(module.code_of(each)) and len(module.code_of(each)) == 8 for each in ids)


def test_the_ids_of_the_server_make_codes() -> None:
    ids = RoomIds()
    for _ in range(200):
        assert module.is_chosen(module.code_of(ids()))


def test_ways_to_write_a_code() -> None:
    ways = ["10A0-110Z", "lOao-iLoz", "10a0110z", " 1 0 A O I 1 0 Z ", "--LoAo--IlOz--"]
    assert [module.normalized(way) for way in ways] == ["10A0110Z"] * len(ways)
    assert module.normalized("abcdefghijklmnopqrstuvwxyz") == "ABCDEFGH1JK1MN0PQRSTUVWXYZ"
    assert module.normalized("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "ABCDEFGH1JK1MN0PQRSTUVWXYZ"
    assert module.normalized("0123456789") == "0123456789"
    assert module.normalized("") == ""


def test_other_letters_stay_what_they_are() -> None:
    for other in OTHERS:
        assert module.normalized(other) == other
        assert not module.is_chosen(f"ABCD{other}")


def test_four_to_thirty_two() -> None:
    for length in range(40):
        assert module.is_chosen("a" * length) == (4 <= length <= 32)
        assert module.is_chosen("-".join("a" * length) + " ") == (4 <= length <= 32)
    assert module.is_chosen("OURGAME2")
    assert not module.is_chosen("our_game")
    assert not module.is_chosen("----")


@given(st.text("abilouzABILOUZ0189- _\N{LATIN SMALL LETTER SHARP S}", max_size=40))
def test_what_is_normal_stays_so(text: str) -> None:
    normal = normalized(text)
    assert normalized(normal) == normal
    assert is_chosen(text) == is_chosen(normal)
    assert is_chosen(text) == (4 <= len(normal) <= 32 and normal.isascii() and normal.isalnum())


@given(st.text("abilouzABILOUZ0189- _", max_size=40))
def test_case_does_not_count(text: str) -> None:
    assert normalized(text.swapcase()) == normalized(text)


@given(st.uuids(version=4))
def test_a_code_is_normal_and_may_be_chosen(identity: UUID) -> None:
    code = code_of(str(identity))
    assert normalized(code) == code
    assert is_chosen(code)


def _with_the_version(id_text: str) -> str:
    number = int(id_text.replace("-", "")[8:18], 16)
    return "".join(CROCKFORD[number >> shift & 31] for shift in range(35, -1, -5))


def _as_written(code: str) -> str:
    return normalized(code) if code == code.upper() else code


def _only_uuids(id_text: str) -> str:
    return code_of(id_text) if len(id_text) == 36 else ""


FAULTS: list[tuple[str, Callable[[], None], str, Any]] = [
    ("bits that are not random", test_every_bit_of_it_is_random, "code_of", _with_the_version),
    ("a part of the id", test_every_digit_of_the_id_counts, "code_of", _with_the_version),
    ("only some ids", test_any_id_makes_a_code, "code_of", _only_uuids),
    ("letters of base32", test_every_bit_of_it_is_random, "_ALPHABET", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
    ("case counts", test_ways_to_write_a_code, "normalized", _as_written),
    ("upper case of all letters", test_other_letters_stay_what_they_are, "normalized", str.upper),
    ("spaces count", test_ways_to_write_a_code, "normalized", lambda code: code.replace("-", "").upper()),
    (
        "any letter",
        test_other_letters_stay_what_they_are,
        "is_chosen",
        lambda code: 4 <= len(normalized(code)) <= 32,
    ),
    (
        "its length as written",
        test_four_to_thirty_two,
        "is_chosen",
        lambda code: is_chosen(code) and len(code) <= 32,
    ),
]
test_faults_are_caught = caught(
    [Planted(about, test, module, name, thing) for about, test, name, thing in FAULTS]
)
