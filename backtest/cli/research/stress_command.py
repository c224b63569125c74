"""`stress`: the last holdings under shocks, other correlations and past crises."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backtest.cli.chosen_configs import End, Setting, Start, config_names, configs_of, overrides_of
from backtest.cli.terminal import new_table, print_notes, show
from backtest.errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

    from backtest.studies.stress import Stress

_HEADINGS = {"nav_change": "NAV", "leverage": "leverage", "margin_left": "margin left"}
_FORMS = {"nav_change": "percent", "margin_left": "percent", "volatility": "percent"}


def stress(
    config: Annotated[Path, typer.Argument(help="A configuration.", show_default=False, autocompletion=config_names)],
    *,
    shock: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=RETURN",
            help="Return of an asset or class, such as bonds=-0.1; may be repeated, all come at once.",
            show_default=False,
        ),
    ] = None,
    setting: Setting = None,
    start: Start = None,
    end: End = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all tables as JSON.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Use cached data only, whatever its age.")] = False,
) -> None:
    """Apply shocks, other correlations and past crises to the last holdings of a configuration."""
    from backtest.studies.stress import stress as apply

    (loaded,) = configs_of([config], overrides_of(setting, start=start, end=end))
    found = apply(loaded, _shocks(shock or ()), offline=offline)
    if as_json:
        typer.echo(_as_json(found), nl=False)
        return
    _print(found)


def _shocks(given: "list[str] | tuple[()]") -> dict[str, float]:
    """Return the shocks of options NAME=RETURN."""
    shocks: dict[str, float] = {}
    for text in given:
        name, _, value = text.partition("=")
        try:
            number = float(value)
        except ValueError:
            raise ConfigError(f"--shock {text}: expected NAME=RETURN, such as bonds=-0.1 for -10 %") from None
        if name in shocks:
            raise ConfigError(f"--shock {name}: given twice; expected each name once")
        shocks[name] = number
    return shocks


def _as_json(found: "Stress") -> str:
    from backtest.reporting.files.report_files import json_bytes

    durations = found.durations.dropna(how="all")
    dated = durations.set_axis([f"{date:%Y-%m-%d}" for date in durations.index])
    content: dict[str, Any] = {"name": found.config.name, "date": f"{found.date:%Y-%m-%d}", "sentence": found.sentence}
    content |= {"weights": found.weights.to_dict(), "notes": found.notes}
    tables = ("scenarios", "contributions", "correlations", "latest_durations")
    content |= {name: getattr(found, name).to_dict("index") for name in tables}
    return json_bytes({**content, "durations": dated.to_dict("index")}).decode()


def _print(found: "Stress") -> None:
    """Print both tables, the durations, and the sentence."""
    gross = found.weights.abs().sum()
    typer.echo(f"holdings of {found.date:%Y-%m-%d}: {gross:.2f} times NAV")
    show(_table("instantaneous", found.scenarios, _HEADINGS))
    moved = {"volatility": "volatility", "same_risk_leverage": "leverage at the same risk"}
    worst = {name: f"{text}, bad month" if name == "nav_change" else text for name, text in _HEADINGS.items()}
    show(_table("correlation", found.correlations, moved | worst))
    for bond, row in found.latest_durations.dropna(subset="value").iterrows():
        span = "" if math.isnan(row["low"]) else f" ({row['low']:.1f} to {row['high']:.1f})"
        typer.echo(f"duration of {bond} over 36 months: {row['value']:.1f}{span} years")
    typer.echo(found.sentence)
    print_notes(found.notes)


def _table(title: str, values: "pd.DataFrame", headings: dict[str, str]) -> Any:
    """Return a table of a frame, without columns that are empty."""
    from backtest.reporting.format import TERMINAL

    shown = [name for name in headings if values[name].notna().any()]
    table = new_table(title, *(headings[name] for name in shown))
    for label, row in values.iterrows():
        table.add_row(str(label), *(TERMINAL[_FORMS.get(name, "ratio")](row[name]) for name in shown))
    return table
