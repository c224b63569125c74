"""Processes that run cases one after another, with limits; one that dies or hangs is replaced."""

import itertools
import multiprocessing
import resource
import tempfile
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection, wait
from pathlib import Path

from campaigns.fuzz.fuzz_case import Case, Outcome, judged

MEMORY = 2**30
"""Bytes that a case may take; writable memory, as allocators reserve more addresses than they use."""

PATIENCE = 300.0
"""Seconds without any answer after which a case hangs in code that no signal interrupts, or waits."""

Maker = Callable[[int, int], Case]
Key = tuple[str, int]  # kind and number of a case


class _Worker:
    """Process that judges the cases of a seed.

    Args:
        makers: functions that make the cases, by kind.
        seed: seed of the cases.
        folder: folder for the files of cases; if a process dies, its files stay until the end.
    """

    def __init__(self, makers: dict[str, Maker], seed: int, folder: str) -> None:
        self.case: Key | None = None
        self.connection, theirs = multiprocessing.Pipe()
        context = multiprocessing.get_context("fork")
        self._process = context.Process(target=_serve, args=(theirs, makers, seed, folder), daemon=True)
        self._process.start()
        theirs.close()

    def begin(self, case: Key) -> None:
        """Send a case."""
        self.case = case
        self.connection.send(case)

    def outcome(self) -> Outcome:
        """Return the outcome of the case once the connection is ready."""
        try:
            outcome: Outcome = self.connection.recv()
        except EOFError:
            self._process.join()
            return Outcome("fault", f"the process dies with exit code {self._process.exitcode}")
        return outcome

    @property
    def is_alive(self) -> bool:
        """Return whether the process can run another case."""
        return self._process.is_alive()

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()
        self._process.join()


def outcomes(
    cases: Iterable[Key], makers: dict[str, Maker], seed: int, processes: int = 1, patience: float = PATIENCE
) -> Iterator[tuple[Key, Outcome]]:
    """Yield each case with its outcome, in the order in which they end.

    Args:
        cases: kind and number of each case.
        makers: functions that make the cases, by kind.
        seed: seed of the cases.
        processes: number of processes.
        patience: seconds without any answer after which the cases being run count as hanging.
    """
    waiting = iter(cases)
    busy: dict[Connection, _Worker] = {}
    with tempfile.TemporaryDirectory(prefix="fuzzing-") as folder:
        for case in itertools.islice(waiting, processes):
            _begin(case, _Worker(makers, seed, folder), busy)
        while busy:
            for worker, outcome in _ended(busy, patience):
                assert worker.case is not None
                yield worker.case, outcome
                following = next(waiting, None)
                if following is None:
                    worker.kill()
                elif worker.is_alive:
                    _begin(following, worker, busy)
                else:
                    _begin(following, _Worker(makers, seed, folder), busy)


def _ended(busy: dict[Connection, _Worker], patience: float) -> list[tuple[_Worker, Outcome]]:
    """Wait for workers to end their cases and take them out of the busy ones; if none does, all are stuck."""
    ready = [busy.pop(one) for one in wait(list(busy), patience) if isinstance(one, Connection)]
    if ready:
        return [(worker, worker.outcome()) for worker in ready]
    stuck = list(busy.values())
    busy.clear()
    for worker in stuck:
        worker.kill()
    return [(worker, Outcome("fault", "hang in code that no signal interrupts")) for worker in stuck]


def _begin(case: Key, worker: _Worker, busy: dict[Connection, _Worker]) -> None:
    worker.begin(case)
    busy[worker.connection] = worker


def _serve(connection: Connection, makers: dict[str, Maker], seed: int, folder: str) -> None:
    """Answer each case with its outcome; memory is limited once the first case has loaded what all need."""
    tempfile.tempdir = folder
    limited = False
    while True:
        kind, number = connection.recv()
        connection.send(judged(makers[kind](seed, number)))
        if not limited:
            limited = True
            used = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_DATA, (used + MEMORY, resource.RLIM_INFINITY))
