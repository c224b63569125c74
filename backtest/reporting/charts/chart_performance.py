"""Charts of the performance of a run: growth and drawdown, rolling measures, distribution of returns.

Growth and drawdown keep every row, because they can be zoomed and downloaded.
"""

from itertools import count
from typing import Any

import pandas as pd

from backtest.analysis.metrics.distribution import histogram
from backtest.analysis.metrics.drawdown import drawdown
from backtest.analysis.result import BacktestResult
from backtest.reporting.charts.chart_parts import (
    SHARED,
    ZERO,
    Chart,
    colour_and_dash,
    has_values,
    panel,
    series,
    thin_rows,
)
from backtest.reporting.charts.embedding import numbers, steps
from backtest.reporting.colours import PAGE_DASHES
from backtest.reporting.display_names import run_title
from backtest.reporting.format import frequency_in_words
from backtest.reporting.titles import CORRELATION, DRAWDOWN, GROWTH, SHARPE, VOLATILITY, returns_title

_NAV_DIGITS = 8


def growth(result: BacktestResult) -> Chart:
    """NAV of the run and of all benchmarks, and the drawdown, with the crises."""
    sides = _sides(result)
    above = [
        series(key, run_title(side), key, numbers(side.nav.to_numpy(), _NAV_DIGITS), column=key, **_dashed(key))
        for key, side in sides
    ]
    above += [
        series(
            f"benchmark: {side.name}",
            run_title(side),
            colour,
            numbers(side.nav.to_numpy(), _NAV_DIGITS),
            dash=PAGE_DASHES[dash],
        )
        for side, (colour, dash) in zip(result.other_benchmarks, map(colour_and_dash, count(1)), strict=False)
    ]
    below = [
        series(
            key,
            run_title(side),
            key,
            numbers(drawdown(side.nav.to_numpy())),
            _drawdown_style(key),
            thin=True,
            **_dashed(key),
        )
        for key, side in sides
    ]
    return {
        "x": {"dates": steps(result.nav.index)},
        "panels": [
            panel(GROWTH, "growth", 300, above, scale="log", rebase=True, crises=True, named=True),
            panel(DRAWDOWN, "percent", 150, below, top=0, crises=True),
        ],
    }  # fmt: skip


def rolling(result: BacktestResult) -> Chart | None:
    """Volatility, Sharpe ratio and correlation over the last 12 months; None for a shorter run."""
    if result.rolling.empty:
        return None
    sides = _sides(result)
    table = thin_rows(pd.concat({key: side.rolling for key, side in sides}, axis=1))

    def of(what: str) -> list[dict[str, Any]]:
        return [series(key, run_title(side), key, numbers(table[key, what]), **_dashed(key)) for key, side in sides]

    panels = [
        panel(VOLATILITY, "percent", 170, of("volatility"), zero=True),
        panel(SHARPE, "ratio", 170, of("sharpe"), marks=[ZERO]),
    ]
    if result.benchmark is not None:
        drawn = [
            series(
                "strategy", f"with {run_title(result.benchmark)}", "strategy", numbers(table["strategy", "correlation"])
            )
        ]
        panels.append(panel(CORRELATION, "ratio", 140, drawn, marks=[ZERO]))
    panels = [drawn for drawn in panels if has_values(drawn)]
    return {"x": {"dates": steps(table.index)}, "panels": panels}


def distribution(result: BacktestResult) -> Chart | None:
    """Histogram of the returns, with VaR and CVaR; None if returns do not vary."""
    bins = histogram(result.returns)
    if bins.empty:
        return None
    summary, frequency = result.summary(), frequency_in_words(result.periods_per_year)
    marks = [
        {
            "axis": "x",
            "at": -summary[key],
            "colour": colour,
            "name": f"{name}, {frequency}",
            "dash": "dashed",
            "align": align,
        }
        for key, name, colour, align in (("var_95", "VaR 95%", "ink", "left"), ("cvar_95", "CVaR 95%", 5, "right"))
    ]
    drawn = [
        series("returns", "periods", "strategy", numbers(bins["count"]), "bar"),
        series("normal", "if normal", 1, numbers(bins["normal"])),
    ]
    return {
        "x": {"values": numbers(bins["centre"]), "unit": "percent2"},
        "panels": [panel(returns_title(frequency), "count", 210, drawn, zero=True, marks=marks)],
    }


def _sides(result: BacktestResult) -> list[tuple[str, BacktestResult]]:
    sides = zip(SHARED, (result, result.benchmark), strict=True)
    return [(key, side) for key, side in sides if side is not None]


def _dashed(key: str) -> dict[str, str]:
    return {"dash": "dashed"} if key == "benchmark" else {}


def _drawdown_style(key: str) -> str:
    return "area" if key == "strategy" else "line"
