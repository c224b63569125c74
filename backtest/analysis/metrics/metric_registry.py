"""Registry of metrics: every number of a summary, in the order of `summary.json`, and views of it by place.

To add a metric, append its record, with its function, to a family in `records/`. The summary, both pages, the terminal,
the marks of the best and `docs/metrics.md` follow from the record, and a test asks for its check by the oracle.
"""

from collections.abc import Mapping, Sequence
from typing import get_args

from backtest.analysis.metrics.records.benchmark_records import AGAINST_BENCHMARK
from backtest.analysis.metrics.records.holding_records import HOLDINGS
from backtest.analysis.metrics.records.metric_record import Better, Group, MetricRecord, Part, Place
from backtest.analysis.metrics.records.performance_records import PERFORMANCE
from backtest.analysis.metrics.records.risk_records import EVENTS, RISK
from backtest.analysis.metrics.records.summary_parts import RUN, TABLES

SUMMARY: tuple[MetricRecord | Part, ...] = (*RUN, *PERFORMANCE, *HOLDINGS, *RISK, *EVENTS, *TABLES)
"""Entries of the summary of a run, and of its benchmark, in their order."""

METRICS: tuple[MetricRecord, ...] = (
    *(entry for entry in SUMMARY if isinstance(entry, MetricRecord)),
    *AGAINST_BENCHMARK,
)
"""All metrics; those against the benchmark come last."""

BY_KEY: Mapping[str, MetricRecord] = {metric.key: metric for metric in METRICS}

BETTER: Mapping[str, Better] = {metric.key: metric.better for metric in METRICS if metric.better is not None}
"""Preferred direction by metric, for metrics that have one."""


def shown_in(place: Place, own: Sequence[MetricRecord] = ()) -> tuple[MetricRecord, ...]:
    """Return the metrics that a place shows, in the order of the summary.

    Args:
        place: the place.
        own: metrics of the user, which come last.

    >>> [metric.key for metric in shown_in("card")][:3]
    ['total_return', 'cagr', 'real_cagr']
    """
    return tuple(metric for metric in (*METRICS, *own) if place in metric.shown)


def groups_of(place: Place, own: Sequence[MetricRecord] = ()) -> dict[Group, tuple[MetricRecord, ...]]:
    """Return the metrics that a page shows by heading, in the order of the page; without empty groups.

    Args:
        place: the page.
        own: metrics of the user, which come last in their groups.

    >>> [metric.key for metric in groups_of("tearsheet")["Return"]][:4]
    ['cagr', 'gross_cagr', 'real_cagr', 'total_return']
    """
    shown = shown_in(place, own)
    groups = {group: _place([metric for metric in shown if metric.group == group]) for group in get_args(Group)}
    return {group: metrics for group, metrics in groups.items() if metrics}


def _place(metrics: list[MetricRecord]) -> tuple[MetricRecord, ...]:
    """Move each metric with `listed_below` to the place below that metric."""
    listed = [metric for metric in metrics if not metric.listed_below]
    for metric in metrics:
        if metric.listed_below:
            above = [other.key for other in listed].index(metric.listed_below)
            listed.insert(above + 1, metric)
    return tuple(listed)
