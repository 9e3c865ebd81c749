"""What all connections of a server have in common, put together once."""

from collections.abc import Callable

from attrs import define, field

from focus_signal.access.rates import Rates
from focus_signal.server.config import Config
from focus_signal.server.outbox import Backlog
from focus_signal.server.owner import Inbox
from focus_signal.server.settings import bound
from focus_signal.server.unfinished import Unfinished


@define(eq=False)
class Shared:
    """Be what all connections have in common.

    Args:
      config: deadlines and bounds.
      inbox: the way to the owner.
      backlog: what waits for everybody.
      clock: gives the time in seconds.
    """

    config: Config
    inbox: Inbox
    backlog: Backlog
    clock: Callable[[], float]
    outbox_bytes: int = field(init=False)
    """How much may wait for one peer."""
    outbox_messages: int = field(init=False)
    """How many messages that may be."""
    rates: Rates = field(init=False)
    """How much each of them may send."""
    too_much: str = field(init=False)
    """What is said to whoever sends more."""

    unfinished: Unfinished = field(init=False)
    """What has come of messages that are not whole."""

    def __attrs_post_init__(self) -> None:
        config = self.config
        self.unfinished = Unfinished(bound(config.total_unfinished_bytes))
        self.outbox_bytes, self.outbox_messages = bound(config.outbox_bytes), bound(config.outbox_messages)
        pairs = {
            "messages": (config.message_rate, config.message_burst),
            "bytes": (config.byte_rate, config.byte_burst),
        }
        self.rates = Rates.of(pairs["messages"], pairs["bytes"], config.rate_grace)
        allowed = [
            f"{burst} {unit} at once and {rate} a second"
            for unit, (rate, burst) in pairs.items()
            if rate and burst
        ]
        self.too_much = f"this message was dropped: at most {', and '.join(allowed)} may be sent"
