"""`robustness`: the same run under other conventions, such as the day of its decisions."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backtest.cli.chosen_configs import End, Setting, Start, config_names, configs_of, overrides_of
from backtest.cli.terminal import new_table, print_notes, show

if TYPE_CHECKING:
    import pandas as pd

    from backtest.studies.robustness import Robustness


def robustness(
    config: Annotated[Path, typer.Argument(help="A configuration.", show_default=False, autocompletion=config_names)],
    *,
    setting: Setting = None,
    start: Start = None,
    end: End = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all runs and ranges as JSON.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Use cached data only, whatever its age.")] = False,
) -> None:
    """Run a configuration on other days, with other lags, at close and open, and show the ranges."""
    from backtest.studies.robustness import CONVENTION, DAY, EXECUTION, LAG
    from backtest.studies.robustness import robustness as vary_timing

    (loaded,) = configs_of([config], overrides_of(setting, start=start, end=end))
    found = vary_timing(loaded, offline=offline)
    if as_json:
        from backtest.reporting.files.report_files import json_bytes

        ranges = {change: found.ranges(change).to_dict("index") for change in (DAY, LAG, EXECUTION, CONVENTION)}
        dates = {"start": f"{found.nav.index[0]:%Y-%m-%d}", "end": f"{found.nav.index[-1]:%Y-%m-%d}"}
        content: dict[str, Any] = {"name": found.config.name, **dates, "sentence": found.sentence, "notes": found.notes}
        content |= {"chance": found.chance.to_dict("index"), "ranges": ranges, "runs": found.runs.to_dict("records")}
        typer.echo(json_bytes(content).decode(), nl=False)
        return
    _print_ranges(found)


def _print_ranges(found: "Robustness") -> None:
    """Print the range of each number by kind of change, and the sentence."""
    from backtest.analysis.metrics.metric_registry import BY_KEY
    from backtest.reporting.format import TERMINAL
    from backtest.studies.robustness import CONVENTION, NUMBERS

    headings = (BY_KEY[key].terminal_name for key in NUMBERS)
    table = new_table(f"{found.nav.index[0]:%Y-%m-%d} to {found.nav.index[-1]:%Y-%m-%d}", *headings)

    def add(label: str, values: "pd.Series[float]") -> None:
        table.add_row(label, *(TERMINAL[BY_KEY[key].form](values[key]) for key in NUMBERS))

    first, *others = dict.fromkeys(found.runs["change"])
    add(first, found.runs.iloc[0])
    for end in found.chance.columns:
        add(f"chance: {end}", found.chance[end])
    for change in (*others, CONVENTION) if len(others) > 1 else others:
        ranges = found.ranges(change)
        for column in ("min", "median", "max"):
            add(f"{change}: {column}", ranges[column])
        places = ranges["rank"], ranges["runs"]
        ranks = ("-" if math.isnan(rank) else f"{rank:.0f} of {runs:.0f}" for rank, runs in zip(*places, strict=True))
        table.add_row(f"{change}: rank, lowest first", *ranks)
    show(table)
    typer.echo(found.sentence)
    print_notes(found.notes)
