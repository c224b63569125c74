"""`Table`: what a source hands over, before it is checked and aligned."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, eq=False)
class Column:
    """A series that a source offers: its name, its class and whether it is a spot price where it is an asset."""

    name: str
    kind: str  # "asset", "cash", "macro"; a file's columns are all "asset"
    asset_class: str | None = None
    description: str = ""  # one line about it
    spot: bool = False


@dataclass(frozen=True, eq=False)
class Table:
    """Series as a source has them.

    Args:
        values: (T, k) numbers by date; total-return levels, or returns where `are_returns`. NaN = missing.
        label: the file's name, for messages.
        are_returns: whether the values are simple returns.
        places: where each row stands, for messages; none where rows have been moved.
    """

    values: pd.DataFrame
    label: str
    are_returns: bool = False
    places: Sequence[str] = ()

    def where(self, row: int) -> str:
        """The place of a row, or the table's name."""
        return self.places[row] if self.places else self.label
