"""File of the trials of a project: one JSON line for each run, chained by hashes and only ever appended to.

Each line has the SHA-256 of the line before it, so a line that was edited or removed is noticed. Nothing about the
ledger stops a run: what cannot be written is logged for `--debug`, and what cannot be read is a note.
"""

import hashlib
import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from pydantic import ValidationError

from backtest.data.cache.default_folders import TRIALS
from backtest.own.own_files import marked_root
from backtest.trials.trial import Trial

FOLDER = ".backtest"
_FILE, _OFF, _OLD, _LOCK = "trials.jsonl", "trials.off", "trials.before-reset.jsonl", "trials.lock"
_SECONDS = 10.0  # wait for other processes, each of which writes for milliseconds
_TAIL = 1 << 16  # bytes in which the last line is, unless the file was edited
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrialLedger:
    """Ledger of a project.

    Args:
        root: root folder of the project.
    """

    root: Path

    @classmethod
    def near(cls, folder: Path) -> Self | None:
        """Return the ledger of the project that a folder belongs to; None outside any project."""
        root = marked_root(folder)
        return None if root is None else cls(root)

    @property
    def path(self) -> Path:
        """Path of the file."""
        return self.root / FOLDER / _FILE

    @property
    def is_off(self) -> bool:
        """True if the project or the environment has turned the ledger off."""
        return os.environ.get(TRIALS) == "off" or self._place(_OFF).exists()

    def append(self, trials: Sequence[Trial]) -> None:
        """Add a line for each trial, in one write; safe for many processes and threads.

        A ledger that is off stays as it is. A ledger that cannot be written is logged.
        """
        if self.is_off or not trials:
            return
        from filelock import FileLock

        try:
            self.path.parent.mkdir(exist_ok=True)
            with FileLock(self._place(_LOCK), timeout=_SECONDS):
                self._check_is_file()
                with self.path.open("ab+") as file:
                    file.write(_lines(trials, _tail(file)))
        except (
            OSError,
            NotImplementedError,
        ) as problem:  # OSError: also a lock held too long; the other one: no locks here
            _log.debug("%s: the run is not recorded (%s)", self.path, problem)

    def read(self) -> list[Trial]:
        """Return all trials that can be read, oldest first; the first line that is damaged is reported."""
        try:
            self._check_is_file()
            content = self.path.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as problem:
            _log.debug("%s: cannot be read (%s)", self.path, problem)
            return []
        trials, damaged, before = list[Trial](), list[str](), ""
        complete = content.split(b"\n")[:-1]  # another process may be writing what follows the last line end
        for number, line in enumerate(complete, start=1):
            try:
                trials.append(Trial.model_validate_json(line))
                if trials[-1].before != before:
                    damaged.append(f"line {number} does not follow the line before it")
            except ValidationError:
                damaged.append(f"line {number} is not a trial")
            before = _hash(line)
        if damaged:
            more = f" (and {len(damaged) - 1} more)" if len(damaged) > 1 else ""
            _log.info(
                "%s: %s%s, so it was edited or damaged; all trials that can be read count. "
                "Hint: python -m backtest trials reset begins a new ledger.",
                *(self.path, damaged[0], more),
            )
        return trials

    def reset(self) -> Path | None:
        """Begin a new ledger.

        Returns:
            The file that keeps the trials so far, in place of an earlier one; None if there were no trials.

        Raises:
            OSError: the ledger cannot be moved.
        """
        from filelock import FileLock

        if not self.path.exists():
            return None
        with FileLock(self._place(_LOCK), timeout=_SECONDS):
            return self.path.replace(self._place(_OLD))

    def switch(self, *, on: bool) -> None:
        """Turn the ledger of the project on or off, for all who use this folder.

        Raises:
            OSError: the folder cannot be written.
        """
        if on:
            with suppress(FileNotFoundError):
                self._place(_OFF).unlink()
            return
        self.path.parent.mkdir(exist_ok=True)
        self._place(_OFF).touch()

    def _place(self, name: str) -> Path:
        return self.root / FOLDER / name

    def _check_is_file(self) -> None:
        """Raise an error for a pipe or a device, which might never answer."""
        if self.path.exists() and not self.path.is_file():
            raise OSError("it is not a file")


def _lines(trials: Sequence[Trial], tail: bytes) -> bytes:
    """Return the lines of trials that follow the end of a file, whose last line may be cut off."""
    torn = bool(tail) and not tail.endswith(b"\n")
    last = tail.removesuffix(b"\n").rpartition(b"\n")[2]
    lines, before = [b""] if torn else [], _hash(last) if tail else ""
    for trial in trials:
        line = trial.model_copy(update={"before": before}).model_dump_json().encode()
        lines.append(line)
        before = _hash(line)
    return b"\n".join([*lines, b""])


def _tail(file: IO[bytes]) -> bytes:
    """Return the end of a file."""
    file.seek(max(file.seek(0, os.SEEK_END) - _TAIL, 0))
    return file.read()


def _hash(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()
