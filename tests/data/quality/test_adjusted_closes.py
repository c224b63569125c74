"""Closes of files hold their dividends exactly once, whatever the vendor calls and does to them."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from backtest.data.data_settings import DataSettings
from backtest.data.market_data import MarketData, load
from backtest.data.quality.adjusted_closes import is_adjusted, with_dividends_once
from backtest.data.raw_series import RawSeries
from backtest.errors import DataError

DAYS = pd.bdate_range("2015-01-01", periods=600, name="date")
RAISED = 0.25  # each quarter's dividend: 1 % of a price of about 25


def closes(seed: int = 0, decimals: int = 2, daily: float = 0.01) -> pd.DataFrame:
    """Return raw closes in ticks that fall by their dividends, whose total return is 0 on average."""
    rng = np.random.default_rng(seed)
    paid = np.where(np.arange(len(DAYS)) % 63 == 62, RAISED, 0.0)
    raw = np.empty(len(DAYS))
    raw[0] = 25.0
    for t in range(1, len(raw)):
        raw[t] = round(raw[t - 1] * (1 + daily * rng.standard_normal()) - paid[t], decimals)
    return pd.DataFrame({"close": raw, "dividends": paid, "splits": 0.0}, index=DAYS)


def adjusted(table: pd.DataFrame) -> pd.DataFrame:
    """Return closes with their dividends reinvested, equal to the raw closes after the last dividend, as Yahoo's."""
    before = table["close"].shift()
    factor = (1 - table["dividends"] / before).fillna(1.0)
    return table.assign(close=table["close"] * factor[::-1].cumprod()[::-1].shift(-1, fill_value=1.0))


def judged(table: pd.DataFrame, prices: Any = None) -> str:
    return with_dividends_once(RawSeries(table, "A.csv", "closes"), prices).kind


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("as_written", [lambda x: x, np.float32], ids=["double", "single"])
def test_raw_and_adjusted_closes_are_told_apart(seed: int, as_written: Any) -> None:
    """Yahoo's numbers are of single precision: 25.1 is written as 25.100000381469727."""
    raw = closes(seed)
    assert judged(raw.assign(close=as_written(raw["close"]).astype(float))) == "closes"
    own = adjusted(raw)
    assert judged(own.assign(close=as_written(own["close"]).astype(float))) == "levels"


@pytest.mark.parametrize("seed", range(5))
def test_closes_before_a_split_need_no_ticks(seed: int) -> None:
    """Closes per share of today are off ticks before a split of 3 for 1, whether or not dividends are in them."""
    raw = closes(seed)
    split = raw.assign(splits=np.where(np.arange(len(raw)) == 300, 3.0, 0.0))
    split["close"] = np.where(np.arange(len(raw)) < 300, raw["close"] / 3, raw["close"])
    split["dividends"] = np.where(np.arange(len(raw)) < 300, raw["dividends"] / 3, raw["dividends"])
    assert judged(split) == "closes"


def test_rounded_adjusted_closes_are_told_by_their_falls_or_asked_for() -> None:
    """Rounding to cents makes ticks of them; only where moves are small do the missing falls outweigh that."""
    calm, unclear = (adjusted(closes(daily=daily)).round({"close": 2}) for daily in (0.002, 0.009))
    assert judged(calm) == "levels"
    with pytest.raises(DataError, match=r"A\.csv: Close with Dividends .* data\.prices: adjusted .* or raw"):
        judged(unclear)
    assert judged(unclear, "adjusted") == "levels"
    assert judged(unclear, "raw") == "closes"
    wild = RawSeries(adjusted(closes(daily=0.015)).round({"close": 2}), "A.csv", "closes")
    (note,) = with_dividends_once(wild, None).notes
    assert note.startswith("Close is taken as raw, although it does not fall on ex-dates")


def test_closes_without_a_dividend_need_no_judgement() -> None:
    assert judged(closes().assign(dividends=0.0, close=np.pi)) == "closes"


VENDORS = [
    "Adj Close", "Adj. Close", "adj_close", "AdjClose", "adjClose", "adjusted_close", "Adjusted Close",
    "5. adjusted close", "closeadj", "Close_Adj", "close (adjusted)", "Adj. Closing Price",
]  # fmt: skip


@pytest.mark.parametrize("name", VENDORS)
def test_names_of_adjusted_closes(name: str) -> None:
    assert is_adjusted(name)


@pytest.mark.parametrize("name", ["close", "Adj. Open", "adj_volume", "closeunadj", "unadjusted close", "Adj Factor"])
def test_names_of_other_columns(name: str) -> None:
    assert not is_adjusted(name)


def market(path: Path, asset: Any, **settings: Any) -> MarketData:
    given = {"source": "csv", "path": str(path), "assets": {"A": asset}, "cash": 0.02, **settings}
    return load(DataSettings.model_validate(given), path.parent)


def test_a_file_of_history_with_dividends_reinvested_is_a_level(tmp_path: Path) -> None:
    """`yfinance.Ticker.history().to_csv()`: Close holds the dividends of the column next to it."""
    own = adjusted(closes())
    own.rename(columns={"close": "Close", "dividends": "Dividends", "splits": "Stock Splits"}).to_csv(
        tmp_path / "A.csv"
    )
    data = market(tmp_path, "equities")
    assert data.prices["A"].to_numpy().tolist() == own["close"].tolist()
    (note,) = data.notes
    assert note.startswith("A: Close is taken as adjusted, as it is not in ticks before the last dividend")
    assert note.endswith(": dividends are not added")
    stated = market(tmp_path, {"class": "equities", "prices": "raw"})
    assert stated.notes == ()
    assert (
        stated.prices["A"].iloc[-1] / stated.prices["A"].iloc[0] > 1.05 * own["close"].iloc[-1] / own["close"].iloc[0]
    )


def test_the_adjusted_column_is_taken_and_named(tmp_path: Path) -> None:
    table = closes()[["close"]].assign(adjusted_close=range(1, len(DAYS) + 1), volume=1000)
    table.to_csv(tmp_path / "A.csv")
    data = market(tmp_path, "equities")
    assert data.prices["A"].tolist() == list(range(1, len(DAYS) + 1))
    assert data.notes == ("A: the column adjusted_close is taken as total return",)
    wide = market(tmp_path / "A.csv", {"symbol": "close"})
    assert wide.notes == ("A: closes without dividends: no total return; the file also has adjusted_close",)
    assert market(tmp_path / "A.csv", {"symbol": "close", "prices": "adjusted"}).notes == ()
    assert market(tmp_path / "A.csv", {"symbol": "adjusted_close"}).notes == ()


def test_only_files_have_closes_that_may_be_adjusted() -> None:
    with pytest.raises(ValueError, match="source yfinance states what it holds; raw closes can only come from source"):
        DataSettings.model_validate({"source": "yfinance", "prices": "raw", "assets": ["SPY"], "cash": 0.0})
    with pytest.raises(ValueError, match="SPY: adjusted closes can only come from source: csv"):
        DataSettings.model_validate({"source": "sample", "assets": {"SPY": {"prices": "adjusted"}}, "cash": 0.0})
