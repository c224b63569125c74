"""What a quoted rate earns, each kind of quotation by its own formula."""

from dataclasses import replace

import numpy as np
import pandas as pd

from backtest.data.dates.spacing import LONGEST_CLOSURE
from backtest.data.quotes import Quotes, Rate
from backtest.errors import DataError
from backtest.numerics.arrays import Floats, Ints

INCOME_UNKNOWN = "as published by FRED; whether its income is in it is not known"  # moot once it is a rate

_LATE = LONGEST_CLOSURE + 1  # days that a daily quotation stays in force


def rate_level(dates: pd.DatetimeIndex, rates: Floats, rate: Rate, on: pd.DatetimeIndex) -> Floats:
    """(N,) level of cash that earns a quoted rate: 1 at the first quotation, NaN before it.

    A quotation is in force from its own date until the next one; see `last_in_force` for the last one. Over `days` of
    it cash grows by

    - `discount` d, n days to maturity: (1 / P) ^ (days / n), where P = 1 - d n / 360 is the price of the bill;
    - `bond_equivalent` y, n up to 182: (1 + y n / 365) ^ (days / n); beyond: (1 + y / 2) ^ (2 days / 365.25);
    - `overnight` r: 1 + r days / 360, simple from one quotation to the next, as the New York Fed's SOFR Index.

    The price of a bill is that of the US Treasury (31 CFR 356, appendix B), its growth spread evenly over its life. So
    the level on a date depends on no quotation of that date or later, and not on the other dates in `on`.

    Args:
        dates: (T,) of the quotations, strictly rising.
        rates: (T,) decimal a year; NaN = no quotation, the earlier one stays in force.
        rate: how they are quoted.
        on: (N,) dates to value it on.

    Raises:
        DataError: a rate at which a deposit would be worth nothing or less at the end.

    >>> bill = Rate(quoted="discount", days=91)  # 98.736 today for 100 at maturity
    >>> day, maturity = pd.DatetimeIndex(["2024-01-02"]), pd.DatetimeIndex(["2024-04-02"])
    >>> rate_level(day, np.array([0.05]), bill, maturity).round(7).tolist()
    [1.0128007]
    """
    quoted = ~np.isnan(rates)
    start, values = _day_numbers(dates[quoted]), rates[quoted]
    level = np.full(len(on), np.nan)
    if not len(start):
        return level
    lengths = np.diff(start)
    _check(dates[quoted], values, rate, np.append(lengths, 1))
    begun = np.append(1.0, np.cumprod(_growth(values[:-1], rate, lengths)))
    day = _day_numbers(on)
    in_force = np.searchsorted(start, day, side="right") - 1
    after = in_force >= 0
    i = in_force[after]
    level[after] = begun[i] * _growth(values[i], rate, day[after] - start[i])
    return level


def as_rate(quotes: Quotes, rate: Rate) -> Quotes:
    """The same quotes, read as a rate that is quoted as `rate` says.

    Args:
        quotes: a rate, of which only the formula changes, or levels, which are taken for percent a year.
        rate: how they are quoted.

    Raises:
        DataError: they are closes or returns.

    >>> one = pd.DataFrame({"level": [5.0]}, index=pd.DatetimeIndex(["2024-01-02"], name="date"))
    >>> as_rate(Quotes(one, "x", "levels"), Rate(quoted="overnight")).values["rate"].tolist()
    [0.05]
    """
    if quotes.kind == "rate":
        return replace(quotes, rate=rate)
    if quotes.kind != "levels":
        raise DataError(f"{quotes.label}: {quotes.kind}, no rate; expected a rate in percent. Hint: leave `rate` out.")
    values = (quotes.values / 100).set_axis(["rate"], axis=1)
    notes = tuple(note for note in quotes.notes if note != INCOME_UNKNOWN)
    return replace(quotes, values=values, kind="rate", rate=rate, notes=notes)


def last_in_force(quotes: Quotes) -> pd.Timestamp:
    """Return the last date on which the latest quotation still applies: 2.25 usual steps after it, at least 14 days.

    A rate applies until the next quotation, which a holiday or late publication may delay. Beyond that it is not known.

    >>> months = pd.DataFrame({"rate": 0.05}, index=pd.date_range("2024-01-31", periods=6, freq="ME"))
    >>> last_in_force(Quotes(months, "x", "rate"))
    Timestamp('2024-09-05 00:00:00')
    """
    dates = pd.DatetimeIndex(quotes.values["rate"].dropna().index)
    usual = int(np.median(np.diff(_day_numbers(dates)))) if len(dates) > 1 else 0
    return pd.Timestamp(dates[-1] + pd.Timedelta(days=max(_LATE, usual * 9 // 4)))


def _growth(rates: Floats, rate: Rate, days: Ints) -> Floats:
    """What 1 grows to over so many days of one quotation each."""
    base, exponent = _terms(rates, rate, days)
    grown: Floats = base**exponent
    return grown


def _terms(rates: Floats, rate: Rate, days: Ints) -> tuple[Floats, Floats]:
    """Base and exponent of that growth."""
    if rate.quoted == "overnight":
        return 1 + rates * days / 360, np.ones(len(days))
    if rate.quoted == "discount":
        return 1 - rates * rate.days / 360, -days / rate.days
    if rate.days <= 182:
        return 1 + rates * rate.days / 365, days / rate.days
    return 1 + rates / 2, 2 * days / 365.25


def _check(dates: pd.DatetimeIndex, rates: Floats, rate: Rate, days: Ints) -> None:
    """Raise unless there is something left to grow, at each rate."""
    base, _ = _terms(rates, rate, days)
    wrong = np.flatnonzero(~((base > 0) & np.isfinite(base)))
    if wrong.size:
        row = int(wrong[0])
        what = rate.quoted if rate.quoted == "overnight" else f"{rate.quoted}, {rate.days} days"
        raise DataError(
            f"a rate ({what}) of {100 * rates[row]:g} % a year on {dates[row]:%Y-%m-%d} leaves nothing of a deposit; "
            "expected one that can be earned. Hint: it is read as percent a year; is it that?"
        )


def _day_numbers(dates: pd.DatetimeIndex) -> Ints:
    return dates.to_numpy().astype("datetime64[D]").astype(np.int64)
