"""Commands that run strategies, and list strategies and sample data."""

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
            help="Report folder. Default: reports/<name>, which `list` and `open` search.", show_default=False
        ),
    ] = None,
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print only summary.json, for scripts; notes go to stderr.")
    ] = False,
    quantstats: Annotated[bool, typer.Option("--quantstats", help="Also write the classic quantstats page.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Use cached data only, whatever its age.")] = False,
    refresh: Annotated[bool, typer.Option("--refresh", help="Fetch the whole history of each series again.")] = False,
) -> None:
    """Run the backtest of a configuration file, and write its report: a page, figures and tables."""
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
            command=f"python -m backtest run {path_in_command(config)}",
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
    """List the strategies available to configurations in this folder, including your own."""
    from backtest.strategy.discovery import find_strategy, strategy_files

    folder = Path("configs") if Path("configs").is_dir() else Path()
    rows = []
    for name in sorted(strategy_files(folder)):
        try:
            rows.append((name, _first_line(find_strategy(name, folder).__doc__)))
        except StrategyError as problem:  # a strategy that cannot be read must not hide the others
            rows.append((name, f"error: {problem}"))
    show_list("strategy", rows)


def assets() -> None:
    """List the series of the bundled sample data, which needs no network."""
    from backtest.data.sources.bundled_sample import RECORDS, catalogue_of

    for record in RECORDS:
        rows = [
            (entry.name, f"{entry.asset_class or entry.kind}: {entry.description}")
            for entry in catalogue_of(record.name)
        ]
        show_list(f"source: {record.name}", rows)


def risk(
    volatilities: Annotated[str, typer.Option(help="Volatility of each asset, such as 0.15,0.05.", show_default=False)],
    correlation: Annotated[
        str, typer.Option(help="One correlation for all pairs, or one per pair: 1-2,1-3,...,2-3,...")
    ] = "0",
    weights: Annotated[str | None, typer.Option(help="Weights, such as 0.6,0.4. Default: equal weights.")] = None,
) -> None:
    """Show each asset's share of portfolio risk, and the equal-risk-contribution weights for comparison."""
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
    typer.echo(
        "risk: each asset's contribution to the portfolio's volatility; share: that contribution over the volatility"
    )


def path_in_command(config: Path) -> str:
    """Return a configuration's path for a report's command, relative to this folder if possible, without user names."""
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
    """Print the headline table, the growth of 1, the notes, and the path of the page."""
    from backtest.reporting.pages.headline import headline_rows

    results = [result] if result.benchmark is None else [result, result.benchmark]
    table = new_table(
        f"{result.nav.index[0]:%Y-%m-%d} to {result.nav.index[-1]:%Y-%m-%d}", *(side.name for side in results)
    )
    for label, *values in headline_rows(result.summary()):
        table.add_row(label, *values)
    show(table)
    if lines := sparklines([(side.name, side.nav) for side in results]):
        typer.echo(lines)
    for note in result.notes:
        typer.echo(f"note: {note}")
    typer.echo(f"tearsheet: {page.as_posix()}")
