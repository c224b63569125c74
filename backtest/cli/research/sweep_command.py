"""`sweep`: many runs of one configuration with varied settings."""

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
    overrides_of,
    source_of,
)
from backtest.cli.terminal import has_bar, new_table, print_notes, show
from backtest.data.cache.default_folders import REPORTS

if TYPE_CHECKING:
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
    plan = SweepPlan.of(source_of(config), grid_of(vary), overrides, offline=offline)
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
    record(TrialLedger.near(found.config.folder), lambda time: trials_of(found, time))
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


def grid_of(vary: list[str] | None) -> dict[str, Any] | None:
    """Return the values of each setting; a single value is a list of one."""
    if not vary:
        return None
    given = overrides_of(vary)
    return {"grid": {name: value if isinstance(value, list | dict) else [value] for name, value in given.items()}}


def record(ledger: "TrialLedger | None", trials: "Callable[[datetime], list[Trial]]") -> None:
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
