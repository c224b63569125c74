"""`Chance`: effect of a search on the best of many runs."""

from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np

from backtest.analysis.selection.independent_trials import independent_trials
from backtest.analysis.selection.overfitting import BLOCKS, backtest_overfitting, block_sums
from backtest.analysis.selection.reality_check import reality_check
from backtest.analysis.selection.sharpe_probability import deflated_sharpe, expected_best_sharpe, minimum_track_record
from backtest.numerics.arrays import Floats, Ints
from backtest.numerics.tolerances import has_risk
from backtest.sweeps.sweep_numbers import MOMENTS, NUMBERS, GroupNumbers

_SHARPE = NUMBERS.index("sharpe")
_SKEW, _KURTOSIS = (len(NUMBERS) + MOMENTS.index(name) for name in ("skew", "kurtosis"))
MOST_RETURNS = 100  # runs whose returns are looked at
_SEED = 0
_MOST_ROWS = 600


@dataclass(frozen=True)
class Chance:
    """Highest Sharpe ratio of a sweep, beside the ratio that chance alone would give. Ratios are per year.

    Definitions: docs/conventions/uncertainty.md#selection

    Args:
        best: the run with the highest Sharpe ratio.
        sharpe: its Sharpe ratio.
        trials: number of runs with a Sharpe ratio.
        independent: number of runs that are effectively independent, from the correlations of returns; at most the
            number of runs looked at.
        by_chance: expected highest Sharpe ratio of that number of independent rules without any merit.
        deflated: probability that the true Sharpe ratio of the best run is above 0, given the search.
        years_needed: length of history from which on such a Sharpe ratio is above `by_chance` with 95 % confidence;
            infinite if it is below.
        overfitting: probability that the best run of one half of the history is below the median in the other half
            (Bailey et al. 2017); NaN for less than two periods a block.
        luck: probability that the best of the runs looked at leads the benchmark's Sharpe ratio by this much although
            none has a higher true one (White's reality check); NaN without a benchmark, for short histories, and
            without the package arch.
    """

    best: int
    sharpe: float
    trials: int
    independent: int
    by_chance: float
    deflated: float
    years_needed: float
    overfitting: float
    luck: float = float("nan")

    @property
    def sentence(self) -> str:
        """The chance in words."""
        needed = "" if np.isinf(self.years_needed) else f", which takes {self.years_needed:,.0f} years to tell apart"
        sure = "over 99.9%" if self.deflated > 0.999 else f"{self.deflated:.1%}"
        over = "" if np.isnan(self.overfitting) else f"; probability of overfitting {self.overfitting:.0%}"
        return (
            f"best of {self.trials:,} runs, {self.independent:,} of them independent: Sharpe ratio {self.sharpe:.2f}; "
            f"chance alone would give {self.by_chance:.2f}{needed}; "
            f"a true ratio above 0 has a probability of {sure}{over}"
        )


def looked_at(numbers: GroupNumbers) -> Ints:
    """Return the runs whose returns are looked at: those on the dates of the best run, at most `MOST_RETURNS`.

    The best run is the first; the others are drawn at random with a fixed seed.
    """
    sharpe = numbers.numbers[:, _SHARPE]
    if np.isnan(sharpe).all():
        return np.zeros(0, dtype=np.int64)
    best = int(np.nanargmax(sharpe))
    same = np.flatnonzero((numbers.dates == numbers.dates[best]).all(axis=1) & ~np.isnan(sharpe))
    others = same[same != best]
    if len(others) >= MOST_RETURNS:
        others = np.random.default_rng(_SEED).choice(others, MOST_RETURNS - 1, replace=False)
    return np.concatenate([[best], np.sort(others)])


def chance_of(numbers: GroupNumbers, excess_returns: Floats, benchmark: Floats | None = None) -> Chance:
    """Return the effect of the search on the best run.

    Args:
        numbers: numbers of all runs.
        excess_returns: (T, k) returns above cash of the runs of `looked_at`, decimal per period.
        benchmark: (T,) returns above cash of the benchmark.
    """
    ratios = numbers.numbers[:, _SHARPE]
    known = np.flatnonzero(~np.isnan(ratios))
    best = int(np.nanargmax(ratios))
    annual = np.sqrt(float(numbers.per_year[best]))
    per_period = ratios[known] / np.sqrt(numbers.per_year[known])
    variance = float(np.var(per_period, ddof=1)) if len(known) > 1 else 0.0
    independent = independent_trials(excess_returns)
    threshold = float(expected_best_sharpe(independent, variance))
    sharpe, (skew, kurtosis) = float(ratios[best]) / annual, numbers.numbers[best, [_SKEW, _KURTOSIS]]
    deflated = deflated_sharpe(
        sharpe, float(numbers.periods[best]), skew, kurtosis, trials=float(independent), variance=variance
    )
    needed = float(minimum_track_record(sharpe, skew, kurtosis, threshold=threshold)) / numbers.per_year[best]
    enough = len(excess_returns) >= 2 * BLOCKS and excess_returns.shape[1] > 1
    overfitting = backtest_overfitting(block_sums(excess_returns)).probability if enough else float("nan")
    return Chance(
        best,
        float(ratios[best]),
        len(known),
        independent,
        threshold * annual,
        float(deflated),
        float(needed),
        overfitting,
        luck_of(excess_returns, benchmark) if enough and benchmark is not None else float("nan"),
    )


def luck_of(excess_returns: Floats, benchmark: Floats) -> float:
    """Return the p-value of White's reality check of Sharpe ratios.

    All returns are scaled to the same volatility, so that differences of means are differences of Sharpe ratios and
    leverage alone is no merit. The error of estimated volatilities is left out. Long histories are summed to
    `_MOST_ROWS` rows, because time grows with their square.

    Args:
        excess_returns: (T, k) returns above cash of the runs.
        benchmark: (T,) returns above cash of the benchmark.

    Returns:
        NaN without risk, and without the package arch.
    """
    rows = min(len(benchmark), _MOST_ROWS)
    begins = np.arange(rows) * len(benchmark) // rows
    sums = np.add.reduceat(np.column_stack([excess_returns, benchmark]), begins, axis=0)
    deviations = sums.std(axis=0)
    if not has_risk(deviations).all() or find_spec("arch") is None:
        return float("nan")
    scaled = sums / deviations
    return reality_check(scaled[:, :-1], scaled[:, -1]).white
