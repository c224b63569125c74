"""A folder with an earlier report, a comparison, a shelf and a cache; disturbed commands in it, and its checks."""

import contextlib
import errno
import hashlib
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from backtest.cli import main
from backtest.data.cache.store import Cache
from campaigns.audit_events import changed_paths, watching
from support.command_line import command as run_here

REPORT, CACHE, SHELF = Path("reports/mine"), Path("data_cache"), Path("reports/index.html")
COMMANDS: dict[str, tuple[str, ...]] = {
    "run": ("run", "new.yaml"),
    "compare": ("compare", "new.yaml", "other.yaml"),
    "fetch": ("data", "fetch", "remote.yaml", "--refresh"),
    "cached run": ("run", "remote.yaml"),
}
INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
ERRORS = (errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EIO, errno.EMFILE, errno.EDQUOT)
_CONFIG = """name: mine
data: {{source: {source}, assets: [us_stocks, us_treasury_10y], cash: {cash}, start: 2005-01-01, end: 2012-12-31{more}}}
estimation: {{window: 24}}
strategy: {{name: inverse_volatility}}
costs: {{trading_bps: {bps}}}
"""
_WRITTEN_BY_TIME = {"manifest.json", "tearsheet.html", "comparison.html", "index.html"}


@dataclass(frozen=True)
class Fault:
    """Disturbance of a command at a moment that is counted, not timed.

    Args:
        moment: number of the event at which it happens; 0 never.
        number: a signal, or the number of an error if `fails`.
        fails: the event fails with an error of the file system; otherwise the process gets a signal.
        counts_changes: events are changes of files below the folder; otherwise all audit events.
        limits: limits of the process, such as `{resource.RLIMIT_FSIZE: 10_000}`, above what it has taken.
    """

    moment: int = 0
    number: int = 0
    fails: bool = False
    counts_changes: bool = True
    limits: tuple[tuple[int, int], ...] = ()

    def __str__(self) -> str:
        events = "change of a file" if self.counts_changes else "event"
        what = errno.errorcode.get(self.number, "") if self.fails else signal.Signals(self.number or 1).name
        return f"{what} at {events} {self.moment}" if self.moment else f"limits {dict(self.limits)}"


@dataclass(frozen=True)
class Ended:
    """End of a command.

    Args:
        code: exit code; minus the number of the signal that ended the process.
        err: messages.
        changes: number of changes of files below the folder.
        events: number of all audit events.
    """

    code: int
    err: str
    changes: int = 0
    events: int = 0


def build(folder: Path, address: str) -> None:
    """Write the configurations, then a report, a comparison, a shelf and a cache of an earlier day.

    The commands run in this process, which thereby loads what forked processes need.

    Args:
        folder: an empty folder.
        address: address of a folder with one CSV for each series.
    """
    local = {"source": "sample", "cash": "us_tbill", "more": ""}
    remote = {"source": "csv", "cash": "us_tbill", "more": f", path: '{address}'"}
    configs = {
        "old": _CONFIG.format(**local, bps=5),
        "new": _CONFIG.format(**local, bps=50),
        "other": _CONFIG.format(**local, bps=20).replace("name: mine", "name: other"),
        "remote": _CONFIG.format(**remote, bps=10).replace("name: mine", "name: remote"),
    }
    for name, text in configs.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    for command in (("run", "old.yaml"), ("compare", "old.yaml", "other.yaml"), ("data", "fetch", "remote.yaml")):
        with contextlib.chdir(folder):
            answer = run_here(*command)
        assert answer.code == 0, answer.err


def disturbed(folder: Path, command: tuple[str, ...], fault: Fault) -> Ended:
    """Run a command in a forked process with a fault; return how it ends."""
    return waited(started(folder, command, fault))


def started(folder: Path, command: tuple[str, ...], fault: Fault) -> tuple[int, int]:
    """Fork a process that runs a command with a fault; return its id and the end of a pipe with its messages."""
    reader, writer = os.pipe()
    child = os.fork()
    if child:
        os.close(writer)
        return child, reader
    try:
        os.close(reader)
        os.dup2(writer, 2)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        code = _in_child(folder, command, fault)
    except BaseException:  # noqa: BLE001 - a forked process must not go on as its parent
        os.write(2, traceback.format_exc().encode(errors="replace"))
        code = 1
    os._exit(code)


def waited(process: tuple[int, int]) -> Ended:
    """Return the end of a process that `started` has forked."""
    child, reader = process
    with os.fdopen(reader, encoding="utf-8", errors="replace") as messages:
        err, _, counts = messages.read().partition("\0")
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return Ended(code, err, *map(int, counts.split()))


def _in_child(folder: Path, command: tuple[str, ...], fault: Fault) -> int:
    os.chdir(folder)
    sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
    sys.argv = ["backtest", *command]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # as in every Python process: writes fail with an error
    for kind, least in fault.limits:
        resource.setrlimit(kind, (least, resource.getrlimit(kind)[1]))
    changes = events = 0

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal changes, events
        is_change = any(_is_below(path, folder) for path in changed_paths(event, arguments))
        events += 1
        changes += is_change
        if (is_change and changes == fault.moment) if fault.counts_changes else events == fault.moment:
            if fault.fails:
                raise OSError(fault.number, os.strerror(fault.number))
            os.kill(os.getpid(), fault.number)

    code: Any = 0
    with watching(watch):
        try:
            main()
        except SystemExit as end:
            code = end.code
        except BaseException:  # noqa: BLE001 - as the interpreter would print it
            traceback.print_exc()
            code = 1
        counts = f"\0{changes} {events}"
    sys.stderr.flush()
    os.write(2, counts.encode())
    return code if isinstance(code, int) else int(code is not None)


def _is_below(path: str, folder: Path) -> bool:
    return os.path.realpath(path).startswith(f"{folder}/")


@dataclass(frozen=True)
class State:
    """Data of a folder: checksums of the files of the report and the comparison, and the values in the cache."""

    report: dict[str, str]
    compared: dict[str, str]
    cache: dict[str, str]
    names: frozenset[str]


def state(folder: Path) -> State:
    """Return the state of a folder; files with the time of writing count by name only.

    Raises:
        BacktestError: an entry of the cache is damaged.
    """
    store = Cache(folder / CACHE)
    cache = {}
    for entry in store.entries():
        raw = store.read(entry.source, entry.symbol)
        assert raw is not None
        cache[f"{entry.source} {entry.symbol}"] = hashlib.sha256(raw.values.to_csv().encode()).hexdigest()
    if damaged := store.damaged():
        raise damaged[0]
    names = frozenset(str(path.relative_to(folder)) for path in folder.rglob("*"))
    others = [path for path in (folder / "reports").glob("*_vs_*") if path.is_dir()]
    compared = {f"{place.name}/{name}": digest for place in others for name, digest in _digests(place).items()}
    return State(_digests(folder / REPORT), compared, cache, names)


def _digests(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {
        str(path.relative_to(folder)): ""
        if path.name in _WRITTEN_BY_TIME
        else hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def problems_of_end(ended: Ended, fault: Fault) -> Iterator[str]:
    """Yield what is wrong with the way in which a command ends."""
    if "Traceback" in ended.err:
        yield f"traceback: {ended.err.strip().splitlines()[-1]}"
    if ended.code not in _allowed_codes(fault):
        yield f"exit code {ended.code}: {ended.err.strip()[-200:]}"
    if ended.code in {2, 3} and "error: " not in ended.err:
        yield "no line says what is wrong"


def problems_of_folder(folder: Path, before: State, after: State, again: Callable[[], Ended]) -> Iterator[str]:
    """Yield what is wrong in a folder after disturbed commands, and after the same command once more without a fault.

    Args:
        folder: the folder.
        before: its state before the commands.
        after: its state after an undisturbed command.
        again: function that runs the command without a fault.
    """
    yield from _mixed(state(folder), before, after)
    for page in folder.glob("reports/**/*.html"):
        if not page.name.startswith(".") and not page.read_text(encoding="utf-8").rstrip().endswith("</html>"):
            yield f"{page.name} is cut"
    last = again()
    if last.code != 0:
        yield f"the next command fails: {last.err.strip()[-200:]}"
    found = state(folder)
    if left := sorted(found.names - after.names):
        yield f"left behind: {left[0]}"
    if replace(found, names=after.names) != after:
        yield "the next command ends in another state"


def _mixed(found: State, before: State, after: State) -> Iterator[str]:
    """Yield each part of a state that is neither as before nor as after."""
    if found.report not in (before.report, after.report):
        yield "the earlier report is neither whole nor replaced"
    for name in {key.partition("/")[0] for key in found.compared}:
        parts = [{k: v for k, v in one.compared.items() if k.startswith(f"{name}/")} for one in (found, before, after)]
        if parts[0] not in parts[1:]:
            yield "the earlier comparison is neither whole nor replaced"
    for key, digest in before.cache.items():
        if found.cache.get(key) not in (digest, after.cache[key]):
            yield f"the cache of {key} is neither whole nor replaced"


def _allowed_codes(fault: Fault) -> set[int]:
    """Return the exit codes that a fault may cause: success, an error that is explained, or the end by a signal."""
    if fault.fails or not fault.moment:
        return {0, 2, 3}
    if fault.number == signal.SIGKILL:
        return {0, -signal.SIGKILL}
    return {0, 130, 128 + fault.number, -fault.number, 1 if fault.number == signal.SIGINT else 130}
