"""Figures of attribution, costs, financing and the break-even spread."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from backtest.analysis.attribution.financing_path import financing_path
from backtest.analysis.attribution.return_attribution import waterfall
from backtest.analysis.result import BacktestResult
from backtest.analysis.tables.calendar_tables import costs_by_year
from backtest.reporting.colours import GAIN, LOSS, PALETTE, STRATEGY
from backtest.reporting.figures.figure_axes import (
    date_axis,
    legend_above,
    legend_beside,
    panels,
    percent_axis,
    percent_ticks,
)
from backtest.reporting.figures.figure_marks import area, bars, flat_bars, line
from backtest.reporting.figures.figure_style import INK, TOTAL, in_house_style, truncate
from backtest.reporting.format import NUMBERS, change
from backtest.reporting.pages.leverage_words import bars_in_words
from backtest.reporting.titles import ATTRIBUTION, COSTS, FINANCED, FINANCING_RATE, excess_title

_BARS = 12  # assets with a bar of their own


@in_house_style
def attribution(result: BacktestResult) -> Figure:
    """Waterfall of the total return: contributions of assets, then of cash, financing, fees and costs."""
    table = waterfall(result, _BARS)
    figure, (ax,) = panels([ATTRIBUTION], [0.3 + 0.26 * len(table)], left=2.6, right=0.9, one_axis=False)
    starts, ends, values = (table[column].to_numpy() for column in ("start", "end", "value"))
    rows, last = range(len(table)), len(table) - 1
    colours = [TOTAL if row == last else GAIN if value >= 0 else LOSS for row, value in enumerate(values)]
    flat_bars(ax, rows, starts, values, colours, wide=0.68)
    for row, end in enumerate(ends[:-1]):  # from the end of a bar to the start of the next
        ax.plot([end, end], [row + 0.34, row + 0.66], color="#888888", linewidth=0.8)
    low, high = min(0.0, starts.min(), ends.min()), max(0.0, starts.max(), ends.max())
    wide = high - low or 1.0
    for row, value in enumerate(values):
        ax.text(max(starts[row], ends[row]) + 0.008 * wide, row, change(value), va="center_baseline", fontsize=9)
    ax.set_yticks(rows, [truncate(label, 30) for label in bars_in_words(result, table)])
    ax.set_ylim(len(table) - 0.4, -0.6)
    ax.set_xlim(low - 0.02 * wide if low < 0 else 0, high + 0.02 * wide)
    percent_ticks(ax.xaxis, 7)
    ax.grid(visible=False, axis="y")
    ax.axvline(0, color=INK, linewidth=0.8)
    return figure


@in_house_style
def costs(result: BacktestResult) -> Figure:
    """Costs and financing of each calendar year, fractions of NAV, stacked."""
    figure, (ax,) = panels([COSTS], [2.2], legend=True)
    table = costs_by_year(result)
    parts = {"trading": "trading", "fees": "fees", "borrow": "borrow fees", "financing": "interest (cash rate)"}
    years, base = list(table.index), np.zeros(len(table))
    handles, names = [], []
    for number, (column, name) in enumerate(parts.items()):
        if (table[column] == 0).all():
            continue
        handles.append(bars(ax, years, base, table[column].to_numpy(), PALETTE[(1, 2, 3, 4)[number]]))
        names.append(name)
        if column == "financing" and (table["financing_drag"] != 0).any():
            handles.append(bars(ax, years, base, table["financing_drag"].to_numpy(), PALETTE[0]))
            names.append("interest above cash")
        base = base + table[column].to_numpy()
    percent_axis(ax, "of NAV")
    if (table >= 0).to_numpy().all():
        ax.set_ylim(bottom=0)
    ax.set_xlim(years[0] - 0.6, years[-1] + 0.6)
    ax.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
    ax.grid(visible=False, axis="x")
    legend_beside(ax, handles[::-1], names[::-1])
    return figure


@in_house_style
def financing(result: BacktestResult) -> Figure:
    """Rate paid on the financed amount, next to the cash rate, and the financed amount, by month."""
    table = financing_path(result)
    if table.empty:
        raise ValueError("nothing was ever financed in this run")
    figure, (above, below) = panels([FINANCING_RATE, FINANCED], [1.9, 1.4])
    table = (
        table.resample("ME").last() if result.periods_per_year >= 12 else table
    )  # leaves gaps where nothing was financed
    line(above, table["cash_rate"], color=INK, linewidth=1.1, label="cash rate")
    line(above, table["rate"], color=LOSS, label="rate paid")
    percent_axis(above, "a year")
    area(below, table["loan"].fillna(0.0), STRATEGY, alpha=0.6)
    percent_axis(below, "of NAV")
    below.set_ylim(bottom=0)
    date_axis((above, below), result.nav.index)
    legend_above(above)
    return figure


@in_house_style
def break_even(result: BacktestResult) -> Figure:
    """Compound return above the benchmark at each spread, with the break-even spread and its interval."""
    solved = result.break_even
    if solved is None or not solved.curve:
        raise ValueError("the break-even curve was not computed; set report.break_even: true")
    figure, (ax,) = panels([excess_title(whole_year=solved.whole_year)], [2.4])
    root, interval = 1e4 * solved.by_return.spread, solved.by_return.interval
    excess = solved.line
    spreads = 1e4 * excess.index.to_numpy()
    ax.plot(spreads, excess.to_numpy(), color=STRATEGY)
    ax.axhline(0, color=INK, linewidth=0.8)
    ax.set_xlim(spreads[0], spreads[-1])
    if not np.isnan(solved.configured.spread):
        ax.plot(
            1e4 * solved.configured.spread, solved.configured.excess_return, "o", color=STRATEGY, label="as configured"
        )
    if np.isfinite(root):
        ax.axvline(root, color=PALETTE[5], linewidth=1, label="break-even")
    if interval is not None:
        low, high = (float(np.clip(1e4 * end, spreads[0], spreads[-1])) for end in interval)
        ax.axvspan(low, high, color=PALETTE[5], alpha=0.08, linewidth=0, label="its 95% interval")
    percent_axis(ax, "a year" if solved.whole_year else "")
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: NUMBERS["bps"].tick(value / 1e4)))
    ax.legend(loc="lower right", ncols=3, bbox_to_anchor=(1, 1), borderaxespad=0.3)
    return figure
