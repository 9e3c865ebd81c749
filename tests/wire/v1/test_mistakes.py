"""A mistake that is made on purpose, in any of the modules, is found by the tests' own questions."""

from __future__ import annotations

import inspect
import sys
from functools import cache
from types import ModuleType
from typing import Any

import pytest

from focus_signal.core.commands import Invalid
from focus_signal.wire import (
    unusable,
    user_ids,
    v1,
    v1_reading,
    v1_requests,
    v1_shapes,
    v1_writing,
)
from tests.wire.dialect import loads
from tests.wire.v1.dialect import CONNECTION, SETTINGS, USER, bare, seal
from tests.wire.v1.drawing import corpus
from tests.wire.v1.naive import Expected, differs, expected
from tests.wire.v1.schema import Wrong
from tests.wire.v1.test_schema import WRONG, frame_with, text_of
from tests.wire.v1.test_writing import WRITTEN, as_text

# Each is made anew, for the sake of the ones before it.
CHAIN = (unusable, user_ids, v1_shapes, v1_requests, v1_reading, v1_writing, v1)
# What is rare among frames that are drawn.
FRAMES = (
    '{"type":"offer","to":"bob","type":"offer"}',
    '{"type":"offer","to":"bob","id":3,"type":"offer"}',
    '{"type":"cancel","type":"cancel"}',
    '{"type":"signal","to":"bob","data":1,"type":"signal"}',
    '{"type":"offer","to":"bob","sdp":"\\ud800"}',
    '{"type":"cancel","x":"@"}',
    '{"type":"signal","to":"bob","data":' + "[" * 33 + "]" * 33 + "}",
    '{"type":"cancel","x":' + "[" * 33 + "]" * 33 + "}",
    '{"type":"matchmaking","minSize":2,"maxSize":2,"timeout":5,"patience":3}',
    '{"type":"matchmaking","matchSize":2,"party":{"code":"12345678","size":3}}',
    '{"type":"matchmaking","matchSize":2,"avoid":["eve","\\u0000"]}',
    '{"type":"matchmaking","matchSize":2,"readyCheck":true,"backfill":true}',
    '{"type":"matchmaking","matchSize":2,"maxSize":2}',
    '{"type":"matchmaking","matchSize":16}',
    '{"type":"broadcast","data":1,"roomId":"r"}',
    '{"type":"offer","to":"bob","roomId":"r","sdp":1,"candidate":2}',
    '{"type":"ready","proposal":5,"to":"bob"}',
    '{"type":"ready","seen":3,"proposal":"p"}',
    '{"type":"ready","id":3,"seen":4,"proposal":5}',
    '{"type":"ping","id":3}',
    '{"type":"x","to":"\\u0000"}',
    '{"type":5}',
)


@cache
def questions() -> tuple[tuple[bytes, Expected], ...]:
    texts = [text.encode() for text in (*corpus(), *FRAMES)]
    texts.append(b'{"type":"cancel","x":"\xff"}')
    deep = b'{"type":"cancel","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    return (*((text, expected(text)) for text in texts), (deep, Expected((("bad-message", None),))))


def reads_otherwise(dialect: Any) -> bool:
    """Tell whether frames become something else than what is to become of them."""
    return any(
        differs(dialect.decode(text, CONNECTION, USER), wanted) for text, wanted in questions()
    ) or any(says_otherwise(dialect, case) for case in WRONG)


def says_otherwise(dialect: Any, case: tuple[str, str, Wrong]) -> bool:
    """Tell whether an error says something else than it should."""
    refused = bare(dialect.decode(frame_with(*case).encode(), CONNECTION, USER))
    assert isinstance(refused, Invalid)
    return (refused.code, refused.message) != (case[2].code, text_of(case[2]))


def writes_otherwise(dialect: Any) -> bool:
    """Tell whether messages are written as something else than they are."""
    return any(
        loads(dialect.encode(message, 6))
        != as_text({**wanted, "seq": 6} if wanted.get("seq") == 5 else wanted)
        for message, wanted in WRITTEN
    )


def is_wrong(dialect: Any) -> bool:
    try:
        return reads_otherwise(dialect) or writes_otherwise(dialect)
    except Exception:  # noqa: BLE001 - raising is a difference, too
        return True


def dialect_with(module: ModuleType | None, right: str, wrong: str) -> Any:
    """Make the dialect anew, with one change in one of its modules."""
    copy = v1
    with pytest.MonkeyPatch.context() as patch:
        for each in CHAIN:
            source = inspect.getsource(each)
            if each is module:
                assert source.count(right) == 1, f"{right!r} does not stand once in {each.__name__}"
                source = source.replace(right, wrong)
            copy = ModuleType(each.__name__)
            patch.setitem(sys.modules, each.__name__, copy)
            exec(compile(source, each.__name__, "exec"), copy.__dict__)  # noqa: S102 - the module itself, with one change
    return copy.V1Dialect(SETTINGS, seal)


def test_what_is_made_anew_without_a_change_is_right() -> None:
    dialect = dialect_with(None, "", "")
    assert type(dialect) is not v1.V1Dialect
    assert not reads_otherwise(dialect)
    assert not writes_otherwise(dialect)


MISTAKES: list[tuple[ModuleType, str, str]] = [
    (unusable, "        frame.decode()  #", "        #"),
    (unusable, "except RecursionError:", "except ZeroDivisionError:"),
    (unusable, "text[:LONGEST_SHOWN]", "text[: LONGEST_SHOWN + 1]"),
    (user_ids, "\\x7f-\\x9f", "\\x80-\\x9f"),
    (user_ids, "len(text.encode())", "len(text)"),
    (v1, "if not frame.isascii():", "if False:"),
    (v1, "if is_nested_deeper(frame, settings.max_nesting + 1):", "if False:"),
    (v1, "return None if has_repeated_type(frame) else request_of", "return request_of"),
    (v1, "outside != len(frame)", "outside > len(frame)"),
    (v1, "if number is UNSET and seen is UNSET:", "if number is UNSET:"),
    (v1, "if number is UNSET else number, None", "if number is UNSET else seen, None"),
    (v1, "outside += _ID + len(str(message.id))", "outside += _ID + len(str(message.id)) + 15"),
    (v1_requests, "surely = len(to) * 4 <=", "surely = len(to) <="),
    (v1_requests, " and to.isprintable()", ""),
    (v1_requests, "if claim != user and claim is not UNSET", "if claim is UNSET"),
    (v1_requests, "% (message.sdp, message.candidate)", "% (message.candidate, message.sdp)"),
    (v1_requests, "_payload_of(message), None if room is UNSET else room)", "_payload_of(message), None)"),
    (v1_requests, "message.party.size > most", "message.party.size > most + 1"),
    (v1_requests, "enumerate(message.avoid)", "enumerate(message.avoid[:1])"),
    (v1_requests, "message.ready_check and message.backfill", "False"),
    (v1_requests, "if least > most:", "if least >= most:"),
    (v1_requests, "size > settings.max_match_size", "size >= settings.max_match_size"),
    (v1_requests, "    if exact is not UNSET:", "    if False:"),
    (v1_requests, "    if message.seen is UNSET:", "    if False:"),
    (v1_requests, "        patience=message.patience,\n", ""),
    (v1_requests, "None if message.timeout is UNSET else message.timeout", "None"),
    (v1_requests, "b',\"data\":%b' % message.data, room)", "b',\"data\":%b' % message.data)"),
    (v1_requests, '_size("minSize", least, settings)', '_size("matchSize", least, settings)'),
    (v1_reading, 'for name in ("id", "seen")', 'for name in ("seen", "id")'),
    (v1_reading, ' or (shape is not None and "to" not in shape.members)', ""),
    (v1_reading, "return to if is_user_id(to, settings.max_user_bytes) else None", "return to"),
    (v1_reading, "if is_nested_deeper(frame, settings.max_nesting + 1):", "if False:"),
    (v1_reading, "if has_repeated_type(frame):", "if False:"),
    (v1_reading, "if string_of(kind) is None else", "if string_of(kind) is not None else"),
    (v1_reading, "return settings.size_allowed", "return wrong.allowed"),
    (v1_reading, "return settings.user_allowed", "return wrong.allowed"),
    (v1_reading, "    if wrong.code is not None:", "    if False:"),
    (v1_reading, '_INDEX.sub("[]", wrong.path)', "wrong.path"),
    (v1_shapes, "len(items) > self.most", "len(items) > self.most + 1"),
    (v1_shapes, 'f"{path}[{at}]"', 'f"{path}[0]"'),
    (v1_shapes, "elif member.required:", "elif False:"),
    (v1_shapes, "shape.read(raw, above + member.name)", "shape.read(raw, member.name)"),
    (v1_shapes, "Meta(ge=least, le=most)", "Meta(ge=least)"),
    (v1_shapes, "Meta(min_length=shortest, max_length=longest)", "Meta(max_length=longest)"),
    (v1_writing, "(_HEADS[message.kind], seq, sender", "(_HEADS[message.kind], 5, sender"),
    (v1_writing, "_encode(message.sender)", "b'\"%b\"' % message.sender.encode()"),
    (v1_writing, "last_id=_or_unset(message.last_id)", "last_id=message.last_id or UNSET"),
    (v1_writing, "UNSET if message.state is None else", "UNSET if message.state == effects.State() else"),
    (v1_writing, '"seed": view.seeds', '"seed": view.away'),
    (v1_writing, "retry_after=_or_unset(message.retry_after)", "retry_after=message.retry_after or UNSET"),
    (v1_writing, '"position": view.position', '"position": view.waiting'),
    (v1_writing, "from_server.Ack(seq=seq, id=message.id)", "from_server.Ack(seq=message.id, id=seq)"),
]


@pytest.mark.parametrize(("module", "right", "wrong"), MISTAKES)
def test_a_mistake_is_found(module: ModuleType, right: str, wrong: str) -> None:
    assert is_wrong(dialect_with(module, right, wrong))
