"""Figures of growth, drawdown, rolling measures, monthly returns and the distribution of returns."""

import pandas as pd
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from backtest.analysis.metrics.distribution import histogram
from backtest.analysis.metrics.drawdown import drawdown as below_peak
from backtest.analysis.result import BacktestResult
from backtest.analysis.tables.calendar_tables import YEAR, calendar_returns, typical_size
from backtest.reporting.charts.chart_parts import colour_and_dash
from backtest.reporting.colours import BENCHMARK, GAIN, LOSS, PALETTE, STRATEGY
from backtest.reporting.display_names import run_title
from backtest.reporting.figures.figure_axes import (
    date_axis,
    legend_above,
    legend_beside,
    log_axis,
    panels,
    percent_axis,
    percent_ticks,
    ratio_axis,
    round_step,
)
from backtest.reporting.figures.figure_marks import area, bars, cells, crises, line
from backtest.reporting.figures.figure_style import INK, in_house_style, line_style, truncate
from backtest.reporting.format import MONTHS, NUMBERS, frequency_in_words, percent, ratio
from backtest.reporting.titles import CORRELATION, DRAWDOWN, GROWTH, SHARPE, VOLATILITY, returns_title

_TALL_ROWS, _MOST_ROWS = 40, 200  # years; in a longer history they share the height
_DIVERGING = LinearSegmentedColormap.from_list("returns", [LOSS, "#FFFFFF", GAIN], N=41)


@in_house_style
def growth(result: BacktestResult) -> Figure:
    """NAV and benchmarks on a log scale, which cannot show a NAV of zero; a text reports it."""
    several = bool(result.other_benchmarks)  # the room above has two names
    figure, (ax,) = panels([f"{GROWTH}, log scale"], [2.8], legend=several)
    navs = pd.concat([side.nav for side in (result, *result.benchmarks)])
    low, high = navs[navs > 0].min(), navs.max()
    for place, side in reversed(list(enumerate(result.other_benchmarks, 1))):
        colour, dash = colour_and_dash(place)
        line(ax, side.nav, color=PALETTE[colour], linestyle=line_style(dash), label=_with_end(side, 14))
    if result.benchmark is not None:
        line(ax, result.benchmark.nav, color=BENCHMARK, label=_with_end(result.benchmark, 14 if several else None))
    line(ax, result.nav, color=STRATEGY, label=_with_end(result, 14 if several else None))
    log_axis(ax, float(low), float(high), "NAV, first = 1")
    date_axis((ax,), result.nav.index)
    crises(ax, pd.DatetimeIndex(result.nav.index))
    if result.nav.iloc[-1] <= 0:
        ax.text(0.99, 0.05, f"NAV is zero on {result.nav.index[-1]:%Y-%m-%d}", transform=ax.transAxes, ha="right")
    if several:
        handles, names = ax.get_legend_handles_labels()
        legend_beside(ax, handles[::-1], names[::-1], wide=2.2)
    else:
        legend_above(ax)
    return figure


def _with_end(side: BacktestResult, letters: int | None) -> str:
    """Return the label of a line: its name, of at most so many letters, and the last NAV."""
    name = run_title(side) if letters is None else truncate(run_title(side), letters)
    return f"{name}: {ratio(side.nav.iloc[-1])}"


@in_house_style
def drawdown(result: BacktestResult) -> Figure:
    """Drawdown of NAV and benchmark below their running peaks."""
    figure, (ax,) = panels([DRAWDOWN], [2.1])
    for side, colour in ((result.benchmark, BENCHMARK), (result, STRATEGY)):
        if side is not None:
            below = pd.Series(below_peak(side.nav.to_numpy()), index=side.nav.index)
            line(ax, below, color=colour, linewidth=1, label=run_title(side))
    area(ax, below, STRATEGY, alpha=0.3)
    percent_axis(ax, "NAV / peak \u2212 1")
    ax.set_ylim(min(ax.get_ylim()[0], -0.01), 0)
    date_axis((ax,), result.nav.index)
    crises(ax, pd.DatetimeIndex(result.nav.index))
    legend_above(ax)
    return figure


@in_house_style
def rolling(result: BacktestResult) -> Figure:
    """Volatility, Sharpe ratio and correlation with the benchmark, over the last 12 months."""
    titles = [VOLATILITY, SHARPE]
    correlations = result.rolling.get("correlation")
    if correlations is not None and correlations.notna().any():
        titles.append(CORRELATION)
    figure, axes = panels(titles, [1.7] * len(titles))
    for side, colour in ((result.benchmark, BENCHMARK), (result, STRATEGY)):
        if side is not None:
            line(axes[0], side.rolling["volatility"], color=colour, label=run_title(side))
            line(axes[1], side.rolling["sharpe"], color=colour)
    percent_axis(axes[0], "a year")
    axes[0].set_ylim(bottom=0)
    ratio_axis(axes[1], "ratio")
    if correlations is not None and len(axes) > 2:
        line(axes[2], correlations, color=STRATEGY)
        ratio_axis(axes[2], "correlation")
        axes[2].set_ylim(min(0.0, correlations.min()) - 0.05, 1.05)
    for ax in axes[1:]:
        ax.axhline(0, color=INK, linewidth=0.8)
    date_axis(axes, result.nav.index)
    legend_above(axes[0])
    return figure


@in_house_style
def monthly_returns(result: BacktestResult) -> Figure:
    """Heat map of the returns of calendar months; the page shows the numbers, which would take too long to draw."""
    table = calendar_returns(result.nav, result.periods_per_year).drop(columns=YEAR)
    full = typical_size(table)
    title = f"Calendar months: blue gains, orange losses, full at \u00b1{percent(full)}"
    height = 0.2 * len(table) if len(table) <= _TALL_ROWS else 0.1 * min(len(table), _MOST_ROWS)
    figure, (ax,) = panels([title], [max(0.3, height)])
    cells(ax, _DIVERGING(Normalize(-(full or 1), full or 1)(table.to_numpy())))
    ax.set_xticks(range(12), MONTHS)
    step = round_step(len(table), 13)
    labelled = [row for row, year in enumerate(table.index) if year % step == 0]
    ax.set_yticks(labelled, [str(table.index[row]) for row in labelled])
    ax.grid(visible=False)
    return figure


@in_house_style
def distribution(result: BacktestResult) -> Figure:
    """Histogram of returns next to a normal distribution, with value at risk and expected shortfall."""
    table, summary = histogram(result.returns), result.summary()
    if table.empty:
        raise ValueError("no distribution: there are fewer than two returns, or they do not vary")
    title = f"{returns_title(frequency_in_words(result.periods_per_year))}, and a normal distribution for comparison"
    figure, (ax,) = panels([title], [2.4], legend=True)
    centres, width = table["centre"], float(table["high"].iloc[0] - table["low"].iloc[0])
    counts = table["count"].to_numpy(dtype=float)
    bars(ax, centres.tolist(), 0 * counts, counts, "#9CC7E0", wide=0.94 * width).set_label("returns")
    ax.plot(centres, table["normal"], color=INK, linewidth=1.2, label="normal")
    for key, name, colour in (("var_95", "VaR 95%", PALETTE[1]), ("cvar_95", "CVaR 95%", LOSS)):
        ax.axvline(-summary[key], color=colour, linewidth=1.6, label=f"{name}: {percent(summary[key])}")
    percent_ticks(ax.xaxis, 9)
    ax.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: NUMBERS["count"].tick(value)))
    ax.set_ylabel("periods")
    ax.set_ylim(bottom=0)
    ax.grid(visible=False, axis="x")
    legend_beside(ax, *ax.get_legend_handles_labels())
    return figure
