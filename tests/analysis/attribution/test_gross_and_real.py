"""Gross and real returns, and their place in the report: each equals its definition, and the parts add up."""

from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backtest as bt
from backtest.analysis.attribution.return_attribution import (
    SOURCES,
    capital_after_first_trade,
    compound_growth,
    gross_returns,
    real_nav,
)
from backtest.analysis.tables.calendar_tables import YEAR, calendar_returns
from backtest.config import load_config
from backtest.data.sources.bundled_sample import Sample
from backtest.reporting.files.report_files import tables
from backtest.reporting.files.table_files import csv_bytes
from support.builders.ledger_result import gross_assets, random_run, simulated, terms_of

CONFIGS = Path(__file__).parents[3] / "configs"
IDENTITY = 1e-12
seeds = st.integers(0, 10**6)


class TestGross:
    """Growth of NAV before trading costs and fees."""

    @settings(max_examples=40, deadline=None)
    @given(seeds)
    def test_gross_of_trading_costs_is_the_same_run_traded_free(self, seed: int) -> None:
        """Weights drift alike between trades, and equal the targets after each trade, whatever it costs.

        Both runs are rounded relative to gross assets, so they agree to 1e-12 of them.
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
    """Real returns use consumer prices known at the time."""

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
        assert 0.02 < (1 + growth["net"]) / (1 + growth["real"]) - 1 < 0.05  # US inflation in these decades

    def test_no_index_counts_before_it_is_known(self) -> None:
        """November's index counts on 30 January, December's from the 31st on; January's is not known in time."""
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
    """Attribution in the summary and the tables of a run."""

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

    def test_gross_net_and_real_returns_are_side_by_side(self, tmp_path: Path) -> None:
        """Run and benchmark use the consumer prices of the run; without them there are no real returns."""
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
