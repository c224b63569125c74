"""Dynamic conditional correlations: the likelihood by scipy's normal density, its maximum, and the forecasts."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from backtest.errors import EstimationError
from backtest.estimation.methods.dcc import _STARTS, HIGHEST_PERSISTENCE, correlation_target, dcc_correlations, fit_dcc
from backtest.estimation.methods.dcc_kernel import mean_negative_log_likelihood
from backtest.numerics.arrays import Floats
from support.builders.garch_samples import dcc_units

TARGET = np.array([[1.0, 0.5, -0.2], [0.5, 1.0, 0.1], [-0.2, 0.1, 1.0]])


def correlations_of(units: Floats, target: Floats, news: float, memory: float) -> list[Floats]:
    """Return R_1, ..., R_{T+1} by Engle's recursion, element by element."""
    q, found = target.copy(), []
    for z in [*units, None]:
        found.append(np.array([[q[i, j] / math.sqrt(q[i, i] * q[j, j]) for j in range(len(q))] for i in range(len(q))]))
        if z is not None:
            q = (1 - news - memory) * target + news * np.outer(z, z) + memory * q
    return found


@pytest.mark.parametrize(("news", "memory"), [(0.0, 0.0), (0.05, 0.9), (0.3, 0.2), (0.0, 0.95)])
def test_likelihood_equals_the_product_of_normal_densities(news: float, memory: float) -> None:
    """The likelihood is -Σ log φ(z_t; R_t) / T, less the constant n/2 log 2π; 1e-13 for the order of sums."""
    units = dcc_units(1, 40, TARGET, 0.1, 0.8)
    densities = [
        multivariate_normal.logpdf(z, cov=r)
        for z, r in zip(units, correlations_of(units, TARGET, news, memory)[:-1], strict=True)
    ]
    expected = -np.mean(densities) - 1.5 * math.log(2 * math.pi)
    assert mean_negative_log_likelihood(units, TARGET, news, memory) == pytest.approx(expected, rel=1e-13)


def test_fit_is_the_maximum_of_the_likelihood_and_near_the_truth() -> None:
    """4000 days with a = 0.05, b = 0.92: standard errors are near 0.006 and 0.012; no neighbour is more likely."""
    units = dcc_units(3, 4000, TARGET, 0.05, 0.92)
    target = correlation_target(units)
    news, memory = fit_dcc(units, target)
    assert news == pytest.approx(0.05, abs=0.018)
    assert memory == pytest.approx(0.92, abs=0.036)
    best = mean_negative_log_likelihood(units, target, news, memory)
    for more_news, more_memory in [(0.002, 0.0), (-0.002, 0.0), (0.0, 0.002), (0.0, -0.002), (0.002, -0.002)]:
        assert mean_negative_log_likelihood(units, target, news + more_news, memory + more_memory) > best


def test_searches_start_within_their_bounds() -> None:
    """Persistence a + b up to its limit, and a between nothing and all of it; SciPy would move other starts there."""
    assert (_STARTS > 0).all()
    assert (_STARTS < [HIGHEST_PERSISTENCE, 1.0]).all()


def test_estimates_of_a_keep_the_order_of_the_true_values() -> None:
    """The true values are 0, 0.03, 0.07 and 0.13, with 3000 days each; the first estimate is near zero."""
    found = [
        fit_dcc(units, correlation_target(units))[0]
        for units in (dcc_units(5, 3000, TARGET, news, 0.85) for news in (0.0, 0.03, 0.07, 0.13))
    ]
    assert found == sorted(found)
    assert found[0] < 0.015


def test_constant_correlations_are_never_less_likely() -> None:
    """In short samples without dynamics the fit is at least as likely as a = b = 0, and within its bounds."""
    for seed in range(10):
        units = dcc_units(seed, 60, TARGET, 0.0, 0.0)
        target = correlation_target(units)
        news, memory = fit_dcc(units, target)
        assert min(news, memory) >= 0
        assert news + memory <= HIGHEST_PERSISTENCE
        found = mean_negative_log_likelihood(units, target, news, memory)
        assert found <= mean_negative_log_likelihood(units, target, 0.0, 0.0)


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.floats(0, 0.5), st.floats(0, 0.49))
def test_forecasts_follow_engles_recursion(seed: int, news: float, memory: float) -> None:
    """Forecasts after the first, third and last return use only those before; they agree to a few last bits."""
    units = np.random.default_rng(seed).normal(size=(12, 3))
    expected = correlations_of(units, TARGET, news, memory)
    found = dcc_correlations(units, TARGET, news, memory, np.array([1, 3, 12]))
    np.testing.assert_allclose(found, [expected[1], expected[3], expected[12]], rtol=0, atol=1e-14)
    assert (np.einsum("mii->mi", found) == 1).all()
    assert np.linalg.eigvalsh(found).min() > 0


@pytest.mark.parametrize("assets", [2, 30])
def test_singular_correlations_are_an_error(assets: int) -> None:
    """The data has one asset twice, or more assets than returns."""
    units = np.random.default_rng(1).normal(size=(25, assets))
    units[:, 1] = units[:, 0]
    with pytest.raises(EstimationError, match=f"correlations of {assets} assets over 25 returns are singular"):
        fit_dcc(units, correlation_target(units))
