"""The sale of an asset that has lost its price is a separate trade, and comes first at its close."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.analysis.tables.trade_list import trade_list
from backtest.engine.market_periods import Periods
from backtest.engine.path import Bands
from backtest.engine.simulation import simulate
from backtest.engine.terms import MarginTerms, Terms, TradingTerms
from support.builders.market_files import write_config, write_csv

ONE_PERCENT = Terms(TradingTerms(np.array([0.01, 0.01])))
HALVES = np.array([0.5, 0.5])


def market(a: list[float], b: list[float]) -> Periods:
    """Return a market in which B has as many prices as are given."""
    prices = np.array([a, [*b, *[np.nan] * (len(a) - len(b))]]).T
    return Periods(prices, np.zeros(len(a)), np.arange(len(a)))


@pytest.mark.parametrize("lag", [0, 1])
def test_the_sale_comes_before_the_rebalance_of_the_same_close(lag: int) -> None:
    """Halves of A and B; B has no price when A alone is to be held. Costs are 1 %: 1 / 1.01 is left after the purchase.

    The sale of B costs 0.005 of NAV; A is then 0.5 / 0.995 of what is left. The purchase up to 1 costs
    x = 0.01 (1 - x - 0.5 / 0.995).
    """
    flat = market([100.0] * (4 + lag), [100.0] * (2 + lag))
    path = simulate(flat, [0, 2], np.array([[0.5, 0.5], [1.0, 0.7]]), lag, ONE_PERCENT)
    x = 0.01 * (1 - 0.5 / 0.995) / 1.01
    assert path.trade_rows.tolist() == [0, 2, 2]
    assert path.trade_reasons == ("rebalance", "no_price", "rebalance")
    assert path.trades[1] == pytest.approx([0.0, -0.5], rel=1e-15)
    assert path.trades[2] == pytest.approx([1 - x - 0.5 / 0.995, 0.0], rel=1e-14)
    assert path.nav[1:] == pytest.approx(np.array([1, 0.995 * (1 - x), 0.995 * (1 - x)]) / 1.01, rel=1e-15)
    assert path.weights[2].tolist() == [1.0, 0.0]
    assert path.trading[1:3] == pytest.approx(np.array([0.01, 0.005 + 0.995 * x]) / 1.01, rel=1e-13)
    assert path.turnover[2] == pytest.approx(0.25 + (1 - x - 0.5 / 0.995) / 2, rel=1e-14)
    assert path.unpriced_sales == ((2, 1),)


@pytest.mark.parametrize("lag", [0, 1])
def test_a_decision_sees_what_is_left_after_the_sale(lag: int) -> None:
    """The decision sees NAV and weights at its close, after the sale and before its own trade."""
    seen: list[tuple[float, list[float]]] = []

    def decide(_: int, current_weights: np.ndarray, nav: float) -> np.ndarray:
        seen.append((nav, current_weights.tolist()))
        return HALVES

    simulate(market([100.0] * 6, [100.0] * (2 + lag)), [0, 2 + lag], decide, lag, ONE_PERCENT)
    nav, weights = seen[1]
    assert nav == pytest.approx(0.995 / 1.01, rel=1e-15)
    assert weights == pytest.approx([0.5 / 0.995, 0.0], rel=1e-15)


def test_bands_are_checked_after_the_sale() -> None:
    """A is at its target, 0.5, until B is sold for 0.005 of NAV: then it is 0.0025 above, outside a band of 0.002.

    With a band of 0.003 nothing more is traded. B has no price, so no other weight can take the excess of A, and the
    nearest weights with the sum of the remaining targets are A's target itself.
    """
    flat, rows = market([100.0] * 5, [100.0] * 2), [0, 2]
    for edge in (False, True):
        path = simulate(flat, rows, np.array([HALVES, HALVES]), 0, ONE_PERCENT, bands=Bands(absolute=0.002, edge=edge))
        assert path.trade_reasons == ("rebalance", "no_price", "band")
        assert path.weights[2, 0] == pytest.approx(0.5, rel=1e-12)
    path = simulate(flat, rows, np.array([HALVES, HALVES]), 0, ONE_PERCENT, bands=Bands(absolute=0.003))
    assert path.trade_reasons == ("rebalance", "no_price")


@pytest.mark.parametrize(("size", "called"), [(1.08, False), (1.1, True)])
def test_margin_is_checked_after_the_sale(size: float, *, called: bool) -> None:
    """A requires 0.9 of its size. B, 0.4 of NAV, is sold at 5 %, so that NAV falls to 0.98: enough for 1.08 of A.

    1.08 requires 0.972, and 1.1 0.99, of a NAV of 1 after a purchase that costs nothing.
    """
    free, dear = (
        Terms(TradingTerms(np.array([0.0, cost])), margin=MarginTerms(maintenance=np.array([0.9, 0.001])))
        for cost in (0.0, 0.05)
    )
    by_row = Terms(
        TradingTerms(np.zeros(2), cost_by_row=np.array([0, 0, 0.05, 0])),
        margin=dear.margin,
    )
    flat = market([100.0] * 4, [100.0] * 2)
    assert simulate(flat, [0], np.array([[size, 0.4]]), 0, free).trade_reasons == ("rebalance", "no_price")
    path = simulate(flat, [0], np.array([[size, 0.4]]), 0, by_row)
    assert path.trade_reasons == ("rebalance", "no_price", *(["margin_call"] if called else []))
    assert path.nav[2] <= 0.98
    assert path.trade_rows[-1] == 2


def test_a_sale_that_costs_all_of_nav_ends_the_run() -> None:
    """A falls to 0.006 of NAV, and the sale of B costs a fixed 0.01: the lender bears more than 0.004."""
    terms = Terms(TradingTerms(np.zeros(2), fixed=0.01))
    path = simulate(market([100.0, 100.0, 0.6, 100.0], [100.0, 100.0]), [0], np.array([[1.0, 1e-3]]), 0, terms)
    assert path.trade_reasons == ("rebalance", "no_price")
    assert path.nav[-1] == 0
    assert len(path.nav) == 3
    left = 0.98 * (1 - 0.994)
    assert path.shortfall == pytest.approx(0.01 - left, rel=1e-10)


def test_assets_without_a_price_are_sold_on_the_last_date_too() -> None:
    """The cost of the sale is in the last NAV."""
    path = simulate(market([100.0] * 3, [100.0] * 2), [0], HALVES[None], 0, ONE_PERCENT)
    assert path.trade_reasons == ("rebalance", "no_price")
    assert path.nav[-1] == pytest.approx(0.995 / 1.01, rel=1e-15)


def test_a_position_below_rounding_is_not_sold() -> None:
    """1e-13 of NAV, left after a fall of B, is not traded: nothing is listed and nothing charged."""
    fallen = market([100.0] * 4, [100.0, 2e-11])
    path = simulate(fallen, [0], HALVES[None], 0, Terms(TradingTerms(np.zeros(2), fixed=0.01)))
    assert path.trade_rows.tolist() == [0]


def test_fixed_debt_is_relative_to_the_nav_after_the_sale(tmp_path: Path) -> None:
    """The multiple is 1 + 0.5 / NAV after the sale, and every table of the run has both trades of that date."""
    dates = pd.date_range("2020-01-31", periods=6, freq="ME")
    levels = pd.DataFrame(
        {"a": [100, 101, 103, 102, 104, 105.0], "b": [50, 51, 50, np.nan, np.nan, np.nan]}, index=dates
    )
    write_csv(levels, tmp_path / "prices.csv")
    result = bt.run(
        write_config(
            tmp_path / "debt.yaml",
            data={
                "source": "csv",
                "path": "prices.csv",
                "assets": {"a": "equities", "b": "bonds"},
                "cash": 0.0,
                "ragged": True,
            },
            strategy={"name": "sixty_forty", "weights": {"a": 0.5, "b": 0.5}},
            estimation={"window": 2},
            leverage={"debt": 0.5},
            rebalance={"frequency": "monthly", "execution_lag": 0},
            costs={"trading_bps": 100},
        )
    )
    date = dates[3]
    sale, rebalance = (result.trades.loc[date].iloc[k] for k in (0, 1))
    assert result.trade_terms["reason"][result.trades.index == date].tolist() == ["no_price", "rebalance"]
    assert sale["a"] == rebalance["b"] == 0
    nav_after_sale = result.nav[date] / (1 - 0.01 * abs(rebalance["a"]))
    assert result.target_weights.loc[date, "a"] == pytest.approx(0.5 * (1 + 0.5 / nav_after_sale), rel=1e-12)
    listed = trade_list(result)
    assert listed[listed["date"] == date]["reason"].tolist() == ["no_price", "rebalance"]
    assert result.events.loc[date, "event"] == "no_price"
    assert result.summary()["forced_sales"] == 1
    assert result.trade_dates[date] == date
