"""Robustness: other conventions over the same dates, laws that the ranges follow, and what the command says."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from support.builders.market_files import write_csv
from support.command_line import command

CONFIG = Path(__file__).parents[2] / "configs/erc.yaml"
RULE = {"strategy": "inverse_volatility", "estimation": {"window": 30}, "costs": {"trading_bps": 10}}


@pytest.fixture(scope="module")
def market() -> bt.MarketData:
    """Fifteen months of weekdays of two assets of unlike volatility."""
    dates = pd.bdate_range("2020-01-01", periods=330)
    returns = np.random.default_rng(3).normal(0.0003, [0.01, 0.004], (330, 2))
    frame = pd.DataFrame((1 + returns).cumprod(axis=0), index=dates, columns=["stocks", "bonds"])
    return bt.MarketData.from_prices(frame, cash=0.02, periods_per_year=252)


def with_opens(market: bt.MarketData, opens: pd.DataFrame, folder: Path) -> dict[str, Any]:
    """Return the rule on the market's prices and these opens, in files."""
    write_csv(market.prices, folder / "prices.csv")
    write_csv(opens, folder / "opens.csv")
    files = {"path": str(folder / "prices.csv"), "opens": {"path": str(folder / "opens.csv")}}
    return {**RULE, "data": {"source": "csv", "assets": list(opens), "cash": 0.02, **files}}


def test_each_row_is_a_run_of_its_own_over_the_common_dates(market: bt.MarketData) -> None:
    found = bt.robustness(RULE, market=market)
    settings = {"day": "rebalance.day", "lag": "rebalance.execution_lag"}
    assert found.runs["value"].tolist() == ["last", *map(str, range(1, 23)), "0", "2"]
    for row in (0, 5, 22, 24):
        change, value = found.runs["change"][row], found.runs["value"][row]
        varied = {settings[change]: int(value)} if change in settings else {}
        run = bt.run(RULE, {"start": found.nav.index[0].date(), **varied}, market=market)
        assert run.nav.index.equals(found.nav.index)
        assert run.headline()["sharpe"] == found.runs["sharpe"][row]
        assert (run.nav / run.nav.iloc[0]).tolist() == found.nav[row].tolist()


def test_no_run_could_begin_earlier_with_all_others(market: bt.MarketData) -> None:
    found = bt.robustness(RULE, market=market)
    firsts = [bt.run(RULE, {"rebalance.day": day}, market=market).nav.index[0] for day in ("last", *range(1, 23))]
    assert found.nav.index[0] >= max(firsts)


def test_ranges_and_bands_cover_the_configured_run(market: bt.MarketData) -> None:
    found = bt.robustness(RULE, market=market)
    for change, count in (("day", 23), ("lag", 3), ("convention", 25)):
        ranges, band = found.ranges(change), found.band(change)
        assert (ranges["runs"] == count).all()
        assert (ranges["min"] <= ranges["configured"]).all()
        assert (ranges["configured"] <= ranges["max"]).all()
        others = found.runs[1:] if change == "convention" else found.runs[found.runs["change"] == change]
        below = (others["cagr"] < ranges["configured"]["cagr"]).sum()
        assert ranges["rank"]["cagr"] == 1 + below
        assert (band["min"] <= found.nav[0]).all()
        assert (found.nav[0] <= band["max"]).all()


def test_assets_with_equal_returns_leave_nothing_to_timing(market: bt.MarketData) -> None:
    prices = np.cumprod(1 + np.random.default_rng(5).normal(0.0003, 0.01, 330))
    frame = pd.DataFrame({"one": prices, "other": prices}, index=market.dates)
    same = bt.MarketData.from_prices(frame, cash=0.02, periods_per_year=252)
    found = bt.robustness({**RULE, "costs": {"trading_bps": 0}}, market=same)
    ranges = found.ranges("day")
    # rounding of 330 products and of a standard deviation
    np.testing.assert_allclose(ranges["min"], ranges["max"], rtol=1e-9)


@pytest.mark.parametrize(
    ("overrides", "days", "note"),
    [
        ({}, 0, "the data has one date a month, so there is no other day of the month to decide on"),
        ({"rebalance.frequency": "quarterly"}, 2, None),
        ({"rebalance.frequency": "quarterly", "rebalance.day": 1}, 2, None),
        ({"rebalance.frequency": "yearly"}, 11, None),
        ({"rebalance.frequency": "never"}, 0, "with frequency never there is no other day to decide on"),
    ],
)
def test_monthly_data_has_months_of_quarters_and_years(
    overrides: dict[str, object], days: int, note: str | None
) -> None:
    found = bt.robustness(CONFIG, overrides)
    assert (found.runs["change"] == "day").sum() == days
    assert found.notes == (() if note is None else (note,))


def test_the_longest_lag_has_no_longer_one() -> None:
    dates = pd.bdate_range("2015-01-01", periods=1100)
    prices = np.cumprod(1 + np.random.default_rng(8).normal(0.0, 0.01, (1100, 2)), axis=0)
    market = bt.MarketData.from_prices(pd.DataFrame(prices, dates, ["one", "other"]), cash=0.0, periods_per_year=252)
    rule = {"strategy": "equal_weight", "rebalance": {"frequency": "never", "execution_lag": 1000}}
    assert bt.robustness(rule, market=market).runs["value"].tolist() == ["last", "999"]


def test_the_command_prints_ranges_and_a_sentence() -> None:
    answer = command("robustness", CONFIG, "--set", "rebalance.frequency=quarterly")
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert lines[-1] == "Sharpe ratio 0.74; by chance 0.20 to 1.13; by convention 0.69 to 0.74"
    assert any(line.split() == ["day:", "rank,", "lowest", "first", *["3", "of", "3"] * 4] for line in lines)
    assert max(map(len, lines[:-1])) <= 80


def test_a_number_that_is_undefined_has_no_rank() -> None:
    answer = command("robustness", CONFIG, "--start", "2012-06-30")  # less than a year has no annual return
    (ranks,) = (line.split()[4:] for line in answer.out.splitlines() if "lag: rank" in line)
    assert (ranks[0], ranks[2:4]) == ("-", ["of", "2"])


def test_json_has_all_runs() -> None:
    content = json.loads(command("robustness", CONFIG, "--json").out)
    assert (content["name"], content["start"]) == ("erc", "1989-02-28")
    assert [run["change"] for run in content["runs"]] == ["configured", "lag"]
    assert content["ranges"]["lag"]["sharpe"]["rank"] == content["ranges"]["convention"]["sharpe"]["rank"] == 2
    run = bt.run(CONFIG, {"start": content["start"]})
    assert [*content["chance"]["sharpe"].values()] == list(run.summary()["confidence"]["sharpe"])


@pytest.mark.parametrize(
    ("lag", "missing", "points", "notes"),
    [
        (1, 0, ["open"], ()),
        (0, 0, [], ("with a lag of 0 there are no trades at the open",)),
        (1, 1, [], ("some opens are missing, so trades at the open are not tried",)),
    ],
)
def test_opens_are_traded_where_they_can_be(
    market: bt.MarketData, tmp_path: Path, lag: int, missing: int, points: list[str], notes: tuple[str, ...]
) -> None:
    opens = market.prices.shift(1).bfill() * 1.001
    opens.iloc[200 : 200 + missing, 0] = np.nan
    rule = {**with_opens(market, opens, tmp_path), "rebalance": {"execution_lag": lag}}
    found = bt.robustness(rule)
    tried = found.runs[found.runs["change"] == "execution"]
    assert (tried["value"].tolist(), found.notes) == (points, notes)
    for point, sharpe in zip(tried["value"], tried["sharpe"], strict=True):
        varied = {"start": found.nav.index[0].date(), "rebalance.execution": point}
        assert bt.run(rule, varied).headline()["sharpe"] == sharpe


def test_runs_at_the_open_are_also_tried_at_the_close(market: bt.MarketData, tmp_path: Path) -> None:
    rule = with_opens(market, market.prices.shift(1).bfill(), tmp_path)
    found = bt.robustness({**rule, "rebalance": {"execution": "open"}})
    assert found.runs["value"].tolist()[-2:] == ["2", "close"]


def test_an_unknown_change_is_refused() -> None:
    with pytest.raises(bt.BacktestError, match="change: got 'days', expected one of day, lag, execution or convention"):
        bt.robustness(CONFIG).ranges("days")


def test_a_wrong_setting_is_named() -> None:
    answer = command("robustness", CONFIG, "--set", "rebalance.day=40")
    assert answer.code == 2
    assert "rebalance.day: got 40, expected first, last, 1 to 31, or -31 to -1" in answer.err
