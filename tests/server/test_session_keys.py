"""The keys of a server: those in its file, else some that nobody else has; and what the log says of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from focus_signal.access.keys import Keys
from focus_signal.errors import ConfigError
from focus_signal.server.config import Config
from focus_signal.server.session_keys import keys_of

SECRET = bytes(range(200, 232))


def test_a_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    path = tmp_path / "secrets"
    path.write_text(f"# ours\n{SECRET.hex()}\n")

    def entropy(size: int) -> bytes:
        raise AssertionError(f"{size} random bytes were asked for")

    assert keys_of(Config(secret_file=str(path)), entropy) == Keys((SECRET,))
    assert caplog.records == []


def test_no_file(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    assert keys_of(Config(), lambda size: SECRET[:size]) == Keys((SECRET,))
    [record] = caplog.records
    assert (record.name, record.levelname) == ("focus_signal", "INFO")
    assert (
        record.getMessage()
        == "no secret_file: sessions end with this process, and none is resumed by another"
    )


def test_keys_of_its_own_are_nobody_elses(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = keys_of(Config()), keys_of(Config())
    assert first.key_id != second.key_id
    assert not first.is_signed(second.key_id, b"data", second.sign(b"data"))
    # Asked of the system when it is needed, so that a simulation can answer in its place.
    monkeypatch.setattr(os, "urandom", lambda size: SECRET[:size])
    assert keys_of(Config()) == Keys((SECRET,))


def test_a_file_that_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "secrets"
    path.write_text("hunter 2\n")
    with pytest.raises(ConfigError) as refused:
        keys_of(Config(secret_file=str(path)))
    allowed = "must be a secret of at least 32 bytes, in hex or in base64, and this is neither"
    assert str(refused.value) == f"secret_file {str(path)!r}, line 1: {allowed}"
    assert "hunter" not in str(refused.value)
