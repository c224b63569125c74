"""The tearsheet: one page that opens from disk, with everything it shows inside it.

This file lays out; numbers come from `analysis`, their looks from `format`, and what the page holds from
`templates/tearsheet.html.j2`.
"""

import base64
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from backtest.analysis.calendar import (
    YEAR,
    calendar_returns,
    costs_by_year,
    covered_in_part,
    drawdown_lengths,
    typical_size,
)
from backtest.analysis.holdings import capital_and_risk, holdings_now, holdings_totals, largest_and_rest
from backtest.analysis.result import BacktestResult
from backtest.reporting.format import FILTERS, MONTHS, change, is_missing, percent, percent2, shade
from backtest.reporting.leverage import FinancingWords, break_even_in_words, events, words_of
from backtest.reporting.measures import cards, headline

_FREQUENCIES = {252: "daily", 365: "daily", 52: "weekly", 12: "monthly", 4: "quarterly", 1: "yearly"}
_COSTS = {
    "trading": ("Trading", "Trading costs."),
    "financing": ("Financing", ""),
    "financing_drag": ("of it above cash", ""),
    "borrow": ("Borrow fees", "Fees on short positions."),
    "fees": ("Other fees", "Fund expenses and management fees."),
    "turnover": ("Turnover", "Half the sum of all trades."),
}
_SOURCES = {
    "cash_interest": ("Interest on cash", "On free cash and on the proceeds of shorts."),
    "financing_at_cash_rate": ("", ""),
    "financing_spread": ("", ""),
    "borrow_fees": ("Borrow fees", "Fees on short positions."),
    "trading_costs": ("Trading costs", "Paid at each trade."),
    "other_fees": ("Other fees", "Fund expenses and management fees."),
    "shortfall": ("Lost beyond NAV", "What others bore: a lender, or who was owed costs."),
}
_TERMS = {
    "magnified_source_return": (
        "Magnified source return",
        "Mean cash return, and mean leverage times the mean return above cash of what is held.",
    ),
    "excess_borrowing_cost": ("Excess borrowing cost", ""),
    "leverage_covariance": ("Covariance of leverage", "Of leverage with the source's return above the borrowing rate."),
    "cash_drag": ("Cash drag", "What cash earned less than the cash return, over NAV."),
    "trading_costs": ("Trading costs", "Mean cost over NAV."),
    "other_fees": ("Other fees", "Mean fees over NAV."),
    "compounding": ("Compounding", "Geometric less arithmetic mean return."),
    "compounding_within_year": (
        "Compounding within the year",
        "CAGR less the geometric mean times the periods in a year.",
    ),
}
_DRAWDOWNS = 10
_ASSETS = 12  # of the table of returns; the rest are one row


def render_tearsheet(
    result: BacktestResult,
    figures: Mapping[str, bytes],
    *,
    command: str = "",
    versions: Mapping[str, str] | None = None,
) -> str:
    """The tearsheet of a result as HTML, with no address in it that leads outside.

    Args:
        result: of a run.
        figures: PNG by name, as of `figures.render_all`; one that is not there is left out.
        command: what repeats the run.
        versions: by package, of what made the run.
    """
    summary = result.summary()
    groups = headline(summary)
    whole_year = result.periods_per_year <= len(result.returns)
    settings, words = dict(result.settings), words_of(result)
    return _templates().get_template("tearsheet.html.j2").render(
        style=Markup(_style()),  # noqa: S704 - our own file, no input
        result=result,
        benchmark=result.benchmark,
        summary=summary,
        frequency=_FREQUENCIES.get(result.periods_per_year, ""),
        whole_year=whole_year,
        groups=groups,
        cards=cards(groups, whole_year=whole_year),
        figures={name: f"data:image/png;base64,{base64.b64encode(png).decode()}" for name, png in figures.items()},
        shares_in_words=_shares_in_words(result),
        calendar=_calendar(result),
        drawdowns=_drawdowns(result),
        attribution=_attribution(summary["attribution"], words),
        costs=_costs(result, summary, words),
        words=words,
        events=events(result),
        break_even=break_even_in_words(result),
        holdings=_holdings(result),
        notes=result.notes,
        warnings=result.warnings,
        origins=result.origins,
        benchmark_settings=settings.pop("benchmark", None),
        settings=settings,
        command=command,
        versions=versions or {},
    )  # fmt: skip


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("backtest.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    return environment


@cache
def _style() -> str:
    return files("backtest.reporting").joinpath("templates", "style.css").read_text(encoding="utf-8")


def _shares_in_words(result: BacktestResult) -> str:
    table = capital_and_risk(result)
    return ", ".join(
        f"{name} {percent(row['capital'], 0)} of capital and {percent(row['risk'], 0)} of risk"
        for name, row in table.iterrows()
    )


def _calendar(result: BacktestResult) -> dict[str, Any]:
    table = calendar_returns(result.nav, result.periods_per_year)
    part = covered_in_part(result.nav, result.periods_per_year)
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
    """A return without its percent sign; empty where there is none."""
    if is_missing(value):
        return {"text": "", "shade": ""}
    return {"text": change(value).rstrip("%").lstrip("+") + ("*" if starred else ""), "shade": shade(value, full)}


def _drawdowns(result: BacktestResult) -> list[dict[str, Any]]:
    table = drawdown_lengths(result.nav, _DRAWDOWNS)
    return [{**_plain(row), "recovered": not is_missing(row["recovery"])} for _, row in table.iterrows()]


def _attribution(parts: Mapping[str, Any], words: FinancingWords) -> dict[str, Any]:
    assets = largest_and_rest(pd.DataFrame([parts["assets"]]), _ASSETS).iloc[0]
    added = [(str(name), "", value) for name, value in assets.items()]
    sources = {**_SOURCES, "financing_at_cash_rate": words.at_cash, "financing_spread": words.above}
    added += [(label, meaning, parts[key]) for key, (label, meaning) in sources.items()]
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
    parts = [f"{percent2(summary['trading_cost_per_year'])} for trading"]
    if "financing" in shown:
        parts.append(f"{percent2(summary['financing_cost_per_year'])} for financing")
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
            {"name": "Cash", **cash, "trade_text": change(cash["trade"])},
            {"name": "Gross exposure", **gross, "trade_text": percent(gross["trade"])},
        ],
    }


def _plain(row: pd.Series) -> dict[str, Any]:
    return {str(column): value for column, value in row.items()}
