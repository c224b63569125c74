"""Adjusted and raw closes of files: their columns, and whether closes already hold the dividends of their file."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from backtest.data.raw_series import RawSeries
from backtest.errors import DataError
from backtest.numerics.arrays import Bools, Floats

_Rows = NDArray[np.intp]
Prices = Literal["adjusted", "raw"]
"""What closes are: `adjusted` for dividends, or `raw`."""

NO_DIVIDENDS = "closes without dividends: no total return"
"""Note of closes whose dividends are not known."""

_CLOSE = r"clos(e|ing)(price)?"
_ADJUSTED = re.compile(rf"adj(usted)?({_CLOSE}|price)|({_CLOSE}|price)adj(usted)?")
_DECIMALS = 4  # of a quoted price
_NOISE = 8  # single-precision numbers between two ticks, below which rounding cannot be told from chance
_TICKS = 0.9  # share of closes
_FAR = 3.0  # times the usual move: beyond it, a move says no more about a dividend
_LEAST_MOVE = 1e-4
_CLEAR, _DOUBT = np.log(10.0), 1.0  # odds of ten to one, and of nearly three to one


def plain(name: str) -> str:
    """Return the letters of a column's name in lower case.

    >>> plain("5. Adj. Close")
    'adjclose'
    """
    return re.sub(r"[^a-z]", "", name.lower())


def is_adjusted(name: str) -> bool:
    """Return whether a column is a vendor's close with dividends reinvested, by its name.

    >>> [is_adjusted(name) for name in ("Adj. Close", "adjusted_close", "closeadj", "Close")]
    [True, True, True, False]
    """
    return _ADJUSTED.fullmatch(plain(name)) is not None


def caveat_of_close(name: str, columns: Sequence[str]) -> tuple[str, ...]:
    """Return a caveat about a column of closes that has adjusted closes or opens next to it."""
    if plain(name) != "close":  # looked at first: a file of many assets asks for each of them
        return ()
    adjusted = [column for column in columns if is_adjusted(column)]
    if not adjusted and "open" not in map(plain, columns):
        return ()
    return (f"{NO_DIVIDENDS}; the file also has {adjusted[0]}" if adjusted else NO_DIVIDENDS,)


def with_dividends_once(raw: RawSeries, prices: Prices | None) -> RawSeries:
    """Return closes of a file as levels if they hold their dividends already, so that none is added twice.

    Args:
        raw: series of a file, of any kind.
        prices: what the closes are, if the settings state it; otherwise it is judged by two marks of adjusted closes:
            before the last dividend they are not in ticks, and they do not fall on ex-dates.

    Raises:
        DataError: it cannot be told.
    """
    if raw.kind == "levels" and prices == "adjusted":
        return replace(raw, notes=tuple(note for note in raw.notes if not note.startswith(NO_DIVIDENDS)))
    if raw.kind != "closes" or prices == "raw":
        return raw
    off_ticks, no_falls = (np.inf, 0.0) if prices else _odds_of_adjusted(raw)
    odds = off_ticks + no_falls
    if abs(odds) <= _CLEAR:
        raise DataError(
            f"{raw.label}: Close with Dividends and no adjusted close; it cannot be told whether Close holds the "
            "dividends already. Hint: set data.prices: adjusted (as yfinance's Ticker.history writes) or raw."
        )
    if odds < 0:
        doubt = "Close is taken as raw, although it does not fall on ex-dates: data.prices states what it is"
        return replace(raw, notes=(*raw.notes, doubt)) if no_falls > _DOUBT else raw
    marks = {"is not in ticks before the last dividend": off_ticks > 0, "does not fall on ex-dates": no_falls > 0}
    reason = "data.prices states" if prices else f"it {' and '.join(mark for mark, found in marks.items() if found)}"
    note = f"Close is taken as adjusted, as {reason}: dividends are not added"
    levels = raw.values[["close"]].set_axis(["level"], axis=1)
    return replace(raw, values=levels, kind="levels", notes=(*raw.notes, note))


def _odds_of_adjusted(raw: RawSeries) -> tuple[float, float]:
    """Return the logarithms of the odds that closes hold their dividends, by ticks and by falls on ex-dates.

    Without a dividend after the first close nothing could be added: the closes are raw.
    """
    values = raw.values[raw.values["close"] > 0]
    close, paid = values["close"].to_numpy(dtype=float), np.nan_to_num(values["dividends"].to_numpy(dtype=float))
    ex_dates = np.flatnonzero(paid[1:] > 0) + 1
    if not ex_dates.size:
        return -np.inf, 0.0
    splits = np.nan_to_num(values["splits"].to_numpy(dtype=float)) if "splits" in values else None
    begin = 0 if splits is None else int(np.flatnonzero((splits > 0) & (splits != 1)).max(initial=0))
    ticks, off_ticks = _in_ticks(close[begin : ex_dates[-1]]), 0.0
    if ticks.size:
        some_other_split = _CLEAR if splits is None else 0.0  # one that is not listed moves closes off ticks
        off_ticks = -2 * _CLEAR if ticks.mean() >= _TICKS else 2 * _CLEAR - some_other_split
    return off_ticks, _odds_of_no_falls(close, paid, ex_dates)


def _in_ticks(close: Floats) -> Bools:
    """Return which closes have at most four decimals, also as single-precision numbers."""
    exact = np.abs(close - np.round(close, _DECIMALS)) <= 1e-9 * close
    single = close.astype(np.float32)
    decimals = np.clip(np.floor(-np.log10(_NOISE * np.spacing(single))), 0, _DECIMALS)
    rounded = np.round(close * 10**decimals) / 10**decimals
    of_single: Bools = rounded.astype(np.float32) == single
    return exact | of_single


def _odds_of_no_falls(close: Floats, paid: Floats, ex_dates: _Rows) -> float:
    """Return the log-likelihood ratio of moves on ex-dates that ignore the dividend to falls by it, of normal moves."""
    moves = close[1:] / close[:-1] - 1
    others = np.delete(moves, ex_dates - 1)
    usual = max(1.4826 * float(np.median(np.abs(others))) if others.size else 0.0, _LEAST_MOVE)
    moved, shares = moves[ex_dates - 1] / usual, paid[ex_dates] / close[ex_dates - 1] / usual
    far = _FAR**2
    return float(np.sum(np.minimum((moved + shares) ** 2, far) - np.minimum(moved**2, far)) / 2)
