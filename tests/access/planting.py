"""A fault that is planted in a class or module, and the test that has to catch it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from attrs import frozen


@frozen
class Planted:
    """Be a fault.

    Args:
      about: what is wrong then.
      test: must fail.
      owner: where something else is put.
      name: what is there otherwise.
      thing: what is put there.
    """

    about: str
    test: Callable[[], None]
    owner: Any
    name: str
    thing: Any


def caught(planted: Sequence[Planted]) -> Callable[..., None]:
    """Make a test that sees each fault caught."""

    @pytest.mark.parametrize("fault", planted, ids=lambda each: each.about)
    def test(fault: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(fault.owner, fault.name, fault.thing)
        with pytest.raises(AssertionError):
            fault.test()

    return test
