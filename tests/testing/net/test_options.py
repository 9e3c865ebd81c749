"""What a link can be like, and what not."""

from __future__ import annotations

import msgspec
import pytest

from focus_signal.errors import PlanError
from focus_signal.testing.net.options import LinkOptions


@pytest.mark.parametrize(
    "options",
    [LinkOptions(), LinkOptions(latency=(0.5, 0.5), chunk=3, bandwidth=10.5, window=1, fin_delay=2.5)],
)
def test_options_go_through_json(options: LinkOptions) -> None:
    assert msgspec.json.decode(msgspec.json.encode(options), type=LinkOptions) == options


@pytest.mark.parametrize(
    "wrong",
    [
        {"latency": (-1.0, 0.0)},
        {"latency": (2.0, 1.0)},
        {"latency": (0.0, float("inf"))},
        {"latency": (float("nan"), 1.0)},
        {"chunk": -1},
        {"bandwidth": -1.0},
        {"bandwidth": float("nan")},
        {"window": 0},
        {"fin_delay": -1.0},
        {"fin_delay": float("inf")},
    ],
)
def test_what_no_link_is_like(wrong: dict[str, object]) -> None:
    [name] = wrong
    with pytest.raises(PlanError, match=f"^{name} must be .*, not "):
        msgspec.structs.replace(LinkOptions(), **wrong)
    if wrong[name] == wrong[name] and "inf" not in str(wrong):
        with pytest.raises(msgspec.ValidationError, match=name):
            msgspec.json.decode(msgspec.json.encode(wrong), type=LinkOptions)


def test_a_field_that_is_none_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.json.decode(b'{"loss": 0.1}', type=LinkOptions)
