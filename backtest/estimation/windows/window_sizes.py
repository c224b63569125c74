"""Returns in the window of each date, without gaps."""

import logging
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from backtest.errors import EstimationError
from backtest.estimation.estimator import Missing
from backtest.numerics.arrays import Floats

_log = logging.getLogger(__name__)


def complete_windows(
    excess_returns: Floats, rows: Sequence[int], window: int, missing: Missing
) -> Iterator[tuple[int, NDArray[np.intp], Floats]]:
    """Yield the full windows as tables without NaN; see `window_places` for the choice of assets and rows.

    Yields:
        The date's position in `rows`, the columns of the k available assets, and their (r, k) returns, read-only.

    Example:
        >>> returns = np.array([[0.01, 0.02], [0.03, np.nan], [0.02, 0.01]])
        >>> [(at, columns.tolist(), len(x)) for at, columns, x in complete_windows(returns, [2], 3, "complete_rows")]
        [(0, [0, 1], 2)]
    """
    for at, columns, rows_used in window_places(excess_returns, rows, window, missing):
        returns = excess_returns[rows_used[0] : rows_used[-1] + 1]
        if len(rows_used) < len(returns):
            returns = returns[rows_used - rows_used[0]]
        returns = returns[:, columns] if columns.size < returns.shape[1] else returns[:]
        returns.flags.writeable = False  # it may be a view of the caller's array
        yield at, columns, returns


def shortened_windows(
    excess_returns: Floats, rows: Sequence[int], window: int, missing: Missing
) -> Iterator[tuple[int, NDArray[np.intp], Floats]]:
    """Yield the windows of `complete_windows` that lack rows, for estimators that process full windows together.

    >>> returns = np.array([[0.01, 0.02], [0.03, np.nan], [0.02, 0.01], [0.01, np.nan]])
    >>> [(at, columns.tolist()) for at, columns, _ in shortened_windows(returns, [2, 3], 3, "complete_rows")]
    [(0, [0, 1])]
    >>> list(shortened_windows(returns, [2, 3], 3, "complete_assets"))
    []
    """
    if missing == "complete_rows":
        for at, columns, returns in complete_windows(excess_returns, rows, window, missing):
            if len(returns) < window:
                yield at, columns, returns


def window_places(
    excess_returns: Floats, rows: Sequence[int], window: int, missing: Missing, *, expanding: bool = False
) -> Iterator[tuple[int, NDArray[np.intp], NDArray[np.intp]]]:
    """Choose assets and rows that form a table without NaN, for each date with a full window.

    With `complete_assets`, an asset is available if it has all returns of the window. With `complete_rows`, an asset is
    available if it has a return on the date itself and had its first return by the first row of the window. Rows on
    which an available asset lacks its return are then left out for all assets, and their number is logged.

    Args:
        excess_returns: (T, n) decimal per period; NaN for missing returns.
        rows: m rising positions in 0..T-1.
        window: number of returns, at least 2.
        missing: `complete_assets` or `complete_rows`.
        expanding: whether the window grows from the first row from which all available assets have returns (without a
            gap, with `complete_assets`); `window` is then the smallest number of returns.

    Yields:
        The date's position in `rows`, the columns of the available assets, and the rows of the window that are used.
        Dates before the window is full, or without any asset, are skipped.

    Raises:
        EstimationError: more than half of a window's rows would be left out, or all but one.

    Example:
        >>> returns = np.array([[0.01, 0.02], [0.03, np.nan], [0.02, 0.01], [0.01, 0.03]])
        >>> chosen = window_places(returns, [3], 4, "complete_rows")
        >>> [(columns.tolist(), used.tolist()) for _, columns, used in chosen]
        [([0, 1], [0, 2, 3])]
        >>> [columns.tolist() for _, columns, _ in window_places(returns, [2, 3], 2, "complete_assets")]
        [[0], [0, 1]]
    """
    known = ~np.isnan(excess_returns)
    positions = np.arange(len(known))[:, None]
    last_gap = np.maximum.accumulate(np.where(known, -1, positions), axis=0)
    first_known = np.where(known.any(axis=0), known.argmax(axis=0), len(known))
    left_out = np.zeros(len(known), dtype=bool)
    for at, row in enumerate(rows):
        first = row + 1 - window
        since = first_known if missing == "complete_rows" else last_gap[row] + 1
        columns = np.flatnonzero(known[row] & (since <= first))
        if first < 0 or not columns.size:
            continue
        if expanding:
            first = int(since[columns].max())
        rows_used = np.arange(first, row + 1)
        if missing == "complete_rows":
            complete = np.all(known[first : row + 1, columns], axis=1)
            left_out[first : row + 1] |= ~complete
            rows_used = rows_used[complete]
        if len(rows_used) < max(2, (row + 1 - first) / 2):
            raise EstimationError(
                f"the window that ends on row {row} has {len(rows_used)} of {row + 1 - first} rows on which all of its "
                f"{columns.size} assets have returns; expected at least half of them, and at least two. "
                "Hint: estimation.missing: complete_assets, or leave out the asset with the gaps."
            )
        yield at, columns, rows_used
    if left_out.any():
        _log.warning(
            "%d rows on which an asset lacks its return are left out of all covariances (estimation.missing)",
            left_out.sum(),
        )


def scatter(matrix: Floats, columns: NDArray[np.intp], count: int) -> Floats:
    """Place the (k, k) matrix of some assets into a (count, count) matrix of all assets, with NaN elsewhere.

    >>> scatter(np.array([[4.0]]), np.array([1]), 2).tolist()
    [[nan, nan], [nan, 4.0]]
    """
    whole = np.full((count, count), np.nan)
    whole[np.ix_(columns, columns)] = matrix
    return whole
