"""Environments of a command, each in a process of its own, as a shell starts it: they change nothing but messages."""

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from campaigns.faults import fault_scene
from campaigns.faults.fault_scene import State
from support.patience import HANG

ROOT = Path(__file__).resolve().parents[3]
_MEGABYTE = 2**20


@dataclass(frozen=True)
class Environment:
    """Variables, limits and a command to start with.

    Args:
        variables: variables of the environment; None removes one.
        before: command and options that the program is started with, such as `faketime -f -1d`.
        options: options of Python.
        limit: kind and size of a limit of the process.
        may_fail: the command may end with a clear error instead of a result.
    """

    variables: Mapping[str, str | None] = field(default_factory=dict)
    before: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    limit: tuple[int, int] | None = None
    may_fail: bool = False


_ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
ENVIRONMENTS: dict[str, Environment] = {
    "no home": Environment({"HOME": None, "XDG_CACHE_HOME": None, "XDG_CONFIG_HOME": None}),
    "a home that is missing": Environment({"HOME": "/nonexistent/home"}),
    "no temporary folder": Environment({"TMPDIR": "/nonexistent/tmp"}),
    "the locale C": Environment(_ASCII),
    "the locale C with output in ASCII": Environment({**_ASCII, "PYTHONIOENCODING": "ascii"}),
    "a locale that is missing": Environment({"LC_ALL": "tr_TR.ISO-8859-9", "LANG": "tr_TR.ISO-8859-9"}),
    "a narrow terminal": Environment({"COLUMNS": "1", "TERM": "dumb"}),
    "14 hours ahead": Environment({"TZ": "Pacific/Kiritimati"}),
    "12 hours behind": Environment({"TZ": "Etc/GMT+12"}),
    "a time zone that is missing": Environment({"TZ": "Nowhere/At_All"}),
    "a clock set back by a day": Environment(before=("faketime", "-f", "-1d")),
    "a clock set back to 1971": Environment(before=("faketime", "1971-02-03 04:05:06")),
    "a clock set to 2037": Environment(before=("faketime", "2037-12-31 23:59:59")),
    "warnings as errors": Environment(options=("-W", "error")),
    "optimised": Environment(options=("-OO",)),
    "another hash seed": Environment({"PYTHONHASHSEED": "4242"}),
    "one thread": Environment({"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}),
    "40 open files": Environment(limit=(resource.RLIMIT_NOFILE, 40)),
    "12 open files": Environment(limit=(resource.RLIMIT_NOFILE, 12), may_fail=True),
    "files of 100 kB": Environment(limit=(resource.RLIMIT_FSIZE, 100_000), may_fail=True),
    "700 MB of memory": Environment(limit=(resource.RLIMIT_DATA, 700 * _MEGABYTE)),
    "200 MB of memory": Environment(limit=(resource.RLIMIT_DATA, 200 * _MEGABYTE), may_fail=True),
}


def problems(name: str, folder: Path, after: State) -> Iterator[str]:
    """Run the configuration `new.yaml` of a scene in an environment, and yield what is wrong.

    Args:
        name: name of the environment.
        folder: copy of the scene.
        after: state of the folder after the same command in peace.
    """
    chosen = ENVIRONMENTS[name]
    if chosen.before and shutil.which(chosen.before[0]) is None:
        yield f"not run: {chosen.before[0]} is not installed"
        return
    variables = {key: chosen.variables.get(key, value) for key, value in {**os.environ, **chosen.variables}.items()}
    variables["PYTHONPATH"] = str(ROOT)

    def limit() -> None:
        if chosen.limit is not None:
            resource.setrlimit(chosen.limit[0], (chosen.limit[1], chosen.limit[1]))

    ended = subprocess.run(
        [*chosen.before, sys.executable, *chosen.options, "-m", "backtest", "run", "new.yaml"],
        cwd=folder,
        env={key: value for key, value in variables.items() if value is not None},
        capture_output=True,
        timeout=HANG,
        check=False,
        preexec_fn=limit,
    )
    err = ended.stderr.decode(errors="replace")
    if "Traceback" in err:
        yield f"traceback: {err.strip().splitlines()[-1]}"
    if ended.returncode not in ((0, 2, 3) if chosen.may_fail else (0,)):
        yield f"exit code {ended.returncode}: {err.strip()[-200:]}"
    if ended.returncode == 0 and fault_scene.state(folder).report != after.report:
        yield "other numbers"
