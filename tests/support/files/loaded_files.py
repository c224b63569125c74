"""Small files of three series, their settings, and the market that `load` builds from them."""

import calendar
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from backtest.data.data_settings import DataSettings
from backtest.data.market_data import MarketData, load

MONTHS = [f"{day:%Y-%m-%d}" for day in pd.date_range("2019-01-31", periods=6, freq="ME")]
Rows = Sequence[tuple[str, ...]]


def csv_settings(**changed: Any) -> DataSettings:
    return DataSettings.model_validate({"source": "csv", "path": "p.csv", "assets": ["a", "b"], "cash": "c", **changed})


def write_rows(folder: Path, rows: Rows, header: str = "date,a,b,c") -> None:
    (folder / "p.csv").write_text("\n".join([header, *(",".join(row) for row in rows)]) + "\n", encoding="utf-8")


def load_rows(folder: Path, rows: Rows, **changed: Any) -> MarketData:
    write_rows(folder, rows)
    return load(csv_settings(**changed), folder)


def iso_days(data: MarketData) -> list[str]:
    return [f"{day:%Y-%m-%d}" for day in data.dates]


SIX: Rows = [
    (MONTHS[0], "100", "50", "1000"),
    (MONTHS[1], "110", "49", "1001"),
    (MONTHS[2], "99", "51", "1002"),
    (MONTHS[3], "101.5", "52", "1003"),
    (MONTHS[4], "102", "51.5", "1004.5"),
    (MONTHS[5], "104", "53", "1006"),
]


def every(step: int, count: int, begin: date = date(2015, 1, 1)) -> list[date]:
    return [begin + timedelta(days=step * k) for k in range(count)]


def month_ends(step: int, count: int) -> list[date]:
    """The last day of every step-th calendar month."""
    numbers = [2001 * 12 + step * (k + 1) - 1 for k in range(count)]
    return [date(n // 12, n % 12 + 1, calendar.monthrange(n // 12, n % 12 + 1)[1]) for n in numbers]


def weekdays(count: int) -> list[date]:
    return [day for day in every(1, 2 * count) if day.weekday() < 5][:count]


CALENDARS = {
    252: weekdays(400),
    365: every(1, 400),
    52: every(7, 120, date(2015, 1, 2)),
    12: month_ends(1, 80),
    4: month_ends(3, 40),
    1: month_ends(12, 20),
}
