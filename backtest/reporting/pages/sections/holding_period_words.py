"""Holding periods as a section of a page: a sentence, rows by years, a heat map, and the line against the benchmark."""

from typing import Any

import pandas as pd

from backtest.analysis.drawing.sparkline import polylines, sparkline
from backtest.analysis.result import BacktestResult
from backtest.reporting.format import change, percent, ratio, shade
from backtest.reporting.pages.chance_words import with_minus

_MOST = 16  # rows and columns of the heat map
_STRONGEST = 0.2  # return a year with the strongest colour
_PICTURE, _POINTS = (600, 90), 240


def holding_periods_in_words(result: BacktestResult) -> dict[str, Any] | None:
    """Return the section of a run's holding periods; None for a run of less than two years.

    Args:
        result: result of a run.

    Returns:
        `sentence`; `rows` with `years` and texts; `water`, the time under water in words; `years` and `squares`, the
        names and the rows of the heat map; `line` and `level`, points of the line against the benchmark and of 1, and
        `last`, its last value; no line without a benchmark.
    """
    found = result.holding_periods
    if found.table.empty or len(found.nav) <= 2 * result.periods_per_year:
        return None
    water = found.under_water
    lasting = f", and for {ratio(water['current'])} years at the end" if water["current"] else ""
    words = (
        f"NAV was below an earlier peak on {percent(water['share'], 0)} of dates, for {ratio(water['longest'])} years "
        f"at most{lasting}."
    )
    rows = [{"years": years, **_texts(row)} for years, row in found.table.iterrows()]
    square = found.by_years
    every = -(-len(square) // _MOST)
    kept = [*range(len(square) - 1, -1, -every)][::-1] if len(square) else []
    squares = [
        {
            "year": square.index[first],
            "cells": [_cell(square.iloc[first, last]) if first <= last else None for last in kept],
        }
        for first in kept
    ]
    line = _line(found.telltale)
    return {"sentence": with_minus(found.sentence), "rows": rows, "water": words, **line} | {
        "years": [square.columns[last] for last in kept],
        "squares": squares,
    }


def _texts(row: pd.Series) -> dict[str, str]:
    texts = {name: change(row[name]) for name in ("worst", "median", "best")}
    texts |= {name: percent(row[name], 0) for name in ("loss", "ahead")}
    return texts | {name: f"{row[name]:,}" for name in ("spans", "independent")}


def _cell(value: float) -> dict[str, str]:
    return {"text": percent(value, 0).rstrip("%"), "shade": shade(value, _STRONGEST)}


def _line(telltale: "pd.Series[float] | None") -> dict[str, Any]:
    if telltale is None or telltale.isna().any() or not (telltale > 0).all():
        return {"line": ""}
    line, level = polylines([sparkline(telltale, _POINTS), [1.0]], *_PICTURE)
    return {"line": line, "level": level, "picture": _PICTURE, "last": ratio(telltale.iloc[-1])}
