"""What a client offers with its handshake: names of any kind, and what v1 makes of them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from focus_signal.errors import HttpRefused
from focus_signal.wire import subprotocols
from focus_signal.wire.subprotocols import V1, V1Offer, offer_of

LARGEST = 9_007_199_254_740_991
BAD = V1Offer(malformed=True)
SESSION = "AbC-_019"

# What comes, line by line, and what it is.
OFFERS: list[tuple[list[str], V1Offer | None]] = [
    ([], None),
    ([""], None),
    ([" , ,\t,"], None),
    (["chat, superchat"], None),
    (["focus-signal.v2"], None),
    (["Focus-Signal.V1"], None),
    (["focus-signal.v1x"], None),
    # The seed's dialect resumes nothing, and knows no token.
    ([f"resume.{SESSION}.5, token.x"], None),
    (["resume.x"], None),
    ([V1], V1Offer()),
    ([f" \t{V1}\t ,"], V1Offer()),
    ([f"{V1},{V1}"], V1Offer()),
    ([V1, V1], V1Offer()),
    (["chat", V1], V1Offer()),
    ([f"chat,{V1},superchat"], V1Offer()),
    ([f"{V1}, session.x.5, Resume.x.5, RESUME.x.5, tokens.x"], V1Offer()),
    ([f"{V1}, resume.{SESSION}.5"], V1Offer(SESSION, 5)),
    ([f"resume.{SESSION}.5,{V1}"], V1Offer(SESSION, 5)),
    ([f"resume.{SESSION}.5", V1], V1Offer(SESSION, 5)),
    ([f"{V1}, resume.{SESSION}.0"], V1Offer(SESSION, 0)),
    ([f"{V1}, resume.x.{LARGEST}"], V1Offer("x", LARGEST)),
    ([f"{V1}, resume.x.{LARGEST + 1}"], BAD),
    ([f"{V1}, resume.x.{10**16}"], BAD),
    ([f"{V1}, resume.x.{10**17}"], BAD),
    ([f"{V1}, resume.x.{'9' * 5_000}"], BAD),
    *(
        ([f"{V1}, resume.x.{seen}"], BAD)
        for seen in ("", "00", "05", "-1", "+1", "1e3", "1_0", "0x1", "x", "5.", ".5", "5.0", "'5'")
    ),
    ([f"{V1}, resume."], BAD),
    ([f"{V1}, resume.."], BAD),
    ([f"{V1}, resume.x"], BAD),
    ([f"{V1}, resume.5"], BAD),
    ([f"{V1}, resume..5"], BAD),
    ([f"{V1}, resume.x.y.5"], BAD),
    ([f"{V1}, resume.x.5, resume.x.5"], BAD),
    ([f"{V1}, resume.x.5", "resume.x.5"], BAD),
    ([f"{V1}, resume.x.5, resume.y.6"], BAD),
    ([f"{V1}, resume.x.5, resume."], BAD),
    # What it is made of is not looked at here.
    ([f"{V1}, resume.!#$%&'*+-^_`|~.5"], V1Offer("!#$%&'*+-^_`|~", 5)),
    ([f"{V1}, resume.{'x' * 7_000}.5"], V1Offer("x" * 7_000, 5)),
    ([f"{V1}, token.ab.cd.ef"], V1Offer(token="ab.cd.ef")),
    ([f"{V1}, token.ab.cd.ef, resume.x.5"], V1Offer("x", 5, "ab.cd.ef")),
    ([f"{V1}, token.a, resume.x"], V1Offer(token="a", malformed=True)),
    ([f"{V1}, token."], V1Offer()),
    ([f"{V1}, token.a, token.b"], V1Offer()),
    ([f"{V1}, token.a, token.a"], V1Offer()),
    ([f"{V1}, token.a, token., resume.x.5"], V1Offer("x", 5)),
]
REFUSED: list[list[str]] = [
    ["a b"],
    ["a\tb"],
    [f"{V1} chat"],
    [f"{V1};q=1"],
    [V1, "a b"],
    ["a b", V1],
    ["chat, a/b"],
    ['"chat"'],
    ["chat\x00"],
    ["\x0bchat"],
    ["\x85"],
    ["\xa0"],
    ["caf\xe9"],
    ["\xff"],
    [f"{V1}\x01"],
    [f"{V1}, resume.\xe9.5"],
    [f"{V1}, resume.x.\xb2"],
    [f"{V1}, resume.x.5\n"],
    [f"{V1}, token.a=b"],
    *([f"a{wrong}b"] for wrong in '()/:;<=>?@[\\]{}"'),
]


@pytest.mark.parametrize(("values", "offer"), OFFERS)
def test_offer(values: list[str], offer: V1Offer | None) -> None:
    assert offer_of(values) == offer


@pytest.mark.parametrize(("values", "offer"), OFFERS)
def test_names_that_others_have_parted(values: list[str], offer: V1Offer | None) -> None:
    """As trio-websocket gives them to a mounted server: the list is what it was."""
    parted = [name.strip() for value in values for name in value.split(",")]
    assert offer_of(tuple(parted)) == offer


@pytest.mark.parametrize("values", REFUSED)
def test_what_is_no_name(values: list[str]) -> None:
    with pytest.raises(HttpRefused) as refused:
        offer_of(values)
    assert refused.value.status == 400
    assert refused.value.text == "Sec-WebSocket-Protocol must be a list of names that are tokens."


def test_every_character_of_a_name() -> None:
    """RFC 7230 lists them: letters, digits, and fifteen others."""
    right = [chr(code) for code in range(256) if _is_taken(f"a{chr(code)}b")]
    assert "".join(right) == "!#$%&'*+,-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~"


def _is_taken(value: str) -> bool:
    try:
        offer_of([value])
    except HttpRefused:
        return False
    return True


def test_neither_is_shown() -> None:
    """A session's token and a user's go into no log."""
    shown = repr(offer_of([f"{V1}, resume.THE-SESSION.5, token.THE-TOKEN"]))
    assert "THE-" not in shown
    assert "seen=5" in shown


def plainly(values: Sequence[str]) -> V1Offer | int | None:
    """Read an offer once more, in another way; a number is the status of a refusal."""
    names: list[str] = []
    for value in values:
        names += [name for name in (member.strip(" \t") for member in value.split(",")) if name]
    if any(re.search(r"[^-!#$%&'*+.^_`|~0-9A-Za-z]", name) for name in names):
        return 400
    if V1 not in names:
        return None
    resumes, tokens = ([name for name in names if name.startswith(kind)] for kind in ("resume.", "token."))
    token = tokens[0][6:] if len(tokens) == 1 and tokens[0] != "token." else None
    if not resumes:
        return V1Offer(token=token)
    parts = resumes[0].split(".")
    if len(resumes) > 1 or len(parts) != 3 or not parts[1]:
        return V1Offer(token=token, malformed=True)
    seen = parts[2]
    if not seen.isdigit() or len(seen) > 16 or str(int(seen)) != seen or int(seen) > LARGEST:
        return V1Offer(token=token, malformed=True)
    return V1Offer(parts[1], int(seen), token)


def read(values: Sequence[str], read_offer: Callable[[Sequence[str]], V1Offer | None]) -> object:
    try:
        return read_offer(values)
    except HttpRefused as refused:
        return refused.status


PIECES = [
    V1,
    "resume.",
    "token.",
    "x",
    ".",
    "5",
    "0",
    ",",
    " ",
    "\t",
    str(LARGEST),
    str(LARGEST + 1),
    "\xe9",
    ";",
]
pieces = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
members = st.sampled_from([V1, "chat", "resume.x.5", "resume.y.05", "resume.x", "token.a", "token.b", "a b"])


@settings(max_examples=1_000)
@given(st.lists(pieces | st.lists(members, max_size=4).map(", ".join), max_size=3))
def test_any_offer(values: list[str]) -> None:
    assert read(values, offer_of) == plainly(values)


@given(st.lists(st.text(st.characters(max_codepoint=255), max_size=40), max_size=3))
def test_any_text(values: list[str]) -> None:
    assert read([*values, V1], offer_of) == plainly([*values, V1])


MISTAKES = [
    ("if V1 not in names:", "if False:"),
    ('.strip(" \\t"))', ".strip())"),
    ('name := member.strip(" \\t")', "name := member"),
    ('",".join(values)', "next(iter(values), '')"),
    ("if not all(map(_is_token, names)):", "if False:"),
    ("(0|[1-9][0-9]{0,15})", "([0-9]{1,16})"),
    # Python makes no number of more than 4,300 digits.
    ("(0|[1-9][0-9]{0,15})", "(0|[1-9][0-9]*)"),
    ("([^.]+)", "(.+)"),
    ("([^.]+)", "([^.]*)"),
    ("> _LARGEST_SEEN", ">= _LARGEST_SEEN"),
    (" or int(found[2]) > _LARGEST_SEEN", ""),
    ("if len(sessions) == 1 else None", "if True else None"),
    ("if len(tokens) == 1 else None", "if tokens else None"),
    ("tokens[0] or None", "tokens[0]"),
    ("return V1Offer(token=token, malformed=True)", "return V1Offer(token=token)"),
    ("return V1Offer(token=token, malformed=True)", "return V1Offer(malformed=True)"),
    ("return V1Offer(found[1], int(found[2]), token)", "return V1Offer(found[1], token=token)"),
]


@pytest.mark.parametrize(("right", "wrong"), MISTAKES)
def test_a_mistake_is_found(right: str, wrong: str) -> None:
    source = inspect.getsource(subprotocols)
    assert source.count(right) == 1, f"{right!r} does not stand once in {subprotocols.__name__}"
    module = ModuleType("mistaken")
    exec(compile(source.replace(right, wrong), "mistaken", "exec"), module.__dict__)  # noqa: S102 - the reader itself, with one change

    def fields(offer: object) -> object:
        # Of another module's class, so by what it holds.
        names = ("resume", "seen", "token", "malformed")
        return tuple(getattr(offer, name) for name in names) if hasattr(offer, "seen") else offer

    def shows(values: list[str]) -> bool:
        try:
            return fields(read(values, module.__dict__["offer_of"])) != fields(plainly(values))
        except ValueError:
            return True  # raising is a difference, too

    assert any(map(shows, [*(values for values, _ in OFFERS), *REFUSED]))
