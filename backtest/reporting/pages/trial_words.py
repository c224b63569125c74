"""Words on the rules that were tried: before the one on a page, and in a walk-forward."""

from collections.abc import Mapping
from typing import Any

from backtest.analysis.metrics.metric_registry import BY_KEY
from backtest.analysis.metrics.records.metric_record import MetricRecord
from backtest.analysis.selection.walk_forward_record import WalkForward
from backtest.reporting.format import FILTERS, count, day, percent, ratio
from backtest.trials.tried_rules import Tried, TriedRules

_DEFLATED = "deflated Sharpe ratio; Bailey, López de Prado 2014"
_MOST_HELD = 12  # candidates of a walk-forward with a row of their own
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


def walk_forward_parts(walked: WalkForward | None) -> dict[str, Any]:
    """Return what the section on a walk-forward shows: its numbers, when each candidate was held, and the choices.

    Args:
        walked: the choices; None for other runs.

    Returns:
        Nothing for other runs.
    """
    if walked is None:
        return {}
    metric = BY_KEY[walked.choose_by]
    choices = walked.choices.to_dict("records")
    return {
        "sentence": walked.sentence,
        "metric": metric.label,
        "form": metric.form,
        "groups": _groups_of_numbers(walked.summary(), metric),
        "held": _held(walked),
        "ends": [day(walked.choices["held_from"].iloc[0]), day(walked.choices["held_to"].iloc[-1])],
        "choices": [{"date": date, **choice} for date, choice in zip(walked.choices.index, choices, strict=True)],
        "count": len(walked.candidates),
    }


def _groups_of_numbers(numbers: Mapping[str, Any], metric: MetricRecord) -> list[dict[str, Any]]:
    """Return title, heading, and label, meaning and text of each number, by group."""
    shown, independent = FILTERS[metric.form], count(numbers["independent_candidates"])
    path, best = (numbers[key]["sharpe"] for key in ("path", "best_afterwards"))
    choices = [
        ("Mean at the choice", "Mean over all choices, in the window before each.", shown(numbers["mean_in_sample"])),
        ("Mean while held", "Mean over all choices, until the next one.", shown(numbers["mean_out_of_sample"])),
        ("Mean rank while held", "Of the chosen candidate among all; 1 is the best.", ratio(numbers["mean_rank"], 1)),
        ("Changes of candidate", "Choices that changed the candidate.", count(numbers["switches"])),
    ]
    chance = [
        ("Sharpe ratio of the path", "Out of sample.", ratio(path)),
        ("Sharpe ratio of the best", "Of the candidate chosen afterwards.", ratio(best)),
        ("Path truly above 0", "Probability that its true Sharpe ratio is.", percent(numbers["probability"])),
        (
            f"… if best of {independent}",
            "The same, as if chosen afterwards: a lower bound.",
            percent(numbers["deflated"]),
        ),
        ("Best truly above 0", f"As the best of {independent} independent.", percent(numbers["best_deflated"])),
        (
            "Overfitting",
            "Probability that the best of one half is below the median in the other.",
            percent(numbers["overfitting"]),
        ),
    ]
    groups = [("Choices", metric.label, choices), ("Skill or chance", "", chance)]
    validated = numbers["cross_validation"]
    if validated is not None:
        splits = f"of {count(validated['splits'])} splits of the history"
        low, high = (ratio(end) for end in validated["interval"])
        rows = [
            ("In sample", f"Mean {splits}, where the candidate is chosen.", ratio(validated["mean_in_sample"])),
            ("Out of sample, median", f"Median {splits}.", ratio(validated["median"])),
            ("… lowest 5%", f"Quantile {splits}.", low),
            ("… highest 5%", f"Quantile {splits}.", high),
            ("… below 0", f"Share {splits}.", percent(validated["below_zero"])),
        ]
        groups.append(("Cross-validation", BY_KEY["sharpe"].label, rows))
    return [{"title": title, "heading": heading, "rows": rows} for title, heading, rows in groups]


def _held(walked: WalkForward) -> list[dict[str, Any]]:
    """Return the candidates that were held, most often chosen first, with spans of time in thousandths of the whole."""
    begin, end = walked.choices["held_from"].iloc[0], walked.choices["held_to"].iloc[-1]
    spans: dict[int, list[tuple[float, float]]] = {}
    chosen = walked.choices["candidate"]
    for _, held in walked.choices.groupby((chosen != chosen.shift()).cumsum()):
        at, until = ((date - begin) / (end - begin) for date in (held["held_from"].iloc[0], held["held_to"].iloc[-1]))
        spans.setdefault(int(held["candidate"].iloc[0]), []).append((1000 * at, 1000 * (until - at)))
    times = chosen.value_counts()
    rows = [
        {"name": walked.candidates.loc[number, "settings"], "chosen": times[number], "spans": spans[number]}
        for number in times.index[:_MOST_HELD]
    ]
    others = times.index[_MOST_HELD:]
    if len(others):
        joined = [span for number in others for span in spans[number]]
        rows.append({"name": f"{count(len(others))} others", "chosen": times[others].sum(), "spans": joined})
    return rows
