"""Terms of a run: what is not given costs nothing."""

import numpy as np
import pytest

from backtest.engine.funds import fund_prices
from backtest.engine.kernels.state import UNUSED
from backtest.engine.market_periods import Periods
from backtest.engine.terms import FundTerms, FuturesTerms, LoanTerms, Terms, TradingTerms


@pytest.mark.parametrize("financing", [LoanTerms(), FuturesTerms(np.zeros(2)), FundTerms(leverage=1.0)])
def test_terms_without_numbers_charge_nothing(financing: LoanTerms | FuturesTerms | FundTerms) -> None:
    """Kernels skip what is not charged: no rate is in use, and tables by date have no rows."""
    terms = Terms(TradingTerms(np.zeros(2)), financing)
    arrays = terms.arrays
    assert not arrays.scalars.any()
    assert not arrays.tiers.any()
    assert not arrays.rates.any()
    assert (arrays.usage == UNUSED).all()
    assert len(arrays.performance_due) == len(arrays.trading_by_row) == len(arrays.impact) == 0
    assert terms.trading.free
    assert terms.financing.configured_spread == 0


def test_a_fund_without_leverage_and_costs_has_the_prices_of_its_asset() -> None:
    prices = np.array([[1.0, 1.0], [1.1, 0.9], [0.7, 1.3]])
    periods = Periods(prices, np.full(3, 0.001), np.array([0, 1, 3]))
    np.testing.assert_allclose(fund_prices(periods, FundTerms(leverage=1.0)), prices, rtol=1e-15)
