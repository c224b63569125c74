"""`sweep`, `walk-forward` and `robustness`: many runs of one configuration with varied settings."""

import math
import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backtest.cli.chosen_configs import (
    End,
    Replace,
    Setting,
    Start,
    config_names,
    configs_of,
    in_command,
    overrides_of,
    source_of,
)
from backtest.cli.run_commands import print_json, print_run, write_run
from backtest.cli.terminal import has_bar, new_table, print_notes, show
from backtest.data.cache.default_folders import REPORTS
from backtest.redaction import redact

if TYPE_CHECKING:
    import pandas as pd

    from backtest.sweeps.robustness import Robustness
    from backtest.sweeps.sweep_result import Sweep
    from backtest.trials.trial import Trial
    from backtest.trials.trial_ledger import TrialLedger

_SHOWN = 10  # runs


Vary = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=VALUES",
        help="Values of a setting, such as estimation.window=[3Y,5Y]; all --vary are combined.",
        show_default=False,
    ),
]


def sweep(
    config: Annotated[
        Path,
        typer.Argument(
            help="A configuration with a section sweep, or any configuration with --vary.",
            show_default=False,
            autocompletion=config_names,
        ),
    ],
    *,
    vary: Vary = None,
    output: Annotated[
        Path | None, typer.Option(help="Output folder. Default: reports/<name>_sweep.", show_default=False)
    ] = None,
    by: Annotated[str, typer.Option(help="Number that the best runs are chosen by.")] = "sharpe",
    setting: Setting = None,
    start: Start = None,
    end: End = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue an unfinished sweep; nothing is repeated.")
    ] = False,
    replace: Replace = False,
    workers: Annotated[
        int | None, typer.Option(help="Threads that simulate. Default: one for each core.", show_default=False)
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Dask scheduler whose workers run the sweep, such as tcp://10.0.0.1:8786; local: processes here.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Check everything, and say how many runs there are and how long they take."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the best runs as JSON.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Use cached data only, whatever its age.")] = False,
) -> None:
    """Run a configuration with every combination of settings; runs share all work that does not differ."""
    from backtest.reporting.pages.shelf_page import renew_shelf
    from backtest.sweeps.run_sweep import SweepPlan
    from backtest.sweeps.sweep_result import check_number
    from backtest.sweeps.sweep_trials import trials_of
    from backtest.trials.trial_ledger import TrialLedger

    check_number(by)
    overrides = overrides_of(setting, start=start, end=end)
    plan = SweepPlan.of(source_of(config), _grid(vary), overrides, offline=offline)
    if dry_run:
        typer.echo(plan.in_words(plan.seconds(workers)))
        return
    if not as_json:
        typer.echo(plan.in_words())
    folder = output or REPORTS / f"{plan.name}_sweep"
    try:
        with _progress(len(plan)) as on_runs:
            found = plan.run(
                folder=folder, resume=resume, replace=replace, workers=workers, scheduler=scheduler, on_runs=on_runs
            )
    except KeyboardInterrupt:
        typer.echo(f"interrupted: finished runs are in {folder.as_posix()}; --resume continues", err=True)
        raise
    _record(TrialLedger.near(found.config.folder), lambda time: trials_of(found, time))
    renew_shelf(folder)
    if as_json:
        from backtest.reporting.files.report_files import json_bytes

        best = found.best(by, _SHOWN).drop(columns="error").reset_index()
        for name in ("first_date", "last_date"):
            best[name] = best[name].dt.strftime("%Y-%m-%d")
        chance = None if found.chance is None else asdict(found.chance)
        content = {"runs": len(found), "failed": found.failed, "chance": chance, "best": best.to_dict("records")}
        typer.echo(json_bytes(content).decode(), nl=False)
        return
    _print(found, by)
    typer.echo(f"runs: {(folder / 'runs.parquet').as_posix()}")
    typer.echo(f"page: {(folder / 'sweep.html').as_posix()}")


def walk_forward(
    config: Annotated[
        Path,
        typer.Argument(
            help="A configuration with the sections sweep and walk_forward, or any configuration with --vary.",
            show_default=False,
            autocompletion=config_names,
        ),
    ],
    *,
    vary: Vary = None,
    output: Annotated[
        Path | None, typer.Option(help="Report folder. Default: reports/<name>_walk_forward.", show_default=False)
    ] = None,
    setting: Setting = None,
    start: Start = None,
    end: End = None,
    replace: Replace = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print only summary.json; writes a report only with --output.")
    ] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Use cached data only, whatever its age.")] = False,
) -> None:
    """Choose the best of several candidates again and again by the history before, and write a report of the path."""
    from backtest.reporting.files.report_folder import folder_for
    from backtest.sweeps.sweep_trials import trials_of_candidates
    from backtest.sweeps.walk_forward import walk_forward as follow
    from backtest.trials.tried_rules import ledger_of, record_trials

    overrides = overrides_of(setting, start=start, end=end)
    result = follow(source_of(config), None, _grid(vary), overrides, offline=offline)
    _record(ledger_of(result), lambda time: trials_of_candidates(result, time))
    if as_json:
        print_json([result])
    if as_json and output is None:
        record_trials([result])  # a report does this itself
        return
    folder = folder_for(output, REPORTS / result.name, result.settings, replace=replace)
    command = in_command("walk-forward", [config], setting, start=start, end=end)
    words = [word for each in vary or () for word in ("--vary", redact(each))]
    command = f"{command} {shlex.join(words)}" if words else command
    page = write_run(result, folder, command, lambda _: None, replace=replace)
    if not as_json:
        print_run(result, page, output or REPORTS / result.name)


def robustness(
    config: Annotated[Path, typer.Argument(help="A configuration.", show_default=False, autocompletion=config_names)],
    *,
    setting: Setting = None,
    start: Start = None,
    end: End = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all runs and ranges as JSON.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Use cached data only, whatever its age.")] = False,
) -> None:
    """Run a configuration on the other days of its period and with other lags, and show the ranges."""
    from backtest.sweeps.robustness import DAY, LAG
    from backtest.sweeps.robustness import robustness as vary_timing

    (loaded,) = configs_of([config], overrides_of(setting, start=start, end=end))
    found = vary_timing(loaded, offline=offline)
    if as_json:
        from backtest.reporting.files.report_files import json_bytes

        ranges = {change: found.ranges(change).to_dict("index") for change in (DAY, LAG)}
        dates = {"start": f"{found.nav.index[0]:%Y-%m-%d}", "end": f"{found.nav.index[-1]:%Y-%m-%d}"}
        content: dict[str, Any] = {"name": found.config.name, **dates, "sentence": found.sentence, "notes": found.notes}
        content |= {"ranges": ranges, "runs": found.runs.to_dict("records")}
        typer.echo(json_bytes(content).decode(), nl=False)
        return
    _print_ranges(found)


def _print_ranges(found: "Robustness") -> None:
    """Print the range of each number by kind of change, and the sentence."""
    from backtest.analysis.metrics.metric_registry import BY_KEY
    from backtest.reporting.format import TERMINAL
    from backtest.sweeps.robustness import NUMBERS

    headings = (BY_KEY[key].terminal_name for key in NUMBERS)
    table = new_table(f"{found.nav.index[0]:%Y-%m-%d} to {found.nav.index[-1]:%Y-%m-%d}", *headings)

    def add(label: str, values: "pd.Series[float]") -> None:
        table.add_row(label, *(TERMINAL[BY_KEY[key].form](values[key]) for key in NUMBERS))

    first, *others = dict.fromkeys(found.runs["change"])
    add(first, found.runs.iloc[0])
    for change in others:
        ranges = found.ranges(change)
        for column in ("min", "median", "max"):
            add(f"{change}: {column}", ranges[column])
        places = ranges["rank"], ranges["runs"]
        ranks = ("-" if math.isnan(rank) else f"{rank:.0f} of {runs:.0f}" for rank, runs in zip(*places, strict=True))
        table.add_row(f"{change}: rank, lowest first", *ranks)
    show(table)
    typer.echo(found.sentence)
    print_notes(found.notes)


def _grid(vary: list[str] | None) -> dict[str, Any] | None:
    """Return the values of each setting; a single value is a list of one."""
    if not vary:
        return None
    given = overrides_of(vary)
    return {"grid": {name: value if isinstance(value, list | dict) else [value] for name, value in given.items()}}


def _record(ledger: "TrialLedger | None", trials: "Callable[[datetime], list[Trial]]") -> None:
    """Add runs to the ledger of the project, if there is one."""
    if ledger is not None and not ledger.is_off:
        ledger.append(trials(datetime.now(UTC)))


def _print(found: "Sweep", by: str) -> None:
    """Print the best runs with the settings that differ, and how many failed."""
    import pandas as pd

    from backtest.analysis.metrics.metric_registry import BY_KEY
    from backtest.reporting.format import TERMINAL

    best = found.best(by, _SHOWN)
    shown = dict.fromkeys(("cagr", "volatility", "sharpe", "max_drawdown", by))
    table = new_table("run", *(BY_KEY[key].terminal_name for key in shown))
    table.add_column("settings", overflow="fold")
    for run, row in best.iterrows():
        numbers = (TERMINAL[BY_KEY[key].form](row[key]) for key in shown)
        settings = (f"{name.rpartition('.')[2]} {row[name]}" for name in found.points.names if not pd.isna(row[name]))
        table.add_row(str(run), *numbers, "; ".join(settings))
    for column in table.columns[:-1]:
        column.no_wrap = True
    show(table)
    if found.chance is not None and len(found) > 1:
        typer.echo(found.chance.sentence)
    print_notes(found.notes)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar with rate and time left on a terminal."""
    if not has_bar():
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    rate = TextColumn("{task.fields[rate]}")
    parts = BarColumn(), MofNCompleteColumn(), rate, TimeRemainingColumn()
    begun: list[tuple[int, float]] = []
    with Progress(*parts, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total, rate="")

        def update(done: int, total: int) -> None:
            now = time.monotonic()
            begun[:] = begun or [(done, now)]
            first, since = begun[0]
            speed = (done - first) / (now - since) if now > since else 0.0
            bar.update(task, completed=done, total=total, rate=f"{speed:,.0f} a second" if speed else "")

        yield update
