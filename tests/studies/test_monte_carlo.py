"""Each path is a run on the history that was drawn, and shares are counted from the paths.

1. a path equals a run on prices that were put together by hand, whether histories are decided on at once or not;
2. a history without surprises has one future;
3. wealth grows by the mean return, on average over the paths;
4. margin calls and ruin are counted from their date on.
"""

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.analysis.uncertainty.bootstrap import stationary_rows
from backtest.errors import BacktestError
from backtest.studies.monte_carlo import MonteCarlo

MONTHS = pd.date_range("2000-01-31", periods=97, freq="ME")
BASE = {
    "strategy": "erc",
    "estimation": {"window": 12},
    "rebalance": {"frequency": "quarterly", "execution_lag": 1},
    "costs": {"trading_bps": 20},
}


def market(dates: pd.DatetimeIndex = MONTHS, seed: int = 1, deviation: float = 0.04) -> bt.MarketData:
    rng = np.random.default_rng(seed)
    steps = 1 + rng.normal([0.007, 0.003], [deviation, deviation / 3], (len(dates), 2))
    cash = pd.Series(1 + rng.uniform(0.001, 0.004, len(dates)) * 97 / len(dates), dates).cumprod()
    prices = pd.DataFrame(steps.cumprod(axis=0), dates, ["s", "b"])
    return bt.MarketData.from_prices(prices, cash=cash, classes={"s": "equities", "b": "bonds"})


def by_hand(data: bt.MarketData, rows: np.ndarray, warm: int) -> bt.MarketData:
    """Return the market of the last dates of the history and the drawn returns after them."""
    chosen = np.concatenate([np.arange(len(data.dates) - warm, len(data.dates)), rows])
    dates = pd.date_range(data.dates[-warm], periods=len(chosen), freq="ME")
    returns, cash = data.returns.to_numpy()[chosen], data.cash_returns.to_numpy()[chosen]
    returns[0] = cash[0] = 0.0
    frame = pd.DataFrame((1 + returns).cumprod(axis=0), dates, list(data.assets))
    cash_levels = pd.Series((1 + cash).cumprod(), dates)
    return bt.MarketData.from_prices(frame, cash=cash_levels, classes=dict(data.classes))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"rebalance": {"frequency": "monthly", "execution_lag": 0}, "leverage": {"target_volatility": 0.2}},
        {"leverage": {"target_volatility": 0.2, "smoothing": 0.5}},  # looks at an earlier decision
        {"rebalance": {"bands": {"relative": 0.1, "check": "monthly"}}},
    ],
    ids=["quarterly", "levered", "smoothed", "bands"],
)
def test_a_path_is_a_run_on_the_drawn_history(settings: dict[str, object]) -> None:
    """Decisions begin on the last date of the history, which ends a quarter."""
    data = market(MONTHS[:96])
    found = bt.monte_carlo({**BASE, **settings}, years=3, paths=4, block=6, market=data)
    rows = stationary_rows(95, 6.0, 4)[:, :36] + 1
    for k in (0, 1, 3):
        begin = {"start": str(found.dates[0].date())}
        run = bt.run({**BASE, **settings, **begin}, market=by_hand(data, rows[k], 13))
        np.testing.assert_allclose(run.nav, found.nav[k], rtol=1e-12)  # products in another order
        assert list(run.nav.index) == list(found.dates)


def test_daily_paths_and_benchmarks_share_their_draws() -> None:
    days = pd.bdate_range("2015-01-01", periods=600)
    config = {**BASE, "estimation": {"window": 60}, "rebalance": {"frequency": "monthly"}}
    found = bt.monte_carlo({**config, "benchmark": {"s": 0.5, "b": 0.5}}, years=1, paths=3, market=market(days))
    alone = bt.monte_carlo({**config, "strategy": {"name": "sixty_forty", "weights": {"s": 0.5, "b": 0.5}}},
                           years=1, paths=3, market=market(days))  # fmt: skip
    assert found.benchmark_nav is not None
    assert found.nav.shape == (3, 252)  # the first trade comes a day after the first decision
    assert found.dates[0].day_of_week < 5
    assert np.abs(found.benchmark_nav / alone.nav - 1).max() < 0.03  # the same but for dates and costs of trades


def test_a_history_without_surprises_has_one_future() -> None:
    flat = pd.DataFrame({"s": 1.01 ** np.arange(97), "b": 1.002 ** np.arange(97)}, MONTHS)
    settings = {"strategy": "equal_weight", "rebalance": {"frequency": "monthly", "execution_lag": 0}}
    found = bt.monte_carlo(settings, years=5, paths=7, market=bt.MarketData.from_prices(flat, cash=0.0))
    np.testing.assert_allclose(found.nav, np.tile(1.006 ** np.arange(61), (7, 1)), rtol=1e-12)
    assert found.table["low"].tolist() == pytest.approx([1.006**12, 1.006**36, 1.006**60], rel=1e-12)
    assert found.table["loss"].tolist() == [0.0, 0.0, 0.0]
    assert found.table["ahead"].isna().all()


def test_wealth_grows_by_the_mean_return_on_average() -> None:
    """With blocks of one period the draws are independent, so E[NAV] = (1 + mean)^P; within four standard errors."""
    data = market()
    settings = {"strategy": {"name": "sixty_forty", "weights": {"s": 1.0, "b": 0.0}}, "estimation": {"window": 2}}
    settings |= {"rebalance": {"frequency": "monthly", "execution_lag": 0}}
    found = bt.monte_carlo(settings, years=2, paths=400, block=1, market=data)
    ends = found.nav[:, -1]
    expected = (1 + data.returns["s"].mean()) ** 24
    assert abs(ends.mean() - expected) < 4 * ends.std() / np.sqrt(len(ends))


def test_calls_and_ruin_count_from_their_date_on() -> None:
    nav = np.array([[1.0] * 25, [1.0] * 13 + [0.0] * 12, [1.0] * 12 + [0.5] * 13])
    dates = pd.date_range("2020-01-31", periods=25, freq="ME")
    config = bt.prepare("configs/erc.yaml").config
    found = MonteCarlo(config, 3, 12.0, nav, nav[[0, 0, 0]], np.array([25, 13, 12]), dates, 12).table
    assert found["ruin"].tolist() == [0.0, pytest.approx(1 / 3)]
    assert found["margin_call"].tolist() == [pytest.approx(1 / 3), pytest.approx(2 / 3)]
    assert found["loss"].tolist() == [pytest.approx(1 / 3), pytest.approx(2 / 3)]


def test_a_levered_book_is_called() -> None:
    wild = {**BASE, "strategy": "equal_weight", "leverage": {"multiple": 5}}
    wild |= {"financing": {"spread_bps": 50, "maintenance_margin": 0.18}}
    found = bt.monte_carlo(wild, years=3, paths=20, market=market(deviation=0.06))
    last = found.table.iloc[-1]
    assert last["margin_call"] > 0.5
    assert "have a margin call" in found.sentence
    assert last["ruin"] == (found.nav[:, -1] == 0).mean()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"years": 0}, "^years: got 0, expected a whole number"),
        ({"paths": 1.5}, "^paths: got 1.5, expected a whole number"),
        ({"years": 9}, "^years: got 9, expected at most the 8.0 years"),
        ({"block": 0.5}, "^block: got 0.5, expected a number of periods from 1 to 96"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments: dict[str, float], words: str) -> None:
    with pytest.raises(BacktestError, match=words):
        bt.monte_carlo(BASE, market=market(), **{"years": 2, "paths": 2, **arguments})  # type: ignore[arg-type]
