"""Headline tables: metrics as text, in the terminal, in notebooks and in the README."""

from collections.abc import Mapping, Sequence
from typing import Any

from backtest.analysis.metrics.metric_registry import shown_in
from backtest.analysis.metrics.records.metric_record import MetricRecord, Place
from backtest.analysis.uncertainty.bootstrap import LEVEL
from backtest.analysis.uncertainty.confidence import PREDICTED
from backtest.reporting.format import TERMINAL, interval, is_missing


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

    A metric with intervals has them in the row below.

    >>> rows_of([{"cagr": 0.0836}, {"cagr": 0.0902, "sharpe": 0.6}])
    [('CAGR', '8.36 %', '9.02 %'), ('Sharpe ratio', '-', '0.60')]
    """
    rows = []
    for metric, cells in metric_rows(summaries, "headline", own):
        rows += [(metric.terminal_name, *cells), *interval_rows(summaries, metric)]
    return rows


def interval_rows(summaries: Sequence[Mapping[str, Any]], metric: MetricRecord) -> list[tuple[str, ...]]:
    """Return one row with the metric's interval in each summary, `-` without one; no row if no summary has one.

    >>> from backtest.analysis.metrics.metric_registry import BY_KEY
    >>> interval_rows([{"confidence": {"cagr": [0.0583, 0.1085], "decimals": {"cagr": 3}}}, {}], BY_KEY["cagr"])
    [('  95% interval, %', '5.8..10.8', '-')]
    """
    found = [summary.get("confidence", {}) for summary in summaries]
    if all(one.get(metric.key) is None for one in found):
        return []
    kind = "prediction" if metric.key == PREDICTED else "interval"
    label = f"  {LEVEL:.0%} {kind}{', %' if metric.form == 'percent' else ''}"
    return [(label, *(_interval(one, metric) for one in found))]


def _interval(confidence: Mapping[str, Any], metric: MetricRecord) -> str:
    """Return an interval in plain characters and without its unit, short enough for a column."""
    ends = confidence.get(metric.key)
    if ends is None:
        return "-"
    text = interval(ends, metric.form, confidence["decimals"][metric.key])
    return text.replace("%", "").replace("\u2212", "-").replace(" to ", "..")


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
