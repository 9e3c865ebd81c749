"""The subject `seed` is the seed: it answers every recorded conversation as the program itself did."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path

import attrs
import pytest

from focus_signal.core.commands import Connect, Disconnect, Withdraw
from focus_signal.core.effects import Deliver, Effect
from focus_signal.server.config import Config
from focus_signal.server.logic import Logic
from focus_signal.testing.identity import room_ids
from focus_signal.testing.subjects.seed import build_seed
from focus_signal.wire.http_head import user_of_query
from tests.seed.transcript import TRANSCRIPTS, Normaliser, shortened

# The subject writes a payload as Python writes JSON; what simulations send looks the same in both.
WRITTEN_BY_JAVASCRIPT = (
    "payload/number-forms",
    "payload/too-large-numbers",
    "payload/number-keys",
    "payload/lone-surrogate",
    "sender/no-string",
)

Steps = list[dict[str, object]]


def conversations() -> dict[str, Steps]:
    """Give those that are about messages; how the seed speaks HTTP is no part of its logic."""
    found: dict[str, Steps] = {}
    for path in sorted(Path(TRANSCRIPTS).glob("*.json")):
        recorded = json.loads(path.read_text()).items()
        found |= {name: steps for name, steps in recorded if _is_about_messages(steps)}
    return found


def _is_about_messages(steps: Steps | str) -> bool:
    if isinstance(steps, str):
        return False  # with what was recorded
    acts = [str(step["step"]) for step in steps]
    # What was shortened in the record, or is written there as Python shows bytes, cannot be sent again.
    return not any(" asks " in act or " sends b" in act or "SHA-256" in act for act in acts)


@attrs.define(eq=False)
class Stage:
    """Play a conversation against the logic, and say what each client gets."""

    logic: Logic = attrs.field(factory=lambda: build_seed(Config(), room_ids(1)))
    clients: dict[str, tuple[int, str]] = attrs.field(factory=dict[str, tuple[int, str]])
    numbers: count[int] = attrs.field(factory=lambda: count(1))
    normaliser: Normaliser = attrs.field(factory=Normaliser)

    def play(self, act: str) -> dict[str, list[str]]:
        who, _, deed = act.partition(" ")
        verb, _, what = deed.partition(" ")
        decider, dialect = self.logic.decider, self.logic.dialect
        effects: list[Effect] = []
        if verb == "opens":
            user = user_of_query(what, 10**9)
            self.clients[who] = (next(self.numbers), user)
            effects = decider.handle(Connect(*self.clients[who]), 0.0) if user else []
        elif verb == "sends":
            connection, user = self.clients[who]
            for text in what.split(" | "):
                effects += decider.handle(dialect.decode(text.encode(), connection, user), 0.0)
        else:
            connection, _ = self.clients.pop(who)
            effects = decider.handle(Withdraw(connection), 0.0) + decider.handle(Disconnect(connection), 0.0)
        names = {connection: name for name, (connection, _) in self.clients.items()}
        got: dict[str, list[str]] = {}
        for effect in effects:
            if isinstance(effect, Deliver):
                frame = dialect.encode(effect.message)
                assert frame is not None
                line = self.normaliser.line(frame.decode("utf-8", "surrogatepass"))
                got.setdefault(names[effect.connection], []).append(shortened(line))
        return got


CONVERSATIONS = conversations()


def test_there_are_many_conversations() -> None:
    assert len(CONVERSATIONS) > 80


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_it_answers_as_was_recorded(name: str) -> None:
    stage = Stage()
    differs = []
    for step in CONVERSATIONS[name]:
        recorded = {who: lines for who, lines in step.items() if who != "step"}
        if stage.play(str(step["step"])) != recorded:
            differs.append(step["step"])
    assert bool(differs) == (name in WRITTEN_BY_JAVASCRIPT), differs
