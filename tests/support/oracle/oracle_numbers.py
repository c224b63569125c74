"""The oracle: the numbers of a summary, each by its definition, in exact sums."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from datetime import date

from support.oracle.oracle_flows import MONEY_MARKET_YEAR
from support.oracle.oracle_path import OraclePath, nav_returns

ROUNDING = 1e-14  # a standard deviation of returns below this is rounding: a NAV ratio is good to a few 1e-16


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _std(values: Sequence[float]) -> float:
    """Return the standard deviation with divisor n - 1; NaN below two values, 0 for mere rounding."""
    if len(values) < 2:
        return math.nan
    mean = _mean(values)
    std = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (len(values) - 1))
    return 0.0 if std < ROUNDING else std


def _excess(nav: Sequence[float], cash_returns: Sequence[float]) -> list[float]:
    """Return NAV returns less cash; `cash_returns` has one entry per row, and row 0's is unused."""
    if len(cash_returns) < len(nav):
        raise ValueError("cash returns need one entry a row of the NAV")
    return [r - cash_returns[t] for t, r in enumerate(nav_returns(nav), start=1)]


def total_return(nav: Sequence[float]) -> float:
    """Return last NAV over first NAV, less 1."""
    return nav[-1] / nav[0] - 1.0


def cagr(nav: Sequence[float], dates: Sequence[date]) -> float:
    """Return compound growth per year from the first NAV date; years are calendar days / 365.25."""
    years = (dates[-1] - dates[0]).days / 365.25
    return float((nav[-1] / nav[0]) ** (1.0 / years)) - 1.0


def volatility(nav: Sequence[float], periods_per_year: int) -> float:
    """Return the annualised standard deviation of returns, ddof 1."""
    return math.sqrt(periods_per_year) * _std(nav_returns(nav))


def sharpe(nav: Sequence[float], cash_returns: Sequence[float], periods_per_year: int) -> float:
    """Return annualised mean excess return over its annualised standard deviation; NaN if that is 0."""
    excess = _excess(nav, cash_returns)
    std = _std(excess)
    if math.isnan(std) or std == 0.0:
        return math.nan
    return math.sqrt(periods_per_year) * _mean(excess) / std


def sortino(nav: Sequence[float], cash_returns: Sequence[float], periods_per_year: int) -> float:
    """Return annualised mean excess return over annualised downside deviation: target cash, divisor all periods."""
    excess = _excess(nav, cash_returns)
    downside = math.sqrt(math.fsum(min(0.0, e) ** 2 for e in excess) / len(excess))
    if downside < ROUNDING:
        return math.nan
    return math.sqrt(periods_per_year) * _mean(excess) / downside


def max_drawdown(nav: Sequence[float], dates: Sequence[date]) -> tuple[float, date | None, date | None]:
    """Return the deepest drawdown (never above 0), the date of its peak, and the date of its trough.

    The trough is the first of several equal ones, and the peak is the last of several equal ones before it;
    (0.0, None, None) if NAV never fell.
    """
    deepest: tuple[float, date | None, date | None] = (0.0, None, None)
    peak, peak_date = nav[0], dates[0]
    for value, day in zip(nav, dates, strict=True):
        if value >= peak:
            peak, peak_date = value, day
        elif value / peak - 1.0 < deepest[0]:
            deepest = (value / peak - 1.0, peak_date, day)
    return deepest


def _central_moment(values: Sequence[float], power: int) -> float:
    mean = _mean(values)
    return math.fsum((v - mean) ** power for v in values) / len(values)


def skew(nav: Sequence[float]) -> float:
    """Return the population skewness of returns, m3 / m2^(3/2); NaN if they do not vary."""
    returns = nav_returns(nav)
    m2 = _central_moment(returns, 2)
    return math.nan if math.sqrt(m2) < ROUNDING else _central_moment(returns, 3) / m2**1.5


def excess_kurtosis(nav: Sequence[float]) -> float:
    """Return the population kurtosis of returns less 3, m4 / m2^2 - 3 (normal = 0); NaN if they do not vary."""
    returns = nav_returns(nav)
    m2 = _central_moment(returns, 2)
    return math.nan if math.sqrt(m2) < ROUNDING else _central_moment(returns, 4) / m2**2 - 3.0


def _quantile_05(values: Iterable[float]) -> float:
    """Return the 5% quantile, linear between order statistics at position 0.05 (n - 1), as NumPy and pandas do.

    The position is (n - 1) / 20 in whole numbers: no rounding can move it across an order statistic.
    """
    ordered = sorted(values)
    below, twentieths = divmod(len(ordered) - 1, 20)
    if twentieths == 0:
        return ordered[below]
    return ordered[below] + twentieths / 20.0 * (ordered[below + 1] - ordered[below])


def var_95(nav: Sequence[float]) -> float:
    """Return the historical value at risk of one period, positive = loss: less the 5% quantile of returns.

    The quantile is NumPy's default (linear, Hyndman and Fan's type 7), which `np.quantile`, `Series.quantile`
    and empyrical use, so a user can check it in one line. It is not floored: it is negative if all returns are gains.
    """
    return -_quantile_05(nav_returns(nav))


def cvar_95(nav: Sequence[float]) -> float:
    """Return the mean loss over the periods whose return is at or below the 5% quantile, positive = loss."""
    returns = nav_returns(nav)
    threshold = _quantile_05(returns)
    return -_mean([r for r in returns if r <= threshold])


def _per_year(path: OraclePath, column: Sequence[float]) -> float:
    """Return the sum of cost_t / NAV_{t-1} over the years of the path."""
    return math.fsum(column[t] / path.nav[t - 1] for t in range(1, len(path.nav))) / path.years


def turnover_per_year(path: OraclePath) -> float:
    """Return half the sum of |trades| (fractions of the NAV before each), including the first purchase, per year."""
    return math.fsum(abs(s) / 2.0 for trade in path.trades for s in trade.values()) / path.years


def trading_cost_per_year(path: OraclePath) -> float:
    """Return trading costs per year, as a fraction of each period's opening NAV row."""
    return _per_year(path, path.trading)


def financing_cost_per_year(path: OraclePath) -> float:
    """Return all interest on loans per year."""
    return _per_year(path, path.financing)


def financing_drag_per_year(path: OraclePath) -> float:
    """Return the interest on loans above cash per year."""
    return _per_year(path, path.financing_drag)


def borrow_cost_per_year(path: OraclePath) -> float:
    """Return fees on short positions per year."""
    return _per_year(path, path.borrow)


def fees_per_year(path: OraclePath) -> float:
    """Return fund expenses and management fees per year."""
    return _per_year(path, path.fees)


def average_financing_rate(path: OraclePath) -> float | None:
    """Return interest over loan x days / 360, both summed in currency; None without loans."""
    days = [(end - start).days for start, end in itertools.pairwise(path.dates)]
    loan_years = math.fsum(loan * d / MONEY_MARKET_YEAR for loan, d in zip(path.loan[1:], days, strict=True))
    return None if loan_years == 0.0 else math.fsum(path.financing) / loan_years
