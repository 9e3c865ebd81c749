"""Anything that clients of both dialects, the network, time and the operator can do, in any order."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar, Literal

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from msgspec.structs import replace

from focus_signal.core.commands import (
    Broadcast,
    Cancel,
    Connect,
    CreateRoom,
    Decline,
    Disconnect,
    Drain,
    Invalid,
    JoinRoom,
    LeaveRoom,
    Numbered,
    OpenSession,
    Party,
    Ping,
    Ready,
    Relay,
    Request,
    RequestMatch,
    RequestTicket,
    Terms,
    Withdraw,
)
from tests.core.v1_world import SEED_USERS, V1_USERS, World

STEPS = 30
PAYLOADS = (b',"data":1', b"x" * 3_000, b"x" * 7_000)
WRONG_CODES = ("0000", "no such code", "")

users = st.sampled_from(V1_USERS)
names = st.sampled_from([*V1_USERS, *SEED_USERS, "nobody"])
ages = st.sampled_from([0, 0, 0, 1, 3])
codes = st.sampled_from([None, None, "ABCD", "abc-d", "WXYZ"])
seconds = st.sampled_from([0.0, 0.5, 2.0, 5.0, 8.0, 17.0, 301.0])
SIZES = [*[(2, 2), (3, 3), (2, 3), (2, 4)] * 3, (1, 1), (1, 4), (4, 4), (0, 2), (2, 5)]
PARTIES = [None, None, None, Party("party-of-two", 2), Party("party-of-3", 3), Party("alone", 1)]


@st.composite
def drawn_terms(draw: st.DrawFn) -> Terms:
    least, most = draw(st.sampled_from(SIZES))
    kind, party = draw(st.sampled_from(["", "ready", "backfill"])), draw(st.sampled_from(PARTIES))
    return Terms(
        least,
        most,
        pool=draw(st.sampled_from(["", "", "", "p"])),
        ready_check=kind == "ready",
        backfill=kind == "backfill",
        party=None if party is None or party.size > most else party,
        avoid=draw(st.sampled_from([(), (), (), ("bob",), ("ada", "sam")])),
        patience=draw(st.sampled_from([0.0, 2.0, 10.0])),
        timeout=draw(st.sampled_from([None, None, 3.0, 20.0])),
    )


terms = drawn_terms()
old_or_none = st.sampled_from(["old", "none"])
saws = st.sampled_from(["all", "some", "beyond"])
payloads = st.sampled_from(PAYLOADS)
seens = st.sampled_from([0, 0, 1, 1000])
whys = st.sampled_from([None, None, None, None, None, "expired"])


class Machine(RuleBasedStateMachine):
    """Be the machine; those who meet come more often than chance would have it."""

    met: ClassVar[Counter[str]]

    def __init__(self) -> None:
        super().__init__()
        self.world = World()

    @initialize(restored=st.booleans())
    def some_are_there(self, *, restored: bool) -> None:
        if not restored:
            self.world.pass_time(20.0)
        for user in V1_USERS:
            self.come(user, 0, 0, why=None, authenticated=False)
        self.world.open(Connect(self.world.new_connection(), SEED_USERS[0]))

    @rule(
        user=users,
        age=ages,
        behind=ages,
        why=whys,
        authenticated=st.booleans(),
    )
    def come(self, user: str, age: int, behind: int, *, why: str | None, authenticated: bool) -> None:
        """Open a connection with a token that one has got."""
        client = self.world.clients[user]
        token = client.tokens[-1 - age] if age < len(client.tokens) else None
        seen = max(0, client.seen - behind)
        connection = self.world.new_connection()
        self.world.open(OpenSession(connection, user, token, seen, why, "there", authenticated))

    @rule(user=names, at=st.integers(0, 200), seen=seens, authenticated=st.booleans())
    def somebody_else_comes(self, user: str, at: int, seen: int, *, authenticated: bool) -> None:
        """Open a connection with any token that was ever given out, and hear nothing of what comes."""
        if at % 3:
            return  # it changes so much that little else would be seen if it came often
        tokens = self.world.tokens
        token = tokens[-1 - at % len(tokens)] if tokens else None
        client = self.world.clients.get(user)
        if client is not None and token is not None and token.user == user:
            client.connection = None  # it may be replaced
        self.world.do(
            OpenSession(self.world.new_connection(), user, token, seen, authenticated=authenticated)
        )

    @rule(user=users)
    def hear_no_more(self, user: str) -> None:
        """Lose a connection of which the server does not know that yet."""
        self.world.clients[user].connection = None

    @rule(
        at=st.integers(0, 5), how=st.sampled_from([Withdraw, Disconnect, Disconnect]), finished=st.booleans()
    )
    def end(self, at: int, how: type[Withdraw | Disconnect], *, finished: bool) -> None:
        """Read the end of one of the newest connections, whatever has become of it."""
        world = self.world
        connection = max(0, world.connections - at)
        world.stop_hearing(connection)
        world.do(Disconnect(connection, finished) if how is Disconnect else Withdraw(connection))

    @rule(user=users, how=st.sampled_from(["cut", "cut", "finished", "withdrawn"]))
    def leave(self, user: str, how: str) -> None:
        """Read the end of a user's connection."""
        world = self.world
        session = world.core._by_user.get(user)
        if session is not None and session.connection is not None:
            connection = session.connection
            world.stop_hearing(connection)
            world.do(Withdraw(connection))
            if how != "withdrawn":
                world.do(Disconnect(connection, how == "finished"))

    @rule(user=users, behind=ages, passed=st.sampled_from([0.0, 0.0, 2.0, 9.0]))
    def blink(self, user: str, behind: int, passed: float) -> None:
        """Lose a connection, and come back."""
        self.leave(user, "cut")
        self.world.pass_time(passed)
        self.come(user, 0, behind, why=None, authenticated=False)

    def be_there(self, user: str) -> None:
        """Come back if nothing is heard."""
        if self.world.clients[user].connection is None:
            self.come(user, 0, 0, why=None, authenticated=False)

    @rule(user=users, asked=terms, number=st.booleans())
    def ask(self, user: str, asked: Terms, *, number: bool) -> None:
        self.be_there(user)
        self.send(user, RequestTicket(0, asked), "new" if number else "none")

    @rule(asked=terms, order=st.permutations(V1_USERS), blinks=st.booleans(), plain=st.booleans())
    def all_ask_alike(self, asked: Terms, order: list[str], *, blinks: bool, plain: bool) -> None:
        for user in order:
            self.ask(user, asked, number=True)
            if blinks:
                self.blink(user, 0, 0.0)
        if plain:
            self.seed_asks(SEED_USERS[0], asked.most)

    @rule(order=st.permutations(V1_USERS), most=st.sampled_from([3, 4]), ready=st.booleans())
    def two_lose_patience(self, order: list[str], most: int, *, ready: bool) -> None:
        for user, patience in zip(order[:2], (2.0, 10.0), strict=True):
            self.ask(user, Terms(2, most, ready_check=ready, patience=patience), number=True)
        self.world.pass_time(2.0)
        self.world.pass_time(8.0)

    @rule(order=st.permutations(V1_USERS), size=st.sampled_from([2, 3]), most=st.sampled_from([3, 4]))
    def one_waits_and_a_seat_becomes_free(self, order: list[str], size: int, most: int) -> None:
        asked = Terms(size, most if size == 2 else 3, backfill=True, patience=0.0)
        for user in order:
            self.ask(user, asked, number=True)
        self.send(order[0], LeaveRoom(0), "new")

    @rule(order=st.permutations(V1_USERS), size=st.sampled_from([2, 3, 4]), seed=st.booleans())
    def all_go_into_one_room(self, order: list[str], size: int, *, seed: bool) -> None:
        self.be_there(order[0])
        self.send(order[0], CreateRoom(0, size, "ABCD" if seed else None), "new")
        for user in order[1:]:
            self.be_there(user)
            self.join_a_room(user, -1 - len(WRONG_CODES))

    @rule(user=users, decline=st.booleans())
    def answer_a_proposal(self, user: str, *, decline: bool) -> None:
        name = self.world.clients[user].proposal or "none"
        self.send(user, Decline(0, name) if decline else Ready(0, name), "new")

    @rule()
    def all_are_ready(self) -> None:
        for user in V1_USERS:
            if self.world.clients[user].proposal is not None:
                self.answer_a_proposal(user, decline=False)

    @rule(user=users, size=st.sampled_from([0, 1, 2, 4, 9]), code=codes)
    def create_a_room(self, user: str, size: int, code: str | None) -> None:
        self.be_there(user)
        self.send(user, CreateRoom(0, size, code), "new")

    @rule(user=users, at=st.integers(0, 8))
    def join_a_room(self, user: str, at: int) -> None:
        self.be_there(user)
        known = [*self.world.core._rooms.by_code, *WRONG_CODES]
        self.send(user, JoinRoom(0, known[at % len(known)]), "new")

    @rule(user=users, what=st.sampled_from([Cancel, LeaveRoom, LeaveRoom, Ping]), number=st.booleans())
    def say(self, user: str, what: type[Cancel | LeaveRoom | Ping], *, number: bool) -> None:
        self.send(user, what(0), "new" if number else "none")

    @rule(user=users, to=names, payload=payloads, here=st.booleans(), all_of_them=st.booleans())
    def relay(self, user: str, to: str, payload: bytes, *, here: bool, all_of_them: bool) -> None:
        self.be_there(user)
        client = self.world.clients[user]
        if here and client.room is None:
            self.all_go_into_one_room([user, *(other for other in V1_USERS if other != user)], 4, seed=False)
        room = client.room if here else None
        if room is not None:
            to = client.peers[-1 - len(to) % len(client.peers)]
        what: Request = Broadcast(0, payload, room) if all_of_them else Relay(0, to, "signal", payload, room)
        self.send(user, what, "new")

    @rule(user=users, number=old_or_none, seen=saws)
    def say_again(self, user: str, number: Literal["old", "none"], seen: str) -> None:
        self.send(user, LeaveRoom(0), number, seen)

    @rule(user=users)
    def say_something_wrong(self, user: str) -> None:
        self.send(user, Invalid(0, "bad-message", "no", "bob"), "new")

    def send(self, user: str, request: Request, number: str, seen: str = "all") -> None:
        """Send a request on the connection on which a client hears; none if it hears nothing."""
        client = self.world.clients[user]
        if client.connection is None:
            return
        name: int | None = None
        if number == "new":
            name = client.next_id
            client.next_id += 1
        elif number == "old":
            name = max(1, client.next_id - 2)
        saw = {"all": client.seen, "some": client.seen // 2, "beyond": client.seen + 5}[seen]
        request = replace(request, connection=client.connection)
        self.world.do(Numbered(client.connection, request, name, saw))

    @rule(connection=st.integers(0, 40), request=st.sampled_from([Cancel, LeaveRoom, Ping]), asked=terms)
    def a_late_frame(self, connection: int, request: type[Cancel | LeaveRoom | Ping], asked: Terms) -> None:
        """Hear what any connection may have sent, of either dialect, with a number or without."""
        self.world.do(request(connection))
        self.world.do(Numbered(connection, RequestTicket(connection, asked), None, 0))
        self.world.do(RequestTicket(connection, asked))
        self.world.do(RequestMatch(connection, 2))

    @rule(user=st.sampled_from([*SEED_USERS, *SEED_USERS, "ada"]))
    def a_seed_client_comes(self, user: str) -> None:
        self.world.open(Connect(self.world.new_connection(), user))

    @rule(user=st.sampled_from(SEED_USERS), size=st.sampled_from([0, 1, 2, 2, 3, 4]))
    def seed_asks(self, user: str, size: int) -> None:
        connection = self.world.seeds[user]
        if connection is not None:
            self.world.do(RequestMatch(connection, size))

    @rule(user=st.sampled_from(SEED_USERS), to=names)
    def seed_relays(self, user: str, to: str) -> None:
        connection = self.world.seeds[user]
        if connection is not None:
            self.world.do(Relay(connection, to, "offer", PAYLOADS[0]))

    @rule(user=st.sampled_from(SEED_USERS))
    def seed_leaves(self, user: str) -> None:
        connection = self.world.seeds[user]
        if connection is not None:
            self.world.seeds[user] = None
            self.world.do(Disconnect(connection))

    @rule(passed=seconds)
    def time_passes(self, passed: float) -> None:
        self.world.pass_time(passed)

    @rule(passed=seconds)
    def time_passes_and_nobody_looks(self, passed: float) -> None:
        self.world.now += passed

    @rule(what=st.sampled_from(["restart"] * 4 + ["nothing"] * 15 + ["drain"]), passed=seconds)
    def something_rare(self, what: str, passed: float) -> None:
        if what == "drain":
            self.world.do(Drain())
        elif what == "restart":
            self.world.now += passed
            self.world.restart()

    def teardown(self) -> None:
        self.met.update(self.world.met, runs=1)
        if self.world.fine:
            self.world.everybody_leaves()


def run(examples: int, *, steps: int = STEPS, shrink: bool = True) -> Counter[str]:
    """Let the machine run so many times.

    Returns:
      how often each message was met.

    Raises:
      Broken: something does not hold.
    """

    class Run(Machine):
        met: ClassVar[Counter[str]] = Counter()

    run_state_machine_as_test(
        Run,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=True,
            deadline=None,
            database=None,
            report_multiple_bugs=False,
            phases=(Phase.generate, Phase.shrink) if shrink else (Phase.generate,),
        ),
    )
    return Run.met
