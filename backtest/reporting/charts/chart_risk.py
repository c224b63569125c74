"""Charts of weights and risk."""

from typing import Any

import pandas as pd

from backtest.analysis.drawing.thinning import evenly_spaced
from backtest.analysis.metrics.forecasts import subsequent_volatility
from backtest.analysis.metrics.realised_risk import realised_risk_of_a_year
from backtest.analysis.result import BacktestResult
from backtest.analysis.tables.holdings import largest_and_rest, risk_shares
from backtest.analysis.tables.in_force import in_force
from backtest.reporting.charts.chart_parts import ASSET, Chart, exposures, panel, series, stacked, thin_rows
from backtest.reporting.charts.embedding import numbers, steps
from backtest.reporting.colours import MOST_COLOURED
from backtest.reporting.display_names import asset_name
from backtest.reporting.titles import EXPECTED_RISK, FORECASTS, REALISED_RISK, RISK_SHARES, WEIGHTS

_BETWEEN = 400  # dates on which realised contributions are drawn, in addition to the decision dates


def weights(result: BacktestResult) -> Chart:
    """Weights after each close's trades, stacked, the gross exposure and, where there are shorts, the net exposure."""
    return exposures(result, _fold(result.weights, result), asset_colours(result), WEIGHTS)


def risk(result: BacktestResult) -> Chart | None:
    """Expected risk contributions of the decisions in force, as steps, and contributions realised over 12 months."""
    if result.capital_and_risk.empty:
        return None
    decided = _fold(in_force(result.risk_contributions, result), result)
    dates = _dates_to_draw(decided, evenly_spaced(result.nav.index, _BETWEEN))
    expected = decided.reindex(dates, method="ffill")
    realised = realised_risk_of_a_year(result, dates)
    kinds = (
        (EXPECTED_RISK, 190, expected, True),
        (RISK_SHARES, 170, risk_shares(expected), True),
        (REALISED_RISK, 190, _fold(realised[result.assets], result), False),
    )
    panels = []
    for title, height, table, step in kinds:
        if (table.fillna(0) != 0).any(axis=None):
            drawn_rows = table.reindex(dates)
            total = drawn_rows.sum(axis=1, min_count=1)
            drawn = stacked(drawn_rows, asset_colours(result), "all assets", total, step=step)
            panels.append(panel(title, "percent", height, drawn, zero=True))
    return {"x": {"dates": steps(dates)}, "panels": panels} if panels else None


def forecasts(result: BacktestResult) -> Chart | None:
    """Forecast volatility in force, as steps, and realised volatility; None for a run of less than 12 months."""
    forecast, followed = result.forecast_volatility, subsequent_volatility(result)
    if forecast.empty or followed.empty:
        return None
    decided = in_force(forecast.to_frame("forecast"), result)
    every = decided.reindex(result.nav.index, method="ffill").assign(followed=followed.reindex(result.nav.index))
    table = every.loc[_dates_to_draw(decided, thin_rows(every).index)]
    drawn = [
        series("realised volatility", "of the next 12 months", 2, numbers(table["followed"])),
        series("forecast volatility", "forecast", "strategy", numbers(table["forecast"]), step=True),
    ]
    return {
        "x": {"dates": steps(table.index)},
        "panels": [panel(FORECASTS, "percent", 200, drawn, zero=True)],
    }


def asset_colours(result: BacktestResult) -> dict[str, int | str]:
    """Return the colour of each asset that charts name, those with the largest weights, and of the others together."""
    table = largest_and_rest(result.weights, MOST_COLOURED)
    folded = table.shape[1] < len(result.assets)
    colours: dict[str, int | str] = {str(name): number for number, name in enumerate(table.columns)}
    return {**colours, str(table.columns[-1]): "others"} if folded else colours


def asset_legend(result: BacktestResult) -> list[dict[str, Any]]:
    """Return the entries that show and hide assets."""
    return [
        {"key": f"{ASSET}{name}", "name": asset_name(name), "colour": colour}
        for name, colour in asset_colours(result).items()
    ]


def _dates_to_draw(decided: pd.DataFrame, between: pd.Index) -> pd.Index:
    """Return the dates `between`, and those on which a decision comes into force, thinned if there are too many."""
    return thin_rows(decided).index.union(between)


def _fold(table: pd.DataFrame, result: BacktestResult) -> pd.DataFrame:
    """Columns of the assets in `asset_colours`, with the sum of the others as the last column."""
    colours = asset_colours(result)
    if len(colours) == table.shape[1]:
        return table
    named = list(colours)[:-1]
    return table[named].assign(**{list(colours)[-1]: table.drop(columns=named).sum(axis=1, min_count=1)})
