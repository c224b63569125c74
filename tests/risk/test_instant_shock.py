"""Effects of instantaneous shocks against closed forms."""

import numpy as np
import pytest

from backtest.errors import BacktestError
from backtest.risk.instant_shock import effect_of, expected_returns, likely_loss, with_correlation

COVARIANCE = np.array([[0.04, 0.01], [0.01, 0.01]])


def test_the_other_asset_moves_by_its_beta() -> None:
    returns = expected_returns(np.array([-0.2, np.nan]), COVARIANCE)
    np.testing.assert_allclose(returns, [-0.2, 0.25 * -0.2], rtol=1e-12)  # rounding of the inverse
    effect = effect_of(np.array([1.0, 0.5]), returns)
    assert effect.leverage == pytest.approx((0.8 + 0.5 * 0.95) / 0.775, rel=1e-12)


def test_shocks_of_all_assets_are_summed() -> None:
    returns = expected_returns(np.array([-0.2, 0.1]), COVARIANCE)
    assert effect_of(np.array([1.0, 0.5]), returns).nav_change == pytest.approx(-0.15, rel=1e-12)  # rounding


def test_an_asset_that_is_a_copy_of_a_shocked_one_moves_with_it() -> None:
    singular = np.full((3, 3), 0.04)
    np.testing.assert_allclose(expected_returns(np.array([-0.3, -0.3, np.nan]), singular), -0.3, rtol=1e-12)


def test_assets_without_variance_stay_and_none_loses_more_than_everything() -> None:
    covariance = np.array([[0.01, 0.08, 0.0], [0.08, 1.0, 0.0], [0.0, 0.0, 0.0]])
    assert expected_returns(np.array([-0.4, np.nan, np.nan]), covariance).tolist() == [-0.4, -1.0, 0.0]
    assert expected_returns(np.array([np.nan, np.nan, -0.1]), covariance).tolist() == [0.0, 0.0, -0.1]


def test_leverage_is_undefined_without_nav() -> None:
    assert np.isnan(effect_of(np.array([2.0, 0.0]), np.array([-0.6, 0.0])).leverage)


def test_a_total_loss_is_refused() -> None:
    with pytest.raises(BacktestError, match="above -1"):
        expected_returns(np.array([-1.0, np.nan]), COVARIANCE)


def test_with_a_correlation_of_one_volatilities_add_up() -> None:
    weights, moved = np.array([1.0, 2.0]), with_correlation(COVARIANCE, 1.0)
    assert weights @ moved @ weights == pytest.approx((1 * 0.2 + 2 * 0.1) ** 2, rel=1e-12)


def test_a_likely_loss_is_as_many_deviations_and_nothing_without_risk() -> None:
    weights = np.array([1.0, 2.0])
    loss = weights @ likely_loss(weights, COVARIANCE, 2.0)
    assert loss == pytest.approx(-2 * np.sqrt(weights @ COVARIANCE @ weights), rel=1e-12)
    assert likely_loss(np.zeros(2), COVARIANCE, 2.0).tolist() == [0.0, 0.0]
