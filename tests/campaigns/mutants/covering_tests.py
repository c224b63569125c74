"""Record of which tests run which lines, and of the processor time of each test."""

import json
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import CodeType
from typing import Any

import coverage
import pytest

from campaigns.mutants.mutations import REPOSITORY, Mutant
from campaigns.mutants.trial import TestLimit, in_fork, run_tests

_LONGEST = 5  # seconds of a test whose kernels run as Python; tests that take longer are left out
_BUDGET = 60  # seconds of all tests of a mutant


class CoveringTests:
    """Tests by the lines that they run.

    Args:
        record: file of the record without its suffix; it is written if it does not exist.
        files: files whose lines are recorded, below the repository.
        tests: folders and files of tests.
        in_python: kernels that run as Python.
    """

    def __init__(self, record: Path, files: Sequence[str], tests: Sequence[str], in_python: Sequence[str]) -> None:
        lines, seconds = record.with_suffix(".coverage"), record.with_suffix(".json")
        if not seconds.exists():
            record.parent.mkdir(parents=True, exist_ok=True)
            in_fork(lambda: _record(lines, seconds, files, tests, in_python))
        self._seconds: dict[str, float] = json.loads(seconds.read_text(encoding="utf-8"))
        self._lines = coverage.CoverageData(str(lines))
        self._lines.read()

    def of(self, mutant: Mutant) -> list[str]:
        """Return the tests that run a changed line or else its function: the fastest first, within a budget of time.

        Lines that run at the import of a module, such as defaults, and results that several tests share belong to no
        test or only to the first one. Tests of the function, and of the file's own test module, therefore follow.
        """
        by_line = self._lines.contexts_by_lineno(str(REPOSITORY / mutant.file))
        of_file = {test for tests in by_line.values() for test in tests}
        own = {test for test in of_file if f"/test_{Path(mutant.file).stem}.py" in test or mutant.file in test}
        of_lines, of_scope = (
            {test for line in range(first, last + 1) for test in by_line.get(line, ())}
            for first, last in (mutant.lines, mutant.scope)
        )
        known = [
            sorted((self._seconds[test], test) for test in tests if test in self._seconds)
            for tests in (of_lines, own, of_scope)
        ]
        chosen, left = dict[str, None](), float(_BUDGET)
        for seconds, test in (each for tests in known for each in tests):
            if test not in chosen and seconds <= left:
                chosen[test] = None
                left -= seconds
        return list(chosen)


class _Recorder:
    """Plugin that switches the context of coverage from test to test, and keeps the tests that pass."""

    def __init__(self, tracer: coverage.Coverage) -> None:
        self._tracer, self._failed = tracer, set[str]()
        self.seconds = defaultdict[str, float](float)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[Any]:
        """Record one test."""
        self._tracer.switch_context(item.nodeid)
        start = time.process_time()
        try:
            return (yield)
        finally:
            self.seconds[item.nodeid] = round(time.process_time() - start, 3)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note tests that fail or are skipped."""
        if not report.passed:
            self._failed.add(report.nodeid)

    @property
    def passed(self) -> dict[str, float]:
        """Seconds of processor time by test that passed."""
        return {test: seconds for test, seconds in self.seconds.items() if test not in self._failed}


def _record(lines: Path, seconds: Path, files: Sequence[str], tests: Sequence[str], in_python: Sequence[str]) -> int:
    lines.unlink(missing_ok=True)
    included = [str(REPOSITORY / file) for file in files]
    tracer = coverage.Coverage(data_file=str(lines), config_file=False, include=included)
    tracer.set_option("run:core", "ctrace")  # Python's own monitoring does not know which test runs
    recorder = _Recorder(tracer)
    in_kernels = {str(REPOSITORY / file) for file in in_python}

    def leave_out(code: CodeType) -> None:
        if code.co_filename in in_kernels:  # loops of numbers, which hold no lock
            pytest.fail(f"takes more than {_LONGEST} s")

    tracer.start()
    code = run_tests(tests, recorder, TestLimit(_LONGEST, leave_out), in_python=in_python)
    tracer.stop()
    tracer.save()
    seconds.write_text(json.dumps(recorder.passed, indent=0), encoding="utf-8")
    return code
