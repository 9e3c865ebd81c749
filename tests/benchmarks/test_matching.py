"""What is measured of matching is what happens: whoever waits waits, and a wrong answer has no figure."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.load import Load, WrongResult
from benchmarks.matching import BEGIN, CROWD, END, Rounds, Scale, verdict, wire_table
from benchmarks.matching_commands import average_of_kinds, measure_commands, table
from benchmarks.matching_crowd import Clients, Waiting
from benchmarks.matching_house import Cost, House
from benchmarks.matching_wire import Meetings, nearest_rank
from benchmarks.meter import Result
from benchmarks.v1_client import Heard, V1Client
from benchmarks.waiting import CLIQUE, make_crowd
from focus_signal.core.commands import OpenSession, RequestTicket, Terms
from focus_signal.load.faults import Unreachable

ROOT = Path(__file__).resolve().parent.parent.parent
RUN = [sys.executable, str(ROOT / "benchmarks" / "matching.py")]


def test_a_quick_run_measures_the_wire_and_the_core(tmp_path: Path) -> None:
    record = tmp_path / "record.json"
    done = subprocess.run(
        [*RUN, "--quick", "--json", str(record)], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "| | nobody waits | 100 wait | ratio |" in done.stdout
    for line in ("| pairs, 20: last join to `room-found`", "| fours, 10: the same, 99 of 100"):
        assert line in done.stdout
    told: dict[str, Any] = json.loads(record.read_text(encoding="utf-8"))
    assert [(each["waiting"], each["size"]) for each in told["wire"]] == [
        ("nobody", 2),
        ("nobody", 4),
        ("crowd", 2),
        ("crowd", 4),
    ]
    assert all(0 < each["figures"]["p50"] <= each["figures"]["p99"] for each in told["wire"])
    assert told["core"]["join: the last of four"]["commands"] == 10


def test_ten_thousand_who_wait_need_as_many_descriptors() -> None:
    limited = ["sh", "-c", 'ulimit -n 4000 && exec "$@"', "sh", *RUN]
    done = subprocess.run(limited, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "error: 10500 open files are needed, the hard limit is 4000" in done.stderr


def test_the_document_has_a_place_for_the_tables() -> None:
    text = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    assert text.count(BEGIN) == text.count(END) == 1
    assert text.index(BEGIN) < text.index(END)


def test_the_crowd_is_as_large_as_it_says_and_of_all_kinds() -> None:
    crowd = make_crowd(10_000)
    kinds = (crowd.line, crowd.parties, crowd.cliques, crowd.alone)
    assert [len(some) for some in kinds] == [4000, 3000, 1500, 1500]
    assert len({waiter.user for waiter in crowd.everybody}) == 10_000
    pools: dict[str, list[Any]] = {}
    for waiter in crowd.cliques:
        pools.setdefault(waiter.terms.pool, []).append(waiter)
    assert max(map(len, pools.values())) == CLIQUE
    for some in pools.values():
        users = {waiter.user for waiter in some}
        assert all(set(waiter.terms.avoid) == users - {waiter.user} for waiter in some)


def test_nobody_in_the_crowd_meets_while_everything_else_happens() -> None:
    house = measure_commands(330, 3)
    assert house.matchmaker.statistics().waiting == 330
    assert house.costs["join: the last of two"].commands == 3
    assert "| join: the last of a clique of 33 |" in table(house, 330)


def test_somebody_who_meets_one_of_the_crowd_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    fill = "benchmarks.matching_commands.fill"

    def fill_with_a_gap(house: House, people: int) -> None:
        """Let one of them wait for two, where the guests do."""
        for number in range(people):
            house.handle(OpenSession(-number - 1, f"gap-{number}"))
            size = 2 if number == 0 else 20_000
            house.handle(RequestTicket(-number - 1, Terms(size, size)))

    monkeypatch.setattr(fill, fill_with_a_gap)
    with pytest.raises(AssertionError, match="somebody has met nobody"):
        measure_commands(10, 3)


def _found(room: str, *peers: str, offer_to: tuple[str, ...] = ()) -> Heard:
    return Heard("room-found", room_id=room, peers=peers, offer_to=offer_to)


def test_a_match_takes_from_its_last_join_to_its_last_answer() -> None:
    meetings = Meetings(2)
    meetings.ask("a", 1.0)
    meetings.ask("b", 3.0)
    assert meetings.told("b", _found("r", "a", "b", offer_to=("a",)), 3.5) is None
    assert meetings.told("a", _found("r", "a", "b"), 4.0) == 1.0
    assert (meetings.over, meetings.open, meetings.asked) == (1, {}, {})


@pytest.mark.parametrize(
    ("heard", "says"),
    [
        pytest.param(_found("r", "a", "a"), "no room of 2", id="the same twice"),
        pytest.param(_found("r", "a", "b", "c"), "no room of 2", id="too many"),
        pytest.param(_found("old", "a", "b"), "used twice", id="an id twice"),
        pytest.param(_found("r", "a", "x"), "x has not asked", id="a stranger"),
        pytest.param(_found("r", "b", "c"), "a may not be told", id="of others"),
        pytest.param(_found("r", "a", "b", offer_to=("b",)), "is to offer to those before it", id="offers"),
        pytest.param(_found("open", "a", "c"), "a may not be told", id="a room of others"),
    ],
)
def test_a_wrong_room_has_no_figure(heard: Heard, says: str) -> None:
    meetings = Meetings(2)
    for user in ("d", "e", "a", "b", "c", "f", "g"):
        meetings.ask(user, 1.0)
    for user, before in (("d", ()), ("e", ("d",))):
        meetings.told(user, _found("old", "d", "e", offer_to=before), 2.0)
    meetings.told("f", _found("open", "f", "g"), 2.0)
    with pytest.raises(WrongResult, match=says):
        meetings.told("a", heard, 2.0)


def test_members_who_are_told_different_things_have_no_figure() -> None:
    meetings = Meetings(2)
    for user in ("a", "b"):
        meetings.ask(user, 1.0)
    meetings.told("a", _found("r", "a", "b"), 2.0)
    with pytest.raises(WrongResult, match="b may not be told"):
        meetings.told("b", _found("r", "b", "a"), 2.0)
    with pytest.raises(WrongResult, match="a may not be told"):
        meetings.told("a", _found("r", "a", "b"), 2.0)


class Listener(V1Client):
    __slots__ = ("heard",)

    def __init__(self, load: Load, user: str) -> None:
        super().__init__(load, user)
        self.heard: list[str] = []

    def on_heard(self, heard: Heard) -> None:
        self.heard.append(heard.type)


@pytest.fixture
def client() -> Generator[Listener]:
    load = Load(9)
    made = Listener(load, "ana")
    try:
        yield made
    finally:
        made.socket.close()
        load.close()


def test_a_client_offers_the_protocol_and_counts(client: Listener) -> None:
    assert client.unsent.endswith(b"\r\nSec-WebSocket-Protocol: focus-signal.v1\r\n\r\n")
    for message in ('{"type":"welcome","seq":0}', '{"type":"session","seq":1}', '{"type":"queued","seq":2}'):
        client.on_text(message.encode())
    assert (client.seen, client.heard) == (2, ["welcome", "session", "queued"])


@pytest.mark.parametrize(
    ("message", "says"),
    [
        pytest.param('{"type":"queued","seq":2}', "number 2 behind number 0", id="one is missing"),
        pytest.param('{"type":"queued"}', "number 0 behind number 0", id="no number"),
        pytest.param('{"type":"error","seq":1,"code":"rate-limited"}', "refused: rate-limited", id="refused"),
        pytest.param('{"type":1}', "no message of focus-signal.v1", id="no message"),
    ],
)
def test_what_breaks_the_protocol_has_no_figure(client: Listener, message: str, says: str) -> None:
    with pytest.raises(WrongResult, match=says):
        client.on_text(message.encode())
    assert not client.heard


def test_who_has_read_fifty_says_so(client: Listener) -> None:
    client.unsent = b"-"  # what is sent waits behind it
    for number in range(1, 50):
        client.on_text(b'{"type":"queued","seq":%d}' % number)
    assert client.unsent == b"-"
    client.on_text(b'{"type":"queued","seq":50}')
    assert len(client.unsent) > 1


@pytest.mark.parametrize("line", [b"", b"Sec-WebSocket-Protocol: chat\r\n"])
def test_a_server_without_the_protocol_has_no_figure(client: Listener, line: bytes) -> None:
    with pytest.raises(WrongResult, match="was offered"):
        client._answer(b"HTTP/1.1 101 Switching Protocols\r\n%b\r\n" % line)


def test_a_server_that_refuses_is_told_as_such(client: Listener) -> None:
    with pytest.raises(Unreachable, match=r"refused the upgrade: .* 503"):
        client._answer(b"HTTP/1.1 503 Service Unavailable\r\n\r\n")


@pytest.mark.parametrize(
    "message",
    ['{"type":"room-found","seq":1}', '{"type":"match-ended","seq":1,"reason":"cancelled"}'],
)
def test_one_of_the_crowd_who_no_longer_waits_ends_the_run(message: str) -> None:
    load = Load(9)
    crowd = Clients(load, 1)
    crowd.fields["ana"] = {"matchSize": 2}
    waiting = Waiting(load, "ana", crowd)
    try:
        with pytest.raises(WrongResult, match="ana, who is to wait, was sent"):
            waiting.on_text(message.encode())
    finally:
        waiting.socket.close()
        load.close()


def test_the_rank_of_a_share() -> None:
    values = [float(value) for value in range(400, 0, -1)]
    assert [nearest_rank(values, share) for share in (0.0, 0.5, 0.99, 1.0)] == [1, 200, 396, 400]
    assert nearest_rank([7.0], 0.99) == 7


def _rounds(p99: float) -> Rounds:
    figures = {"p50": 1.0, "p99": p99, "max": p99, "notices": 800.0}
    result = Result(figures, 0.1, 0.1, 0.0, 0.0)
    half = Result({**figures, "p99": p99 / 2}, 0.1, 0.1, 0.0, 0.0)
    return {("nobody", 2): [half], (CROWD, 2): [result]}


def _house(average: float) -> House:
    house = House()
    house.costs = {"a": Cost(2, average, average), "b": Cost(2, average * 3, average)}
    return house


def test_the_goals_are_looked_at() -> None:
    scale = Scale(matches=((2, 400),))
    assert average_of_kinds(_house(40.0).costs) == 40.0
    assert verdict(_rounds(9.9), scale, _house(49.0))[0]
    assert not verdict(_rounds(10.1), scale, _house(49.0))[0]
    assert not verdict(_rounds(9.9), scale, _house(51.0))[0]


def test_the_table_has_the_ratio_within_a_round() -> None:
    text = wire_table(_rounds(8.0), Scale(matches=((2, 400),)))
    line = next(line for line in text.splitlines() if "99 of 100" in line)
    assert line.split("|")[2:5] == [
        " 4.00 (4.00 to 4.00) ",
        " 8.00 (8.00 to 8.00) ",
        " 2.00 (2.00 to 2.00) ",
    ]
