"""Estimators and measures of random samples of many shapes, compared with peers of the development environment.

`test_peer_numbers` compares the same functions with more peers, on a few inputs of usual shapes. These samples may have
more assets than returns, or a single return.
"""

import numpy as np
import pytest
from arch.bootstrap import optimal_block_length
from hypothesis import given
from hypothesis import strategies as st
from skfolio.measures import cvar
from skfolio.moments import DenoiseCovariance, GerberCovariance
from sklearn.covariance import ledoit_wolf, oas

from backtest.analysis.uncertainty.bootstrap import block_length
from backtest.estimation.methods.denoised import denoised_covariance
from backtest.estimation.methods.gerber import gerber_covariance
from backtest.estimation.methods.ledoit_wolf import ledoit_wolf_covariance
from backtest.estimation.methods.oas import oas_covariance
from backtest.numerics.arrays import Floats
from backtest.risk.measures.expected_shortfall import historical_expected_shortfall
from support.builders.factor_returns import returns_of_blocks, returns_of_one_factor


@given(st.integers(0, 2**32 - 1), st.integers(2, 60), st.integers(1, 40))
def test_ledoit_wolf_equals_scikit_learns(seed: int, count: int, assets: int) -> None:
    """There may be more assets than returns. 1e-12 of the largest variance, as sums are taken in other orders."""
    returns = returns_of_one_factor(seed, count, assets)
    expected, _ = ledoit_wolf(returns)
    atol = 1e-12 * np.diagonal(expected).max()
    np.testing.assert_allclose(ledoit_wolf_covariance(returns), expected, rtol=0, atol=atol)


@given(st.integers(0, 2**32 - 1), st.integers(2, 60), st.integers(2, 40))
def test_oas_equals_scikit_learns(seed: int, count: int, assets: int) -> None:
    """There may be more assets than returns. 1e-12 of the largest variance, as sums are taken in other orders."""
    returns = returns_of_one_factor(seed, count, assets)
    expected, _ = oas(returns)
    np.testing.assert_allclose(oas_covariance(returns), expected, rtol=0, atol=1e-12 * np.diagonal(expected).max())


@given(st.integers(0, 2**32 - 1), st.integers(5, 60), st.integers(2, 20), st.sampled_from([0.5, 0.7, 0.9]))
def test_gerber_statistics_equal_skfolios(seed: int, count: int, assets: int, threshold: float) -> None:
    """Standard deviations of skfolio have divisor T, also in the threshold: the test corrects both."""
    returns = returns_of_one_factor(seed, count, assets)
    ratio = count / (count - 1)
    if threshold * np.sqrt(ratio) >= 1:
        return
    for statistic, variant in (("gs1", True), ("gs2", False)):
        theirs = GerberCovariance(threshold=threshold * np.sqrt(ratio), psd_variant=variant, nearest=False)
        found = gerber_covariance(returns, threshold, "gs1" if statistic == "gs1" else "gs2")
        np.testing.assert_allclose(found, ratio * theirs.fit(returns).covariance_, rtol=1e-12, atol=1e-18)


@pytest.mark.parametrize(("count", "assets", "factors"), [(500, 40, 1), (500, 40, 3), (1000, 100, 2), (252, 50, 2)])
def test_denoised_covariance_equals_skfolios(count: int, assets: int, factors: int) -> None:
    """If its kernel fit of the noise variance finds the same number of factors, the covariances are equal.

    This holds in half of the samples or more; its fit has a local minimum at other variances. The tolerance is 1e-12
    of the variances, because sums are taken in another order.
    """
    same = 0
    for seed in range(4):
        returns = returns_of_blocks(seed, count, assets, factors)
        expected = DenoiseCovariance(nearest=False).fit(returns).covariance_
        same += np.abs(denoised_covariance(returns) - expected).max() <= 1e-12 * np.diagonal(expected).max()
    assert same >= 2


@pytest.mark.parametrize("periods", [1, 7, 19, 20, 21, 100, 250, 1259])
def test_expected_shortfall_equals_skfolios(periods: int) -> None:
    """The tail may be shorter than a period, a whole number of periods, or end within one."""
    rng = np.random.default_rng(periods)
    returns, weights = rng.standard_t(4, (periods, 3)) * 0.01, np.array([0.5, 0.7, -0.2])
    expected = cvar(returns @ weights, beta=0.95)
    assert historical_expected_shortfall(weights, returns) == pytest.approx(expected, rel=1e-12)


def autoregression(rng: np.random.Generator, count: int, persistence: float) -> Floats:
    """Return values of which each keeps a part of the value before."""
    values = rng.standard_normal(count)
    for t in range(1, count):
        values[t] += persistence * values[t - 1]
    return values


def test_block_length_equals_archs() -> None:
    """Autoregressions from -0.4 to 0.8 (arch gives no less than 0, here 1 is least).

    arch divides each autocovariance by the deviations of its own rows; this project divides by the deviations of all
    rows. A correlation at the very edge can fall on either side, which changes M. This happens in about one case of
    fifty, and in none of these.
    """
    rng = np.random.default_rng(11)
    for count in (60, 287, 1000, 3000):
        for persistence in (-0.4, 0.0, 0.3, 0.8):
            values = autoregression(rng, count, persistence)
            theirs = float(optimal_block_length(values)["stationary"].iloc[0])
            assert block_length(values) == pytest.approx(max(theirs, 1.0), rel=1e-9), (count, persistence)
