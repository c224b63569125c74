"""Figure of the sleeves of a blend."""

from matplotlib.figure import Figure

from backtest.analysis.attribution.sleeve_attribution import sleeve_profits
from backtest.analysis.result import BacktestResult
from backtest.reporting.colours import MOST_COLOURED
from backtest.reporting.figures.figure_axes import date_axis, legend_beside, panels, percent_axis
from backtest.reporting.figures.figure_marks import stack
from backtest.reporting.figures.figure_style import colours_of, in_house_style
from backtest.reporting.titles import SLEEVES


@in_house_style
def sleeves(result: BacktestResult) -> Figure:
    """Profit of each sleeve since the first NAV, stacked; the rest is cash and costs."""
    figure, (ax,) = panels([SLEEVES], [2.3], legend=True)
    table = sleeve_profits(result, MOST_COLOURED)
    handles = stack(ax, table, colours_of(list(table.columns), folded=True))
    totals = list(ax.lines)
    legend_beside(ax, [*totals, *reversed(handles)], [*("total" for _ in totals), *reversed(list(table.columns))])
    percent_axis(ax, "of the first NAV")
    date_axis((ax,), table.index)
    return figure
