"""What something costs, as a number that is the same in every run: its bytecode instructions."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any


def instructions_of(action: Callable[[], object]) -> int:
    """Count the bytecode instructions that an action takes, and those of everything that it calls."""
    counted = 0

    def count() -> None:
        nonlocal counted
        counted += 1

    collecting = gc.isenabled()
    gc.disable()  # a collection could run somebody else's finalizers in between
    try:
        with _each_instruction(count):
            action()
    finally:
        if collecting:
            gc.enable()
    return counted


if sys.version_info >= (3, 12):
    # There, what a trace function is told of depends on what has run before.

    @contextmanager
    def _each_instruction(count: Callable[[], None]) -> Iterator[None]:
        monitoring = sys.monitoring
        tool, event = 4, monitoring.events.INSTRUCTION

        def instruction(_code: CodeType, _offset: int) -> None:
            count()

        monitoring.use_tool_id(tool, "instructions")
        monitoring.register_callback(tool, event, instruction)
        monitoring.set_events(tool, event)
        try:
            yield
        finally:
            monitoring.set_events(tool, 0)
            monitoring.register_callback(tool, event, None)
            monitoring.free_tool_id(tool)

else:

    @contextmanager
    def _each_instruction(count: Callable[[], None]) -> Iterator[None]:
        def trace(frame: FrameType, event: str, _arg: Any) -> Callable[..., Any]:
            frame.f_trace_lines, frame.f_trace_opcodes = False, True
            if event == "opcode":
                count()
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            yield
        finally:
            sys.settrace(before)
