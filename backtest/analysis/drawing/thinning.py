"""Selection of the rows to draw of a long series: a chart needs a few thousand points, including the extremes."""

import numpy as np
import pandas as pd

from backtest.numerics.arrays import Floats, Ints


def evenly_spaced(dates: pd.Index, most: int) -> pd.Index:
    """Return every m-th date for the smallest m that gives at most `most` dates, and the last date.

    >>> evenly_spaced(pd.Index(range(8)), 3).tolist()
    [0, 3, 6, 7]
    """
    return dates[:: -(-len(dates) // most)].union(dates[-1:])


def rows_to_draw(values: Floats, most: int) -> Ints:
    """Return the rows that a chart needs: in each bucket of rows, the lowest and the highest row of each column.

    This is min-max decimation: unlike every m-th row, it keeps the peak and the trough of each bucket. The rows are the
    same for all columns, so the lines share their dates. No value is interpolated.

    Args:
        values: (P, k) columns that share dates; NaN is neither lowest nor highest.
        most: largest number of rows, 2 k + 2 or more (one bucket).

    Returns:
        (r,) rising rows, r <= most, including the first and the last; all P rows if P <= most.

    Raises:
        ValueError: `most` is too small for one bucket.

    Example:
        >>> rows_to_draw(np.array([[0.0], [1.0], [3.0], [2.0], [-1.0], [0.5], [0.0]]), 6).tolist()
        [0, 2, 4, 5, 6]
    """
    count, columns = values.shape
    if count <= most:
        return np.arange(count)
    buckets = (most - 2) // (2 * columns) if columns else 0
    if buckets < 1:
        raise ValueError(f"most: {most}; expected {2 * columns + 2} rows or more for {columns} columns")
    size = -(-count // buckets)
    padded = np.full((-(-count // size) * size, columns), np.nan)
    padded[:count] = values
    folded, missing = padded.reshape(-1, size, columns), np.isnan(padded).reshape(-1, size, columns)
    extremes = [np.where(missing, np.inf, signed).argmin(axis=1) for signed in (folded, -folded)]
    starts = size * np.arange(len(folded))[:, None]
    rows = np.concatenate([(starts + offset).ravel() for offset in extremes])
    return np.unique(np.concatenate([[0, count - 1], rows]))
