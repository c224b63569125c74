"""Units of returns: what cannot be simple decimal returns is refused, and what can hardly be is reported."""

import numpy as np
import pandas as pd
import pytest

from backtest.data.quality.limits import check_values
from backtest.data.quality.return_units import check_units, log_returns_by_name
from backtest.data.series_table import SeriesTable
from backtest.errors import DataError

MONTHS = pd.date_range("2010-01-31", periods=120, freq="ME", name="date")
DAYS = pd.bdate_range("2010-01-01", periods=500, name="date")


def table(dates: pd.DatetimeIndex, volatility: float, names: str = "AB", unit: float = 1.0) -> SeriesTable:
    """Return returns with a volatility a year, times a unit, with fat tails and a mean of 5 % a year."""
    per_year = 12 if dates is MONTHS else 252
    draws = np.random.default_rng(0).standard_t(4, (len(dates), len(names))) / 2**0.5
    values = (0.05 / per_year + volatility / per_year**0.5 * draws) * unit
    return SeriesTable(pd.DataFrame(values, index=dates, columns=list(names)), "r.csv", are_returns=True)


@pytest.mark.parametrize("dates", [MONTHS, DAYS], ids=["months", "days"])
@pytest.mark.parametrize("volatility", [0.0, 0.003, 0.15, 0.8])
def test_returns_from_a_bill_to_a_coin_are_accepted(dates: pd.DatetimeIndex, volatility: float) -> None:
    returns = table(dates, volatility)
    returns.values.iloc[50] = [-0.95, 6.0]
    assert check_units(returns, "AB") == []


@pytest.mark.parametrize("dates", [MONTHS, DAYS], ids=["months", "days"])
@pytest.mark.parametrize("column", ["A", "B"])
def test_gross_returns_are_refused_also_of_cash(dates: pd.DatetimeIndex, column: str) -> None:
    gross = table(dates, 0.2)
    gross.values[column] += 1
    with pytest.raises(DataError, match=rf"r\.csv: {column}: a typical return of (1|0\.99)\S*, as of gross returns"):
        check_units(gross, "A")


def test_prices_as_returns_are_refused() -> None:
    prices = table(DAYS, 0.2)
    prices.values["A"] = 100 * (1 + prices.values["A"]).cumprod()
    with pytest.raises(DataError, match=r"of prices; expected simple returns.*Hint: set data\.values: prices"):
        check_units(prices, "AB")


@pytest.mark.parametrize("dates", [MONTHS, DAYS], ids=["months", "days"])
def test_percent_is_reported_or_refused(dates: pd.DatetimeIndex) -> None:
    """100 times the volatility of a fund of bonds cannot be one; of a fund that hardly moves it might be of a coin."""
    (finding,) = check_units(table(dates, 0.02, unit=100.0), "AB")
    assert (finding.check, finding.series in "AB", finding.first) == ("unit", True, dates[0].date())
    assert finding.text.endswith("% a year; expected decimals, 0.01 for 1 %. Are they percent?")
    with pytest.raises(DataError, match=r"Are they percent\? Hint: divide them by 100"):
        check_units(table(dates, 0.06, unit=100.0), "AB")


def test_the_typical_asset_counts_and_cash_does_not() -> None:
    coins = table(DAYS, 1.5, "ABCD")
    coins.values[["A", "B", "C"]] /= 10
    assert check_units(coins, "ABCD") == []
    assert check_units(coins, "ABC") == []
    assert [finding.series for finding in check_units(coins, "D")] == ["D"]
    assert check_units(coins, "") == []


def test_frenchs_mark_for_a_missing_value_is_no_return() -> None:
    returns = table(MONTHS, 0.1)
    returns.values.iloc[[5, 7], 1] = -0.9999
    with pytest.raises(DataError, match=r"r\.csv: B on 2010-06-30: a return of -0\.9999 \(and 1 more\), which stands"):
        check_values(returns)


@pytest.mark.parametrize("name", ["log_ret", "SPY logret", "ln_return", "Log", "lnret"])
def test_logarithms_are_noted_by_name(name: str) -> None:
    returns = table(MONTHS, 0.1)
    named = SeriesTable(returns.values.set_axis(["A", name], axis=1), "r.csv", are_returns=True)
    assert log_returns_by_name(named) == (f"r.csv: {name}: by its name a logarithm, but read as a simple return",)
    assert log_returns_by_name(SeriesTable(named.values, "r.csv")) == ()


@pytest.mark.parametrize("name", ["catalogue", "LOGI", "BLN", "logistics", "A"])
def test_other_names_are_no_logarithms(name: str) -> None:
    returns = table(MONTHS, 0.1)
    named = SeriesTable(returns.values.set_axis(["A", name], axis=1), "r.csv", are_returns=True)
    assert log_returns_by_name(named) == ()
