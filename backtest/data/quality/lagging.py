"""Series that end before the others of a run."""

from collections.abc import Mapping
from datetime import date

import numpy as np

from backtest.data.dates.frequencies import FREQUENCIES, PERIODS
from backtest.data.dates.spacing import periods_between
from backtest.data.quality.finding import Finding

_MAY_LAG = {365: 5, 300: 5, 252: 5}  # for all other frequencies: 1 period


def find_lagging(last_dates: Mapping[str, date], periods_per_year: int | None) -> list[Finding]:
    """Return findings about series that end before the newest series, by more than a period (daily data: 5 days).

    Args:
        last_dates: date of the last value of each series.
        periods_per_year: periods per year of all series; nothing lags if it is not one of `frequencies.FREQUENCIES`.

    >>> [str(finding) for finding in find_lagging({"SPY": date(2020, 3, 31), "GLD": date(2020, 1, 31)}, 12)]
    ['GLD: ends on 2020-01-31, 2 months before SPY (2020-03-31); expected at most 1']
    """
    days = {name: np.datetime64(f"{last:%Y-%m-%d}", "D") for name, last in last_dates.items()}
    if not days or periods_per_year not in FREQUENCIES:
        return []
    newest = max(days, key=lambda name: days[name])
    findings = []
    for name, last in days.items():
        lag, unit, most = _lag_between(last, days[newest], periods_per_year)
        if lag > most:
            text = f"ends on {last}, {lag} {unit} before {newest} ({days[newest]}); expected at most {most}"
            findings.append(Finding(name, "lagging", last.item(), days[newest].item(), text))
    return findings


def _lag_between(last: np.datetime64, newest: np.datetime64, periods_per_year: int) -> tuple[int, str, int]:
    """Return the number of periods from a date to the newest one, their name, and the number allowed."""
    most = _MAY_LAG.get(periods_per_year, 1)
    if periods_per_year == 252:
        return int(np.busday_count(last, newest)), "weekdays", most
    lag = int(periods_between(np.array([last, newest]), periods_per_year)[0])
    return lag, f"{PERIODS[periods_per_year].noun}s", most
