"""Tearsheet: the page of a run, one file that opens from disk, with everything it shows inside it.

This module prepares the context of `templates/tearsheet.html.j2`; numbers come from `analysis`, formats from `format`.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any

import pandas as pd

from backtest.analysis.attribution.return_attribution import SOURCES
from backtest.analysis.metrics.smoothing import smoothing
from backtest.analysis.orders.order_list import orders_of_run
from backtest.analysis.result import BacktestResult
from backtest.analysis.tables.calendar_tables import (
    YEAR,
    calendar_returns,
    costs_by_year,
    partial_coverage,
    typical_size,
)
from backtest.analysis.tables.crises import CRISES, covered_partly
from backtest.analysis.tables.holdings import holdings_now, holdings_totals, largest_and_rest
from backtest.analysis.tables.trade_list import trade_list
from backtest.reporting.charts.chart_risk import asset_legend
from backtest.reporting.charts.embedding import days, index_texts, numbers
from backtest.reporting.charts.run_charts import charts_of
from backtest.reporting.format import (
    MONTHS,
    change,
    frequency_in_words,
    is_missing,
    percent,
    percent2,
    ratio,
    shade,
)
from backtest.reporting.order_rows import HEADINGS, in_words, order_rows
from backtest.reporting.pages.chance_words import POWER, confidence_in_words
from backtest.reporting.pages.leverage_words import (
    FinancingWords,
    break_even_in_words,
    events,
    sources_in_words,
    words_of,
)
from backtest.reporting.pages.measure_texts import benchmark_table, cards, headline
from backtest.reporting.pages.opening.interval_strips import interval_strips
from backtest.reporting.pages.opening.verdict_words import alarms_in_words, differences_from_benchmark, lead_in_words
from backtest.reporting.pages.page_file import picture, render
from backtest.reporting.pages.page_sliders import fits, sliders_of
from backtest.reporting.pages.quantstats_page import DEVIATIONS
from backtest.reporting.pages.sections.regime_words import regimes_in_words
from backtest.reporting.pages.trial_words import trials_in_words, walk_forward_parts
from backtest.trials.tried_rules import Tried

_COSTS = {
    "trading": ("Trading", "Trading costs."),
    "financing": ("Financing", ""),
    "financing_drag": ("of which above cash", ""),
    "borrow": ("Borrow fees", "Fees on short positions."),
    "fees": ("Other fees", "Fund expenses and management fees."),
    "turnover": ("Turnover", "Half the sum of all trades."),
}
_TERMS = {
    "magnified_source_return": (
        "Magnified source return",
        "Mean cash return, plus mean leverage times the mean return of the holdings above cash.",
    ),
    "excess_borrowing_cost": ("Excess borrowing cost", ""),
    "leverage_covariance": (
        "Covariance of leverage",
        "Covariance of leverage with the source return above the borrowing rate.",
    ),
    "cash_drag": ("Cash drag", "Shortfall of the interest earned on cash below the cash return, over NAV."),
    "trading_costs": ("Trading costs", "Mean cost over NAV."),
    "other_fees": ("Other fees", "Mean fees over NAV."),
    "compounding": ("Compounding", "Geometric mean return less arithmetic mean return."),
    "compounding_within_year": (
        "Compounding within the year",
        "CAGR less the geometric mean times the periods in a year.",
    ),
}
_REASONS = {
    "rebalance": "rebalance",
    "band": "left its band",
    "margin_call": "margin call",
    "no_price": "no price",
}
_LARGEST_TRADES, _MOST_TRADES = 20, 20_000  # trades shown if scripts are disabled; trades in the data of the page
_ASSETS = 12  # rows of the table of returns; the other assets are one row


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
        shares_in_words=_shares_in_words(result),
        calendar=_calendar(result),
        drawdowns=summary["worst_drawdowns"],
        crises=_crises(summary),
        regimes=regimes_in_words(result),
        partly=covered_partly(result.nav.index),
        smoothing=_smoothing_in_words(result),
        confidence=confidence_in_words(summary["confidence"], summary["periods"]),
        verdict=lead_in_words(result, summary),
        alarms=alarms_in_words(result),
        against=differences_from_benchmark(result, summary),
        power=POWER,
        trials=trials_in_words(tried),
        walked=walk_forward_parts(result.walk_forward),
        attribution=_attribution(summary["attribution"], words),
        sleeves=[{"name": name, **_plain(row)} for name, row in result.sleeves.iterrows()],
        costs=_costs(result, summary, words),
        words=words,
        events=events(result),
        break_even=break_even_in_words(result),
        holdings=_holdings(result),
        orders=_orders(result),
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
    data, live = {**drawn, "tables": {"trades": _listed_trades(trades)}}, sliders_of(result, opening)
    if live is not None:
        page = write(data={**data, "live": live["data"]}, live=live)
        if fits(page):
            return page
    return write(data=data, live=None)


def _sides(result: BacktestResult) -> list[dict[str, Any]]:
    """Entries that show and hide the strategy and its benchmark."""
    sides = [("strategy", result.name), *([("benchmark", result.benchmark.name)] if result.benchmark else [])]
    return [{"key": key, "name": name, "colour": key, "growth": True} for key, name in sides]


def _shares_in_words(result: BacktestResult) -> str:
    table = result.capital_and_risk
    return ", ".join(
        f"{name} {percent(row['capital'], 0)} of capital and {percent(row['risk'], 0)} of risk"
        for name, row in table.iterrows()
    )


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


def _calendar(result: BacktestResult) -> dict[str, Any]:
    table = calendar_returns(result.nav, result.periods_per_year)
    part = partial_coverage(result.nav, result.periods_per_year)
    full = [typical_size(table.drop(columns=YEAR))] * (len(table.columns) - 1) + [typical_size(table[[YEAR]])]
    others = None
    if result.benchmark is not None:
        others = calendar_returns(result.benchmark.nav, result.periods_per_year)[YEAR]
    rows = []
    for position, year in enumerate(table.index):
        values, starred = table.iloc[position].to_numpy(), part.iloc[position].to_numpy()
        cells = [_cell(*cell) for cell in zip(values, full, starred, strict=True)]
        cells[-1]["shade"] += " year"
        if others is not None:
            cells.append(_cell(others.iloc[position], full[-1], starred[-1]))
        rows.append({"year": year, "cells": cells})
    return {
        "months": MONTHS if len(table.columns) > 1 else (),
        "rows": rows,
        "any_part": bool(part.to_numpy().any()),
    }


def _cell(value: float, full: float, starred: bool) -> dict[str, str]:
    """A return without its percent sign; empty if there is no return."""
    if is_missing(value):
        return {"text": "", "shade": ""}
    return {"text": change(value).rstrip("%").lstrip("+") + ("*" if starred else ""), "shade": shade(value, full)}


def _crises(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each crisis, with the numbers of the benchmark and what happened."""
    why = {crisis.name: crisis.why for crisis in CRISES}
    others = summary["benchmark"]["crises"] if "benchmark" in summary else [None] * len(summary["crises"])
    pairs = zip(summary["crises"], others, strict=True)
    return [{**crisis, "other": other, "why": why[crisis["name"]]} for crisis, other in pairs]


def _attribution(parts: Mapping[str, Any], words: FinancingWords) -> dict[str, Any]:
    assets = largest_and_rest(pd.DataFrame([parts["assets"]]), _ASSETS).iloc[0]
    added = [(str(name), "", value) for name, value in assets.items()]
    sources = sources_in_words(words)
    added += [(*sources[key], parts[key]) for key in SOURCES]
    terms = parts.get("levered_return", {})
    meanings = {"excess_borrowing_cost": words.cost}
    return {
        "rows": [{"label": row[0], "meaning": row[1], "value": row[2]} for row in added if row[2] != 0],
        "terms": [
            {"label": label, "meaning": meanings.get(key, meaning), "value": terms[key]}
            for key, (label, meaning) in _TERMS.items()
            if terms.get(key) and not is_missing(terms[key])
        ],
        "cagr": parts["cagr"],
    }


def _costs(result: BacktestResult, summary: Mapping[str, Any], words: FinancingWords) -> dict[str, Any]:
    table = costs_by_year(result)
    shown = [column for column in _COSTS if (table[column] != 0).any()]
    rows = [
        {"year": year, "cells": [percent(row[c]) if c == "turnover" else percent2(row[c]) for c in shown]}
        for year, row in table[shown].iterrows()
    ]
    meanings = {"financing": words.interest, "financing_drag": words.above[1]}
    rate = "_per_year" if result.whole_year else ""
    parts = [f"{percent2(summary[f'trading_cost{rate}'])} for trading"]
    if "financing" in shown:
        parts.append(f"{percent2(summary[f'financing_cost{rate}'])} for financing")
    return {
        "columns": [
            {"label": _COSTS[column][0], "meaning": meanings.get(column, _COSTS[column][1])} for column in shown
        ],
        "rows": rows,
        "in_words": ", ".join(parts),
    }


def _holdings(result: BacktestResult) -> dict[str, Any]:
    table = holdings_now(result)
    cash, gross = (_plain(row) for _, row in holdings_totals(table).iterrows())
    assets = zip(map(str, table.index), (_plain(row) for _, row in table.iterrows()), strict=True)
    return {
        "decided": result.target_weights.index[-1],
        "held": result.weights.index[-1],
        "trades": bool((table["trade"] != 0).any()),
        "classes": any(result.classes.values()),
        "rows": [{"name": name, "asset_class": result.classes.get(name, ""), **row} for name, row in assets],
        "totals": [
            {"name": words_of(result).free, **cash, "trade_text": change(cash["trade"])},
            {"name": "Gross exposure", **gross, "trade_text": percent(gross["trade"])},
        ],
    }


def _orders(result: BacktestResult) -> dict[str, Any] | None:
    """Orders in money and shares; None if the run has no capital in money."""
    listed = orders_of_run(result)
    if listed is None:
        return None
    return {"headings": HEADINGS, "rows": order_rows(listed), "in_words": in_words(listed)}


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
        "rows": [list(row) for row in zip(*columns, strict=True)],
    }
