"""`check`: what a configuration means, without running it."""

import logging
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backtest.cli.chosen_configs import End, Setting, Start, config_names, configs_of, overrides_of
from backtest.cli.terminal import new_table, print_notes, progress, show

if TYPE_CHECKING:
    from backtest.runs.preview import Preview

_log = logging.getLogger(__name__)


def check(
    config: Annotated[
        Path,
        typer.Argument(
            help="A configuration file or name; - reads one from standard input.",
            show_default=False,
            autocompletion=config_names,
        ),
    ],
    setting: Setting = None,
    start: Start = None,
    end: End = None,
    *,
    offline: Annotated[bool, typer.Option("--offline", help="Use cached data only, whatever its age.")] = False,
) -> None:
    """Show all settings of a configuration, its dates, assets and expected time, without running it."""
    with progress(["configuration", "data", "benchmark", "strategy"]) as step:
        step("configuration")
        (loaded,) = configs_of([config], overrides_of(setting, start=start, end=end))
        from backtest.runs.preview import preview

        shown = preview(loaded, offline=offline, on_step=step)
    _print(shown)


def _print(shown: "Preview") -> None:
    from backtest.reporting.format import frequency_in_words

    typer.echo(_yaml(shown.config.resolved()))
    table = new_table("asset", "class", "series from", "to", "in run from", "to")
    for asset in shown.assets:
        table.add_row(asset.name, asset.asset_class, *asset.series, *asset.in_run)
    show(table)
    typer.echo(
        f"data: {frequency_in_words(shown.periods_per_year)}, {shown.dates[0]:%Y-%m-%d} to {shown.dates[-1]:%Y-%m-%d}, "
        f"{len(shown.dates):,} dates"
    )
    typer.echo(f"first decision: {shown.first_decision:%Y-%m-%d}")
    typer.echo(f"run: {shown.first_trade:%Y-%m-%d} to {shown.dates[-1]:%Y-%m-%d}, {shown.decisions:,} decisions")
    for warning in shown.warnings:
        _log.warning("%s", warning)
    print_notes(shown.notes)
    typer.echo(f"expected time of the decisions: {in_words(shown.seconds)}")


def _yaml(settings: dict[str, Any]) -> str:
    from ruamel.yaml import YAML

    yaml, text = YAML(typ="safe", pure=True), StringIO()
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # its types know the default alone
    yaml.dump(settings, text)
    return text.getvalue()


def in_words(seconds: float) -> str:
    """Return a time in words, without digits that change from one machine to the next."""
    if seconds < 1:
        return "less than a second"
    return f"about {seconds:.0f} s" if seconds < 120 else f"about {seconds / 60:.0f} minutes"
