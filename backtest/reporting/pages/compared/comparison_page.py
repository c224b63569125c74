"""Page of a comparison: one file that opens from disk, with everything it shows inside it.

This module prepares the context of `templates/comparison.html.j2`; numbers come from `analysis`, formats from `format`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd

from backtest.analysis.compare.comparison import Comparison
from backtest.analysis.drawing.risk_return import Strip, strips
from backtest.analysis.metrics.metric_registry import BY_KEY, shown_in
from backtest.analysis.metrics.records.metric_record import MetricRecord
from backtest.analysis.tables.calendar_tables import typical_size
from backtest.analysis.tables.crises import InCrisis, covered_partly
from backtest.reporting.charts.comparison_charts import comparison_charts, draws_every_row, looks
from backtest.reporting.format import (
    FILTERS,
    change,
    difference,
    frequency_in_words,
    is_missing,
    percent,
    ratio,
    shade,
)
from backtest.reporting.pages.chance_words import POWER, differences_in_words, p_value, verdict
from backtest.reporting.pages.compared.comparison_sections import (
    bars_of,
    differing_settings,
    matrix_of,
    ranked,
    scatter_of,
    years_of,
)
from backtest.reporting.pages.compared.comparison_words import SHARES, findings, in_words_of_chance
from backtest.reporting.pages.leverage_words import AVERAGE_OF_ANY, words_of
from backtest.reporting.pages.measure_texts import interval_of, page_groups
from backtest.reporting.pages.page_file import picture, render
from backtest.reporting.pages.trial_words import trials_of_all
from backtest.trials.tried_rules import Tried


def render_comparison_page(
    comparison: Comparison,
    figures: Mapping[str, bytes],
    *,
    command: str = "",
    versions: Mapping[str, str] | None = None,
    data_files: Sequence[str] = (),
    written: date | None = None,
    tried: Sequence[Tried] = (),
    links: Mapping[str, str] | None = None,
    shelf: str = "",
) -> str:
    """Return the page of a comparison as HTML, without external addresses.

    Args:
        comparison: result of `compare`.
        figures: SVG by name, from `comparison_figures.render_comparison`; they replace the charts without scripts and
            in print.
        command: command that repeats the comparison.
        versions: versions by package.
        data_files: names of the files that will be next to the page.
        written: day of writing.
        tried: rules tried on the assets of each strategy, from the project's ledger.
        links: relative address of the tearsheet of each run that has one.
        shelf: relative address of the page that lists all runs; empty without one.
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
        scatter=scatter_of(comparison),
        ranked=ranked(comparison),
        headline=_headline(comparison),
        strips=_strips(comparison),
        links=links or {},
        shelf=shelf,
        years=years_of(comparison),
        bars=bars_of(comparison),
        matrix=matrix_of(comparison),
        differing=differing_settings(comparison),
        trials=trials_of_all(dict(zip(comparison.names, tried, strict=False))),
        charts=drawn["charts"],
        any_crisis=bool(drawn["crises"]),
        every_row=draws_every_row(comparison),
        pictures={name: picture(svg) for name, svg in figures.items()},
        crises=_crises(comparison.crises),
        falls=_crises(comparison.falls),
        partly=covered_partly(comparison.growth.index),
        shares=_shares(comparison),
        groups=_groups(comparison),
        chance=in_words_of_chance(comparison),
        differences=_differences(comparison),
        from_first=_from_first(comparison),
        power=POWER,
        correlations=_square(comparison.correlations, ratio),
        notes=_notes(comparison),
        command=command,
        versions=versions or {},
        data_files=data_files,
        written=written,
    )


def _cells(comparison: Comparison, metric: MetricRecord) -> list[dict[str, Any]]:
    """Number of each strategy as text, and True for the best."""
    values, best = comparison.metrics.loc[metric.key], comparison.starred[metric.key]
    write = FILTERS[metric.form]
    return [
        {
            "text": write(values[name]),
            "best": name in best,
            "interval": interval_of(comparison.summaries[name], metric),
        }
        for name in comparison.names
    ]


def _is_shown(comparison: Comparison, metric: MetricRecord) -> bool:
    """Return whether any strategy has the metric, and a number other than zero if it is hidden at zero."""
    if metric.key not in comparison.metrics.index:
        return False
    values = [value for value in comparison.metrics.loc[metric.key] if not is_missing(value)]
    return any(value != 0 for value in values) if metric.if_any else bool(values)


def _groups(comparison: Comparison) -> list[dict[str, Any]]:
    """All metrics by heading, one row each."""
    kinds = {words_of(result).average_free for result in comparison.results}
    cash = kinds.pop() if len(kinds) == 1 else AVERAGE_OF_ANY
    groups = []
    listed = page_groups("comparison", comparison.periods_per_year, cash, comparison.own_metrics)
    for title, metrics in listed.items():
        rows = [
            {"metric": metric, "cells": _cells(comparison, metric)}
            for metric in metrics
            if _is_shown(comparison, metric)
        ]
        if rows:
            groups.append({"title": title, "rows": rows})
    return groups


def _rows_of(comparison: Comparison, keys: Iterable[str]) -> dict[str, Any]:
    """Table with a row for each strategy and a column for each metric that any strategy has."""
    metrics = [BY_KEY[key] for key in keys if _is_shown(comparison, BY_KEY[key])]
    columns = [_cells(comparison, metric) for metric in metrics]
    return {"metrics": metrics, "rows": [list(row) for row in zip(*columns, strict=True)]}


def _headline(comparison: Comparison) -> dict[str, Any]:
    left_out = {"cagr", "total_return", "real_cagr"} - {comparison.return_measure}
    table = _rows_of(comparison, [metric.key for metric in shown_in("card") if metric.key not in left_out])
    for name, row in zip(comparison.names, table["rows"], strict=True):
        for metric, cell in zip(table["metrics"], row, strict=True):
            value = comparison.metrics.loc[metric.key, name]
            cell["value"] = "" if is_missing(value) else f"{value:.10g}"
    return table


def _strips(comparison: Comparison) -> list[Strip | None]:
    summaries = comparison.summaries.values()
    return strips([(one["sharpe"], one.get("confidence", {}).get("sharpe")) for one in summaries])


def _crises(crises: Sequence[InCrisis]) -> list[dict[str, Any]]:
    full = typical_size(pd.DataFrame([crisis.returns for crisis in crises])) if crises else 0.0
    return [
        {
            "name": crisis.crisis.name,
            "first": crisis.first,
            "last": crisis.last,
            "why": crisis.crisis.why,
            "cells": [
                {**_outcome(crisis, str(name)), "shade": shade(crisis.returns[name], full)}
                for name in crisis.returns.index
            ],
        }
        for crisis in crises
    ]


def _outcome(crisis: InCrisis, name: str) -> dict[str, str]:
    return {"return": change(crisis.returns[name]), "fall": percent(abs(crisis.drawdowns[name]))}


def _shares(comparison: Comparison) -> dict[str, Any]:
    """Shares of asset classes by strategy, with a row for capital and for each kind of risk."""
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
            "difference": difference(row["difference"]),
            "error": ratio(row["robust_error"]),
            "p_values": [p_value(row[key]) for key in ("robust_p", "memmel_p", "holm_p")],
            "verdict": verdict(row["holm_p"]),
        }
        for row in comparison.sharpe_differences.to_dict("records")
        if not is_missing(row["difference"])
    ]


def _from_first(comparison: Comparison) -> list[dict[str, str]]:
    """Differences of each other strategy from the first, in words."""
    years = (len(comparison.growth) - 1) / comparison.periods_per_year
    keys = {look["name"]: look["key"] for look in looks(comparison)}
    first = comparison.names[0]
    return [
        {"key": keys[name], "words": words}
        for name, found in comparison.differences.items()
        if (words := differences_in_words(f"{name} against {first}", found, years))
    ]


def _square(table: pd.DataFrame, write: Callable[[float], str]) -> list[list[dict[str, str]]]:
    """Table of the strategies against each other, shaded up to 1; empty if all numbers are missing."""
    if table.isna().to_numpy().all():
        return []
    return [
        [{"text": "" if is_missing(value) else write(value), "shade": shade(value, 1.0)} for value in row]
        for row in table.to_numpy().tolist()
    ]


def _notes(comparison: Comparison) -> list[dict[str, Any]]:
    """Notes and warnings of all runs without repetition, each with the names of its runs."""
    about: dict[str, list[str]] = {}
    for result in comparison.results:
        for note in (*result.notes, *result.warnings):
            about.setdefault(note, []).append(result.name)
    return [{"note": note, "names": names} for note, names in about.items()]
