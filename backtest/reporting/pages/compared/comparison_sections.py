"""Sections of a comparison's page: ranking, years, shares of capital and risk, pairs, and settings that differ."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from backtest.analysis.compare.comparison import Comparison
from backtest.analysis.drawing.risk_return import Scatter, risk_and_return, scatter
from backtest.analysis.tables.calendar_tables import partial_coverage, typical_size
from backtest.reporting.format import change2, difference, is_missing, percent, shade
from backtest.reporting.format import setting as in_words
from backtest.reporting.pages.chance_words import SIGNIFICANCE, p_value
from backtest.reporting.pages.compared.comparison_words import SHARES

_MOST_YEARS = 30  # columns of the table of years; earlier years are in a folded table
_NAMED_SHARE = 0.05  # smaller parts of a bar have no label
_OPEN_WINDOW = 3  # years
_NOT_COMPARED = frozenset(
    {"name", "benchmark", "report", "title"}
)  # sections without effect on the numbers of the page


def ranked(comparison: Comparison) -> list[int]:
    """Return the places of the strategies by Sharpe ratio, the highest first; strategies without one come last."""
    ratios = [summary["sharpe"] for summary in comparison.summaries.values()]
    return sorted(range(len(ratios)), key=lambda place: math.inf if is_missing(ratios[place]) else -ratios[place])


def scatter_of(comparison: Comparison) -> Scatter | None:
    """Return the scatter of risk and return."""
    confidence = {name: summary.get("confidence", {}) for name, summary in comparison.summaries.items()}
    returns = {result.name: result.excess_returns.to_numpy() for result in comparison.results}
    return scatter(risk_and_return(returns, comparison.periods_per_year, confidence))


def years_of(comparison: Comparison) -> dict[str, Any]:
    """Return the tables of calendar years, newest years open, and of the last 3, 5 and 10 years."""
    years, trailing = comparison.years, comparison.trailing
    partial = partial_coverage(comparison.results[0].nav, comparison.periods_per_year)["year"]
    full = typical_size(years)
    blocks = [
        {
            "years": [str(year) for year in part.columns],
            "rows": [
                [
                    _return_cell(value, full, part=bool(partial.get(int(str(year)), False)))
                    for year, value in row.items()
                ]
                for _, row in part.iterrows()
            ],
        }
        for part in (years.iloc[:, -_MOST_YEARS:], years.iloc[:, :-_MOST_YEARS])
        if part.shape[1]
    ]
    measure = comparison.metrics.loc[comparison.return_measure]
    return {
        "open": blocks[0] if blocks else None,
        "folded": blocks[1:],
        "trailing": [f"{years} years" for years in trailing.columns],
        "rows": [[percent(value) for value in (*trailing.loc[name], measure[name])] for name in comparison.names],
    }


def _return_cell(value: float, full: float, *, part: bool) -> dict[str, Any]:
    text = "" if is_missing(value) else percent(value, 0).removesuffix("%")
    return {"text": text, "exact": change2(value), "shade": shade(value, full), "part": part}


def bars_of(comparison: Comparison) -> dict[str, Any]:
    """Return bars of 100 % for each strategy: its capital, and its realised or expected risk, by asset class."""
    tables = {of: comparison.class_shares(of) for of in SHARES}
    classes = list(tables["capital"].index)
    blocks = [
        [
            {"of": of, "label": label, "parts": _parts(tables[of][name])}
            for of, label in SHARES.items()
            if tables[of][name].notna().all()
        ]
        for name in comparison.names
    ]
    kinds = {bar["of"] for block in blocks for bar in block} - {"capital"}
    return {"classes": classes if any(blocks) else [], "blocks": blocks, "both": len(kinds) > 1}


def _parts(shares: "pd.Series[float]") -> list[dict[str, Any]]:
    """Return the parts of a bar; with negative shares, which hedge, a part is as long as its share of all sizes."""
    values = {str(label): float(value) for label, value in shares.items()}
    whole = sum(map(abs, values.values())) or 1.0
    return [
        {
            "place": place,
            "label": label,
            "width": f"{100 * abs(value) / whole:.2f}",
            "text": percent(value, 0),
            "named": abs(value) / whole >= _NAMED_SHARE,
        }
        for place, (label, value) in enumerate(values.items())
        if value != 0
    ]


def matrix_of(comparison: Comparison) -> dict[str, Any]:
    """Return the table of pairs: below the diagonal differences of Sharpe ratios, above it windows won by the row."""
    names = comparison.names
    tested = {(row["other"], row["name"]): row for row in comparison.sharpe_differences.to_dict("records")}
    if all(is_missing(row["difference"]) for row in tested.values()):
        return {"rows": [], "windows": []}
    windows = [
        {"years": years, "open": years == _OPEN_WINDOW or len(comparison.windows_won) == 1}
        for years in comparison.windows_won
    ]
    if windows and not any(window["open"] for window in windows):
        windows[0]["open"] = True
    rows = [
        [
            {
                "same": i == j,
                "test": _tested(tested[name, other]) if j < i else None,
                "won": _won(comparison, (i, j)) if j > i else [],
            }
            for j, other in enumerate(names)
        ]
        for i, name in enumerate(names)
    ]
    return {"rows": rows, "windows": windows}


def _tested(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return the difference of the row's strategy from the column's."""
    return {
        "difference": difference(-row["difference"]),
        "p": p_value(row["holm_p"]),
        "significant": row["holm_p"] < SIGNIFICANCE,
    }


def _won(comparison: Comparison, place: tuple[int, int]) -> list[dict[str, Any]]:
    windows = ((years, float(won.to_numpy()[place])) for years, won in comparison.windows_won.items())
    return [{"years": years, "share": percent(share, 0)} for years, share in windows]


def differing_settings(comparison: Comparison) -> list[dict[str, Any]]:
    """Return the settings that differ, by dotted name, with a value for each run, a dash if it is not set."""
    own = (
        {key: value for key, value in result.settings.items() if key not in _NOT_COMPARED}
        for result in comparison.results
    )
    flat = [dict(_flatten(settings)) for settings in own]
    keys = dict.fromkeys(key for settings in flat for key in settings)
    rows = [{"key": key, "values": [settings.get(key, "–") for settings in flat]} for key in keys]
    return [row for row in rows if len(set(row["values"])) > 1]


def _flatten(settings: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for key, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from _flatten(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", in_words(value)
