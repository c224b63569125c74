"""The page of a comparison: it opens from disk, with everything it shows inside it.

This file lays out; numbers come from `analysis`, their looks from `format`, and what the page holds from
`templates/comparison.html.j2`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd

from backtest.analysis.compare.comparison import Comparison
from backtest.analysis.compare.side_by_side import Shares
from backtest.analysis.drawing.sparkline import polylines, sparkline
from backtest.analysis.tables.calendar_tables import typical_size
from backtest.analysis.tables.crises import InCrisis, covered_partly
from backtest.analysis.tables.frequency_words import frequency_in_words
from backtest.reporting.charts.comparison_charts import comparison_charts, draws_every_row, looks
from backtest.reporting.files.shelf_entry import SPARKLINE
from backtest.reporting.format import FILTERS, change, is_missing, multiple, percent, ratio, shade
from backtest.reporting.pages.comparison_words import SHARES, findings, in_words_of_chance, p_value, verdict
from backtest.reporting.pages.leverage_words import AVERAGE_OF_ANY, words_of
from backtest.reporting.pages.measure_texts import CARDS, GROUPS, Measure, groups_of
from backtest.reporting.pages.page_file import picture, render

_EVENTS = (
    Measure(
        "margin_calls", "Margin calls", "count",
        "Those that a trade of the same close answers among them.", if_any=True,
    ),
    Measure(
        "forced_sales", "Forced sales", "count",
        "Trades that nobody decided: for a margin call, or for want of a price.", if_any=True,
    ),
    Measure("targets_scaled_down", "Targets scaled down", "count", "To what the initial margin allows.", if_any=True),
)  # fmt: skip
_MEASURES: Mapping[str, Measure] = {measure.key: measure for group in GROUPS.values() for measure in group}
_COSTS = ("gross_cagr", "cagr", "turnover_per_year", "turnover", *(measure.key for measure in GROUPS["Costs, of NAV"]))


def render_comparison_page(
    comparison: Comparison,
    figures: Mapping[str, bytes],
    *,
    command: str = "",
    versions: Mapping[str, str] | None = None,
    data_files: Sequence[str] = (),
    written: date | None = None,
) -> str:
    """The page of a comparison as HTML, with no address in it that leads outside.

    Args:
        comparison: of `compare`.
        figures: SVG by name, as of `comparison_figures.render_comparison`; they stand in for charts where scripts are
            off, and in print.
        command: what repeats the comparison.
        versions: by package, of what made it.
        data_files: names of the files that will stand beside the page.
        written: the day.
    """
    drawn = comparison_charts(comparison)
    return render(
        "comparison.html.j2",
        data=drawn,
        comparison=comparison,
        strategies=[{**look, "growth": True} for look in looks(comparison)],
        title=", ".join(comparison.names) if len(comparison.names) <= 4 else f"{len(comparison.names)} strategies",
        frequency=frequency_in_words(comparison.periods_per_year),
        periods=len(comparison.growth) - 1,
        findings=findings(comparison),
        headline=_headline(comparison),
        article=_article(comparison),
        charts=drawn["charts"],
        any_crisis=bool(drawn["crises"]),
        every_row=draws_every_row(comparison),
        pictures={name: picture(svg) for name, svg in figures.items()},
        crises=_crises(comparison.crises),
        falls=_crises(comparison.falls),
        partly=covered_partly(comparison.growth.index),
        shares=_shares(comparison),
        costs=_rows_of(comparison, _COSTS),
        groups=_groups(comparison),
        chance=in_words_of_chance(comparison),
        differences=_differences(comparison),
        correlations=_square(comparison.correlations, ratio),
        windows=_windows(comparison),
        notes=_notes(comparison),
        command=command,
        versions=versions or {},
        data_files=data_files,
        written=written,
    )


def _cells(comparison: Comparison, measure: Measure) -> list[dict[str, Any]]:
    """The number of each strategy as text, and whether none is better."""
    values, best = comparison.metrics.loc[measure.key], comparison.best[measure.key]
    write = FILTERS[measure.form]
    return [{"text": write(values[name]), "best": name in best} for name in comparison.names]


def _shown(comparison: Comparison, measure: Measure) -> bool:
    """Whether any strategy has it; of what is shown only if any, whether it is not zero."""
    if measure.key not in comparison.metrics.index:
        return False
    values = [value for value in comparison.metrics.loc[measure.key] if not is_missing(value)]
    return any(value != 0 for value in values) if measure.if_any else bool(values)


def _groups(comparison: Comparison) -> list[dict[str, Any]]:
    """All measures, a row each."""
    kinds = {words_of(result).average_free for result in comparison.results}
    groups = {**groups_of(kinds.pop() if len(kinds) == 1 else AVERAGE_OF_ANY), "Events": _EVENTS}
    found = []
    for title, measures in groups.items():
        rows = [
            {"measure": measure.of(comparison.periods_per_year), "cells": _cells(comparison, measure)}
            for measure in measures
            if _shown(comparison, measure)
        ]
        if rows:
            found.append({"title": title, "rows": rows})
    return found


def _rows_of(comparison: Comparison, keys: Iterable[str]) -> dict[str, Any]:
    """A row for each strategy, a column for each measure that any of them has."""
    measures = [_MEASURES[key] for key in keys if _shown(comparison, _MEASURES[key])]
    columns = [_cells(comparison, measure) for measure in measures]
    return {"measures": measures, "rows": [list(row) for row in zip(*columns, strict=True)]}


def _headline(comparison: Comparison) -> dict[str, Any]:
    left_out = {"cagr", "total_return"} - {comparison.return_measure}
    lines = polylines([sparkline(nav) for _, nav in comparison.growth.items()], *SPARKLINE)
    return {**_rows_of(comparison, (key for key in CARDS if key not in left_out)), "lines": lines, "size": SPARKLINE}


def _article(comparison: Comparison) -> list[dict[str, Any]]:
    """The article's table by strategy: where its risk is, what leverage it used, and what crises did to it."""
    return [
        {
            "risk": _risk_in_words(comparison, name),
            "levered": name in comparison.levered,
            "average": multiple(summary["average_gross_exposure"]),
            "most": multiple(summary["max_gross_exposure"]),
            "crises": [_outcome(one, name) for one in comparison.crises],
        }
        for name, summary in comparison.summaries.items()
    ]


def _risk_in_words(comparison: Comparison, name: str) -> str:
    """Shares of expected risk by class; of realised risk where there was no covariance to expect any by."""
    kinds: tuple[tuple[Shares, str], ...] = (("risk", ""), ("realised_risk", ", realised"))
    for of, what in kinds:
        shares = comparison.class_shares(of)[name]
        if shares.notna().all():
            return ", ".join(f"{label} {percent(value, 0)}" for label, value in shares.items() if value != 0) + what
    return ""


def _crises(crises: Sequence[InCrisis]) -> list[dict[str, Any]]:
    full = typical_size(pd.DataFrame([one.returns for one in crises])) if crises else 0.0
    return [
        {
            "name": one.crisis.name,
            "first": one.first,
            "last": one.last,
            "why": one.crisis.why,
            "cells": [
                {**_outcome(one, str(name)), "shade": shade(one.returns[name], full)} for name in one.returns.index
            ],
        }
        for one in crises
    ]


def _outcome(one: InCrisis, name: str) -> dict[str, str]:
    return {"return": change(one.returns[name]), "fall": percent(abs(one.drawdowns[name]))}


def _shares(comparison: Comparison) -> dict[str, Any]:
    """Shares of asset classes by strategy, a row for capital and for each kind of risk."""
    tables = {of: comparison.class_shares(of) for of in SHARES}
    blocks = [
        [
            {"of": label, "cells": [percent(value, 0) for value in tables[of][name]]}
            for of, label in SHARES.items()
            if tables[of][name].notna().all()
        ]
        for name in comparison.names
    ]
    return {"classes": list(tables["capital"].index) if any(blocks) else [], "blocks": blocks}


def _differences(comparison: Comparison) -> list[dict[str, Any]]:
    keys = {look["name"]: look["key"] for look in looks(comparison)}
    return [
        {
            "keys": f"{keys[row['name']]} {keys[row['other']]}",
            "name": row["name"],
            "other": row["other"],
            "difference": _signed(row["difference"]),
            "error": ratio(row["ledoit_wolf_error"]),
            "p_values": [p_value(row[key]) for key in ("ledoit_wolf_p", "memmel_p", "holm_p")],
            "verdict": verdict(row["holm_p"]),
        }
        for row in comparison.sharpe_differences.to_dict("records")
        if not is_missing(row["difference"])
    ]


def _signed(value: float) -> str:
    text = ratio(value)
    return f"+{text}" if value > 0 and text.strip("0.") else text


def _square(table: pd.DataFrame, write: Callable[[float], str]) -> list[list[dict[str, str]]]:
    """A table of the strategies against each other, shaded up to 1; nothing where all numbers are missing."""
    if table.isna().to_numpy().all():
        return []
    return [
        [{"text": "" if is_missing(value) else write(value), "shade": shade(value, 1.0)} for value in row]
        for row in table.to_numpy().tolist()
    ]


def _windows(comparison: Comparison) -> list[dict[str, Any]]:
    return [
        {
            "years": years,
            "windows": comparison.windows(years),
            "rows": _square(won, lambda value: percent(value, 0)),
        }
        for years, won in comparison.windows_won.items()
    ]


def _notes(comparison: Comparison) -> list[dict[str, Any]]:
    """What each run says of itself and its data: a note once, with the names that it is about."""
    about: dict[str, list[str]] = {}
    for result in comparison.results:
        for note in (*result.notes, *result.warnings):
            about.setdefault(note, []).append(result.name)
    return [{"note": note, "names": names} for note, names in about.items()]
