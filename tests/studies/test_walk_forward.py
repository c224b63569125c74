"""Walk-forward: the choices, the path that follows them, no look-ahead, and refused input."""

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.analysis.metrics.performance import sharpe
from backtest.numerics.arrays import Floats
from backtest.reporting.pages.tearsheet import render_tearsheet

MONTHS, ASSETS = 150, ("stocks", "bonds", "gold")
BASE: dict[str, Any] = {
    "name": "mine",
    "strategy": "erc",
    "estimation": {"window": 12},
    "costs": {"trading_bps": 30},
    "leverage": {"multiple": 1.5},
    "financing": {"spread_bps": 80},
}
VARY: dict[str, Any] = {"strategy": ["erc", "equal_weight", "minimum_variance"], "estimation.window": [12, 24]}
SETTINGS = {"window": 36, "embargo": 2}


def market_of(returns: Floats) -> bt.MarketData:
    """Monthly market data from (T, 3) returns."""
    dates = pd.date_range("2000-01-31", periods=len(returns), freq="ME")
    frame = pd.DataFrame((1 + returns).cumprod(axis=0), index=dates, columns=list(ASSETS))
    return bt.MarketData.from_prices(frame, cash=0.02, periods_per_year=12)


@pytest.fixture(scope="module")
def returns() -> Floats:
    """Random returns whose best rule changes: each asset has a good time and a bad one."""
    random = np.random.default_rng(7)
    means = np.repeat([[0.02, 0.002, -0.01], [-0.015, 0.004, 0.02], [0.01, 0.0, -0.005]], MONTHS // 3, axis=0)
    return np.asarray(random.normal(0.0, 0.03, (MONTHS, 3)) * [1.2, 0.4, 1.0] + means)


@pytest.fixture(scope="module")
def market(returns: Floats) -> bt.MarketData:
    return market_of(returns)


@pytest.fixture(scope="module")
def result(market: bt.MarketData) -> bt.BacktestResult:
    return bt.walk_forward(BASE, SETTINGS, VARY, market=market)


def choices_of(result: bt.BacktestResult) -> pd.DataFrame:
    assert result.walk_forward is not None
    return result.walk_forward.choices


def candidates() -> list[dict[str, Any]]:
    return [
        {"strategy": strategy, "estimation.window": window}
        for strategy in VARY["strategy"]
        for window in VARY["estimation.window"]
    ]


def test_choices_and_path_are_those_made_by_hand_from_single_runs(
    result: bt.BacktestResult, market: bt.MarketData
) -> None:
    """Each candidate is run alone from the common date; the best of months -38 to -2 gives the weights of a year."""
    runs = [bt.run(BASE, own, market=market) for own in candidates()]
    common = max(run.nav.index[0] for run in runs)
    runs = [bt.run(BASE, {**own, "start": f"{common:%Y-%m-%d}"}, market=market) for own in candidates()]
    dates = market.dates
    first = next(
        row for row in range(len(dates)) if dates[row].month == 12 and row >= dates.searchsorted(common) + 36 + 2
    )
    start = f"{dates[first]:%Y-%m-%d}"
    held = [bt.run(BASE, {**own, "start": start}, market=market) for own in candidates()]
    expected, chosen = [], -1
    for row in range(first, len(dates)):
        if dates[row].month == 12:
            window = slice(dates[row - 38], dates[row - 2])
            ratios = [sharpe(run.excess_returns.loc[window].iloc[1:].to_numpy(), 12) for run in runs]
            chosen = int(np.argmax(ratios))
        expected.append(held[chosen].target_weights.loc[dates[row]])
    pd.testing.assert_frame_equal(result.target_weights, pd.DataFrame(expected), check_freq=False, check_names=False)
    found = result.walk_forward
    assert found is not None
    assert found.switches > 0
    assert result.nav.index[0] == dates[first]
    best = int(np.argmax([run.summary()["sharpe"] for run in held]))
    assert (found.best, found.candidates.loc[best, "sharpe"]) == (best, held[best].summary()["sharpe"])


def test_changing_the_candidate_is_paid(result: bt.BacktestResult) -> None:
    """NAV follows from the target weights as in any run: the ledger adds up, and switches are trades."""
    assert result.contributions.sum().sum() == pytest.approx(result.nav.iloc[-1] - 1, abs=1e-12)  # rounding of sums
    chosen = choices_of(result)["candidate"]
    switched = chosen.index[1:][chosen.diff().iloc[1:] != 0]
    assert (result.costs["trading"].loc[switched] > 0).all()


@pytest.mark.parametrize("more", [{}, {"start": "2006-08-31"}, {"rebalance.frequency": "quarterly"}])
def test_a_single_candidate_is_the_plain_run_bit_for_bit(market: bt.MarketData, more: dict[str, Any]) -> None:
    only = bt.walk_forward(BASE, SETTINGS, {"estimation.window": [24]}, more, market=market)
    start = f"{only.nav.index[0]:%Y-%m-%d}"
    plain = bt.run(BASE, {**more, "estimation.window": 24, "start": start}, market=market)
    for name in ("nav", "weights", "target_weights", "trades", "costs", "contributions", "risk_contributions"):
        pd.testing.assert_frame_equal(
            pd.DataFrame(getattr(only, name)), pd.DataFrame(getattr(plain, name)), check_exact=True
        )
    assert start == more.get("start", start)


def test_later_data_changes_nothing_before_it(result: bt.BacktestResult, returns: Floats) -> None:
    """No look-ahead: with other returns after a date, path and choices up to the date are the same bits."""
    until = 110
    other = returns.copy()
    other[until + 1 :] = np.random.default_rng(8).normal(0.0, 0.05, other[until + 1 :].shape)
    changed = bt.walk_forward(BASE, SETTINGS, VARY, market=market_of(other))
    date = market_of(returns).dates[until]
    for name in ("nav", "weights", "target_weights"):
        pd.testing.assert_frame_equal(
            pd.DataFrame(getattr(changed, name)).loc[:date],
            pd.DataFrame(getattr(result, name)).loc[:date],
            check_exact=True,
        )
    columns = ["candidate", "window_start", "window_end", "in_sample"]
    found, expected = (choices_of(each).loc[:date, columns] for each in (changed, result))
    pd.testing.assert_frame_equal(found, expected, check_exact=True)
    assert not changed.nav.equals(result.nav)


def test_an_expanding_window_begins_with_all_candidates(market: bt.MarketData) -> None:
    found = bt.walk_forward(BASE, {**SETTINGS, "expanding": True, "choose_by": "volatility"}, VARY, market=market)
    choices = choices_of(found)
    assert (choices["window_start"] == choices["window_start"].iloc[0]).all()
    assert choices["settings"].str.startswith("strategy minimum_variance").all()  # the lowest volatility is chosen


@pytest.mark.parametrize(
    ("settings", "vary", "message"),
    [
        ({"window": "15Y"}, VARY, "walk_forward.window: a window of 15Y leaves no date to choose on"),
        ({"window": 36, "choose_by": "luck"}, VARY, "walk_forward.choose_by: got 'luck', expected 'sharpe', 'sortino'"),
        ({"windw": 36}, VARY, "walk_forward.windw: unknown setting; walk_forward accepts: choose_by, every, window,"),
        (SETTINGS, None, "no section sweep; expected one such as"),
        (SETTINGS, {"costs.trading_bps": [1, 2]}, "sweep: costs.trading_bps: the same for all candidates"),
        (SETTINGS, {"estimation.window": [1]}, "sweep: estimation.window: a window of 1"),
        (SETTINGS, {"leverage": [{"debt": 0.5}, {"multiple": 1}]}, "decides by its own holdings or NAV"),
        ({"cross_validation": {"groups": 3, "test_groups": 3}}, VARY, "test_groups: 3 of 3 groups"),
        ({"embargo": -1}, VARY, "walk_forward.embargo: got -1"),
        ({"embargo": "soon"}, VARY, "walk_forward.embargo: 'soon' is not a window"),
        (
            {"window": 36, "cross_validation": {"embargo": "3Y"}},
            VARY,
            "a purge of 0 and an embargo of 36 leave less than two periods of a group",
        ),
        (SETTINGS, {"data.assets": ["gold"]}, "sweep: data.assets: got 'gold'; expected lists of assets"),
    ],
)
def test_wrong_settings_are_refused(
    market: bt.MarketData, settings: dict[str, Any], vary: dict[str, Any] | None, message: str
) -> None:
    with pytest.raises(bt.BacktestError, match=re.escape(message)):
        bt.walk_forward(BASE, settings, vary, market=market)


def test_starts_that_cannot_be_kept_are_noted_or_refused(market: bt.MarketData) -> None:
    early = bt.walk_forward(BASE, SETTINGS, VARY, {"start": "2003-01-31"}, market=market)
    begins = f"{early.nav.index[0]:%Y-%m-%d}"
    assert any(note.startswith(f"start is 2003-01-31, but the path begins on {begins}") for note in early.notes)
    with pytest.raises(bt.BacktestError, match="start: 2012-06-30 is not before the last date of the data, 2012-06-30"):
        bt.walk_forward(BASE, SETTINGS, VARY, {"start": "2012-06-30"}, market=market)


def test_a_candidate_that_fails_is_named(market: bt.MarketData) -> None:
    with pytest.raises(bt.BacktestError, match=r"candidate 1: ERC never has the history it needs"):
        bt.walk_forward(BASE, SETTINGS, {"estimation.window": [12, 500]}, market=market)


def test_a_ruined_candidate_is_not_chosen_again(returns: Floats) -> None:
    """Its metric is undefined from its ruin on; the other one is followed, and the path ends with the data."""
    fall = returns.copy()
    fall[90] = -0.4
    settings = {"window": 36, "choose_by": "volatility", "expanding": True}
    result = bt.walk_forward(BASE, settings, {"leverage.multiple": [1.0, 3.0]}, market=market_of(fall))
    assert set(choices_of(result)["candidate"]) == {0}
    ruined = bt.walk_forward(
        BASE, {**settings, "choose_by": "cagr"}, {"leverage.multiple": [3.0]}, market=market_of(fall)
    )
    assert ruined.nav.iloc[-1] == 0
    assert ruined.walk_forward is not None
    assert "the path lost all of its capital; the best of 1 candidate," in render_tearsheet(ruined, {})


class TwiceAYear(bt.Strategy):
    """Stocks alone, with dates of its own."""

    def target_weights(self, view: bt.MarketView) -> dict[str, float]:
        return {view.assets[0]: 1.0}

    def decision_dates(self) -> pd.DatetimeIndex:
        return pd.date_range("2002-06-30", "2012-06-30", freq="6ME")


def test_candidates_with_other_dates_are_refused(market: bt.MarketData) -> None:
    with pytest.raises(bt.BacktestError, match="candidate 1 decides on other dates than the rest"):
        bt.walk_forward(BASE, SETTINGS, {"strategy": ["erc", TwiceAYear]}, market=market)


def test_sections_of_a_configuration_are_the_arguments(result: bt.BacktestResult, market: bt.MarketData) -> None:
    """A sweep of the same configuration runs the candidates."""
    both = {**BASE, "sweep": {"grid": VARY}, "walk_forward": SETTINGS}
    found = bt.walk_forward(both, market=market)
    pd.testing.assert_frame_equal(choices_of(found), choices_of(result), check_exact=True)
    assert found.settings == result.settings
    assert len(bt.sweep(both, market=market)) == len(candidates())
    shorter = bt.walk_forward(both, overrides={"walk_forward.window": 24}, market=market)
    assert shorter.nav.index[0] < found.nav.index[0]
    assert shorter.overrides == {"walk_forward.window": 24}


def test_a_plain_run_refuses_the_sections_of_many_runs() -> None:
    with pytest.raises(bt.BacktestError, match=r"walk_forward: many runs; expected a single one\. Hint: .*bt\.walk"):
        bt.run({**BASE, "walk_forward": {}})


UNIVERSES: dict[str, Any] = {"data.assets": [["stocks", "bonds"], list(ASSETS)]}


def test_universes_are_held_by_one_path_with_all_assets(market: bt.MarketData, returns: Floats) -> None:
    """While the smaller universe is chosen, the path is a run on data of these assets alone; nothing else is held."""
    result = bt.walk_forward(BASE, {**SETTINGS, "every": "monthly"}, UNIVERSES, market=market)
    chosen = choices_of(result)["candidate"]
    assert set(chosen) == {0, 1}
    small = chosen.index[chosen == 0]
    assert (result.target_weights.loc[small, "gold"] == 0).all()
    assert (result.target_weights.loc[chosen.index[chosen == 1], "gold"] != 0).all()
    two = pd.DataFrame((1 + returns[:, :2]).cumprod(axis=0), index=market.dates, columns=["stocks", "bonds"])
    alone = bt.run(BASE, market=bt.MarketData.from_prices(two, cash=0.02, periods_per_year=12))
    for name in ("target_weights", "risk_contributions", "asset_volatilities"):
        expected = getattr(alone, name).loc[small]
        pd.testing.assert_frame_equal(getattr(result, name).loc[small, expected.columns], expected)
    assert (result.risk_contributions.loc[small, "gold"] == 0).all()


def test_a_universe_of_other_assets_is_refused(market: bt.MarketData) -> None:
    with pytest.raises(bt.BacktestError, match=r"data\.assets: oil: not an asset of the configuration; expected some"):
        bt.walk_forward(BASE, SETTINGS, {"data.assets": [["stocks", "oil"]]}, market=market)
