"""The oracle: rebalance dates, and the return of an annual rate over a number of days."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date


def _last_of_each(dates: Sequence[date], period: Callable[[date], object]) -> list[int]:
    """Return the indices of the last date of each period in the data, including the unfinished period at the end."""
    last = len(dates) - 1
    return [t for t in range(len(dates)) if t == last or period(dates[t]) != period(dates[t + 1])]


def rebalance_indices(dates: Sequence[date], frequency: str) -> list[int]:
    """Return the indices of rebalance dates: the last date of each day, ISO week, month, quarter or year in the data.

    The data's last date is always among them, because its period ends there as far as the data goes. No decision is
    traded on it; the caller takes care of that.
    """
    periods: dict[str, Callable[[date], object]] = {
        "daily": lambda d: d,
        "weekly": lambda d: d.isocalendar()[:2],  # ISO year and week: 2020-12-31 and 2021-01-01 are one week
        "monthly": lambda d: (d.year, d.month),
        "quarterly": lambda d: (d.year, (d.month - 1) // 3),
        "yearly": lambda d: d.year,
    }
    if frequency not in periods:
        raise ValueError(f"unknown frequency {frequency!r}; expected one of {', '.join(periods)}")
    return _last_of_each(dates, periods[frequency])


def month_ends(dates: Sequence[date]) -> list[int]:
    """Return the indices of the last date of each calendar month in the data."""
    return rebalance_indices(dates, "monthly")


def annual_rate_return(rate: float, days: int) -> float:
    """Return the growth at an annual rate over some calendar days."""
    return float((1.0 + rate) ** (days / 365.25)) - 1.0
