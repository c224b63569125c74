"""Returns by time as a section of a page: bars of calendar years, the calendar, trailing returns, extremes."""

from typing import Any

import pandas as pd

from backtest.analysis.result import BacktestResult
from backtest.analysis.tables.calendar_tables import YEAR, calendar_returns, partial_coverage, typical_size
from backtest.analysis.tables.trailing_returns import best_and_worst, trailing_returns
from backtest.reporting.format import MISSING, MONTHS, change, is_missing, percent, shade

_BARS = 60  # years with bars, the last ones
_LABELS = 12  # years with a name below their bars
_OPEN = 12  # years of the calendar that are not folded


def years_in_words(result: BacktestResult) -> dict[str, Any]:
    """Return the section of a run's years.

    Args:
        result: result of a run.

    Returns:
        `bars` (see `year_bars`); `months`, the names of the calendar's columns; `recent` and `earlier`, its rows, the
        last year last; `any_part`, whether it marks a month or year that the run covers only in part; `trailing` and
        `extremes`, rows of a label and a text for each side.
    """
    sides = [result] if result.benchmark is None else [result, result.benchmark]
    tables = [calendar_returns(side.nav, result.periods_per_year) for side in sides]
    part = partial_coverage(result.nav, result.periods_per_year)
    rows = _calendar(tables, part)
    return {
        "bars": year_bars([table[YEAR] for table in tables]),
        "months": MONTHS if len(part.columns) > 1 else (),
        "recent": rows[-_OPEN:],
        "earlier": rows[:-_OPEN],
        "any_part": bool(part.to_numpy().any()),
        "trailing": _trailing(sides),
        "extremes": _extremes(sides),
    }


def year_bars(sides: list["pd.Series[float]"]) -> dict[str, Any]:
    """Return the bars of the last years, in percent of the width and of the height of their picture.

    Args:
        sides: (k,) decimals by year, NaN without a return; the strategy and, if there is one, its benchmark.

    Returns:
        `zero`, the place of a return of 0; `years`, each with `year`, `left`, `labelled` and `bars` of `side`, `x`,
        `width`, `y`, `height`, `top` (whether it is above zero) and `text`.

    >>> bars = year_bars([pd.Series({2019: 0.1, 2020: -0.1})])
    >>> bars["zero"], [bar["y"] for year in bars["years"] for bar in year["bars"]]
    (50.0, [0.0, 50.0])
    """
    shown = [side.iloc[-_BARS:] for side in sides]
    values = [value for side in shown for value in side if not is_missing(value)]
    low, high = min(0.0, *values), max(0.0, *values)
    size, slot = (high - low) or 1.0, 100 / len(shown[0])
    width = 0.8 * slot / len(shown)
    every = -(-len(shown[0]) // _LABELS)
    years = []
    for place, year in enumerate(shown[0].index):
        bars = [
            {
                "side": name, "x": round(slot * (place + 0.1) + width * number, 3), "width": round(width, 3),
                "y": round(100 * (high - max(value, 0.0)) / size, 3), "height": round(100 * abs(value) / size, 3),
                "top": bool(value >= 0), "text": change(value),
            }
            for number, (name, value) in enumerate(
                (name, float(side.iloc[place])) for name, side in zip(("strategy", "benchmark"), shown, strict=False)
            ) if not is_missing(value)
        ]  # fmt: skip
        labelled = (len(shown[0]) - 1 - place) % every == 0
        years.append({"year": year, "left": round(slot * (place + 0.5), 3), "labelled": labelled, "bars": bars})
    return {"zero": round(100 * high / size, 3), "years": years}


def _calendar(tables: list[pd.DataFrame], part: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows of `year` and `cells`: months, the year, and the year of the benchmark."""
    table = tables[0]
    full = [typical_size(table.drop(columns=YEAR))] * (len(table.columns) - 1) + [typical_size(table[[YEAR]])]
    rows = []
    for position, year in enumerate(table.index):
        values, starred = table.iloc[position].to_numpy(), part.iloc[position].to_numpy()
        cells = [_cell(*cell) for cell in zip(values, full, starred, strict=True)]
        cells[-1]["shade"] += " year"
        cells += [_cell(other[YEAR].iloc[position], full[-1], starred[-1]) for other in tables[1:]]
        rows.append({"year": year, "cells": cells})
    return rows


def _cell(value: float, full: float, starred: bool) -> dict[str, str]:
    """A return without its percent sign; empty if there is no return."""
    if is_missing(value):
        return {"text": "", "shade": ""}
    return {"text": change(value).rstrip("%").lstrip("+") + ("*" if starred else ""), "shade": shade(value, full)}


def _trailing(sides: list[BacktestResult]) -> list[tuple[str, list[str]]]:
    """Return rows of the last years and of the whole run, as far as it has them."""
    spans = [trailing_returns(side.nav) for side in sides]
    rows = [
        (f"Last {years} years, a year" if years > 1 else "Last year", [_of(span, years) for span in spans])
        for years in spans[0].index
    ]
    whole, label = ("cagr", "Whole run, a year") if sides[0].whole_year else ("total_return", "Whole run")
    return [*rows, (label, [change(side.summary()[whole]) for side in sides])]


def _of(returns: "pd.Series[float]", years: int) -> str:
    return change(returns[years]) if years in returns.index else MISSING


def _extremes(sides: list[BacktestResult]) -> list[tuple[str, list[str]]]:
    tables = [best_and_worst(side.nav, side.periods_per_year) for side in sides]
    rows: list[tuple[str, list[str]]] = []
    for span in tables[0].index:
        found = [table.loc[span] for table in tables]
        rows += [
            (f"{which.capitalize()} {span}", [f"{change(one[which])} in {one[f'{which}_in']}" for one in found])
            for which in ("best", "worst")
        ]
        label = f"{span.capitalize()}s above zero"
        rows.append((label, [percent(one["positive"], 0) for one in found]))
    return rows
