"""Currencies: an asset in another one than the run's is converted by a stated rate of exchange, or refused."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest

from backtest.data.loading import load
from backtest.data.market import MarketData
from backtest.data.quotes import Quotes
from backtest.data.settings import DataSettings
from backtest.data.source import Source
from backtest.errors import DataError

DAYS = pd.date_range("2024-01-01", periods=6, freq="B").as_unit("s")
LEVELS = {
    "SPY": [100.0, 101.0, 99.0, 102.0, 102.0, 103.0],
    "DAX": [50.0, 50.5, 52.0, 51.0, 53.0, 52.0],
    "OLD": [5.0, 5.05, 5.2, 5.1, 5.3, 5.2],
    "FTSE": [7000.0, 7010.0, 7050.0, 7001.0, 7020.0, 7035.0],
    "BILL": [10.0, 10.001, 10.002, 10.003, 10.004, 10.005],
    "EURUSD": [1.10, 1.11, 1.09, 1.10, 1.12, 1.12],
    "GBPUSD": [1.25, 1.26, 1.27, 1.26, 1.24, 1.25],
    "USDEUR": [1 / 1.10, 1 / 1.11, 1 / 1.09, 1 / 1.10, 1 / 1.12, 1 / 1.12],
}


class Exchange(Source):
    """Tells the currency of what it has."""

    cached = False
    currencies: ClassVar[Mapping[str, str]] = {"DAX": "EUR", "OLD": "EUR", "FTSE": "GBp", "USDEUR": "EUR"}

    def fetch(self, symbol: str, since: date | None, seconds: float) -> Quotes:
        del since, seconds
        values = pd.DataFrame({"level": LEVELS[symbol]}, index=DAYS.rename("date"))
        facts = {"currency": self.currencies.get(symbol, "USD")}
        return Quotes(values, f"exchange {symbol}", "levels", facts=facts, notes=("a caveat of an investment",))


EXCHANGE = f"{__name__}:Exchange"


def loaded(assets: Any, folder: Path = Path(), **changed: Any) -> MarketData:
    raw = {"source": EXCHANGE, "assets": assets, "cash": "BILL", **changed}
    return load(DataSettings.model_validate(raw), folder)


def refused(assets: Any, **changed: Any) -> str:
    with pytest.raises(DataError) as failure:
        loaded(assets, **changed)
    return str(failure.value)


def level(symbol: str) -> pd.Series:
    return pd.Series(LEVELS[symbol], index=DAYS)


def test_returns_are_those_of_an_investor_of_the_run_s_currency() -> None:
    """(1 + r)(1 + fx) - 1, period by period."""
    data = loaded(["SPY", "DAX"], fx={"EUR": "EURUSD"})
    expected = (1 + level("DAX").pct_change()) * (1 + level("EURUSD").pct_change()) - 1
    np.testing.assert_allclose(data.returns["DAX"], expected, rtol=1e-12)  # products and quotients of the same levels
    np.testing.assert_array_equal(data.prices["SPY"], level("SPY"))
    assert data.assets == ("SPY", "DAX")
    assert "DAX: converted to USD by EURUSD" in data.notes
    origin = next(one for one in data.origins if one.name == "EURUSD")
    assert origin.meaning == "price of one EUR in USD"
    assert "EURUSD: a caveat of an investment" not in data.notes


def test_a_run_in_the_assets_currency_needs_no_conversion() -> None:
    data = loaded(["DAX"], currency="EUR", cash=0.02)
    np.testing.assert_array_equal(data.prices["DAX"], level("DAX"))


def test_a_rate_of_exchange_of_no_asset_is_a_forgotten_currency(tmp_path: Path) -> None:
    """A file states no currency: without it the price in euros would pass for one in dollars."""
    frame = pd.DataFrame({"A": LEVELS["DAX"], "fx": LEVELS["EURUSD"], "c": LEVELS["BILL"]}, index=DAYS)
    frame.to_csv(tmp_path / "p.csv", index_label="date")
    with pytest.raises(DataError) as failure:
        loaded({"A": "equities"}, tmp_path, source="csv", path="p.csv", cash=0.0, fx={"EUR": "fx"})
    assert str(failure.value) == (
        "data.fx.EUR: no series is in EUR. Hint: {currency: EUR} at those that are, or leave it out."
    )


def test_pence_are_pounds() -> None:
    data = loaded(["FTSE"], fx={"GBP": {"symbol": "GBPUSD"}})
    expected = (level("FTSE") * level("GBPUSD")).pct_change()
    np.testing.assert_allclose(data.returns["FTSE"][1:], expected[1:], rtol=1e-12)
    assert "FTSE: converted to USD by GBP/USD" in data.notes


def test_a_file_is_in_the_run_s_currency_unless_the_settings_say_otherwise(tmp_path: Path) -> None:
    frame = pd.DataFrame({"A": LEVELS["DAX"], "fx": LEVELS["EURUSD"], "c": LEVELS["BILL"]}, index=DAYS)
    frame.to_csv(tmp_path / "p.csv", index_label="date")
    frame.pct_change().iloc[1:].to_csv(tmp_path / "r.csv", index_label="date")
    file = {"source": "csv", "path": "p.csv", "cash": "c"}
    own = loaded({"A": "equities"}, tmp_path, **file)
    np.testing.assert_array_equal(own.prices["A"], level("DAX"))
    said = {"A": {"currency": "EUR"}}
    file["cash"] = {"symbol": "c", "currency": "USD"}
    foreign = loaded(said, tmp_path, **file, fx={"EUR": "fx"})
    np.testing.assert_allclose(foreign.prices["A"], level("DAX") * level("EURUSD"), rtol=1e-15)
    returns = loaded(said, tmp_path, **{**file, "path": "r.csv"}, values="returns", fx={"EUR": "fx"})
    np.testing.assert_allclose(returns.returns["A"], foreign.returns["A"], rtol=1e-10)  # of a file


def test_dates_without_a_rate_of_exchange_are_left_out(tmp_path: Path) -> None:
    """As of any series; also where assets may come and go."""
    (tmp_path / "fx.csv").write_text(
        "date,EUR\n2024-01-01,1.1\n2024-01-02,1.11\n2024-01-04,1.1\n2024-01-05,1.12\n2024-01-08,1.12\n",
        encoding="utf-8",
    )
    for ragged in (False, True):
        fx = {"EUR": {"source": "csv", "path": "fx.csv", "symbol": "EUR"}}
        data = loaded(["SPY", "DAX"], tmp_path, fx=fx, ragged=ragged)
        assert data.dates.equals(DAYS.delete(2))
        assert "EUR/USD lacks 1" in " ".join(data.notes)
        expected = (level("DAX") * level("EURUSD")).drop(DAYS[2]).pct_change()
        np.testing.assert_allclose(data.returns["DAX"][1:], expected[1:], rtol=1e-12)


def test_a_leveraged_fund_follows_the_converted_return() -> None:
    fund = {"of": "DAX", "leverage": 2}
    data = loaded({"DAX": "equities", "x": fund}, fx={"EUR": "EURUSD"})
    expected = 2 * data.returns["DAX"] - data.cash_returns
    np.testing.assert_allclose(data.returns["x"][1:], expected[1:], rtol=1e-13)


# What is refused


def test_an_asset_that_cannot_be_converted() -> None:
    assert refused(["SPY", "DAX"]) == (
        "exchange DAX: DAX is in EUR, and the run is in USD; expected the same. "
        "Hint: data.fx: {EUR: the series of the price of one EUR in USD}, or data.currency: EUR."
    )
    assert refused({"DAX": "x"}, fx={"GBP": "GBPUSD"}).startswith("exchange DAX: DAX is in EUR, and the run is in USD;")
    assert refused({"x": {"of": "DAX", "leverage": 2}}).startswith("exchange DAX: DAX is in EUR, and the run")


def test_a_source_that_says_otherwise_than_the_settings() -> None:
    assert refused({"DAX": {"currency": "USD"}}) == (
        "exchange DAX: in EUR, by its source; expected USD, by the settings. Hint: look at data.assets.DAX.currency."
    )
    assert loaded({"DAX": {"currency": "EUR"}}, currency="EUR", cash=0.0).assets == ("DAX",)


def test_a_rate_of_exchange_that_is_the_wrong_way_round() -> None:
    assert refused(["DAX"], fx={"EUR": "USDEUR"}) == (
        "exchange USDEUR: in EUR, by its source; expected USD, for the price of one EUR. Hint: look at data.fx."
    )


def test_cash_in_another_currency_without_a_rate_of_exchange() -> None:
    words = (
        "exchange BILL: BILL is in USD, and the run is in EUR; expected the same. "
        "Hint: data.fx: {USD: the series of the price of one USD in EUR}, or data.currency: USD."
    )
    assert refused(["DAX"], currency="EUR") == words
    assert refused(["DAX"], currency="EUR", cash=0.0, loan_rate="BILL") == words


def test_a_rate_of_interest_is_none_of_exchange(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("date,r\n2024-01-01,5\n2024-01-08,5\n", encoding="utf-8")
    rate = {"source": "csv", "path": "p.csv", "symbol": "r", "rate": {"quoted": "overnight"}}
    with pytest.raises(DataError, match=r"^p.csv: a rate of interest; expected one of exchange"):
        loaded(["DAX"], tmp_path, fx={"EUR": rate})


def test_the_sample_is_in_dollars() -> None:
    words = "monthly.csv: us_stocks is in USD, and the run is in EUR; expected the same."
    assert refused(["us_stocks"], source="sample", cash=0.02, currency="EUR").startswith(words)
