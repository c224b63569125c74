"""Tables by calendar period, rolling measures, and shares of capital and risk, against arithmetic done by hand."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from backtest.analysis.metrics import performance
from backtest.analysis.metrics.realised_risk import realised_risk_contributions
from backtest.analysis.metrics.rolling_measures import rolling_correlation, rolling_sharpe, rolling_volatility
from backtest.analysis.tables.calendar_tables import (
    YEAR,
    calendar_returns,
    costs_by_year,
    drawdown_lengths,
    partial_coverage,
    typical_size,
)
from backtest.analysis.tables.holdings import (
    capital_and_risk,
    holdings_now,
    holdings_totals,
    largest_and_rest,
    risk_shares,
)
from support.builders.synthetic_result import synthetic_result


def row(table: pd.DataFrame, year: int, *columns: int | str) -> list[Any]:
    return [table.loc[year, column] for column in columns]


def series(values: list[float], dates: list[str]) -> pd.Series:
    return pd.Series(values, index=pd.to_datetime(dates))


class TestCalendarReturns:
    """Months and years, compounded."""

    def test_months_of_daily_data_run_from_month_end_to_month_end(self) -> None:
        dates = ["2019-12-31", "2020-01-15", "2020-01-31", "2020-02-28", "2020-12-31", "2021-01-04"]
        table = calendar_returns(series([1.0, 1.1, 1.2, 0.9, 1.8, 2.7], dates), 252)
        assert list(table.index) == [2020, 2021]
        assert list(table.columns) == [*range(1, 13), YEAR]
        assert row(table, 2020, 1, 2, 12, YEAR) == pytest.approx([0.2, -0.25, 1.0, 0.8])
        assert row(table, 2021, 1, YEAR) == pytest.approx([0.5, 0.5])
        assert table.loc[2020, 3:11].isna().all()  # no date in them: missing, not zero

    @pytest.mark.parametrize("periods_per_year", [252, 365, 52, 12])
    def test_months_compound_to_years_and_years_to_the_total_return(self, periods_per_year: int) -> None:
        nav = synthetic_result(3 * periods_per_year + 5, periods_per_year=periods_per_year, start="2003-05-20").nav
        table = calendar_returns(nav, periods_per_year)
        months = (1 + table.drop(columns=YEAR).fillna(0)).prod(axis=1)
        assert months.to_numpy() == pytest.approx(1 + table[YEAR].to_numpy())
        assert (1 + table[YEAR]).prod() == pytest.approx(nav.iloc[-1])

    def test_the_first_date_is_a_base_and_has_no_return(self) -> None:
        table = calendar_returns(series([1.0, 1.5], ["2020-01-31", "2020-02-29"]), 12)
        assert row(table, 2020, 1) == pytest.approx([np.nan], nan_ok=True)
        assert table.loc[2020, 2] == 0.5

    @pytest.mark.parametrize("periods_per_year", [1, 4])
    def test_quarterly_and_yearly_data_have_only_years(self, periods_per_year: int) -> None:
        nav = synthetic_result(20, periods_per_year=periods_per_year).nav
        assert list(calendar_returns(nav, periods_per_year).columns) == [YEAR]

    def test_ruin_is_a_year_of_minus_one(self) -> None:
        table = calendar_returns(series([1.0, 2.0, 0.0], ["2019-12-31", "2020-01-31", "2020-02-29"]), 12)
        assert table.loc[2020, YEAR] == -1


class TestCoveredInPart:
    """Years and months that the run covers only in part are marked."""

    def test_years_from_year_end_to_year_end_are_whole(self) -> None:
        nav = series([1.0, 1.1, 1.2], ["2018-12-31", "2019-12-31", "2020-12-31"])
        assert not partial_coverage(nav, 12).to_numpy().any()

    def test_the_first_and_the_last_month_of_a_run_can_be_partial(self) -> None:
        part = partial_coverage(series([1.0, 1.1, 1.2], ["2020-01-15", "2020-01-31", "2020-03-30"]), 252)
        assert row(part, 2020, 1, 3, YEAR) == [True, True, True]
        assert not any(row(part, 2020, 2, *range(4, 13)))

    def test_months_are_whole_and_the_year_is_not(self) -> None:
        part = partial_coverage(series([1.0, 1.1], ["2020-01-31", "2020-02-29"]), 12)
        assert part.loc[2020, YEAR]
        assert not part.drop(columns=YEAR).to_numpy().any()

    @pytest.mark.parametrize(("periods_per_year", "part"), [(252, False), (365, True), (52, False)])
    def test_a_friday_ends_a_month_unless_weekends_count(self, periods_per_year: int, part: bool) -> None:
        nav = series([1.0, 1.1], ["2020-01-31", "2020-05-29"])  # a Friday; Saturday the 30th is the last but one
        assert partial_coverage(nav, periods_per_year).loc[2020, 5] == part

    @pytest.mark.parametrize(
        ("freq", "end", "periods_per_year", "part"),
        [
            ("C", "2020-04-30", 252, False),  # a Thursday, the last session of a week from Sunday on
            ("C", "2020-04-29", 252, True),
            ("14D", "2020-05-23", 26, False),  # the next one is of June
            ("14D", "2020-05-09", 26, True),
            ("28D", "2020-05-23", 13, False),
            ("SME", "2020-05-31", 24, False),
            ("SME", "2020-05-15", 24, True),
            ("SMS", "2020-05-15", 24, False),
            ("SMS", "2020-05-01", 24, True),
        ],
    )
    def test_the_next_date_follows_the_sessions_and_the_spacing(
        self, freq: str, end: str, periods_per_year: int, part: bool
    ) -> None:
        rule = pd.offsets.CDay(weekmask="Sun Mon Tue Wed Thu") if freq == "C" else freq
        dates = pd.date_range(end=end, periods=40, freq=rule)
        assert dates[-1] == pd.Timestamp(end)
        nav = pd.Series(np.linspace(1, 2, 40), index=dates)
        assert partial_coverage(nav, periods_per_year).loc[2020, dates[-1].month] == part


class TestCostsByYear:
    """Sums over years, each cost against the NAV before it."""

    def test_costs_add_up_to_the_summary(self) -> None:
        result = synthetic_result(60, gross=1.5, short=True, start="2003-05-31")
        table, summary = costs_by_year(result), result.summary()
        years = (result.nav.index[-1] - result.nav.index[0]).days / 365.25
        for column, key in {
            "trading": "trading_cost_per_year",
            "financing": "financing_cost_per_year",
            "financing_drag": "financing_drag_per_year",
            "borrow": "borrow_cost_per_year",
            "fees": "fees_per_year",
            "turnover": "turnover_per_year",
        }.items():
            assert table[column].sum() / years == pytest.approx(summary[key]), column
        assert (table["financing"] > 0).all()
        assert list(table.index) == [2003, 2004, 2005, 2006, 2007, 2008]

    def test_a_cost_is_relative_to_the_nav_before_it(self) -> None:
        result = synthetic_result(2)
        first, last = result.costs["trading"].iloc[1] / 1.0, result.costs["trading"].iloc[2] / result.nav.iloc[1]
        assert costs_by_year(result).loc[2004, "trading"] == pytest.approx(first + last)


class TestDrawdownLengths:
    """Calendar days between peak, trough and recovery."""

    def test_lengths_of_a_recovered_and_an_open_drawdown(self) -> None:
        nav = series([1.0, 0.5, 1.0, 0.9], ["2020-01-01", "2020-01-11", "2020-02-10", "2020-02-15"])
        table = drawdown_lengths(nav)
        assert table["depth"].tolist() == pytest.approx([-0.5, -0.1])
        assert table[["days_down", "days"]].to_numpy().tolist() == [[10, 40], [5, 5]]
        assert table.loc[0, "days_up"] == 30
        assert table[["days_up", "recovery"]].isna().iloc[1].all()

    def test_a_run_without_drawdowns_has_no_lengths(self) -> None:
        assert drawdown_lengths(series([1.0, 1.1], ["2020-01-01", "2020-01-02"])).empty


class TestRolling:
    """Each full window has the plain measure of its rows."""

    @pytest.mark.parametrize("window", [2, 12, 40])
    def test_each_window_has_the_plain_measure(self, window: int) -> None:
        returns = synthetic_result(40).returns
        volatilities, sharpes = rolling_volatility(returns, window, 12), rolling_sharpe(returns, window, 12)
        assert len(volatilities) == len(sharpes) == 40 - window + 1
        for end in range(window, 41):
            part = returns.iloc[end - window : end]
            date = part.index[-1]
            assert volatilities[date] == pytest.approx(performance.volatility(part.to_numpy(), 12), rel=1e-12)
            assert sharpes[date] == pytest.approx(performance.sharpe(part.to_numpy(), 12), rel=1e-12)

    @pytest.mark.parametrize("window", [3, 12, 40])
    def test_each_window_has_the_plain_correlation(self, window: int) -> None:
        """To 1e-10: the deviation of three returns can be arbitrarily small."""
        result = synthetic_result(40)
        others = result.benchmark.returns if result.benchmark is not None else result.returns
        found = rolling_correlation(result.returns, others, window)
        assert len(found) == 40 - window + 1
        for date, value in found.items():
            one, other = (returns.loc[:date].to_numpy()[-window:] for returns in (result.returns, others))
            assert value == pytest.approx(performance.correlation(one, other), abs=1e-10)
        assert rolling_correlation(result.returns, -3 * result.returns, window).to_numpy() == pytest.approx(
            -1, abs=1e-12
        )

    def test_the_correlation_with_a_constant_window_is_undefined(self) -> None:
        returns = synthetic_result(6).returns
        others = pd.Series([0.01, 0.01, 0.01, 0.02, 0.01, 0.01], index=returns.index)
        assert rolling_correlation(returns, others, 3).isna().tolist() == [True, False, False, False]
        assert rolling_correlation(returns, others, 7).empty

    def test_measures_of_windows_without_risk_are_undefined(self) -> None:
        flat = pd.Series(0.01 + 1e-17, index=pd.date_range("2020-01-31", periods=5, freq="ME"))
        assert rolling_volatility(flat, 3, 12).tolist() == [0, 0, 0]
        assert rolling_sharpe(flat, 3, 12).isna().all()

    def test_a_run_shorter_than_the_window_has_no_rolling_measures(self) -> None:
        assert rolling_volatility(synthetic_result(5).returns, 6, 12).empty

    def test_a_window_of_one_is_refused(self) -> None:
        with pytest.raises(ValueError, match="2 rows or more"):
            rolling_volatility(synthetic_result(5).returns, 1, 12)


class TestShares:
    """Shares of capital and of risk."""

    def test_risk_shares_add_up_to_one_and_keep_their_sign(self) -> None:
        shares = risk_shares(pd.DataFrame({"a": [0.12, 0.0], "hedge": [-0.02, 0.0]}))
        assert shares.to_numpy().tolist() == pytest.approx(np.array([[1.2, -0.2]]))  # without volatility, no row

    def test_capital_and_risk_each_add_up_to_one(self) -> None:
        result = synthetic_result(30, gross=2.0)
        table = capital_and_risk(result)
        assert table[["capital", "risk"]].sum().tolist() == pytest.approx([1.0, 1.0])
        costs = realised_risk_contributions(result)["cash_and_costs"] / performance.volatility(
            result.excess_returns.to_numpy(), 12
        )
        assert table["realised"].sum() == pytest.approx(1 - costs, rel=1e-12)
        assert capital_and_risk(synthetic_result(30, still=True, free=True))["realised"].isna().all()

    def test_capital_shares_count_short_positions_by_size(self) -> None:
        result = synthetic_result(1, ("long", "short"), short=True, benchmark=False)
        sizes = result.target_weights.abs()
        assert capital_and_risk(result)["capital"].tolist() == pytest.approx(
            sizes.div(sizes.sum(axis=1), axis=0).mean().tolist()
        )

    def test_without_a_covariance_there_is_no_table(self) -> None:
        assert capital_and_risk(synthetic_result(10, risk=False)).empty

    def test_the_largest_columns_stay_in_order_and_the_rest_is_added_up(self) -> None:
        table = pd.DataFrame({"a": [0.1, 0.1], "b": [-0.9, 0.9], "c": [0.2, 0.2], "d": [0.5, 0.5], "e": [0.1, 0.3]})
        folded = largest_and_rest(table, 2)
        assert list(folded.columns) == ["b", "d", "3 others"]
        assert folded["3 others"].tolist() == pytest.approx([0.4, 0.6])
        assert folded.sum(axis=1).tolist() == pytest.approx(table.sum(axis=1).tolist())

    def test_an_asset_may_have_the_name_of_the_rest(self) -> None:
        folded = largest_and_rest(pd.DataFrame({"2 others": [0.9], "a": [0.1], "b": [0.2]}), 1)
        assert folded.to_numpy().tolist() == pytest.approx(np.array([[0.9, 0.3]]))

    def test_a_single_extra_column_is_not_folded(self) -> None:
        assert list(largest_and_rest(pd.DataFrame({"a": [1.0], "b": [2.0], "c": [3.0]}), 2).columns) == ["a", "b", "c"]


class TestHoldings:
    """Target weights, held weights, and cash."""

    def test_assets_never_held_are_left_out(self) -> None:
        result = synthetic_result(3, ("a", "b"), benchmark=False)
        result.target_weights["b"] = result.weights["b"] = 0.0
        result.latest_trades["b"] = 0.0
        assert list(holdings_now(result).index) == ["a"]

    def test_cash_is_the_remainder_and_pays_for_the_trades(self) -> None:
        held = pd.DataFrame({"target": [1.2, -0.3], "current": [1.0, -0.2], "trade": [0.2, -0.1]}, index=["a", "b"])
        totals = holdings_totals(held)
        assert list(totals.index) == ["cash", "gross_exposure"]
        assert totals.to_numpy() == pytest.approx(np.array([[0.1, 0.2, -0.1], [1.5, 1.2, 0.3]]))


def test_the_typical_size_of_no_values_is_zero() -> None:
    assert typical_size(pd.DataFrame({1: [np.nan]})) == 0
    assert typical_size(pd.DataFrame()) == 0
