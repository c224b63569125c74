"""What happened to a run besides its own decisions: margin calls, targets that were not allowed, ruin."""

import numpy as np
import pandas as pd

from backtest.analysis.run_record import RunRecord

FORCED = ("margin_call", "no_price")
"""Reasons of a trade that nobody decided."""


def events_of(result: RunRecord) -> pd.DataFrame:
    """The events of a run, in their order; at a close its margin call comes first, then what was scaled down.

    Returns:
        (k, 2) by date, `event` and `amount`:

        - `margin_call`: what it forced to be traded, fraction of NAV before.
        - `answered_call`: a margin call on a date of trading; the amount is what that trade moved, likewise.
        - `scaled_down`: what of the target was allowed.
        - `no_price`: what was sold at its last price, for want of one, fraction of NAV before.
        - `ruin`: what was lost beyond NAV, by the lender if there is one, over the first NAV.

    Example:
        >>> import backtest as bt
        >>> bt.run("configs/levered_erc.yaml").events.empty
        True
    """
    terms, traded = result.trade_terms, result.trades.abs().to_numpy().sum(axis=1)
    rows = []
    for date, reason, called, scale, size in zip(
        result.trades.index, terms["reason"], terms["margin_call"], terms["scale"], traded, strict=True
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
    """How many margin calls there were, trades that nobody decided, and targets that were scaled down."""
    terms = result.trade_terms
    return {
        "margin_calls": int(terms["margin_call"].sum()),
        "forced_sales": int(terms["reason"].isin(FORCED).sum()),
        "targets_scaled_down": int((terms["scale"] < 1).sum()),
    }
