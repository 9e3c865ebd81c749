"""The order in which pytest-trio starts and ends async fixtures: every private name of it is in this file.

It collects a test's fixtures, and the users of each, in sets, and starts tasks in the order of such a set,
which follows the memory's layout. Here they are collected in the order in which the test names them.
"""

import sys
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Any

from focus_signal.errors import UnsupportedTrio
from focus_signal.testing.determinism.patching import replaced

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
    fixture: Any = getattr(plugin, "TrioFixture", None)
    if not isinstance(fixture, type) or _COLLECT not in vars(fixture):
        raise UnsupportedTrio(f"this pytest-trio cannot be made deterministic: it has no {_COLLECT}")

    def collect(self: Any) -> dict[Any, None]:  # noqa: ANN401 - a class of pytest-trio's, which has no types
        """Do what the method that this replaces does, with dicts in place of its sets."""
        found: dict[Any, None] = {self: None}
        values: Iterable[Any] = self._pytest_kwargs.values()
        for value in values:
            if isinstance(value, fixture):
                used: Any = value
                before: dict[Any, None] = dict.fromkeys(used.user_done_events)
                used.user_done_events = {**before, self._teardown_done: None}
                found.update(collect(used))
        return found

    with replaced((fixture, _COLLECT, collect)):
        yield
