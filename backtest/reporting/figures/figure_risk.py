"""Figures of weights, risk contributions, shares of capital and risk, and volatility forecasts."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from backtest.analysis.drawing.thinning import evenly_spaced
from backtest.analysis.metrics.forecasts import subsequent_volatility
from backtest.analysis.metrics.realised_risk import realised_risk_of_a_year
from backtest.analysis.result import BacktestResult
from backtest.analysis.tables.holdings import largest_and_rest, risk_shares
from backtest.analysis.tables.in_force import in_force
from backtest.reporting.colours import BENCHMARK, MOST_COLOURED, OTHERS, PALETTE, STRATEGY
from backtest.reporting.display_names import run_title
from backtest.reporting.figures.figure_axes import (
    date_axis,
    legend_above,
    legend_beside,
    panels,
    percent_axis,
    percent_ticks,
)
from backtest.reporting.figures.figure_marks import STACK_ROWS, flat_bars, line, stack
from backtest.reporting.figures.figure_style import INK, colours_of, in_house_style, truncate
from backtest.reporting.format import percent
from backtest.reporting.titles import EXPECTED_RISK, FORECASTS, RISK_SHARES, WEIGHTS

_BARS = 12
_REST = "\u200brest"  # a name that no asset has
_SHARES = {
    "capital": ("capital", -0.26, PALETTE[4]),
    "risk": ("expected risk", 0.0, PALETTE[5]),
    "realised": ("realised risk", 0.26, PALETTE[2]),
}


@in_house_style
def weights(result: BacktestResult) -> Figure:
    """Weights after each close's trades, stacked, with the gross exposure; what exceeds 100 % is borrowed."""
    figure, (ax,) = panels([WEIGHTS], [3.0], legend=True)
    table = largest_and_rest(result.weights, MOST_COLOURED)
    line(ax, result.gross_exposure, color=INK, linewidth=1)
    handles = stack(ax, table, _colours(result, table))
    lines = ["gross exposure", "net exposure"][: len(ax.lines)]
    legend_beside(ax, [*ax.lines, *reversed(handles)], [*lines, *reversed(list(table.columns))])
    ax.axhline(1, color=INK, linewidth=0.8, linestyle=":")
    ax.set_ylim(top=max(ax.get_ylim()[1], 1.04 * float(result.gross_exposure.max())))
    percent_axis(ax, "of NAV")
    date_axis((ax,), table.index)
    return figure


@in_house_style
def risk(result: BacktestResult) -> Figure:
    """Ex-ante risk contributions of the decisions in force, per year and as shares, and realised shares below."""
    table = largest_and_rest(in_force(result.risk_contributions, result), MOST_COLOURED)
    realised = _realised_shares(result, table)
    titles = [EXPECTED_RISK, RISK_SHARES]
    if realised is not None:
        titles.append("Realised shares over the last 12 months")
    figure, axes = panels(titles, [1.7] * len(titles), legend=True)
    colours = _colours(result, table)
    handles = stack(axes[0], table, colours, step=True)
    stack(axes[1], risk_shares(table).reindex(table.index), colours, step=True)
    percent_axis(axes[0], "a year")
    totals = list(axes[0].lines)
    names = [*("all assets" for _ in totals), *reversed(list(table.columns))]
    legend_beside(axes[0], [*totals, *reversed(handles)], names)
    if realised is not None:
        folded = realised.shape[1] == table.shape[1]
        handles = stack(axes[2], realised, colours if folded else [*colours, OTHERS])
        if (realised[_REST] != 0).any():
            legend_beside(axes[2], handles[-1:], ["others, cash, costs" if folded else "cash and costs"])
        axes[2].axhline(0, color=INK, linewidth=0.8)
    for ax in axes[1:]:
        percent_axis(ax, "of the volatility")
    date_axis(axes, result.nav.index)
    return figure


def _realised_shares(result: BacktestResult, table: pd.DataFrame) -> pd.DataFrame | None:
    """Realised shares in the columns of the ex-ante table, and a column for the rest: other assets, cash and costs."""
    dates = evenly_spaced(result.nav.index, STACK_ROWS)
    shares = risk_shares(realised_risk_of_a_year(result, dates))
    if len(shares) < 2:
        return None
    named = [name for name in table.columns if name in result.assets]
    return shares[named].assign(**{_REST: shares.drop(columns=named).sum(axis=1)})


@in_house_style
def capital_and_risk_shares(result: BacktestResult) -> Figure:
    """Shares of capital, of expected and of realised risk, for the strategy and its benchmark."""
    shown = [side for side in (result, result.benchmark) if side is not None and not side.capital_and_risk.empty]
    shares = [largest_and_rest(side.capital_and_risk.T, _BARS).T for side in shown]
    titles = [f"Shares: {truncate(run_title(side), 18)}" for side in shown]
    figure, axes = panels(titles, [0.25 + 0.48 * len(table) for table in shares], left=1.9, one_axis=False)
    for ax, table in zip(axes, shares, strict=True):
        _bars_side_by_side(ax, table.dropna(axis=1))
    axes[0].legend(loc="lower right", ncols=3, bbox_to_anchor=(1, 1), borderaxespad=0.3)
    return figure


def _bars_side_by_side(ax: Axes, table: pd.DataFrame) -> None:
    rows = range(len(table))
    low, high = min(0.0, table.to_numpy().min()), max(0.5, 1.1 * table.to_numpy().max())
    for column in table.columns:
        name, offset, colour = _SHARES[column]
        values, places = table[column].to_numpy(), [row + offset for row in rows]
        flat_bars(ax, places, 0 * values, values, colour, wide=0.24).set_label(name)
        for place, value in zip(places, values, strict=True):
            beyond = value + (0.006 if value >= 0 else -0.006) * (high - low)
            side = "left" if value >= 0 else "right"
            ax.text(beyond, place, percent(value, 0), ha=side, va="center_baseline", fontsize=8.5)
    ax.set_yticks(list(rows), [truncate(name) for name in table.index])
    ax.set_ylim(len(table) - 0.4, -0.6)
    ax.set_xlim(low - 0.08 * high if low < 0 else 0, high)  # room for the label of a hedge
    percent_ticks(ax.xaxis, 6)
    ax.grid(visible=False, axis="y")
    ax.axvline(0, color=INK, linewidth=0.8)


@in_house_style
def forecasts(result: BacktestResult) -> Figure:
    """Volatility forecast in force and volatility of the next 12 months, both of returns above cash.

    The realised line ends a year before the run. Where the forecast is lower, risk was underestimated.
    """
    figure, (ax,) = panels([FORECASTS], [2.3])
    line(ax, subsequent_volatility(result), color=BENCHMARK, label="realised")
    decided = in_force(result.forecast_volatility.to_frame(), result).iloc[:, 0]
    line(ax, decided, color=STRATEGY, label="forecast", drawstyle="steps-post")
    percent_axis(ax, "a year")
    ax.set_ylim(bottom=0)
    date_axis((ax,), result.nav.index)
    legend_above(ax)
    return figure


def _colours(result: BacktestResult, table: pd.DataFrame) -> list[str]:
    return colours_of(list(table.columns), folded=table.shape[1] < len(result.assets))
