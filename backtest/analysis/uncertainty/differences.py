"""Tests of whether two strategies differ in mean return, Sharpe ratio and volatility by more than chance.

p-values are two-sided and for a single pair; `sharpe_difference.holm` corrects for many. The definitions, how often a
test is wrong, and how often it finds a difference are in docs/conventions/uncertainty.md#differences.
"""

import math
from dataclasses import dataclass

import numpy as np

from backtest.analysis.uncertainty.batches import FEWEST, batch_ends, batch_errors, variance_influences
from backtest.analysis.uncertainty.bootstrap import SEED
from backtest.analysis.uncertainty.long_run import cosine_error, two_sided, years_needed
from backtest.analysis.uncertainty.sharpe_difference import sharpe_difference
from backtest.analysis.uncertainty.volatility_model import VolatilityModel, fit_volatility
from backtest.numerics.arrays import Floats
from backtest.numerics.tolerances import has_risk

DRAWS = 999  # of the test of volatility

_GOLDEN = (math.sqrt(5) - 1) / 2
_THREADS_WORTH = 100_000  # fewest periods for a thread of its own


@dataclass(frozen=True)
class Difference:
    """Difference of an annualised measure between two strategies, and its test.

    Args:
        difference: the first less the second; NaN if the measure is not defined.
        p_value: probability of a difference of this size or larger, up or down, if the true one is zero; NaN without a
            test.
        standard_error: standard error of the difference; NaN without one, always for volatility.
        years_needed: years of data that find a true difference of this size in four of five cases; NaN without a
            standard error, infinite for no difference.
    """

    difference: float
    p_value: float
    standard_error: float = math.nan
    years_needed: float = math.nan


def differences(excess: Floats, other: Floats, periods_per_year: int) -> dict[str, Difference]:
    """Return the differences of two strategies in `mean_return`, `sharpe` and `volatility`.

    Args:
        excess: (P,) returns above cash, decimal per period, no NaN.
        other: (P,) returns above cash of the other strategy over the same periods.
        periods_per_year: periods per year of the returns.

    Returns:
        By measure; without tests for fewer than `batches.FEWEST` periods.

    Example:
        >>> months = np.random.default_rng(1).normal([0.006, 0.004], [0.02, 0.03], (240, 2))
        >>> found = differences(months[:, 0], months[:, 1], 12)
        >>> {name: (round(one.difference, 3), round(one.p_value, 3)) for name, one in found.items()}
        {'mean_return': (0.004, 0.829), 'sharpe': (0.288, 0.244), 'volatility': (-0.029, 0.002)}
        >>> round(found["sharpe"].years_needed)
        107
    """
    years, annual = len(excess) / periods_per_year, math.sqrt(periods_per_year)
    sharpe = sharpe_difference(excess, other, periods_per_year)
    robust = sharpe.robust
    needed = years_needed(sharpe.difference, robust.standard_error, years)
    volatility = annual * float(np.std(excess, ddof=1) - np.std(other, ddof=1)) if len(excess) > 1 else math.nan
    return {
        "mean_return": mean_difference(excess, other, periods_per_year),
        "sharpe": Difference(sharpe.difference, robust.p_value, robust.standard_error, needed),
        "volatility": Difference(volatility, volatility_p_value(excess, other)),
    }


def mean_difference(excess: Floats, other: Floats, periods_per_year: int) -> Difference:
    """Return the annualised difference of mean returns, with Student's t test on the cosine standard error.

    Args:
        excess: (P,) returns, decimal per period, no NaN.
        other: (P,) returns of the other strategy over the same periods.
        periods_per_year: periods per year of the returns.
    """
    active = excess - other
    difference = periods_per_year * float(active.mean())
    if len(active) < FEWEST or not has_risk(active.std()):
        return Difference(difference, math.nan)
    error, freedom = cosine_error(active - active.mean())
    if math.isnan(error):
        return Difference(difference, math.nan)
    annual = periods_per_year * error
    needed = years_needed(difference, annual, len(active) / periods_per_year)
    return Difference(difference, two_sided(difference / annual, freedom), annual, needed)


def volatility_p_value(excess: Floats, other: Floats, *, draws: int = DRAWS, seed: int = SEED) -> float:
    """Return the p-value of equal volatilities by pairs of histories drawn from the models of both strategies.

    The log ratio of variances is studentised by batches, in the sample and in the draws: p is
    (1 + number of draws further from their mean, 0, than the sample) / (1 + draws).

    Args:
        excess: (P,) returns above cash, decimal per period, no NaN.
        other: (P,) returns above cash of the other strategy over the same periods.
        draws: number of draws.
        seed: seed of the random numbers, below 2^32.

    Returns:
        NaN for fewer than `batches.FEWEST` periods, if either does not vary, and if one is a multiple of the other.
    """
    if len(excess) < FEWEST or not has_risk([np.std(excess), np.std(other)]).all():
        return math.nan
    influences = variance_influences(excess) - variance_influences(other)
    error = float(batch_errors(influences[:, None])[0])
    if math.isnan(error):
        return math.nan
    score = math.log(excess.var() / other.var()) / error
    drawn = _drawn_scores(fit_volatility(excess), fit_volatility(other), draws, seed)
    return float(1 + np.count_nonzero(~(np.abs(drawn) < abs(score)))) / (1 + draws)


def _drawn_scores(one: VolatilityModel, other: VolatilityModel, draws: int, seed: int) -> Floats:
    from backtest.analysis.uncertainty.pair_kernel import draw_variance_ratios  # Numba takes a while to load
    from backtest.numerics.numba_kernels import share_out

    steps: Floats = np.arange(draws, dtype=np.float64)
    models = one.drawn((steps + 0.5) / draws), other.drawn((0.5 + _GOLDEN * steps) % 1)  # evenly over all pairs
    ends, drawn = batch_ends(len(one.values)), np.empty(draws)

    def work(begin: int, end: int) -> None:
        draw_variance_ratios(seed, begin, end, *models, ends, drawn)

    share_out(work, draws, least=max(1, _THREADS_WORTH // len(one.values)))
    return drawn
