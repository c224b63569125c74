"""`WalkForward`: what a walk-forward chose, when and by what, beside the best candidate chosen afterwards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from backtest.analysis.selection.cross_validation import CrossValidation


@dataclass(frozen=True, eq=False)
class WalkForward:
    """Choices of a walk-forward over m dates among N candidates. Sharpe ratios are per year.

    Definitions: docs/conventions/uncertainty.md#walk-forward

    Args:
        choose_by: key of the metric that the choice is made by.
        rule: the rule of the choice in words.
        choices: (m, 9) by date of the choice: `candidate`, its `settings`, `window_start` and `window_end` of the
            history that the choice looked at, the metric `in_sample` over that window, `held_from` and `held_to`, the
            metric `out_of_sample` of the path between them, and the `rank` of the candidate's own path among all
            candidates' between them, 1 for the best. NaN where undefined.
        candidates: (N, 8) by candidate: its `settings`, how often it was `chosen`, and `cagr`, `volatility`, `sharpe`,
            `max_drawdown`, and `skew` and `kurtosis` of returns above cash, of its own run over the dates of the path.
        overrides: (N,) the settings of each candidate by dotted name, with which `bt.run` runs it.
        path: `cagr`, `volatility`, `sharpe` and `max_drawdown` of the path.
        best: the candidate with the best metric over the dates of the path, known only afterwards.
        independent: number of candidates that are effectively independent; at most 100 are looked at.
        probability: probability that the true Sharpe ratio of the path is above 0. The path is one rule, fixed before
            its returns, so the number of candidates does not enter.
        deflated: the same as if the path were the best of the independent candidates: a lower bound.
        best_deflated: probability that the true Sharpe ratio of the best candidate is above 0, given the search.
        overfitting: probability that the best candidate of one half of the history is below the median in the other.
        cross_validation: out-of-sample Sharpe ratios by cross-validation; None if the settings say so.
    """

    choose_by: str
    rule: str
    choices: pd.DataFrame
    candidates: pd.DataFrame
    overrides: Sequence[Mapping[str, Any]]
    path: Mapping[str, float]
    best: int
    independent: int
    probability: float
    deflated: float
    best_deflated: float
    overfitting: float
    cross_validation: CrossValidation | None

    @property
    def retained(self) -> float:
        """Mean out-of-sample over mean in-sample value of the metric; NaN if the latter is not above 0."""
        inside = float(self.choices["in_sample"].mean())
        return float(self.choices["out_of_sample"].mean()) / inside if inside > 0 else float("nan")

    @property
    def switches(self) -> int:
        """Number of choices that changed the candidate."""
        chosen = self.choices["candidate"].to_numpy()
        return int((chosen[1:] != chosen[:-1]).sum())

    @property
    def sentence(self) -> str:
        """The outcome in words."""
        best = self.candidates.loc[self.best].to_dict()
        count = f"{len(self.candidates):,} candidate{'s' * (len(self.candidates) > 1)}"
        return (
            f"{self.rule}, the path {_earned(self.path)}; the best of {count}, known only afterwards, {_earned(best)}."
        )

    def summary(self) -> dict[str, Any]:
        """Return the outcome as plain values, as `summary.json` has it."""
        best = self.candidates.loc[self.best]
        ranks = self.choices["rank"]
        return {
            "rule": self.rule,
            "choose_by": self.choose_by,
            "choices": len(self.choices),
            "switches": self.switches,
            "path": dict(self.path),
            "best_afterwards": {
                "candidate": self.best,
                "settings": best["settings"],
                **best[list(self.path)].astype(float).to_dict(),
            },
            "mean_in_sample": float(self.choices["in_sample"].mean()),
            "mean_out_of_sample": float(self.choices["out_of_sample"].mean()),
            "retained": self.retained,
            "mean_rank": float(ranks.mean()),
            "candidates": len(self.candidates),
            "independent_candidates": self.independent,
            "probability": self.probability,
            "deflated": self.deflated,
            "best_deflated": self.best_deflated,
            "overfitting": self.overfitting,
            "cross_validation": None if self.cross_validation is None else _spread(self.cross_validation),
        }


def _earned(numbers: Mapping[Any, Any]) -> str:
    """Return growth and Sharpe ratio in words; both are undefined after a ruin.

    >>> _earned({"cagr": 0.08, "sharpe": 0.5})
    'earned 8.0% a year with a Sharpe ratio of 0.50'
    """
    if np.isnan(numbers["cagr"]):
        return "lost all of its capital"
    return f"earned {numbers['cagr']:.1%} a year with a Sharpe ratio of {numbers['sharpe']:.2f}"


def _spread(validated: CrossValidation) -> dict[str, Any]:
    """Return the distribution of the out-of-sample Sharpe ratios of splits and of paths."""
    low, median, high = (float(end) for end in np.quantile(validated.out_of_sample, _QUANTILES))
    path_low, path_median, path_high = (float(end) for end in np.quantile(validated.paths, _QUANTILES))
    return {
        "splits": len(validated.chosen),
        "mean_in_sample": float(validated.in_sample.mean()),
        "mean_out_of_sample": float(validated.out_of_sample.mean()),
        "median": median,
        "interval": [low, high],
        "below_zero": float((validated.out_of_sample < 0).mean()),
        "paths": len(validated.paths),
        "path_median": path_median,
        "path_interval": [path_low, path_high],
    }


_QUANTILES = (0.05, 0.5, 0.95)
