"""Rules tried before a result, from the ledger of its project: their number, and the first run of its own rule."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from backtest.analysis.run_record import RunRecord
from backtest.analysis.selection.sharpe_probability import deflated_sharpe, expected_best_sharpe
from backtest.trials.trial import Trial, trial_of
from backtest.trials.trial_ledger import TrialLedger


@dataclass(frozen=True)
class TriedRules:
    """Rules tried on the assets of a result, in its project.

    Args:
        count: number of distinct rules, this one included.
        best_by_chance: expected highest annualised Sharpe ratio of as many rules without skill; NaN if unknown.
        deflated: deflated Sharpe ratio of the result, a probability; NaN if its Sharpe ratio is undefined.
        first_run: day of the first run of this rule. Later results are out of sample.
        periods_since: number of the result's returns after that day.
    """

    count: int
    best_by_chance: float
    deflated: float
    first_run: date
    periods_since: int


Tried = TriedRules | Literal["off"] | None
"""What is known of a result; None outside a project, and if its rule could not be recorded."""


def ledger_of(result: RunRecord) -> TrialLedger | None:
    """Return the ledger of the project that has the configuration of a result, or else the current folder."""
    file = result.config_file
    return TrialLedger.near(Path.cwd() if file is None else Path(file).expanduser().parent)


def record_trials(results: Iterable[RunRecord]) -> None:
    """Add the runs to the ledgers of their projects, all runs of one project at once."""
    now = datetime.now(UTC).replace(microsecond=0)
    by_ledger = dict[TrialLedger, list[Trial]]()
    for result in results:
        ledger = ledger_of(result)
        if ledger is not None and not ledger.is_off:
            by_ledger.setdefault(ledger, []).append(trial_of(result, now))
    for ledger, trials in by_ledger.items():
        ledger.append(trials)


def tried_rules(results: Sequence[RunRecord]) -> list[Tried]:
    """Return what the ledger says about each result. The ledger of a project is read once."""
    known = dict[TrialLedger, list[Trial]]()
    found = list[Tried]()
    for result in results:
        ledger = ledger_of(result)
        if ledger is None or ledger.is_off:
            found.append(None if ledger is None else "off")
            continue
        if ledger not in known:
            known[ledger] = ledger.read()
        found.append(rules_beside(trial_of(result, datetime.now(UTC)), known[ledger], result))
    return found


def rules_beside(trial: Trial, trials: Sequence[Trial], result: RunRecord) -> TriedRules | None:
    """Return what trials, oldest first, say about the trial of a result; None if none of them has its rule.

    Each rule counts once, by its longest run, the last of equally long ones. The variance of the Sharpe ratios is taken
    over the rules, as if they were independent of each other; correlation of all of them makes it smaller.
    """
    rules = dict[str, Trial]()
    for other in trials:
        if other.universe == trial.universe and other.periods >= getattr(rules.get(other.rule), "periods", 0):
            rules[other.rule] = other
    first = next((other for other in trials if other.rule == trial.rule), None)
    if first is None or trial.rule not in rules:
        return None
    ratios = [rule.sharpe for rule in rules.values() if rule.sharpe is not None]
    variance = float(np.var(ratios, ddof=1)) if len(ratios) > 1 else 0.0
    years = trial.periods_per_year
    deflated = deflated_sharpe(
        _or_nan(trial.sharpe) / np.sqrt(years),
        trial.periods,
        _or_nan(trial.skew),
        _or_nan(trial.kurtosis),
        trials=len(rules),
        variance=variance / years,
    )
    first_run = first.time.date()
    return TriedRules(
        len(rules),
        float(expected_best_sharpe(len(rules), variance)),
        float(deflated),
        first_run,
        int((result.returns.index > pd.Timestamp(first_run)).sum()),
    )


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value
