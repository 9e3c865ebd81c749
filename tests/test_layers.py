"""The package's imports run downward, in no circle, and what is pure stays pure.

Every import counts: inside a function, under TYPE_CHECKING, and by name through `import_module`. The check is
tried on small trees with one violation each before it is believed about the real one.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path, PurePosixPath
from types import ModuleType

import pytest

import focus_signal
import focus_signal.testing

FACES = (focus_signal, focus_signal.testing)
"""Packages that hand out what their modules hold, without loading it before it is asked for."""
ROOT = Path(__file__).parents[1] / "src" / "focus_signal"
PACKAGE = "focus_signal"
# From the lowest upward. Those on one line are neighbours, and do not know each other.
LAYERS = (
    ("errors",),
    ("core",),
    ("access", "wire"),
    ("observe",),
    ("server", "client", "load"),
    ("testing",),
    ("cli", "pytest_plugin"),
    ("__main__",),
)
RANKS = {name: rank for rank, names in enumerate(LAYERS) for name in names}
PURE = {"errors", "core", "wire"}
IMPURE = {"trio", "time", "random", "uuid", "secrets", "os", "socket", "datetime", "threading", "asyncio"}
LONGEST = 400

Files = Mapping[str, str]
"""What every file holds, by its path below the package."""


def module_of(path: str) -> str:
    parts = PurePosixPath(path).with_suffix("").parts
    return ".".join((PACKAGE, *(parts[:-1] if parts[-1] == "__init__" else parts)))


def layer_of(module: str) -> str:
    return module.split(".")[1]


def imported(path: str, tree: ast.Module, modules: set[str]) -> Iterator[str]:
    """List the modules that a file imports, those outside of the package too."""
    here = (PACKAGE, *PurePosixPath(path).parent.parts)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = here[: len(here) - node.level + 1] if node.level else ()
            base = ".".join((*parents, *filter(None, [node.module])))
            for alias in node.names:
                # A submodule that the face hands out is still something taken from the face.
                full = f"{base}.{alias.name}"
                yield full if full in modules and base != PACKAGE else base
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            name = node.args[0] if node.args else None
            constant = isinstance(name, ast.Constant) and isinstance(name.value, str)
            yield name.value if constant else "?"  # type: ignore[union-attr]


def problems(files: Files) -> list[str]:
    """Say everything that is wrong with a package."""
    modules = {module_of(path) for path in files}
    graph: dict[str, list[str]] = {}
    found: list[str] = []
    for path, source in sorted(files.items()):
        module = module_of(path)
        targets = list(dict.fromkeys(imported(path, ast.parse(source), modules)))
        graph[module] = [target for target in targets if target in modules]
        if source.count("\n") > LONGEST:
            found.append(f"{path} is longer than {LONGEST} lines")
        if module == PACKAGE:
            continue  # the lazy face may look at everything
        if module == f"{PACKAGE}.testing":
            targets = [target for target in targets if target != "?"]  # a face as well, of what is below it
        if layer_of(module) not in RANKS:
            found.append(f"{path} belongs to no layer")
            continue
        found.extend(f"{path} imports {wrong}" for wrong in filter(None, (judge(module, t) for t in targets)))
    return found + [f"circle: {' -> '.join(circle)}" for circle in circles(graph)]


def judge(module: str, target: str) -> str | None:
    """Say what is wrong with an import, if anything is."""
    top, _, inside = target.partition(".")
    own = layer_of(module)
    if top == "?":
        return "something that cannot be read here"
    if top != PACKAGE:
        return f"{target}, and {own} is pure" if top in IMPURE and own in PURE else None
    if not inside:
        return "the package's own face"
    other = layer_of(target)
    if other != own and RANKS.get(other, len(LAYERS)) >= RANKS[own]:
        return f"{target}, which is not below {own}"
    return None


def circles(graph: Mapping[str, list[str]]) -> list[list[str]]:
    """List a circle for every arrow that leads back to a module on the way to it."""
    found: list[list[str]] = []
    done: set[str] = set()

    def walk(module: str, way: list[str]) -> None:
        if module in way:
            found.append([*way[way.index(module) :], module])
        elif module not in done:
            for target in graph[module]:
                walk(target, [*way, module])
            done.add(module)

    for module in graph:
        walk(module, [])
    return found


def read_package() -> dict[str, str]:
    return {path.relative_to(ROOT).as_posix(): path.read_text() for path in sorted(ROOT.rglob("*.py"))}


def test_the_package() -> None:
    files = read_package()
    assert {"__init__.py", "core/matchmaker.py", "wire/seed_dialect.py", "server/owner.py"} <= set(files)
    assert problems(files) == []


GOOD = {
    "__init__.py": "if TYPE_CHECKING:\n    from focus_signal.server.a import A\nimport_module(name)",
    "__main__.py": "from focus_signal.cli import main",
    "errors.py": "import enum",
    "core/__init__.py": "",
    "core/a.py": "from focus_signal.errors import FocusSignalError",
    "core/b.py": "import json\nfrom focus_signal.core import a\nfrom . import a as c\nfrom .a import d",
    "access/a.py": "import focus_signal.core.b\nimport time",
    "wire/__init__.py": "",
    "wire/a.py": "import httptools\nfrom focus_signal.core.a import b\nfrom ..errors import c",
    "observe/a.py": "import trio\nfrom focus_signal.wire.a import b\nfrom focus_signal.access import a",
    "server/a.py": "import os, trio\nfrom focus_signal.observe.a import b\nfrom focus_signal.core.a import c",
    "server/b.py": "from focus_signal.server import a\ndef f():\n    from focus_signal.wire.a import b",
    "client/a.py": "from focus_signal.wire.a import b",
    "testing/a.py": "from focus_signal.server.a import b\nfrom focus_signal.client.a import c",
    "pytest_plugin.py": "from focus_signal.testing.a import b",
    "cli/__init__.py": "from importlib import metadata\nfrom focus_signal.server.a import b",
}
# One line more in one file, and what is said about it.
WRONG = [
    ("errors.py", "from focus_signal.core.a import x", "not below errors"),
    ("core/a.py", "from focus_signal.wire.a import x", "not below core"),
    ("core/a.py", "from focus_signal import wire", "own face"),
    ("core/a.py", "from focus_signal.wire import a", "not below core"),
    ("core/a.py", "import focus_signal.wire.a as x", "not below core"),
    ("core/a.py", "import json, focus_signal.wire.a", "not below core"),
    ("core/a.py", "from ..wire import a", "not below core"),
    ("core/a.py", "from ..wire.a import x", "not below core"),
    ("core/a.py", "def f():\n    from focus_signal.server.a import x", "not below core"),
    ("core/a.py", "class A:\n    def f(self):\n        import focus_signal.server.a", "not below core"),
    ("core/a.py", "if TYPE_CHECKING:\n    from focus_signal.server.a import x", "not below core"),
    ("core/a.py", "try:\n    pass\nexcept E:\n    from focus_signal.server.a import x", "not below core"),
    ("core/a.py", "x = importlib.import_module('focus_signal.server.a')", "not below core"),
    ("core/a.py", "x = __import__('focus_signal.server.a')", "not below core"),
    ("core/a.py", "x = import_module(name)", "cannot be read"),
    ("core/a.py", "from focus_signal.elsewhere.a import x", "not below core"),
    ("wire/a.py", "from focus_signal.access.a import x", "not below wire"),
    ("access/a.py", "from focus_signal.wire.a import x", "not below access"),
    ("observe/a.py", "from focus_signal.server.a import x", "not below observe"),
    ("server/a.py", "from focus_signal.client.a import x", "not below server"),
    ("client/a.py", "from focus_signal.server.a import x", "not below client"),
    ("server/a.py", "from focus_signal.testing.a import x", "not below server"),
    ("testing/a.py", "from focus_signal.cli import x", "not below testing"),
    ("testing/a.py", "import focus_signal.pytest_plugin", "not below testing"),
    ("cli/__init__.py", "from focus_signal.pytest_plugin import x", "not below cli"),
    ("cli/__init__.py", "from focus_signal.__main__ import x", "not below cli"),
    ("cli/__init__.py", "from focus_signal import Config", "own face"),
    ("cli/__init__.py", "import focus_signal", "own face"),
    ("cli/__init__.py", "from .. import Config", "own face"),
    (
        "server/a.py",
        "from focus_signal.server import b",
        "circle: focus_signal.server.a -> focus_signal.server.b",
    ),
    ("server/a.py", "def f():\n    from .b import x", "circle"),
    ("core/__init__.py", "from focus_signal.core.b import x\nimport focus_signal.core", "circle"),
    ("server/a.py", "import focus_signal.server.a", "circle"),
    ("else/a.py", "", "no layer"),
    ("elsewhere.py", "", "no layer"),
    ("server/a.py", "x = 1\n" * 400, "longer than 400 lines"),
    *(
        (f"{place}.py", f"import {name}", "is pure")
        for name in sorted(IMPURE)
        for place in ("core/a", "wire/a")
    ),
    ("errors.py", "import time", "is pure"),
    ("core/a.py", "from os import path", "is pure"),
    ("core/a.py", "import os.path as p", "is pure"),
    ("wire/a.py", "def f():\n    from trio.lowlevel import checkpoint", "is pure"),
    ("wire/a.py", "if TYPE_CHECKING:\n    import trio", "is pure"),
]


def test_a_good_package_has_no_problems() -> None:
    assert problems(GOOD) == []


@pytest.mark.parametrize(("path", "line", "said"), WRONG)
def test_a_violation_is_found(path: str, line: str, said: str) -> None:
    found = problems({**GOOD, path: f"{GOOD.get(path, '')}\n{line}\n"})
    assert len([problem for problem in found if said in problem]) == 1
    # An arrow that runs upward can close a circle as well; nothing else may be said.
    assert all(said in problem or problem.startswith("circle") for problem in found)


def face_problems(source: str) -> list[str]:
    """Compare the three lists of public names of the face: for Python, for `*`, for type checkers."""
    tree = ast.parse(source)
    literals = {
        target.id: ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    home: dict[str, str] = {name: f"{PACKAGE}.{place}" for name, place in literals["_HOME"].items()}
    typed = {
        alias.asname or "": node.module or ""
        for block in tree.body
        if isinstance(block, ast.If)
        for node in ast.walk(block)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname == alias.name
    }
    every = literals["__all__"]
    found = [f"{name} differs" for name in sorted({*home, *typed}) if home.get(name) != typed.get(name)]
    found += [f"{name} is not in all three" for name in sorted({*home} ^ {*every})]
    return found + ["__all__ is out of order"] * (list(every) != sorted(set(every), key=place_in_all))


def place_in_all(name: str) -> tuple[bool, bool, str]:
    """Sort constants first, then classes, then functions, as ruff does."""
    return not name.isupper(), not name[0].isupper(), name


@pytest.mark.parametrize("face", FACES, ids=lambda face: face.__name__)
def test_a_face_agrees_with_itself(face: ModuleType) -> None:
    assert face_problems(Path(str(face.__file__)).read_text()) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('    "Config": "server.config",\n', ""),
        ('    "Config",\n', ""),
        ('    "Config",\n', '    "Config",\n    "Config",\n'),
        ('    "Config",\n', '    "Config",\n    "Configured",\n'),
        ("    from focus_signal.server.config import Config as Config\n", ""),
        ("import Config as Config", "import Config"),
        ('"Config": "server.config"', '"Config": "server.serve"'),
        ("focus_signal.server.config import", "focus_signal.server.serve import"),
    ],
)
def test_a_face_that_does_not_agree_is_found(old: str, new: str) -> None:
    source = (ROOT / "__init__.py").read_text()
    assert old in source
    assert face_problems(source.replace(old, new)) != []


@pytest.mark.parametrize(("face", "name"), [(face, name) for face in FACES for name in face.__all__])
def test_a_face_gives_what_its_home_defines(face: ModuleType, name: str) -> None:
    home = f"{PACKAGE}.{face._HOME[name]}"
    value = getattr(face, name)
    assert value is getattr(import_module(home), name)
    assert getattr(value, "__module__", home) == home  # a table has none
    assert name in dir(face)


@pytest.mark.parametrize("face", FACES, ids=lambda face: face.__name__)
def test_a_face_has_nothing_else(face: ModuleType) -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        getattr(face, "nothing")  # noqa: B009 - a type checker knows that it is not there


def loaded_by(code: str) -> set[str]:
    """Run code in a new interpreter and list the top-level packages that are loaded after it."""
    script = f"{code}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    return set(done.stdout.split())


def test_importing_the_package_loads_nothing() -> None:
    lazy = {"trio", "attrs", "attr", "msgspec", "httptools", "trio_websocket", "asyncio", "ssl"}
    assert not lazy & loaded_by("import focus_signal\ndir(focus_signal)\nfocus_signal.ConfigError")
    assert not lazy & loaded_by("import focus_signal.testing\ndir(focus_signal.testing)")
    # The other way round, so that the names are those under which they would be seen.
    serving = loaded_by("from focus_signal import serve")
    assert {"trio", "attrs", "msgspec", "httptools"} <= serving
    # It takes its time, and the native transport does without it.
    assert "trio_websocket" not in serving
    assert "trio_websocket" in loaded_by("import focus_signal.server.transport.trio_websocket")


def test_what_is_pure_loads_no_trio() -> None:
    pure = [module_of(path) for path in read_package() if path.split("/")[0].removesuffix(".py") in PURE]
    assert len(pure) >= 10
    assert not {"trio", "asyncio", "trio_websocket"} & loaded_by(f"import {', '.join(pure)}")
