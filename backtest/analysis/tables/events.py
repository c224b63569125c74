"""Events that the strategy did not decide: margin calls, forced sales, scaled-down targets, ruin."""

import numpy as np
import pandas as pd

from backtest.analysis.run_record import RunRecord

FORCED = ("margin_call", "no_price")
"""Reasons of trades that the strategy did not decide."""


def events_of(result: RunRecord) -> pd.DataFrame:
    """Return the events of a run in order; at the same close, a margin call comes before a scaled-down target.

    Returns:
        (k, 2) by date, `event` and `amount`:

        - `margin_call`: a forced trade; its size, fraction of the NAV before.
        - `answered_call`: a margin call on a date of trading, answered by that trade; its size, fraction of the NAV
          before.
        - `scaled_down`: a target that was not allowed; the factor by which it was scaled down.
        - `no_price`: a sale at the last known price, because the asset no longer has a price; its size, fraction of the
          NAV before.
        - `ruin`: the loss of all NAV; the loss beyond it over the first NAV, borne by the lender if there is one.

    Example:
        >>> import backtest as bt
        >>> bt.run("configs/levered_erc.yaml").events.empty
        True
    """
    terms, sizes = result.trade_terms, result.trades.abs().to_numpy().sum(axis=1)
    rows = []
    for date, reason, called, scale, size in zip(
        result.trades.index, terms["reason"], terms["margin_call"], terms["scale"], sizes, strict=True
    ):
        if called:
            rows.append((date, "margin_call" if reason == "margin_call" else "answered_call", size))
        elif reason == "no_price":
            rows.append((date, "no_price", size))
        if scale < 1:
            rows.append((date, "scaled_down", scale))
    if result.nav.iloc[-1] <= 0:
        rows.append((result.nav.index[-1], "ruin", float(result.contributions["shortfall"].iloc[-1])))
    dates = pd.DatetimeIndex([row[0] for row in rows], name="date")
    return pd.DataFrame(
        {"event": [row[1] for row in rows], "amount": np.array([row[2] for row in rows], dtype=float)}, index=dates
    )


def counts_of_events(result: RunRecord) -> dict[str, int]:
    """Return the numbers of margin calls, of forced trades, and of targets that were scaled down."""
    terms = result.trade_terms
    return {
        "margin_calls": int(terms["margin_call"].sum()),
        "forced_sales": int(terms["reason"].isin(FORCED).sum()),
        "targets_scaled_down": int((terms["scale"] < 1).sum()),
    }
