"""Summary of a result: its metrics and tables as in `summary.json`."""

from collections.abc import Sequence
from typing import Any

from backtest.analysis.break_even_spread.break_even_result import BreakEven
from backtest.analysis.metrics.metric_registry import BY_KEY, SUMMARY, shown_in
from backtest.analysis.metrics.records.benchmark_records import AGAINST_BENCHMARK
from backtest.analysis.metrics.records.metric_record import MetricRecord, Part
from backtest.analysis.metrics.records.run_numbers import RunNumbers
from backtest.analysis.metrics.records.summary_parts import AGAINST
from backtest.analysis.run_record import RunRecord
from backtest.analysis.uncertainty.sharpe_difference import sharpe_difference

OF_EACH_BENCHMARK = ("total_return", "cagr", "volatility", "sharpe", "max_drawdown")
"""Keys of the metrics that a summary has of each of several benchmarks."""


def summarise(result: RunRecord, own: Sequence[MetricRecord] = ()) -> dict[str, Any]:
    """Return all metrics of a result and, under `benchmark`, the metrics of its benchmark and of both together.

    Keys and order follow `metric_registry`; `docs/metrics.md` lists them. Numbers are decimals, and
    rates are per year. An undefined number is NaN, an undefined date None. A run of less than a year has no CAGR,
    Calmar ratio, alpha or costs per year; it has the sums of its costs and turnover instead (`turnover`, `trading_cost`
    and so on).

    Entries with more than one number are nested: `calendar_years` by year; `worst_drawdowns`, at most ten rows of
    `calendar_tables.drawdown_lengths`, deepest first; `crises` that the dates cover completely, each with
    `name`, `start` and `end` of the crisis, `first` and `last` of the dates that count, and `return` and `drawdown`
    between them; `confidence`, an interval [low, high] or None by metric, with the level, draws, seed, and under
    `missing` the reason of each None; under `benchmark`, `differences` with their tests (`differences.Difference`). The
    benchmark covers the same dates, so its crises come in the same order. With several benchmarks, `benchmarks` has by
    name the numbers of `OF_EACH_BENCHMARK`, and the `sharpe_difference` of the run less the benchmark with an interval
    [low, high] or None; see `sharpe_difference.SharpeDifference`. A walk-forward has `walk_forward`; see
    `walk_forward_record.WalkForward`.

    Args:
        result: record of the run.
        own: metrics of the user, which come after the metrics of the package.

    Raises:
        MetricError: a metric of the user fails.
    """
    benchmark = None if result.benchmark is None else RunNumbers(result.benchmark)
    run = RunNumbers(result, benchmark)
    single = (*SUMMARY, *(metric for metric in own if not metric.needs_benchmark))
    summary = _entries(run, single)
    if benchmark is not None:
        related: tuple[MetricRecord | Part, ...] = (
            *AGAINST_BENCHMARK,
            *AGAINST,
            *(metric for metric in own if metric.needs_benchmark),
        )
        summary["benchmark"] = {**_entries(benchmark, single), **_entries(run, related)}
        if result.loan.any():
            summary["break_even"] = _break_even(result.break_even)
    if result.other_benchmarks:
        summary["benchmarks"] = {side.name: _next_to(run, RunNumbers(side)) for side in result.benchmarks}
    if result.walk_forward is not None:
        summary["walk_forward"] = result.walk_forward.summary()
    return summary


def _next_to(run: RunNumbers, benchmark: RunNumbers) -> dict[str, Any]:
    """Return a few numbers of one of several benchmarks, and the run's Sharpe ratio less the benchmark's."""
    tested = sharpe_difference(run.excess, benchmark.excess, run.periods_per_year)
    return {
        **{key: BY_KEY[key].value(benchmark) for key in OF_EACH_BENCHMARK},
        "sharpe_difference": tested.difference,
        "sharpe_difference_interval": None if tested.interval is None else list(tested.interval),
    }


def headline(run: RunNumbers, own: Sequence[MetricRecord] = ()) -> dict[str, float]:
    """Return the numbers of the table in the terminal, decimals, NaN where undefined.

    A run of a year or more has ten: total return, CAGR, volatility, Sharpe ratio, maximum drawdown, gross exposure,
    turnover, and the costs of trading and financing a year. A shorter run has the sums of its turnover and costs too.
    Metrics of the user follow.

    Args:
        run: numbers of the run.
        own: metrics of the user.
    """
    return _entries(run, [metric for metric in shown_in("headline", own) if not metric.needs_benchmark])


def _entries(run: RunNumbers, entries: Sequence[MetricRecord | Part]) -> dict[str, Any]:
    return {
        entry.key: entry.value(run)
        for entry in entries
        if not (isinstance(entry, MetricRecord) and entry.below_a_year and run.whole_year)
    }


def _break_even(solved: BreakEven | None) -> dict[str, Any]:
    """Break-even spreads in basis points: infinite beyond the bounds of the search, None if not computed."""
    if solved is None:
        return dict.fromkeys(("return_bps", "return_interval_bps", "sharpe_bps", "sharpe_interval_bps"))
    spreads: dict[str, Any] = {}
    for name, side in (("return", solved.by_return), ("sharpe", solved.by_sharpe)):
        interval = None if side.interval is None else [1e4 * end for end in side.interval]
        spreads |= {f"{name}_bps": 1e4 * side.spread, f"{name}_interval_bps": interval}
    return spreads
