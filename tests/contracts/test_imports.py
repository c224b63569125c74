"""Imports form no circle, counting imports inside functions and under `TYPE_CHECKING`."""

import ast
from collections.abc import Collection, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


def modules_in(folder: Path, *packages: str) -> dict[str, Path]:
    """Return the files of all modules of some packages by dotted name; a package itself has its `__init__.py`."""
    paths = [path for package in packages for path in sorted((folder / package).rglob("*.py"))]
    names = [".".join(path.relative_to(folder).with_suffix("").parts) for path in paths]
    return {name.removesuffix(".__init__"): path for name, path in zip(names, paths, strict=True)}


def imported_by(name: str, path: Path, known: Collection[str]) -> set[str]:
    """Return the known modules that a module imports, wherever in its code.

    `from package import name` imports the submodule of that name if there is one, else the package. An import also
    runs the `__init__` of each package around the imported module, so these packages count too; packages that contain
    the importing module do not, because they are running already.
    """
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    targets = set(_named_in(path.read_text(encoding="utf-8"), package, known))
    packages = {outer for target in targets for outer in _packages_around(target)} - {*_packages_around(name), package}
    return (targets | packages) & set(known)


def _named_in(code: str, package: str, known: Collection[str]) -> Iterator[str]:
    """Yield the modules named in the import statements of a module's code."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            outer = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            source = ".".join([*outer, *([node.module] if node.module else [])])
            for alias in node.names:
                submodule = f"{source}.{alias.name}"
                yield submodule if submodule in known else source


def _packages_around(name: str) -> set[str]:
    parts = name.split(".")
    return {".".join(parts[:count]) for count in range(1, len(parts))}


def circle_in(graph: Mapping[str, Collection[str]]) -> list[str]:
    """Return one circle, each module importing the next and the last repeating the first; empty without a circle."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(reversed(error.args[1]))  # graphlib lists imported modules before importing ones
    return []


def graph_of(files: Mapping[str, Path]) -> dict[str, set[str]]:
    return {name: imported_by(name, path, files) for name, path in files.items()}


def test_imports_form_no_circle() -> None:
    graph = graph_of(modules_in(REPOSITORY, "backtest", "strategies"))
    assert len(graph) > 100
    assert sum(map(len, graph.values())) > 500
    circle = circle_in(graph)
    assert not circle, "these modules import each other: " + " -> ".join(circle)


CIRCLES = {
    "plain": {"a.py": "import package.b", "b.py": "import package.a"},
    "from a package": {"a.py": "from package import b", "b.py": "from package import a"},
    "inside a function": {"a.py": "def f():\n    from package.b import x", "b.py": "from package.a import y"},
    "for types alone": {
        "a.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from package.b import x",
        "b.py": "from package.a import y",
    },
    "relative": {"a.py": "from .inner import c", "inner/__init__.py": "", "inner/c.py": "from ..a import y"},
    "through a re-export": {"a.py": "from package.inner import x", "inner/__init__.py": "from package.a import y"},
    "through the package around": {
        "a.py": "from package.inner.c import x",
        "inner/__init__.py": "from package.a import y",
        "inner/c.py": "",
    },
    "with itself": {"a.py": "from package.a import x"},
}


@pytest.mark.parametrize("files", CIRCLES.values(), ids=CIRCLES.keys())
def test_every_kind_of_circle_is_detected(files: Mapping[str, str], tmp_path: Path) -> None:
    circle = circle_in(graph_of(write_package(files, tmp_path)))
    assert "package.a" in circle
    assert circle[0] == circle[-1]


def test_a_circle_is_listed_in_the_direction_of_the_imports(tmp_path: Path) -> None:
    files = {"a.py": "import package.b", "b.py": "import package.c", "c.py": "import package.a"}
    circle = circle_in(graph_of(write_package(files, tmp_path)))
    following = dict(pairwise(circle))
    assert following == {"package.a": "package.b", "package.b": "package.c", "package.c": "package.a"}


def test_a_package_may_import_its_own_modules(tmp_path: Path) -> None:
    files = {
        "inner/__init__.py": "from package.inner.c import x",
        "inner/c.py": "from package.inner.d import y",
        "inner/d.py": "",
        "a.py": "from package.inner import x\nimport package.inner.d",
    }
    assert not circle_in(graph_of(write_package(files, tmp_path)))


def write_package(files: Mapping[str, str], folder: Path) -> dict[str, Path]:
    """Write files into a package named `package`; return its modules."""
    for name, code in {"__init__.py": "", **files}.items():
        path = folder / "package" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code, encoding="utf-8")
    return modules_in(folder, "package")
