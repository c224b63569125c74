"""Ints of a long series that are worth drawing: a picture has some thousand points, and is to keep its extremes."""

import numpy as np
import pandas as pd

from backtest.numerics.arrays import Floats, Ints


def evenly_spaced(dates: pd.Index, most: int) -> pd.Index:
    """Return every m-th date, for the least m that leaves at most `most` of them, and the last date.

    >>> evenly_spaced(pd.Index(range(8)), 3).tolist()
    [0, 3, 6, 7]
    """
    return dates[:: -(-len(dates) // most)].union(dates[-1:])


def rows_to_draw(values: Floats, most: int) -> Ints:
    """The rows that a picture needs: of each bucket of rows, where each column is lowest and where it is highest.

    Min-max decimation: in what is drawn, no peak and no trough of a bucket is lost, as it would be with every m-th row.
    The rows are the same for all columns, so that lines stay beside each other. No value is made up.

    Args:
        values: (P, k) columns that share dates; NaN is neither low nor high.
        most: rows to return at most; 2 k + 2 or more, for one bucket.

    Returns:
        (r,) rising rows, r <= most, the first and the last of P included; all P where that is not too many.

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
    found = np.concatenate([(starts + place).ravel() for place in extremes])
    return np.unique(np.concatenate([[0, count - 1], found]))
