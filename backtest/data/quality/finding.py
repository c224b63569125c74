"""`Finding`: something in the data that should be looked at."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Finding:
    """Something that should be looked at in one series.

    Args:
        series: its name.
        check: `gap`, `missing`, `stale`, `spike`, `split`, `weekend`, `dividend`, `unit` or `lagging`.
        first: the first date concerned.
        last: the last one.
        text: the finding with its values, and what was expected.

    >>> str(Finding("TLT", "gap", date(2020, 1, 3), date(2020, 1, 31), "no value for 28 days"))
    'TLT: no value for 28 days'
    """

    series: str
    check: str
    first: date
    last: date
    text: str

    def __str__(self) -> str:
        return f"{self.series}: {self.text}"
