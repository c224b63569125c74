"""Overwriting of all values after a date, and comparison of what a run says up to that date."""

from collections.abc import Callable

import numpy as np
import pandas as pd

Overwrite = Callable[[pd.DataFrame, int, np.random.Generator], pd.DataFrame]
"""Function of values, a row and a generator that returns the values with others after the row."""


def wilder(frame: pd.DataFrame, row: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return another, wilder future that does not ruin three times levered bonds; missing values stay missing."""
    shape = (len(frame) - row - 1, frame.shape[1])
    if (frame.fillna(1) > 0).all(axis=None):
        frame.iloc[row + 1 :] *= rng.uniform(0.9, 1.12, size=shape)
    else:
        later = frame.iloc[row + 1 :]
        frame.iloc[row + 1 :] = np.where(later.isna(), np.nan, rng.uniform(-0.1, 0.12, size=shape))
    return frame


def backwards(frame: pd.DataFrame, row: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return the values in reverse order, moved a little: extremes, quantiles and means of the file stay similar."""
    later = frame.iloc[row + 1 :]
    moved = later[::-1].to_numpy() * (1 if (frame.fillna(1) > 0).all(axis=None) else -0.5)
    frame.iloc[row + 1 :] = np.where(later.isna() | np.isnan(moved), later * 0.9, moved * rng.uniform(0.98, 1.02))
    return frame


def overwritten(
    overwrite: Overwrite, frame: pd.DataFrame, row: int, rng: np.random.Generator, cash: str
) -> pd.DataFrame:
    """Return a copy of values with others after a row; the column of cash differs too, and still grows as a deposit."""
    changed = overwrite(frame.copy(), row, rng)
    later = frame[cash].iloc[row + 1 :]
    moves = rng.uniform(-0.001, 0.001, size=len(later))
    changed.loc[later.index, cash] = later * (1 + moves) if (frame.fillna(1) > 0).all(axis=None) else later + moves
    return changed


def rows_until(csv: bytes, day: pd.Timestamp) -> list[bytes]:
    """Return the header and the rows of dates up to and including a day."""
    header, *rows = csv.splitlines()
    return [header, *(row for row in rows if row[:10] <= f"{day:%Y-%m-%d}".encode())]
