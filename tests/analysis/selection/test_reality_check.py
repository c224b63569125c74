"""The reality check finds a trial that beats the benchmark, and nothing in noise.

Its size is measured by `benchmarks/reality_check_size.py`, which takes minutes.
"""

import sys

import numpy as np
import pytest

from backtest.analysis.selection.reality_check import RealityCheck, reality_check
from backtest.errors import BacktestError

CASH = np.zeros(120)


def noise(trials: int) -> np.ndarray:
    return np.random.default_rng(5).normal(0.0, 0.02, (120, trials))


def test_a_trial_with_skill_is_found_and_noise_is_not() -> None:
    returns = noise(10)
    assert min(reality_check(returns, CASH, draws=200)) > 0.05
    returns[:, 3] += 0.01
    assert max(reality_check(returns, CASH, draws=200)) < 0.01


def test_bad_trials_do_not_weaken_the_test_of_hansen() -> None:
    """Volatile trials that lose money raise the p-value of White's test only."""
    good = noise(1) - noise(1).mean() + 0.006
    bad = 10 * noise(6)[:, 1:] - 0.2
    alone, together = (reality_check(returns, CASH, draws=200) for returns in (good, np.hstack([good, bad])))
    assert alone.hansen < 0.05 > together.hansen
    assert together.white > 0.5 > alone.white


def test_returns_of_a_benchmark_count_not_its_level() -> None:
    returns = noise(4)
    shifted = reality_check(returns + 0.01, CASH + 0.01, draws=100)
    assert shifted == reality_check(returns, CASH, draws=100)


def test_trials_equal_to_the_benchmark_do_not_count() -> None:
    returns = noise(4)
    benchmark = returns[:, 0]
    assert reality_check(returns, benchmark, draws=100) == reality_check(returns[:, 1:], benchmark, draws=100)
    np.testing.assert_equal(reality_check(returns[:, :1], benchmark), RealityCheck(np.nan, np.nan))


def test_wrong_shapes_and_missing_returns_are_errors() -> None:
    with pytest.raises(BacktestError, match=r"returns of shape \(120, 2\) and benchmark of shape \(119,\)"):
        reality_check(noise(2), CASH[1:])
    with pytest.raises(BacktestError, match=r"^benchmark\[0\] is nan"):
        reality_check(noise(2), np.full(120, np.nan))


def test_without_arch_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "arch.bootstrap", None)
    with pytest.raises(BacktestError, match=r"needs the package arch, which is not installed. Hint: pip install"):
        reality_check(noise(2), CASH)
