"""Files of a report, put into place in one step."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from backtest.analysis.attribution.return_attribution import attribution_by_year
from backtest.analysis.attribution.sleeve_attribution import sleeve_contributions, sleeve_risk
from backtest.analysis.metrics.forecasts import volatility_forecasts
from backtest.analysis.orders.order_list import orders_of_run
from backtest.analysis.result import BacktestResult
from backtest.analysis.uncertainty.bootstrap import SEED
from backtest.reporting.files.manifest import (
    MADE_BY,
    MANIFEST,
    checksums,
    environment,
    plain_json,
    versions,
    written_on,
)
from backtest.reporting.files.manifest_paths import manifest_from_report
from backtest.reporting.files.printed_page import find_browser, print_page
from backtest.reporting.files.report_folder import check_same_settings, replacing
from backtest.reporting.files.shelf_entry import SECTION, run_entry
from backtest.reporting.files.table_files import PARQUET_ABOVE, table_file
from backtest.reporting.files.workbook import WORKBOOK, check_workbook, write_workbook
from backtest.trials.tried_rules import Tried, record_trials, tried_rules


def write_report(
    result: BacktestResult,
    folder: str | Path,
    *,
    quantstats: bool = False,
    xlsx: bool = False,
    pdf: bool = False,
    replace: bool = False,
    command: str = "",
    on_step: Callable[[str], None] = lambda _: None,
) -> Path:
    """Write every file of a report into a folder, in place of an earlier report of the same settings.

    The files are written to a temporary folder next to it, which is then renamed in one step. A run that is interrupted
    therefore leaves an earlier report intact. The same result gives the same bytes of CSV and JSON; only the manifest
    has the time of writing, under `environment`. The run is added to the ledger of trials of its project, and the page
    says how many rules were tried.

    Args:
        result: result of a run.
        folder: folder of the files; missing parents are created.
        quantstats: also write the classic quantstats page.
        xlsx: also write the tables as one workbook, `tables.xlsx`.
        pdf: also print the tearsheet with the browser of this machine, as `tearsheet.pdf`.
        replace: replace a report of other settings too.
        command: command that repeats the run, for the tearsheet.
        on_step: called with the name of each step as it begins.

    Returns:
        The path of the tearsheet.

    Raises:
        ReportError: the folder cannot be written, or holds files that are not a report, or other settings' report; or
            XlsxWriter or a browser is not installed.
    """
    folder = Path(folder)
    if not replace:
        check_same_settings(folder, result.settings)
    if xlsx:
        check_workbook()
    if pdf:
        find_browser()
    with replacing(folder) as temporary:
        _write_files(result, temporary, quantstats=quantstats, xlsx=xlsx, pdf=pdf, command=command, on_step=on_step)
    return folder / "tearsheet.html"


def _write_files(
    result: BacktestResult,
    folder: Path,
    *,
    quantstats: bool,
    xlsx: bool,
    pdf: bool,
    command: str,
    on_step: Callable[[str], None],
) -> None:
    from backtest.reporting.figures.figure_files import write_pictures
    from backtest.reporting.figures.run_figures import render_all
    from backtest.reporting.pages.tearsheet import render_tearsheet

    on_step("figures")
    made_with, around = versions(), environment()
    figures = write_pictures(render_all(result), folder / "figures")
    on_step("files")
    contents = contents_of(result)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    if xlsx:
        write_workbook(tables(result), folder / WORKBOOK)
    page = render_tearsheet(
        result,
        figures,
        command=command,
        versions=made_with,
        data_files=[*contents, *([WORKBOOK] if xlsx else []), MANIFEST],
        written=written_on(around),
        quantstats=quantstats,
        tried=_tried(result),
    )
    (folder / "tearsheet.html").write_text(page, encoding="utf-8", newline="\n")
    if pdf:
        print_page(folder / "tearsheet.html")
    if quantstats:
        on_step("quantstats")
        from backtest.reporting.pages.quantstats_page import write_quantstats

        write_quantstats(result, folder / "quantstats.html")
    write_manifest(folder, manifest_of_result(result, made_with, around))


def _tried(result: BacktestResult) -> Tried:
    record_trials([result])
    return tried_rules([result])[0]


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Write the manifest of a finished report, with the SHA-256 of each of its files."""
    (folder / MANIFEST).write_bytes(json_bytes({**manifest_from_report(manifest, folder), "files": checksums(folder)}))


def contents_of(result: BacktestResult) -> dict[str, bytes]:
    """Return the tables of a report and `summary.json` by name of the file; the same result gives the same bytes."""
    files = [table_file(name, table) for name, table in tables(result).items()]
    return {**dict(files), "summary.json": json_bytes(result.summary())}


def tables(result: BacktestResult) -> dict[str, pd.DataFrame]:
    """Return the tables of a report by file name, without `.csv`."""
    navs = {"strategy": result.nav}
    returns = {"strategy": result.returns}
    if result.benchmark is not None:
        navs["benchmark"] = result.benchmark.nav
        returns["benchmark"] = result.benchmark.returns
    orders = orders_of_run(result)
    sleeves, walked = {}, result.walk_forward
    if result.sleeve_weights is not None:
        sleeves = {"sleeves": sleeve_contributions(result), "sleeve_risk_contributions": sleeve_risk(result)}
    return {
        "returns": pd.DataFrame(returns),
        "nav": pd.DataFrame(navs),
        "weights": result.weights,
        "target_weights": result.target_weights,
        "trades": pd.concat([result.trades, result.trade_terms["reason"]], axis=1),
        "costs": result.costs,
        "contributions": result.contributions,
        "attribution": attribution_by_year(result),
        "risk_contributions": result.risk_contributions,
        "realised_risk_contributions": result.realised_risk,
        "forecast_volatility": volatility_forecasts(result),
        **({} if orders is None else {"orders": orders.by_date()}),
        **sleeves,
        **({} if walked is None else {"walk_forward": walked.choices, "walk_forward_candidates": walked.candidates}),
    }


def json_bytes(value: Mapping[str, Any]) -> bytes:
    """Return JSON that ends in a newline; see `plain_json`."""
    return (json.dumps(plain_json(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def manifest_of_result(
    result: BacktestResult, made_with: Mapping[str, str], around: Mapping[str, str | None]
) -> dict[str, Any]:
    """Return the manifest of a run, without the checksums of its files.

    Args:
        result: result of the run.
        made_with: result of `manifest.versions`.
        around: result of `manifest.environment`.
    """
    benchmark = result.benchmark
    return {
        "made_by": MADE_BY,
        SECTION: run_entry(result),
        "config": result.settings,
        "config_file": result.config_file,
        "benchmark_config_file": None if benchmark is None else benchmark.config_file,
        "overrides": result.overrides,
        "data_sha256": result.data_sha256,
        "benchmark_data_sha256": None if benchmark is None else benchmark.data_sha256,
        "series_sha256": result.series_sha256,
        "benchmark_series_sha256": {} if benchmark is None else benchmark.series_sha256,
        "own_code": result.own_code,
        "benchmark_own_code": {} if benchmark is None else benchmark.own_code,
        "strategy_files": result.strategy_files,
        "benchmark_strategy_files": {} if benchmark is None else benchmark.strategy_files,
        **(
            {"other_benchmarks": [_recorded(other) for other in result.other_benchmarks]}
            if result.other_benchmarks
            else {}
        ),
        "versions": made_with,
        "seed": SEED,  # seed of the bootstraps, the only use of random numbers
        "parquet_above_cells": PARQUET_ABOVE,
        "notes": result.notes,
        "data": [asdict(origin) for origin in result.origins],
        "data_warnings": result.warnings,
        "environment": around,
    }


def _recorded(benchmark: BacktestResult) -> dict[str, Any]:
    """Return what a manifest records of another benchmark next to its settings."""
    return {
        "name": benchmark.name,
        "config_file": benchmark.config_file,
        "data_sha256": benchmark.data_sha256,
        "series_sha256": benchmark.series_sha256,
        "own_code": benchmark.own_code,
        "strategy_files": benchmark.strategy_files,
    }
