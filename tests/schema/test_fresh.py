"""The files that describe the protocol tell what its schema tells: `make schema` changes none of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from focus_signal.wire.close_codes import CLOSE_CODES, CloseCode
from focus_signal.wire.messages import from_client, from_server
from scripts.schema import examples, reference
from scripts.schema.__main__ import FILES, REPOSITORY, main, stale

NAMES = list(FILES)


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in NAMES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(REPOSITORY / name, tmp_path / name)
    monkeypatch.setattr(reference, "DOCUMENT", tmp_path / "docs" / "protocol.md")
    return tmp_path


def test_every_file_is_fresh() -> None:
    assert stale() == [], "run make schema"


@pytest.mark.parametrize("name", NAMES)
def test_a_change_by_hand_is_seen_and_undone(
    name: str, copied: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    right = (copied / name).read_text()
    (copied / name).write_text(right.replace("in which it may come back", "hours", 1))
    assert main(["--check"], copied) == 1
    assert capsys.readouterr().out == f"stale: {name} (make schema)\n"
    assert main([], copied) == 0
    assert (copied / name).read_text() == right
    assert main(["--check"], copied) == 0


@pytest.mark.parametrize("name", NAMES[:-1])
def test_a_file_that_is_not_there_is_made(name: str, copied: Path) -> None:
    (copied / name).unlink()
    assert stale(copied) == [name]
    assert main([], copied) == 0
    assert (copied / name).read_text() == (REPOSITORY / name).read_text()


def test_what_is_written_by_hand_stays(copied: Path) -> None:
    page = copied / "docs" / "protocol.md"
    mended = page.read_text().replace("For whoever writes a client.", "For you.")
    page.write_text(mended)
    assert main([], copied) == 0
    assert page.read_text() == mended


def test_a_page_without_a_place_is_told_of() -> None:
    page = (REPOSITORY / "docs" / "protocol.md").read_text()
    with pytest.raises(ValueError, match="no place for the table of errors"):
        reference.rewritten(page.replace("<!-- The table of errors ends. -->", ""))


def test_another_schema_makes_every_file_stale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(from_server.PeerAway, "__doc__", "Tell of something else.")
    assert stale() == NAMES
    monkeypatch.undo()
    monkeypatch.setattr(from_client, "AnyFromClient", from_client.Matchmaking | from_client.Offer)
    assert stale() == NAMES


def test_another_close_code_is_another_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CLOSE_CODES, "done", CloseCode(1000, "", "something else"))
    assert stale() == ["schema/asyncapi.yaml", "docs/protocol.md"]


@pytest.mark.parametrize(
    ("table", "tag", "text"),
    [
        (examples.FROM_SERVER, "ack", '{"type":"ack","seq":1}'),
        (examples.FROM_SERVER, "pong", '{"type":"ack","seq":1,"id":1}'),
        (examples.FROM_CLIENT, "ping", '{"type":"ping","seen":-1}'),
    ],
)
def test_an_example_that_is_none_is_refused(
    table: dict[str, str], tag: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(table, tag, text)
    with pytest.raises(ValueError, match=r"required|`ack`|>= 0|Invalid"):
        stale()
