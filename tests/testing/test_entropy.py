"""Entropy from a seed: every source that is named, for one thread, and as it was before when it ends."""

from __future__ import annotations

import os
import random
import secrets
import uuid
from collections.abc import Callable
from random import choice as taken_before
from threading import Thread

import pytest
from wsproto.frame_protocol import FrameProtocol, Opcode

from focus_signal.testing.determinism.entropy import seeded_entropy
from focus_signal.testing.determinism.patching import exclusive, replaced
from tests.testing.programs import said_by


def masked_frame() -> bytes:
    return bytes(FrameProtocol(client=True, extensions=[])._serialize_frame(Opcode.TEXT, b"x"))


SOURCES: dict[str, Callable[[], object]] = {
    "os.urandom": lambda: os.urandom(8),
    "os.getrandom": lambda: os.getrandom(8),
    "uuid4": uuid.uuid4,
    "token_hex": secrets.token_hex,
    "token_bytes": secrets.token_bytes,
    "randbelow": lambda: secrets.randbelow(10**9),
    "SystemRandom": lambda: random.SystemRandom().random(),
    "random": lambda: random.random(),  # noqa: PLW0108 - the name is looked up when it is called
    "getrandbits": lambda: random.getrandbits(64),
    "shuffle": lambda: random.sample(range(1000), 10),
    "taken before": lambda: [taken_before(range(1000)) for _ in range(4)],
    "seeded from nothing": lambda: (random.seed(), random.random()),
    "a generator of its own": lambda: random.Random().random(),
    "a mask of wsproto": masked_frame,
}


@pytest.mark.parametrize("draw", SOURCES.values(), ids=SOURCES)
def test_a_seed_decides(draw: Callable[[], object]) -> None:
    def draws(seed: int) -> list[object]:
        with seeded_entropy(seed):
            return [draw() for _ in range(3)]

    first = draws(1)
    draw()
    assert draws(1) == first
    assert draws(2) != first
    assert len({repr(value) for value in first}) == 3
    # The check can fail: without a seed, nothing repeats.
    assert [draw() for _ in range(3)] != [draw() for _ in range(3)]


def test_sources_are_not_each_other() -> None:
    with seeded_entropy(1):
        assert len({repr(value) for value in (os.urandom(8), os.getrandom(8), random.randbytes(8))}) == 3


def test_a_seeded_generator_is_left_alone() -> None:
    expected = random.Random(7).random()
    with seeded_entropy(1):
        assert random.Random(7).random() == expected
        random.seed(7)
        assert random.random() == expected


def test_all_is_put_back() -> None:
    names = {name: getattr(random, name) for name in (*random.__all__, "_urandom")}
    system, seed = (os.urandom, os.getrandom), random.Random.seed
    state = random.getstate()
    with pytest.raises(ValueError, match="of its own"), seeded_entropy(1):
        random.random()
        taken_before([1, 2])
        raise ValueError("of its own")
    assert {name: getattr(random, name) for name in names} == names
    assert ((os.urandom, os.getrandom), random.Random.seed) == (system, seed)
    assert random.getstate() == state


def test_what_was_kept_turns_real_again() -> None:
    with seeded_entropy(1):
        kept, own = os.urandom, random.getrandbits
    with seeded_entropy(1):
        seeded = [os.urandom(8) for _ in range(3)]
    assert kept(8) not in seeded
    assert kept(8) != kept(8)
    random.seed(5)
    expected = random.getrandbits(60)
    random.seed(5)
    assert own(60) == expected


def test_a_size_that_the_system_refuses_is_refused() -> None:
    with seeded_entropy(1):
        assert os.urandom(0) == b""
        with pytest.raises(ValueError, match="negative"):
            os.urandom(-1)


def test_another_thread_goes_on_with_what_it_had() -> None:
    random.seed(5)
    expected = [random.random() for _ in range(4)]
    random.seed(5)
    drawn = [random.random()]
    system: list[bytes] = []

    def elsewhere() -> None:
        drawn.append(random.random())
        system.extend(os.urandom(8) for _ in range(2))
        drawn.append(random.random())
        random.Random().random()

    with seeded_entropy(1):
        before = [random.random(), os.urandom(8)]
        thread = Thread(target=elsewhere)
        thread.start()
        thread.join()
        after = [random.random(), os.urandom(8)]
    drawn.append(random.random())
    assert drawn == expected
    with seeded_entropy(1):
        assert [random.random(), os.urandom(8)] == before
        assert [random.random(), os.urandom(8)] == after
        assert os.urandom(8) not in system


def test_processes_agree() -> None:
    program = (
        "import random, uuid\nfrom focus_signal.testing.determinism.entropy import seeded_entropy\n"
        "with seeded_entropy(5): print(uuid.uuid4(), random.random(), random.Random().random())"
    )
    said = said_by(program, 3)
    with seeded_entropy(5):
        assert said == f"{uuid.uuid4()} {random.random()} {random.Random().random()}\n"


def test_it_is_not_nested() -> None:
    with seeded_entropy(1):
        urandom = os.urandom
        with pytest.raises(RuntimeError, match=r"seeded_entropy\(\) is already in force"):
            seeded_entropy(2).__enter__()
        assert os.urandom is urandom
    with seeded_entropy(2):
        pass


def test_patches_end_in_any_case() -> None:
    class Owner:
        name = 1

    with pytest.raises(KeyError), replaced((Owner, "name", 2), (Owner, "other", 3)):
        pass
    assert vars(Owner)["name"] == 1
    with exclusive("a") as outer, exclusive("b"):
        assert outer.is_mine()
    assert not outer.is_mine()
    with exclusive("a"):
        pass
