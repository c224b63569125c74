"""Latest holdings and orders as sections of a page."""

from typing import Any

import pandas as pd

from backtest.analysis.orders.order_list import orders_of_run
from backtest.analysis.result import BacktestResult
from backtest.analysis.tables.holdings import holdings_now, holdings_totals
from backtest.reporting.format import change, percent
from backtest.reporting.order_rows import HEADINGS, in_words, order_rows
from backtest.reporting.pages.leverage_words import words_of


def holdings_in_words(result: BacktestResult) -> dict[str, Any]:
    """Return the targets, the holdings and the trades between them, by asset and in total.

    Args:
        result: result of a run.
    """
    table = holdings_now(result)
    cash, gross = (_plain(row) for _, row in holdings_totals(table).iterrows())
    assets = zip(map(str, table.index), (_plain(row) for _, row in table.iterrows()), strict=True)
    return {
        "decided": result.target_weights.index[-1],
        "held": result.weights.index[-1],
        "trades": bool((table["trade"] != 0).any()),
        "classes": any(result.classes.values()),
        "rows": [{"name": name, "asset_class": result.classes.get(name, ""), **row} for name, row in assets],
        "totals": [
            {"name": words_of(result).free, **cash, "trade_text": change(cash["trade"])},
            {"name": "Gross exposure", **gross, "trade_text": percent(gross["trade"])},
        ],
    }


def orders_in_words(result: BacktestResult) -> dict[str, Any] | None:
    """Return the orders in money and shares; None if the run has no capital in money.

    Args:
        result: result of a run.
    """
    listed = orders_of_run(result)
    if listed is None:
        return None
    return {"headings": HEADINGS, "rows": order_rows(listed), "in_words": in_words(listed)}


def _plain(row: "pd.Series[float]") -> dict[str, Any]:
    return {str(column): value for column, value in row.items()}
