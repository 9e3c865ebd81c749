"""What is tried: the real server's logic, or something else in its place.

A subject builds the logic for a run, and may change the shell around it while the run lasts. The real one
does neither: it is the production code.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from attrs import field, frozen

from focus_signal.server.logic import BuildLogic, build_logic


@frozen
class Subject:
    """Be something to try.

    Args:
      name: what the command line calls it.
      about: one line that says what it is, or what is wrong with it.
      build: builds its logic.
      breaks: the invariant that must find it out; None for what must hold all of them.
      above_core: whether what is wrong with it is in the shell, so that the core level cannot see it.
      changed: changes the shell for as long as a run lasts.
      settings: what its server is told in place of some of the plan's settings, by name.
    """

    name: str
    about: str
    build: BuildLogic = build_logic
    breaks: str | None = None
    above_core: bool = False
    changed: Callable[[], AbstractContextManager[object]] = nullcontext
    settings: Mapping[str, Any] = field(factory=dict[str, Any])


SERVER = Subject("server", "the real server")
