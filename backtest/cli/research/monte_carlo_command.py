"""`monte-carlo`: a configuration run through many drawn continuations of its history."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backtest.cli.chosen_configs import End, Setting, Start, config_names, configs_of, overrides_of
from backtest.cli.terminal import new_table, show

if TYPE_CHECKING:
    from backtest.studies.monte_carlo import MonteCarlo

_HEADINGS = {
    "low": "growth, 5 %",
    "median": "median",
    "high": "95 %",
    "loss": "loss",
    "margin_call": "margin call",
    "ruin": "ruin",
    "ahead": "ahead",
}
_GROWTH = ("low", "median", "high")


def monte_carlo(
    config: Annotated[Path, typer.Argument(help="A configuration.", show_default=False, autocompletion=config_names)],
    *,
    years: Annotated[int, typer.Option(help="Years after the last date of the data.")] = 10,
    paths: Annotated[int, typer.Option(help="Number of continuations.")] = 1000,
    block: Annotated[
        float | None,
        typer.Option(help="Mean number of periods in a block of drawn ones. Default: a year.", show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the draws.")] = 1994,
    setting: Setting = None,
    start: Start = None,
    end: End = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the table and the quantiles of NAV as JSON.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Use cached data only, whatever its age.")] = False,
) -> None:
    """Run a configuration through many drawn continuations of its history, and show the chances of each horizon."""
    from backtest.studies.monte_carlo import monte_carlo as follow

    (loaded,) = configs_of([config], overrides_of(setting, start=start, end=end))
    found = follow(loaded, years=years, paths=paths, block=block, seed=seed, offline=offline)
    if as_json:
        from backtest.reporting.files.report_files import json_bytes

        fan = found.fan.set_axis([f"{date:%Y-%m-%d}" for date in found.dates]).to_dict("index")
        content: dict[str, Any] = {
            "name": found.config.name,
            "paths": len(found.nav),
            "block": found.block,
            "seed": seed,
        }
        content |= {"sentence": found.sentence, "horizons": found.table.to_dict("index"), "fan": fan}
        typer.echo(json_bytes(content).decode(), nl=False)
        return
    _print(found)


def _print(found: "MonteCarlo") -> None:
    """Print the chances by horizon, and the sentence."""
    from backtest.reporting.format import TERMINAL

    table = new_table("years", *_HEADINGS.values())
    for years, row in found.table.iterrows():
        growth = (f"{row[name]:.2f}" for name in _GROWTH)
        shares = (TERMINAL["percent"](row[name]) for name in _HEADINGS if name not in _GROWTH)
        table.add_row(str(years), *growth, *shares)
    show(table)
    typer.echo(found.sentence)
    typer.echo(f"history: blocks of {found.block:g} periods on average, all series together")
