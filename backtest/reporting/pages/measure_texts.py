"""Metrics as rows of a page: labels, numbers as text, and intervals. Their records are in the metric registry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from backtest.analysis.metrics.metric_registry import BY_KEY, groups_of, shown_in
from backtest.analysis.metrics.records.metric_record import MetricRecord, Place
from backtest.analysis.metrics.summary import OF_EACH_BENCHMARK
from backtest.analysis.uncertainty.confidence import PREDICTED
from backtest.reporting.format import FILTERS, difference, frequency_in_words, interval, is_missing, ratio

CASH = "average_cash_weight"
"""Key of the metric whose label and meaning depend on the kind of financing."""


@dataclass(frozen=True)
class Row:
    """A metric with its numbers as text, and their confidence intervals; None where there is no number."""

    metric: MetricRecord
    strategy: str
    benchmark: str | None
    interval: str | None
    benchmark_interval: str | None


@dataclass(frozen=True)
class Group:
    """Rows under one heading."""

    title: str
    rows: tuple[Row, ...]


def page_groups(
    place: Place, periods_per_year: int, cash: tuple[str, str] | None = None, own: Sequence[MetricRecord] = ()
) -> dict[str, tuple[MetricRecord, ...]]:
    """Return the metrics of a page by heading, with their labels on that page.

    Args:
        place: `tearsheet` or `comparison`.
        periods_per_year: periods per year of the returns, shown in labels that depend on it: `VaR 95%, monthly`.
        cash: label and meaning of the average of 1 - Σ weight, if it is not cash.
        own: metrics of the user.

    Example:
        >>> [metric.label for metric in page_groups("tearsheet", 12)["Risk"]][4:6]
        ['VaR 95%, monthly', 'CVaR 95%, monthly']
    """
    return {
        title: tuple(_label(metric, periods_per_year, cash) for metric in metrics)
        for title, metrics in groups_of(place, own).items()
    }


def headline(
    summary: Mapping[str, Any], cash: tuple[str, str] | None = None, own: Sequence[MetricRecord] = ()
) -> tuple[Group, ...]:
    """Return all groups with at least one row; metrics that neither the run nor its benchmark has are left out.

    Args:
        summary: `BacktestResult.summary()`.
        cash: label and meaning of the average of 1 - Σ weight, if it is not cash.
        own: metrics of the user.
    """
    benchmark = summary.get("benchmark")
    groups = []
    for title, metrics in page_groups("tearsheet", summary["periods_per_year"], cash, own).items():
        if metrics[0].needs_benchmark:
            rows = () if benchmark is None else _rows(metrics, benchmark, None)
        else:
            rows = _rows(metrics, summary, benchmark)
        groups.append(Group(title, rows))
    return tuple(group for group in groups if group.rows)


def benchmark_table(summary: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """Return rows of a label and the numbers of the run and of each of several benchmarks; none for a single one.

    Args:
        summary: `BacktestResult.summary()`.
    """
    benchmarks = summary.get("benchmarks")
    if benchmarks is None:
        return []
    unused = "cagr" if is_missing(summary["cagr"]) else "total_return"
    metrics = [BY_KEY[key] for key in OF_EACH_BENCHMARK if key != unused]
    sides = (summary, *benchmarks.values())
    rows = [(metric.label, [FILTERS[metric.form](side[metric.key]) for side in sides]) for metric in metrics]
    differences = [difference(side["sharpe_difference"]) for side in benchmarks.values()]
    intervals = [side["sharpe_difference_interval"] for side in benchmarks.values()]
    rows.append(("Difference of Sharpe ratios", ["", *differences]))
    rows.append(("its interval", ["", *("" if ends is None else " to ".join(map(ratio, ends)) for ends in intervals)]))
    return rows


def cards(groups: tuple[Group, ...], *, whole_year: bool) -> tuple[Row, ...]:
    """Return the rows that open the page.

    A run of at least a year shows its CAGR, a shorter run its total return.
    """
    rows = {row.metric.key: row for group in groups for row in group.rows}
    rows.pop("total_return" if whole_year else "cagr", None)
    return tuple(rows[metric.key] for metric in shown_in("card") if metric.key in rows)


def _label(metric: MetricRecord, periods_per_year: int, cash: tuple[str, str] | None) -> MetricRecord:
    if metric.key == CASH and cash is not None:
        return replace(metric, label=cash[0], meaning=cash[1])
    if metric.of_one_period:
        return replace(metric, label=f"{metric.label}, {frequency_in_words(periods_per_year)}")
    return metric


def _rows(
    metrics: tuple[MetricRecord, ...], summary: Mapping[str, Any], benchmark: Mapping[str, Any] | None
) -> tuple[Row, ...]:
    rows = []
    for metric in metrics:
        write = FILTERS[metric.form]
        values = [side.get(metric.key) for side in (summary, benchmark) if side is not None]
        if any(_is_shown(value, metric) for value in values):
            other = None if benchmark is None else write(benchmark.get(metric.key))
            intervals = [interval_of(side, metric) for side in (summary, benchmark)]
            rows.append(Row(metric, write(summary.get(metric.key)), other, *intervals))
    return tuple(rows)


def interval_of(side: Mapping[str, Any] | None, metric: MetricRecord) -> str | None:
    """Return the interval of a metric in a summary as text; None without one."""
    confidence = (side or {}).get("confidence", {})
    ends = confidence.get(metric.key)
    if ends is None:
        return None
    text = interval(ends, metric.form, confidence["decimals"][metric.key])
    return f"{text} predicted" if metric.key == PREDICTED else text


def _is_shown(value: Any, metric: MetricRecord) -> bool:
    return not is_missing(value) and not (metric.if_any and value == 0)
