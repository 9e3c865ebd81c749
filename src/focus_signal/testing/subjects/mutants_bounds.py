"""Mutants whose server keeps no limit or no deadline: one for each of its settings.

The server of such a run is told another setting than the plan, and so than the checks: 0 where that stands
for no limit, else what is never reached.
"""

from attrs import fields

from focus_signal.server.config import Config, deadlines, limits
from focus_signal.testing.subject import Subject

_NEVER = 1e9
_ANY_NUMBER = 1 << 30
# A bucket is two settings, of which 0 for one takes away the other's bound as well.
_BUCKETS = {"message_rate", "message_burst", "byte_rate", "byte_burst"}
# No server is told to take a message of any size, and yet no more bytes at once than so many.
_ALONG = {"frame_bytes": {"byte_burst": 0}}
# What other checks than `held` find.
_BREAKS = {"seat_grace": "leak", "outbox_bytes": "bound", "outbox_messages": "bound"}
_ELSEWHERE = {
    # A server has this one only when `focus-signal serve` drains it; there are mutants of the drain itself.
    "drain_grace",
    # These bound what clients of the protocol `focus-signal.v1` do; no stranger here speaks it.
    "ready_timeout",
    "replay_bytes",
    "total_replay_bytes",
}


def _without(name: str) -> Subject:
    shown = name.replace("_", "-")
    if name in deadlines():
        about, changed = f"nothing is ever due by {name}", _NEVER
    else:
        about, changed = f"{name} is no limit", _ANY_NUMBER if name in _BUCKETS else 0
    breaks = _BREAKS.get(name, "held")
    return Subject(
        f"no-{shown}", about, breaks=breaks, above_core=True, settings={name: changed, **_ALONG.get(name, {})}
    )


_NO_INBOX_BOUND = Subject(
    "no-inbox-batches",
    "any number of batches may wait for the matchmaker",
    breaks="held",
    above_core=True,
    settings={"inbox_batches": _ANY_NUMBER},
)

BOUND_MUTANTS: tuple[Subject, ...] = (
    *(
        _without(each.name)
        for each in fields(Config)
        if each.name in deadlines() and each.name not in _ELSEWHERE
    ),
    *(
        _without(each.name)
        for each in fields(Config)
        if each.name in limits() and each.name not in _ELSEWHERE
    ),
    _NO_INBOX_BOUND,
)
"""In the order of the settings; deadlines first."""
