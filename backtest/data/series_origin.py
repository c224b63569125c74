"""`Origin`: where a series of a run comes from, and the meaning of its values."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    """Origin of a series of a run.

    Args:
        name: name in the run.
        source: name of the source.
        symbol: symbol at the source.
        first: its first date at the source, ISO.
        last: its last date at the source, ISO.
        values: number of its values at the source.
        meaning: meaning of the values, such as a total-return level, returns or a quoted rate.
    """

    name: str
    source: str
    symbol: str
    first: str
    last: str
    values: int
    meaning: str
