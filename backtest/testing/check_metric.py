"""`check_metric`: conformance suite of a metric."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import pandas as pd

from backtest.analysis.metrics.records.run_numbers import RunNumbers
from backtest.analysis.own_metric import Metric, find_metric
from backtest.analysis.result import BacktestResult
from backtest.errors import BrokenRule
from backtest.testing.check_strategy import synthetic_market
from backtest.testing.rules import check_rules, instance_of
from backtest.testing.same_pickled import pickles

_MONTHS = 8  # of a run of less than a year


def check_metric(metric: type[Metric] | Metric, result: BacktestResult | None = None) -> None:
    """Check that a metric follows the rules of all metrics, on a result, its benchmark and its first months.

    Its value is a number, NaN if it is not defined; the same result has the same value; a result stays as it is; the
    class has a docstring and attributes that pages can show, and the object can be pickled.

    Args:
        metric: the class, or an object.
        result: result to measure; by default a run of ten synthetic years of months with a benchmark.

    Raises:
        BrokenRule: a rule is broken; the message names it.

    Example:
        >>> class BestPeriod(Metric):
        ...     '''Largest return of a single period.'''
        ...     def value(self, result):
        ...         return result.returns.max()
        >>> check_metric(BestPeriod)
        >>> class Grows(BestPeriod):
        ...     '''Largest NAV, in a result that this changes.'''
        ...     def value(self, result):
        ...         result.nav.iloc[-1] += 1
        ...         return result.nav.max()
        >>> check_metric(Grows)  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        backtest.errors.BrokenRule: Grows: it changes nav of the result; ... Rule: ...same_result_same_value
    """
    checked = instance_of(metric, Metric)
    whole = _synthetic_result() if result is None else result
    results = [whole, whole.until(whole.nav.index[: _MONTHS + 1][-1])]
    check_rules((*METRIC_RULES, pickles), checked, results)


def pages_can_show_it(metric: Metric, results: list[BacktestResult]) -> None:  # noqa: ARG001 - same for all rules
    """The class has a docstring, and a form, a group and a direction that exist."""
    find_metric(metric, Path())


def same_result_same_value(metric: Metric, results: list[BacktestResult]) -> None:
    """The value of each result is a number and the same in reverse order, and the result stays as it is."""
    sides = [side for result in results for side in (result, result.benchmark) if side is not None]
    if metric.group == "Against the benchmark":
        sides = [side for side in sides if side.benchmark is not None]
    before = [{name: table.copy() for name, table in _tables(side).items()} for side in sides]
    first = [repr(metric.checked_value(RunNumbers(side))) for side in sides]
    again = [repr(metric.checked_value(RunNumbers(side))) for side in reversed(sides)][::-1]
    for side, tables in zip(sides, before, strict=True):
        changed = [name for name, table in _tables(side).items() if not table.equals(tables[name])]
        if changed:
            raise BrokenRule(f"it changes {changed[0]} of the result; expected a copy, such as result.nav.copy()")
    if first != again:
        raise BrokenRule(
            "the same result has another value when it is asked again; expected no chance, clock or memory"
        )


METRIC_RULES = pages_can_show_it, same_result_same_value


def _tables(result: BacktestResult) -> dict[str, Any]:
    """Return the tables of a result."""
    names = ("returns", "excess_returns", *(field.name for field in fields(result)))
    found = {name: getattr(result, name) for name in names}
    return {name: value for name, value in found.items() if isinstance(value, pd.Series | pd.DataFrame)}


def _synthetic_result() -> BacktestResult:
    from backtest.runs.pipeline import run

    return run({"strategy": "inverse_volatility", "benchmark": "equal_weight"}, market=synthetic_market())
