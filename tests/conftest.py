"""What holds for every test: the same generated examples in every run, and an account at its end."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from hypothesis import settings

from tests.reporting import Account

if TYPE_CHECKING:
    import pytest

# `make test` says the same twice about the same code. `make test ARGS=--hypothesis-profile=explore` looks
# further: other examples each time, and many more of them.
settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.register_profile("explore", max_examples=5_000, deadline=None, database=None, print_blob=True)
settings.load_profile("repeatable")


# In a shell's background interrupts are ignored, and so they would be by all the programs that tests start.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Account())
