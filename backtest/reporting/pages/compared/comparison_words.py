"""Findings of a comparison in words: the highest return, and the differences that are more than chance."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from backtest.analysis.compare.comparison import Comparison
from backtest.analysis.compare.side_by_side import Shares
from backtest.analysis.uncertainty.batches import FEWEST
from backtest.reporting.format import is_missing, listed, percent, ratio
from backtest.reporting.pages.chance_words import SIGNIFICANCE, p_value

SHARES: Mapping[Shares, str] = {"capital": "capital", "risk": "expected risk", "realised_risk": "realised risk"}
"""Quantities shared between asset classes, and their labels."""

_NAMED = 3  # maximum number of differences in a sentence


def findings(comparison: Comparison) -> list[str]:
    """Return the sentences that open the page, the verdict first."""
    return [*_highest_sharpe(comparison), _highest_return(comparison), in_words_of_chance(comparison)]


def _highest_sharpe(comparison: Comparison) -> list[str]:
    """Return the verdict: the highest Sharpe ratio, and over which others its lead is more than chance."""
    best = comparison.best["sharpe"]
    if not best:
        return []
    table = comparison.sharpe_differences
    mine = table[table["name"].isin(best) ^ table["other"].isin(best)]
    tested = mine[mine["holm_p"].notna()]
    beaten = tested[tested["holm_p"] < SIGNIFICANCE]
    names = sorted({*beaten["name"], *beaten["other"]} - {*best}, key=comparison.names.index)
    if tested.empty:
        lead = "over too few dates to tell whether its lead is chance"
    elif not names:
        lead = "but its lead may be chance"
    elif len(beaten) == len(mine):
        lead = "and its lead is more than chance"
    else:
        lead = f"and only its lead over {_list(names)} is more than chance"
    if len(best) > 1:
        lead = lead.replace("its lead", "their lead")
    have = "has" if len(best) == 1 else "have"
    return [f"{_list(best)} {have} the highest Sharpe ratio, {ratio(comparison.summaries[best[0]]['sharpe'])}, {lead}."]


def in_words_of_chance(comparison: Comparison) -> str:
    """Return a sentence on the differences of Sharpe ratios, tested with a correction for the number of pairs."""
    table = comparison.sharpe_differences
    tested = table[table["holm_p"].notna()]
    if tested.empty:
        few = len(comparison.growth) <= FEWEST
        return "There are too few dates to test differences of Sharpe ratios." if few else ""
    significant = tested[tested["holm_p"] < SIGNIFICANCE].sort_values("holm_p", kind="stable")
    pairs = f" when corrected for {len(tested)} pairs" if len(tested) > 1 else ""
    if significant.empty:
        least = p_value(tested["holm_p"].min())
        subject = "The difference" if len(tested) == 1 else "No difference"
        can = "cannot" if len(tested) == 1 else "can"
        smallest = "p-value" if len(tested) == 1 else "smallest p-value"
        return f"{subject} of Sharpe ratios {can} be distinguished from chance{pairs} ({smallest} {least})."
    named = ", ".join(_pair_in_words(row) for row in significant.head(_NAMED).to_dict("records"))
    more = f" and {len(significant) - _NAMED} more" if len(significant) > _NAMED else ""
    of = f"{len(significant)} of {len(tested)} differences" if len(tested) > 1 else "The difference"
    return f"{of} of Sharpe ratios can be distinguished from chance{pairs}: {named}{more}."


def _highest_return(comparison: Comparison) -> str:
    key = comparison.return_measure
    most = comparison.best[key]
    if not most:
        return f"All earned the same, {_rate(comparison, comparison.names[0], key)}."
    return f"{_list(most)} earned the most: {_rate(comparison, most[0], key)}{_at(comparison.summaries[most[0]])}."


def _list(names: Sequence[str]) -> str:
    return listed(list(names), at_most=len(names))


def _rate(comparison: Comparison, name: str, key: str) -> str:
    text = percent(comparison.summaries[name][key])
    return f"{text} a year" if key == "cagr" else f"{text} in all"


def _at(numbers: Mapping[str, Any]) -> str:
    parts = []
    if not is_missing(numbers["sharpe"]):
        parts.append(f"a Sharpe ratio of {ratio(numbers['sharpe'])}")
    if numbers["max_drawdown"] < 0:
        parts.append(f"a maximum drawdown of {percent(-numbers['max_drawdown'])}")
    return f", with {' and '.join(parts)}" if parts else ""


def _pair_in_words(row: Mapping[Hashable, Any]) -> str:
    """Names of the higher and the lower ratio, with the corrected p-value."""
    pair = (row["name"], row["other"]) if row["difference"] > 0 else (row["other"], row["name"])
    return f"{pair[0]} above {pair[1]} (p-value {p_value(row['holm_p'])})"
