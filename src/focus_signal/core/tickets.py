"""A ticket: the place that one party, or one user alone, has among those who wait.

It says whom it brings, how many people it wants to be with, and whom not to meet. Its arrival number decides
every question of precedence, and stays with it through proposals and absences as long as the ticket lives.
"""

from typing import Generic, NamedTuple, Protocol, TypeVar

from attrs import define, field


class PoolKey(NamedTuple):
    """Be what tickets must have alike to meet at all."""

    pool: str
    ready_check: bool = False
    backfill: bool = False


class HasUser(Protocol):
    """Be somebody with a user id."""

    @property
    def user(self) -> str:
        """Tell the user id."""
        ...


M = TypeVar("M", bound=HasUser)


@define(eq=False)
class Ticket(Generic[M]):
    """Be a place among those who wait.

    Args:
      key: the pool, with what else must be alike.
      arrival: a number that no other ticket has; the older of two tickets has the smaller one.
      members: whom the ticket brings; at least one, and no user who is in another ticket of the same pool.
      least: the fewest people to be with, the members among them.
      most: the most.
      avoid: user ids of those whom it does not want to meet; its own members are not meant, though they may
        be named.
      patient: whether only `most` will do as yet; `Pools.lose_patience` changes it, and nothing else.
    """

    key: PoolKey
    arrival: int
    members: tuple[M, ...]
    least: int
    most: int
    avoid: frozenset[str] = frozenset()
    patient: bool = True
    entered: bool = field(default=False, init=False)
    """Whether the ticket can be met; `Pools` changes it, and nothing else."""
    weight: int = field(init=False)
    """How many people it brings."""
    users: tuple[str, ...] = field(init=False)
    """The user ids of its members."""
    avoided: tuple[str, ...] = field(init=False)
    """What is in `avoid`, in an order."""

    def __attrs_post_init__(self) -> None:
        self.weight = len(self.members)
        self.users = tuple([member.user for member in self.members])
        self.avoided = tuple(sorted(self.avoid))

    @property
    def smallest(self) -> int:
        """Tell the least size that it accepts now; a party is never in a room that is too small for it."""
        return max(self.weight, self.most if self.patient else self.least)
