"""The module as it is handed out: as a package of npm, and in the wheel."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.peers.programs import require_node

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "src" / "focus_signal" / "web"
PACKED = {"LICENSE", "README.md", "focus-signal.d.ts", "focus-signal.js", "package.json", "protocol.d.ts"}


def run(*command: str, cwd: Path) -> str:
    done = subprocess.run(
        command,
        cwd=cwd,
        # npm writes its logs and its cache beside what it is told, and asks nobody for anything.
        env=os.environ | {"npm_config_cache": str(cwd / "cache"), "npm_config_offline": "true"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def npm() -> list[str]:
    """Give the words that start npm."""
    node = Path(require_node())
    return [str(node), str(node.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def package_json() -> dict[str, Any]:
    read: dict[str, Any] = json.loads((WEB / "package.json").read_text())
    return read


def copied(folder: Path) -> Path:
    """Copy what npm is asked to pack, so that it leaves nothing behind here."""
    return Path(shutil.copytree(WEB, folder / "web"))


def test_npm_packs_exactly_the_module_and_its_types(tmp_path: Path) -> None:
    [packed] = json.loads(run(*npm(), "pack", "--dry-run", "--json", str(copied(tmp_path)), cwd=tmp_path))
    assert {file["path"] for file in packed["files"]} == PACKED
    assert packed["name"] == "focus-signal"
    assert (WEB / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()
    assert not list(tmp_path.glob("*.tgz")), "that was to be a dry run"


def test_a_package_that_does_not_say_what_it_holds_is_seen(tmp_path: Path) -> None:
    web = copied(tmp_path)
    (web / "package.json").write_text(json.dumps({**package_json(), "files": ["*.js", "demo"]}))
    [packed] = json.loads(run(*npm(), "pack", "--dry-run", "--json", str(web), cwd=tmp_path))
    assert {file["path"] for file in packed["files"]} - PACKED > {"demo/index.html"}


def test_what_npm_packs_can_be_imported_by_its_name(tmp_path: Path) -> None:
    run(*npm(), "pack", str(copied(tmp_path)), cwd=tmp_path)
    [archive] = tmp_path.glob("*.tgz")
    there = tmp_path / "node_modules" / "focus-signal"
    there.mkdir(parents=True)
    with tarfile.open(archive) as packed:
        for member in packed:
            content = packed.extractfile(member)
            assert content is not None, f"{member.name} is no file"
            (there / member.name.removeprefix("package/")).write_bytes(content.read())
    script = "console.log(Object.keys(await import('focus-signal')).sort().join())"
    said = run(require_node(), "--input-type=module", "--eval", script, cwd=tmp_path)
    assert said == "SignalError,connect\n"


def test_the_versions_are_one() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    package = package_json()
    assert (package["name"], package["version"]) == (project["name"], project["version"])
    assert package["license"] == project["license"]


def test_what_the_package_names_is_there() -> None:
    package = package_json()
    assert package["type"] == "module"
    assert package["sideEffects"] is False
    named = [package["types"], *package["exports"]["."].values(), *package["files"]]
    assert [name for name in named if not (WEB / name).is_file()] == []
    # The first condition that fits is taken, so the types have to stand before the default.
    assert list(package["exports"]["."]) == ["types", "default"]
    assert not {"dependencies", "devDependencies", "scripts", "publishConfig"} & set(package)
    assert "://" not in (WEB / "package.json").read_text()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> frozenset[str]:
    """Build the wheel with the pinned backend, which fetches nothing; give the names in it."""
    out = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out), cwd=ROOT)
    (built,) = out.glob("*.whl")
    with zipfile.ZipFile(built) as zipped:
        return frozenset(zipped.namelist())


def test_the_wheel_holds_every_file(wheel: frozenset[str]) -> None:
    there = {str(file.relative_to(WEB.parents[1])) for file in WEB.rglob("*") if file.is_file()}
    assert {name for name in wheel if name.startswith("focus_signal/web/")} == there
    assert "focus_signal/web/demo/index.html" in there
