"""`SeriesTable`: levels or returns of several series by date."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, eq=False)
class SeriesTable:
    """Levels or returns of several series by date.

    Args:
        values: (T, k) total-return levels, or simple returns if `are_returns`; NaN = missing.
        label: the file's name, for messages.
        are_returns: whether the values are simple returns.
        places: place of each row in the user's file, for messages; empty once rows have been moved.
    """

    values: pd.DataFrame
    label: str
    are_returns: bool = False
    places: Sequence[str] = ()

    def where(self, row: int) -> str:
        """Return the place of a row in its file, or the table's label."""
        return self.places[row] if self.places else self.label
