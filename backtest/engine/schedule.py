"""When weights are decided and when they are traded."""

from typing import Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

Frequency = Literal["daily", "weekly", "monthly", "quarterly", "yearly", "never"]


class RebalanceSettings(BaseModel):
    """The `rebalance:` section of a configuration.

    Args:
        frequency: the last date of each such period in the data decides new weights; `never`: the first possible
            date decides them once.
        execution_lag: dates from the decision to the trade at the close; by default 1 for daily and weekly data, 0 for
            monthly and longer. A lag of 0 on daily data trades at the very close that decided.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    frequency: Frequency = "monthly"
    execution_lag: Annotated[int, Field(ge=0, le=1000, strict=True)] | None = None

    def lag(self, periods_per_year: int) -> int:
        """The execution lag in periods."""
        if self.execution_lag is not None:
            return self.execution_lag
        return 1 if periods_per_year >= 52 else 0


def rebalance_rows(dates: pd.DatetimeIndex, frequency: Frequency) -> list[int]:
    """Positions of the rebalance dates: the last date of each period in the data.

    Weeks are ISO weeks. The last date of the data is always one of them: what is decided there is not traded, but tells
    what to hold now. `daily` and `never` give every date: `never` is for the caller to stop after the first.

    >>> rebalance_rows(pd.DatetimeIndex(["2020-01-30", "2020-01-31", "2020-02-03"]), "monthly")
    [1, 2]
    """
    if frequency in ("daily", "never"):
        return list(range(len(dates)))
    if frequency == "weekly":
        weeks = dates.isocalendar()
        period = weeks["year"].to_numpy(dtype=np.int64) * 100 + weeks["week"].to_numpy(dtype=np.int64)
    else:
        months = dates.year.to_numpy(dtype=np.int64) * 12 + dates.month.to_numpy(dtype=np.int64) - 1
        period = months // {"monthly": 1, "quarterly": 3, "yearly": 12}[frequency]
    return [int(row) for row in np.flatnonzero(np.diff(period, append=-1))]
