"""Charts of what a run held and where its risk sat."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from backtest.analysis.forecasts import volatility_that_followed
from backtest.analysis.holdings import largest_and_rest, risk_shares, standing_until
from backtest.analysis.result import BacktestResult
from backtest.reporting.chart_parts import ASSET, WHOLE, Chart, panel, series, thinned
from backtest.reporting.embedding import numbers, steps

_COLOURS = 9  # assets with a colour of their own; the others are one series
_BARS = 20


def weights(result: BacktestResult) -> Chart:
    """Weights after each close's trades, stacked, and the gross exposure."""
    both = thinned(pd.concat([_folded(result.weights, result), result.gross_exposure], axis=1))
    drawn = _asset_series(both, asset_colours(result))
    drawn.append(series("gross exposure", "gross exposure", "ink", numbers(both.iloc[:, -1]), thin=True))
    return {
        "x": {"dates": steps(both.index)},
        "panels": [panel("Weights and gross exposure, of NAV", "percent", 300, drawn, zero=True, marks=[WHOLE])],
    }


def risk(result: BacktestResult) -> Chart | None:
    """Ex ante as it was decided, and realised over the 12 months before."""
    if result.capital_and_risk.empty:
        return None
    colours = asset_colours(result)
    expected = _folded(standing_until(result.risk_contributions, result.nav.index[-1]), result)
    realised = result.realised_risk[result.assets]  # not of cash and costs
    tables = (expected, risk_shares(expected), _folded(realised, result))
    both = thinned(pd.concat([table.reindex(expected.index) for table in tables], axis=1))
    count = len(colours)
    kinds = (
        ("Expected risk contributions, a year", 190),
        ("Their shares of the volatility", 170),
        ("Realised over the 12 months before, a year", 190),
    )
    panels = [
        panel(
            title,
            "percent",
            height,
            _asset_series(both.iloc[:, place * count : (place + 1) * count], colours),
            zero=True,
        )
        for place, (title, height) in enumerate(kinds)
        if (tables[place].fillna(0) != 0).any(axis=None)
    ]
    return {"x": {"dates": steps(both.index)}, "panels": panels}


def shares(result: BacktestResult) -> Chart | None:
    """Average share of capital, of expected and of realised risk; none without a covariance."""
    table = result.capital_and_risk
    if table.empty:
        return None
    folded = len(table) > _BARS + 1
    table = largest_and_rest(table.T, _BARS).T
    if folded:
        table = table.iloc[:-1]
    title = f"Average share of capital and of risk{', the largest' if folded else ''}"
    drawn = [
        series(f"share: {column}", name, colour, numbers(table[column]), "bar")
        for column, name, colour in (
            ("capital", "capital", 4),
            ("risk", "expected risk", 5),
            ("realised", "realised risk", 2),
        )
        if table[column].notna().any()
    ]
    height = 40 + 46 * len(table)
    return {
        "x": {"labels": list(map(str, table.index))},
        "horizontal": True,
        "left": 130,
        "panels": [panel(title, "percent", height, drawn, zero=True)],
    }


def forecasts(result: BacktestResult) -> Chart | None:
    """The volatility that was forecast beside the one that came; none of a run of less than 12 months."""
    forecast, followed = result.forecast_volatility, volatility_that_followed(result)
    if forecast.empty or followed.empty:
        return None
    standing = standing_until(forecast.to_frame(), result.nav.index[-1]).iloc[:, 0].reindex(result.nav.index).ffill()
    table = thinned(pd.DataFrame({"forecast": standing, "followed": followed.reindex(result.nav.index)}))
    drawn = [
        series("realised volatility", "of the next 12 months", 2, numbers(table["followed"])),
        series("forecast volatility", "forecast", "strategy", numbers(table["forecast"]), step=True),
    ]
    return {
        "x": {"dates": steps(table.index)},
        "panels": [panel("Forecast volatility, and what followed, a year", "percent", 200, drawn, zero=True)],
    }


def asset_colours(result: BacktestResult) -> dict[str, int | str]:
    """The assets that charts show by name, those of the largest weights, and the others as one, with their colours."""
    table = largest_and_rest(result.weights, _COLOURS)
    folded = table.shape[1] < len(result.assets)
    colours: dict[str, int | str] = {str(name): number for number, name in enumerate(table.columns)}
    return {**colours, str(table.columns[-1]): "others"} if folded else colours


def asset_legend(result: BacktestResult) -> list[dict[str, Any]]:
    """The names that switch assets on and off."""
    return [{"key": f"{ASSET}{name}", "name": name, "colour": colour} for name, colour in asset_colours(result).items()]


def _asset_series(table: pd.DataFrame, colours: Mapping[str, int | str]) -> list[dict[str, Any]]:
    """Stacked, in the order of the colours."""
    return [
        series(f"{ASSET}{name}", name, colour, numbers(table.iloc[:, place]), "stack")
        for place, (name, colour) in enumerate(colours.items())
    ]


def _folded(table: pd.DataFrame, result: BacktestResult) -> pd.DataFrame:
    """The columns of all assets as `asset_colours` has them, the others added up."""
    colours = asset_colours(result)
    if len(colours) == table.shape[1]:
        return table
    named = list(colours)[:-1]
    return table[named].assign(**{list(colours)[-1]: table.drop(columns=named).sum(axis=1, min_count=1)})
