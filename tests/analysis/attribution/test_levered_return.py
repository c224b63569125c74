"""The decomposition of Anderson, Bianchi, Goldberg (2014): by hand, by its own formulas, and adding up to the CAGR."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backtest as bt
from backtest.analysis import BacktestResult
from backtest.analysis.attribution.levered_return import TERMS, LeveredPeriods, levered_periods, levered_return_terms
from backtest.engine.terms import FeeTerms, FundTerms, FuturesTerms, Terms, TradingTerms
from support.builders.ledger_result import random_run, simulated, terms_of

CONFIGS = Path(__file__).parents[3] / "configs"
seeds = st.integers(0, 10**6)
DAYS_OF_360 = pd.date_range("2015-01-01", periods=4, freq="360D")  # act/360 is 1: a spread a year is one a period


def years_of(result: BacktestResult) -> float:
    return float((result.nav.index[-1] - result.nav.index[0]).days) / 365.25


def test_terms_of_three_periods_by_hand() -> None:
    """A source of two assets, half of each, levered 2, 1 and 3 times; cash 2 %, spread 1 % a period of 360 days.

    Source: (10 + 6) / 2 = 8 %, (6 + 2) / 2 = 4 %, (-2 + 2) / 2 = 0 %. Returns: 2 × 8 - 3 = 13 %, 4 % (no loan: the
    rate is the cash rate), 3 × 0 - 2 × 3 = -6 %; their mean is 11 / 3 %. Leverage is 2 on average.
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


def test_terms_of_the_first_trade_by_hand() -> None:
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
    assert levered_return_terms(result).isna().all()  # 360 days are no year
    two = simulated(np.array([[0], [0.1], [0.0]]), [0, 0.02, 0.0], {0: [2.0]}, terms, DAYS_OF_360[:3])
    assert levered_return_terms(two)["trading_costs"] == pytest.approx(-365.25 / 720 * 0.0206 / 1.02, rel=1e-14)


@settings(max_examples=60, deadline=None)
@given(seeds, st.sampled_from([0.3, 1.0, 3.0]))
def test_terms_add_up_to_the_cagr(seed: int, leverage: float) -> None:
    """The run has every cost and fee, loans in some months and free cash in others; accurate to 1e-12 a year."""
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
def test_each_term_equals_its_own_formula(seed: int) -> None:
    """A run that always has a loan, month by month from weights, returns and terms: r_b is cash + 2 % × days / 360."""
    terms = terms_of(3, trading_cost=0.003, spread=0.02, management_fee=0.01)
    dates = pd.date_range("2018-10-31", periods=41, freq="ME")
    rng = np.random.default_rng(seed)
    returns, cash = rng.normal(0.006, 0.02, (41, 3)), rng.uniform(0, 0.006, 41)
    targets = {row: rng.uniform(0.5, 1.2, 3) for row in range(0, 40, 3)}
    result = simulated(returns, cash, targets, terms, dates)
    assert result.loan.iloc[1:].min() > 0.1
    first = 0.003 * result.trades.iloc[0].sum()  # cost of the first trade over NAV before it
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
    """Rebalanced to twice one asset every month, free of charge: no covariance, and the drag is the excess cost."""
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


def test_the_rate_below_leverage_one_is_the_free_cash_rate_and_at_one_the_cash_rate() -> None:
    dates = pd.date_range("2015-01-01", periods=4, freq="360D")
    terms = terms_of(1, spread=0.05, cash_spread=0.004)
    result = simulated(np.full((4, 1), 0.1), np.full(4, 0.02), {0: [0.5], 1: [1.0], 2: [0.0]}, terms, dates)
    one = levered_periods(result)
    assert one.borrowing.tolist() == pytest.approx([0.016, 0.02, 0.016], abs=1e-15)
    assert one.source.tolist() == pytest.approx([0.1, 0.1, 0.02], abs=1e-15)  # nothing held: the cash return
    assert one.leverage.tolist() == [0.5, 1, 0]


def general_identity(one: LeveredPeriods) -> np.ndarray:
    """Return the returns by the general identity."""
    above = one.leverage * (one.source - one.cash) - one.financed * one.excess
    made: np.ndarray = one.cash + above - one.cash_drag - one.trading - one.fees
    return made


def in_futures(rng: np.random.Generator) -> Terms:
    """Return a run of three assets, each with its own basis and roll, bills that earn less than cash, and a fee."""
    return Terms(
        TradingTerms(rng.uniform(0, 0.01, 3)),
        FuturesTerms(rng.uniform(-0.002, 0.01, 3), rng.uniform(0, 0.003, 3), cash_spread=0.003),
        fees=FeeTerms(expense_ratio=np.full(3, 0.002), management=0.004),
    )


def in_funds(leverage: float, rng: np.random.Generator) -> Terms:
    return Terms(
        TradingTerms(rng.uniform(0, 0.01, 3)),
        FundTerms(leverage, 0.004, 0.009, cash_spread=0.003),
        fees=FeeTerms(management=0.004),
    )


@settings(max_examples=40, deadline=None)
@given(seeds, st.sampled_from(["futures", "fund of 2", "fund of 3", "fund of a half"]))
def test_terms_of_futures_and_funds_add_up_to_the_cagr(seed: int, kind: str) -> None:
    """The runs have every cost they can have; terms add up by period and over the run, to 1e-12."""
    leverage = {"fund of 2": 2.0, "fund of 3": 3.0, "fund of a half": 0.5}.get(kind)
    rng = np.random.default_rng(seed)
    terms = in_futures(rng) if leverage is None else in_funds(leverage, rng)
    result = random_run(seed, terms, shorts=False, leverage=0.3 * (leverage or 3), volatility=0.02)
    one, found = levered_periods(result), levered_return_terms(result)
    np.testing.assert_allclose(general_identity(one), result.returns, rtol=0, atol=1e-12)
    periods = len(result.returns)
    assert found.iloc[:6].sum() == pytest.approx(result.returns.mean() * periods / years_of(result), abs=1e-12)
    assert found.sum() == pytest.approx(result.summary()["cagr"], abs=1e-12)


def test_terms_of_futures_equal_their_own_formulas() -> None:
    """All of the notional is financed, at the mean basis by notional; all of NAV is in bills, at 30 bp less than cash.

    Roll is booked with trading: 10 bp a year of the notional.
    """
    dates = pd.date_range("2018-10-31", periods=25, freq="ME")
    rng, basis = np.random.default_rng(4), np.array([0.002, 0.006])
    terms = Terms(TradingTerms(np.zeros(2)), FuturesTerms(basis, np.full(2, 0.001), cash_spread=0.003))
    targets = {row: rng.uniform(0.3, 1.2, 2) for row in range(0, 24, 2)}
    result = simulated(rng.normal(0.005, 0.02, (25, 2)), np.full(25, 0.002), targets, terms, dates)
    one, weights = levered_periods(result), result.weights.to_numpy()[:-1]
    year = np.diff(dates.to_numpy()).astype("m8[D]").astype(float) / 360
    exposure = weights.sum(axis=1)
    np.testing.assert_allclose(one.financed, exposure, rtol=1e-13)
    np.testing.assert_allclose(one.leverage, exposure, rtol=1e-14)
    np.testing.assert_allclose(one.excess, weights @ basis / exposure * year, rtol=1e-12)
    np.testing.assert_allclose(one.cash_drag, 0.003 * year, rtol=0, atol=1e-15)
    np.testing.assert_allclose(one.trading, 0.001 * exposure * year, rtol=1e-13)
    found, per_year = levered_return_terms(result), 24 / years_of(result)
    assert found["excess_borrowing_cost"] == pytest.approx(-per_year * exposure.mean() * one.excess.mean(), rel=1e-12)
    covariance = np.cov(exposure, one.source - one.cash - one.excess, ddof=0)[0, 1]  # F is L
    assert found["leverage_covariance"] == pytest.approx(per_year * covariance, abs=1e-14)


def test_terms_of_a_period_in_funds_by_hand() -> None:
    """1.2 of exposure through funds of 3 takes 0.4 of NAV; 360 days, cash 2 %, of which free cash loses 1 %.

    They borrow 0.8 at 2 % and a swap spread of 0.5 %, cost 3.65 % × 360 / 365 = 3.6 % of 0.4; the asset earns 10 %.
    NAV: 1.2 × 10 % - 0.8 × 2.5 % - 0.4 × 3.6 % + 0.6 × 1 % = 12 - 2 - 1.44 + 0.6 = 9.16 %.
    In the terms: 2 % + 1.2 × 8 % - 0.8 × 0.5 % - 0.6 × 1 % - 1.44 % = 2 + 9.6 - 0.4 - 0.6 - 1.44 = 9.16 %.
    """
    terms = Terms(TradingTerms(np.zeros(1)), FundTerms(3.0, 0.005, 0.0365, cash_spread=0.01))
    result = simulated(np.array([[0], [0.1]]), [0, 0.02], {0: [1.2]}, terms, DAYS_OF_360[:2])
    assert result.returns.iloc[0] == pytest.approx(0.0916, abs=1e-15)
    one = levered_periods(result)
    numbers = [one.leverage, one.financed, one.source, one.excess, one.cash_drag, one.fees]
    assert np.concatenate(numbers).tolist() == pytest.approx([1.2, 0.8, 0.1, 0.005, 0.006, 0.0144], abs=1e-15)


def test_futures_with_an_equivalent_basis_have_the_terms_of_a_loan() -> None:
    """Rebalanced free every period to a constant L, a basis of s (L - 1) / L costs the same as a spread s, by term.

    The loan is L - 1 and pays s; the notional is L and pays s (L - 1) / L.
    """
    dates = pd.date_range("2018-12-31", periods=25, freq="ME")
    returns, targets = np.random.default_rng(1).normal(0.005, 0.03, (25, 1)), {row: [2.5] for row in range(24)}
    margin, futures = (
        levered_return_terms(simulated(returns, np.full(25, 0.002), targets, terms, dates))
        for terms in (
            terms_of(1, spread=0.015),
            Terms(TradingTerms(np.zeros(1)), FuturesTerms(np.array([0.015 * 1.5 / 2.5]))),
        )
    )
    np.testing.assert_allclose(futures, margin, rtol=0, atol=1e-13)


def test_inverse_funds_and_trades_at_the_open_have_no_decomposition() -> None:
    dates = pd.date_range("2020-01-31", periods=13, freq="ME")
    still, free = np.zeros((13, 1)), np.zeros(13)
    inverse = simulated(still, free, {0: [0.5]}, Terms(TradingTerms(np.zeros(1)), FundTerms(-1.0)), dates)
    plain = simulated(still, free, {0: [1.5]}, terms_of(1), dates)
    opens = replace(plain, settings={"rebalance": {"execution": "open"}})
    for result in (inverse, opens):
        assert levered_return_terms(result).isna().all()
    assert levered_return_terms(plain).notna().all()


def test_shorts_and_ruin_have_no_decomposition() -> None:
    dates = pd.date_range("2020-01-31", periods=3, freq="ME")
    short = simulated(np.zeros((3, 2)), [0, 0, 0], {0: [1.3, -0.3]}, terms_of(2), dates)
    ruined = simulated(np.array([[0], [-0.5], [0.1]]), [0, 0, 0], {0: [3.0]}, terms_of(1), dates)
    for result in (short, ruined):
        terms = levered_return_terms(result)
        assert list(terms.index) == list(TERMS)
        assert terms.isna().all()


def test_the_terms_of_a_shipped_run_are_plausible() -> None:
    result = bt.run(CONFIGS / "levered_erc.yaml")
    terms = levered_return_terms(result)
    assert terms.sum() == pytest.approx(result.summary()["cagr"], abs=1e-12)
    assert (terms[["excess_borrowing_cost", "trading_costs", "compounding"]] < 0).all()
