"""Oracle approximating shrinkage, compared with the paper."""

import numpy as np

from backtest.estimation.methods.oas import OAS, oas_covariance


def test_the_papers_intensity_is_a_little_smaller() -> None:
    """Chen et al. (2010), equation 23: for 6 assets less by a sixth at most, as documented; for 200 by 1 %."""
    for assets, most in ((6, 1 / 6), (200, 0.01)):
        returns = np.random.default_rng(assets).normal(size=(500, assets)) * np.linspace(0.5, 2, assets)
        s = np.cov(returns.T, ddof=0)
        squares, trace = np.trace(s @ s), np.trace(s)
        paper = ((1 - 2 / assets) * squares + trace**2) / ((501 - 2 / assets) * (squares - trace**2 / assets))
        used = oas_covariance(returns)[0, 1] / s[0, 1]
        assert paper < 1
        assert (1 - most) * (1 - used) <= paper < 1 - used


def test_equal_or_zero_variances_have_no_division_by_zero() -> None:
    """The samples are S = μI and S = 0."""
    square = np.array([[0.01, 0.01], [0.01, -0.01], [-0.01, 0.01], [-0.01, -0.01]])
    np.testing.assert_allclose(oas_covariance(square), 1e-4 * np.eye(2), rtol=1e-15)
    assert (oas_covariance(np.zeros((5, 3))) == 0).all()
    np.testing.assert_allclose(oas_covariance(square[:, :1]), [[1e-4]], rtol=1e-15)


def test_the_estimator_takes_the_last_returns() -> None:
    """They include the row itself."""
    returns = np.random.default_rng(1).normal(size=(30, 3))
    found = OAS(window=12).covariances(returns, [10, 29], 12)
    assert np.isnan(found[0]).all()
    np.testing.assert_allclose(found[1], oas_covariance(returns[18:]), rtol=1e-12)  # sums in another order
