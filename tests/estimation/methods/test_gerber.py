"""Gerber covariance, compared with counts period by period, and with Schur's theorem."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from backtest.estimation.methods.gerber import Gerber, Statistic, gerber_covariance
from backtest.numerics.arrays import Floats


def random_returns(seed: int, count: int, assets: int) -> Floats:
    random = np.random.default_rng(seed)
    return np.asarray((random.standard_t(4, (count, assets)) + random.normal(size=(count, 1))) / 100 + 0.001)


@pytest.mark.parametrize("statistic", ["gs1", "gs2"])
@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.9])
def test_statistics_equal_counts_period_by_period(statistic: Statistic, threshold: float) -> None:
    """Each equation is applied period by period: agreeing less opposing, over the divisor of the statistic."""
    returns = random_returns(1, 60, 4)
    s = returns.std(axis=0, ddof=1)
    large = [[(abs(x) >= threshold * s[i]) * np.sign(x) for i, x in enumerate(row)] for row in returns]
    expected = np.empty((4, 4))
    for i in range(4):
        for j in range(4):
            both = sum(row[i] * row[j] for row in large)
            if statistic == "gs1":
                divisor = sum(row[i] != 0 or row[j] != 0 for row in large)
            else:
                divisor = np.sqrt(sum(row[i] != 0 for row in large) * sum(row[j] != 0 for row in large))
            expected[i, j] = both / divisor * s[i] * s[j]
    np.testing.assert_allclose(gerber_covariance(returns, threshold, statistic), expected, rtol=0, atol=1e-15)


@given(
    st.integers(0, 2**32 - 1),
    st.integers(2, 30),
    st.integers(1, 30),
    st.floats(0.05, 0.99),
    st.sampled_from(["gs1", "gs2"]),
)
def test_both_are_positive_semi_definite(
    seed: int, count: int, assets: int, threshold: float, statistic: Statistic
) -> None:
    """Up to the rounding of the sum of the eigenvalues; with the sample's variances, even if no return is large."""
    returns = random_returns(seed, count, assets)
    found = gerber_covariance(returns, threshold, statistic)
    np.testing.assert_allclose(np.diagonal(found), returns.var(axis=0, ddof=1), rtol=1e-13)
    assert (found == found.T).all()
    assert np.linalg.eigvalsh(found).min() >= -1e-14 * np.trace(found)


@pytest.mark.parametrize("statistic", ["gs1", "gs2"])
def test_an_asset_without_large_returns_is_uncorrelated(statistic: Statistic) -> None:
    """Returns of 1 % and -1 % have s = 1.41 %: with a threshold near 1 neither is large."""
    returns = np.array([[0.01, 0.03], [-0.01, -0.01]])
    expected = np.diag(returns.var(axis=0, ddof=1))
    np.testing.assert_allclose(gerber_covariance(returns, 0.99, statistic), expected, rtol=1e-15)


def test_one_outlier_moves_volatility_but_not_correlation() -> None:
    """The largest return of an asset, times ten, keeps the signs of its period; other assets keep their thresholds."""
    returns = np.where(random_returns(3, 200, 2) > 0, 0.01, -0.01)
    wild = returns.copy()
    wild[17] *= 1.5
    found, moved = gerber_covariance(returns), gerber_covariance(wild)
    correlation, after = (m[0, 1] / np.sqrt(m[0, 0] * m[1, 1]) for m in (found, moved))
    assert after == pytest.approx(correlation, abs=1e-14)
    assert moved[0, 0] > found[0, 0]


def test_the_estimator_takes_the_last_returns_and_its_settings() -> None:
    """The returns include the row itself; an asset that never varies has zeros."""
    returns = random_returns(1, 50, 4)
    returns[:, 2] = 0.0
    found = Gerber(window=24, threshold=0.7, statistic="gs1").covariances(returns, [22, 49], 12)
    assert np.isnan(found[0]).all()
    np.testing.assert_array_equal(found[1], gerber_covariance(returns[26:], 0.7, "gs1"))
    assert (found[1, 2] == 0).all()
    assert Gerber().statistic == "gs2"
    for threshold in (0.0, 1.0):
        with pytest.raises(ValidationError):
            Gerber(threshold=threshold)
