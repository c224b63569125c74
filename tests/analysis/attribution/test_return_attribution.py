"""Return attribution: each part follows its own formula, and the parts add up to the return.

Tolerances: identities of a period hold to 1e-12 of the opening gross assets, linked ones to 1e-12 of the largest NAV on
the path, because the flows are rounded relative to it.
"""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backtest.analysis import BacktestResult
from backtest.analysis.attribution.return_attribution import (
    SOURCES,
    TOTAL,
    attribution_by_year,
    capital_after_first_trade,
    gross_returns,
    linked_attribution,
    period_attribution,
    waterfall,
)
from backtest.analysis.tables.calendar_tables import YEAR, calendar_returns
from backtest.data.data_settings import NAMES_IN_USE
from backtest.engine.terms import FundTerms, FuturesTerms, Terms, TradingTerms
from support.builders.ledger_result import gross_assets, random_run, simulated, terms_of
from support.builders.synthetic_result import synthetic_result

IDENTITY = 1e-12
seeds = st.integers(0, 10**6)


def act_360(result: BacktestResult) -> np.ndarray:
    """Return the length of each period in years of 360 days, (P - 1,)."""
    days: np.ndarray = np.diff(result.nav.index.to_numpy()).astype("m8[D]").astype(float)
    return days / 360


def two_months() -> BacktestResult:
    """Two assets at 150 / 50 %, a trading cost of 1 %, cash of 1 % a month, a spread of 12 %, months of 30 days."""
    dates = pd.DatetimeIndex(["2019-12-01", "2019-12-31", "2020-01-30"])
    returns = np.array([[0, 0], [0.10, 0.02], [-0.05, 0.04]])
    terms = terms_of(2, trading_cost=0.01, spread=0.12)
    return simulated(returns, [0, 0.01, 0.01], {0: [1.5, 0.5]}, terms, dates)


class TestByHand:
    """Two months with their arithmetic."""

    def test_each_part_of_each_month(self) -> None:
        """150 / 50 %, bought at a cost of 1 %, held for two months.

        The first trade costs x = 0.01 × 2 (1 - x) = 0.02 / 1.02, so 1 / 1.02 of NAV is left, call it u. All of it in
        units of u: 1.5 and 0.5 are held, 1 is borrowed.
        First month: stocks 1.5 × 10 % = 0.15, bonds 0.5 × 2 % = 0.01; the loan pays 1 % of cash = 0.01 and the spread
        12 % × 30 / 360 = 0.01. NAV 1 + 0.16 - 0.02 = 1.14.
        Second: stocks are 1.65 and lose 5 % = 0.0825; bonds 0.51 and gain 4 % = 0.0204; the loan is what they exceed
        NAV by, 2.16 - 1.14 = 1.02, and pays 0.0102 twice. NAV 1.14 - 0.0825 + 0.0204 - 0.0204 = 1.0575.
        """
        result, u = two_months(), 1 / 1.02
        first = [0.15 * u, 0.01 * u, 0, -0.01 * u, -0.01 * u, 0, u - 1, 0, 0]
        second = [-0.0825 * u, 0.0204 * u, 0, -0.0102 * u, -0.0102 * u, 0, 0, 0, 0]
        opening = 1.14 * u
        parts = period_attribution(result)
        assert list(parts.columns) == ["stocks", "bonds", *SOURCES]
        np.testing.assert_allclose(parts.iloc[0], first, rtol=0, atol=1e-15)
        np.testing.assert_allclose(parts.iloc[1], np.array(second) / opening, rtol=0, atol=1e-15)
        linked = linked_attribution(result)
        np.testing.assert_allclose(linked, np.add(first, second), rtol=0, atol=1e-15)
        assert linked.sum() == pytest.approx(1.0575 * u - 1, abs=1e-15)
        years = attribution_by_year(result)
        assert list(years.index) == list(result.nav.index[1:])  # each year's last date: one month of each
        np.testing.assert_allclose(years, parts, rtol=0, atol=1e-15)

    def test_gross_return_excludes_the_cost_of_the_first_trade(self) -> None:
        """Without the cost of the first trade, u is 1: 1.14 and 1.0575 / 1.14. The loan still costs its interest."""
        result = two_months()
        assert capital_after_first_trade(result) == pytest.approx(1 / 1.02, rel=1e-15)
        np.testing.assert_allclose(gross_returns(result), [0.14, 1.0575 / 1.14 - 1], rtol=0, atol=1e-15)

    def test_gross_return_excludes_the_cost_of_buying_funds(self) -> None:
        """1.5 of exposure through funds of 3 is half of NAV, bought at 1 %: 1 / 1.005 is left.

        The asset earns 10 %, so the gross return is 15 % whatever the purchase costs.
        """
        dates = pd.date_range("2020-01-01", periods=2, freq="D")
        terms = Terms(TradingTerms(np.array([0.01])), FundTerms(3.0))
        result = simulated(np.array([[0], [0.1]]), [0, 0], {0: [1.5]}, terms, dates)
        assert capital_after_first_trade(result) == pytest.approx(1 / 1.005, rel=1e-15)
        assert gross_returns(result).tolist() == pytest.approx([0.15], abs=1e-15)
        assert result.returns.tolist() == pytest.approx([1.15 / 1.005 - 1], abs=1e-15)

    def test_gross_return_excludes_fees(self) -> None:
        """One asset without return and a fee of 3.65 % of NAV cost 0.1 % in 10 days, and nothing gross."""
        dates = pd.date_range("2020-01-01", periods=3, freq="10D")
        result = simulated(np.zeros((3, 1)), [0, 0, 0], {0: [0.5]}, terms_of(1, management_fee=0.0365), dates)
        assert result.returns.tolist() == pytest.approx([-0.001, -0.001], abs=1e-15)
        assert gross_returns(result).tolist() == pytest.approx([0, 0], abs=1e-15)

    def test_ruin(self) -> None:
        """Three times an asset that loses half leaves 1 - 1.5 = -0.5: a NAV of 0, and a loss of 0.5 for the lender."""
        dates = pd.date_range("2020-01-31", periods=3, freq="ME")
        result = simulated(np.array([[0], [-0.5], [0.1]]), [0, 0, 0], {0: [3.0]}, terms_of(1), dates)
        assert result.nav.tolist() == [1, 0]
        linked = linked_attribution(result)
        assert linked[["stocks", "shortfall"]].tolist() == [-1.5, 0.5]
        assert linked.sum() == -1
        assert gross_returns(result).tolist() == [-1]

    def test_ruin_by_fees(self) -> None:
        """1.9 times an asset that loses half leaves 5 % of NAV, and a fee of 10 % takes more: gross, 5 % is left."""
        dates = pd.DatetimeIndex(["2018-12-31", "2019-12-31", "2020-12-31"])  # 365 days: the fee of a year
        terms = terms_of(1, management_fee=0.1)
        result = simulated(np.array([[0], [-0.5], [0.1]]), [0, 0, 0], {0: [1.9]}, terms, dates, periods_per_year=1)
        assert result.nav.tolist() == [1, 0]
        assert linked_attribution(result)[["other_fees", "shortfall"]].tolist() == pytest.approx([-0.1, 0.05])
        assert gross_returns(result).tolist() == pytest.approx([-0.95])

    def test_no_asset_has_the_name_of_a_source(self) -> None:
        assert set(SOURCES) <= set(NAMES_IN_USE)


class TestAddsUp:
    """Random runs: long and short, levered, with every cost and fee."""

    @settings(max_examples=60, deadline=None)
    @given(seeds, st.sampled_from([0.05, 0.3]))
    def test_parts_add_up_by_period_by_year_and_in_total(self, seed: int, volatility: float) -> None:
        result = random_run(seed, volatility=volatility)
        nav, parts, years = result.nav.to_numpy(), period_attribution(result), attribution_by_year(result)
        returns = nav[1:] / nav[:-1] - 1
        assert (np.abs(parts.sum(axis=1) - returns) <= IDENTITY * gross_assets(result)).all()
        most = IDENTITY * nav.max() * gross_assets(result).max()
        assert linked_attribution(result).sum() == pytest.approx(nav[-1] - 1, abs=most)
        table = calendar_returns(result.nav, 12)[YEAR]
        before = np.append(1.0, result.nav.loc[years.index].to_numpy()[:-1])
        assert pd.DatetimeIndex(years.index).year.tolist() == table.index.tolist()
        assert (np.abs(years.sum(axis=1).to_numpy() - table.to_numpy()) <= most / before).all()
        np.testing.assert_allclose(before @ years.to_numpy(), linked_attribution(result), rtol=0, atol=most)

    @pytest.mark.parametrize("seed", range(5))
    def test_each_source_by_its_own_formula(self, seed: int) -> None:
        """Each is computed from weights, prices and terms, not as the remainder of the others."""
        terms = terms_of(3, 0.004, 0.03, 0.01, 0.02, 0.006, 0.01)
        result = random_run(seed, terms)
        parts = period_attribution(result).iloc[1:]  # the first period begins with what the first trade leaves
        weights = result.weights.to_numpy()[1:-1]
        cash, days = result.cash_returns.to_numpy()[2:], np.diff(result.nav.index.to_numpy()[1:]).astype("m8[D]")
        year = days.astype(float) / 360
        longs, shorts = np.maximum(weights, 0).sum(axis=1), np.maximum(-weights, 0).sum(axis=1)
        loan, free = np.maximum(longs - 1, 0), np.maximum(1 - longs, 0)
        fees = (0.006 * weights.sum(axis=1) + 0.01) * year * 360 / 365
        expected = {
            "cash_interest": free * (cash - 0.01 * year) + shorts * cash,
            "financing_at_cash_rate": -loan * cash,
            "financing_spread": -loan * 0.03 * year,
            "borrow_fees": -shorts * 0.02 * year,
            "other_fees": -fees,
            "shortfall": 0 * cash,
        }
        np.testing.assert_allclose(parts.iloc[:, :3], weights * result.asset_returns.iloc[2:], rtol=0, atol=1e-15)
        for name, values in expected.items():
            np.testing.assert_allclose(parts[name], values, rtol=0, atol=1e-15, err_msg=name)
        before = 1 + parts.drop(columns="trading_costs").sum(axis=1)  # NAV at the close, before its trade
        paid = 0.004 * result.trades.abs().sum(axis=1).reindex(parts.index).fillna(0.0) * before
        np.testing.assert_allclose(parts["trading_costs"], -paid, rtol=0, atol=1e-15)

    @pytest.mark.parametrize("seed", range(3))
    def test_futures_by_their_own_formulas(self, seed: int) -> None:
        """Long notionals pay the implied rate, short ones receive it; NAV is in bills; rolls are trading costs."""
        rng = np.random.default_rng(seed)
        basis, roll = rng.uniform(-0.002, 0.01, 3), rng.uniform(0, 0.003, 3)
        terms = Terms(TradingTerms(np.zeros(3)), FuturesTerms(basis, roll, cash_spread=0.002))
        result = random_run(seed, terms, volatility=0.02)
        parts, weights = period_attribution(result), result.weights.to_numpy()[:-1]
        cash, year = result.cash_returns.to_numpy()[1:], act_360(result)
        expected = {
            "cash_interest": cash - 0.002 * year,
            "financing_at_cash_rate": -weights.sum(axis=1) * cash,
            "financing_spread": -weights @ basis * year,
            "borrow_fees": 0 * cash,
            "trading_costs": -np.abs(weights) @ roll * year,
            "other_fees": 0 * cash,
            "shortfall": 0 * cash,
        }
        for name, values in expected.items():
            np.testing.assert_allclose(parts[name], values, rtol=0, atol=1e-15, err_msg=name)
        assert (np.abs(parts.sum(axis=1) - result.returns) <= IDENTITY * gross_assets(result)).all()

    @pytest.mark.parametrize("leverage", [2.0, 3.0, -1.0])
    def test_leveraged_funds_by_their_own_formulas(self, leverage: float) -> None:
        """A fund held with v of NAV gives an exposure of l v, borrows (l - 1) v and costs e v.

        It pays its swap spread on l - 1, an inverse fund on -l. Its cash is lent if l - 1 is below zero.
        """
        terms = Terms(TradingTerms(np.zeros(3)), FundTerms(leverage, 0.004, 0.009, cash_spread=0.002))
        result = random_run(5, terms, shorts=False, leverage=0.3 * leverage, volatility=0.02)
        parts, weights = period_attribution(result), result.weights.to_numpy()[:-1]
        cash, year = result.cash_returns.to_numpy()[1:], act_360(result)
        held = weights.sum(axis=1) / leverage
        assert held.min() > 0
        expected = {
            "cash_interest": (1 - held) * (cash - 0.002 * year),
            "financing_at_cash_rate": -held * (leverage - 1) * cash,
            "financing_spread": -held * 0.004 * max(leverage - 1, -leverage) * year,
            "borrow_fees": 0 * cash,
            "trading_costs": 0 * cash,
            "other_fees": -held * 0.009 * year * 360 / 365,
            "shortfall": 0 * cash,
        }
        np.testing.assert_allclose(parts.iloc[:, :3], weights * result.asset_returns.iloc[1:], rtol=0, atol=1e-15)
        for name, values in expected.items():
            np.testing.assert_allclose(parts[name], values, rtol=0, atol=1e-15, err_msg=name)
        assert (np.abs(parts.sum(axis=1) - result.returns) <= IDENTITY * gross_assets(result)).all()

    def test_classes_are_the_sums_of_their_assets(self) -> None:
        attribution = random_run(3).summary()["attribution"]
        classes, assets = attribution["classes"], attribution["assets"]
        assert list(classes) == ["equities", "bonds"]
        assert classes["bonds"] == assets["bonds"] + assets["gold"]
        assert sum(classes.values()) == pytest.approx(sum(assets.values()), rel=0, abs=1e-15)

    def test_without_classes_there_are_no_sums(self) -> None:
        assert two_months().summary()["attribution"]["classes"] == {}


class TestWaterfall:
    """Bars of the contributions to the total return."""

    @given(count=st.integers(1, 12), most=st.integers(1, 8), seed=st.integers(0, 2**16))
    @settings(max_examples=25)
    def test_each_bar_begins_where_the_last_one_ended_and_they_reach_the_total(
        self, count: int, most: int, seed: int
    ) -> None:
        result = synthetic_result(12, tuple(f"asset {i}" for i in range(count)), gross=1.5, short=True, seed=seed)
        table = waterfall(result, most)
        start, end, value = (table[name].to_numpy() for name in ("start", "end", "value"))
        assert start[0] == start[-1] == 0
        assert start[1:-1].tolist() == end[:-2].tolist()
        assert end - start == pytest.approx(value, abs=1e-12)
        assert end[-2] == pytest.approx(end[-1], abs=1e-12)
        assert end[-1] == result.nav.iloc[-1] - 1
        assets = len(table) - 1 - int((linked_attribution(result).iloc[count:] != 0).sum())
        assert assets == min(count, most + 1)

    def test_sources_that_contribute_nothing_have_no_bar(self) -> None:
        assert list(waterfall(synthetic_result(6, free=True), 5).index) == ["stocks", "bonds", "gold", TOTAL]
        still = waterfall(synthetic_result(1, ("only",), still=True, free=True), 5)
        assert still.to_numpy().tolist() == [[0.0, 0.0, 0.0]] * 2

    def test_assets_may_have_any_name(self) -> None:
        """An asset may have the name of the total or of the other assets; the rest of 60 assets is one bar."""
        names = (TOTAL, "55 others", "value", *(f"a{i}" for i in range(57)))
        result = synthetic_result(24, names)
        table = waterfall(result, 5)
        assert len(table) == 5 + 1 + 1 + 1  # trading costs, and the total
        assert table.index[5] == "55 others"
        assert table["value"].iloc[:-1].sum() == pytest.approx(table["value"].iloc[-1], abs=1e-12)

    def test_ruin_ends_at_minus_one(self) -> None:
        assert waterfall(synthetic_result(24, ruined=True), 5)["end"].iloc[-2:].tolist() == pytest.approx(
            [-1, -1], abs=1e-12
        )
