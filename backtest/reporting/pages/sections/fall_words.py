"""Drawdowns and crises as a section of a page, deepest first, each with the numbers of the benchmark."""

from typing import Any

import pandas as pd

from backtest.analysis.result import BacktestResult
from backtest.analysis.tables.calendar_tables import drawdown_lengths
from backtest.analysis.tables.crises import (
    CRISES,
    InCrisis,
    covered_partly,
    falls_of,
    in_crises,
    overlapping_crises,
)
from backtest.reporting.format import change, count, day, percent

_FALLS = 5


def falls_in_words(result: BacktestResult) -> dict[str, Any] | None:
    """Return the section of a run's falls; None if NAV never fell and the dates cover no crisis.

    Args:
        result: result of a run.

    Returns:
        `drawdowns`, rows of `depth`, `others` (the benchmark's return from peak to trough), `dates`, `recovery` and
        `days`; `crises`, rows of `name`, `partly`, `returns` and `drawdowns` (of both sides), `dates` and `why`;
        `any_part`, whether the run covers only a part of a crisis.
    """
    sides = [result] if result.benchmark is None else [result, result.benchmark]
    navs = pd.concat([side.nav for side in sides], axis=1, keys=range(len(sides)))
    crises = _crises(navs)
    drawdowns = _drawdowns(result, navs)
    if not crises and not drawdowns:
        return None
    return {"drawdowns": drawdowns, "crises": crises, "any_part": any(crisis["partly"] for crisis in crises)}


def _drawdowns(result: BacktestResult, navs: pd.DataFrame) -> list[dict[str, Any]]:
    lengths = drawdown_lengths(result.nav, _FALLS)
    spans = {one.crisis.start: one for one in in_crises(navs, falls_of(result.nav, _FALLS))}
    return [
        {
            "depth": percent(row["depth"]),
            "others": [change(value) for value in spans[row["peak"]].returns.iloc[1:]],
            "peak": day(row["peak"]),
            "trough": day(row["trough"]),
            "recovery": "not yet" if pd.isna(row["recovery"]) else day(row["recovery"]),
            "days": count(row["days"]),
        }
        for row in lengths.to_dict("records")
    ]


def _crises(navs: pd.DataFrame) -> list[dict[str, Any]]:
    """Return one row for each crisis; of one that the dates cover partly, the part that they cover."""
    dates = pd.DatetimeIndex(navs.index)
    partly = {crisis.name for crisis in covered_partly(dates)}
    found = sorted(in_crises(navs, overlapping_crises(dates)), key=lambda one: float(one.drawdowns.iloc[0]))
    why = {crisis.name: crisis.why for crisis in CRISES}
    return [_crisis(one, one.crisis.name in partly, why[one.crisis.name]) for one in found]


def _crisis(found: InCrisis, partly: bool, why: str) -> dict[str, Any]:
    return {
        "name": found.crisis.name,
        "partly": partly,
        "returns": [change(value) for value in found.returns],
        "drawdowns": [percent(value) for value in found.drawdowns],
        "first": day(found.first),
        "last": day(found.last),
        "why": why,
    }
