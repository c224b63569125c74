"""The latest trades of a result: what is left to do at its last close."""

import numpy as np
import pandas as pd
import pytest

from backtest.engine.terms import MarginTerms, Terms, TradingTerms
from support.builders.ledger_result import simulated

DATES = pd.date_range("2020-01-31", periods=4, freq="ME")


def test_latest_trades_lead_to_the_targets_that_margin_allows_on_the_last_date() -> None:
    """An initial margin of a half allows a gross exposure of 2.

    1 of stocks is allowed, and stays 1 without returns. The last decision, 3 of stocks and 1 of bonds, needs a margin
    of 2, so that a half of it is allowed: 1.5 and 0.5. What is left to buy is 0.5 of each.
    """
    terms = Terms(TradingTerms(np.zeros(2)), margin=MarginTerms(np.array([0.5, 0.5])))
    result = simulated(np.zeros((4, 2)), np.zeros(4), {0: [1.0, 0.0], 3: [3.0, 1.0]}, terms, DATES)
    assert result.target_scales.to_list() == [1.0, 0.5]
    assert result.latest_trades.to_list() == pytest.approx([0.5, 0.5], rel=1e-15)


def test_a_decision_that_has_been_traded_leaves_no_trade() -> None:
    result = simulated(
        np.zeros((4, 2)), np.zeros(4), {0: [0.5, 0.5], 2: [0.2, 0.4]}, Terms(TradingTerms(np.zeros(2))), DATES
    )
    assert result.latest_trades.to_list() == [0.0, 0.0]
