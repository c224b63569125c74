"""The command line: the only place that prints. Heavy imports wait until a command needs them."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backtest.errors import BacktestError, StrategyError

if TYPE_CHECKING:
    from rich.table import Table

    from backtest.analysis.result import BacktestResult

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Backtest risk-parity portfolios on real history: financing charged, the future unseen.",
)

_BAR_AFTER = 1.0  # seconds: a shorter run needs no progress bar


def main() -> None:
    """Run the command line; what the user can mend ends in one line an error and exit code 2 or 3."""
    try:
        app(standalone_mode=True)
    except BacktestError as error:
        for line in str(error).splitlines():
            typer.echo(f"error: {line}", err=True)
        sys.exit(error.exit_code)


@app.command()
def run(
    config: Annotated[Path, typer.Argument(help="A configuration, such as configs/erc.yaml.", show_default=False)],
    output: Annotated[
        Path | None, typer.Option(help="The report's folder; by default reports/<name>.", show_default=False)
    ] = None,
    quantstats: Annotated[bool, typer.Option("--quantstats", help="Also write the classic quantstats page.")] = False,
) -> None:
    """Run one configuration and write its report."""
    with _progress(["configuration", "data", "benchmark", "strategy", "figures", "files", "quantstats"]) as step:
        step("configuration")
        from backtest.config import load_config

        settings = load_config(config)
        folder = output or Path("reports") / settings.name
        from backtest.reporting.files import check_replaceable, write_report

        check_replaceable(folder)
        from backtest.pipeline import run as run_backtest

        result = run_backtest(settings, on_step=step)
        page = write_report(
            result,
            folder,
            quantstats=quantstats or settings.report.quantstats,
            command=f"python -m backtest run {config.as_posix()}",
            on_step=step,
        )
    _print_run(result, page)


@app.command()
def strategies() -> None:
    """List the strategies that a configuration here can name."""
    from backtest.strategy.discovery import find_strategy, strategy_files

    here = Path("configs") if Path("configs").is_dir() else Path()
    rows = []
    for name in sorted(strategy_files(here)):
        try:
            rows.append((name, _first_line(find_strategy(name, here).__doc__)))
        except StrategyError as problem:  # one that cannot be read hides no other
            rows.append((name, f"error: {problem}"))
    _print_list("strategy", rows)


@app.command()
def assets() -> None:
    """List the series of the bundled samples."""
    from backtest.data.sources import sample

    for source in sample.SAMPLES:
        rows = [
            (column.name, f"{column.asset_class or column.kind}: {column.description}")
            for column in sample.columns(source)
        ]
        _print_list(f"source: {source}", rows)


@app.command()
def risk(
    volatilities: Annotated[str, typer.Option(help="Volatility of each asset, such as 0.15,0.05.", show_default=False)],
    correlation: Annotated[
        str, typer.Option(help="One correlation for all pairs, or one a pair: 1-2,1-3,...,2-3,...")
    ] = "0",
    weights: Annotated[str | None, typer.Option(help="Weights, such as 0.6,0.4; equal by default.")] = None,
) -> None:
    """Show where the risk of a portfolio sits, beside the weights of equal risk contributions."""
    from backtest.reporting.headline import percent
    from backtest.risk.worked_example import worked_example

    numbers = _numbers(volatilities, "--volatilities")
    pairs = _numbers(correlation, "--correlation")
    held = [1 / len(numbers)] * len(numbers) if weights is None else _numbers(weights, "--weights")
    given, equal = worked_example(numbers, pairs, held)

    table = _table("asset", "volatility", "weight", "risk", "share", "ERC weight", "risk", "share")
    for i, volatility in enumerate(numbers):
        cells = (volatility, given.weights[i], given.contributions[i], given.shares[i])
        erc = (equal.weights[i], equal.contributions[i], equal.shares[i])
        table.add_row(str(i + 1), *(percent(value) for value in (*cells, *erc)))
    table.add_section()
    total = (sum(given.weights), given.volatility, 1.0, sum(equal.weights), equal.volatility, 1.0)
    table.add_row("total", "", *(percent(value) for value in total))
    _print(table)
    typer.echo("risk: each asset's contribution to the portfolio's volatility; share: its part of it")


def _numbers(text: str, option: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise BacktestError(f"{option} {text}: expected numbers separated by commas, such as 0.15,0.05") from None


def _first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0]


def _table(*headings: str) -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for heading in headings:
        table.add_column(heading, justify="left" if heading == headings[0] else "right")
    return table


def _print(*parts: object) -> None:
    from rich.console import Console

    Console(highlight=False, markup=False, emoji=False).print(*parts)


def _print_list(heading: str, rows: list[tuple[str, str]]) -> None:
    width = max(len(name) for name, _ in rows)
    typer.echo(heading)
    for name, text in rows:
        typer.echo(f"  {name:<{width}}  {text}")


def _print_run(result: "BacktestResult", page: Path) -> None:
    """The headline table, the notes, and where the page is."""
    from backtest.reporting.headline import headline_rows

    names = [result.name] if result.benchmark is None else [result.name, result.benchmark.name]
    table = _table(f"{result.nav.index[0]:%Y-%m-%d} to {result.nav.index[-1]:%Y-%m-%d}", *names)
    for label, *values in headline_rows(result.summary()):
        table.add_row(label, *values)
    _print(table)
    for note in result.notes:
        typer.echo(f"note: {note}")
    typer.echo(f"tearsheet: {page.as_posix()}")


@contextmanager
def _progress(steps: list[str]) -> Iterator[Callable[[str], None]]:
    """A progress bar on a terminal, once the work has taken a while; gives a function that names the step."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=Console(stderr=True), transient=True
    )
    task = bar.add_task(steps[0], total=len(steps))
    timer = threading.Timer(_BAR_AFTER, bar.start)
    timer.daemon = True
    timer.start()
    try:
        yield lambda step: bar.update(task, description=step, completed=steps.index(step))
    finally:
        timer.cancel()
        timer.join()
        bar.stop()
