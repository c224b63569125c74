"""Sources of the return: every part by its own formula, and all of them the return; gross, net and real.

Tolerances. An identity of a period is held to 1e-12 of the opening gross assets, as the design words it; linked ones to
1e-12 of the largest NAV on the way, by which the flows were rounded.
"""

from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backtest as bt
from backtest.analysis import BacktestResult
from backtest.analysis.attribution.return_attribution import (
    SOURCES,
    TOTAL,
    attribution_by_year,
    capital_after_first_trade,
    compound_growth,
    gross_returns,
    linked_attribution,
    period_attribution,
    real_nav,
    waterfall,
)
from backtest.analysis.tables.calendar_tables import YEAR, calendar_returns
from backtest.config import load_config
from backtest.data.data_settings import NAMES_IN_USE
from backtest.data.sources.bundled_sample import Sample
from backtest.engine.terms import FundTerms, FuturesTerms, Terms, TradingTerms
from backtest.reporting.files.report_files import csv_bytes, tables
from support.builders.ledger_result import random_run, simulated, terms_of
from support.builders.synthetic_result import made_up

CONFIGS = Path(__file__).parents[3] / "configs"
IDENTITY = 1e-12
seeds = st.integers(0, 10**6)


def gross_assets(result: BacktestResult) -> np.ndarray:
    """(P - 1,) opening positions, cash and loan over NAV, at least 1."""
    weights = result.weights.to_numpy()[:-1]
    sizes: np.ndarray = 1 + 2 * np.abs(weights).sum(axis=1)
    return sizes


def act_360(result: BacktestResult) -> np.ndarray:
    """(P - 1,) years of each period."""
    days: np.ndarray = np.diff(result.nav.index.to_numpy()).astype("m8[D]").astype(float)
    return days / 360


def two_months() -> BacktestResult:
    """Two assets at 150 / 50 %, a cost of 1 % of what is traded, a spread of 12 % over cash of 1 % a month, 30 days."""
    dates = pd.DatetimeIndex(["2019-12-01", "2019-12-31", "2020-01-30"])
    returns = np.array([[0, 0], [0.10, 0.02], [-0.05, 0.04]])
    terms = terms_of(2, trading_cost=0.01, spread=0.12)
    return simulated(returns, [0, 0.01, 0.01], {0: [1.5, 0.5]}, terms, dates)


class TestByHand:
    """Two months, with their arithmetic."""

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

    def test_gross_of_what_it_cost_to_buy(self) -> None:
        """Free of the first trade's cost, u is 1: 1.14 and 1.0575 / 1.14. The loan is paid for all the same."""
        result = two_months()
        assert capital_after_first_trade(result) == pytest.approx(1 / 1.02, rel=1e-15)
        np.testing.assert_allclose(gross_returns(result), [0.14, 1.0575 / 1.14 - 1], rtol=0, atol=1e-15)

    def test_gross_of_what_it_cost_to_buy_funds(self) -> None:
        """1.5 of exposure through funds of 3 is half of NAV, bought at 1 %: 1 / 1.005 is left.

        The asset earns 10 %: gross 15 %, whatever it cost to buy.
        """
        dates = pd.date_range("2020-01-01", periods=2, freq="D")
        terms = Terms(TradingTerms(np.array([0.01])), FundTerms(3.0))
        result = simulated(np.array([[0], [0.1]]), [0, 0], {0: [1.5]}, terms, dates)
        assert capital_after_first_trade(result) == pytest.approx(1 / 1.005, rel=1e-15)
        assert gross_returns(result).tolist() == pytest.approx([0.15], abs=1e-15)
        assert result.returns.tolist() == pytest.approx([1.15 / 1.005 - 1], abs=1e-15)

    def test_gross_of_fees(self) -> None:
        """One asset of no return, a fee of 3.65 % on NAV, 10 days each: 0.1 % goes, and gross nothing does."""
        dates = pd.date_range("2020-01-01", periods=3, freq="10D")
        result = simulated(np.zeros((3, 1)), [0, 0, 0], {0: [0.5]}, terms_of(1, management_fee=0.0365), dates)
        assert result.returns.tolist() == pytest.approx([-0.001, -0.001], abs=1e-15)
        assert gross_returns(result).tolist() == pytest.approx([0, 0], abs=1e-15)

    def test_ruin(self) -> None:
        """Three times an asset that loses half: NAV 1 - 1.5 = -0.5, which is 0 to its owner and -0.5 to the lender."""
        dates = pd.date_range("2020-01-31", periods=3, freq="ME")
        result = simulated(np.array([[0], [-0.5], [0.1]]), [0, 0, 0], {0: [3.0]}, terms_of(1), dates)
        assert result.nav.tolist() == [1, 0]
        linked = linked_attribution(result)
        assert linked[["stocks", "shortfall"]].tolist() == [-1.5, 0.5]
        assert linked.sum() == -1
        assert gross_returns(result).tolist() == [-1]

    def test_ruin_by_fees(self) -> None:
        """1.9 times an asset that loses half leaves 5 %, and a fee of 10 % of NAV takes more: gross there is 5 %."""
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
    def test_periods_years_and_the_whole(self, seed: int, volatility: float) -> None:
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
        """From weights, prices and terms alone: none is what the others leave."""
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
        """The implied rate is charged on notionals, and received on those sold; NAV is in bills; roll is trading."""
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

        It pays its swap spread on l - 1, or, of an inverse fund, on -l; its cash is lent where l - 1 is below zero.
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
    """Bars from what assets added to the total return."""

    @given(count=st.integers(1, 12), most=st.integers(1, 8), seed=st.integers(0, 2**16))
    @settings(max_examples=25)
    def test_each_bar_begins_where_the_last_one_ended_and_they_reach_the_total(
        self, count: int, most: int, seed: int
    ) -> None:
        result = made_up(12, tuple(f"asset {i}" for i in range(count)), gross=1.5, short=True, seed=seed)
        table = waterfall(result, most)
        start, end, value = (table[name].to_numpy() for name in ("start", "end", "value"))
        assert start[0] == start[-1] == 0
        assert start[1:-1].tolist() == end[:-2].tolist()
        assert end - start == pytest.approx(value, abs=1e-12)
        assert end[-2] == pytest.approx(end[-1], abs=1e-12)
        assert end[-1] == result.summary()["total_return"]
        assets = len(table) - 1 - int((linked_attribution(result).iloc[count:] != 0).sum())
        assert assets == min(count, most + 1)

    def test_sources_of_nothing_have_no_bar(self) -> None:
        assert list(waterfall(made_up(6, free=True), 5).index) == ["stocks", "bonds", "gold", TOTAL]
        still = waterfall(made_up(1, ("only",), still=True, free=True), 5)
        assert still.to_numpy().tolist() == [[0.0, 0.0, 0.0]] * 2

    def test_assets_may_have_any_name(self) -> None:
        """Also that of the total, and that of the others; of 60 assets the rest is one bar."""
        names = (TOTAL, "55 others", "value", *(f"a{i}" for i in range(57)))
        result = made_up(24, names)
        table = waterfall(result, 5)
        assert len(table) == 5 + 1 + 1 + 1  # trading costs, and the total
        assert table.index[5] == "55 others"
        assert table["value"].iloc[:-1].sum() == pytest.approx(table["value"].iloc[-1], abs=1e-12)

    def test_ruin_ends_at_minus_one(self) -> None:
        assert waterfall(made_up(24, ruined=True), 5)["end"].iloc[-2:].tolist() == pytest.approx([-1, -1], abs=1e-12)


class TestGross:
    """What NAV would have earned had somebody else paid."""

    @settings(max_examples=40, deadline=None)
    @given(seeds)
    def test_gross_of_trading_costs_is_the_same_run_traded_free(self, seed: int) -> None:
        """Between trades weights drift alike, and after one they are the targets, whatever it cost.

        To 1e-12 of gross assets, as both runs are rounded by them.
        """
        interest = {"spread": 0.02, "cash_spread": 0.005, "borrow_fee": 0.01}
        dear, free = (random_run(seed, terms_of(3, trading_cost=k, **interest)) for k in (0.02, 0.0))
        assert (dear.costs["trading"] > 0).sum() > 8
        assert (np.abs(gross_returns(dear) - free.returns) <= IDENTITY * gross_assets(dear)).all()
        assert compound_growth(dear)["gross"] == pytest.approx(free.summary()["cagr"], abs=1e-11)
        assert compound_growth(dear)["net"] == dear.summary()["cagr"] < free.summary()["cagr"]

    def test_nothing_held_costs_nothing(self) -> None:
        dates = pd.date_range("2020-01-31", periods=3, freq="ME")
        result = simulated(np.zeros((3, 1)), [0, 0.01, 0.01], {0: [0.0]}, terms_of(1, trading_cost=0.01), dates)
        assert capital_after_first_trade(result) == 1
        assert gross_returns(result).tolist() == result.returns.tolist()


class TestReal:
    """By consumer prices as they were known."""

    prices = Sample("sample").fetch("us_cpi", None, 1.0).values["level"]

    def test_month_ends_use_the_index_of_the_month_before(self) -> None:
        result = bt.run(CONFIGS / "60_40.yaml")
        real = real_nav(result.nav, self.prices)
        for first, last in [("1990-12-31", "1991-12-31"), ("1999-01-31", "1999-02-28")]:
            before = [self.prices[pd.Timestamp(date) - pd.offsets.MonthEnd(1)] for date in (first, last)]
            growth = result.nav[last] / result.nav[first] * before[0] / before[1]
            assert real[last] / real[first] == pytest.approx(growth, rel=1e-14)
        growth, years = (
            compound_growth(replace(result, consumer_prices=self.prices)),
            (result.nav.index[-1] - result.nav.index[0]).days / 365.25,
        )
        assert growth["real"] == pytest.approx(real.iloc[-1] ** (1 / years) - 1, rel=1e-13)
        assert 0.02 < (1 + growth["net"]) / (1 + growth["real"]) - 1 < 0.05  # the US in these decades

    def test_no_index_counts_before_it_is_known(self) -> None:
        """On 30 January that of November is, on the 31st that of December; January's never, though it is dated then."""
        nav = pd.Series(1.0, index=pd.date_range("2020-01-30", "2020-02-28", freq="D"))
        index = pd.Series([100, 110, 121, 999.0], index=pd.date_range("2019-11-30", periods=4, freq="ME"))
        real = real_nav(nav, index)
        assert real.iloc[0] == 1
        assert real.iloc[1:].tolist() == pytest.approx([100 / 110] * 29)  # all of February: its last day is the 29th
        changed = index.copy()
        changed.iloc[2:] *= 7
        pd.testing.assert_series_equal(real_nav(nav, changed), real)

    def test_a_month_that_was_never_published(self) -> None:
        nav = pd.Series(1.0, index=pd.date_range("2020-01-31", periods=3, freq="ME"))
        index = pd.Series([100, 125.0], index=pd.to_datetime(["2019-12-31", "2020-02-29"]))
        assert real_nav(nav, index).tolist() == [1, 1, 0.8]

    @pytest.mark.parametrize("months", [slice(1, None), slice(None, 2)])
    def test_an_index_that_is_too_short(self, months: slice) -> None:
        nav = pd.Series(1.0, index=pd.date_range("2020-01-31", periods=3, freq="ME"))
        index = pd.Series(100.0, index=pd.date_range("2019-12-31", periods=3, freq="ME"))
        assert real_nav(nav, index).tolist() == [1, 1, 1]
        with pytest.raises(ValueError, match="expected 2019-12 to 2020-02"):
            real_nav(nav, index[months])


class TestInTheReport:
    """What a run leaves of it."""

    @pytest.mark.parametrize("name", ["levered_erc", "erc"])
    def test_the_summary_adds_up(self, name: str) -> None:
        summary = bt.run(CONFIGS / f"{name}.yaml").summary()
        parts = summary["attribution"]
        sources = sum(parts[source] for source in SOURCES)
        assert sum(parts["assets"].values()) + sources == pytest.approx(summary["total_return"], abs=1e-12)
        assert sum(parts["classes"].values()) == pytest.approx(sum(parts["assets"].values()), rel=1e-14)
        assert parts["cagr"]["net"] == summary["cagr"] < parts["cagr"]["gross"]
        assert ("levered_return" in parts) == (name == "levered_erc")
        if "levered_return" in parts:
            assert sum(parts["levered_return"].values()) == pytest.approx(summary["cagr"], abs=1e-12)
        assert "levered_return" not in summary["benchmark"]["attribution"]  # 60/40 borrows nothing

    def test_gross_net_and_real_stand_side_by_side(self, tmp_path: Path) -> None:
        """By the consumer prices of the run, the benchmark too; without any there is no real number, and no error."""
        text = (CONFIGS / "erc.yaml").read_text(encoding="utf-8")
        (tmp_path / "60_40.yaml").write_bytes((CONFIGS / "60_40.yaml").read_bytes())
        (tmp_path / "erc.yaml").write_text(
            text.replace("  cash:", "  consumer_prices: us_cpi\n  cash:"), encoding="utf-8"
        )
        real, nominal = bt.run(load_config(tmp_path / "erc.yaml")), bt.run(CONFIGS / "erc.yaml")
        assert real.benchmark is not None
        for one in (real, real.benchmark):
            summary, growth = one.summary(), compound_growth(replace(one, consumer_prices=TestReal.prices))
            assert [summary[name] for name in ("gross_cagr", "cagr", "real_cagr")] == list(growth.values())
            assert summary["attribution"]["cagr"] == growth
            assert one.real_nav is not None
            assert one.real_nav.iloc[0] == 1
        assert nominal.real_nav is None
        assert np.isnan(nominal.summary()["real_cagr"])
        assert "real" not in nominal.summary()["attribution"]["cagr"]
        assert real.summary()["cagr"] == nominal.summary()["cagr"]

    def test_the_table_of_years_adds_up_to_their_returns(self) -> None:
        result = random_run(1)
        text = csv_bytes(tables(result)["attribution"]).decode()
        table = pd.read_csv(StringIO(text), index_col="date")
        years = calendar_returns(result.nav, 12)[YEAR]
        assert list(table.index) == ["2018-12-31", "2019-12-31", "2020-12-31", "2021-12-31", "2022-02-28"]
        np.testing.assert_allclose(table.sum(axis=1).to_numpy(), years.to_numpy(), rtol=0, atol=1e-12)
