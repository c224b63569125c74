"""Prices of orders: the last close as quoted, in the currency of the run, whatever was done to the levels."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from backtest.data.data_settings import DataSettings
from backtest.data.fetch_series import access_for
from backtest.data.market_data import MarketData, load
from backtest.data.raw_series import RawSeries
from backtest.errors import DataError
from support.builders.market_files import PRICED_DATES, config_of_two_funds, write_csv

CLOSES = np.linspace(50.0, 60.0, len(PRICED_DATES))


def market(folder: Path, **settings: Any) -> MarketData:
    """Return market data of the closes of SPY and TLT, with other settings."""
    config_of_two_funds(folder)
    base = {"source": "csv", "path": "prices", "prices": "raw", "assets": ["SPY", "TLT"], "cash": 0.02}
    return load(DataSettings.model_validate({**base, **settings}), folder)


def levels(folder: Path, name: str, values: Any = CLOSES) -> dict[str, str]:
    """Write a file of levels; return the settings of its series."""
    write_csv(pd.DataFrame({name: values}, index=PRICED_DATES), folder / f"{name}.csv")
    return {"path": f"{name}.csv"}


def test_the_price_is_the_close_and_not_the_total_return_level(tmp_path: Path) -> None:
    data = market(tmp_path)
    assert data.prices["SPY"].iloc[-1] > 101
    assert [data.quotes[name].price_on(PRICED_DATES[-1]) for name in ("SPY", "TLT")] == [100.0, 40.0]
    earlier = pd.read_csv(tmp_path / "prices/SPY.csv")["Close"].iloc[-5]
    assert data.quotes["SPY"].price_on(PRICED_DATES[-5]) == earlier
    assert np.isnan(data.quotes["SPY"].price_on(PRICED_DATES[0] - pd.Timedelta(days=1)))


def test_a_spliced_and_monthly_series_keeps_its_own_close(tmp_path: Path) -> None:
    """Levels of a spliced series continue the proxy, and months are dated at their end, after the last close."""
    longer = pd.bdate_range("2023-01-02", PRICED_DATES[-1])
    write_csv(pd.DataFrame({"PROXY": np.linspace(3, 4, len(longer))}, index=longer), tmp_path / "PROXY.csv")
    data = market(
        tmp_path, splice={"SPY": {"symbol": "PROXY", "path": "PROXY.csv"}}, assets=["SPY"], frequency="monthly"
    )
    last = data.dates[-1]
    closes = pd.read_csv(tmp_path / "prices/SPY.csv", index_col="date", parse_dates=True)["Close"]
    assert data.quotes["SPY"].price_on(last) == closes.loc[:last].iloc[-1]
    assert data.prices["SPY"].iloc[-1] < 10


def test_levels_are_prices_only_with_a_lot(tmp_path: Path) -> None:
    given = levels(tmp_path, "GLD")
    assert market(tmp_path, assets={"GLD": given}).quotes == {}
    quote = market(tmp_path, assets={"GLD": {**given, "lot": 0.5}}).quotes["GLD"]
    assert (quote.price_on(PRICED_DATES[-1]), quote.lot) == (60.0, 0.5)


def test_a_close_in_another_currency_is_converted(tmp_path: Path) -> None:
    fx = {"EUR": {"symbol": "EURUSD", **levels(tmp_path, "EURUSD", np.linspace(1.0, 1.25, len(PRICED_DATES)))}}
    data = market(tmp_path, assets={"SPY": {"currency": "EUR"}}, fx=fx)
    assert data.quotes["SPY"].price_on(PRICED_DATES[-1]) == 125.0


def test_pence_are_hundredths(tmp_path: Path) -> None:
    closes = pd.DataFrame({"close": 100 * CLOSES, "dividends": 0.0}, index=PRICED_DATES.rename("date"))
    raw = RawSeries(closes, "yfinance VUKE.L", "closes", facts={"currency": "GBp"})
    settings = DataSettings.model_validate(
        {"source": "yfinance", "assets": ["VUKE.L"], "cash": 0.02, "currency": "GBP", "offline": True}
    )
    data = load(settings, tmp_path, access_for(settings, known={("yfinance", "VUKE.L"): raw}))
    assert data.quotes["VUKE.L"].price_on(PRICED_DATES[-1]) == 60.0


def test_a_lot_of_returns_is_an_error(tmp_path: Path) -> None:
    given = levels(tmp_path, "GLD", np.linspace(0.01, 0.02, len(PRICED_DATES)))
    with pytest.raises(DataError) as error:
        market(tmp_path, assets={"GLD": {**given, "values": "returns", "lot": 1.0}})
    assert str(error.value) == "data.assets.GLD.lot: GLD.csv has returns; expected prices, or no lot"
