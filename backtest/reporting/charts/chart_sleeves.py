"""Chart of the sleeves of a blend."""

from backtest.analysis.attribution.sleeve_attribution import sleeve_profits
from backtest.analysis.result import BacktestResult
from backtest.reporting.charts.chart_parts import Chart, panel, stacked, thin_rows
from backtest.reporting.charts.embedding import steps
from backtest.reporting.colours import MOST_COLOURED
from backtest.reporting.titles import SLEEVES


def sleeves(result: BacktestResult) -> Chart | None:
    """Profit of each sleeve since the first NAV, stacked; None if the strategy is not a blend."""
    if result.sleeve_weights is None:
        return None
    table = thin_rows(sleeve_profits(result, MOST_COLOURED))
    colours: dict[str, int | str] = {str(name): place for place, name in enumerate(table.columns)}
    colours[str(table.columns[-1])] = "others"
    drawn = stacked(table, colours, "total", table.sum(axis=1), prefix="sleeve: ")
    return {"x": {"dates": steps(table.index)}, "panels": [panel(SLEEVES, "percent", 220, drawn, zero=True)]}
