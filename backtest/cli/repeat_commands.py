"""`replay` and `verify`: does a finished run still give the same numbers, and are its files unchanged?"""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from backtest.cli.terminal import print_notes
from backtest.data.cache.default_folders import REPORTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from backtest.analysis.result import BacktestResult

DIFFERENT = 4
"""Exit code if something differs."""

Finished = Annotated[
    str, typer.Argument(help="A run in reports/, such as erc, or a report folder.", show_default=False)
]


def replay(
    folder: Finished,
    *,
    offline: Annotated[bool, typer.Option("--offline", help="Use cached data only, whatever its age.")] = False,
) -> None:
    """Run a finished run again and compare tables and summary byte by byte; writes nothing. Exit code 4: it differs."""
    from backtest.reporting.files.finished_run import manifest_of_run
    from backtest.reporting.files.replayed import compare_replay

    place = _folder_of(folder)
    manifest = manifest_of_run(place)
    result, grown = _run_again(place, manifest, offline=offline)
    replayed = compare_replay(result, manifest, place)
    print_notes([grown] if grown else [])
    if not replayed.differences:
        typer.echo(f"{place.as_posix()}: identical ({len(replayed.compared)} files)")
        return
    _end_different(place, "different", replayed.differences, replayed.reasons)


def verify(folder: Finished) -> None:
    """Check a report without running it: its files against their checksums, its tables against each other.

    Exit code 4: something is wrong.
    """
    from backtest.reporting.files.verified import verify as check

    place = _folder_of(folder)
    verified = check(place)
    print_notes(verified.notes)
    if not verified.problems:
        typer.echo(f"{place.as_posix()}: intact ({verified.files} files)")
        return
    _end_different(place, "damaged", verified.problems)


def _end_different(place: Path, word: str, differences: "Sequence[str]", reasons: "Sequence[str]" = ()) -> NoReturn:
    """Print what differs, and why, and exit with the code for it."""
    typer.echo(f"{place.as_posix()}: {word}")
    for line in differences:
        typer.echo(f"  {line}")
    for line in reasons:
        typer.echo(f"why: {line}")
    raise typer.Exit(DIFFERENT)


def _run_again(place: Path, manifest: "Mapping[str, Any]", *, offline: bool) -> "tuple[BacktestResult, str]":
    """Return the result of a manifest, up to the last date of the report, and a note if the data has later dates."""
    from backtest.reporting.files.shelf_entry import entry_of

    again, ends = _repeat(place, manifest, offline=offline)
    result = again()
    entry, now = entry_of(manifest), result.nav.index[-1].date()
    if ends or entry is None or now <= entry.end:
        return result, ""
    note = f"the data has grown to {now} since; it was run up to {entry.end}, the end of the report"
    return again({"end": entry.end}), note


def _repeat(
    place: Path, manifest: "Mapping[str, Any]", *, offline: bool
) -> "tuple[Callable[..., BacktestResult], bool]":
    """Return a function that repeats a run or a walk-forward, and whether its settings say when it ends."""
    from backtest.config.load_config import SECTIONS_OF_MANY_RUNS
    from backtest.config.manifest_config import config_of_manifest
    from backtest.reporting.files.manifest import MANIFEST

    settings = {name: value for name, value in manifest["config"].items() if name not in SECTIONS_OF_MANY_RUNS}
    config = config_of_manifest({**manifest, "config": settings}, place / MANIFEST)
    if "walk_forward" not in manifest["config"]:
        from backtest.runs.pipeline import run

        return partial(run, config, offline=offline), config.end is not None
    from backtest.studies.walk_forward import walk_forward

    sections = (manifest["config"].get(name) for name in ("walk_forward", "sweep"))
    return partial(walk_forward, config, *sections, offline=offline), config.end is not None


def _folder_of(name: str) -> Path:
    from backtest.reporting.pages.shelf_page import find

    return find(REPORTS, name).folder
