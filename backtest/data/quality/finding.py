"""`Finding`: an anomaly in the data that the user should review."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Finding:
    """Anomaly in one series that the user should review.

    Args:
        series: name of the series.
        check: name of the check: `gap`, `missing`, `stale`, `spike`, `split`, `jump`, `end`, `weekend`, `dividend`,
            `unit` or `lagging`.
        first: the first date concerned.
        last: the last date concerned.
        text: description with the values found and the values expected.

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
