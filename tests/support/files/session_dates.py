"""Dates of markets: fixed sessions a week, regular spacings, and dates left out of them."""

from datetime import date

import numpy as np
import pandas as pd
from hypothesis import strategies as st

FIRST = date(1999, 3, 1)
STARTS = st.integers(0, 9000).map(lambda days: pd.Timestamp(FIRST) + pd.Timedelta(days=days))
WEEKS = {
    "Monday to Friday": ((0, 1, 2, 3, 4), 252),
    "Sunday to Thursday": ((6, 0, 1, 2, 3), 252),
    "Tuesday to Saturday": ((1, 2, 3, 4, 5), 252),
    "Saturday to Wednesday": ((5, 6, 0, 1, 2), 252),
    "Monday to Saturday": ((0, 1, 2, 3, 4, 5), 300),
    "Sunday to Friday": ((6, 0, 1, 2, 3, 4), 300),
    "Saturday to Thursday": ((5, 6, 0, 1, 2, 3), 300),
    "every day": ((0, 1, 2, 3, 4, 5, 6), 365),
}
RULES = {
    52: ("W-FRI", "W-SUN", "7D"),
    26: ("2W-FRI", "14D"),
    24: ("SME", "SMS"),
    13: ("28D",),
    12: ("ME", "MS", "BMS", "BME", "WOM-3FRI"),
    6: ("2ME", "2MS", "2BME"),
    4: ("QE", "QS", "BQE", "QE-JAN"),
    2: ("6ME", "6MS"),
    1: ("YE", "BYE", "YS", "YE-JUN"),
}


def join_dates(*parts: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Dates one after the other."""
    return pd.DatetimeIndex(np.concatenate([part.to_numpy() for part in parts]))


def drop_dates(dates: pd.DatetimeIndex, share: float, seed: int) -> pd.DatetimeIndex:
    """The dates without a random share of them."""
    return dates[np.random.default_rng(seed).random(len(dates)) >= share]


def of_week(start: pd.Timestamp, weekdays: tuple[int, ...], days: int) -> pd.DatetimeIndex:
    every = pd.date_range(start, periods=days)
    return every[np.isin(every.day_of_week, weekdays)]


BUSINESS = pd.bdate_range("2005-01-03", "2014-12-31")
