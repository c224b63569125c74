"""How work is shared out over cores, and what is said while code is compiled."""

import importlib
import os
import subprocess
import sys
from pathlib import Path
from threading import Lock

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
def test_every_position_has_its_turn_once(monkeypatch: pytest.MonkeyPatch, cores: int, count: int, least: int) -> None:
    """However many cores there are; and no thread has fewer positions than are worth one, unless it is the only one."""
    monkeypatch.setattr(numba_kernels, "_cores", lambda: cores)
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
    """In the caller's own share and in those of the threads; the others are done before it comes up."""
    monkeypatch.setattr(numba_kernels, "_cores", lambda: 4)
    done = []

    def work(first: int, end: int) -> None:
        if first <= failing < end:
            raise ZeroDivisionError(f"at {failing}")
        done.append((first, end))

    with pytest.raises(ZeroDivisionError, match=f"at {failing}"):
        share_out(work, 10)
    assert len(done) == 3


def halved(x: float) -> float:
    return x / 2


def test_where_nothing_can_be_kept_a_kernel_is_compiled_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numba refuses `cache` where neither the source's folder nor the user's can be written to."""

    def refuse(*_: object) -> None:
        raise RuntimeError("cannot cache function: no locator available")

    monkeypatch.setattr("numba.core.caching.FunctionCache.__init__", refuse)
    assert numba_kernels.kernel(halved)(3.0) == 1.5


def test_a_numba_that_looks_for_scipy_elsewhere_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """What makes it load faster is none of Numba's promises: without that it loads, and is left as it is."""
    linalg = importlib.import_module("numba.np.linalg")
    monkeypatch.delattr(linalg, "ensure_blas")
    numba_kernels._load_without_scipy()
    assert not hasattr(linalg, "ensure_blas")


def test_compiling_is_said_once_and_only_when_it_takes_place(tmp_path: Path) -> None:
    """Three compilations in a first process say so once; a second process finds them kept, and says nothing."""
    (tmp_path / "kernels.py").write_text(KERNELS)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NUMBA_CACHE_DIR": str(tmp_path / "kept")}
    said = []
    for _ in range(2):
        command = [sys.executable, "kernels.py"]
        ran = subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True)
        said.append(ran.stdout.splitlines())
    assert said == [[COMPILING, "3.0", "5"], ["3.0", "5"]]


def test_code_older_than_any_file_of_kernels_is_not_used(tmp_path: Path) -> None:
    """A kernel takes functions and positions from other files: where one of these is newer, all compile anew.

    What is as new as the newest file stays: the next start compiles nothing.
    """
    for name in ("engine", "risk"):
        (tmp_path / name / "__pycache__").mkdir(parents=True)
        (tmp_path / name / f"{name}_kernel.py").touch()
        (tmp_path / name / "__pycache__" / f"{name}_kernel.walk-1.nbi").touch()
    compiled = sorted(tmp_path.glob("*/__pycache__/*.nbi"))
    for at, path in enumerate([*tmp_path.glob("*/*.py"), *compiled]):
        os.utime(path, (1_000 + at, 1_000 + at))
    numba_kernels.forget_older_code(tmp_path)
    assert sorted(tmp_path.glob("*/__pycache__/*.nbi")) == compiled
    os.utime(tmp_path / "risk" / "risk_kernel.py", (1_003, 1_003))
    numba_kernels.forget_older_code(tmp_path)
    assert sorted(tmp_path.glob("*/__pycache__/*.nbi")) == compiled[1:]
