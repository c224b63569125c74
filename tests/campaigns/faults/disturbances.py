"""Faults of a seed, and the judgement of what a fault and the next command leave behind."""

import contextlib
import random
import resource
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

from campaigns.faults import fault_scene
from campaigns.faults.fault_scene import (
    COMMANDS,
    ERRORS,
    INTERRUPTS,
    Ended,
    Fault,
    State,
    problems_of_end,
    problems_of_folder,
)


class Disturbances:
    """Faults of the commands of a scene.

    Attributes:
        before: state of the scene.

    Args:
        scene: folder built by `fault_scene.build`.
        work: folder for copies of it.
    """

    def __init__(self, scene: Path, work: Path) -> None:
        self._scene, self._work = scene, work
        self.before = fault_scene.state(scene)
        self._undisturbed: dict[str, tuple[Ended, State]] = {}

    def case(self, seed: int, number: int) -> tuple[str, Fault]:
        """Return the command and the fault of a case."""
        rng = random.Random(f"fault {seed} {number}")
        name = rng.choice(list(COMMANDS))
        peace, _ = self.undisturbed(name)
        if rng.random() < 0.1:
            kind, least, most = rng.choice((
                (resource.RLIMIT_FSIZE, 1, 300_000), (resource.RLIMIT_NOFILE, 8, 40), (resource.RLIMIT_NPROC, 1, 4),
            ))  # fmt: skip
            return name, Fault(limits=((kind, rng.randrange(least, most)),))
        if rng.random() < 0.3:
            return name, Fault(rng.randrange(1, peace.changes + 1), rng.choice(ERRORS), fails=True)
        number_of_signal = rng.choice((signal.SIGKILL, signal.SIGKILL, *INTERRUPTS))
        if rng.random() < 0.5:
            return name, Fault(rng.randrange(1, peace.changes + 1), number_of_signal)
        return name, Fault(rng.randrange(1, peace.events + 1), number_of_signal, counts_changes=False)

    def undisturbed(self, name: str) -> tuple[Ended, State]:
        """Return the end of a command that nothing disturbs, and the state of the folder afterwards."""
        if name not in self._undisturbed:
            with self.copied() as folder:
                ended = fault_scene.disturbed(folder, COMMANDS[name], Fault())
                assert ended.code == 0, ended.err
                self._undisturbed[name] = ended, fault_scene.state(folder)
        return self._undisturbed[name]

    def problems(self, name: str, *faults: Fault) -> list[str]:
        """Return what is wrong after a command in one process for each fault, all at the same time."""
        _, after = self.undisturbed(name)
        with self.copied() as folder:

            def again() -> Ended:
                return fault_scene.disturbed(folder, COMMANDS[name], Fault())

            processes = [fault_scene.started(folder, COMMANDS[name], fault) for fault in faults]
            ends = [fault_scene.waited(process) for process in processes]
            wrong = [problem for pair in zip(ends, faults, strict=True) for problem in problems_of_end(*pair)]
            return wrong + list(problems_of_folder(folder, self.before, after, again))

    @contextlib.contextmanager
    def copied(self) -> Iterator[Path]:
        """Copy the scene into an empty folder, which is removed afterwards."""
        folder = Path(tempfile.mkdtemp(prefix="fault-", dir=self._work)).resolve()
        try:
            yield shutil.copytree(self._scene, folder, dirs_exist_ok=True)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
