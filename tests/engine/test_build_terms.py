"""Terms from settings: units, and rates that change on given dates."""

import numpy as np
import pytest

import backtest as bt
from backtest.engine.settings.costs import Fees

COSTS = {"costs": {"trading_bps": 20}}


@pytest.mark.parametrize(
    "costs",
    [
        {"schedule": {"1970-01-01": 20}},
        {"schedule": {"1970-01-01": 20, "2013-01-01": 500}},
        {"half_spread_bps": 12, "commission_bps": 8},
        {"trading_bps": {"equities": 20, "bonds": 20, "commodities": 20}},
    ],
    ids=["one rate by date", "a later rate", "parts", "by class"],
)
def test_the_same_cost_in_other_words_is_the_same_cost(costs: dict[str, object]) -> None:
    """A rate by date, in parts or by class costs what the same rate costs as one number."""
    plain = bt.run("configs/erc.yaml", COSTS)
    other = bt.run("configs/erc.yaml", {"costs": {**costs, **({} if "trading_bps" in costs else {"trading_bps": 0})}})
    np.testing.assert_allclose(other.nav, plain.nav, rtol=1e-13)


def test_an_asset_without_a_basis_pays_none() -> None:
    """A basis of one class alone costs the same as a basis of 0 for all others."""
    given = {"bonds": 50}, {"bonds": 50, "equities": 0, "commodities": 0}
    alone, spelled_out = (bt.run("configs/levered_erc_futures.yaml", {"financing.basis_bps": each}) for each in given)
    np.testing.assert_array_equal(alone.nav, spelled_out.nav)


def test_fees_are_zero_unless_given() -> None:
    fees = Fees()
    assert (fees.management_bps, fees.expense_ratio_bps, fees.performance) == (0.0, 0.0, None)
