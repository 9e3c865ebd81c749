"""Who a guest is, in which dialect it is heard, and with which command its connection begins."""

from collections.abc import Callable

from attrs import define
from msgspec import Struct

from focus_signal.access.addresses import AddressKey
from focus_signal.access.session_tokens import SessionTokens
from focus_signal.core.commands import Command, Connect, OpenSession
from focus_signal.server.logic import Dialect, Hearing
from focus_signal.wire.subprotocols import V1, V1Offer
from focus_signal.wire.v1 import V1Dialect


class Guest(Struct, frozen=True, gc=False):
    """Be somebody whose WebSocket was accepted.

    Args:
      user: the user id that it names; empty if it names none.
      offer: what it offers as a client of `focus-signal.v1`; None for one that speaks the seed's dialect.
      key: what its address counts as.
    """

    user: str
    offer: V1Offer | None = None
    key: AddressKey | None = None


def spoken_by(offer: V1Offer | None) -> str | None:
    """Tell which subprotocol is answered."""
    return None if offer is None else V1


@define(eq=False)
class Welcome:
    """Welcome guests.

    Args:
      seed: the seed's dialect.
      v1: that of `focus-signal.v1`.
      tokens: open what a guest offers to resume.
      new_id: gives a user id to who names none.
      wall: gives the wall clock's time in seconds since the epoch.
    """

    _seed: Dialect
    _v1: V1Dialect
    _tokens: SessionTokens
    _new_id: Callable[[], str]
    _wall: Callable[[], float]

    def of(self, number: int, guest: Guest) -> tuple[str, Hearing, Command]:
        """Welcome a guest.

        Args:
          number: its connection's.
          guest: who it is.

        Returns:
          its user id, how it is heard, and the command with which it begins.
        """
        offer = guest.offer
        if offer is None:
            heard = Hearing.plainly(self._seed.reader(number, guest.user))
            return guest.user, heard, Connect(number, guest.user)
        token, why = None, "malformed" if offer.malformed else None
        if offer.resume is not None:
            found = self._tokens.unseal(offer.resume, int(self._wall() * 1000))
            token, why = (None, found) if isinstance(found, str) else (found, None)
        user = guest.user or (self._new_id() if token is None else token.user)
        first = OpenSession(number, user, token, offer.seen, why, guest.key)
        v1 = self._v1
        heard = Hearing(v1.reader(number, user), lambda frame, refusal: v1.refuse(frame, number, refusal))
        return user, heard, first
