"""A rate is never taken for a level of cash or of a loan, nor for a price."""

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

MONTHS = pd.date_range("2015-01-31", periods=60, freq="ME", name="date")
DAYS = pd.bdate_range("2018-01-01", periods=500, name="date")
YIELD = np.where(np.arange(60) < 30, 0.15, 4.4) + np.arange(60) % 3 * 0.1


def market(folder: Path, earned: Any, dates: pd.DatetimeIndex = MONTHS, **settings: Any) -> MarketData:
    """Return market data of an asset and a column of cash."""
    moves = np.random.default_rng(0).normal(0.005, 0.03, len(dates))
    asset = moves if settings.get("values") == "returns" else 100 * np.cumprod(1 + moves)
    pd.DataFrame({"A": asset, "cash": earned}, index=dates).to_csv(folder / "p.csv")
    given = {"source": "csv", "path": "p.csv", "assets": ["A"], "cash": "cash", **settings}
    return load(DataSettings.model_validate(given), folder)


def of_fred(symbol: str, **roles: Any) -> MarketData:
    """Return market data of a FRED series without a known quotation, next to a price and an exchange rate."""
    facts = {"unit": "percent"} if symbol == "IORB" else {}
    values = pd.DataFrame({"level": np.linspace(0.15, 5.4, len(DAYS))}, index=DAYS)
    raw = RawSeries(values, f"fred {symbol}", "levels", notes=(INCOME_UNKNOWN,), facts=facts)
    settings = DataSettings.model_validate({"source": "fred", "assets": ["ASSET"], "cash": 0.02} | roles)
    known = {("fred", symbol): raw, ("fred", "ASSET"): RawSeries(values + 100, "fred ASSET", "levels")}
    return load(settings, Path(), access_for(settings, known=known))


@pytest.mark.parametrize("role", ["cash", "loan_rate"])
def test_a_column_of_yields_is_no_level(tmp_path: Path, role: str) -> None:
    with pytest.raises(DataError, match=rf"p\.csv: data\.{role} earns .* % in one period, up to 2017-07-31.*yield in"):
        market(tmp_path, YIELD, MONTHS, **{"cash": 0.02, role: "cash"})
    rate = {"symbol": "cash", "rate": {"quoted": "discount", "days": 91}}
    assert market(tmp_path, YIELD, cash=rate).cash_returns.max() < 0.01


@pytest.mark.parametrize("role", ["cash", "loan_rate"])
@pytest.mark.parametrize("earned", [YIELD / 100, np.full(60, 0.03), np.full(60, -0.004)], ids=["yield", "high", "low"])
def test_a_rate_a_year_is_no_return_of_a_month(tmp_path: Path, role: str, earned: Any) -> None:
    with pytest.raises(DataError, match=r"data\.\w+ earns .*\. Are they rates a year in place of returns a period\?"):
        market(tmp_path, earned, MONTHS, **{"cash": 0.02, role: "cash", "values": "returns"})


def test_cash_in_percent_a_month_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"data\.cash earns 30 % in one period"):
        market(tmp_path, np.full(60, 0.30), values="returns")


@pytest.mark.parametrize("yearly", [0.2, 0.05, 0.0, -0.008])
def test_cash_of_any_decade_is_accepted(tmp_path: Path, yearly: float) -> None:
    """From the rates of 1981 to the euro's of 2020, as a level or as returns, by day and by month."""
    for dates, days in ((MONTHS, 30.44), (DAYS, 1.45)):
        step = (1 + yearly) ** (days / 365.25)
        market(tmp_path, step ** np.arange(len(dates)), dates)
        market(tmp_path, np.full(len(dates), step - 1), dates, values="returns")


def test_a_fund_of_short_treasuries_is_accepted_and_one_of_shares_is_not(tmp_path: Path) -> None:
    """Of two-year Treasuries a day moves by 0.1 % and at most by 1.2 %."""
    steps = np.random.default_rng(1).standard_normal(500)
    short = 80 * np.exp(np.cumsum(0.001 * steps))
    short[300:] *= 1.012
    market(tmp_path, short, DAYS)
    with pytest.raises(DataError, match=r"data\.cash earns 3.15 % in one period, up to .*, and -9.1 % a year"):
        market(tmp_path, 80 * np.exp(np.cumsum(0.01 * steps)), DAYS)
    short[:100] = 5.0  # before the run
    market(tmp_path, short, DAYS, start="2018-09-03")


@pytest.mark.parametrize("symbol", ["IORB", "SOMETHING"])
@pytest.mark.parametrize("role", ["cash", "loan_rate"])
def test_interest_from_fred_needs_a_known_quotation(symbol: str, role: str) -> None:
    """Otherwise the change of the rate would be earned or paid."""
    words = (
        rf"fred {symbol}: whether it is a rate .* as data\.{role} a rate needs its quotation\. Hint: .*\{{source: fred"
    )
    with pytest.raises(DataError, match=words):
        of_fred(symbol, **{role: symbol})
    data = of_fred(symbol, **{role: {"symbol": symbol, "rate": {"quoted": "overnight"}}})
    earned = data.cash_returns if role == "cash" else data.loan_returns
    assert earned is not None
    assert 0.0001 < earned.max() < 0.0006


def test_a_rate_of_unknown_quotation_is_no_price() -> None:
    with pytest.raises(DataError, match=r"fred IORB: IORB is a rate, not a price; it can be data\.cash"):
        of_fred("IORB", assets=["IORB"])
    with pytest.raises(DataError, match="fred IORB: an interest rate; expected an exchange rate"):
        of_fred("IORB", assets={"ASSET": {"currency": "EUR"}}, fx={"EUR": "IORB"})
    with pytest.raises(DataError, match="fred IORB: IORB is a rate, not a price to splice to"):
        of_fred("IORB", splice={"ASSET": "IORB"})
    assert of_fred("SOMETHING", assets=["SOMETHING"]).notes == (f"SOMETHING: {INCOME_UNKNOWN}",)
