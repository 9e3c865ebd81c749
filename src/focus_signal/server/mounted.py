"""Who asks at somebody else's trio-websocket server, and whether they are let in."""

from typing import TYPE_CHECKING

from focus_signal.errors import HttpRefused
from focus_signal.server.admission import Admission
from focus_signal.server.welcome import Guest
from focus_signal.wire.http_head import user_of_query, v1_user_of_query
from focus_signal.wire.subprotocols import offer_of

if TYPE_CHECKING:
    from trio_websocket import WebSocketRequest


def admit(
    request: "WebSocketRequest", admission: Admission, user_bytes: int
) -> tuple[HttpRefused | None, Guest]:
    """Tell who asks, or why not to let them in.

    Args:
      request: a request of the other server, whose business the path is.
      admission: says who is let in; the address counts for nothing, the other server knows it.
      user_bytes: the longest user id.
    """
    try:
        origin = dict(request.headers).get(b"origin")  # the library has made all names lower case
        admission.check(None, None if origin is None else origin.decode("latin-1"))
        offer = offer_of(request.proposed_subprotocols)
        query = request.path.partition("?")[2]
        user = user_of_query(query, user_bytes)
        return None, Guest(user if offer is None else v1_user_of_query(query), offer)
    except HttpRefused as refusal:
        return refusal, Guest("")
