"""Chance in words: what intervals mean, and which differences from a benchmark are more than chance."""

from collections.abc import Mapping
from typing import Any

from backtest.analysis.uncertainty.confidence import MEASURES, Measure
from backtest.analysis.uncertainty.differences import Difference
from backtest.reporting.format import MISSING, count, is_missing, listed, percent, ratio

SIGNIFICANCE = 0.05
"""A difference with a p-value below it is called more than chance."""

POWER = (
    "If volatility comes in long spells, the test of the Sharpe ratio rejects 8 to 11 of 100 pairs that do not differ, "
    "in place of 5; the test of volatility does so if a spell outlasts the history. "
    "The test of volatility draws pairs of histories from models of both strategies, because other tests reject far "
    "too often if volatility comes in spells. It finds little in short histories: where one volatility was 1.2 times "
    "the other, it found 93 of 100 in 24 years of independent months, and 7 to 26 of 100 if volatility came in spells."
)

_ENOUGH_HALF_LIVES = 20  # of spells; with fewer, volatility in a history is often unlike the true one
_LIKELY = 0.9  # posterior probability of spells, whose prior probability is 0.7
_ENOUGH_PERIODS = 180  # fewer cannot rule out slow spells
_NAMES: Mapping[Measure, str] = {
    "cagr": "CAGR",
    "volatility": "volatility",
    "sharpe": "Sharpe ratio",
    "max_drawdown": "maximum drawdown",
}
_WORDS = {
    "sharpe": ("Sharpe ratio", "higher", "lower", ratio),
    "mean_return": ("mean return", "a year higher", "a year lower", percent),
    "volatility": ("volatility", "higher", "lower", percent),
}


def confidence_in_words(confidence: Mapping[str, Any], periods: int) -> str:
    """Return what the intervals of a run mean, how far to trust them, and why some are missing.

    Args:
        confidence: the entry of a summary.
        periods: number of returns.
    """
    reasons: dict[str, list[str]] = {}
    for measure, reason in confidence["missing"].items():
        reasons.setdefault(reason, []).append(_NAMES[measure])
    missing = [f"No interval of the {listed(names, at_most=4)}: {reason}." for reason, names in reasons.items()]
    if len(confidence["missing"]) == len(MEASURES):
        return f"No number has an interval: {', '.join(reasons)}."
    drawn = f"from {count(confidence['draws'])} histories drawn from a model of this run"
    meaning = (
        f"Some numbers have a {percent(confidence['level'], 0)} interval below them, {drawn}, in which volatility may "
        "come in spells. It shows the role of chance, and says nothing about a future unlike the past."
    )
    predicted = (
        "The range below the maximum drawdown is a prediction interval: in 95 of 100 other histories as long, from the "
        "same source, the deepest fall would lie in it."
    )
    return " ".join(part for part in (meaning, predicted, _spells(confidence, periods), *missing) if part)


def _spells(confidence: Mapping[str, Any], periods: int) -> str:
    """Return how far to trust the interval of volatility; empty if the history is long enough."""
    half_life = confidence["half_life_periods"]
    if confidence["volatility"] is None:
        return ""
    if confidence["spells_probability"] >= _LIKELY and periods / half_life < _ENOUGH_HALF_LIVES:
        return (
            f"Volatility comes in spells here: half of a spell lasts about {count(max(half_life, 1))} periods, and the "
            f"dates hold {count(periods / half_life)} such half-lives. With fewer than {_ENOUGH_HALF_LIVES}, the "
            "interval held the true volatility in 77 to 93 of 100 simulated histories."
        )
    if periods < _ENOUGH_PERIODS:
        return (
            f"{count(periods)} periods are too few to rule out long spells of high or low volatility. If there are "
            "any, the interval held the true volatility in as few as 77 of 100 simulated histories."
        )
    return ""


def differences_in_words(pair: str, differences: Mapping[str, Difference], years: float) -> str:
    """Return the differences from another strategy, whether they are more than chance, and the years needed to tell.

    Args:
        pair: names of both, such as `erc against 60_40`.
        differences: by measure, the first strategy less the other one.
        years: length of the history.
    """
    tested = {name: one for name, one in differences.items() if not is_missing(one.p_value)}
    if not tested:
        return ""
    parts: list[str] = []
    for name, (label, higher, lower, write) in _WORDS.items():
        if name in tested:
            one = tested[name]
            size = f"{write(abs(one.difference))} {higher if one.difference > 0 else lower}"
            which = "is" if one.p_value < SIGNIFICANCE else "may be"
            more = "more than chance" if one.p_value < SIGNIFICANCE else "chance"
            parts.append(
                f"{'The' if parts else 'the'} {label} is {size}, which {which} {more} (p-value {p_value(one.p_value)})."
            )
            if not is_missing(one.years_needed) and name == "sharpe":
                parts.append(
                    f"If this is the true difference, it takes about {count(significant(one.years_needed))} years of "
                    f"data to find it in four of five cases; the dates cover {count(years)}."
                )
    return f"{pair}: {' '.join(parts)}"


def verdict(p: float) -> str:
    """Return the verdict on a p-value.

    >>> verdict(0.2), verdict(0.01), verdict(float("nan"))
    ('may be chance', 'more than chance', 'not tested')
    """
    if is_missing(p):
        return "not tested"
    return "more than chance" if p < SIGNIFICANCE else "may be chance"


def p_value(p: float) -> str:
    """Return a p-value with three decimals.

    >>> p_value(0.0296), p_value(0.00001)
    ('0.030', 'below 0.001')
    """
    if is_missing(p):
        return MISSING
    return "below 0.001" if p < 0.001 else ratio(p, 3)


def significant(value: float) -> float:
    """Return a number rounded to two significant digits; NaN and infinite values stay as they are.

    >>> significant(1234.5), significant(5.67), significant(float("inf"))
    (1200.0, 5.7, inf)
    """
    return float(f"{value:.2g}")


def with_minus(sentence: str) -> str:
    """Return a sentence of `analysis` with true minus signs before its numbers.

    >>> with_minus("alpha is -0.1% in a two-year run")
    'alpha is −0.1% in a two-year run'
    """
    return sentence.replace(" -", " −")
