"""Tables with a column, or a row and a column, for each of several results over the same dates."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from backtest.analysis.metrics.ex_ante import UNCLASSIFIED
from backtest.analysis.metrics.metric_registry import BETTER, METRICS
from backtest.analysis.metrics.performance import correlation
from backtest.analysis.metrics.records.metric_record import Better, MetricRecord
from backtest.analysis.run_record import RunRecord
from backtest.analysis.uncertainty.sharpe_difference import holm, sharpe_difference

Shares = Literal["capital", "risk", "realised_risk"]

_SAME = 1e-9  # relative difference below which numbers tie


def metrics_of(summaries: Mapping[str, Mapping[str, Any]], own: Sequence[MetricRecord] = ()) -> pd.DataFrame:
    """Return the metrics that are in any of the summaries, in the order of the registry.

    Args:
        summaries: `BacktestResult.summary()` by name of the result.
        own: metrics of the user, which come last.

    Returns:
        (m, k) by key of the metric and name of the result; NaN where a metric is not defined.

    Example:
        >>> metrics_of({"a": {"name": "a", "sharpe": 0.5}, "b": {"name": "b", "sharpe": 0.7}})
                  a    b
        sharpe  0.5  0.7
    """
    keys = [metric.key for metric in (*METRICS, *own) if any(metric.key in summary for summary in summaries.values())]
    columns = {name: [float(summary.get(key, np.nan)) for key in keys] for name, summary in summaries.items()}
    return pd.DataFrame(columns, index=keys)


def best_of(metrics: pd.DataFrame, better: Mapping[str, Better] = BETTER) -> dict[str, tuple[str, ...]]:
    """Return the names of the columns with the best of each metric.

    Several columns may tie. There is no best if all numbers are equal, or if the metric has no preferred direction.

    Args:
        metrics: table of `metrics_of`; NaN is never best.
        better: preferred direction by metric.

    Example:
        >>> best_of(pd.DataFrame({"a": [0.5, 0.1], "b": [0.7, 0.1]}, index=["sharpe", "volatility"]))
        {'sharpe': ('b',), 'volatility': ()}
    """
    return {str(key): _best(row, better.get(str(key))) for key, row in metrics.iterrows()}


def _best(row: pd.Series, better: Better | None) -> tuple[str, ...]:
    values = row.dropna().to_numpy()
    if better is None or not len(values):
        return ()
    rounding = _SAME * float(np.abs(values).max())
    if float(np.ptp(values)) <= rounding:
        return ()
    merit = -row if better == "lower" else -(row - 1).abs() if better == "nearest 1" else row
    return tuple(row.index[merit >= merit.max() - rounding])


def correlations_of(results: Sequence[RunRecord]) -> pd.DataFrame:
    """Return the (k, k) correlations of returns per period: 1 on the diagonal, NaN where a return does not vary.

    Example:
        >>> import backtest as bt
        >>> result = bt.run("configs/60_40.yaml")
        >>> correlations_of([result]).round(6).to_numpy().tolist()
        [[1.0]]
    """
    returns = [result.returns.to_numpy() for result in results]
    names = [result.name for result in results]
    values = [[correlation(row, other) for other in returns] for row in returns]
    return pd.DataFrame(values, index=names, columns=names)


def class_shares(summaries: Mapping[str, Mapping[str, Any]], of: Shares) -> pd.DataFrame:
    """Return the average share of each asset class in the capital or in the risk of each result.

    Shares of capital and of ex-ante risk are averages over the same rebalance dates, see `holdings.capital_and_risk`;
    shares of realised risk cover the whole span. A result without classes has one class, `unclassified`.

    Args:
        summaries: `BacktestResult.summary()` by name of the result.
        of: quantity that is shared.

    Returns:
        (c, k) fractions by class, in order of appearance, and result; 0 for a class that a result does not hold, NaN
        if a result has no shares, such as risk shares without a covariance.

    Example:
        >>> import backtest as bt
        >>> summaries = {"erc": bt.run("configs/erc.yaml").summary()}
        >>> class_shares(summaries, "capital")["erc"].round(2).to_dict()
        {'equities': 0.24, 'bonds': 0.45, 'commodities': 0.32}
    """
    by_result = {}
    for name, summary in summaries.items():
        classes = summary[f"class_{of}_shares"]
        by_result[name] = classes or {UNCLASSIFIED: sum(summary[f"{of}_shares"].values())}
    every = dict.fromkeys(label for shares in by_result.values() for label in shares)
    columns = {
        name: [shares.get(label, sum(shares.values()) * 0.0) for label in every] for name, shares in by_result.items()
    }
    return pd.DataFrame(columns, index=[*every])


def sharpe_differences_of(results: Sequence[RunRecord]) -> pd.DataFrame:
    """Return the differences of annualised Sharpe ratios of all pairs, with two tests of each.

    Returns:
        (k (k - 1) / 2, 8), columns `name`, `other`, `difference` (the first less the second), `memmel_error`,
        `memmel_p`, `robust_error`, `robust_p` (standard errors and p-values of `sharpe_difference`), and `holm_p` (the
        robust p-values, corrected for the number of pairs).

    Example:
        >>> import backtest as bt
        >>> result = bt.run("configs/erc.yaml")
        >>> sharpe_differences_of([result, result.benchmark])[["difference", "robust_p"]].round(2).values.tolist()
        [[0.11, 0.63]]
    """
    rows = []
    for i, result in enumerate(results):
        for other in results[i + 1 :]:
            tested = sharpe_difference(
                result.excess_returns.to_numpy(), other.excess_returns.to_numpy(), result.periods_per_year
            )
            tests = [value for test in (tested.memmel, tested.robust) for value in (test.standard_error, test.p_value)]
            rows.append((result.name, other.name, tested.difference, *tests))
    columns = ["name", "other", "difference", "memmel_error", "memmel_p", "robust_error", "robust_p"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(holm_p=holm(table["robust_p"].to_numpy(dtype=float)))


def trailing_returns(navs: pd.DataFrame, periods_per_year: int, years: Sequence[int] = (3, 5, 10)) -> pd.DataFrame:
    """Return the compound return a year of each NAV over the last years, for lengths that are shorter than the dates.

    Args:
        navs: (P, k) currency.
        periods_per_year: periods per year of the dates.
        years: lengths in years.

    Returns:
        (k, n) decimals a year by name and length in years; n is the number of lengths that fit.

    Example:
        >>> dates = pd.date_range("2016-12-31", periods=5, freq="YE")
        >>> trailing_returns(pd.DataFrame({"a": [1.0, 1.0, 1.1, 1.21, 1.331]}, index=dates), 1).round(4)
             3
        a  0.1
    """
    lengths = [length for length in years if length * periods_per_year < len(navs) - 1]
    last = navs.iloc[-1]
    returns = {n: (last / navs.iloc[-1 - n * periods_per_year]) ** (1 / n) - 1 for n in lengths}
    return pd.DataFrame(returns, index=navs.columns)


def windows_won(navs: pd.DataFrame, window: int) -> pd.DataFrame:
    """Return the share of all windows in which the compound return of one NAV exceeds the compound return of another.

    Windows overlap, so there are far fewer independent windows than windows.

    Args:
        navs: (P, k) currency, above 0 except possibly on the last date.
        window: length in periods, 1 or more.

    Returns:
        (k, k) share of windows in which the row beats the column; NaN on the diagonal. The two shares of a pair add up
        to 1 less the share of windows with equal returns, which neither wins. All NaN if P - 1 < window.

    Example:
        >>> dates = pd.date_range("2020-01-31", periods=3, freq="ME")
        >>> windows_won(pd.DataFrame({"a": [1.0, 1.1, 1.0], "b": [1.0, 1.0, 1.05]}, index=dates), 1)
             a    b
        a  NaN  0.5
        b  0.5  NaN
    """
    if window < 1:
        raise ValueError(f"window: {window}; expected 1 period or more")
    values = navs.to_numpy()
    growth = values[window:] / values[:-window]
    shares = np.full((values.shape[1],) * 2, np.nan)
    if len(growth):
        shares = np.asarray((growth[:, :, None] > growth[:, None, :]).mean(axis=0))
        np.fill_diagonal(shares, np.nan)
    return pd.DataFrame(shares, index=navs.columns, columns=navs.columns)
