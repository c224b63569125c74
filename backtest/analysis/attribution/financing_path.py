"""Financing rates and amounts by month."""

import numpy as np
import pandas as pd

from backtest.analysis.run_record import RunRecord
from backtest.numerics.day_counts import INTEREST_YEAR


def financing_path(result: RunRecord) -> pd.DataFrame:
    """Return the financing rates and the amount financed for each calendar month with financing.

    A month covers the periods that end in it; longer periods have a row each. Interest is divided by
    Σ loan × days / 360, so months of the same rate show the same number, and the rate over all months is
    `average_financing_rate` of the summary. The amount financed is the margin loan, the notional of futures, or the
    borrowing inside leveraged funds.

    Returns:
        (m, 4) by the last date of the run in each month with financing; no NaN, and no rows without financing. Decimals
        per year on actual days over 360: `rate` of all interest, `cash_rate` of the part at the cash return, and
        `spread`, the first less the second. `loan` is the amount financed over the NAV at the opening of a period,
        averaged over all days of the month.

    Example:
        >>> import backtest as bt
        >>> financing_path(bt.run("configs/levered_erc.yaml")).iloc[-1].round(4).tolist()
        [0.0062, 0.0012, 0.005, 0.9041]
    """
    dates = pd.DatetimeIndex(result.nav.index)
    days = np.diff(dates.to_numpy()) / np.timedelta64(1, "D")
    loan, opening = result.loan.to_numpy()[1:], result.nav.to_numpy()[:-1]
    months = dates[1:].to_period("M")
    first = np.flatnonzero(~months.duplicated())  # period of each month
    last = np.append(first[1:], len(months)) - 1

    def by_month(values: np.ndarray) -> np.ndarray:
        totals: np.ndarray = np.add.reduceat(values, first)
        return totals

    financed = by_month(loan * days / INTEREST_YEAR)
    has_loan = financed > 0
    interest, spread = (
        by_month(result.costs["financing"].to_numpy()[1:]),
        by_month(result.financing_drag.to_numpy()[1:]),
    )
    rates = {"rate": interest, "cash_rate": interest - spread, "spread": spread}
    table = {name: paid[has_loan] / financed[has_loan] for name, paid in rates.items()}
    table["loan"] = (by_month(loan / opening * days) / by_month(days))[has_loan]
    return pd.DataFrame(table, index=dates[1:][last[has_loan]])
