"""Commands that run strategies, and list strategies and sample data."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backtest.cli.chosen_configs import End, Replace, Setting, Start, config_names, configs_of, in_command, overrides_of
from backtest.cli.data_commands import check_choice
from backtest.cli.terminal import echo_if_numbered, new_table, print_notes, progress, show, show_list, sparklines
from backtest.data.cache.default_folders import REPORTS
from backtest.errors import BacktestError, StrategyError

if TYPE_CHECKING:
    from backtest.analysis.result import BacktestResult
    from backtest.data.sources.source import CatalogueEntry


def run(
    configs: Annotated[
        list[Path],
        typer.Argument(
            help="Configuration files, such as configs/erc.yaml or just erc; - reads one from standard input.",
            show_default=False,
            autocompletion=config_names,
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            help="Report folder. Default: reports/<name>, which `list` and `open` search.", show_default=False
        ),
    ] = None,
    setting: Setting = None,
    start: Start = None,
    end: End = None,
    *,
    name: Annotated[str | None, typer.Option(help="Name of the run and of its report.", show_default=False)] = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print only summary.json, for scripts; writes a report only with --output."),
    ] = False,
    replace: Replace = False,
    quantstats: Annotated[bool, typer.Option("--quantstats", help="Also write the classic quantstats page.")] = False,
    xlsx: Annotated[
        bool, typer.Option("--xlsx", help="Also write the tables as one Excel workbook, tables.xlsx.")
    ] = False,
    pdf: Annotated[
        bool, typer.Option("--pdf", help="Also print the page as tearsheet.pdf, with the installed browser.")
    ] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Use cached data only, whatever its age.")] = False,
    refresh: Annotated[bool, typer.Option("--refresh", help="Fetch the whole history of each series again.")] = False,
) -> None:
    """Run the backtests of configuration files, and write a report of each: a page, figures and tables."""
    check_choice(offline=offline, refresh=refresh)
    if len(configs) > 1 and (output is not None or name is not None):
        option = "--output" if output is not None else "--name"
        raise BacktestError(f"{option} with {len(configs)} configurations; expected one, or no {option}")
    with progress(["configuration", "data", "benchmark", "strategy", "figures", "files", "quantstats"]) as step:
        step("configuration")
        if xlsx:
            from backtest.reporting.files.workbook import check_workbook

            check_workbook()
        if pdf:
            from backtest.reporting.files.printed_page import find_browser

            find_browser()
        loaded = configs_of(configs, overrides_of(setting, start=start, end=end, name=name))
        from backtest.reporting.files.report_folder import folder_for

        writes = not as_json or output is not None
        folders = [
            folder_for(output, REPORTS / config.name, config.resolved(), replace=replace)
            for config in (loaded if writes else ())
        ]
        from backtest.runs.pipeline import run_each

        results, pages = list["BacktestResult"](), list[Path]()
        for result in run_each(loaded, offline=offline, refresh=refresh, on_step=step):
            at = len(results)
            results.append(result)
            if writes:
                command = in_command("run", configs[at : at + 1], setting, start=start, end=end, name=name)
                classic = quantstats or loaded[at].report.quantstats
                pages.append(
                    write_run(
                        result, folders[at], command, step, quantstats=classic, xlsx=xlsx, pdf=pdf, replace=replace
                    )
                )
        if not writes:
            from backtest.trials.tried_rules import record_trials

            record_trials(results)  # a report does this itself
    if as_json:
        print_json(results)
    else:
        for config, result, page in zip(loaded, results, pages, strict=True):
            print_run(result, page, output or REPORTS / config.name)


def write_run(
    result: "BacktestResult",
    folder: Path,
    command: str,
    step: Callable[[str], None],
    **options: bool,
) -> Path:
    """Write the report of a run and the shelf; return the path of its page."""
    from backtest.reporting.files.report_files import write_report
    from backtest.reporting.pages.shelf_page import renew_shelf

    page = write_report(result, folder, **options, command=command, on_step=step)
    renew_shelf(folder)
    return page


def print_json(results: "Sequence[BacktestResult]") -> None:
    """Print the summary of a run, or a list of the summaries of several runs; notes go to stderr."""
    from backtest.reporting.files.report_files import json_bytes

    for result in results:
        print_notes(result.notes, err=True)
    texts = [json_bytes(result.summary()).decode() for result in results]
    typer.echo(texts[0] if len(texts) == 1 else f"[\n{','.join(texts)}]\n", nl=False)


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
    """List the series of the bundled sample data, which needs no network, and of the library."""
    from backtest.data.sources.bundled_sample import RECORDS, catalogue_of
    from backtest.data.sources.library.recipes import RECORDS as LIBRARY
    from backtest.data.sources.library.recipes import recipes_of

    for record in RECORDS:
        show_list(f"source: {record.name}", [(entry.name, _one_line(entry)) for entry in catalogue_of(record.name)])
    for record in LIBRARY:
        rows = []
        for name, recipe in recipes_of(record.name).items():
            rows.append((name, _one_line(recipe.entry)))
            parts = ", then ".join(f"{part.described} ({' to '.join(part.dates)})" for part in recipe.parts)
            about = {"dates": recipe.dates, "parts": parts, "method": recipe.method, "licence": recipe.licence}
            rows += [("", f"{what}: {text}") for what, text in about.items()]
        show_list(f"source: {record.name}", rows)


def _one_line(entry: "CatalogueEntry") -> str:
    return f"{entry.asset_class or entry.kind}: {entry.description}"


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


def _numbers(text: str, option: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise BacktestError(f"{option} {text}: expected numbers separated by commas, such as 0.15,0.05") from None


def _first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0]


def print_run(result: "BacktestResult", page: Path, folder: Path) -> None:
    """Print the headline table, the growth of 1, the notes, and the path of the page."""
    from backtest.reporting.pages.headline import headline_rows

    results = [result] if result.benchmark is None else [result, result.benchmark]
    table = new_table(
        f"{result.nav.index[0]:%Y-%m-%d} to {result.nav.index[-1]:%Y-%m-%d}", *(side.name for side in results)
    )
    for label, *values in headline_rows(result.summary(), result.own_metrics):
        table.add_row(label, *values)
    show(table)
    if lines := sparklines([(side.name, side.nav) for side in results]):
        typer.echo(lines)
    if result.walk_forward is not None:
        typer.echo(result.walk_forward.sentence)
    print_notes(result.notes)
    echo_if_numbered(page.parent, folder)
    typer.echo(f"tearsheet: {page.as_posix()}")
