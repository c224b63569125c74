"""Notes that name the series to which a run owes its frequency or its first date."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from backtest.data.data_settings import DataSettings
from backtest.data.market_data import MarketData, load

DAYS = pd.bdate_range("2015-01-01", "2017-12-29", name="date")
MONTHS = pd.date_range("2015-01-31", "2017-12-31", freq="ME", name="date")


def market(folder: Path, **settings: Any) -> MarketData:
    """Return market data of daily A and B, which begins on 2016-01-01, and of a monthly bill."""
    daily = pd.DataFrame({"A": 100 + np.arange(len(DAYS)) / 10, "B": 50 + np.arange(len(DAYS)) / 50}, index=DAYS)
    daily.loc[: pd.Timestamp("2015-12-31"), "B"] = np.nan
    daily.to_csv(folder / "p.csv")
    pd.DataFrame({"bill": 1.001 ** np.arange(len(MONTHS))}, index=MONTHS).to_csv(folder / "bill.csv")
    given = {"source": "csv", "path": "p.csv", "assets": ["A", "B"], "cash": 0.02, **settings}
    return load(DataSettings.model_validate(given), folder)


def test_a_monthly_series_that_makes_the_run_monthly_is_named(tmp_path: Path) -> None:
    bill = {"symbol": "bill", "path": "bill.csv"}
    data = market(tmp_path, cash=bill)
    assert data.periods_per_year == 12
    assert data.notes == ("the run is monthly, as cash is: of the others the last value of each month is used",)
    asked = market(tmp_path, cash=bill, frequency="monthly")
    assert (asked.sha256, asked.notes) == (data.sha256, ())


@pytest.mark.parametrize(
    ("start", "noted"), [("2010-06-01", True), ("2015-12-01", True), ("2015-12-25", False), ("2017-01-01", False)]
)
def test_the_series_that_begins_after_the_start_is_named(tmp_path: Path, start: str, noted: bool) -> None:
    data = market(tmp_path, start=start)
    note = f"data.start is {start}, but the data begins on 2016-01-01, as B does"
    assert data.notes == ((note,) if noted else ())
    assert market(tmp_path).notes == ()


def test_with_ragged_histories_the_first_series_begins(tmp_path: Path) -> None:
    assert market(tmp_path, start=date(2014, 12, 31), ragged=True).notes == ()
    (note,) = market(tmp_path, start=date(2010, 1, 1), ragged=True).notes
    assert note == "data.start is 2010-01-01, but the data begins on 2015-01-01, as A does"


def test_a_quoted_rate_that_begins_late_is_named(tmp_path: Path) -> None:
    pd.DataFrame({"TB3": 2.0}, index=DAYS[300:]).to_csv(tmp_path / "rate.csv")
    rate = {"symbol": "TB3", "path": "rate.csv", "rate": {"quoted": "overnight"}}
    (note,) = market(tmp_path, start=date(2015, 1, 1), cash=rate).notes
    assert note == f"data.start is 2015-01-01, but the data begins on {DAYS[300]:%F}, as cash does"
