"""Charts of a tearsheet, from tables of `analysis`."""

from typing import Any

from backtest.analysis.result import BacktestResult
from backtest.reporting.charts.chart_classes import weights_by_class
from backtest.reporting.charts.chart_leverage import attribution, break_even, costs, financing
from backtest.reporting.charts.chart_parts import crises_within, legend
from backtest.reporting.charts.chart_performance import distribution, growth, rolling
from backtest.reporting.charts.chart_risk import forecasts, risk, weights
from backtest.reporting.charts.chart_sleeves import sleeves


def charts_of(result: BacktestResult) -> dict[str, Any]:
    """Return everything that the page of a run draws: `charts` and `crises`.

    Args:
        result: result of a run.

    Returns:
        `data` of `page_file.render`, without charts that have nothing to show.
    """
    made = {
        "growth": growth(result),
        "rolling": rolling(result),
        "weights_by_class": weights_by_class(result),
        "weights": weights(result),
        "risk": risk(result),
        "forecasts": forecasts(result),
        "distribution": distribution(result),
        "attribution": attribution(result),
        "sleeves": sleeves(result),
        "financing": financing(result),
        "costs": costs(result),
        "break_even": break_even(result),
    }
    return {
        "charts": {name: {**chart, "legend": legend(chart)} for name, chart in made.items() if chart is not None},
        "crises": crises_within(result.nav.index),
    }
