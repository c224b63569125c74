"""`compare`: several configurations or finished runs side by side, from their first common date."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backtest.cli.chosen_configs import End, Replace, Setting, Start, config_names, configs_of, in_command, overrides_of
from backtest.cli.data_commands import check_choice
from backtest.cli.terminal import echo_if_numbered, fits, new_table, print_notes, progress, show, write

if TYPE_CHECKING:
    from rich.table import Table

    from backtest.analysis.compare.comparison import Comparison
    from backtest.config import RunConfig


def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(
            help="Two or more configuration files, or folders of finished runs; the first is the baseline.",
            show_default=False,
            autocompletion=config_names,
        ),
    ],
    output: Annotated[
        Path | None, typer.Option(help="Output folder. Default: reports/<a>_vs_<b>.", show_default=False)
    ] = None,
    setting: Setting = None,
    start: Start = None,
    end: End = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print only comparison.json, for scripts.")] = False,
    replace: Replace = False,
    pdf: Annotated[
        bool, typer.Option("--pdf", help="Also print the page as comparison.pdf, with the installed browser.")
    ] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Use cached data only, whatever its age.")] = False,
    refresh: Annotated[bool, typer.Option("--refresh", help="Fetch the whole history of each series again.")] = False,
) -> None:
    """Compare strategies from their first common date: return, risk, crises, costs, windows won."""
    check_choice(offline=offline, refresh=refresh)
    from backtest.errors import ComparisonError

    if len(runs) < 2:
        raise ComparisonError(
            f"only {runs[0]} to compare; expected two or more configurations or folders of finished runs"
        )
    overrides = overrides_of(setting, start=start, end=end)
    configs = [_config(path, overrides) for path in runs]
    names = [config.name for config in configs]
    from backtest.reporting.files.comparison_files import folder_of, settings_of, write_comparison
    from backtest.reporting.files.report_files import json_bytes
    from backtest.reporting.files.report_folder import check_replaceable, folder_for
    from backtest.reporting.pages.shelf_page import renew_shelf

    if pdf:
        from backtest.reporting.files.printed_page import find_browser

        find_browser()
    default = folder_of(names)
    check_replaceable(output or default)
    with progress([*names, "comparison", "figures", "files"]) as step:
        from backtest.runs.compared_runs import compare as side_by_side
        from backtest.runs.pipeline import run_all

        results = run_all(configs, offline=offline, refresh=refresh, on_run=step)
        step("comparison")
        for path, result in zip(runs, results, strict=True):
            if _is_folder(path):
                from backtest.reporting.files.finished_run import check_repeated

                if not overrides:
                    check_repeated(result, path)
        comparison = side_by_side(results)
        command = in_command("compare", runs, setting, start=start, end=end)
        folder = folder_for(output, default, settings_of(comparison), replace=replace)
        page = write_comparison(comparison, folder, pdf=pdf, replace=replace, command=command, on_step=step)
    renew_shelf(folder)
    if as_json:
        typer.echo(json_bytes(comparison.summary()).decode(), nl=False)
    else:
        _print(comparison, page, output or default)


def _config(path: Path, overrides: Mapping[str, Any]) -> "RunConfig":
    """Return the configuration of a file, or of the finished run in a folder."""
    if not _is_folder(path):
        return configs_of([path], overrides)[0]
    from backtest.config import load_config
    from backtest.config.manifest_config import load_finished

    return load_config(load_finished(path), overrides)


def _is_folder(path: Path) -> bool:
    """Return whether a path is a folder; False if it cannot exist, because its name is too long."""
    return os.path.isdir(path)  # noqa: PTH112 - Path raises for such a name


def _print(comparison: "Comparison", page: Path, folder: Path) -> None:
    from backtest.analysis.tables.crises import covered_partly

    for table in _tables(comparison):
        show(table)
    print_notes(comparison.notes)
    write("*: the best of a row; won: share of windows with the higher compound return")
    if comparison.crises or comparison.falls:
        write("crises and the worst fall: return / drawdown, %")
    if partly_covered := covered_partly(comparison.growth.index):
        names = ", ".join(crisis.name for crisis in partly_covered)
        write(f"crises left out because the dates cover them only in part: {names}")
    echo_if_numbered(page.parent, folder)
    typer.echo(f"comparison: {page.as_posix()}")


def _tables(comparison: "Comparison") -> "Iterator[Table]":
    """Yield tables of all rows, each for as many strategies as fit into the terminal."""
    sections = [[*part(comparison)] for part in (_measures, _shares, _crises, _against_baseline)]
    begin, count = 0, len(comparison.names)
    while begin < count:
        end = begin + 1
        table = _table(comparison, sections, begin, end)
        while end < count and fits(wider := _table(comparison, sections, begin, end + 1)):
            table, end = wider, end + 1
        yield table
        begin = end


def _table(comparison: "Comparison", sections: list[list[tuple[str, ...]]], begin: int, end: int) -> "Table":
    """Return the table of the strategies begin..end - 1."""
    table = new_table(f"{comparison.start:%Y-%m-%d} to\n{comparison.end:%Y-%m-%d}", *comparison.names[begin:end])
    for rows in sections:
        for label, *cells in rows:
            table.add_row(label, *(cell if cell.endswith("*") else f"{cell} " for cell in cells[begin:end]))
        table.add_section()
    return table


def _measures(comparison: "Comparison") -> Iterator[tuple[str, ...]]:
    from backtest.reporting.pages.headline import interval_rows, metric_rows

    summaries = [comparison.summaries[name] for name in comparison.names]
    for metric, cells in metric_rows(summaries, "compared", comparison.own_metrics):
        best = comparison.starred.get(metric.key, ())
        marked = (f"{cell}{'*' if name in best else ''}" for name, cell in zip(comparison.names, cells, strict=True))
        yield metric.terminal_name, *marked
        yield from interval_rows(summaries, metric)


def _shares(comparison: "Comparison") -> Iterator[tuple[str, ...]]:
    from backtest.reporting.format import terminal_percent

    for of in ("capital", "risk"):
        for label, shares in comparison.class_shares(of).dropna(how="all").iterrows():
            yield f"{of}: {label}", *(terminal_percent(value) for value in shares)


def _crises(comparison: "Comparison") -> Iterator[tuple[str, ...]]:
    from backtest.reporting.format import terminal_points

    worst = [(f"worst of {comparison.names[0]}", crisis) for crisis in comparison.falls[:1]]
    for name, crisis in (*((crisis.crisis.name, crisis) for crisis in comparison.crises), *worst):
        outcomes = zip(crisis.returns, crisis.drawdowns, strict=True)
        yield name, *(f"{terminal_points(earned)}/{terminal_points(depth)}" for earned, depth in outcomes)


def _against_baseline(comparison: "Comparison") -> Iterator[tuple[str, ...]]:
    from backtest.reporting.format import terminal_count, terminal_ratio
    from backtest.reporting.pages.chance_words import significant

    baseline, others = comparison.names[0], list(comparison.names[1:])
    differences = comparison.sharpe_differences[comparison.sharpe_differences["name"] == baseline]
    yield f"against {baseline}", *("" for _ in comparison.names)
    yield "  Sharpe difference", "", *(terminal_ratio(-value) for value in differences["difference"])
    needed = (found["sharpe"].years_needed for found in comparison.differences.values())
    yield "  years to tell it", "", *(terminal_count(significant(value)) for value in needed)
    rows: tuple[tuple[str, Iterable[float]], ...] = (
        ("  p, robust", differences["robust_p"]),
        ("  p, Memmel", differences["memmel_p"]),
        ("  p, mean return", [found["mean_return"].p_value for found in comparison.differences.values()]),
        ("  p, volatility", [found["volatility"].p_value for found in comparison.differences.values()]),
        ("  correlation", comparison.correlations[baseline][others]),
        *((f"  won, windows of {years}Y", won[baseline][others]) for years, won in comparison.windows_won.items()),
    )
    for label, values in rows:
        yield label, "", *(terminal_ratio(value) for value in values)
