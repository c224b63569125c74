"""Tests run in a forked process, in which one module is mutated as it is imported: no file is changed."""

import os
import resource
import secrets
import signal
import sys
import tempfile
from collections.abc import Callable, Container, Iterator, Sequence
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import hypothesis.extra.numpy
import numba
import pandas as pd
import pytest
import scipy.optimize
import scipy.stats

from backtest.numerics.numba_kernels import kernel_sources
from campaigns.mutants.mutations import REPOSITORY, Mutant

LOADED = (hypothesis, pd, scipy)
"""Libraries loaded once, for all forked processes."""

PACKAGES = tuple(f"backtest.{name}" for name in ("analysis", "engine", "estimation", "risk"))
"""Packages that are mutated."""

SECONDS = 20
"""Processor time of one test, after which a mutant counts as endless; it hardly depends on the load of the machine."""

_MOST_SECONDS = 600  # processor time of all tests of a mutant, for loops in compiled code, which no signal interrupts
_ENDLESS, _BROKEN = 97, 98  # exit codes
_VERDICTS = {
    pytest.ExitCode.OK: "survived",
    pytest.ExitCode.NO_TESTS_COLLECTED: "survived",
    pytest.ExitCode.TESTS_FAILED: "killed",
    pytest.ExitCode.USAGE_ERROR: "survived",  # a test is gone since it was recorded
    _ENDLESS: "endless",
    -signal.SIGXCPU: "endless",
    -signal.SIGSEGV: "killed",
}


class TestLimit:
    """Plugin that bounds the processor time of each test.

    Args:
        seconds: processor time of one test.
        at_limit: called with the running code when a test has used it, and again every second.
    """

    __test__ = False

    def __init__(self, seconds: float, at_limit: Callable[[CodeType], None]) -> None:
        self._seconds = seconds
        signal.signal(signal.SIGPROF, lambda _number, frame: at_limit(frame.f_code) if frame else None)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self) -> Iterator[Any]:
        """Start the clock before a test and stop it afterwards."""
        signal.setitimer(signal.ITIMER_PROF, self._seconds, 1)
        try:
            return (yield)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)


class ImportCheck:
    """Plugin that ends the process with a failure if a test module cannot be imported."""

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Look at the outcome of a test module."""
        if report.failed:
            os._exit(pytest.ExitCode.TESTS_FAILED)


def verdict(mutant: Mutant, tests: Sequence[str]) -> str:
    """Run tests until the first one fails.

    Args:
        mutant: the change.
        tests: node ids in the order in which they are tried.

    Returns:
        `survived`, `killed`, or `endless` if a test used more than its processor time.
    """

    def work() -> int:
        resource.setrlimit(resource.RLIMIT_CPU, (_MOST_SECONDS, _MOST_SECONDS + 1))
        limit = TestLimit(SECONDS, lambda _code: os._exit(_ENDLESS))
        return run_tests(["-x", *tests], limit, ImportCheck(), in_python=kernels_with(mutant.file), mutant=mutant)

    return _VERDICTS[in_fork(work)]


def kernels_with(file: str) -> tuple[str, ...]:
    """Return the kernels that run as Python if this file is mutated: none, or all of its package.

    Compiled code is stored and would not change. A kernel also depends on the modules from which it takes constants.
    """
    sources = {path.relative_to(REPOSITORY).as_posix() for path in kernel_sources(REPOSITORY / "backtest")}
    package = "/".join(file.split("/")[:2])
    return tuple(sorted(source for source in sources if source.startswith(f"{package}/"))) if file in sources else ()


def in_fork(work: Callable[[], int]) -> int:
    """Return the exit code of some work in a forked process, or the negative number of the signal that ended it."""
    process = os.fork()
    if process == 0:
        try:
            with Path(os.devnull).open("w") as nowhere:
                os.dup2(nowhere.fileno(), 1)
                os.dup2(nowhere.fileno(), 2)
                os._exit(work())
        finally:
            os._exit(_BROKEN)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def run_tests(
    arguments: Sequence[str], *plugins: object, in_python: Sequence[str] = (), mutant: Mutant | None = None
) -> int:
    """Run pytest in this process, with some kernels as Python and one module mutated as it is imported."""
    os.chdir(REPOSITORY)
    sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "tests")]
    _change_imports({str(REPOSITORY / file) for file in in_python}, mutant)
    options = ["-q", "--assert=plain"]  # pytest would load modules whose doctests it runs itself, unchanged
    if in_python:
        if hasattr(os, "sched_setaffinity"):  # on one core there are no threads, whose time no signal bounds
            os.sched_setaffinity(0, {secrets.choice(list(os.sched_getaffinity(0)))})
        options += ["-W", "ignore::RuntimeWarning"]  # where compiled code returns infinity or NaN
    with tempfile.TemporaryDirectory() as folder:
        return int(pytest.main([*options, f"--basetemp={folder}/tests", *arguments], plugins=list(plugins)))


def _change_imports(in_python: Container[str], mutant: Mutant | None) -> None:
    """Change what later imports in this process do: kernels that are not compiled, and the mutated module."""
    assert not any(name.startswith(PACKAGES) for name in sys.modules)
    methods: Any = SourceFileLoader
    config: Any = numba.config
    get_code, exec_module = methods.get_code, methods.exec_module
    mutated = str(REPOSITORY / mutant.file) if mutant else ""

    def get_mutated(loader: SourceFileLoader, name: str) -> Any:
        if mutant and loader.path == mutated:
            return compile(mutant.source, loader.path, "exec", dont_inherit=True)
        return get_code(loader, name)

    def exec_in_python(loader: SourceFileLoader, module: ModuleType) -> None:
        before, config.DISABLE_JIT = config.DISABLE_JIT, loader.path in in_python
        exec_module(loader, module)
        config.DISABLE_JIT = before

    methods.get_code, methods.exec_module = get_mutated, exec_in_python
