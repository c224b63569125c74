"""Trades at the open: cases worked by hand, and runs that equal runs at closes because opens repeat the last closes."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import brentq

import backtest as bt
from backtest.data.market_data import MarketData
from backtest.engine.opens import with_opens
from backtest.engine.simulation import simulate
from backtest.engine.terms import Terms, TradingTerms
from backtest.errors import DataError, SimulationError
from support.builders.market_files import write_config, write_csv, write_strategy

DATES = pd.DatetimeIndex(["2021-01-04", "2021-01-05", "2021-01-06", "2021-01-07"])


def run(folder: Path, closes: pd.DataFrame, opens: pd.DataFrame, **settings: Any) -> bt.BacktestResult:
    write_csv(closes, folder / "prices.csv")
    write_csv(opens, folder / "opens.csv")
    data = {"source": "csv", "path": "prices.csv", "assets": list(closes.columns), "opens": {"path": "opens.csv"}}
    names = {name: 1 / len(closes.columns) for name in closes.columns}
    config = {
        "data": {
            **data,
            "cash": settings.pop("cash", 0.0),
            "classes": dict.fromkeys(names, "equities"),
            "ragged": settings.pop("ragged", False),
            **({"volumes": settings.pop("volumes")} if "volumes" in settings else {}),
        },
        "strategy": settings.pop("strategy", {"name": "sixty_forty", "weights": settings.pop("weights", names)}),
        "rebalance": {"frequency": "daily", "execution": "open", **settings.pop("rebalance", {})},
        **settings,
    }
    return bt.run(write_config(folder / "at_open.yaml", **config))


def test_trades_at_the_open_on_four_days_by_hand(tmp_path: Path) -> None:
    """Decided at Monday's close, bought at Tuesday's open at 102: 100, 104, 104, 98.8 at closes.

    Monday's NAV is 1, in cash overnight. Tuesday: 104 / 102. On Wednesday the weight is already 1: nothing is traded.
    Thursday is the last date, on which nothing is traded: 98.8 / 102.
    """
    closes = pd.DataFrame({"a": [100.0, 104.0, 104.0, 98.8]}, index=DATES)
    opens = pd.DataFrame({"a": [100.0, 102.0, 103.0, 105.0]}, index=DATES)
    result = run(tmp_path, closes, opens)
    assert list(result.nav.index) == list(DATES)
    assert result.nav.to_list() == pytest.approx([1, 104 / 102, 104 / 102, 98.8 / 102], rel=1e-15)
    assert list(result.trades.index) == [DATES[1]]
    assert result.trades["a"].to_list() == [1.0]
    assert result.weights["a"].to_list() == [0.0, 1.0, 1.0, 1.0]


def test_overnight_return_uses_holdings_before_the_open_trade(tmp_path: Path) -> None:
    """Half in the asset, half in cash, costs of 1 %: bought at 100 (x = 0.005 / 1.005), sold down at Wednesday's open.

    Tuesday closes at 110. Overnight the asset rises to 121; its weight is then w = 0.605 / (0.605 + 0.5), and selling
    to a half of what is left costs x = 0.01 (w - 0.5 (1 - x)), so x = 0.01 (w - 0.5) / 0.995. By day it falls to 110.
    """
    closes = pd.DataFrame({"a": [100.0, 110.0, 110.0, 110.0]}, index=DATES)
    opens = pd.DataFrame({"a": [100.0, 100.0, 121.0, 110.0]}, index=DATES)
    result = run(tmp_path, closes, opens, weights={"a": 0.5}, costs={"trading_bps": 100})
    bought = 1 - 0.005 / 1.005
    tuesday, opening = bought * 1.05, bought * 1.105
    paid = 0.01 * (0.605 / 1.105 - 0.5) / 0.995
    wednesday = opening * (1 - paid) * (0.5 + 0.5 * 110 / 121)
    assert result.nav.to_list()[:3] == pytest.approx([1, tuesday, wednesday], rel=1e-14)
    assert result.costs["trading"].to_list()[1:3] == pytest.approx([0.005 / 1.005, paid * opening], rel=1e-12)
    assert result.contributions["a"].iloc[2] == pytest.approx(
        bought * 0.055 + opening * (1 - paid) * 0.5 * (110 / 121 - 1), rel=1e-12
    )


def test_opens_equal_to_the_last_closes_give_the_run_traded_at_those_closes(tmp_path: Path) -> None:
    """If opens repeat the last closes, the run equals the run at closes with one lag less.

    Interest accrues overnight. The trade at the open comes after it and the trade at the close before it, so the two
    runs differ by the cash return of the first night, which is zero here.
    """
    rng = np.random.default_rng(5)
    dates = pd.bdate_range("2020-01-02", periods=60)
    levels = np.cumprod(1 + rng.normal(0, 0.02, (60, 2)), axis=0) * 100
    closes = pd.DataFrame(levels, index=dates, columns=["a", "b"])
    opens = closes.shift(1).bfill()
    terms = {"costs": {"trading_bps": 20}, "weights": {"a": 0.9, "b": 0.7}}
    at_open = run(tmp_path, closes, opens, rebalance={"frequency": "weekly", "execution_lag": 2}, **terms)
    at_close = run(
        tmp_path, closes, opens, rebalance={"frequency": "weekly", "execution_lag": 1, "execution": "close"}, **terms
    )
    assert list(at_open.nav.index) == list(at_close.nav.index)
    # a trade at the close is reported on its date, a trade at the next open on the next date: costs fall between them
    apart = at_open.nav / at_close.nav - 1
    traded = apart.index.isin(at_close.trades.index)
    assert apart[~traded].abs().max() < 1e-13
    assert (apart[traded].iloc[1:] > 0).all()


def test_the_error_names_the_missing_open(tmp_path: Path) -> None:
    """A missing open is an error if the asset is bought at it, or held overnight before it."""
    closes = pd.DataFrame({"a": [100.0, 104.0, 104.0, 98.8]}, index=DATES)
    for row in (1, 2, 3):
        opens = pd.DataFrame({"a": [100.0, 101.0, 103.0, 105.0]}, index=DATES)
        opens.iloc[row] = np.nan
        with pytest.raises(DataError, match=f"no open price of a on {DATES[row]:%Y-%m-%d}"):
            run(tmp_path, closes, opens)


def test_margin_is_checked_at_opens_but_not_on_the_last_date(tmp_path: Path) -> None:
    """At 2x, a night of -40 % leaves NAV 0.2 of 1.2: below 0.25 × 1.2, so positions are sold at that open.

    Positions are cut to 0.2 / 0.25 = 0.8. The same night before the last date makes no call, as nothing is traded then.
    """
    opens = pd.DataFrame({"a": [100.0, 100.0, 60.0, 60.0]}, index=DATES)
    closes = pd.DataFrame({"a": [100.0, 100.0, 60.0, 60.0]}, index=DATES)
    terms: dict[str, Any] = {
        "weights": {"a": 2.0},
        "financing": {"initial_margin": 0.5, "maintenance_margin": 0.25},
        "rebalance": {"frequency": "yearly", "day": "first", "execution_lag": 1},
    }
    called = run(tmp_path, closes, opens, **terms)
    assert list(called.trades.index) == [DATES[1], DATES[2]]
    assert called.weights["a"].iloc[2] == pytest.approx(4.0, rel=1e-12)
    late = pd.DataFrame({"a": [100.0, 100.0, 100.0, 60.0]}, index=DATES)
    assert list(run(tmp_path, late, late, **terms).trades.index) == [DATES[1]]


def test_a_fund_is_reset_at_closes_whenever_it_is_traded(tmp_path: Path) -> None:
    """Bought at an open that is the close before and held, a 3x fund compounds 3 r - 2 c - charges from close to close.

    The fund is not reset between an open and its close: its levels at closes follow the formula.
    """
    rng = np.random.default_rng(11)
    dates = pd.bdate_range("2020-01-02", periods=40)
    closes = pd.DataFrame({"a": np.cumprod(1 + rng.normal(0, 0.03, 40)) * 100}, index=dates)
    opens = closes.shift(1).bfill() * (1 + rng.normal(0, 0.02, (40, 1)))
    opens.iloc[1] = closes.iloc[0]
    fund = {"kind": "leveraged_fund", "leverage": 3.0, "swap_spread_bps": 50, "expense_ratio_bps": 95}
    result = run(
        tmp_path,
        closes,
        opens,
        cash=0.02,
        weights={"a": 3.0},
        financing=fund,
        rebalance={"frequency": "never", "execution_lag": 1},
    )
    days, cash = np.diff(dates).astype("timedelta64[D]").astype(int), result.cash_returns.to_numpy()[1:]
    moves = 3 * closes["a"].pct_change().to_numpy()[1:] - 2 * cash - 0.005 * 2 * days / 360 - 0.0095 * days / 365
    # on the first night the money is in cash, and the fund is bought at its level of that open, its charges paid
    bought = 1 - 2 * cash[0] - 0.005 * 2 * days[0] / 360 - 0.0095 * days[0] / 365
    expected = (1 + cash[0]) * np.cumprod(1 + moves) / bought
    assert result.nav.to_numpy()[1:] == pytest.approx(expected, rel=1e-12)
    linked = result.contributions.sum(axis=1)
    assert np.diff(result.nav) == pytest.approx(linked.to_numpy()[1:], abs=1e-13)


def test_impact_of_a_trade_at_the_open_uses_the_windows_of_the_day_before(tmp_path: Path) -> None:
    """Decided on Wednesday and bought on Thursday's open: σ and the traded value use the window up to Wednesday.

    Two returns, 2 % and -1 %, σ = 0.03 / sqrt(2); 4 million were traded a day. All of 1 million in:
    x = σ sqrt((1 - x) / 4) (1 - x), so that with y = 1 - x, y + σ / 2 × y^1.5 = 1.
    """
    closes = pd.DataFrame({"a": [100.0, 102.0, 100.98, 150.0, 150.0]}, index=pd.bdate_range("2021-01-04", periods=5))
    opens = closes.shift(1).bfill()
    volumes = pd.DataFrame({"a": [9e9, 4e6, 4e6, 1e3, 1e3]}, index=closes.index)
    write_csv(volumes, tmp_path / "volumes.csv")
    result = run(
        tmp_path,
        closes,
        opens,
        volumes={"path": "volumes.csv"},
        initial_capital=1e6,
        costs={"impact": {"coefficient": 1.0, "window": 2}},
        rebalance={"frequency": "never", "execution_lag": 1},
    )
    assert result.nav.index[0] == closes.index[2]
    left = brentq(lambda y: y + 0.03 / np.sqrt(2) / 2 * y**1.5 - 1, 0.5, 1.0, xtol=1e-15)
    assert result.costs["trading"].sum() == pytest.approx(1 - left, rel=1e-12)


RISING = pd.DataFrame({"a": [100.0, 104.0, 104.0, 98.8], "b": [50.0, 51.0, 52.0, 53.0]}, index=DATES)


def test_an_asset_that_is_not_held_needs_no_opens(tmp_path: Path) -> None:
    """The run equals the run in which all opens are known: the opens of b are not used."""
    opens = pd.DataFrame({"a": [100.0, 102.0, 103.0, 105.0], "b": [50.0, 50.0, 51.0, 52.0]}, index=DATES)
    blank = opens.assign(b=[np.nan, np.nan, np.nan, 52.0])
    whole, missing = (run(tmp_path, RISING, given, weights={"a": 1.0, "b": 0.0}) for given in (opens, blank))
    assert missing.nav.to_list() == whole.nav.to_list()
    assert not missing.trades["b"].any()


def test_a_needed_open_is_required_even_if_no_other_asset_is_traded(tmp_path: Path) -> None:
    """A is at its target on Wednesday, and b would be bought if its open were known."""
    opens = pd.DataFrame({"a": [100.0, 100.0, 100.0, 100.0], "b": [50.0, 50.0, np.nan, 52.0]}, index=DATES)
    closes = RISING.assign(a=100.0)
    code = "class Later(Strategy):\n    def target_weights(self, view):\n"
    code += "        return pd.Series({'a': 0.5, 'b': 0.5 * (view.as_of.day > 4)})\n"
    write_strategy(tmp_path, "later", "import pandas as pd\nfrom backtest.strategy import Strategy\n\n" + code)
    with pytest.raises(DataError, match="no open price of b on 2021-01-06"):
        run(tmp_path, closes, opens, strategy={"name": "later"})
    opens.loc[DATES[2], "b"] = 51.0
    assert run(tmp_path, closes, opens, strategy={"name": "later"}).weights["b"].to_list()[2] > 0


def test_opens_are_needed_from_the_purchase_on_in_a_ragged_universe(tmp_path: Path) -> None:
    """The closes of b begin on the 5th date and its opens on the 13th; by its window it is bought at the 12th or later.

    With a window of seven returns b has a full one on the 12th date, and is bought at the open of the 13th. With six
    it is bought a date earlier, at an open that is missing.
    """
    rng = np.random.default_rng(2)
    dates = pd.bdate_range("2021-01-04", periods=30)
    levels = 100 * np.cumprod(1 + rng.normal(0, 0.01, (30, 3)), axis=0)
    closes = pd.DataFrame(levels, dates, ["a", "b", "c"])
    opens = closes.shift(1).bfill()
    closes.iloc[:4, 1] = opens.iloc[:12, 1] = np.nan
    settings = {"ragged": True, "strategy": {"name": "inverse_volatility"}}
    result = run(tmp_path, closes, opens, **settings, estimation={"window": 7})
    assert result.weights.index[result.weights["b"] > 0][0] == dates[12]
    with pytest.raises(DataError, match=f"no open price of b on {dates[11]:%Y-%m-%d}"):
        run(tmp_path, closes, opens, **settings, estimation={"window": 6})


def test_an_asset_that_ends_has_no_missing_open(tmp_path: Path) -> None:
    """Without a close no open is needed: b is sold at the open of the first such date, at its last close, 55.

    Decided on the third date, bought at the fourth's open for 100 and 50; on the sixth, 106 at the close, b is gone.
    """
    dates = pd.bdate_range("2021-01-04", periods=7)
    closes = pd.DataFrame(
        {"a": [100, 101, 102, 103, 104, 106, 107.0], "b": [50, 51, 49, 52, 55, np.nan, np.nan]}, dates
    )
    opens = pd.DataFrame({"a": [100.0] * 7, "b": [np.nan, np.nan, np.nan, 50, 51, np.nan, np.nan]}, dates)
    result = run(tmp_path, closes, opens, ragged=True, estimation={"window": 2}, rebalance={"frequency": "never"})
    assert result.trade_terms["reason"].to_list() == ["rebalance", "no_price"]
    assert result.trades.index.to_list() == [dates[3], dates[5]]
    assert result.nav[dates[5]] == pytest.approx(0.5 * 106 / 100 + 0.5 * 55 / 50, rel=1e-14)
    assert any("b has no price on 2021-01-11" in note for note in result.notes)


def test_sales_of_assets_that_end_have_the_dates_of_their_trades() -> None:
    """Bought at the open of the third date, b and c lose their prices on the fifth and sixth, counted from the second.

    The run begins on the second date, at whose close the decision is made, so these are positions 3 and 4.
    """
    dates = pd.bdate_range("2021-01-04", periods=7)
    closes = pd.DataFrame(100.0, dates, ["a", "b", "c"])
    closes.iloc[4:, 1] = closes.iloc[5:, 2] = np.nan
    data = MarketData(closes, closes / closes.shift(1) - 1, pd.Series(0.0, dates), {}, 252, opens=closes)
    ledger = simulate(with_opens(data), [3], np.full((1, 3), 0.25), 1, Terms(TradingTerms(np.zeros(3))))
    assert ledger.start == 1
    assert ledger.trade_reasons == ("rebalance", "no_price", "no_price")
    assert ledger.trade_rows.tolist() == [1, 3, 4]
    assert ledger.unpriced_sales == ((3, 1), (4, 2))


def test_a_date_can_have_a_trade_at_its_open_and_a_call_at_its_close(tmp_path: Path) -> None:
    """Bought at 2x at the open, a day of -40 % leaves a NAV of 0.2 and 1.2 of the asset: 0.2 / 0.25 of it may stay."""
    opens = pd.DataFrame({"a": [100.0, 100.0, 60.0, 60.0]}, index=DATES)
    closes = pd.DataFrame({"a": [100.0, 60.0, 60.0, 60.0]}, index=DATES)
    result = run(
        tmp_path,
        closes,
        opens,
        weights={"a": 2.0},
        financing={"initial_margin": 0.5, "maintenance_margin": 0.25},
        rebalance={"frequency": "never"},
    )
    assert list(result.trades.index) == [DATES[1], DATES[1]]
    assert result.trade_terms["reason"].to_list() == ["rebalance", "margin_call"]
    assert result.trades["a"].to_list() == pytest.approx([2.0, -2.0], rel=1e-12)
    assert result.events.loc[DATES[1], "event"] == "margin_call"


def test_trades_at_the_open_need_opens() -> None:
    closes = pd.DataFrame({"a": 100.0}, DATES)
    data = MarketData(closes, closes / closes.shift(1) - 1, pd.Series(0.0, DATES), {}, 252)
    with pytest.raises(SimulationError, match=r"need data\.opens"):
        with_opens(data)
