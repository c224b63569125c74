"""The figures of a report: each function draws one from a result, `render_all` all that have something to show."""

import gc
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from backtest.analysis.calendar import YEAR, calendar_returns, costs_by_year, typical_size
from backtest.analysis.drawdown import drawdown as below_peak
from backtest.analysis.holdings import capital_and_risk, largest_and_rest, risk_shares, standing_until
from backtest.analysis.result import BacktestResult
from backtest.analysis.rolling import rolling_sharpe, rolling_volatility
from backtest.reporting.figure_style import (
    BENCHMARK,
    INK,
    PALETTE,
    STRATEGY,
    bars,
    colours_of,
    cut,
    date_axis,
    in_house_style,
    legend_beside,
    log_axis,
    panels,
    percent_axis,
    png,
    stack,
)
from backtest.reporting.format import MONTHS, ratio

_COLOURS = 9  # assets with a colour of their own
_BARS = 20
_SHARES = {
    "capital": ("capital", -0.26, PALETTE[4]),
    "risk": ("expected risk", 0.0, PALETTE[5]),
    "realised": ("realised risk", 0.26, PALETTE[2]),
}
_TALL_ROWS = 40
_DIVERGING = LinearSegmentedColormap.from_list("returns", ["#D55E00", "#FFFFFF", "#0072B2"])


@in_house_style
def growth(result: BacktestResult) -> Figure:
    """NAV on a log scale, beside the benchmark's. A NAV of zero falls out of the picture, and is said."""
    figure, (ax,) = panels(["Growth of 1, log scale"], [2.8])
    positive = result.nav[result.nav > 0]
    low, high = positive.min(), positive.max()
    if result.benchmark is not None:
        other = result.benchmark.nav
        low, high = min(low, other[other > 0].min()), max(high, other.max())
        ax.plot(other.index, other, color=BENCHMARK, label=f"{result.benchmark.name}: {ratio(other.iloc[-1])}")
    ax.plot(result.nav.index, result.nav, color=STRATEGY, label=f"{result.name}: {ratio(result.nav.iloc[-1])}")
    log_axis(ax, float(low), float(high), "NAV, first = 1")
    date_axis((ax,), result.nav.index)
    if result.nav.iloc[-1] <= 0:
        ax.text(0.99, 0.05, f"NAV is zero on {result.nav.index[-1]:%Y-%m-%d}", transform=ax.transAxes, ha="right")
    _legend_above(ax)
    return figure


@in_house_style
def drawdown(result: BacktestResult) -> Figure:
    """How far NAV stands below its running peak, beside the benchmark's."""
    figure, (ax,) = panels(["Drawdown: NAV below its running peak"], [2.1])
    dates, values = result.nav.index, below_peak(result.nav.to_numpy())
    if result.benchmark is not None:
        others = below_peak(result.benchmark.nav.to_numpy())
        ax.plot(dates, others, color=BENCHMARK, linewidth=1, label=result.benchmark.name)
    ax.fill_between(dates, values, 0, color=STRATEGY, alpha=0.3, linewidth=0)
    ax.plot(dates, values, color=STRATEGY, linewidth=1, label=result.name)
    percent_axis(ax, "NAV / peak \u2212 1")
    ax.set_ylim(min(ax.get_ylim()[0], -0.01), 0)
    date_axis((ax,), dates)
    _legend_above(ax)
    return figure


@in_house_style
def rolling(result: BacktestResult) -> Figure:
    """Volatility and Sharpe ratio over the last 12 months."""
    figure, (above, below) = panels(
        ["Volatility over the last 12 months", "Sharpe ratio over the last 12 months"], [1.9, 1.9]
    )
    window = result.periods_per_year
    for one, colour in ((result.benchmark, BENCHMARK), (result, STRATEGY)):
        if one is not None:
            volatilities = rolling_volatility(one.returns, window, window)
            above.plot(volatilities.index, volatilities, color=colour, label=one.name)
            sharpes = rolling_sharpe(one.excess_returns, window, window)
            below.plot(sharpes.index, sharpes, color=colour)
    percent_axis(above, "a year")
    above.set_ylim(bottom=0)
    below.axhline(0, color=INK, linewidth=0.8)
    below.set_ylabel("ratio")
    date_axis((above, below), result.nav.index)
    _legend_above(above)
    return figure


@in_house_style
def weights(result: BacktestResult) -> Figure:
    """Weights after each close's trades, stacked, with the gross exposure: above 100 % is borrowed."""
    figure, (ax,) = panels(["Weights and gross exposure"], [3.0], legend=True)
    table = largest_and_rest(result.weights, _COLOURS)
    handles = stack(ax, table, _colours(result, table))
    (gross,) = ax.plot(result.gross_exposure.index, result.gross_exposure, color=INK, linewidth=1)
    ax.axhline(1, color=INK, linewidth=0.8, linestyle=":")
    percent_axis(ax, "of NAV")
    date_axis((ax,), table.index)
    legend_beside(ax, [gross, *reversed(handles)], ["gross exposure", *reversed(list(table.columns))])
    return figure


@in_house_style
def risk_contributions(result: BacktestResult) -> Figure:
    """Ex-ante risk contributions of the target weights, per year and as shares of the portfolio's volatility."""
    titles = ["Ex-ante risk contributions: they add up to the volatility", "The same, as shares of the volatility"]
    figure, (above, below) = panels(titles, [2.1, 2.1], legend=True)
    table = largest_and_rest(standing_until(result.risk_contributions, result.nav.index[-1]), _COLOURS)
    colours = _colours(result, table)
    handles = stack(above, table, colours)
    stack(below, risk_shares(table), colours)
    percent_axis(above, "a year")
    percent_axis(below, "of the volatility")
    date_axis((above, below), table.index)
    legend_beside(above, list(reversed(handles)), list(reversed(list(table.columns))))
    return figure


@in_house_style
def capital_and_risk_shares(result: BacktestResult) -> Figure:
    """Where the capital is against where the risk is, expected and realised, beside the benchmark's."""
    shown = [one for one in (result, result.benchmark) if one is not None and not capital_and_risk(one).empty]
    shares = [largest_and_rest(capital_and_risk(one).T, _BARS).T for one in shown]
    titles = [f"Shares: {cut(one.name, 18)}" for one in shown]
    figure, axes = panels(titles, [0.25 + 0.48 * len(table) for table in shares], left=1.9, one_axis=False)
    for ax, table in zip(axes, shares, strict=True):
        _bars_side_by_side(ax, table.dropna(axis=1))
    axes[0].legend(loc="lower right", ncols=3, bbox_to_anchor=(1, 1), borderaxespad=0.3)
    return figure


def _bars_side_by_side(ax: Axes, table: pd.DataFrame) -> None:
    rows = range(len(table))
    for column in table.columns:
        name, offset, colour = _SHARES[column]
        drawn = ax.barh([row + offset for row in rows], table[column], 0.24, color=colour, label=name)
        ax.bar_label(drawn, [f"{value:.0%}" for value in table[column]], padding=3, fontsize=8.5)
    ax.set_yticks(list(rows), [cut(name) for name in table.index])
    ax.set_ylim(len(table) - 0.4, -0.6)
    low, high = table.to_numpy().min(), max(0.5, 1.1 * table.to_numpy().max())
    ax.set_xlim(low - 0.08 * high if low < 0 else 0, high)  # room for the label of a hedge
    ax.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0%}"))
    ax.grid(visible=False, axis="y")
    ax.axvline(0, color=INK, linewidth=0.8)


@in_house_style
def monthly_returns(result: BacktestResult) -> Figure:
    """Heat map of the returns of calendar months. The page has the numbers: three hundred texts take long to draw."""
    table = calendar_returns(result.nav, result.periods_per_year).drop(columns=YEAR)
    full = typical_size(table)
    title = f"Calendar months: blue gains, orange losses, full at \u00b1{full:.1%}"
    figure, (ax,) = panels([title], [max(0.3, (0.2 if len(table) <= _TALL_ROWS else 0.1) * len(table))])
    ax.imshow(table.to_numpy(), cmap=_DIVERGING, vmin=-full, vmax=full, aspect="auto", interpolation="nearest")
    ax.set_xticks(range(12), MONTHS)
    step = next(step for step in (1, 2, 5, 10, 20, 50) if len(table) <= 20 * step)
    labelled = [row for row, year in enumerate(table.index) if year % step == 0]
    ax.set_yticks(labelled, [str(table.index[row]) for row in labelled])
    ax.grid(visible=False)
    return figure


@in_house_style
def costs(result: BacktestResult) -> Figure:
    """Costs and financing of each calendar year, fractions of NAV, stacked."""
    figure, (ax,) = panels(["Costs and financing by calendar year"], [2.2], legend=True)
    table = costs_by_year(result)
    parts = {"trading": "trading", "fees": "fees", "borrow": "borrow fees", "financing": "interest, cash rate"}
    years, base = list(table.index), np.zeros(len(table))
    handles, names = [], []
    for number, (column, name) in enumerate(parts.items()):
        if (table[column] == 0).all():
            continue
        handles.append(bars(ax, years, base, table[column].to_numpy(), PALETTE[(1, 2, 3, 4)[number]]))
        names.append(name)
        if column == "financing" and (table["financing_drag"] != 0).any():
            handles.append(bars(ax, years, base, table["financing_drag"].to_numpy(), PALETTE[0]))
            names.append("interest, above it")
        base = base + table[column].to_numpy()
    percent_axis(ax, "of NAV")
    ax.set_xlim(years[0] - 0.6, years[-1] + 0.6)
    ax.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
    ax.grid(visible=False, axis="x")
    legend_beside(ax, handles, names)
    return figure


@in_house_style
def break_even(result: BacktestResult) -> Figure:
    """What is left of the compound return above the benchmark's at each spread; where it is nothing, and how surely."""
    found = result.break_even
    if found is None or not found.curve:
        raise ValueError("no curve of break-even was worked out; set report.break_even: true")
    figure, (ax,) = panels(["Excess return, by spread"], [2.4])
    root, interval = 1e4 * found.by_return.spread, found.by_return.interval
    points = {1e4 * point.spread: point.excess_return for point in found.curve}
    if np.isfinite(root):
        points[root] = 0.0  # what it is found by
    spreads = sorted(points)
    ax.plot(spreads, [points[spread] for spread in spreads], color=STRATEGY)
    ax.axhline(0, color=INK, linewidth=0.8)
    ax.set_xlim(spreads[0], spreads[-1])
    if not np.isnan(found.configured.spread):
        ax.plot(
            1e4 * found.configured.spread, found.configured.excess_return, "o", color=STRATEGY, label="as configured"
        )
    if np.isfinite(root):
        ax.axvline(root, color=PALETTE[5], linewidth=1, label="break-even")
    if interval is not None:
        low, high = (float(np.clip(1e4 * end, spreads[0], spreads[-1])) for end in interval)
        ax.axvspan(low, high, color=PALETTE[5], alpha=0.08, linewidth=0, label="its 95% interval")
    percent_axis(ax, "a year")
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f} bp".replace("-", "\u2212")))
    ax.legend(loc="lower right", ncols=3, bbox_to_anchor=(1, 1), borderaxespad=0.3)
    return figure


def render_all(result: BacktestResult) -> dict[str, bytes]:
    """All figures that have something to show: name -> PNG.

    Rubbish is collected afterwards: matplotlib makes so many small objects that to collect while drawing takes a
    quarter of the time.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        return {name: png(draw(result)) for name, (draw, shown) in _FIGURES.items() if shown(result)}
    finally:
        if collecting:
            gc.enable()


def _has_paid(result: BacktestResult) -> bool:
    return bool((result.costs != 0).to_numpy().any())


def _has_window(result: BacktestResult) -> bool:
    return 2 <= result.periods_per_year < len(result.returns)


def _has_risk(result: BacktestResult) -> bool:
    return not capital_and_risk(result).empty


_FIGURES: Mapping[str, tuple[Callable[[BacktestResult], Figure], Callable[[BacktestResult], bool]]] = {
    "growth": (growth, lambda _: True),
    "drawdown": (drawdown, lambda _: True),
    "rolling": (rolling, _has_window),
    "weights": (weights, lambda _: True),
    "risk_contributions": (risk_contributions, _has_risk),
    "capital_and_risk_shares": (capital_and_risk_shares, _has_risk),
    "monthly_returns": (monthly_returns, lambda result: result.periods_per_year >= 12),
    "costs": (costs, _has_paid),
    "break_even": (break_even, lambda result: result.break_even is not None and bool(result.break_even.curve)),
}


def _legend_above(ax: Axes) -> None:
    """A legend in the line of the title, where it hides nothing; the strategy first."""
    handles, names = ax.get_legend_handles_labels()
    names = [cut(name, 26) for name in names]
    ax.legend(handles[::-1], names[::-1], loc="lower right", ncols=2, bbox_to_anchor=(1, 1), borderaxespad=0.3)


def _colours(result: BacktestResult, table: pd.DataFrame) -> list[str]:
    return colours_of(list(table.columns), folded=table.shape[1] < len(result.assets))
