"""Market data from frames in memory: equal to a file of the same numbers, in any form that a library gives."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import backtest as bt
from backtest.data.data_settings import DataSettings
from backtest.data.market_data import MarketData, load
from backtest.errors import DataError

DAYS = pd.bdate_range("2019-01-01", periods=600, name="date")
CLASSES = {"A": "equities", "B": "bonds"}


@pytest.fixture(scope="module")
def prices() -> pd.DataFrame:
    """Two assets, and cash that moves by basis points."""
    steps = np.random.default_rng(0).normal(0.0003, 0.01, (len(DAYS), 3)) * [1, 1, 0.01]
    return pd.DataFrame(100 * np.exp(steps.cumsum(axis=0)), index=DAYS, columns=["A", "B", "CASH"])


def from_file(frame: pd.DataFrame, folder: Path, **settings: Any) -> MarketData:
    frame.to_csv(folder / "prices.csv", float_format="%.17g")
    section = {"source": "csv", "path": "prices.csv", "assets": ["A", "B"], "cash": "CASH", "classes": CLASSES}
    return load(DataSettings.model_validate(section | settings), folder)


def assert_same(one: MarketData, other: MarketData) -> None:
    assert one.sha256 == other.sha256
    assert (one.classes, one.periods_per_year) == (other.classes, other.periods_per_year)
    assert [warning.replace("prices.csv", "prices") for warning in other.warnings] == list(one.warnings)


# 1. The same numbers as a file


def test_prices_equal_a_file_of_them(prices: pd.DataFrame, tmp_path: Path) -> None:
    given = MarketData.from_prices(prices, cash="CASH", classes=CLASSES)
    assert_same(given, from_file(prices, tmp_path))
    assert given.assets == ("A", "B")


def test_returns_equal_a_file_of_them(prices: pd.DataFrame, tmp_path: Path) -> None:
    returns = prices.pct_change().iloc[1:]
    given = MarketData.from_returns(returns, cash="CASH", classes=CLASSES)
    assert_same(given, from_file(returns, tmp_path, values="returns"))
    # a level of about 1 is rounded by 2e-16
    np.testing.assert_allclose(given.returns.to_numpy()[1:], returns[["A", "B"]].to_numpy(), rtol=0, atol=4e-16)


def test_ragged_prices_equal_a_file_of_them(prices: pd.DataFrame, tmp_path: Path) -> None:
    prices = prices.copy()
    prices.iloc[:100, 0] = np.nan
    given = MarketData.from_prices(prices, cash="CASH", classes=CLASSES, ragged=True)
    assert_same(given, from_file(prices, tmp_path, ragged=True))
    shared = MarketData.from_prices(prices, cash="CASH", classes=CLASSES)
    assert len(shared.dates) == len(given.dates) - 100


def test_cash_may_be_a_rate_or_a_series_of_its_own(prices: pd.DataFrame) -> None:
    column = MarketData.from_prices(prices, cash="CASH")
    series = MarketData.from_prices(prices[["A", "B"]], cash=prices["CASH"].rename("T-bill"))
    pd.testing.assert_series_equal(series.cash_returns, column.cash_returns)
    rate = MarketData.from_prices(prices[["A", "B"]], cash=0.02)
    assert rate.cash_returns.iloc[1] == pytest.approx(1.02 ** (1 / 365.25) - 1, rel=1e-12)


def test_settings_override_what_the_dates_say(prices: pd.DataFrame) -> None:
    given = MarketData.from_prices(prices, cash="CASH", currency="EUR", periods_per_year=250)
    assert given.periods_per_year == 250
    assert given.settings is not None
    assert given.settings.currency == "EUR"


# 2. Any form of a frame

FORMS: dict[str, Callable[[pd.DataFrame], Any]] = {
    "unnamed index": lambda frame: frame.rename_axis(None),
    "time zone": lambda frame: frame.tz_localize("America/New_York"),
    "times of day": lambda frame: frame.set_axis(frame.index + pd.Timedelta(hours=16), axis=0),
    "nanoseconds": lambda frame: frame.set_axis(pd.DatetimeIndex(frame.index).as_unit("ns"), axis=0),
    "texts as index": lambda frame: frame.set_axis([f"{day:%Y-%m-%d}" for day in frame.index], axis=0),
    "dates as index": lambda frame: frame.set_axis([day.date() for day in frame.index], axis=0),
    "days as periods": lambda frame: frame.to_period("D"),
    "column of dates": lambda frame: frame.reset_index(),
    "column of texts": lambda frame: frame.reset_index().assign(date=[f"{day:%Y-%m-%d}" for day in frame.index]),
    "two levels, fields first": lambda frame: pd.concat({"Close": frame, "Volume": frame * 1e6}, axis=1),
    "two levels, symbols first": lambda frame: pd.concat({"Close": frame, "Open": frame}, axis=1).swaplevel(axis=1),
    "adjusted closes": lambda frame: pd.concat({"Close": frame * 2, "Adj Close": frame, "High": frame}, axis=1),
    "table of arrow": lambda frame: pa.Table.from_pandas(frame.reset_index(), preserve_index=False),
    "nullable numbers": lambda frame: frame.convert_dtypes(),
    "objects": lambda frame: frame.astype(object),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_every_form_gives_the_same_market(prices: pd.DataFrame, form: Callable[[pd.DataFrame], Any]) -> None:
    given = form(prices)
    assert MarketData.from_prices(given, cash="CASH").sha256 == MarketData.from_prices(prices, cash="CASH").sha256


def test_a_frame_is_not_changed(prices: pd.DataFrame) -> None:
    before = prices.copy()
    MarketData.from_prices(prices, cash="CASH").returns.sum()
    pd.testing.assert_frame_equal(prices, before)


def test_a_series_is_one_asset(prices: pd.DataFrame) -> None:
    assert MarketData.from_prices(prices["A"], cash=0.0).assets == ("A",)


# 3. Mistakes

MISTAKES: dict[str, tuple[Callable[[pd.DataFrame], Any], str]] = {
    "an array": (lambda frame: frame.to_numpy(), "prices: got the type ndarray; expected a DataFrame of dates"),
    "no dates": (lambda frame: frame.reset_index(drop=True), "prices: no dates; expected an index of dates, or"),
    "numbers as dates": (
        lambda frame: frame.set_axis(range(5, 605), axis=0).set_axis(np.arange(600.0), axis=0),
        "prices: the index begins with 0.0, 1.0; expected dates",
    ),
    "text": (lambda frame: frame.assign(A="x"), "prices: A: got 'x'; expected numbers"),
    "true and false": (lambda frame: frame.assign(A=True), "prices: A: got true and false; expected numbers"),
    "a name twice": (
        lambda frame: frame.set_axis(["A", "A", "CASH"], axis=1),
        "prices: two columns have one name; expected a different name for each asset",
    ),
    "three levels": (
        lambda frame: pd.concat({"x": pd.concat({"Close": frame}, axis=1)}, axis=1),
        "prices: columns with 3 levels; expected one level, or the two of yfinance with Close",
    ),
    "dates in disorder": (lambda frame: frame.iloc[::-1], "prices"),
    "a price of zero": (lambda frame: frame.assign(A=0.0), "prices"),
    "infinity": (lambda frame: frame.assign(A=np.inf), "prices"),
    "a gap": (lambda frame: frame.assign(A=frame["A"].where(frame.index != DAYS[300])), "prices"),
    "a reserved name": (lambda frame: frame.rename(columns={"A": "trading_costs"}), "assets: trading_costs: reserved"),
    "one date": (lambda frame: frame.iloc[:1], "prices: one row of data; expected at least two dates"),
    "nothing": (lambda frame: frame.iloc[:0], "prices"),
}


@pytest.mark.parametrize(("form", "words"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_frame_that_cannot_be_used_is_refused(
    prices: pd.DataFrame, form: Callable[[pd.DataFrame], Any], words: str
) -> None:
    with pytest.raises(DataError) as caught:
        MarketData.from_prices(form(prices), cash="CASH")
    assert str(caught.value).startswith(words)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"cash": "BILL"}, "cash: no column BILL; available: A, B, CASH"),
        ({"cash": False}, "cash: got the type bool; expected a rate per year such as 0.02, a column, or a Series"),
        ({"cash": 5.0}, "cash: a rate of 5 a year; expected a decimal such as 0.02 for 2 %"),
        ({"cash": None}, "cash: got the type NoneType; expected a rate per year such as 0.02, a column, or a Series"),
        ({"cash": 0.0, "classes": {"X": "equities"}}, "data.classes: X: not among data.assets"),
        ({"cash": 0.0, "currency": "dollars"}, "currency: "),
        ({"cash": 0.0, "periods_per_year": 0}, "periods_per_year: "),
    ],
    ids=str,
)
def test_settings_that_do_not_fit_are_refused(prices: pd.DataFrame, settings: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError) as caught:
        MarketData.from_prices(prices, **settings)
    assert str(caught.value).startswith(words)


# 4. Runs on it


def test_a_run_on_it_equals_a_run_on_the_file(prices: pd.DataFrame, tmp_path: Path) -> None:
    """The market replaces the data of the benchmark too."""
    market = MarketData.from_prices(prices, cash="CASH", classes=CLASSES)
    from_file(prices, tmp_path)
    data = {"source": "csv", "path": str(tmp_path / "prices.csv"), "assets": CLASSES, "cash": "CASH"}
    other = {"data": data, "strategy": "sixty_forty", "estimation": {"window": "1Y"}}
    own = {"strategy": "erc", "estimation": {"window": "1Y"}}
    on_file = bt.run({**own, "data": data}, {"costs.trading_bps": 5})
    np.testing.assert_array_equal(bt.run(own, {"costs.trading_bps": 5}, market=market).nav, on_file.nav)
    result = bt.run("configs/erc.yaml", {"estimation.window": "1Y"}, market=market)
    assert result.benchmark is not None
    assert result.benchmark.name == "60_40"
    assert result.settings["data"]["source"] == "memory"
    np.testing.assert_array_equal(bt.run(other, market=market).nav, bt.run(other).nav)
    (again,) = bt.run_all([own], {"costs.trading_bps": 5}, market=market)
    np.testing.assert_array_equal(again.nav, on_file.nav)


def test_a_market_that_does_not_fit_is_refused(
    prices: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    market = MarketData.from_prices(prices, cash="CASH")
    by_hand = MarketData(market.prices, market.returns, market.cash_returns, {}, 252)
    for wrong, words in ((by_hand, "market: got one built by hand; expected"), (prices, "market: got the type DataFr")):
        with pytest.raises(DataError, match=words):
            bt.run({"strategy": "erc"}, market=wrong)  # type: ignore[arg-type]  # what a user may try
    with pytest.raises(bt.BacktestError, match=r"^overrides: data: given by the market too"):
        bt.run({"strategy": "erc"}, {"data.start": "2020-01-01"}, market=market)
    with pytest.raises(DataError, match=r"^source: memory: no series A; expected the prices in a call"):
        bt.run({"strategy": "erc", "data": {"source": "memory", "assets": ["A"], "cash": 0.0}})
