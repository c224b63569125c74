"""Factors and active risk as a section of a page: sentences and rows."""

from typing import Any

from backtest.analysis.origins.regime_labels import YEAR
from backtest.analysis.result import BacktestResult
from backtest.errors import DataError
from backtest.reporting.format import MISSING, change, change2, is_missing, percent, ratio
from backtest.reporting.pages.chance_words import with_minus

_FEWEST = 24  # periods: a shorter run has a tracking error by chance


def active_in_words(result: BacktestResult) -> dict[str, Any] | None:
    """Return the section of a run's factors and active risk; None if it has neither.

    Args:
        result: result of a run.

    Returns:
        `sentences`; `factors`, rows of `name`, `value`, `span` (the 95 % interval) and `contribution`, alpha first;
        `active`, rows of `name` and texts by asset class; either is empty where the run has none.
    """
    sentences, factors, active = [], [], []
    if result.periods_per_year >= YEAR and (found := _factors(result)) is not None:
        sentences.append(found.sentence)
        factors = [_factor(str(name), row) for name, row in found.loadings.to_dict("index").items()]
    if result.benchmark is not None and len(result.nav) > _FEWEST and result.active_risk.tracking_error > 0:
        risk = result.active_risk
        sentences.append(risk.sentence)
        active = [
            {"name": name, "weight": change(row["active_weight"]), "risk": percent(row["risk"])}
            | {part: change2(row[part]) for part in ("allocation", "selection", "active_return")}
            for name, row in risk.table.to_dict("index").items()
        ]
    shown = [with_minus(sentence) for sentence in sentences]
    return {"sentences": shown, "factors": factors, "active": active} if sentences else None


def _factors(result: BacktestResult) -> Any:
    try:
        return result.factors()
    except DataError:  # too few months, or classes that move together
        return None


def _factor(name: str, row: dict[str, float]) -> dict[str, str]:
    annual = name == "alpha"
    write = change2 if annual else ratio
    return {
        "name": f"{name}, a year" if annual else name,
        "value": write(row["value"]),
        "span": MISSING if is_missing(row["low"]) else f"{write(row['low'])} to {write(row['high'])}",
        "contribution": change2(row["contribution"]),
    }
