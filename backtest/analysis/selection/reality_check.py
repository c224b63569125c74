"""Tests of whether the best of many trials beats a benchmark by more than chance, with the package arch.

White (2000), "A reality check for data snooping", Econometrica 68(5), and Hansen (2005), "A test for superior
predictive ability", Journal of Business & Economic Statistics 23(4). The null hypothesis is that no trial has a higher
true mean than the benchmark; its distribution comes from the stationary bootstrap of all trials together.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from backtest.analysis.uncertainty.bootstrap import SEED, block_length
from backtest.errors import BacktestError
from backtest.numerics.array_arguments import as_finite, check_shapes
from backtest.numerics.arrays import Floats
from backtest.numerics.tolerances import has_risk

DRAWS = 1_000
"""Draws of the bootstrap: p-values are multiples of a thousandth, with a standard error of 0.7 % at 5 %."""


class RealityCheck(NamedTuple):
    """p-values of the hypothesis that no trial beats the benchmark.

    Args:
        white: reality check, by mean differences.
        hansen: test of superior predictive ability, by mean differences over their standard deviations; trials that are
            clearly worse than the benchmark do not weaken it.
    """

    white: float
    hansen: float


def reality_check(returns: Floats, benchmark: Floats, *, draws: int = DRAWS, seed: int = SEED) -> RealityCheck:
    """Return p-values of the best of many trials against a benchmark.

    The mean length of blocks is the average over trials of the block lengths of Politis, White (2004), rounded up; too
    long blocks find skill too often. Time grows with T² N.

    Args:
        returns: (T, N) returns of each trial, decimal per period, no NaN. Trials that always equal the benchmark do
            not count.
        benchmark: (T,) returns of the benchmark over the same periods; cash returns test for excess returns above 0.
        draws: number of draws.
        seed: seed of the random numbers.

    Returns:
        NaN if no trial differs from the benchmark.

    Raises:
        BacktestError: a return is NaN or infinite, the shapes do not fit, or the package arch is not installed.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> noise, cash = rng.normal(0.0, 0.03, (240, 20)), np.zeros(240)
        >>> reality_check(noise, cash)
        RealityCheck(white=0.39, hansen=0.446)
        >>> reality_check(noise + np.where(np.arange(20) == 7, 0.01, 0.0), cash)
        RealityCheck(white=0.0, hansen=0.0)
    """
    trials, other = as_finite(returns, "returns"), as_finite(benchmark, "benchmark")
    check_shapes(("returns", trials, "TN"), ("benchmark", other, "T"), stacks=False)
    differences = trials - other[:, None]
    deviations = differences.std(axis=0)
    differences, deviations = differences[:, has_risk(deviations)], deviations[has_risk(deviations)]
    if not differences.size:
        return RealityCheck(float("nan"), float("nan"))
    block = math.ceil(np.mean([block_length(column) for column in differences.T]))
    white = _p_values(differences, block, draws, seed)["upper"]  # White recentres every trial
    hansen = _p_values(differences / deviations, block, draws, seed)["consistent"]
    return RealityCheck(float(white), float(hansen))


def _p_values(differences: Floats, block: int, draws: int, seed: int) -> Any:
    """Return the p-values of arch, which takes losses: returns with the opposite sign."""
    benchmark = np.zeros(len(differences))
    test = _spa()(benchmark, -differences, block_size=block, reps=draws, studentize=False, seed=seed)
    test.compute()
    return test.pvalues


def _spa() -> Callable[..., Any]:
    try:
        from arch.bootstrap import SPA
    except ImportError as error:
        raise BacktestError(
            "the reality check needs the package arch, which is not installed. "
            "Hint: pip install 'risk-parity-backtest[garch]'"
        ) from error
    test: Callable[..., Any] = SPA
    return test
