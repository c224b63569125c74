"""Effects of instantaneous shocks against closed forms."""

import numpy as np
import pytest

from backtest.errors import BacktestError
from backtest.risk.instant_shock import shock_effect

COVARIANCE = np.array([[0.04, 0.01], [0.01, 0.01]])


def test_the_other_asset_moves_by_its_beta() -> None:
    effect = shock_effect(np.array([1.0, 0.5]), np.array([-0.2, np.nan]), COVARIANCE)
    np.testing.assert_allclose(effect.returns, [-0.2, 0.25 * -0.2], rtol=1e-12)  # rounding of the inverse
    assert effect.leverage == pytest.approx((0.8 + 0.5 * 0.95) / 0.775, rel=1e-12)


def test_shocks_of_all_assets_are_summed() -> None:
    effect = shock_effect(np.array([1.0, 0.5]), np.array([-0.2, 0.1]), COVARIANCE)
    assert effect.nav_change == pytest.approx(-0.15, rel=1e-12)  # rounding of the sum


def test_leverage_is_undefined_without_nav() -> None:
    assert np.isnan(shock_effect(np.array([2.0, 0.0]), np.array([-0.6, 0.0]), COVARIANCE).leverage)


def test_a_total_loss_is_refused() -> None:
    with pytest.raises(BacktestError, match="above -1"):
        shock_effect(np.array([1.0, 0.5]), np.array([-1.0, np.nan]), COVARIANCE)
