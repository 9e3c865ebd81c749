"""scripts/restart_demo.py does what it says, with a real process and real sockets."""

from __future__ import annotations

import pytest
import trio

from scripts import restart_demo


async def test_the_room_stands_again() -> None:
    lines: list[str] = []
    with trio.fail_after(restart_demo.LONGEST):
        await restart_demo.demonstrate(lines.append)
    assert lines[0] == "a server runs"
    assert "the server was killed (SIGKILL)" in lines
    for name in restart_demo.NAMES:
        assert [line for line in lines if line.startswith(f"{name} is back, in the room")]
    assert lines[-1].startswith("ana has the offer of cy")


@pytest.mark.long
async def test_it_says_so_if_the_room_is_gone() -> None:
    lines: list[str] = []
    with trio.fail_after(restart_demo.LONGEST), pytest.raises(BaseExceptionGroup) as caught:
        await restart_demo.demonstrate(lines.append, same_secret=False)
    gone, others = caught.value.split(AssertionError)
    assert gone is not None
    assert others is None
    assert "the room is gone" in str(gone.exceptions) or "the room is gone" in repr(gone)
    assert lines[-1] != "a server runs"
    assert not [line for line in lines if "is back" in line]
