"""Small programs to run under a schedule, and noise that shows whether something beside it has a say."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import SystemRandom

import trio

STEPS = 4


async def interleave(tasks: int = 5) -> list[int]:
    """Tell which of several tasks took which of their steps when; with sleeps that end together."""
    taken: list[int] = []

    async def take_steps(task: int) -> None:
        for _ in range(STEPS):
            await trio.lowlevel.checkpoint()
            taken.append(task)
        await trio.sleep(1 + task % 2)
        taken.append(task)

    async with trio.open_nursery() as nursery:
        for task in range(tasks):
            nursery.start_soon(take_steps, task)
    return taken


async def wake_together(tasks: int = 8) -> list[int]:
    """Tell the order in which tasks went on that one event woke; Trio holds its waiters in a set."""
    woken: list[int] = []
    event = trio.Event()

    async def wait(task: int) -> None:
        await event.wait()
        woken.append(task)

    async with trio.open_nursery() as nursery:
        for task in range(tasks):
            nursery.start_soon(wait, task)
        await trio.testing.wait_all_tasks_blocked()
        event.set()
    return woken


def make_noise() -> list[bytearray]:
    """Shift where the next objects come to lie in memory."""
    chance = SystemRandom()
    noise = [bytearray(chance.randrange(1, 400)) for _ in range(chance.randrange(50, 400))]
    del noise[:: chance.randrange(2, 5)]
    return noise


def racing(tasks: int, steps: int = 2) -> Callable[[], Awaitable[None]]:
    """Make a test that fails if an increment is lost: in so many steps, each task reads, waits and writes."""

    async def test() -> None:
        number = 0

        async def increment() -> None:
            nonlocal number
            seen = number
            for _ in range(steps - 1):
                await trio.lowlevel.cancel_shielded_checkpoint()
            number = seen + 1

        async with trio.open_nursery() as nursery:
            for _ in range(tasks):
                nursery.start_soon(increment)
        assert number == tasks, f"{number} of {tasks}"

    return test


async def fall_behind() -> None:
    """Fail when one of two tasks is four rounds behind the other, which Trio never brings about."""
    rounds = [0, 0]

    async def go_round(task: int) -> None:
        for _ in range(6):
            await trio.lowlevel.cancel_shielded_checkpoint()
            rounds[task] += 1
            assert abs(rounds[0] - rounds[1]) < 4, rounds

    async with trio.open_nursery() as nursery:
        nursery.start_soon(go_round, 0)
        nursery.start_soon(go_round, 1)


def said_by(program: str, hash_seed: int) -> str:
    """Run a program in a new interpreter, and give what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed)},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout
