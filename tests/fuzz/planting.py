"""Bugs to be found: a line of a module changed, or one of its names, for as long as a context lasts."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import CodeType, ModuleType


def _as_it_is(code: CodeType) -> CodeType:
    return code


prepare: Callable[[CodeType], CodeType] = _as_it_is
"""What becomes of the code of a changed module before it is run; whoever wants its coverage puts it here."""

Plant = Callable[[], AbstractContextManager[None]]


def mistaken(module: ModuleType, right: str, wrong: str) -> ModuleType:
    """Make a module anew with one change; an AssertionError says that its place is not there any more."""
    source = inspect.getsource(module)
    assert source.count(right) == 1, f"{right!r} does not stand once in {module.__name__}"
    changed = ModuleType(f"{module.__name__}_mistaken")
    # With its own way to read annotations, not with this module's.
    code = compile(source.replace(right, wrong), changed.__name__, "exec", dont_inherit=True)
    exec(prepare(code), changed.__dict__)  # noqa: S102 - the module itself, with one change
    return changed


def in_place_of(holder: ModuleType, name: str, make: Callable[[], object]) -> Plant:
    """Put something else where a module holds a name."""

    @contextmanager
    def planted() -> Iterator[None]:
        right = getattr(holder, name)
        setattr(holder, name, make())
        try:
            yield
        finally:
            setattr(holder, name, right)

    return planted


def changed(holder: ModuleType, name: str, module: ModuleType, right: str, wrong: str) -> Plant:
    """Put what `module` calls `name`, with one change in its source, where `holder` holds it."""
    return in_place_of(holder, name, lambda: getattr(mistaken(module, right, wrong), name))
