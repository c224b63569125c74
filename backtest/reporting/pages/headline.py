"""Headline tables: metrics as text, in the terminal, in notebooks and in the README."""

from collections.abc import Mapping, Sequence
from typing import Any

from backtest.analysis.metrics.metric_registry import shown_in
from backtest.analysis.metrics.records.metric_record import MetricRecord, Place
from backtest.reporting.format import TERMINAL, is_missing


def headline_rows(summary: Mapping[str, Any], own: Sequence[MetricRecord] = ()) -> list[tuple[str, ...]]:
    """Return each metric's label, the strategy's number and, if there is a benchmark, the benchmark's number.

    Args:
        summary: `BacktestResult.summary()`.
        own: metrics of the user.

    >>> headline_rows({"cagr": 0.0836, "sharpe": float("nan")})
    [('CAGR', '8.36 %')]
    """
    return rows_of([summary, *([summary["benchmark"]] if "benchmark" in summary else [])], own)


def rows_of(summaries: Sequence[Mapping[str, Any]], own: Sequence[MetricRecord] = ()) -> list[tuple[str, ...]]:
    """Return the label of each headline metric and its number in each summary, without rows that have no number.

    >>> rows_of([{"cagr": 0.0836}, {"cagr": 0.0902, "sharpe": 0.6}])
    [('CAGR', '8.36 %', '9.02 %'), ('Sharpe ratio', '-', '0.60')]
    """
    return [(metric.terminal_name, *cells) for metric, cells in metric_rows(summaries, "headline", own)]


def metric_rows(
    summaries: Sequence[Mapping[str, Any]], place: Place, own: Sequence[MetricRecord] = ()
) -> list[tuple[MetricRecord, list[str]]]:
    """Return the metrics that a table of the terminal shows, each with its number in each summary, `-` without one.

    The total return is shown only if there is no CAGR, because the run is shorter than a year.

    Args:
        summaries: `BacktestResult.summary()` of each column.
        place: `headline` or `compared`.
        own: metrics of the user.
    """
    a_year = any(not is_missing(summary.get("cagr")) for summary in summaries)
    rows = []
    for metric in shown_in(place, own):
        values = [summary.get(metric.key) for summary in summaries]
        defined = [value for value in values if not is_missing(value)]
        if not defined or (metric.if_any and not any(defined)) or (a_year and metric.key == "total_return"):
            continue
        rows.append((metric, [TERMINAL[metric.form](value) for value in values]))
    return rows
