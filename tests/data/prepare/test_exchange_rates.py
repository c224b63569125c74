"""Exchange rates are the price of a currency in the currency of the run, whichever way round they are published."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from backtest.data.data_settings import DataSettings
from backtest.data.fetch_series import access_for
from backtest.data.market_data import MarketData, load
from backtest.data.raw_series import INCOME_UNKNOWN, RawSeries
from backtest.errors import DataError

DAYS = pd.bdate_range("2020-01-01", periods=60, name="date")
YEN = 110 + np.arange(60) / 10  # per dollar
FACTS = {"DEXJPUS": {"currency": "JPY", "base": "USD"}, "DEXUSEU": {"currency": "USD", "base": "EUR"}}


def market(symbol: str, values: Any, **fx: Any) -> MarketData:
    """Return market data of a share in yen that never moves, in dollars, at an exchange rate of FRED."""
    share = pd.DataFrame({"level": 1000.0}, index=DAYS)
    rate = pd.DataFrame({"level": values}, index=DAYS)
    notes = () if symbol in FACTS else (INCOME_UNKNOWN,)
    known = {
        ("fred", "SHARE"): RawSeries(share, "fred SHARE", "levels"),
        ("fred", symbol): RawSeries(rate, f"fred {symbol}", "levels", notes=notes, facts=FACTS.get(symbol, {})),
    }
    assets = {"SHARE": {"currency": "JPY", "class": "equities"}}
    section = {"source": "fred", "assets": assets, "cash": 0.02, "fx": {"JPY": {"symbol": symbol, **fx}}}
    settings = DataSettings.model_validate(section)
    return load(settings, Path(), access_for(settings, known=known))


def test_yen_per_dollar_are_inverted_if_the_source_or_the_settings_say_so() -> None:
    of_source, stated = market("DEXJPUS", YEN), market("OTHER", YEN, currency="JPY")
    for data in (of_source, stated):
        np.testing.assert_allclose(data.returns["SHARE"].iloc[1:], YEN[:-1] / YEN[1:] - 1, rtol=0, atol=1e-15)
        assert data.origins[-1].meaning == "price of one JPY in USD, 1 / the values of the source"
    same = market("OTHER", 1 / YEN, currency="USD")
    np.testing.assert_allclose(same.returns, of_source.returns, rtol=0, atol=1e-15)
    assert same.origins[-1].meaning == "price of one JPY in USD"


def test_a_direction_that_is_not_known_is_asked_for() -> None:
    with pytest.raises(DataError, match=r"fred OTHER: whether it is in USD for one JPY.*currency: USD\}\} or JPY"):
        market("OTHER", YEN)
    with pytest.raises(DataError, match="fred DEXUSEU: the price of one EUR; expected the price of one JPY"):
        market("DEXUSEU", 1 / YEN)
    with pytest.raises(DataError, match="fred DEXJPUS: in JPY, according to its source; expected USD, according to"):
        market("DEXJPUS", YEN, currency="USD")
    with pytest.raises(ValueError, match="JPY: in EUR; expected its price in USD, or USD in JPY"):
        market("OTHER", YEN, currency="EUR")


@pytest.mark.parametrize(("name", "accepted"), [("USDJPY", False), ("usd/jpy", False), ("JPYUSD", True), ("yen", True)])
def test_a_column_named_like_the_inverse_is_asked_about(tmp_path: Path, name: str, accepted: bool) -> None:
    pd.DataFrame({"A": 1000.0 + np.arange(60), name: YEN}, index=DAYS).to_csv(tmp_path / "p.csv")
    section = {"source": "csv", "path": "p.csv", "assets": {"A": {"currency": "JPY"}}, "cash": 0.02}
    if accepted:
        load(DataSettings.model_validate({**section, "fx": {"JPY": name}}), tmp_path)
    else:
        with pytest.raises(DataError, match=r"p\.csv: whether it is in USD for one JPY, or in JPY for one USD"):
            load(DataSettings.model_validate({**section, "fx": {"JPY": name}}), tmp_path)
    load(DataSettings.model_validate({**section, "fx": {"JPY": {"symbol": name, "currency": "JPY"}}}), tmp_path)
