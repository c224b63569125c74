"""The terms of Anderson, Bianchi, Goldberg (2014): by hand, by their own formulas, and adding up to the CAGR."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_result import random_run, simulated, terms_of

import backtest as bt
from backtest.analysis import BacktestResult
from backtest.analysis.levered_return import TERMS, levered_periods, levered_return_terms

CONFIGS = Path(__file__).parents[2] / "configs"
seeds = st.integers(0, 10**6)
DAYS_OF_360 = pd.date_range("2015-01-01", periods=4, freq="360D")  # act/360 is 1: a spread a year is one a period


def years_of(result: BacktestResult) -> float:
    return float((result.nav.index[-1] - result.nav.index[0]).days) / 365.25


def test_three_periods_by_hand() -> None:
    """A source of two assets, half of each, levered 2, 1 and 3 times; cash 2 %, spread 1 % a period of 360 days.

    Source: (10 + 6) / 2 = 8 %, (6 + 2) / 2 = 4 %, (-2 + 2) / 2 = 0 %. Returns: 2 × 8 - 3 = 13 %, 4 % (no loan: the
    rate is that of cash), 3 × 0 - 2 × 3 = -6 %; their mean is 11 / 3 %. Leverage is 2 on average.
    Magnified source: 2 + 2 × (4 - 2) = 6 %. Excess borrowing cost: (2 - 1) × (1 + 0 + 1) / 3 = 2 / 3 %.
    Covariance: source less borrowing is 5, 2, -3 %, leverage less its mean 0, -1, 1: (0 - 2 - 3) / 3 = -5 / 3 %.
    6 - 2 / 3 - 5 / 3 = 11 / 3: the mean. Compounding: (1.13 × 1.04 × 0.94)^(1/3) - 1 less that.
    """
    returns = np.array([[0, 0], [0.10, 0.06], [0.06, 0.02], [-0.02, 0.02]])
    targets = {0: [1.0, 1.0], 1: [0.5, 0.5], 2: [1.5, 1.5]}
    result = simulated(returns, [0, 0.02, 0.02, 0.02], targets, terms_of(2, spread=0.01), DAYS_OF_360)
    per_year, growth = 365.25 / 360, 1.13 * 1.04 * 0.94
    geometric = growth ** (1 / 3) - 1
    expected = [0.06, -0.02 / 3, -0.05 / 3, 0, 0, 0, geometric - 0.11 / 3]
    terms = levered_return_terms(result)
    assert list(terms.index) == list(TERMS)
    np.testing.assert_allclose(terms.iloc[:-1], per_year * np.array(expected), rtol=0, atol=1e-15)
    cagr = growth ** (per_year / 3) - 1
    assert terms["compounding_within_year"] == pytest.approx(cagr - per_year * geometric, abs=1e-15)


def test_the_first_trade_by_hand() -> None:
    """Twice one asset for one period at a cost of 1 %: x = 0.01 × 2 (1 - x) = 0.02 / 1.02.

    Of NAV, 1 / 1.02 is left, and 2 / 1.02 held: that is the leverage. The asset earns 10 %, the loan of 1 / 1.02 pays
    3 %: NAV 1.17 / 1.02. In the terms: 2 / 1.02 × 10 % - 0.98 / 1.02 × 3 % - trading = 0.15 / 1.02, as the cost of
    0.02 / 1.02 is carried to the period's end at 3 %: 0.0206 / 1.02. 0.2 - 0.0294 - 0.0206 = 0.15.
    """
    terms = terms_of(1, trading_cost=0.01, spread=0.01)
    result = simulated(np.array([[0], [0.1]]), [0, 0.02], {0: [2.0]}, terms, DAYS_OF_360[:2])
    one = levered_periods(result)
    assert one.leverage[0] == pytest.approx(2 / 1.02, rel=1e-15)
    assert one.borrowing[0] == pytest.approx(0.03, rel=1e-14)
    assert one.trading[0] == pytest.approx(0.0206 / 1.02, rel=1e-14)
    assert levered_return_terms(result)["trading_costs"] == pytest.approx(-365.25 / 360 * 0.0206 / 1.02, rel=1e-14)


@settings(max_examples=60, deadline=None)
@given(seeds, st.sampled_from([0.3, 1.0, 3.0]))
def test_terms_add_up_to_the_cagr(seed: int, leverage: float) -> None:
    """With every cost and fee, loans in some months and free cash in others; to 1e-12, a year."""
    result = random_run(seed, shorts=False, leverage=leverage, volatility=0.02)
    one, terms = levered_periods(result), levered_return_terms(result)
    made = one.leverage * one.source - (one.leverage - 1) * one.borrowing - one.trading - one.fees
    np.testing.assert_allclose(made, result.returns, rtol=0, atol=1e-12)
    periods = len(result.returns)
    mean = result.returns.mean() * periods / years_of(result)
    geometric = (result.nav.iloc[-1] ** (1 / periods) - 1) * periods / years_of(result)
    assert terms.iloc[:6].sum() == pytest.approx(mean, abs=1e-12)
    assert terms.iloc[:7].sum() == pytest.approx(geometric, abs=1e-12)
    assert terms.sum() == pytest.approx(result.summary()["cagr"], abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_each_term_by_its_own_formula(seed: int) -> None:
    """A run that always has a loan, month by month from weights, returns and terms: r_b is cash + 2 % × days / 360."""
    terms = terms_of(3, trading_cost=0.003, spread=0.02, management_fee=0.01)
    dates = pd.date_range("2018-10-31", periods=41, freq="ME")
    rng = np.random.default_rng(seed)
    returns, cash = rng.normal(0.006, 0.02, (41, 3)), rng.uniform(0, 0.006, 41)
    targets = {row: rng.uniform(0.5, 1.2, 3) for row in range(0, 40, 3)}
    result = simulated(returns, cash, targets, terms, dates)
    assert result.loan.iloc[1:].min() > 0.1
    first = 0.003 * result.trades.iloc[0].sum()  # what the first trade cost, of NAV before it
    leverage, source, borrowed, trading, fees = [], [], [], [], []
    for t, (before, after) in enumerate(pairwise(dates)):
        left = 1 - first if t == 0 else 1.0
        held = left * result.weights.iloc[t].to_numpy()
        rate = cash[t + 1] + 0.02 * (after - before).days / 360
        leverage.append(held.sum())
        source.append(held @ returns[t + 1] / held.sum())
        borrowed.append(rate)
        trading.append(result.costs["trading"].iloc[t + 1] / result.nav.iloc[t] + (1 - left) * rate)
        fees.append(left * 0.01 * (after - before).days / 365)
    r_f, r_s, r_b = cash[1:], np.array(source), np.array(borrowed)
    growth = float(np.prod(1 + result.returns.to_numpy())) ** (1 / 40)
    expected = [
        r_f.mean() + np.mean(leverage) * (r_s - r_f).mean(),
        -(np.mean(leverage) - 1) * (r_b - r_f).mean(),
        np.cov(leverage, r_s - r_b, ddof=0)[0, 1],
        0,
        -np.mean(trading),
        -np.mean(fees),
        growth - 1 - result.returns.mean(),
    ]
    found = levered_return_terms(result).to_numpy()[:-1] * years_of(result) / 40
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-14)


def test_constant_leverage_has_no_covariance_and_pays_its_drag() -> None:
    """Back to twice one asset every month, free: no covariance, and the excess borrowing cost is the drag a year."""
    dates = pd.date_range("2018-12-31", periods=25, freq="ME")
    returns = np.random.default_rng(1).normal(0.005, 0.03, (25, 1))
    targets = {row: [2.0] for row in range(24)}
    result = simulated(returns, np.full(25, 0.002), targets, terms_of(1, spread=0.015), dates)
    terms = levered_return_terms(result)
    assert terms["leverage_covariance"] == pytest.approx(0, abs=1e-15)
    assert terms["excess_borrowing_cost"] == pytest.approx(-result.summary()["financing_drag_per_year"], rel=1e-12)
    per_year = 24 / years_of(result)
    assert terms["magnified_source_return"] == pytest.approx(per_year * (2 * returns[1:].mean() - 0.002), rel=1e-12)
    assert terms["compounding"] == pytest.approx(-per_year * result.returns.var(ddof=0) / 2, rel=0.1)  # to first order


def test_below_one_the_rate_is_that_of_free_cash_and_at_one_that_of_cash() -> None:
    dates = pd.date_range("2015-01-01", periods=4, freq="360D")
    terms = terms_of(1, spread=0.05, cash_spread=0.004)
    result = simulated(np.full((4, 1), 0.1), np.full(4, 0.02), {0: [0.5], 1: [1.0], 2: [0.0]}, terms, dates)
    one = levered_periods(result)
    assert one.borrowing.tolist() == pytest.approx([0.016, 0.02, 0.016], abs=1e-15)
    assert one.source.tolist() == pytest.approx([0.1, 0.1, 0.02], abs=1e-15)  # nothing held: that of cash
    assert one.leverage.tolist() == [0.5, 1, 0]


def test_shorts_and_ruin_have_no_terms() -> None:
    dates = pd.date_range("2020-01-31", periods=3, freq="ME")
    short = simulated(np.zeros((3, 2)), [0, 0, 0], {0: [1.3, -0.3]}, terms_of(2), dates)
    ruined = simulated(np.array([[0], [-0.5], [0.1]]), [0, 0, 0], {0: [3.0]}, terms_of(1), dates)
    for result in (short, ruined):
        terms = levered_return_terms(result)
        assert list(terms.index) == list(TERMS)
        assert terms.isna().all()


def test_a_real_run() -> None:
    result = bt.run(CONFIGS / "levered_erc.yaml")
    terms = levered_return_terms(result)
    assert terms.sum() == pytest.approx(result.summary()["cagr"], abs=1e-12)
    assert (terms[["excess_borrowing_cost", "trading_costs", "compounding"]] < 0).all()
