"""Intervals of the headline numbers, by histories drawn from a model of the run whose volatility comes in spells.

The definitions, and what the intervals cover in simulations, are in docs/conventions/uncertainty.md. Intervals show how
much chance alone could change the numbers if the periods came from the same source; they do not cover another source.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

import numpy as np

from backtest.analysis.uncertainty.batches import (
    FEWEST,
    batch_ends,
    batch_errors,
    sharpe_influences,
    variance_influences,
)
from backtest.analysis.uncertainty.bootstrap import (
    LEVEL,
    SEED,
    decimals_beyond,
    percentile_interval,
    seed_margins,
    stable_decimals,
)
from backtest.analysis.uncertainty.volatility_model import VolatilityModel, fit_volatility
from backtest.numerics.arrays import Floats
from backtest.numerics.tolerances import has_risk

Interval = tuple[float, float]
Measure = Literal["cagr", "volatility", "sharpe", "max_drawdown"]

MEASURES: tuple[Measure, ...] = ("cagr", "volatility", "sharpe", "max_drawdown")
PREDICTED: Measure = "max_drawdown"  # its interval is one of another history, not of a true value

_DRAWS = (2_500, 40_000)  # minimum and maximum
_PERIODS = 12_000_000  # of all draws together, 5 ns each
_THREADS_WORTH = 200_000  # fewest periods for a thread of its own, about a millisecond of work
_LIMIT = 1.5  # times the distance of an end without studentising
_NO_VARIANCE = 1e-9  # of the sample's variance: a draw that repeats one value


@dataclass(frozen=True)
class Confidence:
    """Intervals at `bootstrap.LEVEL` of the headline numbers; None if a number has no interval.

    Args:
        cagr: decimal per year.
        volatility: decimal per year.
        sharpe: annualised.
        max_drawdown: prediction interval of the maximum drawdown of another history of equal length, decimal, below 0;
            the deeper end first.
        missing: by measure without an interval, the reason.
        decimals: by measure, the number of decimals of its interval that hardly depend on the seed.
        draws: number of histories drawn; 0 without intervals.
        clustering: posterior probability that volatility comes in spells; NaN without intervals.
        half_life: periods until half of a spell has passed, if there are spells; NaN without intervals.
    """

    cagr: Interval | None = None
    volatility: Interval | None = None
    sharpe: Interval | None = None
    max_drawdown: Interval | None = None
    missing: Mapping[Measure, str] = field(default_factory=dict)
    decimals: Mapping[Measure, int] = field(default_factory=dict)
    draws: int = 0
    clustering: float = float("nan")
    half_life: float = float("nan")


def confidence(
    returns: Floats,
    excess_returns: Floats,
    years: float | None,
    periods_per_year: int,
    *,
    draws: int | None = None,
    seed: int = SEED,
) -> Confidence:
    """Return intervals of CAGR, volatility and Sharpe ratio, and a prediction interval of the maximum drawdown.

    The seed is fixed, so the same run has the same intervals.

    Args:
        returns: (P,) decimal per period, no NaN.
        excess_returns: (P,) returns above cash of the same periods.
        years: length of the run, above 0; None for less than a year, which has no CAGR.
        periods_per_year: periods per year of the returns.
        draws: number of histories; None for `draw_count`.
        seed: seed of the random numbers, below 2^32.

    Returns:
        `missing` has the reason of each interval that is None.

    Example:
        >>> months = np.random.default_rng(1).normal(0.008, 0.04, 240)
        >>> intervals = confidence(months, months - 0.002, 20.0, 12)
        >>> [round(end, 2) for end in intervals.sharpe], [round(end, 2) for end in intervals.max_drawdown]
        ([-0.15, 0.54], [-0.65, -0.15])
    """
    number = draw_count(len(returns)) if draws is None else draws
    return _confidence(returns.tobytes(), excess_returns.tobytes(), years, periods_per_year, draws=number, seed=seed)


@lru_cache(maxsize=32)  # many runs have the same benchmark
def _confidence(
    returns_bytes: bytes, excess_bytes: bytes, years: float | None, periods_per_year: int, *, draws: int, seed: int
) -> Confidence:
    returns, excess_returns = np.frombuffer(returns_bytes), np.frombuffer(excess_bytes)
    if reason := _refusal(returns, excess_returns):
        return Confidence(missing=dict.fromkeys(MEASURES, reason))
    model, count = fit_volatility(excess_returns), len(returns)
    drawn = draw_statistics(model, float(returns.mean()), draws, seed)
    if not drawn[0].min() > np.log(_NO_VARIANCE):
        return Confidence(missing=dict.fromkeys(MEASURES, "the returns are the same in nearly all periods"))
    sample, own, errors = _statistics(returns, excess_returns, model)
    pivots = drawn[:3] - own[:, None]
    found: dict[Measure, tuple[Interval, int]] = {
        "max_drawdown": (percentile_interval(drawn[6], LEVEL), stable_decimals(drawn[6], LEVEL))
    }
    missing: dict[Measure, str] = {}
    statistics: tuple[Measure, ...] = ("volatility", "sharpe", "cagr")
    for k, measure in enumerate(statistics):
        if measure == "cagr" and years is None:
            missing[measure] = "the dates cover less than a year"
        elif np.isnan(errors[k]):
            missing[measure] = "it is the same in all parts of the dates, as if returns alternated"
        else:
            studentised = sample[k] - pivots[k] * (errors[k] / drawn[3 + k])
            found[measure] = _limited(
                *(
                    _annual(measure, values, years, count, periods_per_year)
                    for values in (studentised, sample[k] - _LIMIT * pivots[k], sample[k])
                )
            )
    return Confidence(
        **{measure: interval for measure, (interval, _) in found.items()},
        missing=missing,
        decimals={measure: decimals for measure, (_, decimals) in found.items()},
        draws=draws,
        clustering=model.clustering,
        half_life=model.half_life,
    )


def draw_count(count: int) -> int:
    """Return the number of draws for a number of periods: `_PERIODS` periods in all, within the limits of `_DRAWS`.

    >>> draw_count(288), draw_count(1_260), draw_count(12_600)
    (40000, 9523, 2500)
    """
    least, most = _DRAWS
    return max(least, min(most, _PERIODS // max(count, 1)))


def draw_statistics(model: VolatilityModel, mean: float, draws: int, seed: int = SEED) -> Floats:
    """Return the statistics of other histories of equal length, drawn from a model.

    Args:
        model: model of the returns above cash.
        mean: mean of the returns, decimal per period.
        draws: number of draws, k.
        seed: seed of the random numbers, below 2^32.

    Returns:
        (7, k): log of the variance over the sample's; Sharpe ratio per period; mean log growth per period; standard
        errors of the three; maximum drawdown of a path with the mean and deviation of another draw, decimal.
    """
    from backtest.analysis.uncertainty.history_kernel import Scale, draw_histories  # Numba takes a while to load
    from backtest.numerics.numba_kernels import share_out

    arrays = model.drawn((np.arange(draws) + 0.5) / draws)  # draws with the same parameters follow each other
    scale = Scale(model.mean / model.deviation, mean, model.deviation)
    ends, drawn = batch_ends(len(model.values)), np.empty((7, draws))

    def work(begin: int, end: int) -> None:
        draw_histories(seed, begin, end, arrays, scale, ends, drawn)

    share_out(work, draws, least=max(1, _THREADS_WORTH // len(model.values)))
    return drawn


def _refusal(returns: Floats, excess_returns: Floats) -> str:
    """Return the reason why a run has no intervals; empty if it has."""
    if len(returns) < FEWEST:
        return f"there are fewer than {FEWEST} periods"
    if returns.min() <= -1:
        return "all of NAV was lost"
    if not has_risk(np.std(returns)) or not has_risk(np.std(excess_returns)):
        return "the returns do not vary, or only as cash does"
    return ""


def _statistics(returns: Floats, excess_returns: Floats, model: VolatilityModel) -> tuple[Floats, Floats, Floats]:
    """Return log variance, Sharpe ratio and mean log growth of the run and of its model, and the run's standard errors.

    The model's log variance is 0, and its cash is constant.
    """
    growth, sharpe = np.log1p(returns), model.mean / model.deviation
    modelled = np.log1p(np.maximum(returns.mean() + model.deviation * model.values, np.expm1(-14.0)))
    influences = [variance_influences(returns), sharpe_influences(excess_returns), growth - growth.mean()]
    return (
        np.array([np.log(returns.var()), sharpe, growth.mean()]),
        np.array([0.0, sharpe, modelled.mean()]),
        batch_errors(np.column_stack(influences)),
    )


def _annual(measure: Measure, values: Floats, years: float | None, count: int, periods_per_year: int) -> Floats:
    """Return statistics per period as the summary's measures, whose variances have the divisor P - 1."""
    if measure == "volatility":
        return math.sqrt(periods_per_year * count / (count - 1)) * np.exp(values / 2)
    if measure == "sharpe":
        return math.sqrt(periods_per_year * (count - 1) / count) * values
    return np.expm1(values * (count / (years or math.nan)))


def _limited(studentised: Floats, limits: Floats, sample: Floats) -> tuple[Interval, int]:
    """Return the percentile interval of draws around the sample, no wider than the limits, and its stable decimals.

    Draws without a single crash of the sample have tiny standard errors, and would make an end of any size. One period
    that decides the statistic can leave the sample outside the draws; the interval then reaches to the sample.
    """
    own = float(sample)
    lowest, highest = percentile_interval(limits, LEVEL)
    bounded = np.clip(studentised, min(lowest, own), max(highest, own))
    low, high = percentile_interval(bounded, LEVEL)
    at_limit = np.array([low == lowest, high == highest])
    margin = np.where(at_limit, seed_margins(limits, LEVEL), seed_margins(bounded, LEVEL))
    return (min(low, own), max(high, own)), decimals_beyond(float(margin.max()))
