"""Sentences on the rules that were tried before the one on a page, from the ledger of its project."""

from collections.abc import Mapping

from backtest.reporting.format import count, day, percent, ratio
from backtest.trials.tried_rules import Tried, TriedRules

_DEFLATED = "deflated Sharpe ratio; Bailey, López de Prado 2014"
_OFF = "The ledger of trials is off, so this page does not say how many rules were tried before."


def trials_in_words(tried: Tried) -> str:
    """Return how many rules were tried on the assets of a run, and since when its results are out of sample.

    Args:
        tried: what the ledger says; None outside a project.

    Returns:
        Nothing for the first rule, if the run has no period since it was first run.
    """
    if not isinstance(tried, TriedRules):
        return "" if tried is None else _OFF
    if tried.count == 1 and not tried.periods_since:
        return ""
    known = f"This rule was first run on {day(tried.first_run)}"
    since = f"the {count(tried.periods_since)} periods since then are" if tried.periods_since > 1 else "one period is"
    sample = f"{known}; {since} out of sample." if tried.periods_since else f"{known}, so all periods are in sample."
    return sample if tried.count == 1 else f"{_chance(tried)} {sample}"


def trials_of_all(tried: Mapping[str, Tried]) -> str:
    """Return how many rules were tried on the assets of each strategy, and its deflated Sharpe ratio.

    Args:
        tried: what the ledger says, by name of the strategy.

    Returns:
        Nothing if no strategy has another rule next to it.
    """
    if any(each == "off" for each in tried.values()):
        return _OFF
    several = {name: each for name, each in tried.items() if isinstance(each, TriedRules) and each.count > 1}
    if not several:
        return ""
    listed = "; ".join(
        f"{name} {percent(each.deflated, 1)}, {count(each.count)} rules" for name, each in several.items()
    )
    return (
        "Probability that each Sharpe ratio is more than the best of the rules tried on the same assets in this "
        f"project would reach by chance ({_DEFLATED}): {listed}."
    )


def _chance(tried: TriedRules) -> str:
    return (
        f"{count(tried.count)} rules have been tried on these assets in this project. The best of as many without "
        f"skill would reach a Sharpe ratio of {ratio(tried.best_by_chance)} by chance; the probability that this "
        f"run's is more than that is {percent(tried.deflated, 1)} ({_DEFLATED})."
    )
