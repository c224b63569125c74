"""Returns that follow their own last value, and what their volatility over a year is.

Where prices are averages over a month, or made from averaged yields, or appraisals, or of markets that trade late, a
return has a part of the one before it in it: it is smoothed. Then sqrt(periods_per_year) × the standard deviation of a
period is too low for a year, and Sharpe ratios are flattered. Lo (2002), "The statistics of Sharpe ratios", Financial
Analysts Journal 58(4), has the variance of a sum of q returns with autocorrelations ρ_k: q + 2 Σ_k (q - k) ρ_k times
that of one.
"""

from dataclasses import dataclass

import numpy as np

from backtest.analysis.metrics import performance
from backtest.analysis.run_record import RunRecord
from backtest.numerics.arrays import Floats
from backtest.numerics.blas import one_blas_thread
from backtest.numerics.tolerances import has_risk

FEWEST = 36  # periods: three years of months; the error of an autocorrelation of fewer is above 1/6
MOST_LAGS = 11  # all of months; of days what Newey, West (1994), 4 (P / 100)^(2/9), take of fifty years
SIGNIFICANT = 1.645  # standard errors above zero: 95 % of a normal variable is below


@dataclass(frozen=True)
class Smoothing:
    """Returns that are smoothed.

    Args:
        autocorrelation: of the first order.
        standard_error: of it, if there were none.
        volatility: decimal per year, sqrt(periods_per_year) × standard deviation.
        adjusted_volatility: decimal per year, with the autocorrelations.
        lags: how many of these count.
        notes: of the run, those on averaged series.
    """

    autocorrelation: float
    standard_error: float
    volatility: float
    adjusted_volatility: float
    lags: int
    notes: tuple[str, ...]


def smoothing(result: RunRecord) -> Smoothing | None:
    """The smoothing of NAV's returns, where there is any.

    What is known of the data, that a series is of averages, stands in words in `result.notes`. Whether that shows in
    NAV, or anything else does, is told by its returns: they are called smoothed if their first autocorrelation is above
    zero by `SIGNIFICANT` standard errors (`autocorrelation_error`), and a year's volatility higher with them than
    without. Of returns that do not follow each other that is so by chance in at most one case of twenty; of twenty
    years of monthly averages it is seen in five of six, as eleven autocorrelations are themselves unsure.

    Returns:
        None where they are not, or are fewer than `FEWEST`.

    Example:
        >>> import backtest as bt
        >>> smoothing(bt.run("configs/erc.yaml")) is None
        True
    """
    returns, periods = result.returns.to_numpy(), result.periods_per_year
    first, error = autocorrelation(returns), autocorrelation_error(returns)
    plain, adjusted = performance.volatility(returns, periods), adjusted_volatility(returns, periods)
    if not (first > SIGNIFICANT * error and adjusted > plain):  # of NaN neither
        return None
    notes = tuple(note for note in result.notes if "average" in note)
    return Smoothing(first, error, plain, adjusted, lags_of(periods), notes)


def lags_of(periods_per_year: int) -> int:
    """How many autocorrelations count: those within a year, up to `MOST_LAGS`.

    Of months and quarters that is the whole formula of Lo. Of weeks and days it would be 51 or 251, whose errors add up
    to more than what they tell: with 251 of ten years of days, the error of the variance is a third of it.

    >>> [lags_of(periods) for periods in (1, 4, 12, 52, 252)]
    [0, 3, 11, 11, 11]
    """
    return min(periods_per_year - 1, MOST_LAGS)


@one_blas_thread()
def autocorrelation(returns: Floats, lag: int = 1) -> float:
    """ρ_k = Σ_t e_t e_{t-k} / Σ_t e_t², e the deviations from the mean; NaN for what `FEWEST` says, or no variation.

    Args:
        returns: (P,) decimal per period, no NaN.
        lag: k, periods.

    Example:
        >>> round(autocorrelation(np.tile([0.01, 0.01, -0.01, -0.01], 10)), 3)
        0.025
    """
    if _too_little(returns):
        return float("nan")
    deviations = returns - returns.mean()
    return float(deviations[lag:] @ deviations[:-lag] / (deviations @ deviations))


@one_blas_thread()
def autocorrelation_error(returns: Floats) -> float:
    """The standard error of ρ_1 of returns that do not follow each other, whatever their volatility does.

    sqrt(Σ_t e_t² e_{t-1}²) / Σ_t e_t² (Lo, MacKinlay 1988). It is 1 / sqrt(P) of a steady volatility, and more where
    large returns stand together, as those of days do.

    Args:
        returns: (P,) decimal per period, no NaN.

    Example:
        >>> round(autocorrelation_error(np.tile([0.01, 0.01, -0.01, -0.01], 10)), 3)  # sqrt(39) / 40
        0.156
    """
    if _too_little(returns):
        return float("nan")
    squares = (returns - returns.mean()) ** 2
    return float(np.sqrt(squares[1:] @ squares[:-1]) / squares.sum())


def adjusted_volatility(returns: Floats, periods_per_year: int) -> float:
    """Volatility of a year's sum of returns that follow each other (Lo 2002).

    standard deviation (ddof 1) × sqrt(q + 2 Σ_{k=1}^{K} (q - k) ρ_k), q = periods_per_year and K = `lags_of` it. It is
    above the plain volatility where returns follow their last ones, and below it where they turn.

    Args:
        returns: (P,) decimal per period, no NaN.
        periods_per_year: of the returns.

    Returns:
        Decimal per year; NaN for fewer than `FEWEST` returns, where they do not vary, and where the sum of a part of
        the lags of days or weeks comes out below zero.

    Example:
        >>> months = np.repeat(np.random.default_rng(3).normal(0.005, 0.02, 60), 2)  # each twice
        >>> round(performance.volatility(months, 12), 4), round(adjusted_volatility(months, 12), 4)
        (0.0745, 0.0818)
    """
    if _too_little(returns):
        return float("nan")
    lags = range(1, lags_of(periods_per_year) + 1)
    ratio = 1 + 2 * sum((1 - lag / periods_per_year) * autocorrelation(returns, lag) for lag in lags)
    return performance.volatility(returns, periods_per_year) * float(np.sqrt(ratio)) if ratio >= 0 else float("nan")


def _too_little(returns: Floats) -> bool:
    return len(returns) < FEWEST or not has_risk(np.std(returns, ddof=1))
