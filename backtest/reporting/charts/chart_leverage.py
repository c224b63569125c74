"""Charts of the attribution of the return, of financing, of costs and of the break-even spread."""

from collections.abc import Mapping
from math import isnan
from typing import Any

from backtest.analysis.attribution.financing_path import financing_path
from backtest.analysis.attribution.return_attribution import waterfall
from backtest.analysis.result import BacktestResult
from backtest.analysis.tables.calendar_tables import costs_by_year
from backtest.reporting.charts.chart_parts import ZERO, Chart, panel, series, thin_rows
from backtest.reporting.charts.embedding import numbers, steps
from backtest.reporting.pages.leverage_words import bars_in_words
from backtest.reporting.titles import ATTRIBUTION, COSTS, FINANCED, FINANCING_RATE, excess_title

_BARS = 20
_COSTS = {
    "trading": ("trading", 1),
    "fees": ("fees", 2),
    "borrow": ("borrow fees", 3),
    "financing": ("all interest", 4),
    "financing_drag": ("interest above the cash rate", 0),
}


def attribution(result: BacktestResult) -> Chart:
    """Waterfall from the contributions of assets through financing and costs to the total return."""
    bars = waterfall(result, _BARS)
    names = bars_in_words(result, bars)
    tints: list[int | str] = ["up" if value >= 0 else "down" for value in bars["value"]]
    tints[-1] = "quiet"
    rows = zip(numbers(bars["start"]), numbers(bars["end"]), numbers(bars["value"]), tints, strict=True)
    return {
        "x": {"labels": names},
        "horizontal": True,
        "left": 190,
        "panels": [
            panel(
                ATTRIBUTION, "percent", 28 * len(names),
                [series("attribution", "added", "strategy", [list(row) for row in rows], "range")], zero=True,
            )
        ],
    }  # fmt: skip


def financing(result: BacktestResult) -> Chart | None:
    """Rate paid, cash rate and financed amount; None if nothing was financed."""
    table = thin_rows(financing_path(result))
    if len(table) < 2:
        return None
    rates = [
        series("cash rate", "cash rate", "benchmark", numbers(table["cash_rate"]), dash="dashed"),
        series("rate paid", "rate paid", 5, numbers(table["rate"])),
    ]
    loan = [series("financed", "financed", 0, numbers(table["loan"]), "area")]
    return {
        "x": {"dates": steps(table.index)},
        "panels": [
            panel(FINANCING_RATE, "percent2", 170, rates),
            panel(FINANCED, "percent", 130, loan, zero=True),
        ],
    }


def costs(result: BacktestResult) -> Chart | None:
    """Costs of calendar years by kind; None without costs."""
    table = costs_by_year(result)
    drawn = [
        series(f"cost: {column}", name, colour, numbers(table[column]), "bar")
        for column, (name, colour) in _COSTS.items()
        if (table[column] != 0).any()
    ]
    if not drawn:
        return None
    return {
        "x": {"labels": list(map(str, table.index))},
        "panels": [panel(COSTS, "percent2", 200, drawn, zero=True)],
    }


def break_even(result: BacktestResult) -> Chart | None:
    """Compound return above the benchmark by spread; None if the curve was not computed."""
    solved = result.break_even
    if solved is None or not solved.curve:
        return None
    excess = solved.line
    spreads = excess.index.to_list()
    marks: list[Mapping[str, Any]] = [ZERO]
    if spreads[0] <= solved.by_return.spread <= spreads[-1]:
        marks.append({"axis": "x", "at": solved.by_return.spread, "colour": 5, "name": "break-even", "align": "left"})
    more: dict[str, Any] = {}
    if solved.by_return.interval is not None:
        low, high = (min(max(end, spreads[0]), spreads[-1]) for end in solved.by_return.interval)
        more["span"] = {"from": low, "to": high, "colour": 5}
    drawn = [series("excess return", "above the benchmark", "strategy", numbers(excess))]
    if not isnan(solved.configured.spread):
        at = numbers(excess.where(excess.index == solved.configured.spread))
        drawn.append(series("configured", "as configured", "strategy", at, "point"))
    return {
        "x": {"values": numbers(spreads), "unit": "bps"},
        "panels": [
            panel(
                excess_title(whole_year=solved.whole_year),
                "percent2",
                220,
                drawn,
                marks=marks,
                **more,
            )
        ],
    }
