"""The returns in the window of each date, without gaps."""

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
    """The windows of those dates that have one, each a table without NaN: as `window_places`, with the returns.

    Yields:
        The date's position in `rows`, the columns of the k assets that are there, and their returns, (r, k),
        read-only.

    Example:
        >>> returns = np.array([[0.01, 0.02], [0.03, np.nan], [0.02, 0.01]])
        >>> [(at, columns.tolist(), len(x)) for at, columns, x in complete_windows(returns, [2], 3, "complete_rows")]
        [(0, [0, 1], 2)]
    """
    for at, columns, kept in window_places(excess_returns, rows, window, missing):
        returns = excess_returns[kept[0] : kept[-1] + 1]
        if len(kept) < len(returns):
            returns = returns[kept - kept[0]]
        returns = returns[:, columns] if columns.size < returns.shape[1] else returns[:]
        returns.flags.writeable = False  # it may be the caller's own
        yield at, columns, returns


def shortened_windows(
    excess_returns: Floats, rows: Sequence[int], window: int, missing: Missing
) -> Iterator[tuple[int, NDArray[np.intp], Floats]]:
    """Those of `complete_windows` that lack rows, for estimators that treat the others all together.

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
    """Which assets and which rows make a table without NaN, for those dates that have a full window.

    By `complete_assets` an asset is there if it has all returns of the window. By `complete_rows` it is there if it
    has a return on the date itself, and had its first one by the window's first row; rows on which an asset that is
    there lacks its return are left out for all of them. How many were left out is logged.

    Args:
        excess_returns: (T, n) decimal per period; NaN where an asset has none.
        rows: m rising positions in 0..T-1.
        window: number of returns, at least 2.
        missing: `complete_assets` or `complete_rows`.
        expanding: the window grows from the first row since which all assets that are there have returns (with
            `complete_assets`: without a gap); `window` is then the least number of returns.

    Yields:
        The date's position in `rows`, the columns of the assets that are there, and the rows of the window that are
        kept. Dates before the window is full, or without any asset, are passed over.

    Raises:
        EstimationError: more than half of a window's rows would be left out, or all but one.

    Example:
        >>> returns = np.array([[0.01, 0.02], [0.03, np.nan], [0.02, 0.01], [0.01, 0.03]])
        >>> [(columns.tolist(), kept.tolist()) for _, columns, kept in window_places(returns, [3], 4, "complete_rows")]
        [([0, 1], [0, 2, 3])]
        >>> [columns.tolist() for _, columns, _ in window_places(returns, [2, 3], 2, "complete_assets")]
        [[0], [0, 1]]
    """
    known = ~np.isnan(excess_returns)
    positions = np.arange(len(known))[:, None]
    last_gap = np.maximum.accumulate(np.where(known, -1, positions), axis=0)
    begun = np.where(known.any(axis=0), known.argmax(axis=0), len(known))
    left_out = np.zeros(len(known), dtype=bool)
    for at, row in enumerate(rows):
        first = row + 1 - window
        since = begun if missing == "complete_rows" else last_gap[row] + 1
        columns = np.flatnonzero(known[row] & (since <= first))
        if first < 0 or not columns.size:
            continue
        if expanding:
            first = int(since[columns].max())
        kept = np.arange(first, row + 1)
        if missing == "complete_rows":
            complete = np.all(known[first : row + 1, columns], axis=1)
            left_out[first : row + 1] |= ~complete
            kept = kept[complete]
        if len(kept) < max(2, (row + 1 - first) / 2):
            raise EstimationError(
                f"the window that ends on row {row} has {len(kept)} of {row + 1 - first} rows on which all of its "
                f"{columns.size} assets have returns; expected half of them or more, and two at least. "
                "Hint: estimation.missing: complete_assets, or leave out the asset with the gaps."
            )
        yield at, columns, kept
    if left_out.any():
        _log.warning(
            "%d rows are left out of all covariances, on which an asset lacks its return (estimation.missing)",
            left_out.sum(),
        )


def scatter(matrix: Floats, columns: NDArray[np.intp], count: int) -> Floats:
    """The (k, k) matrix of some assets as that of all (count, count), NaN for the others.

    >>> scatter(np.array([[4.0]]), np.array([1]), 2).tolist()
    [[nan, nan], [nan, 4.0]]
    """
    whole = np.full((count, count), np.nan)
    whole[np.ix_(columns, columns)] = matrix
    return whole
