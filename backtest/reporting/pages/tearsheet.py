"""Tearsheet: the page of a run, one file that opens from disk, with everything it shows inside it.

This module prepares the context of `templates/tearsheet.html.j2`; numbers come from `analysis`, formats from `format`.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

import pandas as pd

from backtest.analysis.metrics.smoothing import smoothing
from backtest.analysis.result import BacktestResult
from backtest.analysis.tables.trade_list import trade_list
from backtest.reporting.charts.chart_risk import asset_legend
from backtest.reporting.charts.embedding import days, index_texts, numbers
from backtest.reporting.charts.run_charts import charts_of
from backtest.reporting.display_names import asset_name, run_title
from backtest.reporting.format import frequency_in_words, percent, ratio
from backtest.reporting.pages.chance_words import POWER, confidence_in_words
from backtest.reporting.pages.leverage_words import break_even_in_words, events, words_of
from backtest.reporting.pages.measure_texts import benchmark_table, cards, headline
from backtest.reporting.pages.opening.interval_strips import interval_strips
from backtest.reporting.pages.opening.verdict_words import alarms_in_words, differences_from_benchmark, lead_in_words
from backtest.reporting.pages.page_file import picture, render
from backtest.reporting.pages.page_sliders import fits, sliders_of
from backtest.reporting.pages.quantstats_page import DEVIATIONS
from backtest.reporting.pages.sections.active_words import active_in_words
from backtest.reporting.pages.sections.correlation_words import correlations_in_words
from backtest.reporting.pages.sections.fall_words import falls_in_words
from backtest.reporting.pages.sections.holding_period_words import holding_periods_in_words
from backtest.reporting.pages.sections.holding_words import holdings_in_words, orders_in_words
from backtest.reporting.pages.sections.regime_words import regimes_in_words
from backtest.reporting.pages.sections.share_words import shares_in_words
from backtest.reporting.pages.sections.source_words import costs_in_words, return_sources
from backtest.reporting.pages.sections.year_words import years_in_words
from backtest.reporting.pages.trial_words import trials_in_words, walk_forward_parts
from backtest.trials.tried_rules import Tried

_REASONS = {
    "rebalance": "rebalance",
    "band": "left its band",
    "margin_call": "margin call",
    "no_price": "no price",
}
_LARGEST_TRADES, _MOST_TRADES = 20, 20_000  # trades shown if scripts are disabled; trades in the data of the page


def render_tearsheet(
    result: BacktestResult,
    figures: Mapping[str, bytes],
    *,
    command: str = "",
    versions: Mapping[str, str] | None = None,
    data_files: Sequence[str] = (),
    written: date | None = None,
    quantstats: bool = False,
    tried: Tried = None,
) -> str:
    """Return the tearsheet of a result as HTML, without external addresses.

    Args:
        result: result of a run.
        figures: SVG by name, from `run_figures.render_all`; they replace the charts without scripts and in print.
        command: command that repeats the run.
        versions: versions by package.
        data_files: names of the files that will be next to the page.
        written: day of writing, for the age of the data.
        quantstats: whether the classic page will be next to this one.
        tried: rules tried on the same assets, from the project's ledger.
    """
    summary, words = result.summary(), words_of(result)
    groups = headline(summary, words.average_free, result.own_metrics)
    settings = dict(result.settings)
    given, sides = settings.pop("benchmark", None) or [], (result, *result.benchmarks)
    benchmark_settings = given if isinstance(given, list | tuple) else [given]
    drawn, opening = charts_of(result), cards(groups, whole_year=result.whole_year)
    trades = trade_list(result).sort_values("trade", key=abs, ascending=False, kind="stable")
    write = partial(
        render,
        "tearsheet.html.j2",
        result=result,
        benchmark=result.benchmark,
        summary=summary,
        frequency=frequency_in_words(result.periods_per_year),
        groups=groups,
        benchmark_table=benchmark_table(summary),
        cards=opening,
        strips=interval_strips(summary, tuple(row.metric.key for row in opening)),
        charts=drawn["charts"],
        any_crisis=bool(drawn["crises"]),
        pictures={name: picture(svg) for name, svg in figures.items()},
        sides=_sides(result),
        assets=asset_legend(result),
        shares=shares_in_words(result),
        years=years_in_words(result),
        falls=falls_in_words(result),
        regimes=regimes_in_words(result),
        correlations=correlations_in_words(result),
        holding_periods=holding_periods_in_words(result),
        active=active_in_words(result),
        smoothing=_smoothing_in_words(result),
        confidence=confidence_in_words(summary["confidence"], summary["periods"]),
        verdict=lead_in_words(result, summary),
        alarms=alarms_in_words(result),
        against=differences_from_benchmark(result, summary),
        power=POWER,
        trials=trials_in_words(tried),
        walked=walk_forward_parts(result.walk_forward),
        attribution=return_sources(summary["attribution"], words),
        sleeves=[{"name": name, **_plain(row)} for name, row in result.sleeves.iterrows()],
        costs=costs_in_words(result, summary, words),
        words=words,
        events=events(result),
        break_even=break_even_in_words(result),
        holdings=holdings_in_words(result),
        orders=orders_in_words(result),
        trades=_trades(result, trades),
        notes=result.notes,
        warnings=result.warnings,
        origins=result.origins,
        benchmark_settings=benchmark_settings,
        settings=settings,
        command=command,
        versions=versions or {},
        strategy_files={file: digest for side in sides for file, digest in side.strategy_files.items()},
        own_code={file: digest for side in sides for file, digest in side.own_code.items()},
        data_files=data_files,
        written=written,
        deviations=DEVIATIONS if quantstats else (),
    )
    data = {
        **drawn,
        "tables": {"trades": _listed_trades(trades)},
        "cash": numbers(result.cash_returns),
        "periods_per_year": result.periods_per_year,
    }
    live = sliders_of(result, opening)
    if live is not None:
        page = write(data={**data, "live": live["data"]}, live=live)
        if fits(page):
            return page
    return write(data=data, live=None)


def _sides(result: BacktestResult) -> list[dict[str, Any]]:
    """Entries that show and hide the strategy and its benchmark."""
    sides = [
        ("strategy", run_title(result)),
        *([("benchmark", run_title(result.benchmark))] if result.benchmark else []),
    ]
    return [{"key": key, "name": name, "colour": key, "growth": True} for key, name in sides]


def _smoothing_in_words(result: BacktestResult) -> str:
    smoothed = smoothing(result)
    if smoothed is None:
        return ""
    series = f" In the data: {'; '.join(smoothed.notes)}." if smoothed.notes else ""
    return (
        f"Each return is correlated with the one before (autocorrelation {ratio(smoothed.autocorrelation)}, standard "
        f"error {ratio(smoothed.standard_error)}): returns are smoothed, like averages. Volatility is "
        f"{percent(smoothed.volatility)} a year without, and {percent(smoothed.adjusted_volatility)} with the "
        f"autocorrelations (Lo 2002); the Sharpe ratio is too high by about the same factor.{series}"
    )


def _plain(row: pd.Series) -> dict[str, Any]:
    return {str(column): value for column, value in row.items()}


def _trades(result: BacktestResult, trades: pd.DataFrame) -> dict[str, Any]:
    """The largest trades as rows, and the number of all trades."""
    return {
        "rows": [
            {**_plain(row), "reason": _REASONS[row["reason"]]} for _, row in trades.head(_LARGEST_TRADES).iterrows()
        ],
        "count": len(trades),
        "dates": result.trades.index.nunique(),
        "kept": len(trades.iloc[:_MOST_TRADES]),
        "left_out": len(trades.iloc[_MOST_TRADES:]),
    }


def _listed_trades(trades: pd.DataFrame) -> dict[str, Any]:
    """Rows that the page's script lists, the largest first; assets and reasons are positions in their lists."""
    listed = trades.head(_MOST_TRADES)
    names, asset = index_texts(map(str, listed["asset"]))
    reasons, reason = index_texts(_REASONS[name] for name in listed["reason"])
    columns = (days(listed["date"]), asset, numbers(listed["trade"]), numbers(listed["weight"]), reason)
    return {
        "names": ["date", "asset", "trade", "weight", "reason"],
        "kinds": ["day", names, "change2", "percent", reasons],
        "shown": {"1": [asset_name(name) for name in names]},
        "rows": [list(row) for row in zip(*columns, strict=True)],
    }
