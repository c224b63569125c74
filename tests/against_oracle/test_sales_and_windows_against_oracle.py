"""Whole runs against the oracle in which the order of trades, or a missing input, decides.

Prices end on a date of a rebalance, with costs, bands and a fixed debt; positions are already at their targets;
the window of impact is not full yet. Each case is a file and a configuration on one side, and `oracle_path.run` on
the other.

Tolerance: as in `test_against_oracle`, a NAV is some hundred products and sums, each accurate to 1e-16 of gross assets.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.errors import BacktestError
from support.builders.market_files import random_levels, write_config, write_csv, write_strategy
from support.oracle.oracle_bands import Decision, Seen
from support.oracle.oracle_calendar import rebalance_indices
from support.oracle.oracle_impact import has_window
from support.oracle.oracle_path import OraclePath
from support.oracle.oracle_path import run as run_oracle
from support.oracle.oracle_terms import Bands, Costs, Impact, Margin, Terms
from support.worked_cases.worked_case import in_debt

ASSETS = ["aa", "bb", "cc", "dd"]
WINDOW = 5  # returns before an asset is shown to a strategy
CLOSE = 1e-13  # of gross assets

Series = dict[str, list[float | None]]


def random_market(rng: np.random.Generator, rows: int = 80) -> tuple[pd.DatetimeIndex, Series]:
    """Daily prices of four assets, of which two end: on the last date of a month, or on any date."""
    dates = pd.bdate_range("2020-01-02", periods=rows)
    levels = random_levels(dates, [0.3, 0.1, 0.2, 0.4], rng)
    prices: Series = {name: levels[:, k].tolist() for k, name in enumerate(ASSETS)}
    month_ends = rebalance_indices([day.date() for day in dates], "monthly")[1:-1]
    for name in ("bb", "dd"):
        end = int(rng.choice(month_ends)) if rng.random() < 0.7 else int(rng.integers(30, rows))
        prices[name] = [price if t < end else None for t, price in enumerate(prices[name])]
    return dates, prices


def write_market(folder: Path, dates: pd.DatetimeIndex, prices: Series, name: str = "market.csv") -> None:
    write_csv(pd.DataFrame({a: np.array(p, dtype=float) for a, p in prices.items()}, index=dates), folder / name)


def decisions(
    dates: pd.DatetimeIndex, prices: Series, weights: Mapping[str, float], lag: int, debt: float | None
) -> tuple[int, dict[int, Decision]]:
    """Return monthly decisions of fixed weights, by the row of their trade, counted from the first of those rows."""
    last = len(dates) - 1
    rows = [r for r in rebalance_indices([day.date() for day in dates], "monthly") if r >= WINDOW and r + lag < last]
    start = rows[0] + lag
    targets: dict[int, Decision] = {}
    for row in rows:
        target = {name: weight for name, weight in weights.items() if prices[name][row] is not None}
        targets[row + lag - start] = target if debt is None else in_debt(target, debt)
    return start, targets


def agree(result: bt.BacktestResult, path: OraclePath) -> None:
    """Check NAV, weights, trades with their order and reasons, and trading costs."""
    assert [day.date() for day in result.nav.index] == path.dates
    gross = max(1.0, *(sum(abs(w) for w in weights.values()) for weights in path.weights))
    room = CLOSE * gross
    np.testing.assert_allclose(result.nav, path.nav, rtol=room)
    np.testing.assert_allclose(result.weights, [[w[a] for a in ASSETS] for w in path.weights], rtol=0, atol=room)
    assert [day.date() for day in result.trades.index] == [path.dates[row] for row in path.trade_rows]
    assert result.trade_terms["reason"].tolist() == path.trade_reasons
    trades = np.reshape([[trade.get(a, 0.0) for a in ASSETS] for trade in path.trades], (-1, len(ASSETS)))
    np.testing.assert_allclose(result.trades, trades, rtol=0, atol=room)
    np.testing.assert_allclose(result.costs["trading"], path.trading, rtol=0, atol=room)


def base_config(weights: Mapping[str, float], lag: int, **data: Any) -> dict[str, Any]:
    return {
        "data": {"source": "csv", "path": "market.csv", "assets": ASSETS, "cash": 0.0, "ragged": True, **data},
        "estimation": {"window": WINDOW},
        "strategy": {"name": "sixty_forty", "weights": dict(weights)},
        "rebalance": {"frequency": "monthly", "execution_lag": lag},
    }


WEIGHTS = {"aa": 0.5, "bb": 0.4, "cc": 0.2, "dd": -0.1}


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("bands", [None, "target", "edge"])
@pytest.mark.parametrize("debt", [None, 0.6])
def test_an_asset_that_ends_at_a_rebalance_is_sold_first(
    tmp_path: Path, seed: int, bands: str | None, debt: float | None
) -> None:
    """The sale comes first, with its cost; bands, the debt and the rebalance see what it leaves."""
    rng = np.random.default_rng(seed)
    dates, prices = random_market(rng)
    write_market(tmp_path, dates, prices)
    lag = seed % 2
    config = base_config(WEIGHTS, lag) | {
        "costs": {"trading_bps": 50, "fixed": 5},
        "financing": {"spread_bps": 100},
        "initial_capital": 10_000,
    }
    start, targets = decisions(dates, prices, WEIGHTS, lag, debt)
    terms = Terms(Margin(spread=0.01), Costs(dict.fromkeys(ASSETS, 0.005), fixed=5.0), lag=lag, capital=10_000.0)
    if bands is not None:
        config["rebalance"]["bands"] = {"absolute": 0.03, "to": bands, "check": "daily"}
        checks = frozenset(range(-lag, len(dates)))
        terms = Terms(terms.financing, terms.costs, bands=Bands(0.03, to=bands, checks=checks), lag=lag, capital=1e4)
    if debt is not None:
        config["leverage"] = {"debt": debt}
    days = [day.date() for day in dates[start:]]
    series = {name: values[start:] for name, values in prices.items()}
    path = run_oracle(days, series, [0.0] * len(days), targets, terms)
    assert path.trade_reasons.count("no_price") in {1, 2}
    agree(bt.run(write_config(tmp_path / "run.yaml", **config)), path)


READER = """
from typing import ClassVar
import pandas as pd
from backtest.strategy import MarketView, Strategy

class Reader(Strategy):
    reads_current_weights: ClassVar[bool] = True
    def target_weights(self, view: MarketView) -> pd.Series:
        return 0.5 * view.current_weights + 0.6 / len(view.assets)
"""


@pytest.mark.parametrize("seed", range(8))
def test_current_weights_reflect_the_sale_of_an_asset_that_ends(tmp_path: Path, seed: int) -> None:
    """A strategy that moves half way from its holdings sees the weights after the sale and its cost."""
    rng = np.random.default_rng(seed)
    dates, prices = random_market(rng)
    write_market(tmp_path, dates, prices)
    write_strategy(tmp_path, "reader", READER)
    lag = seed % 2
    start, targets = decisions(dates, prices, dict.fromkeys(ASSETS, 0.0), lag, None)

    def half_way(names: list[str]) -> Decision:
        def decide(seen: Seen) -> dict[str, float]:
            return {name: 0.5 * seen.weights[name] + 0.6 / len(names) for name in names}

        return decide

    read: dict[int, Decision] = {row: half_way(list(target)) for row, target in targets.items() if not callable(target)}
    terms = Terms(costs=Costs(dict.fromkeys(ASSETS, 0.01)), lag=lag)
    days = [day.date() for day in dates[start:]]
    path = run_oracle(days, {name: p[start:] for name, p in prices.items()}, [0.0] * len(days), read, terms)
    config = base_config({}, lag) | {"strategy": {"name": "reader"}, "costs": {"trading_bps": 100}}
    agree(bt.run(write_config(tmp_path / "run.yaml", **config)), path)


@pytest.mark.parametrize("lag", [0, 1])
def test_a_position_at_its_target_pays_its_fixed_cost_once(tmp_path: Path, lag: int) -> None:
    """Constant prices, and no rates: one purchase of two assets, 10 of 10,000; and when the price of one ends, 5 more.

    The other is then 0.6 of a little less than before, so it is traded back to 0.6, for 5. On later dates it stays.
    """
    dates = pd.bdate_range("2020-01-02", periods=140)
    prices: Series = {"aa": [100.0] * 140, "bb": [50.0] * 80 + [None] * 60, "cc": [7.0] * 140, "dd": [9.0] * 140}
    write_market(tmp_path, dates, prices)
    weights = {"aa": 0.6, "bb": 0.3}
    config = base_config(weights, lag) | {"costs": {"fixed": 5}, "initial_capital": 10_000}
    start, targets = decisions(dates, prices, weights, lag, None)
    days = [day.date() for day in dates[start:]]
    series = {name: values[start:] for name, values in prices.items()}
    terms = Terms(costs=Costs(fixed=5.0), lag=lag, capital=10_000.0)
    path = run_oracle(days, series, [0.0] * len(days), targets, terms)
    result = bt.run(write_config(tmp_path / "run.yaml", **config))
    agree(result, path)
    assert path.trade_reasons == ["rebalance", "no_price", "rebalance"]
    assert result.costs["trading"].sum() * 10_000 == pytest.approx(20.0, abs=1e-9)


# ------------------------------------------------------------------------------------------------------------- impact


def impact_case(folder: Path, seed: int, blanks: int) -> tuple[pd.DatetimeIndex, Series, Series, dict[str, Any]]:
    """Return a market whose traded values begin late, with `blanks` blanks, and its daily configuration without lag."""
    rng = np.random.default_rng(seed)
    dates, prices = random_market(rng, 60)
    prices = {name: [100.0 if price is None else price for price in series] for name, series in prices.items()}
    traded: Series = {}
    for name in ASSETS:
        values: list[float | None] = rng.uniform(1e6, 1e8, 60).tolist()
        begin = int(rng.integers(0, 9))
        gone = set(rng.choice(np.arange(15, 60, 3), blanks, replace=False).tolist())
        traded[name] = [None if t < begin or t in gone else value for t, value in enumerate(values)]
    write_market(folder, dates, prices)
    write_market(folder, dates, traded, "volumes.csv")
    config = base_config(WEIGHTS, 0, ragged=False, volumes={"path": "volumes.csv"}) | {
        "costs": {"impact": {"coefficient": 1.5, "window": 6}},
        "initial_capital": 1_000_000,
    }
    config["rebalance"]["frequency"] = "weekly"
    return dates, prices, traded, config


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("blanks", [0, 6])
def test_impact_waits_for_its_window(tmp_path: Path, seed: int, blanks: int) -> None:
    """The run begins at the first rebalance date with six returns and six values of each asset; blanks are skipped."""
    dates, prices, traded, config = impact_case(tmp_path, seed, blanks)
    rows = rebalance_indices([day.date() for day in dates], "weekly")
    rows = [row for row in rows if all(has_window(prices[a], traded[a], row, 6) for a in ASSETS)]
    start = rows[0]
    impact = Impact(1.5, 6, traded, {name: series[:start] for name, series in prices.items()})
    path = run_oracle(
        [day.date() for day in dates[start:]],
        {name: series[start:] for name, series in prices.items()},
        [0.0] * (len(dates) - start),
        {row - start: WEIGHTS for row in rows},
        Terms(costs=Costs(impact=impact), capital=1e6),
    )
    result = bt.run(write_config(tmp_path / "run.yaml", **config))
    agree(result, path)
    assert path.trading[1] > 0


def test_impact_of_too_few_values_is_an_error(tmp_path: Path) -> None:
    """Seven blanks in a row leave five values on the last twelve dates: the error names the asset and the date."""
    dates, _, traded, config = impact_case(tmp_path, 0, 0)
    traded["cc"] = [None if 30 <= t < 37 else value for t, value in enumerate(traded["cc"])]
    write_market(tmp_path, dates, traded, "volumes.csv")
    with pytest.raises(BacktestError) as caught:
        bt.run(write_config(tmp_path / "run.yaml", **config))
    assert "cc" in str(caught.value)
    assert f"{dates[36]:%Y-%m-%d}" in str(caught.value)


def test_an_asset_with_too_few_values_joins_later(tmp_path: Path) -> None:
    """With `ragged: true` the others begin, and `dd`, whose values begin late, is bought when it has six."""
    dates, prices, traded, config = impact_case(tmp_path, 1, 0)
    traded["dd"] = [None if t < 30 else value for t, value in enumerate(traded["dd"])]
    write_market(tmp_path, dates, traded, "volumes.csv")
    config["data"]["ragged"] = True
    result = bt.run(write_config(tmp_path / "run.yaml", **config))
    rows = rebalance_indices([day.date() for day in dates], "weekly")
    joins = next(row for row in rows if has_window(prices["dd"], traded["dd"], row, 6))
    held = result.weights["dd"]
    assert held[held != 0].index[0] == dates[joins]
    assert result.nav.index[0] < dates[joins]
    assert math.isfinite(float(result.nav.iloc[-1]))
