"""Trades at the open against the oracle, for which each date is two rows: its open and its close.

The night has all days and all interest of the date; the day has neither. A decision at the close
of row 2e of such a run is traded `execution_lag` dates later, at the open of row 2 (e + lag) - 1: that is a lag of
2 lag - 1 rows. Row 0 is the last close before the first trade.
"""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from support.builders.market_files import random_levels, write_config, write_csv
from support.oracle.oracle_path import OraclePath
from support.oracle.oracle_path import run as run_oracle
from support.oracle.oracle_terms import Bands, Costs, Margin, Terms

ASSETS = ["aa", "bb", "cc"]
CLOSE = 1e-13  # of gross assets: some hundred products and sums, each good to 1e-16
FLOWS = {"trading": "trading", "financing": "financing", "borrow": "borrow"}

Series = dict[str, list[float | None]]


def halves(closes: Series, opens: Series, start: int) -> Series:
    """Return prices by half date: the close of a date, then the open and the close of each later one."""
    rows: Series = {}
    for name in ASSETS:
        later = zip(opens[name][start + 1 :], closes[name][start + 1 :], strict=True)
        rows[name] = [closes[name][start], *(price for pair in later for price in pair)]
    return rows


def oracle_run(
    dates: pd.DatetimeIndex,
    closes: Series,
    opens: Series,
    cash: float,
    decided: dict[int, dict[str, float]],
    lag: int,
    terms: Terms,
) -> tuple[OraclePath, int]:
    """Return the path by half date, and the row of its first close in the data; `decided` is by row of the data."""
    start, last = min(decided) + lag - 1, len(dates) - 1
    days = [day.date() for day in dates[start:]]
    doubled = [days[0], *(day for day in days[1:] for _ in range(2))]
    rates = [0.0]
    for before, day in pairwise(days):
        rates += [(1.0 + cash) ** ((day - before).days / 365.25) - 1.0, 0.0]
    targets = {2 * (row + lag - start) - 1: target for row, target in decided.items() if row + lag < last}
    return run_oracle(doubled, halves(closes, opens, start), rates, targets, terms), start


def agree(result: bt.BacktestResult, path: OraclePath) -> None:
    """Check NAV and weights at closes, trades in their order, and the flows of a date: its night's plus its day's."""
    at_closes = list(range(0, len(path.nav), 2))
    if len(path.nav) % 2 == 0:  # ruin at an open
        at_closes.append(len(path.nav) - 1)
    assert [day.date() for day in result.nav.index] == [path.dates[t] for t in at_closes]
    room = CLOSE * max(1.0, *(math.fsum(abs(w) for w in weights.values()) for weights in path.weights))
    np.testing.assert_allclose(result.nav, [path.nav[t] for t in at_closes], rtol=room)
    weights = [[path.weights[t][a] for a in ASSETS] for t in at_closes]
    np.testing.assert_allclose(result.weights, weights, rtol=0, atol=room)
    assert [day.date() for day in result.trades.index] == [path.dates[row] for row in path.trade_rows]
    assert result.trade_terms["reason"].tolist() == path.trade_reasons
    trades = np.reshape([[trade.get(a, 0.0) for a in ASSETS] for trade in path.trades], (-1, len(ASSETS)))
    np.testing.assert_allclose(result.trades, trades, rtol=0, atol=room)
    for name, column in FLOWS.items():
        flows = getattr(path, name)
        by_date = [0.0, *(math.fsum(flows[t - 1 : t + 1]) for t in at_closes[1:])]
        np.testing.assert_allclose(result.costs[column], by_date, rtol=0, atol=room, err_msg=name)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("bands", [None, "target", "edge"])
def test_a_run_traded_at_opens_equals_the_oracle(tmp_path: Path, seed: int, bands: str | None) -> None:
    """Levered, with costs and margin requirements; one asset ends, another falls until the loan is called."""
    rng = np.random.default_rng(seed)
    rows, lag = 70, 1 + seed % 2
    dates = pd.bdate_range("2020-01-02", periods=rows)
    levels = random_levels(dates, [0.5, 0.1, 0.3], rng, drift=-0.8)
    gaps = np.exp(rng.normal(0, 0.01, levels.shape))
    end = int(rng.integers(30, rows))
    closes: Series = {name: levels[:, k].tolist() for k, name in enumerate(ASSETS)}
    opens: Series = {name: (levels * gaps)[:, k].tolist() for k, name in enumerate(ASSETS)}
    for series in (closes, opens):
        series["bb"] = [price if t < end else None for t, price in enumerate(series["bb"])]
    for name, series in (("market", closes), ("opens", opens)):
        frame = pd.DataFrame({a: np.array(p, dtype=float) for a, p in series.items()}, index=dates)
        write_csv(frame, tmp_path / f"{name}.csv")
    weights = {"aa": 0.9, "bb": 0.8, "cc": -0.2}
    months = [t for t in range(rows) if t == rows - 1 or dates[t].month != dates[t + 1].month]
    decided = {
        t: {name: weight for name, weight in weights.items() if closes[name][t] is not None}
        for t in months
        if t >= 5 and t + lag < rows - 1
    }
    config: dict[str, Any] = {
        "data": {
            "source": "csv",
            "path": "market.csv",
            "assets": ASSETS,
            "cash": 0.02,
            "opens": {"path": "opens.csv"},
            "ragged": True,
        },
        "estimation": {"window": 5},
        "strategy": {"name": "sixty_forty", "weights": weights},
        "rebalance": {"frequency": "monthly", "execution": "open", "execution_lag": lag},
        "costs": {"trading_bps": 40, "fixed": 5},
        "financing": {"spread_bps": 150, "initial_margin": 0.6, "maintenance_margin": 0.5},
        "initial_capital": 100_000,
    }
    requirement = dict.fromkeys(ASSETS, 0.6), dict.fromkeys(ASSETS, 0.5)
    financing = Margin(spread=0.015, initial=requirement[0], maintenance=requirement[1])
    costs = Costs(dict.fromkeys(ASSETS, 0.004), fixed=5.0)
    checks: Bands | None = None
    if bands is not None:
        config["rebalance"]["bands"] = {"absolute": 0.05, "to": bands, "check": "daily"}
        checks = Bands(0.05, to=bands, checks=frozenset(range(-2 * rows, 2 * rows, 2)))
    terms = Terms(financing, costs, bands=checks, lag=2 * lag - 1, capital=1e5)
    path, _ = oracle_run(dates, closes, opens, 0.02, decided, lag, terms)
    assert "no_price" in path.trade_reasons
    agree(bt.run(write_config(tmp_path / "run.yaml", **config)), path)
