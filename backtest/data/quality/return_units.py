"""Units of returns: gross returns, prices, percent and logarithms where simple decimal returns are expected."""

import re
from collections.abc import Collection

import numpy as np
import pandas as pd

from backtest.data.dates.spacing import spacing_of
from backtest.data.quality.finding import Finding
from backtest.data.series_table import SeriesTable
from backtest.errors import DataError

_NEAR_ONE = (0.5, 2.0)  # gross returns of any asset, in all but a few periods
_FEW = 0.05  # share of the periods
_FEWEST = 12  # returns that show a volatility
_NORMAL = 1.4826  # standard deviation of a normal distribution over its median move
_WILD, _ABSURD = 1.0, 3.0  # volatility a year: shares that reach the first are rare, the second is not reached
_LOGARITHM = re.compile(r"(^|[^a-z])(log|ln)([^a-z]|$|[ _-]?ret)", re.IGNORECASE)


def check_units(table: SeriesTable, assets: Collection[str]) -> list[Finding]:
    """Return a finding if the returns of a file look like percent.

    The typical asset of the file is judged by the median size of its returns, on which a crash has no influence.

    Args:
        table: returns of a file; rows in order.
        assets: names of the assets; other series, such as cash, may be too calm to judge.

    Raises:
        DataError: the values are gross returns or prices, or can only be percent.
    """
    if not table.are_returns:
        return []
    dates = pd.DatetimeIndex(table.values.index)
    per_year, sizes = spacing_of(dates).rows_per_year, {}
    for name, column in table.values.items():
        returns = column.dropna().to_numpy(dtype=float)
        if returns.size > 1:
            _check_gross(table.label, str(name), returns)
        if returns.size >= _FEWEST and name in assets:
            sizes[str(name)] = float(np.median(np.abs(returns)))
    typical = float(np.median(list(sizes.values()))) if sizes else 0.0
    volatility = _NORMAL * typical * per_year**0.5
    if volatility <= _WILD:
        return []
    name = min(sizes, key=lambda asset: abs(sizes[asset] - typical))
    text = (
        f"half of the returns of {table.label} are beyond {typical:.3g}, a volatility of {100 * volatility:,.0f} % a "
        "year; expected decimals, 0.01 for 1 %. Are they percent?"
    )
    if volatility > _ABSURD:
        raise DataError(f"{name}: {text} Hint: divide them by 100, or set data.values: prices if they are levels.")
    return [Finding(name, "unit", dates[0].date(), dates[-1].date(), text)]


def _check_gross(label: str, name: str, returns: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> None:
    """Raise `DataError` if nearly all returns are far above zero."""
    low, typical = np.quantile(returns, (_FEW, 0.5))
    if low < _NEAR_ONE[0]:
        return
    what, hint = "prices", "set data.values: prices."
    if typical < _NEAR_ONE[1]:
        what, hint = (
            "gross returns, or prices near 1",
            "subtract 1 from gross returns; for prices set data.values: prices.",
        )
    raise DataError(
        f"{label}: {name}: a typical return of {typical:g}, as of {what}; expected simple returns, 0.01 for 1 %. "
        f"Hint: {hint}"
    )


def log_returns_by_name(table: SeriesTable) -> tuple[str, ...]:
    """Return a note if the name of a file of returns, or of a column in it, speaks of logarithms.

    >>> days = pd.date_range("2020-01-31", periods=2, freq="ME")
    >>> values = pd.DataFrame({"SPY_log_return": [0.01, 0.02]}, index=days)
    >>> log_returns_by_name(SeriesTable(values, "r.csv", are_returns=True))
    ('r.csv: SPY_log_return: by its name a logarithm, but read as a simple return',)
    """
    if not table.are_returns:
        return ()
    named = [str(name) for name in table.values.columns if _LOGARITHM.search(str(name))]
    what = f"{table.label}: {', '.join(named)}" if named else table.label
    if not named and not _LOGARITHM.search(table.label):
        return ()
    return (f"{what}: by its name a logarithm, but read as a simple return",)
