"""Decorators for kernels compiled by Numba, their code cache, and sharing work over cores.

Kernel files import this module, and are themselves imported where the work begins, because importing Numba takes a
sixth of a second. Numba caches compiled code next to the source for each kind of processor (or in the user's cache
folder, if the source folder is read-only), so only the first run on a machine compiles.
"""

import importlib
import logging
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core import event, options

_log = logging.getLogger(__name__)
_Function = TypeVar("_Function", bound=Callable[..., Any])

# Sums in any order and fused products let loops over arrays use vector instructions. NaN and infinity keep their
# meaning.
_REORDERED = {"reassoc", "contract", "nsz", "arcp"}


def kernel(function: _Function) -> _Function:
    """Compile a function at its first call, with operations in the order written and the interpreter lock released."""
    return _compile(function, fastmath=False)


def reordered_kernel(function: _Function) -> _Function:
    """Compile like `kernel`, but let sums be reordered: faster, and equal up to rounding."""
    return _compile(function, fastmath=_REORDERED)


def lean_kernel(function: _Function) -> _Function:
    """Compile like `reordered_kernel`, without reference counts of arrays, for functions that allocate nothing.

    If arrays pass from function to function many times a run, counting references takes longer than the work. Numba has
    no public name for this option; a version that no longer knows it counts references and is slower.
    """
    known = hasattr(options.DefaultOptions, "_nrt")
    return _compile(function, fastmath=_REORDERED, **({"_nrt": False} if known else {}))


def inlined_kernel(function: _Function) -> _Function:
    """Inline a function into each kernel that calls it, where it is compiled with that kernel's options."""
    return _compile(function, fastmath=False, inline="always")


def _compile(function: _Function, *, fastmath: Any, **others: Any) -> _Function:
    compiler = partial(numba.njit, nogil=True, error_model="numpy", fastmath=fastmath, **others)
    try:
        return cast("_Function", compiler(cache=True)(function))
    except RuntimeError:  # without a writable folder each process compiles for itself
        return cast("_Function", compiler()(function))


class _CompilationNotice(event.Listener):
    """Log once per process that kernels are being compiled, because the user is waiting."""

    logged = False

    def on_start(self, event: Any) -> None:  # noqa: ARG002 - the same for all compiled code
        if not self.logged:
            self.logged = True
            _log.info("compiling for this machine, once; later runs start at once")

    def on_end(self, event: Any) -> None:
        """Do nothing; the base class requires this method."""


def _load_without_scipy() -> None:
    """Load Numba's array functions without SciPy, which they import only to check for it, in a fifth of a second.

    A kernel that multiplies matrices still imports SciPy when it is compiled.
    """
    try:
        linalg: Any = importlib.import_module("numba.np.linalg")
        ensure_blas = linalg.ensure_blas
    except (ImportError, AttributeError):  # another version of Numba: everything works, but starts more slowly
        return
    linalg.ensure_blas = lambda: None
    try:
        importlib.import_module("numba.np.arraymath")
    finally:
        linalg.ensure_blas = ensure_blas


def forget_older_code(package: Path) -> None:
    """Remove compiled code that is older than the newest kernel file.

    Numba recompiles a kernel if its own file has changed. It does not notice changes in functions and constants that
    the kernel imports from another file.

    Args:
        package: folder that contains all folders with kernels.
    """
    kernels = [*package.rglob("*kernel.py"), *package.rglob("kernels/*.py")]
    newest = max(source.stat().st_mtime for source in kernels)
    for index in package.rglob("__pycache__/*.nbi"):
        with suppress(OSError):  # another process has removed it, or the folder is read-only
            if index.stat().st_mtime < newest:
                index.unlink()


_load_without_scipy()
forget_older_code(Path(__file__).parents[1])
event.register("numba:compile", _CompilationNotice())  # type: ignore[no-untyped-call]  # numba's types are partial


def share_out(work: Callable[[int, int], object], count: int, least: int = 1) -> None:
    """Call `work(first, end)` for slices of range(count), one for each core, at the same time.

    It uses threads and kernels that release the interpreter lock instead of Numba's parallel loops, which take seconds
    to compile and end the process if two of them run at once.

    Args:
        work: function that processes the positions first..end - 1; calls must be independent of each other.
        count: number of positions.
        least: smallest number of positions that justifies a thread.

    Example:
        >>> squares = [0] * 5
        >>> def work(first: int, end: int) -> None:
        ...     squares[first:end] = [k * k for k in range(first, end)]
        >>> share_out(work, 5)
        >>> squares
        [0, 1, 4, 9, 16]
    """
    slices = max(1, min(_cores(), count // max(least, 1)))
    ends = [count * k // slices for k in range(slices + 1)]
    if slices == 1:
        work(0, count)
        return
    with ThreadPoolExecutor(slices - 1) as threads:
        others = [threads.submit(work, first, end) for first, end in pairwise(ends[1:])]
        work(0, ends[1])
        for other in others:
            other.result()


def _cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
