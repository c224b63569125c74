"""Results side by side: what a cut leaves as it was, and every table against plain loops or the results themselves."""

import json
import math
from collections.abc import Sequence
from dataclasses import fields, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_result import made_up
from simulated_result import random_run, simulated, terms_of

import backtest as bt
from backtest.analysis import BacktestResult
from backtest.analysis.attribution import gross_returns, linked_attribution, period_attribution
from backtest.analysis.comparison import WINDOW_YEARS, Comparison, compare
from backtest.analysis.crises import CRISES, Crisis, falls_of, in_crises
from backtest.analysis.drawdown import worst_drawdowns
from backtest.analysis.forecasts import standing_forecasts
from backtest.analysis.sharpe_difference import holm
from backtest.analysis.side_by_side import BETTER, best_of, class_shares, windows_won
from backtest.analysis.span import on_dates
from backtest.data.sources.sample import Sample
from backtest.errors import ComparisonError
from backtest.reporting.files import json_bytes

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
EXACT = 1e-12  # roundings of sums of some hundred numbers near 1


@pytest.fixture(scope="module")
def results() -> list[BacktestResult]:
    """Those of the article's table, and a levered one."""
    return [bt.run(CONFIGS / f"{name}.yaml") for name in ("60_40", "erc", "all_weather", "levered_erc")]


@pytest.fixture(scope="module")
def comparison(results: list[BacktestResult]) -> Comparison:
    return compare(results)


# 1. A result over some of its dates


def same_tables(one: BacktestResult, other: BacktestResult, *, but: Sequence[str] = ()) -> None:
    """Every series and table of two results, to rounding."""
    for field in fields(BacktestResult):
        values = getattr(one, field.name), getattr(other, field.name)
        if field.name in but or not isinstance(values[0], pd.Series | pd.DataFrame):
            continue
        equal = pd.testing.assert_series_equal if isinstance(values[0], pd.Series) else pd.testing.assert_frame_equal
        equal(*values, rtol=0, atol=EXACT, check_freq=False, check_names=False)


def test_all_of_its_dates_leave_it_as_it_was(results: list[BacktestResult]) -> None:
    levered = results[-1]
    cut = on_dates(levered, pd.DatetimeIndex(levered.nav.index))
    same_tables(cut, levered)
    alone = {key: value for key, value in levered.summary().items() if key not in {"benchmark", "break_even"}}
    assert json_bytes(cut.summary()) == json_bytes(alone)
    assert cut.benchmark is None


def test_cut_at_a_free_trade_it_is_the_run_that_begins_there() -> None:
    """The ledger does the same from there on, whatever came before; only the first row's returns are of before."""
    rng = np.random.default_rng(0)
    dates = pd.date_range("2018-10-31", periods=31, freq="ME")
    returns, cash = rng.normal(0.005, 0.04, (31, 3)), rng.uniform(0, 0.005, 31)
    targets = {row: rng.uniform(0.2, 0.8, 3) for row in (0, 4, 12, 20, 25)}  # levered
    terms = terms_of(3, spread=0.01, borrow_fee=0.01, management_fee=0.005)
    whole = simulated(returns, cash, targets, terms, dates)
    later = {row - 12: weights for row, weights in targets.items() if row >= 12}
    begun_there = simulated(returns[12:], cash[12:], later, terms, dates[12:])
    cut = on_dates(whole, dates[12:])
    same_tables(cut, begun_there, but=("asset_returns", "cash_returns", "trades", "turnover"))
    pd.testing.assert_frame_equal(cut.trades.iloc[1:], begun_there.trades.iloc[1:], rtol=0, atol=EXACT)
    assert not whole.loan.empty
    assert cut.loan.any()
    ours, theirs = cut.summary(), begun_there.summary()
    for key in ("cagr", "gross_cagr", "sharpe", "financing_drag_per_year", "fees_per_year"):
        assert ours[key] == pytest.approx(theirs[key], abs=EXACT)
    bought = float(begun_there.turnover.iloc[1])  # what the other one has already
    years = (dates[-1] - dates[12]).days / 365.25
    assert theirs["turnover_per_year"] - ours["turnover_per_year"] == pytest.approx(bought / years, abs=EXACT)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("every", [1, 3])
def test_what_flowed_still_adds_up_to_the_return(seed: int, every: int) -> None:
    """With a cut at both ends, and with two of three dates left out."""
    whole = random_run(seed, shorts=False)
    dates = pd.DatetimeIndex(whole.nav.index[5:38:every])
    cut = on_dates(whole, dates)
    assert linked_attribution(cut).sum() == pytest.approx(cut.nav.iloc[-1] - 1, abs=EXACT)
    assert cut.contributions.to_numpy().sum() == pytest.approx(cut.nav.iloc[-1] - 1, abs=EXACT)
    assert cut.nav.iloc[-1] == pytest.approx(whole.nav[dates[-1]] / whole.nav[dates[0]], abs=EXACT)
    within = (whole.nav.index > dates[0]) & (whole.nav.index <= dates[-1])
    paid = whole.costs[within].sum().to_numpy() / whole.nav[dates[0]]
    assert cut.costs.sum().to_numpy() == pytest.approx(paid, abs=EXACT)
    assert cut.turnover.sum() == pytest.approx(whole.turnover[within].sum(), abs=EXACT)
    assert (1 + cut.cash_returns.iloc[1:]).prod() == pytest.approx((1 + whole.cash_returns[within]).prod(), abs=EXACT)
    assert (gross_returns(cut) >= cut.returns - EXACT).all()  # no first purchase was invented
    assert cut.trades.index[0] == dates[0]
    assert (cut.latest_trades == 0).all()


def test_the_rate_paid_on_loans_is_the_same_with_dates_left_out() -> None:
    whole = random_run(1, shorts=False)
    thinned = on_dates(whole, pd.DatetimeIndex(whole.nav.index[::4]))
    rates = [result.summary()["average_financing_rate"] for result in (whole, thinned)]
    assert rates[0] > 0
    assert rates[1] == pytest.approx(rates[0], abs=EXACT)


@pytest.mark.parametrize(
    "name",
    ["levered_erc_futures", "daily/erc", "daily/levered_erc_margin_calls", "daily/60_40_in_funds", "daily/60_40_bands"],
)
def test_each_period_keeps_its_flows_and_the_forecast_that_stood_for_it(name: str) -> None:
    """Of every kind of financing. Daily data trades a day after it decides: that of before the cut is in force."""
    whole = bt.run(CONFIGS / f"{name}.yaml")
    for first in (30, 31, 32, 45):
        cut = on_dates(whole, pd.DatetimeIndex(whole.nav.index[first:-10]))
        dates = cut.nav.index[1:]
        pd.testing.assert_frame_equal(standing_forecasts(cut), standing_forecasts(whole).loc[dates])
        flows = period_attribution(whole).loc[dates]
        pd.testing.assert_frame_equal(period_attribution(cut), flows, rtol=0, atol=EXACT)
        before_costs = gross_returns(whole).loc[dates]
        pd.testing.assert_series_equal(gross_returns(cut), before_costs, rtol=0, atol=EXACT)


@pytest.mark.parametrize("rows", [[3], [5, 4], [4, 4]])
def test_dates_that_are_no_span_are_refused(rows: list[int]) -> None:
    result = made_up()
    with pytest.raises(ValueError, match="two or more of the run's own, rising"):
        on_dates(result, pd.DatetimeIndex(result.nav.index[rows]))
    with pytest.raises(ValueError, match="two or more of the run's own, rising"):
        on_dates(result, pd.DatetimeIndex(["2001-01-01", "2001-01-02"]))


# 2. What is compared


def test_all_have_the_dates_that_all_share(results: list[BacktestResult], comparison: Comparison) -> None:
    shared = set.intersection(*(set(result.nav.index) for result in results))
    assert set(comparison.growth.index) == shared
    assert (comparison.growth.iloc[0] == 1).all()
    assert comparison.names == ("60_40", "erc", "all_weather", "levered_erc")
    assert all(result.benchmark is None for result in comparison.results)


def test_a_run_over_just_these_dates_has_its_own_numbers(results: list[BacktestResult], comparison: Comparison) -> None:
    erc = results[1].summary()
    assert (comparison.start, comparison.end) == (pd.Timestamp(erc["start"]), pd.Timestamp(erc["end"]))
    for key, value in comparison.metrics["erc"].items():
        assert value == pytest.approx(erc[str(key)], abs=0, nan_ok=True)


def test_the_order_changes_no_number(results: list[BacktestResult], comparison: Comparison) -> None:
    turned = compare(results[::-1])
    pd.testing.assert_frame_equal(turned.metrics[list(comparison.names)], comparison.metrics)


def test_the_same_name_twice_gets_a_number() -> None:
    one, other, third = (made_up(seed=seed) for seed in range(3))
    named = replace(third, name="made_up (2)")
    assert compare([one, named, other]).names == ("made_up", "made_up (2)", "made_up (3)")


def test_dates_that_others_lack_are_told() -> None:
    whole = made_up(12, seed=1)
    gap = on_dates(made_up(12, name="gap"), pd.DatetimeIndex(whole.nav.index).delete([3, 4]))
    found = compare([whole, gap])
    assert found.notes == ("2 dates of made_up are left out, which the others do not all have",)
    assert len(found.growth) == 11


def test_why_the_dates_begin_and_end_where_they_do_is_told() -> None:
    early, late = made_up(20, name="early"), made_up(20, name="late", start="2004-12-31")
    assert compare([early, late, replace(late, name="third")]).notes == (
        "the dates begin with late, third on 2004-12-31; on its own early on 2003-12-31",
        "the dates end with early on 2005-08-31; on its own late on 2006-08-31, third on 2006-08-31",
    )
    first, dates = made_up(6, name="first"), pd.DatetimeIndex(made_up(6).nav.index)
    odd, even = on_dates(first, dates.delete(0)), on_dates(first, dates.delete(1))
    (begin, *_) = compare([replace(odd, name="odd"), replace(even, name="even")]).notes
    assert begin == (
        "the dates begin on 2004-02-29, a date that all have; on its own odd on 2004-01-31, even on 2003-12-31"
    )


def test_a_ruin_ends_the_comparison_and_is_told() -> None:
    ruined = made_up(20, name="ruined", ruined=True)
    found = compare([made_up(30, seed=1), ruined])
    assert found.notes == ("ruined lost all of its capital on 2005-08-31, where the comparison ends",)
    assert found.metrics.loc["cagr", "ruined"] == -1
    json.loads(json_bytes(found.summary()))


def refused(results: Sequence[BacktestResult]) -> str:
    with pytest.raises(ComparisonError) as caught:
        compare(results)
    return str(caught.value)


def test_what_cannot_be_compared() -> None:
    monthly = made_up()
    assert refused([]) == "0 to compare; expected two results or more"
    assert refused([monthly]) == "1 to compare; expected two results or more"
    assert refused([monthly, made_up(periods_per_year=252, name="fast")]) == (
        "made_up is monthly, fast is daily: results of one frequency can be compared, not of several"
    )
    in_euros = replace(monthly, name="euros", settings={"data": {"currency": "EUR"}})
    assert refused([monthly, in_euros]) == (
        "made_up is USD, euros is EUR: results of one currency can be compared, not of several"
    )
    assert refused([monthly, made_up(start="2013-12-31", name="later")]) == (
        "made_up 2003-12-31 to 2007-12-31; later 2013-12-31 to 2017-12-31: they share 0 dates; expected two or more"
    )


@pytest.mark.parametrize(
    "made",
    [
        {"still": True, "free": True},
        {"periods": 1},
        {"assets": ("one",)},
        {"risk": False},
        {"gross": 2.5},
        {"assets": ("黄金", "<script>")},
        {"periods": 400, "periods_per_year": 252},
    ],
    ids=str,
)
def test_anything_can_be_compared_with_anything(made: dict[str, Any]) -> None:
    """Whatever is not defined is null, and the rest is there."""
    found = compare([made_up(**made), made_up(**made, seed=5, name="other")])
    summary = json.loads(json_bytes(found.summary()))
    assert summary["strategies"] == ["made_up", "other"]
    assert set(found.table().columns) == {"better", "best", "made_up", "other"}


# 3. The tables


def test_the_best_of_each_number_by_a_plain_search(comparison: Comparison) -> None:
    for key, row in comparison.metrics.iterrows():
        values = {name: value for name, value in row.items() if not math.isnan(value)}
        distance = {
            "higher": lambda value: -value,
            "lower": lambda value: value,
            "nearest 1": lambda value: abs(value - 1),
        }
        if key not in BETTER or len({round(value, 9) for value in values.values()}) < 2:
            assert comparison.best[str(key)] == ()
            continue
        lost = {name: distance[BETTER[str(key)]](value) for name, value in values.items()}
        expected = tuple(name for name, value in lost.items() if value <= min(lost.values()) + 1e-9)
        assert comparison.best[str(key)] == expected


def test_every_number_that_can_be_better_is_one_of_a_summary(comparison: Comparison) -> None:
    """A measure renamed would else lose its mark without a word."""
    assert set(BETTER) <= set(comparison.metrics.index)
    assert {"average_gross_exposure", "average_cash_weight", "forecast_volatility"} <= {
        *comparison.metrics.index
    } - set(BETTER)


def test_ties_and_what_is_not_there() -> None:
    nan = float("nan")
    metrics = pd.DataFrame(
        {"a": [0.5, 0.2, nan, 1.25], "b": [0.5 + 1e-12, 0.2, nan, 0.5], "c": [0.1, 0.2, nan, 0.75]},
        index=["sharpe", "volatility", "calmar", "bias_statistic"],
    )
    assert best_of(metrics) == {"sharpe": ("a", "b"), "volatility": (), "calmar": (), "bias_statistic": ("a", "c")}


def test_the_articles_table_is_measured(comparison: Comparison) -> None:
    """60/40 skewed to stocks, risk parity balanced between assets, All-Weather unlevered and not balanced."""
    risk, capital = comparison.class_shares("risk"), comparison.class_shares("capital")
    assert capital["60_40"].to_dict() == pytest.approx({"equities": 0.6, "bonds": 0.4, "commodities": 0.0}, abs=EXACT)
    assert risk["erc"].to_dict() == pytest.approx({"equities": 0.25, "bonds": 0.25, "commodities": 0.5}, abs=1e-9)
    assert risk["60_40"].to_dict()["equities"] > 0.85
    assert risk["60_40"].to_dict()["commodities"] == 0
    assert risk["all_weather"].to_dict()["equities"] > 0.4
    for shares in (risk, capital):
        assert shares.sum().to_numpy() == pytest.approx(1, abs=1e-9)
    leverage = comparison.metrics.loc["max_gross_exposure"]
    assert leverage["all_weather"] == pytest.approx(1, abs=EXACT)
    assert leverage["levered_erc"] > 2


def test_shares_of_what_has_no_class_or_no_covariance() -> None:
    plain = replace(made_up(), classes={}, name="plain")
    blind = made_up(risk=False, name="blind")
    shares = class_shares({one.name: one.summary() for one in (plain, made_up(), blind)}, "capital")
    assert shares["plain"].to_dict() == pytest.approx({"unclassified": 1.0, "equities": 0.0}, abs=EXACT)
    assert shares["made_up"].to_dict() == pytest.approx({"unclassified": 0.0, "equities": 1.0}, abs=EXACT)
    assert shares["blind"].isna().all()


def test_correlations_are_those_of_returns(comparison: Comparison) -> None:
    expected = comparison.growth.pct_change().iloc[1:].corr()
    pd.testing.assert_frame_equal(comparison.correlations, expected, rtol=0, atol=1e-10)


def test_each_pair_has_a_difference_of_sharpe_ratios(comparison: Comparison) -> None:
    table, sharpe = comparison.sharpe_differences, comparison.metrics.loc["sharpe"]
    assert len(table) == 6
    for row in table.to_dict("records"):
        assert row["difference"] == pytest.approx(sharpe[row["name"]] - sharpe[row["other"]], abs=EXACT)
        assert 0 < row["ledoit_wolf_p"] <= 1
        assert 0 < row["memmel_p"] <= 1
    assert table["holm_p"].tolist() == holm(table["ledoit_wolf_p"].to_numpy()).tolist()


def test_leverage_is_told_by_what_was_held(comparison: Comparison) -> None:
    assert comparison.levered == ("levered_erc",)
    means = {name: comparison.metrics[name]["average_gross_exposure"] for name in comparison.names}
    pd.testing.assert_series_equal(comparison.gross_exposure.mean(), pd.Series(means))


@given(seed=st.integers(0, 10_000), window=st.integers(1, 12))
def test_windows_won_by_a_plain_count(seed: int, window: int) -> None:
    """Where two are the same neither wins, so those of a pair add up to 1 less the ties."""
    rng = np.random.default_rng(seed)
    navs = pd.DataFrame(np.cumprod(1 + rng.choice([-0.5, 0.0, 1.0], (10, 3)), axis=0), columns=list("abc"))
    won = windows_won(navs, window)
    count = len(navs) - window
    for one in "abc":
        for other in "abc":
            growth = [
                (navs[one].iloc[t + window] / navs[one].iloc[t], navs[other].iloc[t + window] / navs[other].iloc[t])
                for t in range(max(count, 0))
            ]
            wins = sum(a > b for a, b in growth)
            expected = math.nan if one == other or not growth else wins / len(growth)
            assert won[other][one] == pytest.approx(expected, abs=EXACT, nan_ok=True)


def test_windows_that_do_not_fit_are_left_out() -> None:
    found = compare([made_up(36), made_up(36, seed=3)])
    assert WINDOW_YEARS == (1, 3, 5)
    assert list(found.windows_won) == [1, 3]
    assert found.summary()["windows_won"]["3"]["windows"] == 1
    with pytest.raises(ValueError, match="expected 1 period or more"):
        windows_won(found.growth, 0)


# 4. Crises


def test_the_crises_have_dates_reasons_and_sources() -> None:
    assert len({crisis.name for crisis in CRISES}) == len(CRISES) >= 12
    assert all(crisis.start < crisis.end and crisis.why and crisis.source for crisis in CRISES)
    assert all(one.end < other.start for one, other in pairwise(CRISES))


def test_stocks_fell_in_each_crisis_of_stocks_and_the_dates_are_those_of_the_fall() -> None:
    """On the sample's monthly total returns since 1926: the worst fall of the span and a year around it lies within.

    Dividends and month-ends move a peak by a month or two. 2011 and later 2018 have falls of 16 and 14 % by month.
    """
    level = Sample("sample").fetch("us_stocks", None, 1.0).values["level"]
    stocks = pd.DataFrame({"stocks": level[level.notna()]})
    found = [one for one in in_crises(stocks) if one.crisis.source.startswith("S&P")]
    assert len(found) >= 9
    for one in found:
        year = pd.Timedelta(days=183)
        around = stocks["stocks"].loc[one.first - year : one.last + year]
        (worst,) = worst_drawdowns(around, 1)
        assert one.drawdowns["stocks"] < -0.07, one.crisis.name
        assert one.drawdowns["stocks"] == pytest.approx(worst.depth, abs=0.03), one.crisis.name


def test_bonds_fell_where_rates_rose() -> None:
    level = Sample("sample").fetch("us_treasury_10y", None, 1.0).values["level"]
    bonds = pd.DataFrame({"bonds": level[level.notna()]})
    falls = {one.crisis.name: one.drawdowns["bonds"] for one in in_crises(bonds)}
    assert max(falls[name] for name in ("Volcker", "Bond rout of 1994", "Taper tantrum", "2022")) < -0.05


def test_a_crisis_by_hand() -> None:
    """On days as they are; on months from the one before it to the one that ends it; only where covered as a whole."""
    crash = Crisis("crash", pd.Timestamp("2020-02-19"), pd.Timestamp("2020-02-21"), "", "")
    days = pd.date_range("2020-02-18", "2020-02-24", freq="B")
    navs = pd.DataFrame({"a": [1.0, 2.0, 1.0, 1.5, 9.0], "b": [1.0, 1.0, 2.0, 3.0, 1.0]}, index=days)
    (one,) = in_crises(navs, [crash])
    assert (one.first, one.last) == (days[1], days[3])
    assert one.returns.to_dict() == {"a": -0.25, "b": 2.0}
    assert one.drawdowns.to_dict() == {"a": -0.5, "b": 0.0}
    months = pd.DataFrame({"a": [1.0, 0.5]}, index=pd.to_datetime(["2020-01-31", "2020-02-29"]))
    (monthly,) = in_crises(months, [crash])
    assert (monthly.first, monthly.last) == (months.index[0], months.index[1])
    assert in_crises(navs.iloc[2:], [crash]) == ()
    assert in_crises(navs.iloc[:3], [crash]) == ()


def test_falls_are_the_worst_drawdowns_of_the_first(comparison: Comparison) -> None:
    first = comparison.results[0].nav
    for found, spell in zip(comparison.falls, worst_drawdowns(first, 5), strict=True):
        assert (found.first, found.last) == (spell.peak, spell.trough)
        assert found.drawdowns["60_40"] == pytest.approx(spell.depth, abs=EXACT)
        assert found.returns["60_40"] == pytest.approx(spell.depth, abs=EXACT)
    assert falls_of(pd.Series([1.0, 2.0], index=first.index[:2], name="up")) == ()


# 5. What is written


def test_the_table_and_the_summary_are_the_same_numbers(comparison: Comparison) -> None:
    table, summary = comparison.table(), comparison.summary()
    assert table.index.is_unique
    for key, one in summary["metrics"].items():
        assert [table.loc[key, name] for name in comparison.names] == pytest.approx(
            list(one["values"].values()), abs=0, nan_ok=True
        )
        assert table.loc[key, "best"] == "; ".join(one["best"])
    for of in ("capital", "risk", "realised_risk"):
        for name, shares in summary[f"{of}_shares"].items():
            assert {label: table.loc[f"{of}_share: {label}", name] for label in shares} == shares
    for crisis in summary["crises"]:
        assert table.loc[f"return: {crisis['name']}", "erc"] == crisis["returns"]["erc"]
        assert table.loc[f"drawdown: {crisis['name']}", "erc"] == crisis["drawdowns"]["erc"]
    assert summary["crises"][-2]["name"] == "GFC"
    assert len(summary["falls_of_the_first"]) == 5
    assert repr(comparison) == "<Comparison of 60_40, erc, all_weather, levered_erc, 1989-01-31 to 2012-12-31>"
