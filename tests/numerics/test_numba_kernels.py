"""Sharing of work over cores, messages during compilation, and removal of outdated compiled code."""

import ast
import importlib
import os
import subprocess
import sys
from pathlib import Path
from threading import Lock, Thread

import pytest

from backtest.numerics import numba_kernels
from backtest.numerics.numba_kernels import share_out
from support.command_line import COMPILING

ROOT = Path(__file__).parents[2]

KERNELS = """
import logging
import sys
from backtest.numerics.numba_kernels import kernel

logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)


@kernel
def doubled(x):
    return 2 * x


@kernel
def more(x):
    return doubled(x) + 1


print(more(1.0))
print(more(2))
"""


@pytest.mark.parametrize("cores", [1, 2, 3, 8])
@pytest.mark.parametrize(("count", "least"), [(0, 1), (1, 1), (2, 1), (5, 1), (7, 3), (100, 7), (100, 1000)])
def test_every_position_is_computed_once(monkeypatch: pytest.MonkeyPatch, cores: int, count: int, least: int) -> None:
    """On any number of cores; no thread has fewer positions than are worth one, unless it is the only one."""
    monkeypatch.setattr(numba_kernels, "cores", lambda: cores)
    turns, sizes, lock = [0] * count, [], Lock()

    def work(first: int, end: int) -> None:
        with lock:
            sizes.append(end - first)
        for k in range(first, end):
            turns[k] += 1

    share_out(work, count, least)
    assert turns == [1] * count
    assert len(sizes) <= cores
    assert len(sizes) == 1 or min(sizes) >= least


@pytest.mark.parametrize("failing", [0, 3, 9])
def test_an_error_in_any_share_is_raised(monkeypatch: pytest.MonkeyPatch, failing: int) -> None:
    """An error in the caller's own share or in a thread's share is raised once all other shares are done."""
    monkeypatch.setattr(numba_kernels, "cores", lambda: 4)
    finished = []

    def work(first: int, end: int) -> None:
        if first <= failing < end:
            raise ZeroDivisionError(f"at {failing}")
        finished.append((first, end))

    with pytest.raises(ZeroDivisionError, match=f"at {failing}"):
        share_out(work, 10)
    assert len(finished) == 3


def test_without_further_threads_the_caller_does_all_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(numba_kernels, "cores", lambda: 4)
    monkeypatch.setattr(Thread, "start", refuse)
    done: set[int] = set()
    share_out(lambda first, end: done.update(range(first, end)), 10)
    assert done == set(range(10))


def halved(x: float) -> float:
    return x / 2


def test_without_a_writable_cache_folder_a_kernel_still_compiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numba refuses `cache` if neither the source's folder nor the user's is writable."""

    def refuse(*_: object) -> None:
        raise RuntimeError("cannot cache function: no locator available")

    monkeypatch.setattr("numba.core.caching.FunctionCache.__init__", refuse)
    assert numba_kernels.kernel(halved)(3.0) == 1.5


def test_a_numba_with_other_internals_still_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    """The faster import relies on Numba's internals: without them Numba still loads, unchanged."""
    linalg = importlib.import_module("numba.np.linalg")
    monkeypatch.delattr(linalg, "ensure_blas")
    numba_kernels._load_without_scipy()
    assert not hasattr(linalg, "ensure_blas")


def test_compilation_is_logged_once_and_only_if_it_happens(tmp_path: Path) -> None:
    """Three compilations in a first process log one message; a second process finds them cached, and logs nothing."""
    (tmp_path / "kernels.py").write_text(KERNELS)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NUMBA_CACHE_DIR": str(tmp_path / "kept")}
    outputs = []
    for _ in range(2):
        command = [sys.executable, "kernels.py"]
        ran = subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True)
        outputs.append(ran.stdout.splitlines())
    assert outputs == [[COMPILING, "3.0", "5"], ["3.0", "5"]]


def test_code_older_than_a_file_it_depends_on_is_removed(tmp_path: Path) -> None:
    """Kernels take functions and constants from other files: if one of these is newer, all kernels compile again.

    Compiled code that is as new as the newest of these files stays, so the next start compiles nothing.
    """
    package, imports = tmp_path / "house", "from house.numerics.limits import LEAST\n"
    for folder, text in {"engine": imports, "risk": ""}.items():
        (package / folder / "__pycache__").mkdir(parents=True)
        (package / folder / f"{folder}_kernel.py").write_text(text)
        (package / folder / "__pycache__" / f"{folder}_kernel.loop-1.nbi").touch()
    (package / "numerics").mkdir()
    for name in ("limits", "unrelated"):
        (package / "numerics" / f"{name}.py").touch()
    compiled = sorted(package.glob("*/__pycache__/*.nbi"))
    for at, path in enumerate([*sorted(package.glob("*/*.py")), *compiled]):
        os.utime(path, (1_000 + at, 1_000 + at))

    def kept_after_a_change_of(file: str, time: int) -> list[Path]:
        os.utime(package / file, (time, time))
        numba_kernels.forget_older_code(package)
        return sorted(package.glob("*/__pycache__/*.nbi"))

    assert kept_after_a_change_of("numerics/unrelated.py", 2_000) == compiled
    assert kept_after_a_change_of("risk/risk_kernel.py", 1_005) == compiled[1:]
    assert kept_after_a_change_of("numerics/limits.py", 1_006) == []


def test_every_module_imported_by_a_kernel_counts_as_its_source() -> None:
    """Imports are read from the syntax tree of each file that compiles a kernel."""
    package = ROOT / "backtest"
    sources = {file.relative_to(ROOT).as_posix() for file in numba_kernels.kernel_sources(package)}
    assert {"backtest/engine/kernels/state.py", "backtest/numerics/tolerances.py"} <= sources
    for file in sorted(package.rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        decorators = [d for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) for d in f.decorator_list]
        if any(isinstance(d, ast.Name) and d.id.endswith("kernel") for d in decorators):
            assert file.relative_to(ROOT).as_posix() in sources
            for node in ast.walk(tree):
                modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                modules += [name.name for name in node.names] if isinstance(node, ast.Import) else []
                for module in modules:
                    if module.startswith("backtest"):
                        assert module.replace(".", "/") + ".py" in sources, f"{file.name} imports {module}"


@pytest.mark.parametrize("variable", ["XDG_CACHE_HOME", "NUMBA_CACHE_DIR"])
def test_where_the_folder_is_read_only_compiled_code_is_in_a_named_one(variable: str, tmp_path: Path) -> None:
    """The second start compiles nothing. A file in place of `__pycache__` stops every user, root included."""
    (tmp_path / "kernels.py").write_text(KERNELS, encoding="utf-8")
    (tmp_path / "__pycache__").touch()
    without = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    environment = {**without, "PYTHONPATH": str(ROOT), variable: str(tmp_path / "caches")}
    outputs = [
        subprocess.run(
            [sys.executable, "kernels.py"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
        ).stdout.splitlines()
        for _ in range(2)
    ]
    assert outputs == [[COMPILING, "3.0", "5"], ["3.0", "5"]]
    (folder,) = (tmp_path / "caches").iterdir()
    assert folder.name == f"backtest-kernels-{numba_kernels.sources_digest(ROOT / 'backtest')}"
    assert list(folder.rglob("*.nbc"))


def test_another_version_of_any_source_has_another_digest(tmp_path: Path) -> None:
    """Also of a module that a kernel imports a constant from."""
    digests = set()
    for number in (1, 2):
        package = tmp_path / str(number) / "package"
        package.mkdir(parents=True)
        (package / "sum_kernel.py").write_text("from package.limits import LIMIT\n", encoding="utf-8")
        (package / "limits.py").write_text(f"LIMIT = {number}\n", encoding="utf-8")
        digests.add(numba_kernels.sources_digest(package))
    assert len(digests) == 2
