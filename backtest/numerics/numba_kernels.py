"""Compiled kernels: how Numba is used here, how work is shared out over cores, and what is said while it compiles.

Files of kernels import this one, and are themselves imported where the work begins: Numba takes a sixth of a second.
Compiled code is kept by Numba beside the source (or, where that cannot be written to, in the user's cache folder) for
each kind of processor, so only a first run on a machine compiles.
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

# Sums in any order, fused products: what makes loops over arrays use the whole width of a processor. NaN and infinity
# keep their meaning.
_REORDERED = {"reassoc", "contract", "nsz", "arcp"}


def kernel(function: _Function) -> _Function:
    """Compile a function at its first call, in the order of operations as written, the interpreter's lock released."""
    return _compiled(function, fastmath=False)


def reordered_kernel(function: _Function) -> _Function:
    """The same, where sums may be taken in another order than written: faster, and equal up to rounding."""
    return _compiled(function, fastmath=_REORDERED)


def lean_kernel(function: _Function) -> _Function:
    """The same as `reordered_kernel`, for what allocates nothing: references to its arrays are not counted.

    Where arrays go from one function to the next a few hundred times a run, the counting takes longer than the work.
    Numba has no public name for this; one that no longer knows it counts again, and is slower.
    """
    known = hasattr(options.DefaultOptions, "_nrt")
    return _compiled(function, fastmath=_REORDERED, **({"_nrt": False} if known else {}))


def inlined_kernel(function: _Function) -> _Function:
    """A function that is written out in each kernel that calls it, and is compiled as that is."""
    return _compiled(function, fastmath=False, inline="always")


def _compiled(function: _Function, *, fastmath: Any, **others: Any) -> _Function:
    compiler = partial(numba.njit, nogil=True, error_model="numpy", fastmath=fastmath, **others)
    try:
        return cast("_Function", compiler(cache=True)(function))
    except RuntimeError:  # there is no folder that can be written to: each process compiles for itself
        return cast("_Function", compiler()(function))


class _Compiling(event.Listener):
    """Says once a process that code is being compiled: the user waits for it."""

    said = False

    def on_start(self, event: Any) -> None:  # noqa: ARG002 - whatever is compiled, the user waits for it
        if not self.said:
            self.said = True
            _log.info("compiling for this machine, once; later runs start at once")

    def on_end(self, event: Any) -> None:
        """Say nothing more."""


def _load_without_scipy() -> None:
    """Load Numba's array functions without SciPy, which they import to see that it is there: a fifth of a second.

    A kernel that multiplies matrices imports it all the same, when it is compiled.
    """
    try:
        linalg: Any = importlib.import_module("numba.np.linalg")
        look_for_it = linalg.ensure_blas
    except (ImportError, AttributeError):  # a Numba that has it elsewhere: all works, and begins later
        return
    linalg.ensure_blas = lambda: None
    try:
        importlib.import_module("numba.np.arraymath")
    finally:
        linalg.ensure_blas = look_for_it


def forget_older_code(package: Path) -> None:
    """Remove compiled code that is older than the newest file of kernels.

    Numba compiles a kernel anew where its own file has changed. It does not see that functions and positions in arrays
    which the kernel takes from another file have.

    Args:
        package: the folder of the folders that have kernels.
    """
    kernels = [*package.rglob("*kernel.py"), *package.rglob("kernels/*.py")]
    newest = max(source.stat().st_mtime for source in kernels)
    for index in package.rglob("__pycache__/*.nbi"):
        with suppress(OSError):  # another process removes it, or nobody may
            if index.stat().st_mtime < newest:
                index.unlink()


_load_without_scipy()
forget_older_code(Path(__file__).parents[1])
event.register("numba:compile", _Compiling())  # type: ignore[no-untyped-call]  # numba's types are partial


def share_out(work: Callable[[int, int], object], count: int, least: int = 1) -> None:
    """Call `work(first, end)` for slices of range(count), one for each core, at the same time.

    Threads, and kernels that release the lock, rather than Numba's own parallel loops: those take seconds to compile,
    and two of them at once end the process.

    Args:
        work: what to do for the positions first..end - 1; calls do not touch each other's.
        count: of all positions.
        least: positions that are worth a thread.

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
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
