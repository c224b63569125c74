"""Shelf: an index page of all runs and comparisons in a folder, rebuilt after each run from their manifests."""

import logging
import os
import shlex
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from backtest.data.cache.default_folders import REPORTS
from backtest.errors import ReportError, suggestion
from backtest.reporting.files.finished_run import is_of_run
from backtest.reporting.files.manifest import MADE_BY, read_manifest
from backtest.reporting.files.shelf_entry import SPARKLINE, ComparisonEntry, RunEntry, entry_of

INDEX = "index.html"
FIRST_RUN = "Hint: python -m backtest run configs/erc.yaml"

_PAGES = ("tearsheet.html", "comparison.html", "sweep.html")
_DATA = (
    "summary.json",
    "comparison.json",
    "comparison.csv",
    "nav.csv",
    "trades.csv",
    "trades.parquet",
    "runs.parquet",
    "figures",
)
_OURS = f'data-made-by="{MADE_BY}"'  # mark of a page that this program may replace
_LOCK, _PATIENCE = (
    ".index.lock",
    10.0,
)  # seconds to wait while another run writes the page, which takes a tenth of a second

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Shelved:
    """Run or comparison on the shelf.

    Args:
        folder: folder of its files.
        kind: `run`, `comparison` or `sweep`; `unreadable` if the manifest cannot be read.
        name: name in the manifest; for a comparison the names of its strategies; without an entry the folder's name.
        written_at: time of writing, ISO, UTC; empty if the manifest does not have it.
        entry: its numbers; None if another version wrote none, or different ones.
        files: existing files of the page and of the data.
        comparable: whether its folder can be given to `compare`.
        problem: why the manifest cannot be read.
    """

    folder: Path
    kind: str
    name: str
    written_at: str
    entry: RunEntry | ComparisonEntry | None
    files: tuple[str, ...]
    comparable: bool = False
    problem: str = ""

    @property
    def page(self) -> str | None:
        """File of its page; None if it has no page."""
        return next((file for file in self.files if file in _PAGES), None)

    @property
    def data(self) -> tuple[str, ...]:
        """Files of its data, and the folder of its figures."""
        return tuple(file for file in self.files if file in _DATA)

    def address(self, file: str) -> str:
        """Return the address of one of its files, relative to the folder above."""
        return f"./{quote(self.folder.name)}/{file}{'/' if file == 'figures' else ''}"

    @property
    def word(self) -> str:
        """Its folder as a word of a command that is run in the folder above the shelf."""
        return shlex.quote(f"{self.folder.absolute().parent.name}/{self.folder.name}")

    @property
    def drawn(self) -> list[str]:
        """Points of its sparklines, one line a strategy."""
        from backtest.analysis.drawing.sparkline import polylines

        match self.entry:
            case RunEntry():
                return polylines([self.entry.sparkline], *SPARKLINE)
            case ComparisonEntry():
                return polylines([*self.entry.sparklines.values()], *SPARKLINE)
            case _:
                return []


def read_shelf(folder: Path) -> list[Shelved]:
    """Return every run and comparison in a folder, the newest first.

    Folders without a manifest of this program are not listed. A folder whose manifest cannot be read is listed as
    `unreadable`. A folder with a control character in its name is skipped with a warning.
    """
    try:
        places = [Path(place.path) for place in os.scandir(folder) if place.is_dir() and not place.name.startswith(".")]
        for place in places:
            if not place.name.isprintable():
                _log.warning("%s: %a is not listed, because its name is not plain text", folder, place.name)
    except FileNotFoundError:
        return []
    except OSError as problem:
        raise ReportError(f"{folder}: cannot be read ({problem.strerror or problem}).") from problem
    named = (place for place in places if place.name.isprintable())
    shelf = [entry for place in named if (entry := _read_folder(place)) is not None]
    return sorted(sorted(shelf, key=lambda entry: entry.folder.name), key=lambda entry: entry.written_at, reverse=True)


def find(folder: Path, name: str) -> Shelved:
    """Return the run or comparison with a name in a folder, or the one in the folder at that path.

    Raises:
        ReportError: there is no such run or comparison.
    """
    shelf = read_shelf(folder)
    for entry in shelf:
        if entry.folder.name == name:
            return entry
    at_path = _read_folder(Path(name))
    if at_path is not None and (at_path.kind != "unreadable" or at_path.page):
        return at_path
    known = [entry.folder.name for entry in shelf]
    if not known:
        raise ReportError(f"{name}: no such run; {folder.as_posix()} holds no runs. {FIRST_RUN}")
    hint = suggestion(name, known) or " Hint: python -m backtest list"
    raise ReportError(f"{name}: no such run or comparison in {folder.as_posix()}.{hint}")


def write_shelf(folder: Path) -> Path:
    """Rebuild the page of a folder's runs and comparisons, and replace it in one step.

    Runs that finish at the same time wait for each other, so the last one reads the manifests of all.

    Returns:
        The path of the page.

    Raises:
        ReportError: the folder cannot be written, or the target file exists and was not written by this program.
    """
    from filelock import FileLock, Timeout

    page = folder / INDEX
    try:
        with FileLock(folder / _LOCK, timeout=_PATIENCE):
            if page.exists() and not (page.is_file() and _OURS in page.read_text(encoding="utf-8", errors="replace")):
                raise ReportError(f"{page}: was not written by this program, so it is not replaced. Hint: rename it.")
            _replace(page, render_shelf(read_shelf(folder), folder.absolute().name))
    except Timeout as problem:
        raise ReportError(f"{page}: another run is still writing it after {_PATIENCE:.0f} s.") from problem
    except OSError as problem:
        raise ReportError(f"{page}: cannot be written ({problem.strerror or problem}).") from problem
    return page


def renew_shelf(written: Path) -> None:
    """Rebuild the shelf after a run or a comparison, if its folder is in `reports/`.

    Any other folder may belong to something else, so it gets no index page. If the shelf cannot be written, a warning
    is logged, and the run is still valid.
    """
    if written.parent.resolve() != REPORTS.resolve():
        return
    try:
        write_shelf(REPORTS)
    except ReportError as problem:
        _log.warning("%s", problem)


def render_shelf(shelf: Sequence[Shelved], name: str) -> str:
    """Return the page of a folder with this name, with relative links to its subfolders."""
    from backtest.reporting.colours import PALETTE
    from backtest.reporting.format import percent, ratio
    from backtest.reporting.pages.page_file import render

    return render(
        "shelf.html.j2",
        runs=[entry for entry in shelf if entry.kind == "run"],
        comparisons=[entry for entry in shelf if entry.kind == "comparison"],
        sweeps=[entry for entry in shelf if entry.kind == "sweep"],
        unreadable=[entry for entry in shelf if entry.kind == "unreadable"],
        folder=name,
        spark=SPARKLINE,
        colours=len(PALETTE),
        percent=percent,
        ratio=ratio,
        made_by=MADE_BY,
    )


def _read_folder(folder: Path) -> Shelved | None:
    """Run or comparison in a folder; None without a manifest of this program."""
    try:
        manifest = read_manifest(folder)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as problem:
        reason = getattr(problem, "strerror", None) or str(problem)
        return Shelved(folder, "unreadable", folder.name, "", None, _files_of(folder), problem=reason)
    if not isinstance(manifest, dict) or manifest.get("made_by") != MADE_BY:
        return None
    if manifest.get("kind") == "sweep":
        return Shelved(folder, "sweep", folder.name, _written_at(manifest), None, _files_of(folder))
    entry, files = entry_of(manifest), _files_of(folder)
    comparable = is_of_run(manifest) and "walk_forward" not in manifest["config"]  # which is many runs
    return Shelved(folder, *_kind_and_name(manifest, entry, folder), _written_at(manifest), entry, files, comparable)


def _files_of(folder: Path) -> tuple[str, ...]:
    with suppress(OSError, ValueError):
        names = {file.name for file in os.scandir(folder)}
        return tuple(file for file in (*_PAGES, *_DATA) if file in names)
    return ()


def _written_at(manifest: Mapping[str, Any]) -> str:
    """Return the time of writing in a manifest, ISO; empty if it has none."""
    environment = manifest.get("environment")
    given: Any = environment.get("written_at") if isinstance(environment, Mapping) else manifest.get("written")
    with suppress(TypeError, ValueError):  # no text, or no time
        return datetime.fromisoformat(given).isoformat(timespec="seconds")
    return ""


def _kind_and_name(
    manifest: Mapping[str, Any], entry: RunEntry | ComparisonEntry | None, folder: Path
) -> tuple[str, str]:
    if isinstance(entry, RunEntry):
        return entry.kind, entry.name
    if isinstance(entry, ComparisonEntry):
        return entry.kind, ", ".join(entry.names)
    return "comparison" if "comparison" in manifest else "run", folder.name


def _replace(page: Path, text: str) -> None:
    """Replace the text of a file in one step, so that a reader finds either the old or the new text.

    There is one writer, which holds the lock, so the temporary file of a process that was killed is overwritten.
    """
    temporary = page.with_name(f".{page.name}.part")
    try:
        temporary.write_text(text, encoding="utf-8", newline="\n")
        temporary.replace(page)
    finally:
        temporary.unlink(missing_ok=True)
