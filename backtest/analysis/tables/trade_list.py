"""Every trade of a run as a row of a table."""

import numpy as np
import pandas as pd

from backtest.analysis.run_record import RunRecord


def trade_list(result: RunRecord) -> pd.DataFrame:
    """One row for each asset that was traded on a date, by date, then in the order of the assets.

    Returns:
        (k, 5), no NaN; trades of exactly zero are left out:

        - `date`, `asset`.
        - `trade`: fraction of NAV before it; through leveraged funds, of their shares.
        - `weight`: what the asset is after that date's close, fraction of NAV; through leveraged funds, exposure.
        - `reason`: of the trade, as in `result.trade_terms`.

    Example:
        >>> import backtest as bt
        >>> trades = trade_list(bt.run("configs/60_40.yaml"))
        >>> trades.assign(trade=trades["trade"].round(4)).head(3).drop(columns=["date", "reason"])
                     asset   trade  weight
        0        us_stocks  0.5994     0.6
        1  us_treasury_10y  0.3996     0.4
        2        us_stocks  0.0026     0.6
    """
    sizes = result.trades.to_numpy()
    made, asset = np.nonzero(sizes)
    dates = pd.DatetimeIndex(result.trades.index)
    rows = result.nav.index.get_indexer(dates)
    return pd.DataFrame(
        {
            "date": dates[made],
            "asset": np.array(result.assets, dtype=object)[asset],
            "trade": sizes[made, asset],
            "weight": result.weights.to_numpy()[rows[made], asset],
            "reason": result.trade_terms["reason"].to_numpy()[made],
        }
    )
