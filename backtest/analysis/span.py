"""A result over some of its dates: from a later start, to an earlier end, or on the dates that others have too."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from backtest.analysis.result import BacktestResult

Array = NDArray[np.float64]
Table = TypeVar("Table", pd.Series, pd.DataFrame)


def on_dates(result: "BacktestResult", dates: pd.DatetimeIndex) -> "BacktestResult":
    """The same run over these dates alone, NAV rebased to 1 on the first, without its benchmark.

    What was held on the first date is taken over as it stands, without a cost: the run did not begin there. (On the
    run's own first date it is bought, and the cost falls in the next row's period, as in the whole run.) The decision
    that stood then is kept. Where dates are left out, the periods between two that remain become one: what flowed in
    them is added up, returns are compounded, and the loan is the average by days.

    Args:
        result: of a run.
        dates: (Q,) of its NAV, rising, Q of 2 or more.

    Returns:
        A result like any other; its NAV is `result.nav` over that of the first date.

    Example:
        >>> import backtest as bt
        >>> result = bt.run("configs/60_40.yaml")
        >>> bool(abs(on_dates(result, result.nav.index[120:]).returns - result.returns.iloc[120:]).max() < 1e-14)
        True
    """
    rows = result.nav.index.get_indexer(dates)
    if len(rows) < 2 or (rows < 0).any() or (np.diff(rows) <= 0).any():
        raise ValueError("dates: expected two or more of the run's own, rising")
    whole = len(rows) == rows[-1] - rows[0] + 1
    if whole and len(rows) == len(result.nav):
        return replace(result, benchmark=None, break_even=None)
    ends_early = rows[-1] < len(result.nav) - 1
    return replace(
        result,
        nav=result.nav.iloc[rows] / result.nav.iloc[rows[0]],
        weights=result.weights.iloc[rows],
        **_flows(result, rows),
        asset_returns=_compounded(result.asset_returns, rows, whole),
        cash_returns=_compounded(result.cash_returns, rows, whole),
        **_decisions(result, dates),
        **_trades(result, dates),
        latest_trades=0.0 * result.latest_trades if ends_early else result.latest_trades,
        benchmark=None,
        break_even=None,
    )


def _flows(result: "BacktestResult", rows: NDArray[np.int64]) -> dict[str, Any]:
    """Sums over the periods up to each date since the one before, over the first NAV; nothing in the first row."""
    scale, starts, end = float(result.nav.iloc[rows[0]]), rows[:-1] + 1, int(rows[-1]) + 1

    def summed(table: Table, scale: float = 1.0) -> Table:
        found = table.iloc[rows].copy()
        found.iloc[0] = 0.0
        found.iloc[1:] = np.add.reduceat(table.to_numpy()[:end], starts, axis=0) / scale
        return found

    days = np.diff(result.nav.index.to_numpy(), prepend=result.nav.index.to_numpy()[0]) / np.timedelta64(1, "D")
    loan_days = summed(result.loan * days, scale)
    loan = loan_days / np.append(1.0, np.add.reduceat(days[:end], starts))
    return {
        "turnover": summed(result.turnover),
        "costs": summed(result.costs, scale),
        "financing_drag": summed(result.financing_drag, scale),
        "contributions": summed(result.contributions, scale),
        "loan": loan.rename("loan"),
    }


def _compounded(returns: Table, rows: NDArray[np.int64], whole: bool) -> Table:
    """Over the periods between dates; as they are, to the bit, where none is left out."""
    found = returns.iloc[rows]
    if not whole:
        growth = np.multiply.reduceat(1 + returns.to_numpy()[: rows[-1] + 1], rows[:-1] + 1, axis=0)
        found = found.copy()
        found.iloc[1:] = growth - 1
    return found


def _decisions(result: "BacktestResult", dates: pd.DatetimeIndex) -> dict[str, Any]:
    """From the one that stood on the first date to the last one by the end."""
    standing = result.trade_dates[result.trade_dates <= dates[0]]
    since = standing.index[-1] if len(standing) else result.trade_dates.index[0]
    risk = ("risk_contributions", "asset_volatilities", "class_volatilities")
    tables = ("target_weights", "target_scales", *risk, "trade_dates")
    cut = {name: getattr(result, name).loc[since : dates[-1]] for name in tables}
    return {**cut, "trade_dates": cut["trade_dates"].where(cut["trade_dates"] <= dates[-1])}


def _trades(result: "BacktestResult", dates: pd.DatetimeIndex) -> dict[str, Any]:
    """Those within the dates; before them what is taken over, as the trade that would have bought it."""
    if dates[0] == result.nav.index[0]:
        return {"trades": result.trades.loc[: dates[-1]], "trade_terms": result.trade_terms.loc[: dates[-1]]}
    within = (result.trades.index > dates[0]) & (result.trades.index <= dates[-1])
    taken_over = result.weights.loc[[dates[0]]] / result.fund_leverage
    terms = pd.DataFrame({"reason": "rebalance", "margin_call": False, "scale": 1.0}, index=taken_over.index)
    return {
        "trades": pd.concat([taken_over, result.trades[within]]),
        "trade_terms": pd.concat([terms, result.trade_terms[within]]),
    }
