"""Charts of a comparison, from tables of `analysis`.

A strategy has the same key, colour and dashes in all charts; a click on its name hides it on the whole page.
"""

from typing import Any

import pandas as pd

from backtest.analysis.compare.comparison import Comparison
from backtest.analysis.drawing.thinning import rows_to_draw
from backtest.analysis.metrics.drawdown import drawdown
from backtest.reporting.charts.chart_parts import (
    WHOLE,
    ZERO,
    Chart,
    colour_and_dash,
    crises_within,
    panel,
    series,
    thin_rows,
)
from backtest.reporting.charts.embedding import numbers, steps
from backtest.reporting.colours import PAGE_DASHES
from backtest.reporting.titles import DRAWDOWN, GROSS_EXPOSURE, GROWTH, SHARPE, VOLATILITY

_NUMBERS = 110_000  # most numbers of growth and drawdown: four strategies over 50 years of days are not thinned
_NAV_DIGITS = 7
_WHOLE = 1.0001  # the whole capital or risk, with a margin for rounding


def looks(comparison: Comparison) -> list[dict[str, Any]]:
    """Return key, name, colour and dashes of each strategy."""
    places = [colour_and_dash(i) for i in range(len(comparison.names))]
    return [
        {"key": f"run{i}", "name": name, "colour": colour, "dash": PAGE_DASHES[dash]}
        for i, (name, (colour, dash)) in enumerate(zip(comparison.names, places, strict=True))
    ]


def comparison_charts(comparison: Comparison) -> dict[str, Any]:
    """Return everything that the page of a comparison draws: `charts` and `crises`, as input of `page_file.render`."""
    made = {
        "growth": growth(comparison),
        "rolling": rolling(comparison),
        "gross_exposure": gross_exposure(comparison),
    }
    charts = {name: {"legend": [], **chart} for name, chart in made.items() if chart is not None}
    return {"charts": charts, "crises": crises_within(comparison.growth.index), "tables": {}}


def growth(comparison: Comparison) -> Chart:
    """NAV and its drawdown; thinned if there are too many numbers for a page."""
    navs = comparison.growth
    below = navs.apply(lambda nav: pd.Series(drawdown(nav.to_numpy()), index=nav.index))
    table = pd.concat([navs, below], axis=1)
    table = table.iloc[rows_to_draw(table.to_numpy(), _NUMBERS // table.shape[1])]
    count = navs.shape[1]
    return {
        "x": {"dates": steps(table.index)},
        "panels": [
            panel(
                GROWTH, "growth", 320, _lines(comparison, table.iloc[:, :count], _NAV_DIGITS),
                scale="log", rebase=True, crises=True, named=True,
            ),
            panel(
                DRAWDOWN, "percent", 170, _lines(comparison, table.iloc[:, count:], thin=True),
                top=0, crises=True,
            ),
        ],
    }  # fmt: skip


def draws_every_row(comparison: Comparison) -> bool:
    """Return whether `growth` shows all dates without thinning."""
    return 2 * comparison.growth.size <= _NUMBERS


def rolling(comparison: Comparison) -> Chart | None:
    """Volatility and Sharpe ratio over the last 12 months; None if the dates cover less."""
    results = comparison.results
    if results[0].rolling.empty:
        return None
    columns = [result.rolling[what] for what in ("volatility", "sharpe") for result in results]
    table = thin_rows(pd.concat(columns, axis=1))
    above, below = table.iloc[:, : len(results)], table.iloc[:, len(results) :]
    panels = [panel(VOLATILITY, "percent", 200, _lines(comparison, above), zero=True)]
    if below.notna().to_numpy().any():
        panels.append(panel(SHARPE, "ratio", 200, _lines(comparison, below), marks=[ZERO]))
    return {"x": {"dates": steps(table.index)}, "panels": panels}


def gross_exposure(comparison: Comparison) -> Chart:
    """Gross exposure after each close's trades, as a fraction of NAV."""
    table = thin_rows(comparison.gross_exposure)
    drawn = _lines(comparison, table)
    return {
        "x": {"dates": steps(table.index)},
        "panels": [panel(GROSS_EXPOSURE, "percent", 200, drawn, zero=True, marks=[WHOLE])],
    }


def _lines(comparison: Comparison, table: pd.DataFrame, digits: int = 5, **more: Any) -> list[dict[str, Any]]:
    """A line for each strategy, from its column."""
    return [
        series(
            look["key"],
            look["name"],
            look["colour"],
            numbers(table.iloc[:, place], digits),
            dash=look["dash"],
            column=look["name"],
            **more,
        )
        for place, look in enumerate(looks(comparison))
    ]
