"""What is tried by the workload `v1`: the server with nothing changed, or with a mistake planted in it.

A mistake is a method, or a function that a module knows by a name, with another one in its place for as long
as a run lasts; so it stands in whatever server or client the run makes.
"""

from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from typing import Any

from attrs import frozen

Make = Callable[[Any], Any]
"""Makes what is put in the place of the real thing, of the real thing."""


@frozen
class V1Subject:
    """Be something to try.

    Args:
      name: what the command line calls it.
      about: one line that says what it is, or what is wrong with it.
      breaks: the invariant that must find it out; None for what must hold all of them.
      planted: what is put in the place of what: whose, by which name, and how it is made.
      within: the seed below which it must be found.
    """

    name: str
    about: str
    breaks: str | None = None
    planted: tuple[tuple[Any, str, Make], ...] = ()
    within: int = 60

    @contextmanager
    def changed(self) -> Generator[None]:
        """Let the mistake stand within the block."""
        with ExitStack() as stack:
            for owner, name, make in self.planted:
                real = owner.__dict__[name]
                stack.callback(setattr, owner, name, real)
                setattr(owner, name, _like(real, make))
            yield


def _like(real: Any, make: Make) -> Any:  # noqa: ANN401 - a function of any kind
    """Put a static method in the place of a static method, and so on."""
    if isinstance(real, staticmethod):
        return staticmethod(make(real.__func__))
    if isinstance(real, property):
        return property(make(real.fget))
    return make(real)


SERVER = V1Subject("server", "the real server")
