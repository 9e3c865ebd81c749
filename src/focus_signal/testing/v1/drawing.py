"""From a seed to a config and a plan: each seed is a run of another character.

A seed takes some features and leaves others, so that some runs have much of one thing: some defects need just
that. What it took is in the config.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

from focus_signal.testing.keyed import generator, quantized
from focus_signal.testing.v1.plan import (
    Again,
    Answer,
    Cancel,
    Come,
    Create,
    Cut,
    Drain,
    Enter,
    Exit,
    Fate,
    Frame,
    Go,
    Match,
    Operation,
    Ping,
    Restart,
    Rival,
    Say,
    SignalKind,
    V1Config,
    V1Plan,
)

T = TypeVar("T")

USERS = ("ana", "bo", "cy", "di", "eli", "fay", "gus")
OPERATIONS = 45
# How much there is of each kind, before a seed has switched some off and changed the rest.
_KINDS = {
    "say": 10.0,
    "match": 9.0,
    "cut": 6.0,
    "come": 2.0,
    "go": 1.5,
    "cancel": 1.0,
    "answer": 1.5,
    "create": 1.5,
    "enter": 3.0,
    "exit": 1.0,
    "again": 0.5,
    "ping": 0.5,
    "frame": 1.0,
    "rival": 0.7,
    "restart": 0.5,
    "drain": 0.2,
}
_ALWAYS = ("say", "match", "come")
_FEATURES = {
    "sizes": 0.5,
    "pools": 0.25,
    "parties": 0.35,
    "avoid": 0.3,
    "patience": 0.5,
    "timeouts": 0.3,
    "ready": 0.35,
    "backfill": 0.35,
    "seeds": 0.35,
    "long": 0.1,
    "small-log": 0.12,
    "restarts": 0.3,
}
_FATES: tuple[Fate, ...] = ("lost", "lost", "late", "through")
_SAID: tuple[SignalKind, ...] = ("signal", "offer", "ice-candidate", "answer", "broadcast", "broadcast")
_CODES = ("party-room", "PARTY-R00M", "abcd", "zz")
_WORDS = (
    "{",
    "[]",
    '{"type":"none-of-ours"}',
    '{"type":"ping"}',
    '{"type":"ping","seen":0}',
    '{"type":"ping","seen":9007199254740991}',
    '{"type":"cancel","id":0}',
    '{"type":"cancel","id":-1}',
    '{"type":"matchmaking","matchSize":0}',
    '{"type":"matchmaking","minSize":3,"maxSize":2}',
    '{"type":"matchmaking","matchSize":2,"readyCheck":true,"backfill":true}',
    '{"type":"offer","sdp":1}',
    '{"type":"renew","token":"x"}',
    '{"type":"room-join","code":""}',
)


def draw_v1_config(seed: int) -> V1Config:
    """Draw every option of the run that a seed names."""
    random = generator(seed, "v1 config")
    features = tuple(name for name, share in _FEATURES.items() if random.random() < share)
    users = USERS[: random.choice((2, 3, 4, 4, 5, 6, 7))]
    seeds = users[1 : 1 + random.choice((1, 1, 2))] if "seeds" in features else ()
    return V1Config(
        users=users,
        seeds=seeds,
        seconds=900.0 if "long" in features else random.choice((20.0, 60.0, 60.0, 120.0)),
        latency=random.choice(((0.001, 0.05), (0.001, 0.005), (0.02, 0.4), (0.0, 1.0), (0.125, 0.125))),
        pause=random.choice((0.0, 0.0, 0.0, 0.5, 2.0)),
        talk=random.choice((0.0, 0.3, 0.9)),
        ready=random.choice((0.3, 0.8, 1.0)),
        grace=random.choice((30.0, 30.0, 10.0, 5.0)),
        ready_timeout=random.choice((15.0, 5.0)),
        replay_bytes=random.choice((2_000, 6_000)) if "small-log" in features else 256 * 1024,
        features=features,
    )


def draw_v1_plan(seed: int, operations: int = OPERATIONS) -> V1Plan:
    """Draw what is done in the run that a seed names."""
    config = draw_v1_config(seed)
    random = generator(seed, "v1 plan")
    shares = {
        kind: share * 2.0 ** random.uniform(-1.5, 1.5)
        for kind, share in _KINDS.items()
        if kind in _ALWAYS or random.random() > 0.3
    }
    if "restarts" in config.features:
        shares["restart"] = 3.0
    draws = _Draws(config, random)
    kinds, weights = list(shares), list(shares.values())
    drawn: list[Operation] = [
        Come(id=number, at=quantized(random.uniform(0, 2)), user=user)
        for number, user in enumerate(config.users, 1)
    ]
    # In bursts: what happens at about the same time is what gets in each other's way.
    at = 0.0
    forced: list[str] = []
    for number in range(len(drawn) + 1, operations + 1):
        if not forced and random.random() < 0.4:
            at = random.uniform(0, config.seconds)
        else:
            at = min(at + random.expovariate(2.0), config.seconds)
        kind = forced.pop() if forced else random.choices(kinds, weights)[0]
        if kind == "cut" and random.random() < 0.6:
            # What is sent while somebody is away is what is lost most easily.
            forced = ["say"] * random.choice((1, 2, 3))
            if "restarts" in config.features:
                # Who was not there when a room has changed comes back with an older token.
                forced = ["restart", random.choice(("exit", "go", "enter", "match"))]
        drawn.append(draws.of(kind, number, quantized(at)))
    drawn.sort(key=lambda operation: operation.at)
    return V1Plan(seed=seed, config=config, operations=tuple(drawn))


class _Draws:
    """Draw operations, each in a way of its own."""

    def __init__(self, config: V1Config, random: Random) -> None:
        self._config = config
        self._random = random
        self._has = frozenset(config.features)
        # A run in which everybody wants something else is one in which nobody meets.
        self._terms = [self._new_terms() for _ in range(random.choice((1, 2, 3)))]
        self._by_kind: dict[str, Callable[[int, float, str], Operation]] = {
            "say": self._say,
            "match": self._match,
            "cut": self._cut,
            "come": lambda id_, at, user: Come(id=id_, at=at, user=user),
            "go": lambda id_, at, user: Go(id=id_, at=at, user=user),
            "cancel": lambda id_, at, user: Cancel(id=id_, at=at, user=user),
            "answer": lambda id_, at, user: Answer(id=id_, at=at, user=user, ready=random.random() < 0.6),
            "create": self._create,
            "enter": self._enter,
            "exit": lambda id_, at, user: Exit(id=id_, at=at, user=user),
            "again": lambda id_, at, user: Again(id=id_, at=at, user=user, times=self._one((1, 2, 5))),
            "ping": lambda id_, at, user: Ping(id=id_, at=at, user=user),
            "frame": lambda id_, at, user: Frame(id=id_, at=at, user=user, text=self._one(_WORDS)),
            "rival": self._rival,
            "restart": self._restart,
            "drain": lambda id_, at, _: Drain(id=id_, at=at, down=self._one((0.0, 1.0, 5.0))),
        }

    def of(self, kind: str, id_: int, at: float) -> Operation:
        """Draw an operation of a kind."""
        return self._by_kind[kind](id_, at, self._one(self._config.users))

    def _one(self, values: Sequence[T]) -> T:
        return self._random.choice(values)

    def _is(self, share: float) -> bool:
        return self._random.random() < share

    def _new_terms(self) -> dict[str, object]:
        has, random = self._has, self._random
        most = random.choice((2, 2, 3, 4))
        least = random.randint(1, most) if "sizes" in has else most
        ready = "ready" in has and self._is(0.6)
        return {
            "least": least,
            "most": most,
            "pool": self._one(("", "chess")) if "pools" in has else "",
            "patience": self._one((0, 1, 3, 10, 30)) if "patience" in has else 10,
            "ready": ready,
            "backfill": not ready and "backfill" in has and self._is(0.8),
        }

    def _match(self, id_: int, at: float, user: str) -> Operation:
        has, terms = self._has, dict(self._one(self._terms))
        if "sizes" in has and self._is(0.3):
            terms["least"] = self._random.randint(1, int(str(terms["most"])))
        if "patience" in has and self._is(0.3):
            terms["patience"] = self._one((0, 2, 10))
        if "timeouts" in has and self._is(0.3):
            terms["timeout"] = self._one((1, 5, 20))
        if "avoid" in has and self._is(0.4):
            others = [other for other in self._config.users if other != user]
            terms["avoid"] = tuple(self._random.sample(others, k=min(len(others), self._one((1, 1, 2)))))
        if "parties" in has and self._is(0.5):
            # Members of a party ask alike, or they are no party.
            number = self._one((1, 2))
            terms = dict(self._terms[0]) | {"party": number, "party_size": 2 if number == 1 else 3}
            if int(str(terms["most"])) < 3:
                terms |= {"most": 3, "least": min(2, int(str(terms["least"])))}
        return Match(id=id_, at=at, user=user, **terms)  # type: ignore[arg-type] # by their names

    def _say(self, id_: int, at: float, user: str) -> Operation:
        big = "small-log" in self._has and self._is(0.3)
        return Say(
            id=id_,
            at=at,
            user=user,
            kind=self._one(_SAID),
            to=self._random.randrange(4),
            times=self._one((1, 1, 1, 3, 8)),
            padding=self._one((500, 3_000)) if big else self._one((0, 0, 40)),
            room=self._one(("unsaid", "unsaid", "own", "other")) if self._is(0.2) else "unsaid",
        )

    def _cut(self, id_: int, at: float, user: str) -> Operation:
        soon = self._is(0.7)
        return Cut(
            id=id_,
            at=at,
            user=user,
            up=self._one(_FATES),
            down=self._one(_FATES),
            late=quantized(self._random.uniform(0, 5)),
            client=quantized(self._random.uniform(0, 1) if soon else self._random.uniform(0, 12)),
            server=quantized(self._random.uniform(0, 1) if self._is(0.6) else self._random.uniform(0, 35)),
            away=quantized(self._away()),
        )

    def _away(self) -> float:
        if self._is(0.5 if "restarts" in self._has else 0.8):
            return self._one((0.0, 0.2, 1.0, 3.0))
        return self._config.grace * self._one((0.9, 1.1, 2.0, 3.0))

    def _rival(self, id_: int, at: float, user: str) -> Operation:
        return Rival(
            id=id_,
            at=at,
            user=user,
            token=self._one(("last", "older", "older", "oldest", "coming", "forged", "none")),
            seen=self._one(("right", "right", "none", "beyond")),
            stays=quantized(self._random.uniform(0, 5)),
        )

    def _create(self, id_: int, at: float, user: str) -> Operation:
        code = self._one(_CODES) if self._is(0.4) else None
        return Create(id=id_, at=at, user=user, size=self._one((1, 2, 3, 4)), code=code)

    def _enter(self, id_: int, at: float, user: str) -> Operation:
        if self._is(0.8):
            return Enter(id=id_, at=at, user=user, of=self._one(self._config.users))
        return Enter(id=id_, at=at, user=user, code=self._one((*_CODES, "nowhere")))

    def _restart(self, id_: int, at: float, _: str) -> Operation:
        return Restart(
            id=id_,
            at=at,
            down=quantized(self._one((0.0, 0.5, 2.0, 20.0))),
            killed=self._is(0.6),
            rotated=self._is(0.2),
        )
