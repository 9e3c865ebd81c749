"""The program in docs/client.md, run as it stands there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import trio

from focus_signal.server.config import Config
from focus_signal.server.serve import open_server

PAGE = Path(__file__).parents[2] / "docs" / "client.md"


async def test_the_ten_lines_of_use(capsys: pytest.CaptureFixture[str]) -> None:
    _, program, *_ = PAGE.read_text().split("```python\n")
    names: dict[str, Any] = {"__name__": "docs"}
    exec(compile(program.partition("```")[0], "docs/client.md", "exec"), names)  # noqa: S102 - our own page
    with trio.fail_after(30):
        async with open_server(Config(host="127.0.0.1", port=0)) as server, trio.open_nursery() as nursery:
            nursery.start_soon(names["main"], server.url, "ana")
            nursery.start_soon(names["main"], server.url, "bo")
    assert sorted(capsys.readouterr().out.splitlines()) == [
        "ana says {'hello': 'there'}",
        "bo says {'hello': 'there'}",
    ]
