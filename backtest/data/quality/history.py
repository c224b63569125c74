"""`History`: the values of one series in which anomalies are found."""

from dataclasses import dataclass

from backtest.data.quality.finding import Finding
from backtest.numerics.arrays import Dates, Floats


@dataclass(frozen=True, eq=False)
class History:
    """The n dates with a value of one series, and the values."""

    series: str
    days: Dates
    levels: Floats
    closes: Floats

    def finding(self, check: str, first: int, last: int, text: str) -> Finding:
        """Return a finding from one row to another."""
        return Finding(self.series, check, self.days[first].item(), self.days[last].item(), text)
