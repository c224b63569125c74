"""Compiled kernels: decorators for Numba, work shared among cores, and a log message while code is compiled.

Files of kernels import this module, and are imported late, where the work begins, because importing Numba takes a sixth
of a second. Numba stores compiled code for each kind of processor, so only the first run on a machine compiles. It is
next to the source or, if that folder is read-only, in `backtest-kernels-<digest of the sources>` below the user's cache
folder; `NUMBA_CACHE_DIR` names another folder for both.
"""

import hashlib
import importlib
import logging
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache, partial
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core import event, options

_config: Any = numba.config
_log = logging.getLogger(__name__)
_Function = TypeVar("_Function", bound=Callable[..., Any])

# Sums in any order and fused products let loops over arrays use the full width of a processor. NaN and infinity keep
# their meaning.
_REORDERED = {"reassoc", "contract", "nsz", "arcp"}

# Numba has no public name for this option; a version of Numba without it counts references and is slower.
_UNCOUNTED = {"_nrt": False} if hasattr(options.DefaultOptions, "_nrt") else {}


def kernel(function: _Function) -> _Function:
    """Compile a function at its first call, in the order of operations as written; it releases the GIL."""
    return _compiled(function, fastmath=False)


def reordered_kernel(function: _Function) -> _Function:
    """Compile like `kernel`, but allow sums in another order than written: faster, and equal up to rounding."""
    return _compiled(function, fastmath=_REORDERED)


def lean_kernel(function: _Function) -> _Function:
    """Compile like `reordered_kernel`, without counting references to arrays; the function must not allocate arrays.

    If arrays are passed between functions a few hundred times in a run, counting takes longer than the work.
    """
    return _compiled(function, fastmath=_REORDERED, **_UNCOUNTED)


def uncounted_kernel(function: _Function) -> _Function:
    """Compile like `kernel`, without counting references to arrays; see `lean_kernel`."""
    return _compiled(function, fastmath=False, **_UNCOUNTED)


def inlined_kernel(function: _Function) -> _Function:
    """Inline a function into each kernel that calls it; it is compiled with the options of that kernel."""
    return _compiled(function, fastmath=False, inline="always")


def _compiled(function: _Function, *, fastmath: Any, **others: Any) -> _Function:
    compiler = partial(numba.njit, nogil=True, error_model="numpy", fastmath=fastmath, **others)
    try:
        with _cache_folder(Path(function.__code__.co_filename).parent / "__pycache__"):
            return cast("_Function", compiler(cache=True)(function))
    except RuntimeError:  # no folder is writable: each process compiles for itself
        return cast("_Function", compiler()(function))


@contextmanager
def _cache_folder(usual: Path) -> Iterator[None]:
    """Choose the folder of compiled code of the functions that are decorated in this context.

    Outside the package's own folder, the name has a digest of all sources: Numba looks only at a kernel's own file, so
    another version of the package must not find this one's code.
    """
    given = _config.CACHE_DIR
    if given or not _is_writable(usual):
        caches = Path(given or os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
        _config.CACHE_DIR = str(caches / f"backtest-kernels-{sources_digest(Path(__file__).parents[1])}")
    try:
        yield
    finally:
        _config.CACHE_DIR = given


@cache
def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


@cache
def sources_digest(package: Path) -> str:
    """Return a digest of all files that compiled code depends on."""
    sources = sorted(kernel_sources(package))
    return hashlib.sha256(b"\0".join(source.read_bytes() for source in sources)).hexdigest()[:16]


class _Compiling(event.Listener):
    """Log once per process that kernels are being compiled, because the user is waiting."""

    logged = False

    def on_start(self, event: Any) -> None:  # noqa: ARG002 - the message is the same for any kernel
        if not self.logged:
            self.logged = True
            _log.info("compiling for this machine, once; later runs start at once")

    def on_end(self, event: Any) -> None:
        """Log nothing at the end."""


def _load_without_scipy() -> None:
    """Load Numba's array functions without SciPy, which they import only to check that it exists; saves 0.2 s.

    A kernel that multiplies matrices still imports SciPy when it is compiled.
    """
    try:
        linalg: Any = importlib.import_module("numba.np.linalg")
        look_for_it = linalg.ensure_blas
    except (ImportError, AttributeError):  # another layout of Numba: everything works, but starts later
        return
    linalg.ensure_blas = lambda: None
    try:
        importlib.import_module("numba.np.arraymath")
    finally:
        linalg.ensure_blas = look_for_it


def forget_older_code(package: Path) -> None:
    """Remove compiled code that is older than the newest file it may depend on.

    Numba compiles a kernel again if the kernel's own file has changed. It does not notice changes in other files, from
    which the kernel takes functions, positions in arrays and constants such as tolerances.

    Args:
        package: folder of the package; kernels may be anywhere below it.
    """
    newest = max(source.stat().st_mtime for source in kernel_sources(package))
    for index in package.rglob("__pycache__/*.nbi"):
        with suppress(OSError):  # another process has removed it, or this one may not
            if index.stat().st_mtime < newest:
                index.unlink()


def kernel_sources(package: Path) -> set[Path]:
    """Return the files that compiled code depends on: kernels, and the modules of the package that they import from."""
    kernels = {*package.rglob("*kernel.py"), *package.rglob("kernels/*.py")}
    imports = re.compile(rf"^from ({package.name}\.[\w.]+) import", re.MULTILINE)
    modules = {module for file in kernels for module in imports.findall(file.read_text(encoding="utf-8"))}
    files = {package.parent.joinpath(*module.split(".")).with_suffix(".py") for module in modules}
    return kernels | {file for file in files if file.exists()}


_load_without_scipy()
forget_older_code(Path(__file__).parents[1])
event.register("numba:compile", _Compiling())  # type: ignore[no-untyped-call]  # numba's types are partial


def share_out(work: Callable[[int, int], object], count: int, least: int = 1) -> None:
    """Call `work(first, end)` for slices of range(count), one for each core, at the same time.

    This uses threads and kernels that release the lock. Numba's own parallel loops take seconds to compile, and two of
    them at the same time end the process.

    Args:
        work: called for the positions first..end - 1; calls must not share positions. If threads cannot start, it is
            called again for all of them.
        count: number of positions.
        least: smallest number of positions for a thread of its own.

    Example:
        >>> squares = [0] * 5
        >>> def work(first: int, end: int) -> None:
        ...     squares[first:end] = [k * k for k in range(first, end)]
        >>> share_out(work, 5)
        >>> squares
        [0, 1, 4, 9, 16]
    """
    slices = max(1, min(cores(), count // max(least, 1)))
    ends = [count * k // slices for k in range(slices + 1)]
    if slices == 1:
        work(0, count)
        return
    try:
        with ThreadPoolExecutor(slices - 1) as threads:
            others = [threads.submit(work, first, end) for first, end in pairwise(ends[1:])]
            work(0, ends[1])
            for other in others:
                other.result()
    except RuntimeError:  # the machine allows no more threads; an error of the work itself is raised again
        work(0, count)


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
