"""`RunStore`: the folder of a sweep, in which finished runs survive whatever ends the process."""

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from filelock import FileLock, Timeout

from backtest.config import RunConfig
from backtest.config.grid.load_sweep import LoadedSweep
from backtest.errors import ReportError
from backtest.numerics.arrays import Bools
from backtest.reporting.files.manifest import MADE_BY, MANIFEST, plain_json, versions
from backtest.reporting.files.manifest_paths import from_report
from backtest.sweeps.sweep_numbers import MOMENTS, NUMBERS, GroupNumbers
from backtest.sweeps.sweep_result import frame_of

PARTS, RUNS, PAGE = "parts", "runs.parquet", "sweep.html"
_LOCK = ".lock"


class RunStore:
    """Folder of one sweep: `manifest.json`, finished runs in `parts/`; at the end, all runs in `runs.parquet`.

    Each part is written under another name and renamed, so it is there as a whole or not at all. A run is in one part
    only.

    Args:
        folder: the folder; missing parents are created.
        loaded: the sweep.
        resume: continue an unfinished sweep of the same settings.
        replace: remove an earlier sweep.

    Raises:
        ReportError: the folder has something else, or another process writes to it.
    """

    def __init__(self, folder: Path, loaded: LoadedSweep, *, resume: bool = False, replace: bool = False) -> None:
        self.folder, self._loaded = folder, loaded
        self._identity = _identity(loaded)
        self.done: Bools = np.zeros(len(loaded.points), dtype=bool)
        self.found = GroupNumbers.empty(np.arange(len(loaded.points)))
        try:
            (folder / PARTS).mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(folder / _LOCK)
            self._lock.acquire(timeout=0)
        except Timeout as problem:
            raise ReportError(f"{folder}: another process writes this sweep; expected one at a time") from problem
        except OSError as problem:
            raise ReportError(f"{folder}: {problem.strerror or problem}; expected a folder to write to") from problem
        try:
            self._begin(resume=resume, replace=replace)
        except BaseException:
            self.close()
            with suppress(OSError):
                (folder / PARTS).rmdir()  # if it is empty
            raise

    def _begin(self, *, resume: bool, replace: bool) -> None:
        earlier = _manifest_of(self.folder)
        same = earlier is not None and earlier.get("identity") == self._identity
        unfinished = earlier is not None and not earlier.get("finished")
        others = [file.name for file in self.folder.iterdir() if file.name not in {PARTS, _LOCK}]
        if earlier is None and others:
            raise ReportError(f"{self.folder}: holds {others[0]}, which is no sweep; expected a folder of its own")
        if resume and earlier is None:
            raise ReportError(f"{self.folder}: there is no sweep to resume. Hint: leave out --resume")
        if resume and not same:
            raise ReportError(
                f"{self.folder}: holds a sweep of other settings or of another version, which cannot be resumed. "
                "Hint: --replace, or another --output"
            )
        if resume and self._read_parts():
            return
        if earlier is not None and not replace and not (same and not unfinished):
            why = "an unfinished sweep" if same else "a sweep of other settings"
            hint = "--resume continues it, --replace removes it" if same else "--replace, or another --output"
            raise ReportError(f"{self.folder}: holds {why}. Hint: {hint}")
        for file in (*(self.folder / PARTS).iterdir(), self.folder / RUNS, self.folder / PAGE):
            file.unlink(missing_ok=True)
        self._write_manifest(finished=False)

    def _read_parts(self) -> bool:
        """Take over the runs of all parts, or of a finished sweep."""
        files = sorted((self.folder / PARTS).glob("*.parquet"))
        if (self.folder / RUNS).exists():
            files = [self.folder / RUNS]
        for file in files:
            try:
                numbers = _numbers_of(pd.read_parquet(file))
            except (OSError, ValueError, KeyError) as problem:
                raise ReportError(
                    f"{file}: cannot be read: {problem}. Hint: remove the file; its runs are repeated"
                ) from (problem)
            self.done[numbers.runs] = True
            self.found.take(numbers)
        return True

    def add(self, parts: list[GroupNumbers]) -> None:
        """Write finished runs."""
        joined = GroupNumbers.joined(parts)
        number = len(list((self.folder / PARTS).glob("*.parquet")))
        self._write(frame_of(self._loaded.points, joined), self.folder / PARTS / f"{number:06d}.parquet")
        self.done[joined.runs] = True
        self.found.take(joined)

    def finish(self) -> None:
        """Write all runs, in their order, as one table, and remove the parts."""
        self._write(frame_of(self._loaded.points, self.found), self.folder / RUNS)
        self._write_manifest(finished=True)
        for file in (self.folder / PARTS).iterdir():
            file.unlink()
        (self.folder / PARTS).rmdir()

    def close(self) -> None:
        """Let other processes write to the folder."""
        self._lock.release()
        with suppress(OSError):
            (self.folder / _LOCK).unlink()

    def _write_manifest(self, *, finished: bool) -> None:
        loaded = self._loaded
        content: Mapping[str, Any] = {
            "made_by": MADE_BY,
            "kind": "sweep",
            "finished": finished,
            "runs": len(loaded.points),
            "identity": self._identity,
            "written": datetime.now(UTC).isoformat(timespec="seconds"),
            "config": plain_json(loaded.config.resolved()),
            "config_file": _file(loaded.config, self.folder),
            "benchmark_config_file": next((_file(each, self.folder) for each in loaded.config.benchmarks), None),
            "other_benchmarks": [{"config_file": _file(each, self.folder)} for each in loaded.config.benchmarks[1:]],
            "sweep": plain_json(loaded.settings.model_dump(mode="json", by_alias=True, exclude_none=True)),
            "versions": versions(),
        }
        text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        self._rename(self.folder / MANIFEST, lambda file: file.write_text(text, encoding="utf-8"))

    def _write(self, frame: pd.DataFrame, path: Path) -> None:
        self._rename(path, frame.to_parquet)

    def _rename(self, path: Path, write: Any) -> None:
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            write(temporary)
            temporary.replace(path)
        except OSError as problem:
            raise ReportError(f"{path}: {problem.strerror or problem}; the sweep can be resumed") from problem
        finally:
            temporary.unlink(missing_ok=True)


def _file(config: RunConfig, folder: Path) -> str | None:
    """Return the file of a configuration, relative to the folder of the manifest that names it."""
    return None if config.file is None else from_report(str(config.file.absolute()), Path(os.path.realpath(folder)))


def _identity(loaded: LoadedSweep) -> str:
    """Return a digest of everything that the numbers of the runs depend on, except the data."""
    parts = (
        loaded.config.resolved(),
        {name: list(map(repr, values)) for name, values in loaded.points.values.items()},
        hashlib.sha256(np.ascontiguousarray(loaded.points.codes).tobytes()).hexdigest(),
        {name: known for name, known in versions().items() if name in (MADE_BY, "numpy", "numba")},
    )
    return hashlib.sha256(json.dumps(plain_json(parts), sort_keys=True).encode()).hexdigest()


def _manifest_of(folder: Path) -> dict[str, Any] | None:
    """Return the manifest of a sweep in a folder; None for a folder without a sweep."""
    try:
        found = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("kind") == "sweep" else None


def _numbers_of(frame: pd.DataFrame) -> GroupNumbers:
    """Return the numbers of stored runs."""
    errors = {k: str(text) for k, text in enumerate(frame["error"]) if not pd.isna(text)}
    return GroupNumbers(
        frame.index.to_numpy(),
        frame[[*NUMBERS, *MOMENTS]].to_numpy(),
        frame[["first_date", "last_date"]].to_numpy().astype("datetime64[D]"),
        frame["periods"].to_numpy(),
        frame["periods_per_year"].to_numpy(),
        errors,
    )
