"""What a chart shows of a run: every event, what was lost, and where the violations are."""

from typing import get_args

import msgspec
import pytest

from focus_signal.core.commands import Connect, Disconnect, Drain, Invalid, Relay, RequestMatch
from focus_signal.core.effects import Close, Deliver, Effect, Refused, Relayed, RoomFound, SeedMessage
from focus_signal.testing import history as h
from focus_signal.testing.core_level import run_core
from focus_signal.testing.diagram.chart import Arrow, Chart, Lane, Note, Only, Row
from focus_signal.testing.diagram.lanes import LEFT_OUT, chart_of, only_about
from focus_signal.testing.plan import Fault, Join, Leave, Open, Operation, Plan, RunConfig, Say, Signal, Verb
from focus_signal.testing.subject import SERVER
from focus_signal.testing.violation import Violation
from focus_signal.testing.workload.swarm import swarm
from tests.testing.diagram_runs import BREACH, HOSTILE, STORY, plan_of, story

OFFER = b',"sdp":"m3 "'
PLAN = plan_of(
    Open(id=1, at=0.0, conn=1, user="ana"),
    Open(id=2, at=0.0, conn=2, user="bo"),
    Signal(id=3, at=1.0, conn=1, kind="offer", to="bo"),
    Leave(id=4, at=2.0, conn=1, by="close"),
    Fault(id=5, at=3.0, conn=2, fault="hold"),
    Verb(id=6, at=4.0, verb="drain", grace=2.5),
    Join(id=7, at=5.0, conn=2, size=3),
    Say(id=8, at=6.0, conn=2, text="[]"),
    Say(id=9, at=7.0, conn=2, text=""),
)
SERVED: list[h.Event] = [h.Served(0.0, 1, 11), h.Served(0.0, 2, 12)]


def decided(command: Relay | Invalid | RequestMatch | Connect | Drain, *effects: Effect) -> h.Decided:
    return h.Decided(1.25, type(command).__name__, command, list(effects))


def rows_of(*events: h.Event, plan: Plan = PLAN) -> list[Row]:
    """Give the rows of events that follow two openings, without the rows of those."""
    return list(chart_of(plan, [*SERVED, *events]).rows[2:])


def relayed(mark: int = 3) -> Relayed:
    return Relayed("ana", "offer", b',"sdp":"m%d "' % mark)


SAMPLES: list[tuple[h.Event, Row | None]] = [
    (h.Sent(1.0, 1, 3), Arrow(1.0, 1, True, "offer to bo (#3)", 3, lost=True)),
    (h.Sent(5.0, 2, 7), Arrow(5.0, 2, True, "join 3 (#7)", 7, lost=True)),
    (h.Sent(6.0, 2, 8), Arrow(6.0, 2, True, "says [] (#8)", 8, lost=True)),
    (h.Sent(7.0, 2, 9), Arrow(7.0, 2, True, "says an empty text (#9)", 9, lost=True)),
    (h.Left(2.0, 1, 4), Arrow(2.0, 1, True, "close (#4)", 4, end=True, lost=True)),
    (h.Connected(0.5, 1), None),
    (
        h.NotConnected(0.5, 2, "refused"),
        Arrow(0.5, 2, True, "opens as bo (#2): refused", 2, end=True, lost=True),
    ),
    (h.Served(0.0, 2, 12), Arrow(0.0, 2, True, "opens as bo (#2)", 2)),
    (h.EndRead(2.0, 12), Note(2.0, "note", "the server reads the end", (2,))),
    (h.EndRead(2.0, 99), Note(2.0, "note", "the server reads the end of connection 99", "server")),
    (
        decided(Relay(11, "bo", "offer", OFFER)),
        Note(1.25, "note", "never delivered, no error", (1,)),
    ),
    (h.Got(2.0, 2, relayed()), Arrow(2.0, 2, False, "offer from ana (#3)")),
    (h.Got(2.0, 2, RoomFound("r", ("ana", "bo"))), Arrow(2.0, 2, False, "room-found [ana, bo]")),
    (h.Got(2.0, 2, Refused("bad-json", "no")), Arrow(2.0, 2, False, "error bad-json")),
    (h.Strange(2.0, 2, "?\n"), Arrow(2.0, 2, False, "no message of the server's: ?\\n")),
    (h.Torn(2.0, 2, "half"), Note(2.0, "fault", "torn: half", (2,))),
    (h.Torn(2.0, None, "half"), Note(2.0, "fault", "torn: half", "server")),
    (h.Pinged(2.0, 2, 1), None),
    (h.Ponged(2.0, 2, 1), None),
    (h.Ended(2.0, 2, 4501), Arrow(2.0, 2, False, "close 4501 replaced", end=True)),
    (h.Ended(2.0, 2, 4999), Arrow(2.0, 2, False, "close 4999", end=True)),
    (h.Ended(2.0, 2, None), Arrow(2.0, 2, False, "ends with no close frame", end=True)),
    (h.Meddled(3.0, 5), Note(3.0, "fault", "hold (#5)", (2,), (5,))),
    (h.Meddled(4.0, 6), Note(4.0, "fault", "the server drains, 2.5 s of grace (#6)", "server", (6,))),
    (h.Meddled(4.0, 77), Note(4.0, "fault", "#77, which the plan does not have", "server", (77,))),
    (h.Waits(4.0, 11, 100, 2), None),
    (h.Beyond(4.0, "nesting", "six deep"), Note(4.0, "fault", "beyond nesting: six deep", "server")),
    (h.Crashed(6.0, "KeyError(1)"), Note(6.0, "fault", "the server has ended: KeyError(1)", "server")),
    (h.DrainOver(6.0, 4.0, 2.5), Note(6.0, "fault", "the drain is over, after 2.000 s of 2.5 s", "server")),
    (h.Faulted(6.0, "KeyError: 1"), Note(6.0, "fault", "the server's own fault: KeyError: 1", "server")),
    (h.Restarted(6.0), Note(6.0, "fault", "a server that has forgotten everything")),
    (h.Healed(6.0), Note(6.0, "note", "every fault is healed")),
    (h.Settled(6.0), Note(6.0, "note", "settled, everyone leaves")),
    (h.Emptied(6.0, 0, 0, 0, 0), Note(6.0, "note", "left over: nothing")),
    (h.Emptied(6.0, 1, 2, 0, 0, 3, 0), Note(6.0, "note", "left over: 1 users, 2 rooms, 3 tasks")),
]


@pytest.mark.parametrize(("event", "row"), SAMPLES)
def test_every_event_is_shown_or_left_out_on_purpose(event: h.Event, row: Row | None) -> None:
    shown = rows_of(event)
    if row is None:
        assert type(event) in LEFT_OUT
        assert shown == []
    else:
        assert type(event) not in LEFT_OUT
        shown = [evolved(row) for row in shown]
        assert shown == [evolved(row)]


def evolved(row: Row) -> Row:
    """Forget the operations of a note: the sample says what it says."""
    return Note(row.t, row.kind, row.text, row.over) if isinstance(row, Note) else row


def test_no_kind_of_event_is_forgotten() -> None:
    assert {type(event) for event, _ in SAMPLES} == set(get_args(h.Event))
    assert set(LEFT_OUT) < set(get_args(h.Event))


def arrows(chart: Chart) -> list[tuple[str, bool]]:
    return [(row.text, row.lost) for row in chart.rows if isinstance(row, Arrow)]


def test_what_arrives_is_not_lost() -> None:
    events: list[h.Event] = [
        h.Sent(1.0, 1, 3),
        decided(Relay(11, "bo", "offer", OFFER), Deliver(12, relayed())),
        h.Got(2.0, 2, relayed()),
        h.Left(2.0, 1, 4),
        h.EndRead(2.25, 11),
    ]
    whole = chart_of(PLAN, [*SERVED, *events])
    assert not any(lost for _, lost in arrows(whole))
    # Whichever step is missing, the one before it is seen to be lost.
    for missing, text in ((1, "offer to bo (#3)"), (2, "offer from ana (#3)"), (4, "close (#4)")):
        rest = [*SERVED, *events[:missing], *events[missing + 1 :]]
        assert [shown for shown, lost in arrows(chart_of(PLAN, rest)) if lost] == [text]


@pytest.mark.parametrize(
    ("effect", "text"),
    [
        (Deliver(12, relayed()), "offer from ana (#3)"),
        (Deliver(12, Refused("peer-unavailable", "no")), "error peer-unavailable (#3)"),
        (Deliver(12, RoomFound("r", ("bo",))), "room-found [bo]"),
        (Close(12, "replaced"), "close 4501 replaced"),
    ],
)
def test_an_effect_that_nobody_saw_is_lost(effect: Effect, text: str) -> None:
    decision = decided(Relay(11, "bo", "offer", OFFER), effect)
    [sent, lost] = rows_of(h.Sent(1.0, 1, 3), decision)
    assert sent == Arrow(1.0, 1, True, "offer to bo (#3)", 3)
    assert lost == Arrow(1.25, 2, False, text, 3, end=isinstance(effect, Close), lost=True)
    seen = h.Got(2.0, 2, effect.message) if isinstance(effect, Deliver) else h.Ended(2.0, 2, 4501)
    assert not any(isinstance(row, Arrow) and row.lost for row in rows_of(h.Sent(1.0, 1, 3), decision, seen))


def test_an_effect_for_nobody_is_said_to_be_so() -> None:
    decision = decided(Relay(11, "bo", "offer", OFFER), Deliver(99, relayed()))
    text = "offer from ana (#3) to connection 99, which is nobody's"
    assert rows_of(decision) == [Note(1.25, "note", text, "server")]


def test_one_of_two_equal_messages_is_lost() -> None:
    twice = decided(Relay(11, "bo", "offer", OFFER), *[Deliver(12, relayed())] * 2)
    rows = rows_of(h.Sent(1.0, 1, 3), twice, h.Got(2.0, 2, relayed()))
    assert [row.lost for row in rows if isinstance(row, Arrow)] == [False, True, False]


def test_what_was_seen_is_not_taken_for_what_was_not() -> None:
    effects: list[Effect] = [
        Deliver(12, relayed()),
        Deliver(12, RoomFound("r", ("bo",))),
        Close(12, "replaced"),
    ]
    decision = decided(Relay(11, "bo", "offer", OFFER), *effects)
    seen: list[h.Event] = [h.Got(2.0, 2, RoomFound("r", ("bo",))), h.Ended(2.25, 2, 1012)]
    lost = [row.text for row in rows_of(decision, *seen) if isinstance(row, Arrow) and row.lost]
    assert lost == ["offer from ana (#3)", "close 4501 replaced"]


def test_when_everyone_leaves_that_is_said_once() -> None:
    everyone = Note(3.0, "note", "settled, everyone leaves")
    leaving: list[h.Event] = [h.Left(3.0, 2, -3), h.EndRead(4.0, 12), h.Ended(4.0, 2, 1000)]
    assert rows_of(h.Settled(3.0), *leaving) == [everyone]


def test_a_message_is_known_again_however_its_payload_is_written() -> None:
    """A client above the core level reads messages off the wire."""
    off_the_wire = Relayed("ana", "offer", b'"m3 "')
    decision = decided(Relay(11, "bo", "offer", OFFER), Deliver(12, relayed()))
    assert not any(
        row.lost for row in rows_of(decision, h.Got(2.0, 2, off_the_wire)) if isinstance(row, Arrow)
    )


def test_what_overtakes_is_not_taken_for_what_it_overtook() -> None:
    first, second = (Signal(id=op, at=1.0, conn=1, kind="offer", to="bo") for op in (21, 22))
    plan = PLAN.keeping((*PLAN.operations[:2], first, second))
    events: list[h.Event] = [h.Sent(1.0, 1, 21), h.Sent(1.0, 1, 22)]
    late = decided(Relay(11, "bo", "offer", relayed(21).payload))
    early = decided(Relay(11, "bo", "offer", relayed(22).payload))
    assert [row.lost for row in rows_of(*events, early, plan=plan)[:2] if isinstance(row, Arrow)] == [
        True,
        False,
    ]
    both = rows_of(*events, early, late, plan=plan)
    assert [row.lost for row in both if isinstance(row, Arrow)] == [False, False]


@pytest.mark.parametrize(
    ("command", "noted"),
    [
        (Relay(11, "bo", "offer", OFFER), True),
        (Invalid(11, "wrong-sender", "no"), True),
        (RequestMatch(11, 2), False),
        (Connect(11, "ana"), False),
        (Drain(), False),
    ],
)
def test_silence_is_noted_where_an_answer_was_due(
    command: Relay | Invalid | RequestMatch | Connect | Drain, noted: bool
) -> None:
    rows = rows_of(h.Sent(1.0, 1, 3), decided(command))
    silence = Note(1.25, "note", "#3: never delivered, no error", (1,), (3,))
    assert (silence in rows) == noted


def test_a_number_that_is_used_again_after_a_restart_is_the_new_connection() -> None:
    reopened = plan_of(*PLAN.operations[:2], Open(id=9, at=5.0, conn=3, user="cy"))
    rows = rows_of(h.Restarted(5.0), h.Served(5.25, 3, 11), h.EndRead(6.0, 11), plan=reopened)
    assert rows[-1] == Note(6.0, "note", "the server reads the end", (3,))


def test_a_violation_stands_at_its_place_and_marks_what_it_is_about() -> None:
    rows = chart_of(STORY, story(), [BREACH]).rows
    at = next(index for index, row in enumerate(rows) if isinstance(row, Note) and row.kind == "violation")
    assert rows[at] == Note(2.625, "violation", f"VIOLATION silent-loss: {BREACH.text}", (1,), (5,))
    assert rows[at - 1].t <= 2.625 < rows[at + 1].t
    assert [row.op for row in rows if isinstance(row, Arrow) and row.is_marked] == [5, 5]


def test_a_violation_about_nothing_known_is_over_all() -> None:
    [row] = chart_of(PLAN, [], [Violation("leak", 9.0, "1 room")]).rows
    assert row == Note(9.0, "violation", "VIOLATION leak: 1 room", "all")


def test_only_some_rows() -> None:
    chart = chart_of(STORY, story(), [BREACH], only=only_about(STORY, [BREACH]))
    assert chart.lanes == (Lane(1, "ana"), Lane(2, "bo"))
    shown = [row for row in chart.rows if isinstance(row, Arrow)]
    assert {row.conn for row in shown if row.op != 5} == {1}
    assert isinstance(chart.rows[0], Note)
    assert chart.rows[0].text == "5 of 16 rows are not shown"
    assert any(row.is_marked and isinstance(row, Note) for row in chart.rows)


def test_only_one_connection_has_one_lane() -> None:
    chart = chart_of(STORY, story(), only=Only(conns=(2,)))
    assert chart.lanes == (Lane(2, "bo"),)
    assert Note(2.625, "note", "the server reads the end", (2,)) in chart.rows
    assert not any("latency" in row.text for row in chart.rows)


@pytest.mark.parametrize("last", [0, 1, 5, 100])
def test_only_the_last_rows(last: int) -> None:
    whole = chart_of(STORY, story())
    chart = chart_of(STORY, story(), last=last)
    kept = min(last, len(whole.rows))
    assert chart.rows[len(chart.rows) - kept :] == whole.rows[len(whole.rows) - kept :]
    assert len(chart.rows) == kept + (last < len(whole.rows))


def test_the_lanes_tell_when_a_connection_is_open() -> None:
    chart = chart_of(STORY, story())
    first, last = chart.spans()[2]
    assert chart.rows[first].text == "opens as bo (#2)"
    assert chart.rows[last].text == "the server reads the end"
    assert chart.spans()[1] == (0, len(chart.rows) - 1)


def test_texts_print_on_one_line() -> None:
    operations: tuple[Operation, ...] = (
        Open(id=1, at=0.0, conn=1, user=HOSTILE),
        Say(id=2, at=1.0, conn=1, text="\ud800\r\n" * 100),
        Signal(id=3, at=1.5, conn=1, kind="offer", to=HOSTILE, claim=HOSTILE),
    )
    plan = Plan(seed=1, config=RunConfig(), operations=operations)
    peers: SeedMessage = RoomFound("r", (HOSTILE, "\x00"))
    history: list[h.Event] = [
        h.Served(0.25, 1, 1),
        h.Sent(1.0, 1, 2),
        h.Sent(1.5, 1, 3),
        h.Got(2.0, 1, peers),
        h.Strange(2.0, 1, "\x1b[2J"),
        h.Faulted(2.0, "a\nb"),
        h.NotConnected(2.0, 1, "\x07"),
    ]
    chart = chart_of(plan, history, [Violation("x\n", 3.0, "y\n\u202e")])
    for text in (*(row.text for row in chart.rows), *(lane.label for lane in chart.lanes)):
        assert text.isprintable()
        text.encode()
        assert len(text) < 150
    said = next(row.text for row in chart.rows if row.text.startswith("says"))
    escaped = r"\ud800\r\n" * 9
    assert said == f"says {escaped[:45]}... (#2)"
    assert "\\u202e" in chart.rows[-1].text


def test_nothing_of_a_drawn_run_is_missing() -> None:
    for seed in range(8):
        workload = swarm(verbs=("drain", "restart")) if seed % 2 else swarm()
        plan = workload.plan(seed)
        history = run_core(plan, SERVER)
        rows = chart_of(plan, history).rows
        told = [row for row in rows if isinstance(row, Arrow)]
        for up, kinds in ((True, h.Sent | h.Left | h.Served | h.NotConnected), (False, h.Got | h.Strange)):
            events = [event for event in history if isinstance(event, kinds)]
            shown = [row for row in told if row.up == up and (up or not (row.lost or row.end))]
            assert [(row.t, row.conn) for row in shown] == [(event.t, event.conn) for event in events]
        assert [row.t for row in rows] == sorted(row.t for row in rows)


def test_in_a_calm_run_nothing_is_lost() -> None:
    calm = [Open(id=n, at=0.0, conn=n, user=f"u{n}") for n in range(1, 5)]
    joins = [Join(id=10 + n, at=1.0, conn=n, size=4) for n in range(1, 5)]
    signals = [Signal(id=20 + n, at=3.0, conn=n, kind="answer", to=f"u{n % 4 + 1}") for n in range(1, 5)]
    plan = plan_of(*calm, *joins, *signals)
    told = arrows(chart_of(plan, run_core(plan, SERVER)))
    assert len(told) == 4 + 4 + 4 + 4 + 4
    assert not any(lost for _, lost in told)


def test_reading_a_history_does_not_change_it() -> None:
    history = story()
    before = msgspec.msgpack.encode(history)
    chart_of(STORY, history, [BREACH])
    assert msgspec.msgpack.encode(history) == before


def test_a_disconnect_with_an_effect_for_nobody_known() -> None:
    event = h.Decided(1.0, "Disconnect", Disconnect(99), [Close(98, "restart")])
    text = "close 1012 restart to connection 98, which is nobody's"
    assert rows_of(event) == [Note(1.0, "note", text, "server")]
