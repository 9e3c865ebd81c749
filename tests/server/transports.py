"""Both transports, for the tests that hold for either."""

from __future__ import annotations

from typing import get_args

import pytest

from focus_signal.server.config import TransportName

TRANSPORTS: tuple[TransportName, ...] = get_args(TransportName)
BOTH = pytest.mark.parametrize("transport", TRANSPORTS)
