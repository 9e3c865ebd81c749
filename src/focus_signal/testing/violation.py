"""What a checker says when an invariant did not hold."""

from msgspec import Struct


class Violation(Struct, frozen=True):
    """Be one breach of one invariant.

    Args:
      invariant: the invariant's name.
      t: when it was broken, in virtual seconds from the start.
      text: one line that says what was seen and what should have been.
      ops: the ids of the operations of the plan that it is about, as far as they are known.
    """

    invariant: str
    t: float
    text: str
    ops: tuple[int, ...] = ()
