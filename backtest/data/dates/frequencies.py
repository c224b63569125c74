"""Supported frequencies: periods per year, and their names and lengths."""

from collections.abc import Mapping
from typing import NamedTuple


class Period(NamedTuple):
    """A length of period.

    Args:
        adjective: name of data with one row per period.
        noun: name of one period.
        months: calendar months in a period; 0 if a period is not a whole number of months.
        days: days in a period that is a fixed number of weeks; 0 for others.
    """

    adjective: str
    noun: str
    months: int = 0
    days: int = 0


PERIODS: Mapping[int, Period] = {
    365: Period("daily, weekends included", "day"),
    300: Period("daily, six days a week", "day"),
    252: Period("daily", "day"),
    52: Period("weekly", "week", days=7),
    26: Period("fortnightly", "fortnight", days=14),
    24: Period("semi-monthly", "half-month"),
    13: Period("four-weekly", "four-week period", days=28),
    12: Period("monthly", "month", months=1),
    6: Period("two-monthly", "two-month period", months=2),
    4: Period("quarterly", "quarter", months=3),
    2: Period("semi-annual", "half-year", months=6),
    1: Period("yearly", "year", months=12),
}
"""Supported periods by their number per year, the shortest first."""

FREQUENCIES = tuple(PERIODS)
"""Supported numbers of periods per year, largest first."""

MONTHS: Mapping[int, int] = {number: period.months for number, period in PERIODS.items() if period.months}
"""Calendar months in a period, by periods per year."""

DAYS: Mapping[int, int] = {number: period.days for number, period in PERIODS.items() if period.days}
"""Days in a period that is a fixed number of weeks, by periods per year."""


def frequency_name(periods_per_year: int) -> str:
    """Return the name of a number of periods per year; each number has a different name.

    >>> frequency_name(12), frequency_name(365), frequency_name(36)
    ('monthly', 'daily, weekends included', '36 periods a year')
    """
    known = PERIODS.get(periods_per_year)
    return f"{periods_per_year} periods a year" if known is None else known.adjective
