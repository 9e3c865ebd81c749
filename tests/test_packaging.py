"""What is handed out: wheel and source archive, the pinned requirements, and the commands that use them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path
from typing import Any

import attrs
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = sorted((ROOT / "requirements").glob("*.txt"))
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


@attrs.frozen
class Distributions:
    """The names of the files in a wheel and in a source archive that were built from this tree."""

    wheel: frozenset[str]
    sdist: frozenset[str]


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    """Build both with the pinned backend, which fetches nothing."""
    out = tmp_path_factory.mktemp("dist")
    _run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-t", "wheel", "-d", str(out))
    (wheel,) = out.glob("*.whl")
    (sdist,) = out.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as zipped, tarfile.open(sdist) as tarred:
        inside = (name.partition("/")[2] for name in tarred.getnames())
        return Distributions(wheel=frozenset(zipped.namelist()), sdist=frozenset(inside))


def _run(*command: str, cwd: Path = ROOT, env: dict[str, str] | None = None) -> str:
    """Run a command that is to succeed; return what it said on stdout."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout


def _project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def _pins(path: Path) -> dict[str, str]:
    """Return the logical lines of a requirements file by the project that they pin."""
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines()]
    pins: dict[str, str] = {}
    for line in lines:
        if line and not line.startswith("#"):
            # A project may be pinned twice, once for each environment marker: both lines are kept.
            name = canonicalize_name(re.split(r"[\[=<>~!; ]", line, maxsplit=1)[0])
            pins[name] = f"{pins[name]}\n{line}" if name in pins else line
    return pins


def _sources() -> set[str]:
    source = ROOT / "src"
    return {str(path.relative_to(source)) for path in source.rglob("*.py")}


def test_the_wheel_holds_the_package_and_nothing_else(distributions: Distributions) -> None:
    metadata = {name for name in distributions.wheel if re.match(r"focus_signal-[^/]+\.dist-info/", name)}
    assert any(name.endswith("/licenses/LICENSE") for name in metadata)
    assert any(name.endswith("/entry_points.txt") for name in metadata)
    package = distributions.wheel - metadata
    assert {name.split("/", 1)[0] for name in package} == {"focus_signal"}
    assert "focus_signal/py.typed" in package
    assert {name for name in package if name.endswith(".py")} == _sources()


def test_the_source_archive_holds_what_is_needed_to_work_on_it(distributions: Distributions) -> None:
    wanted = {f"src/{name}" for name in _sources()} | {
        str(path.relative_to(ROOT)) for path in (*(ROOT / "requirements").iterdir(), Path(__file__))
    }
    wanted |= {"pyproject.toml", "Makefile", "README.md", "LICENSE", "CHANGELOG.md", "scripts/environment.sh"}
    assert wanted <= distributions.sdist
    assert not {
        name for name in distributions.sdist if "__pycache__" in name or name.startswith((".venv", ".git/"))
    }


def _fresh_environment(directory: Path) -> Path:
    """Make a virtual environment without pip, and return its interpreter."""
    venv.create(directory, with_pip=False, symlinks=True)
    return directory / "bin" / "python"


def test_it_installs_into_a_fresh_environment_and_starts(tmp_path: Path) -> None:
    python = _fresh_environment(tmp_path / "venv")
    # Dependencies and build backend are those of the environment that runs this test; nothing is fetched.
    (site,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check", "install"]
    # --ignore-installed: the borrowed directory has this package too, as a link to the sources.
    _run(*pip, "--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--ignore-installed", str(ROOT))
    assert (site / "focus_signal" / "py.typed").is_file()
    _starts_and_stops(tmp_path / "venv" / "bin" / "focus-signal", tmp_path)


@pytest.mark.long
def test_a_plain_pip_install_is_enough(tmp_path: Path) -> None:
    # As a user does it: an isolated build, the newest dependencies, all from the package registry.
    python = _fresh_environment(tmp_path / "venv")
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check", "install"]
    _run(*pip, "--quiet", str(ROOT))
    _starts_and_stops(tmp_path / "venv" / "bin" / "focus-signal", tmp_path)


def _starts_and_stops(program: Path, directory: Path) -> None:
    """Start the installed server where no source lies near; end its input, and see it end well."""
    process = subprocess.Popen(
        [str(program), "serve", "--host", "127.0.0.1", "--port", "0", "--ready-json"],
        cwd=directory,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        ready = process.stdout.readline()
        said, complained = process.communicate(timeout=60)  # ends its input first
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    assert (process.returncode, said) == (0, ""), complained
    assert json.loads(ready)["url"].startswith("ws://127.0.0.1:")


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
def test_every_requirement_is_pinned_and_hashed(path: Path) -> None:
    pins = _pins(path)
    assert pins
    for lines in pins.values():
        for line in lines.splitlines():
            assert re.match(r"[A-Za-z0-9._-]+(\[[^]]*])?==[^ ;]+ ", line), line
            assert HASH.search(line), line


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
def test_no_requirements_file_names_a_registry(path: Path) -> None:
    for text in (path.read_text(encoding="utf-8"), path.with_suffix(".in").read_text(encoding="utf-8")):
        assert "://" not in text
        assert not re.search(
            r"^\s*(-i|-f|--(extra-)?index-url|--find-links|--trusted-host)\b", text, re.MULTILINE
        )


def test_the_requirements_files_agree() -> None:
    # They are installed into one environment, in any order.
    versions: dict[tuple[str, str], set[str]] = {}
    for path in REQUIREMENTS:
        for name, lines in _pins(path).items():
            for line in lines.splitlines():
                pinned = Requirement(HASH.sub("", line).split(" #")[0].strip())
                versions.setdefault((name, str(pinned.marker)), set()).add(str(pinned.specifier))
    assert {key: found for key, found in versions.items() if len(found) > 1} == {}


def test_run_txt_pins_what_the_package_and_its_build_ask_for() -> None:
    project = _project()
    pins = _pins(ROOT / "requirements" / "run.txt")
    for asked in (*project["project"]["dependencies"], *project["build-system"]["requires"]):
        requirement = Requirement(asked)
        pinned = Requirement(HASH.sub("", pins[canonicalize_name(requirement.name)]).strip())
        (specifier,) = pinned.specifier
        assert requirement.specifier.contains(specifier.version, prereleases=True), (asked, str(pinned))


NEEDS = "focus-signal needs Python"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        pytest.param("exit 127", f"{NEEDS} 3.11 or newer with its venv module", id="no Python"),
        pytest.param(r"printf '/py\t3.9\told\n'", f"{NEEDS} 3.11 or newer with its venv module", id="old"),
        pytest.param(
            r"printf '/py\t3.12\tbare\n'",
            f"{NEEDS}'s venv module, which /py lacks: apt-get install python3.12-venv",
            id="no venv module",
        ),
    ],
)
def test_one_line_says_which_python_is_missing(tmp_path: Path, answer: str, message: str) -> None:
    tree = tmp_path / "tree"
    (tree / "scripts").mkdir(parents=True)
    for name in ("environment.sh", "find_python.sh"):
        shutil.copy(ROOT / "scripts" / name, tree / "scripts")
    stub = tmp_path / "python"
    stub.write_text(f"#!/bin/sh\n{answer}\n", encoding="utf-8")
    stub.chmod(0o755)
    done = subprocess.run(
        [str(tree / "scripts" / "environment.sh"), "run"],
        env={"PATH": os.defpath, "PYTHON": str(stub)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(message)
    assert done.stderr.count("\n") == 1
    assert not (tree / ".venv").exists()


def test_make_alone_prints_every_target() -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    listed = re.findall(r"^  make ([a-z-]+) ", _run("make", env=env), re.MULTILINE)
    declared = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert declared is not None
    assert sorted(listed) == sorted(declared[1].split())
