"""Correlations of the assets as a section of a page: a sentence, and a table with crises below the whole run."""

from typing import Any

import numpy as np
import pandas as pd

from backtest.analysis.result import BacktestResult
from backtest.reporting.format import is_missing, percent, ratio, shade

_MOST = 20  # assets in the table


def correlations_in_words(result: BacktestResult) -> dict[str, Any] | None:
    """Return the section of the correlations of a run's assets; None if no two assets have one.

    Args:
        result: result of a run.

    Returns:
        `sentence`; `names` of the assets, none if there are more than 20; `rows` with `name` and `cells`, each with
        `text`, `under` (the correlation in crises) and `shade`; `crises`, the number of periods in crises, 0 if they
        are too few for correlations.
    """
    found = result.asset_correlations
    average = _average(found.whole)
    if is_missing(average):
        return None
    in_crises = _average(found.crises)
    sentence = f"Two assets have a correlation of {ratio(average)} on average"
    if not is_missing(in_crises):
        sentence += f", {ratio(in_crises)} in crises and {ratio(_average(found.outside))} outside them"
    bond = found.stock_bond
    if len(bond):
        above = percent(float((bond > 0).mean()), 0)
        sentence += (
            f". The correlation of stocks and bonds over 12 months was between {ratio(bond.min())} and "
            f"{ratio(bond.max())}, and above zero in {above} of months; the last is {ratio(bond.iloc[-1])}"
        )
    names = [str(name) for name in found.whole.columns] if len(found.whole) <= _MOST else []
    return {
        "sentence": f"{sentence}.",
        "names": names,
        "crises": 0 if is_missing(in_crises) else found.periods,
        "rows": [
            {"name": name, "cells": [_cell(found.whole, found.crises, name, other) for other in names]}
            for name in names
        ],
    }


def _average(correlations: pd.DataFrame) -> float:
    """Return the mean of all known correlations of two different assets; NaN without one."""
    pairs = correlations.to_numpy()[np.triu(np.ones(correlations.shape, dtype=bool), 1)]
    known = pairs[~np.isnan(pairs)]
    return float(known.mean()) if len(known) else float("nan")


def _cell(whole: pd.DataFrame, crises: pd.DataFrame, name: str, other: str) -> dict[str, str]:
    if name == other:
        return {"text": "", "under": "", "shade": ""}
    value, under = whole[name][other], crises[name][other]
    return {"text": ratio(value), "under": "" if is_missing(under) else ratio(under), "shade": shade(value, 1.0)}
