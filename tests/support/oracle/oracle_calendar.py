"""The oracle: rebalance dates, and what a rate a year earns over some days."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date


def _last_of_each(dates: Sequence[date], period: Callable[[date], object]) -> list[int]:
    """Indices of the last date of each period in the data, the period under way at the end included."""
    last = len(dates) - 1
    return [t for t in range(len(dates)) if t == last or period(dates[t]) != period(dates[t + 1])]


def rebalance_indices(dates: Sequence[date], frequency: str) -> list[int]:
    """Indices of the rebalance dates: the data's last of each day, ISO week, month, quarter or year.

    The data's last date is always among them (its period ends there, as far as the data goes). Nothing is
    ever traded on it; only a trade of it would be, so that is the business of whoever trades.
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
    """Indices of the last date of each calendar month in the data."""
    return rebalance_indices(dates, "monthly")


def annual_rate_return(rate: float, days: int) -> float:
    """Return of an annual rate over some calendar days."""
    return float((1.0 + rate) ** (days / 365.25)) - 1.0
