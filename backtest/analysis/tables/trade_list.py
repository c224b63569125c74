"""List of all trades of a run."""

import numpy as np
import pandas as pd

from backtest.analysis.run_record import RunRecord


def trade_list(result: RunRecord) -> pd.DataFrame:
    """Return one row for each trade of an asset, by date, then in the order of the assets.

    Returns:
        (k, 5), no NaN; trades of exactly zero are left out:

        - `date` and `asset`.
        - `trade`: fraction of the NAV before the trade; with leveraged funds, the trade of their shares.
        - `weight`: weight of the asset after that date's close, fraction of NAV; with leveraged funds, its exposure.
        - `reason`: reason of the trade, as in `result.trade_terms`.

    Example:
        >>> import backtest as bt
        >>> trades = trade_list(bt.run("configs/60_40.yaml", {"start": "1978-01-31", "end": "2012-12-31"}))
        >>> trades.assign(trade=trades["trade"].round(4)).head(3).drop(columns=["date", "reason"])
                     asset   trade  weight
        0        us_stocks  0.5994     0.6
        1  us_treasury_10y  0.3996     0.4
        2        us_stocks  0.0026     0.6
    """
    sizes = result.trades.to_numpy()
    trade, asset = np.nonzero(sizes)
    dates = pd.DatetimeIndex(result.trades.index)
    rows = result.nav.index.get_indexer(dates)
    return pd.DataFrame(
        {
            "date": dates[trade],
            "asset": np.array(result.assets, dtype=object)[asset],
            "trade": sizes[trade, asset],
            "weight": result.weights.to_numpy()[rows[trade], asset],
            "reason": result.trade_terms["reason"].to_numpy()[trade],
        }
    )
