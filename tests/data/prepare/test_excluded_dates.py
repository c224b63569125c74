"""Dates that the settings exclude, and prices that cannot be used but do not concern the run."""

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

DAYS = pd.bdate_range("2020-01-01", periods=60, name="date")
BAD = DAYS[20]


def yahoo(closes: Any, dividends: Any = 0.0, **settings: Any) -> MarketData:
    """Return market data of two funds of Yahoo; the first has the closes given."""
    series = {
        "SPY": pd.DataFrame({"close": closes, "dividends": dividends}, index=DAYS),
        "TLT": pd.DataFrame({"close": np.linspace(50, 51, 60), "dividends": 0.0}, index=DAYS),
    }
    known = {("yfinance", name): RawSeries(values, f"yfinance {name}", "closes") for name, values in series.items()}
    given = DataSettings.model_validate({"source": "yfinance", "assets": ["SPY", "TLT"], "cash": 0.02} | settings)
    return load(given, Path(), access_for(given, known=known))


def with_zero() -> np.ndarray:
    closes = np.linspace(100, 110, 60)
    closes[20] = 0.0
    return closes


def test_a_close_of_zero_on_the_runs_dates_is_refused_with_the_way_out() -> None:
    words = rf"yfinance SPY: SPY on {BAD:%F}: a price of 0; .* data\.exclude: \{{SPY: \[{BAD:%F}\]\}}"
    with pytest.raises(DataError, match=words):
        yahoo(with_zero())


def test_an_excluded_date_is_left_out_and_noted() -> None:
    data = yahoo(with_zero(), exclude={"SPY": [f"{BAD:%F}"]})
    assert data.dates.equals(DAYS.drop([BAD]))
    assert data.notes == (
        f"SPY: {BAD:%F} excluded, as data.exclude asks",
        "1 of 60 dates is left out, which not all series have: SPY lacks 1",
    )
    assert data.warnings == ()
    carried = yahoo(with_zero(), exclude={"SPY": [f"{BAD:%F}"]}, calendar="union")
    assert carried.returns["SPY"].loc[BAD] == 0


def test_a_dividend_on_an_excluded_date_is_reinvested_at_the_next_close() -> None:
    paid = np.zeros(60)
    paid[20] = 2.0
    data = yahoo(with_zero(), paid, exclude={"SPY": [f"{BAD:%F}"]})
    before, after = np.linspace(100, 110, 60)[[19, 21]]
    assert data.returns["SPY"].loc[DAYS[21]] == pytest.approx((after + 2) / before - 1, rel=1e-12)


@pytest.mark.parametrize("outside", [{"start": f"{DAYS[21]:%F}"}, {"end": f"{DAYS[19]:%F}"}])
def test_a_close_of_zero_outside_the_run_does_not_stop_it(outside: dict[str, str]) -> None:
    data = yahoo(with_zero(), **outside)
    assert BAD not in data.dates
    assert (data.notes, data.warnings) == ((), ())


@pytest.mark.parametrize("values", ["prices", "returns"])
def test_a_date_of_one_column_of_a_file_may_be_excluded(tmp_path: Path, values: str) -> None:
    moves = np.random.default_rng(0).normal(0.0003, 0.01, (60, 2))
    table = moves if values == "returns" else 100 * np.cumprod(1 + moves, axis=0)
    pd.DataFrame(table, index=DAYS, columns=["A", "B"]).to_csv(tmp_path / "p.csv")
    given = {"source": "csv", "path": "p.csv", "values": values, "assets": ["A", "B"], "cash": 0.02}
    excluded = {"exclude": {"A": [f"{BAD:%F}"]}}
    data = load(DataSettings.model_validate(given | excluded), tmp_path)
    whole = load(DataSettings.model_validate(given), tmp_path)
    assert data.dates.equals(whole.dates.drop([BAD]))
    np.testing.assert_allclose(data.prices["B"], whole.prices["B"].drop([BAD]), rtol=1e-12)
    assert data.notes[0] == f"A: {BAD:%F} excluded, as data.exclude asks"
    with pytest.raises(DataError, match=r"data\.exclude: C: not a series of the run; it has A, B"):
        load(DataSettings.model_validate({**given, "exclude": {"C": ["2020-01-01"]}}), tmp_path)
