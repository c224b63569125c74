"""Total-return level from raw closes, dividends and capital gains, all of them reinvested."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backtest.numerics.arrays import Floats


def total_return_level(values: pd.DataFrame) -> tuple[pd.Series, tuple[str, ...]]:
    """Return the total-return level of a holding whose payments are reinvested at the close of their ex-date.

    L_t = C_t × Π_{s<=t} (1 + D_s / C_s), which is L_t / L_{t-1} = (C_t + D_t) / C_{t-1}: the value of a holding of
    one share at the first close, whose number of shares grows by D_s / C_s at each payment D_s. Before any tax.

    The level begins at the first close (only ratios of levels have a meaning), so that no level depends on later
    values: a longer history gives the same bits, whereas adjusted closes all change with each new dividend. Closes and
    payments are both per share as of the day of fetching, so splits do not matter.

    Payments on or before the first close are left out, because a buyer at that close does not get them. A payment on a
    date without a close is reinvested at the next close, the first at which anything can be bought.

    Funds also pay capital gains, which Yahoo reports next to the dividend and at times a second time inside it. Gains g
    above the dividend d cannot be part of it, so both are paid; otherwise d or d + g is paid, whichever is nearer to
    the fall of the close C_{t-1} - C_t, and a note states which.

    Args:
        values: (T, k) by date, rising: `close` and, if the source has them, `dividends` and `capital_gains`, all in
            currency per share; NaN = no close, no payment; closes are above zero. Other columns are ignored.

    Returns:
        The level (T,), NaN where there is no close; and a caveat for each reading of capital gains.

    Example:
        >>> dates = pd.date_range("2024-01-01", periods=4, name="date")
        >>> closes = pd.DataFrame({"close": [50.0, 49.0, 50.0, 51.0], "dividends": [0.0, 1.0, 0.0, 0.0]}, index=dates)
        >>> total_return_level(closes)[0].round(6).tolist()
        [50.0, 50.0, 51.020408, 52.040816]
    """
    close = values["close"].to_numpy(dtype=float)
    rows = np.flatnonzero(~np.isnan(close))
    level = np.full(len(close), np.nan)
    dates = pd.DatetimeIndex(values.index)
    notes: tuple[str, ...] = ()
    if rows.size:
        traded = close[rows]
        paid = _at_closes(values, "dividends", rows)
        gains = _at_closes(values, "capital_gains", rows)
        if gains.any():
            paid, notes = _with_gains(paid, gains, traded, dates[rows])
        level[rows] = traded * np.cumprod(1 + paid / traded)  # in sequence, so that later rows change no earlier bit
    return pd.Series(level, index=dates, name="level"), notes


def _at_closes(values: pd.DataFrame, column: str, rows: NDArray[np.intp]) -> Floats:
    """Return the (n,) payments reinvested at each close: from its own date, and from earlier dates without a close."""
    if column not in values:
        return np.zeros(rows.size)
    paid = np.nan_to_num(values[column].to_numpy(dtype=float), nan=0.0)
    paid[: rows[0] + 1] = 0.0  # a buyer at the first close does not get them
    starts = np.concatenate(([0], rows[:-1] + 1))
    return np.add.reduceat(paid[: rows[-1] + 1], starts)


def _with_gains(
    dividends: Floats, gains: Floats, close: Floats, dates: pd.DatetimeIndex
) -> tuple[Floats, tuple[str, ...]]:
    """Return dividends plus gains, each counted once, and a note on each case in which both readings are possible."""
    total = dividends + gains
    fall = -np.diff(close, prepend=np.nan)
    unclear = (gains > 0) & (dividends >= gains)
    within = unclear & (np.abs(fall - dividends) <= np.abs(fall - total))
    notes = []
    readings = ((within, "taken as part of the dividend", "of"), (unclear & ~within, "paid with the dividend", "with"))
    for cases, reading, word in readings:
        if cases.any():
            rows = np.flatnonzero(cases)
            each = ", ".join(f"{gains[i]:g} {word} {dividends[i]:g} on {dates[i]:%Y-%m-%d}" for i in rows.tolist())
            notes.append(f"capital gains {reading}, which the fall of the close fits better: {each}")
    return np.where(within, dividends, total), tuple(notes)
