"""What was paid for what was financed, month by month."""

import numpy as np
import pandas as pd

from backtest.analysis.run_record import RunRecord


def financing_path(result: RunRecord) -> pd.DataFrame:
    """Rates that were paid and how much was financed, in each calendar month in which anything was.

    Of the periods that end in a month, or of each period where they are longer. Interest is over Σ loan × days / 360,
    so that months of the same rate show the same, and all of them together are the summary's `average_financing_rate`.
    What is financed is on margin the loan, in futures their notional, through leveraged funds what these borrow.

    Returns:
        (m, 4) by the last date of the run in each such month, no NaN; none where nothing was ever financed. Decimals
        per year by actual days over 360, `rate` of all interest, `cash_rate` of what it would be at the cash return,
        and `spread`, the first less the second; and `loan`, what was financed over the NAV at the opening of a
        period, averaged by days, those without any included.

    Example:
        >>> import backtest as bt
        >>> financing_path(bt.run("configs/levered_erc.yaml")).iloc[-1].round(4).tolist()
        [0.0062, 0.0012, 0.005, 0.9041]
    """
    dates = pd.DatetimeIndex(result.nav.index)
    days = np.diff(dates.to_numpy()) / np.timedelta64(1, "D")
    loan, opening = result.loan.to_numpy()[1:], result.nav.to_numpy()[:-1]
    months = (dates.year * 12 + dates.month).to_numpy()[1:]
    first = np.flatnonzero(np.diff(months, prepend=0))  # period of each month
    last = np.append(first[1:], len(months)) - 1

    def summed(values: np.ndarray) -> np.ndarray:
        found: np.ndarray = np.add.reduceat(values, first)
        return found

    financed = summed(loan * days / 360)
    any_loan = financed > 0
    interest, spread = summed(result.costs["financing"].to_numpy()[1:]), summed(result.financing_drag.to_numpy()[1:])
    rates = {"rate": interest, "cash_rate": interest - spread, "spread": spread}
    table = {name: paid[any_loan] / financed[any_loan] for name, paid in rates.items()}
    table["loan"] = (summed(loan / opening * days) / summed(days))[any_loan]
    return pd.DataFrame(table, index=dates[1:][last[any_loan]])
