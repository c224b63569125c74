"""Growth of a deposit at a quoted rate, by the formula of each kind of quotation."""

import numpy as np
import pandas as pd

from backtest.data.quality.limits import LARGEST
from backtest.data.raw_series import Rate
from backtest.errors import DataError
from backtest.numerics.arrays import Floats, Ints


def rate_level(dates: pd.DatetimeIndex, rates: Floats, rate: Rate, on: pd.DatetimeIndex) -> Floats:
    """Return the (N,) level of cash that earns a quoted rate: 1 at the first quotation, NaN before it.

    A quotation is in force from its own date until the next one; for the last one see `last_in_force`. Over `days` at
    one quotation cash grows by

    - `discount` d, n days to maturity: (1 / P) ^ (days / n), where P = 1 - d n / 360 is the price of the bill;
    - `bond_equivalent` y, n up to 182: (1 + y n / 365) ^ (days / n); beyond: (1 + y / 2) ^ (2 days / 365.25);
    - `overnight` r: 1 + r days / 360, simple from one quotation to the next, like the SOFR Index of the New York Fed.

    The price of a bill follows the US Treasury (31 CFR 356, appendix B); its growth is spread evenly over its life. So
    the level on a date depends neither on quotations of that date or later, nor on the other dates in `on`.

    Args:
        dates: (T,) dates of the quotations, strictly rising.
        rates: (T,) decimal a year; NaN = no quotation, the earlier one stays in force.
        rate: quotation of the rates.
        on: (N,) dates of the level.

    Raises:
        DataError: a deposit at the rate would be worth nothing or less at the end.

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


def _growth(rates: Floats, rate: Rate, days: Ints) -> Floats:
    """Return the growth factor of a deposit at each rate, over the days that it is in force."""
    base, exponent = _terms(rates, rate, days)
    growth: Floats = base**exponent
    return growth


def _terms(rates: Floats, rate: Rate, days: Ints) -> tuple[Floats, Floats]:
    """Return base and exponent of the growth factor."""
    if rate.quoted == "overnight":
        return 1 + rates * days / 360, np.ones(len(days))
    if rate.quoted == "discount":
        return 1 - rates * rate.days / 360, -days / rate.days
    if rate.days <= 182:
        return 1 + rates * rate.days / 365, days / rate.days
    return 1 + rates / 2, 2 * days / 365.25


def _check(dates: pd.DatetimeIndex, rates: Floats, rate: Rate, days: Ints) -> None:
    """Raise `DataError` unless a deposit keeps a positive and plausible value at each rate."""
    base, _ = _terms(rates, rate, days)
    wrong = np.flatnonzero(~((base > 0) & (base < LARGEST)))
    if wrong.size:
        row = int(wrong[0])
        result = f"makes more than {LARGEST:g}" if base[row] > 0 else "leaves nothing"
        what = rate.quoted if rate.quoted == "overnight" else f"{rate.quoted}, {rate.days} days"
        raise DataError(
            f"a rate ({what}) of {100 * rates[row]:g} % a year on {dates[row]:%Y-%m-%d} {result} of a deposit; "
            "expected a rate that a deposit can earn. Hint: rates are read as percent a year; check the unit."
        )


def _day_numbers(dates: pd.DatetimeIndex) -> Ints:
    return dates.to_numpy().astype("datetime64[D]").astype(np.int64)
