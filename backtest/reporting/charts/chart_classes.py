"""Chart of the weights by asset class, for runs of many assets."""

import pandas as pd

from backtest.analysis.result import BacktestResult
from backtest.analysis.tables.holdings import largest_and_rest
from backtest.reporting.charts.chart_parts import Chart, exposures
from backtest.reporting.colours import MOST_COLOURED
from backtest.reporting.titles import CLASS_WEIGHTS

_MOST = 8  # assets of a run without this chart


def weights_by_class(result: BacktestResult) -> Chart | None:
    """Weights after each close's trades, added up by class and stacked; None for few assets, or fewer than two classes.

    An asset without a class is in the class `other`.
    """
    classes = [result.classes.get(name) or "other" for name in result.assets]
    if len(classes) <= _MOST or not 1 < len(set(classes)) < len(classes):
        return None
    every = {
        name: result.weights.loc[:, [one == name for one in classes]].sum(axis=1) for name in dict.fromkeys(classes)
    }
    folded = largest_and_rest(pd.DataFrame(every), MOST_COLOURED)
    colours: dict[str, int | str] = {str(name): place for place, name in enumerate(folded.columns)}
    return exposures(result, folded, colours, CLASS_WEIGHTS, prefix="class: ")
