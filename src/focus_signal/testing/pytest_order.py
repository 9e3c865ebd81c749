"""The order in which pytest-trio starts and ends async fixtures: every private name of it is in this file.

It collects a test's fixtures, and the users of each, in sets, and starts tasks in the order of such a set, which
follows the memory's layout. Here they are collected in the order in which the test names them.
"""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from focus_signal.errors import UnsupportedTrio
from focus_signal.testing.patching import replaced

_MODULE = "pytest_trio.plugin"
_COLLECT = "register_and_collect_dependencies"


@contextmanager
def fixtures_in_order() -> Generator[None]:
    """Have pytest-trio, if it is loaded, start and end fixtures in an order that depends on the test alone.

    Raises:
      UnsupportedTrio: this pytest-trio collects them in another way.
    """
    plugin = sys.modules.get(_MODULE)
    if plugin is None:
        yield
        return
    fixture = getattr(plugin, "TrioFixture", None)
    if not isinstance(fixture, type) or _COLLECT not in vars(fixture):
        raise UnsupportedTrio(f"this pytest-trio cannot be made deterministic: it has no TrioFixture.{_COLLECT}")

    def collect(self: Any) -> dict[Any, None]:
        """Do what the method that this replaces does, with dicts in place of its sets."""
        found: dict[Any, None] = {self: None}
        for value in self._pytest_kwargs.values():
            if isinstance(value, fixture):
                before: dict[Any, None] = dict.fromkeys(value.user_done_events)
                value.user_done_events = {**before, self._teardown_done: None}
                found.update(dict.fromkeys(collect(value)))
        return found

    with replaced((fixture, _COLLECT, collect)):
        yield
