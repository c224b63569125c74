"""Shares of capital and of risk as a section of a page: a row for each asset, with marks on one axis."""

from typing import Any

from backtest.analysis.result import BacktestResult
from backtest.analysis.tables.holdings import largest_and_rest
from backtest.reporting.format import is_missing, percent

_ROWS = 12
_MARGIN = 3.0  # percent of the width that stays free at either end, for the marks


def shares_in_words(result: BacktestResult) -> dict[str, Any] | None:
    """Return the section of a run's shares of capital and risk; None without a covariance.

    Args:
        result: result of a run.

    Returns:
        `rows` of `name`, `cells` (a text for each share) and `marks` (each with `kind` and `x`, its place in percent
        of the width of the picture); `realised`, whether there are shares of realised risk; `zero`, the place of 0;
        `rest`, the number of assets that are left out because they are small.
    """
    table = result.capital_and_risk
    if table.empty:
        return None
    kinds = [kind for kind in ("capital", "risk", "realised") if table[kind].notna().any()]
    shown = largest_and_rest(table[kinds].T, _ROWS).T
    rest = len(table) - _ROWS if len(shown) < len(table) else 0
    shown = shown.iloc[:-1] if rest else shown
    values = shown.to_numpy()
    low, high = min(0.0, float(values.min())), float(values.max())

    def place(value: float) -> float:
        return round(_MARGIN + (100 - 2 * _MARGIN) * (value - low) / ((high - low) or 1.0), 2)

    rows = []
    for name, row in shown.iterrows():
        marks = [{"kind": kind, "x": place(row[kind])} for kind in kinds if not is_missing(row[kind])]
        rows.append({"name": str(name), "cells": [percent(row[kind]) for kind in kinds], "marks": marks})
    return {"rows": rows, "realised": "realised" in kinds, "zero": place(0.0), "rest": rest}
