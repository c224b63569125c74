"""Performance by regime as a section of a page: a sentence, rows, and the marks of a small picture of each interval."""

from typing import Any

import numpy as np

from backtest.analysis.origins.regime_labels import YEAR
from backtest.analysis.result import BacktestResult
from backtest.analysis.uncertainty.sharpe_difference import holm
from backtest.reporting.format import MISSING, interval, is_missing, ratio
from backtest.reporting.pages.chance_words import SIGNIFICANCE, p_value


def regimes_in_words(result: BacktestResult) -> dict[str, Any] | None:
    """Return the section of a run's regimes; None if its periods are longer than a month or none has a Sharpe ratio.

    Args:
        result: result of a run.

    Returns:
        `sentence`; `rows` with `kind`, `regime`, measures, `span` (the interval in words), `marks` (positions of its
        low end, the ratio and its high end in percent of the picture's width; None without an interval) and `p_value`;
        `zero`, the position of a ratio of 0.
    """
    if result.periods_per_year < YEAR:
        return None
    table = result.regimes().dropna(subset="sharpe")
    if table.empty:
        return None
    least, most = min(0.0, float(table["low"].min())), max(0.0, float(table["high"].max()))
    rows: list[dict[str, Any]] = [
        {str(name): value for name, value in row.items()} for row in table.reset_index().to_dict("records")
    ]

    def place(value: float) -> float:
        return round(100 * (value - least) / (most - least), 2)

    sentence = _sentence(rows)
    for row in rows:
        drawn = not is_missing(row["low"])
        row["span"] = interval((row["low"], row["high"]), "ratio", 2) if drawn else MISSING
        row["marks"] = [place(row[name]) for name in ("low", "sharpe", "high")] if drawn else None
        row["p_value"] = p_value(row["p_value"])
    return {"sentence": sentence, "rows": rows, "zero": place(0.0) if most > least else None}


def _sentence(rows: list[dict[str, Any]]) -> str:
    """Return the kind of regime whose Sharpe ratios differ with the smallest p-value, corrected for all kinds."""
    tested = {row["kind"]: row["p_value"] for row in rows if not is_missing(row["p_value"])}
    if not tested:
        return "The regimes have too few months to be told apart."
    corrected = dict(zip(tested, holm(np.array(list(tested.values()))), strict=True))
    kind = min(tested, key=tested.__getitem__)
    sides = ", ".join(f"{ratio(row['sharpe'])} if it is {row['regime']}" for row in rows if row["kind"] == kind)
    verdict = "is more than chance" if corrected[kind] < SIGNIFICANCE else "may be chance"
    several = f", and {p_value(corrected[kind])} after correction for {len(tested)} tests" * (len(tested) > 1)
    return (
        f"The Sharpe ratio differs most clearly by {kind}: {sides}; the difference {verdict} "
        f"(p-value {p_value(tested[kind])}{several})."
    )
