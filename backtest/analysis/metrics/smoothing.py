"""Serial correlation of returns, and the volatility adjusted for it.

Returns are smoothed if prices are monthly averages, computed from averaged yields, appraisals, or prices of markets
that trade late: each return then contains a part of the return before. In that case sqrt(periods_per_year) × the
standard deviation per period is too low for a year, and Sharpe ratios are too high. Lo (2002), "The statistics of
Sharpe ratios", Financial Analysts Journal 58(4): the variance of a sum of q returns with autocorrelations ρ_k is
q + 2 Σ_k (q - k) ρ_k times the variance of one return.
"""

from dataclasses import dataclass

import numpy as np

from backtest.analysis.metrics import performance
from backtest.analysis.run_record import RunRecord
from backtest.numerics.arrays import Floats
from backtest.numerics.blas import one_blas_thread
from backtest.numerics.tolerances import has_risk

FEWEST = 36  # periods: three years of months; with fewer, the error of an autocorrelation is above 1/6
MOST_LAGS = 11  # all lags of months; for fifty years of days the rule of Newey, West (1994), 4 (P / 100)^(2/9)
SIGNIFICANT = 1.645  # standard errors above zero: 95 % of a normal distribution is below


@dataclass(frozen=True)
class Smoothing:
    """Serial correlation of smoothed returns.

    Args:
        autocorrelation: first-order autocorrelation.
        standard_error: its standard error if returns were uncorrelated.
        volatility: decimal per year, sqrt(periods_per_year) × standard deviation.
        adjusted_volatility: decimal per year, adjusted for autocorrelations.
        lags: number of autocorrelations in the adjustment.
        notes: notes of the run on averaged series.
    """

    autocorrelation: float
    standard_error: float
    volatility: float
    adjusted_volatility: float
    lags: int
    notes: tuple[str, ...]


def smoothing(result: RunRecord) -> Smoothing | None:
    """Return the smoothing of NAV's returns; None for fewer than `FEWEST` returns, or if they are not smoothed.

    `result.notes` says which series of the data are averages. The test here uses NAV's returns alone: they are smoothed
    if their first autocorrelation is above zero by `SIGNIFICANT` standard errors (`autocorrelation_error`), and the
    adjusted volatility is above the plain one. Uncorrelated returns pass by chance in at most one case in twenty.
    Twenty years of monthly averages are detected in five cases out of six, because eleven autocorrelations are
    uncertain themselves.

    Example:
        >>> import backtest as bt
        >>> smoothing(bt.run("configs/erc.yaml")) is None
        True
    """
    returns, periods = result.returns.to_numpy(), result.periods_per_year
    first, error = autocorrelation(returns), autocorrelation_error(returns)
    plain, adjusted = performance.volatility(returns, periods), adjusted_volatility(returns, periods)
    if not (first > SIGNIFICANT * error and adjusted > plain):  # also if any is NaN
        return None
    notes = tuple(note for note in result.notes if "average" in note)
    return Smoothing(first, error, plain, adjusted, lag_count(periods), notes)


def lag_count(periods_per_year: int) -> int:
    """Return the number of autocorrelations in the adjustment: all lags within a year, up to `MOST_LAGS`.

    For months and quarters this is the whole formula of Lo. For weeks and days, whole years would need 51 or 251 lags,
    whose errors outweigh their information: with 251 lags and ten years of days, the error of the variance is a third
    of the variance.

    >>> [lag_count(periods) for periods in (1, 4, 12, 52, 252)]
    [0, 3, 11, 11, 11]
    """
    return min(periods_per_year - 1, MOST_LAGS)


@one_blas_thread()
def autocorrelation(returns: Floats, lag: int = 1) -> float:
    """Return ρ_k = Σ_t e_t e_{t-k} / Σ_t e_t², where e are the deviations from the mean.

    Args:
        returns: (P,) decimal per period, no NaN.
        lag: k, periods.

    Returns:
        NaN for fewer than `FEWEST` returns, and if they do not vary.

    Example:
        >>> round(autocorrelation(np.tile([0.01, 0.01, -0.01, -0.01], 10)), 3)
        0.025
    """
    if _is_undefined(returns):
        return float("nan")
    deviations = returns - returns.mean()
    return float(deviations[lag:] @ deviations[:-lag] / (deviations @ deviations))


@one_blas_thread()
def autocorrelation_error(returns: Floats) -> float:
    """Return the standard error of ρ_1 if returns are uncorrelated, robust to changing volatility.

    sqrt(Σ_t e_t² e_{t-1}²) / Σ_t e_t² (Lo, MacKinlay 1988). It is 1 / sqrt(P) for a constant volatility, and larger if
    large returns cluster, as daily returns do.

    Args:
        returns: (P,) decimal per period, no NaN.

    Returns:
        NaN for fewer than `FEWEST` returns, and if they do not vary.

    Example:
        >>> round(autocorrelation_error(np.tile([0.01, 0.01, -0.01, -0.01], 10)), 3)  # sqrt(39) / 40
        0.156
    """
    if _is_undefined(returns):
        return float("nan")
    squares = (returns - returns.mean()) ** 2
    return float(np.sqrt(squares[1:] @ squares[:-1]) / squares.sum())


def adjusted_volatility(returns: Floats, periods_per_year: int) -> float:
    """Return the volatility of a year's sum of serially correlated returns (Lo 2002).

    standard deviation (ddof 1) × sqrt(q + 2 Σ_{k=1}^{K} (q - k) ρ_k) with q = periods_per_year and K = lag_count(q). It
    is above the plain volatility if returns tend to continue, and below it if they tend to reverse.

    Args:
        returns: (P,) decimal per period, no NaN.
        periods_per_year: periods per year of the returns.

    Returns:
        Decimal per year; NaN for fewer than `FEWEST` returns, if they do not vary, and if the truncated sum of daily
        or weekly lags is below zero.

    Example:
        >>> months = np.repeat(np.random.default_rng(3).normal(0.005, 0.02, 60), 2)  # each twice
        >>> round(performance.volatility(months, 12), 4), round(adjusted_volatility(months, 12), 4)
        (0.0745, 0.0818)
    """
    if _is_undefined(returns):
        return float("nan")
    lags = range(1, lag_count(periods_per_year) + 1)
    ratio = 1 + 2 * sum((1 - lag / periods_per_year) * autocorrelation(returns, lag) for lag in lags)
    return performance.volatility(returns, periods_per_year) * float(np.sqrt(ratio)) if ratio >= 0 else float("nan")


def _is_undefined(returns: Floats) -> bool:
    return len(returns) < FEWEST or not has_risk(np.std(returns, ddof=1))
