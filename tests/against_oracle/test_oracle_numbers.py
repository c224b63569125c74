"""The oracle's calendar, weights and performance numbers against arithmetic done by hand, shown in each docstring."""

from __future__ import annotations

import math
from datetime import date
from fractions import Fraction

import numpy as np
import pytest

from support.agreement.closeness import close, closes
from support.oracle import oracle

MONTHS = [date(2021, m, d) for m, d in zip(range(1, 9), (31, 28, 31, 30, 31, 30, 31, 31), strict=True)]


def test_rebalance_dates_are_the_last_dates_of_periods() -> None:
    """Last dates in the data; 2020-12-28 to 2021-01-03 is one ISO week; the last date closes a period."""
    dates = [date(2020, 12, d) for d in (23, 24, 28, 29, 31)] + [date(2021, 1, d) for d in (1, 4, 29)]
    dates += [date(2021, 2, 1)]
    assert oracle.rebalance_indices(dates, "daily") == list(range(9))
    assert oracle.rebalance_indices(dates, "weekly") == [1, 5, 6, 7, 8]
    assert oracle.rebalance_indices(dates, "monthly") == oracle.month_ends(dates) == [4, 7, 8]
    assert oracle.rebalance_indices(dates, "quarterly") == [4, 8]
    assert oracle.rebalance_indices(dates, "yearly") == [4, 8]
    assert oracle.rebalance_indices([date(2020, 12, 24), date(2021, 12, 30)], "weekly") == [0, 1]  # weeks 52
    with pytest.raises(ValueError, match="unknown frequency"):
        oracle.rebalance_indices(dates, "hourly")


def test_an_annual_rate_compounds_by_days() -> None:
    """A year and a quarter of a day less is a year of 365.25 days: 1461 days are four years."""
    close(oracle.annual_rate_return(0.1, 1461), 1.1**4 - 1)


def test_sample_covariance_by_hand() -> None:
    """(1, 2), (2, 0), (6, 1): means 3, 1; deviations (-2, 1), (-1, -1), (3, 0); products 14, -1, 2 over 2."""
    assert oracle.sample_covariance([[1.0, 2.0], [2.0, 0.0], [6.0, 1.0]]) == [[7.0, -0.5], [-0.5, 1.0]]
    rows = np.random.default_rng(1).normal(size=(60, 4))
    got = np.array(oracle.sample_covariance(rows.tolist()))
    np.testing.assert_allclose(got, np.cov(rows, rowvar=False), rtol=1e-12, atol=1e-15)


def test_erc_has_the_closed_form_weights() -> None:
    """Two assets: inverse volatility whatever the correlation (0.1 and 0.3: 3/4, 1/4).

    Equal correlations: the same. Uncorrelated with budgets b: weights as sqrt(b)/volatility, so budgets
    (0.8, 0.2) with volatilities (0.1, 0.2) give sqrt(80) : sqrt(5) = 4 : 1.
    """
    for correlation in (-0.9, 0.0, 0.5, 0.99):
        off = correlation * 0.03
        closes(oracle.erc([[0.01, off], [off, 0.09]]), [0.75, 0.25])
    vols = [0.1, 0.2, 0.4]
    equal = [[(1.0 if i == j else 0.3) * vols[i] * vols[j] for j in range(3)] for i in range(3)]
    closes(oracle.erc(equal), [Fraction(4, 7), Fraction(2, 7), Fraction(1, 7)])
    closes(oracle.erc([[0.01, 0.0], [0.0, 0.04]], [0.8, 0.2]), [0.8, 0.2])


def test_erc_meets_its_budgets_on_random_covariances() -> None:
    """The shares of risk are the budgets, to 1e-12, on ten assets of very different volatility."""
    rng = np.random.default_rng(7)
    for _ in range(10):
        cov = np.cov(rng.normal(size=(15, 10)) * rng.uniform(0.001, 0.1, 10), rowvar=False).tolist()
        budgets = rng.dirichlet([2.0] * 10).tolist()
        weights = oracle.erc(cov, budgets)
        close(math.fsum(weights), 1.0)
        assert oracle.risk_shares(weights, cov) == pytest.approx(budgets, rel=1e-11)
        assert oracle.risk_shares(oracle.erc(cov), cov) == pytest.approx([0.1] * 10, rel=1e-11)


def test_levered_erc_meets_its_volatility_target_or_cap() -> None:
    """Uncorrelated 1% and 3% a month: weights 3/4, 1/4, variance 2 x 0.0075^2; a year's volatility
    sqrt(12 x 2) x 0.0075 = 0.036742...; 10% asks for 2.72 times, a cap of 2 gives 1.5 and 0.5.
    """
    cov = [[0.0001, 0.0], [0.0, 0.0009]]
    gross = 0.1 / (math.sqrt(24) * 0.0075)
    closes(oracle.levered_erc(cov, 12, 0.1, 5.0), [0.75 * gross, 0.25 * gross])
    closes(oracle.levered_erc(cov, 12, 0.1, 2.0), [1.5, 0.5])


def test_performance_numbers_by_hand() -> None:
    """Returns 10%, -10%, 20%, -20% (NAV 1, 1.1, 0.99, 1.188, 0.9504), cash 0, monthly.

    Mean 0; squares 0.01 + 0.01 + 0.04 + 0.04 = 0.1; variance 0.1/3; m2 0.025; m3 0; m4 (2 x 0.0001 + 2 x
    0.0016)/4 = 0.00085, kurtosis 1.36 - 3. With cash 1%: mean -0.01, deviations as before; downside squares
    0.11^2 + 0.21^2 = 0.0562 over 4. Drawdowns: 1.1 to 0.99 is -10%, 1.188 to 0.9504 -20%.
    """
    nav = [1.0, 1.1, 0.99, 1.188, 0.9504]
    dates = MONTHS[:5]
    close(oracle.total_return(nav), -0.0496)
    close(oracle.volatility(nav, 12), math.sqrt(12 * 0.1 / 3))
    assert oracle.sharpe(nav, [0.0] * 5, 12) == pytest.approx(0.0, abs=1e-14)
    cash = [9.9, 0.01, 0.01, 0.01, 0.01]
    assert oracle.sharpe(nav, cash, 12) == pytest.approx(-0.01 * math.sqrt(12 / (0.1 / 3)), rel=1e-12)
    assert oracle.sortino(nav, cash, 12) == pytest.approx(-0.01 * math.sqrt(12 / (0.0562 / 4)), rel=1e-12)
    assert oracle.skew(nav) == pytest.approx(0.0, abs=1e-12)
    assert oracle.excess_kurtosis(nav) == pytest.approx(-1.64, rel=1e-12)
    depth, start, end = oracle.max_drawdown(nav, dates)
    close(depth, -0.2)
    assert (start, end) == (dates[3], dates[4])


def test_a_constant_return_has_no_ratios_and_no_drawdown() -> None:
    """A constant return has no Sharpe, Sortino, skew, kurtosis or drawdown; of equal peaks, the last."""
    nav = [1.01**t for t in range(8)]
    assert math.isnan(oracle.sharpe(nav, [0.0] * 8, 12))
    assert math.isnan(oracle.sortino(nav, [0.0] * 8, 12))
    assert math.isnan(oracle.skew(nav))
    assert math.isnan(oracle.excess_kurtosis(nav))
    assert oracle.volatility(nav, 12) == 0.0
    assert oracle.max_drawdown(nav, MONTHS) == (0.0, None, None)
    depth, start, end = oracle.max_drawdown([1.0, 2.0, 1.5, 2.0, 1.0, 1.0], MONTHS[:6])
    assert (depth, start, end) == (-0.5, MONTHS[3], MONTHS[4])


def test_value_at_risk_by_hand() -> None:
    """Returns 1%..31% (31 of them): position 0.05 x 30 = 1.5, between 2% and 3%: a VaR of -2.5% (a gain); the
    tail at or below it is 1%, 2%: CVaR -1.5%. Of 21 returns 0.2%..4.2%, less 1%: position 1 is the second
    exactly, -0.6%; the tail is -0.8%, -0.6%: CVaR 0.7%.
    """

    def nav_of(returns: list[float]) -> list[float]:
        nav = [1.0]
        for r in returns:
            nav.append(nav[-1] * (1.0 + r))
        return nav

    many = nav_of([0.01 * k for k in range(31, 0, -1)])
    assert oracle.var_95(many) == pytest.approx(-0.025, rel=1e-12)
    assert oracle.cvar_95(many) == pytest.approx(-0.015, rel=1e-12)
    few = nav_of([0.002 * k - 0.01 for k in range(1, 22)])
    assert oracle.var_95(few) == pytest.approx(0.006, rel=1e-12)
    assert oracle.cvar_95(few) == pytest.approx(0.007, rel=1e-12)
    for nav in (many, few):
        assert oracle.var_95(nav) == pytest.approx(-np.quantile(oracle.nav_returns(nav), 0.05), rel=1e-12)
