"""The comparer catches what it is there for: right transcripts made wrong, and wrong declarations."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

import attrs
import pytest

from tests.seed.catalogue import CONVERSATIONS
from tests.seed.compare import compare, expected
from tests.seed.model import (
    Conversation,
    Lines,
    Why,
    closed,
    connect,
    conversation,
    error,
    found,
    match,
    relayed,
    send,
)
from tests.seed.transcript import (
    TRANSCRIPTS,
    Normaliser,
    Record,
    Transcript,
    read,
    shortened,
    without_message,
)

RECORDED = read(TRANSCRIPTS)
UUID = "0b1f6c9e-7d52-4c3a-9a50-1f2e3d4c5b6a"
PARAMETERS = [pytest.param(each, id=each.name) for each in CONVERSATIONS]


def right(conversation: Conversation) -> Transcript:
    """Return what a server would have played that does everything right."""
    return tuple(
        Record(record.step, {who: tuple(map(_spelt_out, lines)) for who, lines in record.got.items()})
        for record in expected(conversation, RECORDED[conversation.name])
    )


def _spelt_out(line: str) -> str:
    """Put something where a declared line leaves the wording free."""
    return f"{line[:-1]}some words" if line.startswith(("close ", "http ")) and line.endswith(" *") else line


def wrong(transcript: Transcript, clients: list[str]) -> Iterator[tuple[str, Transcript]]:
    """Return every transcript that differs from a right one by one fault, with the name of the fault."""
    for at, record in enumerate(transcript):

        def put(
            who: str, lines: Lines, at: int = at, record: Record = record, base: Transcript = transcript
        ) -> Transcript:
            got = {name: said for name, said in {**record.got, who: lines}.items() if said}
            return (*base[:at], attrs.evolve(record, got=got), *base[at + 1 :])

        for who, lines in record.got.items():
            yield "nothing came", put(who, ())
            for place, line in enumerate(lines):
                yield "frame dropped", put(who, (*lines[:place], *lines[place + 1 :]))
                yield "frame doubled", put(who, (*lines[: place + 1], *lines[place:]))
                for fault, spoilt in spoil(line):
                    yield fault, put(who, (*lines[:place], spoilt, *lines[place + 1 :]))
            if len(set(lines)) > 1:
                yield "frames swapped", put(who, tuple(reversed(lines)))
            for other in clients:
                if record.got.get(other, ()) != lines:
                    swapped = put(who, record.got.get(other, ()))
                    yield "wrong client", put(other, lines, base=swapped, record=swapped[at])
            if at + 1 < len(transcript):
                following = transcript[at + 1]
                late = attrs.evolve(
                    following, got={**following.got, who: (*lines, *following.got.get(who, ()))}
                )
                early = put(who, ())
                yield "frame late", (*early[: at + 1], late, *early[at + 2 :])
        for who in clients:
            yield "extra frame", put(who, (*record.got.get(who, ()), error("unknown-type")))
            yield "extra frame in front", put(who, (found(1, who), *record.got.get(who, ())))
            yield "closed", put(who, (*record.got.get(who, ()), closed(1011, "internal-error")))


def spoil(line: str) -> Iterator[tuple[str, str]]:
    """Return the line with one fault in it, for each fault that it can have."""
    kind, _, rest = line.partition(" ")
    if kind in ("close", "http"):
        code, _, said = rest.partition(" ")
        yield f"{kind} code", f"{kind} {int(code) + 1} {said}"
        yield f"{kind} without words", f"{kind} {code}"
    if kind != "text":
        return
    yield "white space", line.replace(":", ": ", 1)
    try:
        fields = json.loads(rest)
    except ValueError:
        return
    if len(fields) > 1:
        first, *others = fields.items()
        yield "key order", f"text {_compact(dict([*others, first]))}"
    yield "extra key", f"text {_compact(fields | {'extra': 1})}"
    for key in fields:
        yield "missing key", f"text {_compact({name: fields[name] for name in fields if name != key})}"
    if fields["type"] == "error":
        yield "error code", line.replace(fields["code"], "bad-something")
    elif fields["type"] == "room-found":
        yield "other room", line.replace('"room-', '"room-9')
        yield "peer missing", f"text {_compact(fields | {'peers': fields['peers'][1:]})}"
        if len(fields["peers"]) > 1:
            yield "peers swapped", f"text {_compact(fields | {'peers': fields['peers'][::-1]})}"
    else:
        yield "other sender", f"text {_compact(fields | {'from': 'mallory'})}"


def _compact(fields: dict[str, object]) -> str:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def clients_of(conversation: Conversation) -> list[str]:
    return list(dict.fromkeys(step.client for step in conversation.steps))


@pytest.mark.parametrize("conversation", PARAMETERS)
def test_what_is_right_passes(conversation: Conversation) -> None:
    assert compare(conversation, RECORDED[conversation.name], right(conversation)) == []


@pytest.mark.parametrize("conversation", PARAMETERS)
def test_every_single_fault_is_caught(conversation: Conversation) -> None:
    base = right(conversation)
    recorded = RECORDED[conversation.name]
    missed = [
        (fault, mutant)
        for fault, mutant in wrong(base, clients_of(conversation))
        if mutant != base and compare(conversation, recorded, mutant) == []
    ]
    assert missed == []


def test_every_kind_of_fault_was_tried() -> None:
    tried = Counter(
        fault
        for each in CONVERSATIONS
        for fault, mutant in wrong(right(each), clients_of(each))
        if mutant != right(each)
    )
    kinds = """
        nothing came, frame dropped, frame doubled, frames swapped, frame late, wrong client, extra frame,
        extra frame in front, closed, close code, close without words, http code, http without words, white
        space, key order, extra key, missing key, error code, other room, peer missing, peers swapped,
        other sender
    """
    assert set(tried) == {" ".join(kind.split()) for kind in kinds.split(",")}


SMALL = conversation("small", "One who asks for one.", connect("ana"), match("ana", 1))
SMALL_RECORDED = (
    Record("ana opens userId=ana", {}),
    Record(str(SMALL.steps[1]), {"ana": (found(1, "ana"),)}),
)


def declared(why: Why, **lines: list[str]) -> Conversation:
    return attrs.evolve(SMALL, steps=(SMALL.steps[0], SMALL.steps[1].ours(why, **lines)))


def test_a_declared_difference_that_the_seed_does_not_show_is_caught() -> None:
    undue = declared(Why.MATCH_SIZE, ana=[found(1, "ana")])
    assert compare(undue, SMALL_RECORDED, SMALL_RECORDED) == [
        f"({SMALL.steps[1]}): the seed, too, gives ana {found(1, 'ana')}, so there is no difference"
    ]


def test_a_declared_difference_that_this_server_does_not_show_is_caught() -> None:
    due = declared(Why.MATCH_SIZE, ana=[error("bad-match-size")])
    assert len(compare(due, SMALL_RECORDED, SMALL_RECORDED)) == 1
    as_declared = (SMALL_RECORDED[0], Record(SMALL_RECORDED[1].step, {"ana": (error("bad-match-size"),)}))
    assert compare(due, SMALL_RECORDED, as_declared) == []


def test_a_difference_declared_for_somebody_who_is_not_there_is_caught() -> None:
    nobody = declared(Why.MATCH_SIZE, ben=[error("bad-match-size")])
    assert compare(nobody, SMALL_RECORDED, SMALL_RECORDED) == [
        f"({SMALL.steps[1]}): ben is not in this conversation"
    ]


def test_a_recording_of_another_conversation_is_caught() -> None:
    for other in (
        attrs.evolve(SMALL, steps=SMALL.steps[:1]),
        attrs.evolve(SMALL, steps=(SMALL.steps[0], match("ana", 2))),
        attrs.evolve(SMALL, steps=(*SMALL.steps, send("ana", "?"))),
    ):
        problems = compare(other, SMALL_RECORDED, SMALL_RECORDED)
        assert problems == ["the recording is of another conversation: record it anew"]


def test_rooms_are_named_in_the_order_in_which_they_appear() -> None:
    other = UUID.replace("0b1f", "ffff")
    normalise = Normaliser()
    lines = [
        normalise.line(f'{{"type":"room-found","roomId":"{room}","peers":["a"]}}')
        for room in (UUID, other, UUID)
    ]
    assert lines == [found(1, "a"), found(2, "a"), found(1, "a")]


@pytest.mark.parametrize(
    "room",
    [
        UUID.upper(),
        UUID.replace("-", ""),
        UUID.replace("-4c", "-1c"),
        UUID.replace("-9a", "-7a"),
        "room-1",
        "",
    ],
)
def test_a_room_id_of_another_form_is_not_named(room: str) -> None:
    frame = f'{{"type":"room-found","roomId":"{room}","peers":["a"]}}'
    assert Normaliser().line(frame) == f"text {frame}"


def test_a_room_id_is_named_only_where_it_stands_for_the_room() -> None:
    frame = f'{{"type":"offer","from":"a","sdp":"{UUID}"}}'
    assert Normaliser().line(frame) == relayed("a", f'"sdp":"{UUID}"')


@pytest.mark.parametrize(
    "frame",
    [
        '{"type":"error","code":"bad-json","message":""}',
        '{"type":"error","code":"bad-json","message":" "}',
        '{"type":"error","code":"bad-json","message":null}',
        '{"type":"error","code":"bad-json"}',
        '{"type":"error","message":"m","code":"bad-json"}',
        '{"type":"error","code":"bad-json","to":"a","message":"m"}',
        '{"type":"error","code":"bad-json","message":"m","id":1}',
        '{"type":"error", "code":"bad-json","message":"m"}',
        '{"type":"error","code":"bad-json","message":"m"} ',
        '{"type":"error","code":"bad-json","message":"m"',
    ],
)
def test_an_error_of_another_form_keeps_its_message(frame: str) -> None:
    assert without_message(frame) == frame


def test_of_an_error_only_the_message_is_set_aside() -> None:
    frame = '{"type":"error","code":"peer-unavailable","message":"no such peer","to":"Ána"}'
    assert f"text {without_message(frame)}" == error("peer-unavailable", "Ána")


def test_long_texts_are_told_apart_though_they_are_shortened() -> None:
    texts = ["x" * 5000, "x" * 5001, "x" * 4999 + "y"]
    assert len({shortened(text) for text in texts}) == 3
    assert all(len(shortened(text)) < 300 for text in texts)
