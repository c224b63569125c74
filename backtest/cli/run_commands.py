"""Commands that run strategies, and say what there is to run."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backtest.cli.data_commands import check_choice
from backtest.cli.terminal import new_table, progress, show, show_list, sparklines
from backtest.errors import BacktestError, StrategyError

if TYPE_CHECKING:
    from backtest.analysis.result import BacktestResult


def run(
    config: Annotated[Path, typer.Argument(help="A configuration file, such as configs/erc.yaml.", show_default=False)],
    output: Annotated[
        Path | None,
        typer.Option(
            help="The report's folder; by default reports/<name>, as `list` and `open` look there.", show_default=False
        ),
    ] = None,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print summary.json alone, for scripts; notes go to stderr.")
    ] = False,
    quantstats: Annotated[bool, typer.Option("--quantstats", help="Also write the classic quantstats page.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no source: use what was fetched before.")] = False,
    refresh: Annotated[bool, typer.Option("--refresh", help="Fetch the whole history of each series again.")] = False,
) -> None:
    """Run a backtest as a configuration file says, and write its report: a page, figures and tables."""
    with progress(["configuration", "data", "benchmark", "strategy", "figures", "files", "quantstats"]) as step:
        step("configuration")
        from backtest.config import load_config

        check_choice(offline=offline, refresh=refresh)
        settings = load_config(config)
        from backtest.reporting.files.report_files import json_bytes, write_report
        from backtest.reporting.files.report_folder import REPORTS, check_replaceable
        from backtest.reporting.pages.shelf_page import renew_shelf

        folder = output or REPORTS / settings.name
        check_replaceable(folder)
        from backtest.runs.pipeline import run as run_backtest

        result = run_backtest(settings, offline=offline, refresh=refresh, on_step=step)
        page = write_report(
            result,
            folder,
            quantstats=quantstats or settings.report.quantstats,
            command=f"python -m backtest run {as_written(config)}",
            on_step=step,
        )
    renew_shelf(folder)
    if as_json:
        for note in result.notes:
            typer.echo(f"note: {note}", err=True)
        typer.echo(json_bytes(result.summary()).decode(), nl=False)
    else:
        _print_run(result, page)


def strategies() -> None:
    """List the strategies that a configuration here can name, your own included."""
    from backtest.strategy.discovery import find_strategy, strategy_files

    here = Path("configs") if Path("configs").is_dir() else Path()
    rows = []
    for name in sorted(strategy_files(here)):
        try:
            rows.append((name, _first_line(find_strategy(name, here).__doc__)))
        except StrategyError as problem:  # one that cannot be read hides no other
            rows.append((name, f"error: {problem}"))
    show_list("strategy", rows)


def assets() -> None:
    """List the series of the bundled samples, which need no network."""
    from backtest.data.sources import bundled_sample

    for source in bundled_sample.SAMPLES:
        rows = [
            (column.name, f"{column.asset_class or column.kind}: {column.description}")
            for column in bundled_sample.columns(source)
        ]
        show_list(f"source: {source}", rows)


def risk(
    volatilities: Annotated[str, typer.Option(help="Volatility of each asset, such as 0.15,0.05.", show_default=False)],
    correlation: Annotated[
        str, typer.Option(help="One correlation for all pairs, or one a pair: 1-2,1-3,...,2-3,...")
    ] = "0",
    weights: Annotated[str | None, typer.Option(help="Weights, such as 0.6,0.4; equal by default.")] = None,
) -> None:
    """Show how much of a portfolio's risk each asset brings, beside the weights that make all bring the same."""
    from backtest.reporting.format import terminal_percent as percent
    from backtest.risk.worked_example import worked_example

    numbers = _numbers(volatilities, "--volatilities")
    pairs = _numbers(correlation, "--correlation")
    held = [1 / len(numbers)] * len(numbers) if weights is None else _numbers(weights, "--weights")
    given, equal = worked_example(numbers, pairs, held)

    table = new_table("asset", "volatility", "weight", "risk", "share", "ERC weight", "risk", "share")
    for i, volatility in enumerate(numbers):
        cells = (volatility, given.weights[i], given.contributions[i], given.shares[i])
        erc = (equal.weights[i], equal.contributions[i], equal.shares[i])
        table.add_row(str(i + 1), *(percent(value) for value in (*cells, *erc)))
    table.add_section()
    total = (sum(given.weights), given.volatility, 1.0, sum(equal.weights), equal.volatility, 1.0)
    table.add_row("total", "", *(percent(value) for value in total))
    show(table)
    typer.echo("risk: each asset's contribution to the portfolio's volatility; share: its part of it")


def as_written(config: Path) -> str:
    """A configuration's path for a report's command: from here where it is below, without the name of anyone's home."""
    from backtest.data.sources.address import public

    if config.is_relative_to(Path.cwd()):
        config = config.relative_to(Path.cwd())
    return shlex.quote(public(config.as_posix()))


def _numbers(text: str, option: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise BacktestError(f"{option} {text}: expected numbers separated by commas, such as 0.15,0.05") from None


def _first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0]


def _print_run(result: "BacktestResult", page: Path) -> None:
    """The headline table, the growth of 1, the notes, and where the page is."""
    from backtest.reporting.pages.headline import headline_rows

    both = [result] if result.benchmark is None else [result, result.benchmark]
    table = new_table(f"{result.nav.index[0]:%Y-%m-%d} to {result.nav.index[-1]:%Y-%m-%d}", *(one.name for one in both))
    for label, *values in headline_rows(result.summary()):
        table.add_row(label, *values)
    show(table)
    if lines := sparklines([(one.name, one.nav) for one in both]):
        typer.echo(lines)
    for note in result.notes:
        typer.echo(f"note: {note}")
    typer.echo(f"tearsheet: {page.as_posix()}")
