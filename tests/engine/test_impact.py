"""Market impact waits for its windows, counts known values alone, and refuses missing ones."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq

import backtest as bt
from backtest.data.market_data import MarketData
from backtest.engine.impact import impact_rates
from backtest.engine.kernels.state import COSTS, HELD, IMPACT
from backtest.engine.kernels.trade_kernel import part_to_keep
from backtest.engine.settings.costs import Impact
from backtest.errors import DataError, InsufficientHistory
from support.builders.market_files import write_config, write_csv

LENGTH, WINDOW, CAPITAL = 80, 5, 1e6
DATES = pd.bdate_range("2020-01-01", periods=LENGTH)


def market() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Levels and traded values of two assets."""
    rng = np.random.default_rng(0)
    levels = 100 * np.cumprod(1 + rng.normal(0, 0.01, (LENGTH, 2)), axis=0)
    volumes = rng.uniform(1e6, 2e6, (LENGTH, 2))
    return pd.DataFrame(levels, DATES, ["a", "b"]), pd.DataFrame(volumes, DATES, ["a", "b"])


def run(folder: Path, levels: pd.DataFrame, volumes: pd.DataFrame, **sections: Any) -> bt.BacktestResult:
    write_csv(levels, folder / "prices.csv")
    write_csv(volumes, folder / "volumes.csv")
    data = {
        "source": "csv",
        "path": "prices.csv",
        "assets": {"a": "equities", "b": "bonds"},
        "cash": 0.0,
        "volumes": {"path": "volumes.csv"},
    }
    settings = {
        "strategy": {"name": "sixty_forty", "weights": {"a": 0.6, "b": 0.4}},
        "rebalance": {"frequency": "daily", "execution_lag": 0},
        "costs": {"impact": {"coefficient": 1, "window": WINDOW}},
        "initial_capital": CAPITAL,
    }
    return bt.run(
        write_config(folder / "mine.yaml", data={**data, **sections.pop("data", {})}, **{**settings, **sections})
    )


def cost_of_purchase(levels: pd.DataFrame, volumes: pd.DataFrame, row: int) -> float:
    """Cost x of the first trade: with y = 1 - x, y + Σ σ_i sqrt(C w_i y / V_i) w_i y = 1."""
    weights = np.array([0.6, 0.4])
    sigma = levels.pct_change().iloc[: row + 1].to_numpy()[-WINDOW:].std(axis=0, ddof=1)
    known = [volumes[name].iloc[: row + 1].dropna().iloc[-WINDOW:].mean() for name in volumes]
    rate = sigma * np.sqrt(CAPITAL / np.array(known))
    return 1 - float(brentq(lambda y: y + (rate * (weights * y) ** 1.5).sum() - 1, 0.0, 1.0, xtol=1e-16))


@pytest.mark.parametrize("rebalance", [{"frequency": "daily"}, {"frequency": "never"}, {"frequency": "monthly"}])
@pytest.mark.parametrize("lag", [0, 1])
def test_the_run_begins_when_the_windows_are_full(tmp_path: Path, rebalance: dict[str, Any], lag: int) -> None:
    """Five returns are there on the sixth date; the purchase is at full windows up to the trade's date."""
    levels, volumes = market()
    result = run(tmp_path, levels, volumes, rebalance={**rebalance, "execution_lag": lag})
    first = WINDOW if rebalance["frequency"] != "monthly" else int(np.flatnonzero(DATES.month == 1)[-1])
    assert result.nav.index[0] == DATES[first + lag]
    paid = cost_of_purchase(levels, volumes, first + lag)
    assert result.costs["trading"].iloc[1] >= paid * (1 - 1e-9)
    if rebalance["frequency"] != "daily" or lag == 0:
        assert result.trades.iloc[0].sum() == pytest.approx(1 - paid, rel=1e-9)


def test_blanks_in_traded_values_are_skipped(tmp_path: Path) -> None:
    """Blanks are skipped: V is the mean of the last five known values, here of the first seven dates."""
    levels, volumes = market()
    volumes.iloc[[3, 5, 7, 9], 0] = np.nan
    result = run(tmp_path, levels, volumes, rebalance={"frequency": "never", "execution_lag": 0})
    assert result.nav.index[0] == DATES[6]  # values on dates 0, 1, 2, 4 and 6
    assert result.costs["trading"].iloc[1] == pytest.approx(cost_of_purchase(levels, volumes, 6), rel=1e-9)


@pytest.mark.parametrize("unit", [1e-9, 1e9])
def test_the_unit_of_traded_values_and_capital_does_not_matter(unit: float) -> None:
    """Only their ratio counts, however few units of a currency are traded."""
    levels, volumes = market()
    cash = pd.Series(0.0, index=DATES)
    data = MarketData(levels, levels.pct_change(), cash, {"a": "equities", "b": "bonds"}, 252, volumes=volumes)
    scaled = replace(data, volumes=volumes * unit)
    impact = Impact(window=WINDOW)
    rates = impact_rates(impact, data, CAPITAL)
    assert rates[WINDOW:].min() > 0
    np.testing.assert_allclose(impact_rates(impact, scaled, CAPITAL * unit), rates, rtol=1e-12)


def test_the_first_cost_depends_on_nothing_later(tmp_path: Path) -> None:
    """It has the same bits, whatever is traded afterwards."""
    levels, volumes = market()
    wild = volumes.copy()
    wild.iloc[WINDOW + 1 :] /= 50
    once = {"frequency": "never", "execution_lag": 0}
    one, other = (run(tmp_path, levels, traded, rebalance=once) for traded in (volumes, wild))
    assert one.costs["trading"].iloc[1] == other.costs["trading"].iloc[1]


def test_volumes_that_begin_late_make_the_run_begin_late(tmp_path: Path) -> None:
    """With `ragged`, the asset joins late instead."""
    levels, volumes = market()
    volumes.iloc[:40, 1] = np.nan
    assert run(tmp_path, levels, volumes).nav.index[0] == DATES[44]
    result = run(tmp_path, levels, volumes, data={"ragged": True}, estimation={"window": 3}, strategy={"name": "erc"})
    assert result.nav.index[0] == DATES[44]  # two assets suffice to begin, and one does not
    third = levels.assign(c=levels["a"] * np.linspace(1, 2, LENGTH)), volumes.assign(c=volumes["a"])
    assets = {"a": "equities", "b": "bonds", "c": "equities"}
    data = {"ragged": True, "assets": assets}
    joins = run(tmp_path, *third, data=data, estimation={"window": 3}, strategy={"name": "erc"})
    assert joins.nav.index[0] == DATES[WINDOW]
    assert joins.weights.index[joins.weights["b"] > 0][0] == DATES[44]
    assert any(note.startswith(f"b joins on {DATES[44]:%Y-%m-%d}") for note in joins.notes)


def test_run_and_benchmark_begin_at_the_later_full_window(tmp_path: Path) -> None:
    """The benchmark's own costs decide when it can begin, and the run, whose trades are free, begins with it."""
    levels, volumes = market()
    run(tmp_path, levels, volumes)
    (tmp_path / "mine.yaml").rename(tmp_path / "other.yaml")
    assert run(tmp_path, levels, volumes, costs={}).nav.index[0] == DATES[0]
    result = run(tmp_path, levels, volumes, costs={}, benchmark="other.yaml")
    assert result.benchmark is not None
    assert result.nav.index[0] == result.benchmark.nav.index[0] == DATES[WINDOW]
    assert result.benchmark.costs["trading"].iloc[1] > 0


def test_windows_that_never_fill_are_named(tmp_path: Path) -> None:
    """Four values are one too few, however long the run waits."""
    levels, volumes = market()
    volumes.iloc[4:, 1] = np.nan
    with pytest.raises(
        InsufficientHistory, match=r"1 of 2 assets have a full window, expected 2; without a full window: b;"
    ) as caught:
        run(tmp_path, levels, volumes)
    assert "costs.impact.window" in str(caught.value)


@pytest.mark.parametrize("value", [np.nan, 0.0])
def test_a_gap_is_an_error_that_names_the_asset_and_the_date(tmp_path: Path, value: float) -> None:
    """Six blanks leave four values of the last ten; with five values of zero nothing was traded."""
    levels, volumes = market()
    volumes.iloc[30:36, 1] = value
    row = 35 if np.isnan(value) else 34
    with pytest.raises(DataError, match=rf"costs\.impact: b .* {DATES[row]:%Y-%m-%d}"):
        run(tmp_path, levels, volumes)


def test_runs_with_impact_have_no_note_about_free_trades(tmp_path: Path) -> None:
    """Constant prices have no volatility and so no impact: the cost is zero although impact is configured."""
    levels, volumes = market()
    free = "trades are free: no costs.trading_bps is set"
    assert free in run(tmp_path, levels, volumes, costs={}).notes
    for costs in ({"impact": {"window": WINDOW}}, {"fixed": 5}, {"trading_bps": {"a": 0, "b": 3}}):
        assert free not in run(tmp_path, levels * 0 + 100.0, volumes, costs=costs).notes


def test_positions_kept_at_a_margin_call_pay_for_the_sale_of_the_others() -> None:
    """NAV 1 less a fixed cost, k of each sale and c of its size^1.5 is f times the requirement of 2.5."""
    table = np.zeros((6, 2))
    table[HELD], table[COSTS], table[IMPACT] = [1.2, -0.8], [0.01, 0.02], [0.03, 0.05]
    held, rates, impacts = np.abs(table[HELD]), table[COSTS], table[IMPACT]

    def missing(kept: float) -> float:
        sold = (1 - kept) * held
        return float(1 - 0.001 - rates @ sold - impacts @ sold**1.5 - kept * 2.5)

    expected = brentq(missing, 0.0, 1.0, xtol=1e-15)
    assert part_to_keep(table, 0.001, 2.5, True) == pytest.approx(expected, rel=1e-13)
