"""Mistakes to be found in a method of a class, wherever that is used."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FunctionType

from tests.fuzz.planting import Plant, mistaken


def in_method(owner: type, name: str, right: str, wrong: str) -> Plant:
    """Put one change into a method, for as long as a context lasts; all else is what it was."""

    @contextmanager
    def planted() -> Iterator[None]:
        module = mistaken(sys.modules[owner.__module__], right, wrong)
        kept, changed = vars(owner)[name], vars(getattr(module, owner.__name__))[name]
        assert isinstance(kept, FunctionType)
        assert isinstance(changed, FunctionType)
        assert changed.__code__ != kept.__code__, f"the change is not in {name}"
        function = FunctionType(changed.__code__, kept.__globals__, name, kept.__defaults__, kept.__closure__)
        function.__kwdefaults__ = kept.__kwdefaults__
        setattr(owner, name, function)
        try:
            yield
        finally:
            setattr(owner, name, kept)

    return planted
