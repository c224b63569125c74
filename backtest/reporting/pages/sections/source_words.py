"""Sources of the return and costs as sections of a page."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pandas as pd

from backtest.analysis.attribution.return_attribution import SOURCES
from backtest.analysis.result import BacktestResult
from backtest.analysis.tables.calendar_tables import costs_by_year
from backtest.analysis.tables.holdings import largest_and_rest
from backtest.reporting.display_names import asset_name
from backtest.reporting.format import is_missing, percent, percent2
from backtest.reporting.pages.leverage_words import FinancingWords, sources_in_words

_COSTS = {
    "trading": ("Trading", "Trading costs."),
    "financing": ("Financing", ""),
    "financing_drag": ("of which above cash", ""),
    "borrow": ("Borrow fees", "Fees on short positions."),
    "fees": ("Other fees", "Fund expenses and management fees."),
    "turnover": ("Turnover", "Half the sum of all trades."),
}
_TERMS = {
    "magnified_source_return": (
        "Magnified source return",
        "Mean cash return, plus mean leverage times the mean return of the holdings above cash.",
    ),
    "excess_borrowing_cost": ("Excess borrowing cost", ""),
    "leverage_covariance": (
        "Covariance of leverage",
        "Covariance of leverage with the source return above the borrowing rate.",
    ),
    "cash_drag": ("Cash drag", "Shortfall of the interest earned on cash below the cash return, over NAV."),
    "trading_costs": ("Trading costs", "Mean cost over NAV."),
    "other_fees": ("Other fees", "Mean fees over NAV."),
    "compounding": ("Compounding", "Geometric mean return less arithmetic mean return."),
    "compounding_within_year": (
        "Compounding within the year",
        "CAGR less the geometric mean times the periods in a year.",
    ),
}
_ASSETS = 12  # rows of the table of sources; the other assets are one row


def return_sources(parts: Mapping[str, Any], words: FinancingWords) -> dict[str, Any]:
    """Return the sources of the total return, and the terms of the return a year with bars that lead to the CAGR.

    Args:
        parts: `attribution` of `BacktestResult.summary()`.
        words: words for the kind of financing.
    """
    assets = largest_and_rest(pd.DataFrame([parts["assets"]]), _ASSETS).iloc[0]
    added = [(asset_name(str(name)), "", value) for name, value in assets.items()]
    sources = sources_in_words(words)
    added += [(*sources[key], parts[key]) for key in SOURCES]
    terms = parts.get("levered_return", {})
    meanings = {"excess_borrowing_cost": words.cost}
    shown = {key: terms[key] for key in _TERMS if terms.get(key) and not is_missing(terms[key])}
    bars = waterfall_bars(list(shown.values()))
    return {
        "rows": [{"label": row[0], "meaning": row[1], "value": row[2]} for row in added if row[2] != 0],
        "terms": [
            {"label": _TERMS[key][0], "meaning": meanings.get(key, _TERMS[key][1]), "value": value, "bar": bar}
            for (key, value), bar in zip(shown.items(), bars[:-1], strict=True)
        ],
        "total": bars[-1],
        "cagr": parts["cagr"],
    }


def waterfall_bars(values: list[float]) -> list[dict[str, Any]]:
    """Return a bar for each value, which begins where the one before ends, and one for their sum.

    Args:
        values: decimals.

    Returns:
        For each bar its `x` and `width` in percent of the width of the picture, and its `side`: `up`, `down` or
        `total`.

    >>> [(bar["x"], bar["width"], bar["side"]) for bar in waterfall_bars([0.1, -0.05])]
    [(0.0, 100.0, 'up'), (50.0, 50.0, 'down'), (0.0, 50.0, 'total')]
    """
    ends = [0.0]
    for value in values:
        ends.append(ends[-1] + value)
    low, size = min(ends), (max(ends) - min(ends)) or 1.0
    spans = [*pairwise(ends), (0.0, ends[-1])]
    sides = [*("up" if value >= 0 else "down" for value in values), "total"]
    return [
        {
            "x": round(100 * (min(span) - low) / size, 2),
            "width": round(100 * abs(span[1] - span[0]) / size, 2),
            "side": side,
        }
        for span, side in zip(spans, sides, strict=True)
    ]


def costs_in_words(result: BacktestResult, summary: Mapping[str, Any], words: FinancingWords) -> dict[str, Any]:
    """Return the costs of calendar years as columns and rows, and the costs of the run in words.

    Args:
        result: result of a run.
        summary: its summary.
        words: words for the kind of financing.
    """
    table = costs_by_year(result)
    shown = [column for column in _COSTS if (table[column] != 0).any()]
    rows = [
        {"year": year, "cells": [percent(row[c]) if c == "turnover" else percent2(row[c]) for c in shown]}
        for year, row in table[shown].iterrows()
    ]
    meanings = {"financing": words.interest, "financing_drag": words.above[1]}
    rate = "_per_year" if result.whole_year else ""
    parts = [f"{percent2(summary[f'trading_cost{rate}'])} for trading"]
    if "financing" in shown:
        parts.append(f"{percent2(summary[f'financing_cost{rate}'])} for financing")
    return {
        "columns": [
            {"label": _COSTS[column][0], "meaning": meanings.get(column, _COSTS[column][1])} for column in shown
        ],
        "rows": rows,
        "in_words": ", ".join(parts),
    }
