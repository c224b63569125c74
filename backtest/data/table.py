"""`Table`: what a source hands over, before it is checked and aligned."""

from dataclasses import dataclass, field

import pandas as pd


@dataclass(frozen=True, eq=False)
class Column:
    """A series that a source offers: its name, its class where it is an asset, and one line about it."""

    name: str
    kind: str  # "asset", "cash", "macro"; a file's columns are all "asset"
    asset_class: str | None = None
    description: str = ""


@dataclass(frozen=True, eq=False)
class Table:
    """Series as a source has them.

    Args:
        values: (T, k) numbers by date; total-return levels, or returns where `are_returns`. NaN = missing.
        label: the file's name, for messages.
        are_returns: whether the values are simple returns.
        first_line: line of the first row in the file, for messages; None where rows have no lines.
        notes: caveats of these series, for the report.
    """

    values: pd.DataFrame
    label: str
    are_returns: bool = False
    first_line: int | None = None
    notes: tuple[str, ...] = field(default=())

    def where(self, row: int) -> str:
        """`label:line` of a row, or `label` and the date where lines mean nothing."""
        if self.first_line is not None:
            return f"{self.label}:{self.first_line + row}"
        return f"{self.label}: row {row + 1}"
