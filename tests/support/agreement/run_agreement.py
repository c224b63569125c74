"""Agreement of a result with the oracle's path: each table, each number of the summary, and the comparison."""

from collections.abc import Mapping, Sequence
from math import prod, sqrt
from typing import Any

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from support.agreement.checked_metrics import AGAINST_BENCHMARK, BELOW_A_YEAR, OF_A_RUN
from support.agreement.run_case import Case
from support.oracle import oracle


def agree(result: bt.BacktestResult, case: Case, path: oracle.OraclePath, begin: int, accuracy: float) -> None:
    """Assert that a result equals the oracle's path: all tables, and all numbers of the summary."""
    assert [day.date() for day in result.nav.index] == path.dates
    scale = max(1.0, *(sum(abs(w) for w in weights.values()) for weights in path.weights))
    np.testing.assert_allclose(result.nav, path.nav, rtol=accuracy * scale, atol=1e-15)

    def near(got: pd.Series, expected: Sequence[float], name: str) -> None:
        np.testing.assert_allclose(got, expected, rtol=0, atol=accuracy * scale * max(path.nav), err_msg=name)

    rows = [[weights.get(name, 0.0) for name in case.assets] for weights in path.weights]
    np.testing.assert_allclose(result.weights, rows, rtol=accuracy * scale, atol=accuracy * scale)
    decided = {row: target for row, target in case.decisions(begin).items() if row < path.start + len(path.dates)}
    expected = pd.DataFrame(decided, index=case.assets).T.fillna(0.0)
    assert [day.date() for day in result.target_weights.index] == [case.dates[row] for row in decided]
    np.testing.assert_allclose(result.target_weights, expected, rtol=0, atol=accuracy * scale)
    trades = [[trade.get(name, 0.0) for name in case.assets] for trade in path.trades]
    assert [day.date() for day in result.trades.index] == [path.dates[t] for t in path.trade_rows]
    np.testing.assert_allclose(result.trades, trades, rtol=0, atol=accuracy * scale)
    for name in ("trading", "financing", "borrow", "fees"):
        near(result.costs[name], getattr(path, name), name)
    near(result.loan, path.loan, "loan")
    near(result.financing_drag, path.financing_drag, "drag")
    for name in case.assets:
        near(result.contributions[name], path.asset_pnl[name], name)
    near(result.contributions["cash_interest"], path.cash_interest, "interest")
    agree_on_risk(result, case, decided, accuracy * scale)
    agree_on_numbers(result.summary(), case, path, accuracy * scale)


def agree_on_risk(
    result: bt.BacktestResult, case: Case, decided: Mapping[int, Mapping[str, float]], accuracy: float
) -> None:
    """Assert ex-ante risk contributions: one row for each decision whose assets all have a full window."""
    expected: dict[pd.Timestamp, dict[str, float]] = {}
    for row, target in decided.items():
        held = {name: weight for name, weight in target.items() if weight != 0}
        full = row + 1 - case.window >= 0 and all(
            values[case.assets.index(name)] is not None
            for values in case.excess[row + 1 - case.window : row + 1]
            for name in held
        )
        if held and full:
            covariance = case.covariance(row, list(held))
            weights = list(held.values())
            total = sqrt(case.periods_per_year * oracle.portfolio_variance(weights, covariance))
            shares = oracle.risk_shares(weights, covariance)
            parts = {name: total * share for name, share in zip(held, shares, strict=True)}
            expected[pd.Timestamp(case.dates[row])] = {name: parts.get(name, 0.0) for name in case.assets}
    assert list(result.risk_contributions.index) == list(expected)
    rows = [list(parts.values()) for parts in expected.values()]
    np.testing.assert_allclose(
        result.risk_contributions,
        np.reshape(rows, (len(rows), -1) if rows else (0, len(case.assets))),
        rtol=0,
        atol=10 * accuracy,
    )


def too_little_for(path: oracle.OraclePath, periods: int) -> set[str]:
    """Return the numbers that are not defined for a path of few periods, or of less than a year."""
    first, last = path.dates[0], path.dates[-1]
    whole_year = (last.year - first.year, last.month, last.day) >= (1, first.month, first.day)
    rates = {"cagr", "cash_cagr", "calmar", "alpha", "turnover_per_year", "trading_cost_per_year"}
    rates |= {"financing_cost_per_year", "financing_drag_per_year", "borrow_cost_per_year", "fees_per_year"}
    needed = {"sortino": 2, "var_95": 2, "cvar_95": 2, "skew": 3, "beta": 3, "alpha": 3, "correlation": 3}
    needed |= {"excess_kurtosis": 4}
    return (set() if whole_year else rates) | {name for name, least in needed.items() if periods < least}


def agree_on_numbers(summary: Mapping[str, Any], case: Case, path: oracle.OraclePath, accuracy: float) -> None:
    """Assert the summary, with room for the rounding of sums of squares, cubes and differences of NAV ratios.

    A return is a ratio of NAVs less one: an error of 1e-13 of NAV is an error of 1e-11 of a daily return of 1 %, and
    a Sharpe ratio or a moment of a hundred returns is accurate to a few times that.
    """
    cash = case.cash[path.start :]
    nav, periods = path.nav, case.periods_per_year
    depth, peak, trough = oracle.max_drawdown(nav, path.dates)
    borrowed = max(path.loan) > 1e-12  # weights that add up to one but for rounding borrow nothing worth a rate
    growth = oracle.cagr(nav, path.dates)
    gross = [sum(abs(w) for w in weights.values()) for weights in path.weights]
    expected = {
        "total_return": oracle.total_return(nav),
        "cagr": growth,
        "cash_cagr": oracle.cagr([1.0, prod(1 + earned for earned in cash[1:])], [path.dates[0], path.dates[-1]]),
        "volatility": oracle.volatility(nav, periods),
        "sharpe": oracle.sharpe(nav, cash, periods),
        "sortino": oracle.sortino(nav, cash, periods),
        "calmar": growth / -depth if depth < 0 else np.nan,
        "max_drawdown": depth,
        "skew": oracle.skew(nav),
        "excess_kurtosis": oracle.excess_kurtosis(nav),
        "var_95": oracle.var_95(nav),
        "cvar_95": oracle.cvar_95(nav),
        "average_gross_exposure": sum(gross) / len(gross),
        "max_gross_exposure": max(gross),
        "average_cash_weight": 1 - sum(sum(weights.values()) for weights in path.weights) / len(gross),
        "turnover_per_year": oracle.turnover_per_year(path),
        "trading_cost_per_year": oracle.trading_cost_per_year(path),
        "financing_cost_per_year": oracle.financing_cost_per_year(path),
        "financing_drag_per_year": oracle.financing_drag_per_year(path),
        "borrow_cost_per_year": oracle.borrow_cost_per_year(path),
        "fees_per_year": oracle.fees_per_year(path),
        "average_financing_rate": oracle.average_financing_rate(path) if borrowed else None,
    }
    assert set(expected) == OF_A_RUN
    too_little = too_little_for(path, periods=len(nav) - 1)
    if "cagr" in too_little:
        for name in BELOW_A_YEAR:  # sums instead of rates
            expected[name] = path.years * (expected[f"{name}_per_year"] or 0.0)
    for name, value in expected.items():
        wanted = np.nan if value is None or name in too_little else value
        assert summary[name] == pytest.approx(wanted, rel=2000 * accuracy, abs=100 * accuracy, nan_ok=True), name
    assert (summary["start"], summary["end"]) == (path.dates[0].isoformat(), path.dates[-1].isoformat())
    assert summary["periods"] == len(nav) - 1
    assert summary["periods_per_year"] == periods
    if peak is not None and trough is not None:
        assert (summary["max_drawdown_start"], summary["max_drawdown_end"]) == (peak.isoformat(), trough.isoformat())


def agree_on_comparison(
    summary: Mapping[str, Any], case: Case, path: oracle.OraclePath, other: oracle.OraclePath
) -> None:
    """Assert the numbers that compare a run with its benchmark, defined in docs/conventions/measures.md."""
    cash = case.cash[path.start + 1 : path.start + len(path.nav)]
    mine, its, periods = path.returns, other.returns, case.periods_per_year
    excess = [r - c for r, c in zip(mine, cash, strict=True)]
    its_excess = [r - c for r, c in zip(its, cash, strict=True)]
    n = len(mine)
    mean, its_mean = sum(excess) / n, sum(its_excess) / n
    covariance = sum((a - mean) * (b - its_mean) for a, b in zip(excess, its_excess, strict=True))
    beta = covariance / sum((b - its_mean) ** 2 for b in its_excess)
    active = [a - b for a, b in zip(mine, its, strict=True)]
    active_mean = sum(active) / n
    error = sqrt(periods * sum((a - active_mean) ** 2 for a in active) / (n - 1))
    moments = [sum(r) / n for r in (mine, its)]
    product = sum((a - moments[0]) * (b - moments[1]) for a, b in zip(mine, its, strict=True))
    sizes = [sum((r - m) ** 2 for r in returns) for returns, m in zip((mine, its), moments, strict=True)]

    def capture(up: bool) -> float:
        chosen = [k for k, r in enumerate(its) if (r > 0 if up else r < 0)]
        growth = [prod(1 + returns[k] for k in chosen) ** (1 / len(chosen)) - 1 for returns in (mine, its)]
        return growth[0] / growth[1]

    expected = {
        "beta": beta,
        "alpha": periods * (mean - beta * its_mean),
        "tracking_error": error,
        "information_ratio": periods * active_mean / error,
        "correlation": product / sqrt(sizes[0] * sizes[1]),
        "up_capture": capture(True),
        "down_capture": capture(False),
    }
    assert set(expected) == AGAINST_BENCHMARK
    too_little = too_little_for(path, periods=n)
    for name, value in expected.items():
        wanted = np.nan if name in too_little else value
        assert summary[name] == pytest.approx(wanted, rel=1e-7, abs=1e-9, nan_ok=True), name  # as in `agree_on_numbers`
