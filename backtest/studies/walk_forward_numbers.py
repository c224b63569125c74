"""Numbers of a walk-forward: the metric of each candidate by window, the choices, and what they are worth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from backtest.analysis.metrics.criteria import Criterion, PathPart, criterion_of
from backtest.analysis.metrics.metric_registry import BETTER
from backtest.analysis.metrics.performance import sharpe, standardised_moment
from backtest.analysis.result import BacktestResult
from backtest.analysis.selection.cross_validation import CrossValidation, cross_validation
from backtest.analysis.selection.independent_trials import independent_trials
from backtest.analysis.selection.overfitting import BLOCKS, backtest_overfitting, block_sums
from backtest.analysis.selection.sharpe_probability import deflated_sharpe, probabilistic_sharpe
from backtest.analysis.selection.walk_forward_record import WalkForward
from backtest.config.grid.load_walk_forward import LoadedWalkForward
from backtest.data.market_data import MarketData
from backtest.errors import SimulationError
from backtest.estimation.estimator import window_rows
from backtest.numerics.arrays import Floats
from backtest.studies.timetable import Timetable
from backtest.sweeps.candidates import Candidates
from backtest.sweeps.sweep_chance import MOST_RETURNS
from backtest.sweeps.sweep_result import text_of

NUMBERS: tuple[Criterion, ...] = ("cagr", "volatility", "sharpe", "max_drawdown")
"""Metrics of each candidate over the dates of the path."""

_LABELS: Mapping[Criterion, str] = {
    "sharpe": "Sharpe ratio",
    "sortino": "Sortino ratio",
    "cagr": "growth",
    "calmar": "Calmar ratio",
    "max_drawdown": "maximum drawdown",
    "volatility": "volatility",
}
_SEED = 0
_EVERY = {"monthly": "month", "quarterly": "quarter", "yearly": "year"}


@dataclass(frozen=True, eq=False)
class Paths:
    """Paths of N candidates to the last date of the data.

    Args:
        navs: (P, N) NAV; NaN after a ruin.
        data: market data.
    """

    navs: Floats
    data: MarketData

    @property
    def first(self) -> int:
        """Row of the data at which they begin."""
        return len(self.data.dates) - len(self.navs)

    @property
    def rows(self) -> tuple[int, int]:
        """First and last row of the data."""
        return self.first, len(self.data.dates) - 1

    def measure(self, rows: tuple[int, int], choose_by: Criterion) -> Floats:
        """Return the (N,) metric of each path from one row of the data to another; NaN where undefined."""
        begin, end = rows
        part = slice(begin, end + 1)
        days = self.data.dates[part].to_numpy().astype("datetime64[D]")
        cash, per_year = self.data.cash_returns.to_numpy()[part], self.data.periods_per_year
        navs = self.navs[begin - self.first : end + 1 - self.first]
        return np.array([criterion_of(PathPart(nav, cash, days, per_year), choose_by) for nav in navs.T])

    @property
    def excess_returns(self) -> Floats:
        """(P - 1, k) returns above cash of the candidates that are never ruined, decimal per period."""
        navs = self.navs[:, (self.navs > 0).all(axis=0)]
        return np.asarray(navs[1:] / navs[:-1] - 1 - self.cash_returns[:, None])

    @property
    def cash_returns(self) -> Floats:
        """(P - 1,) cash returns, decimal per period."""
        return self.data.cash_returns.to_numpy()[self.first + 1 :]

    def moments(self, k: int) -> tuple[float, float, float, float]:
        """Return Sharpe ratio, number, skew and kurtosis of the returns of one candidate above cash, per period."""
        nav = self.navs[:, k][self.navs[:, k] > 0]
        excess = nav[1:] / nav[:-1] - 1 - self.cash_returns[: len(nav) - 1]
        return sharpe(excess, 1), len(excess), standardised_moment(excess, 3), standardised_moment(excess, 4)


def choose(inside: Floats, table: Timetable, candidates: Candidates, choose_by: Criterion) -> list[int]:
    """Return the position of the best candidate of each choice; of equal ones, the first in the grid.

    If no candidate has the metric, as after a ruin, the one that was chosen before is kept.

    Args:
        inside: (m, N) metric over the window of each choice; NaN is never chosen.
        table: the dates, for messages.
        candidates: the candidates.
        choose_by: key of the metric.

    Raises:
        SimulationError: no candidate has the metric at the first choice.
    """
    chosen: list[int] = []
    for choice, row in zip(table.choices, _scores(inside, choose_by), strict=True):
        known = bool(np.isfinite(row).any())
        if not known and not chosen:
            first, last = (f"{candidates.plan.data.dates[at]:%Y-%m-%d}" for at in choice.window)
            raise SimulationError(
                f"walk_forward: {choose_by} is undefined for all candidates from {first} to {last}. "
                "Hint: another choose_by, or a longer window"
            )
        chosen.append(int(row.argmax()) if known else chosen[-1])
    return chosen


def _scores(values: Floats, choose_by: Criterion) -> Floats:
    """Return values of a metric with the best highest, and -infinity for undefined ones."""
    signed = -values if BETTER[choose_by] == "lower" else values
    return np.where(np.isnan(signed), -np.inf, signed)


@dataclass(frozen=True, eq=False)
class Walk:
    """A walk-forward whose choices are made.

    Args:
        loaded: the settings.
        candidates: the candidates.
        table: the dates.
        inside: (m, N) metric over the window of each choice.
        chosen: (m,) position of the chosen candidate.
        before: paths of the candidates from their common date on.
        after: their paths from the first date of the path on.
    """

    loaded: LoadedWalkForward
    candidates: Candidates
    table: Timetable
    inside: Floats
    chosen: Sequence[int]
    before: Paths
    after: Paths


def describe(walk: Walk, result: BacktestResult) -> WalkForward:
    """Return the choices of a walk-forward and what they are worth.

    Args:
        walk: the choices.
        result: result of the path that follows them.
    """
    loaded, candidates, before, after = walk.loaded, walk.candidates, walk.before, walk.after
    path = Paths(_to_the_end(result, len(after.navs)), after.data)
    numbers, own = _numbers(path), _numbers(after)
    whole = _scores(after.measure(after.rows, loaded.settings.choose_by), loaded.settings.choose_by)
    best = int(whole.argmax())
    looked_at = _looked_at(before.excess_returns)
    independent = independent_trials(looked_at) if looked_at.size else 1  # all may be ruined
    variance = _variance(own["sharpe"].to_numpy(), after.data.periods_per_year)
    ratio, periods, skew, kurtosis = path.moments(0)
    search = {"trials": float(independent), "variance": variance}
    enough = len(looked_at) >= 2 * BLOCKS and looked_at.shape[1] > 1
    own["skew"], own["kurtosis"] = np.array([after.moments(k)[2:] for k in range(len(own))]).T
    own.insert(0, "settings", [_words(loaded, number) for number in candidates.numbers])
    own.insert(1, "chosen", np.bincount(walk.chosen, minlength=len(own)))
    return WalkForward(
        choose_by=loaded.settings.choose_by,
        rule=_rule(loaded),
        choices=_choices(walk, path),
        candidates=own.set_axis(pd.Index(candidates.numbers, name="candidate")),
        overrides=[loaded.sweep.points.overrides(number) for number in candidates.numbers],
        path={str(name): float(value) for name, value in numbers.iloc[0].items()},
        best=candidates.numbers[best],
        independent=independent,
        probability=float(probabilistic_sharpe(ratio, periods, skew, kurtosis)),
        deflated=float(deflated_sharpe(ratio, periods, skew, kurtosis, **search)),
        best_deflated=float(deflated_sharpe(*after.moments(best), **search)),
        overfitting=backtest_overfitting(block_sums(looked_at)).probability if enough else float("nan"),
        cross_validation=_validated(loaded, before),
    )


def _choices(walk: Walk, path: Paths) -> pd.DataFrame:
    """Return the table of choices; see `WalkForward.choices`."""
    by, dates, numbers = walk.loaded.settings.choose_by, walk.after.data.dates, walk.candidates.numbers
    rows = []
    for choice, k, values in zip(walk.table.choices, walk.chosen, walk.inside, strict=True):
        reached = _scores(walk.after.measure(choice.held, by), by)
        rows.append(
            {
                "candidate": numbers[k],
                "settings": _words(walk.loaded, numbers[k]),
                "window_start": dates[choice.window[0]],
                "window_end": dates[choice.window[1]],
                "in_sample": values[k],
                "held_from": dates[choice.held[0]],
                "held_to": dates[choice.held[1]],
                "out_of_sample": path.measure(choice.held, by)[0],
                "rank": 1.0 + (reached > reached[k]).sum() if np.isfinite(reached[k]) else np.nan,
            }
        )
    decided = dates[[walk.table.rows[choice.position] for choice in walk.table.choices]]
    return pd.DataFrame(rows, index=pd.DatetimeIndex(decided, name="date"))


def _numbers(paths: Paths) -> pd.DataFrame:
    """Return the (N, 4) numbers of paths over all of their dates."""
    return pd.DataFrame({name: paths.measure(paths.rows, name) for name in NUMBERS})


def _to_the_end(result: BacktestResult, length: int) -> Floats:
    """Return the (P, 1) NAV of a result; NaN after a ruin."""
    nav = np.full((length, 1), np.nan)
    nav[: len(result.nav), 0] = result.nav.to_numpy()
    return nav


def _looked_at(excess_returns: Floats) -> Floats:
    """Return the returns of at most `MOST_RETURNS` candidates, drawn with a fixed seed."""
    count = excess_returns.shape[1]
    if count <= MOST_RETURNS:
        return excess_returns
    drawn = np.random.default_rng(_SEED).choice(count, MOST_RETURNS, replace=False)
    return np.asarray(excess_returns[:, np.sort(drawn)])


def _variance(ratios: Floats, periods_per_year: int) -> float:
    """Return the variance of annual Sharpe ratios, per period."""
    known = ratios[~np.isnan(ratios)]
    return float(np.var(known, ddof=1)) / periods_per_year if len(known) > 1 else 0.0


def _validated(loaded: LoadedWalkForward, before: Paths) -> CrossValidation | None:
    """Return the cross-validation with Sharpe ratios per year; None without one, or for too few periods."""
    settings, per_year = loaded.settings.cross_validation, before.data.periods_per_year
    if settings is None:
        return None
    purge, embargo = (window_rows(length, per_year) for length in (settings.purge, settings.embargo))
    returns = before.excess_returns
    if len(returns) // settings.groups < purge + embargo + 2 or not returns.shape[1]:
        if "cross_validation" in loaded.settings.model_fields_set:
            raise loaded.error(
                "cross_validation",
                f"{settings.groups} groups of {len(returns)} periods, a purge of {purge} and an embargo of {embargo} "
                "leave less than two periods of a group. Hint: fewer groups, or null",
            )
        return None
    found = cross_validation(
        returns, groups=settings.groups, test_groups=settings.test_groups, purge=purge, embargo=embargo
    )
    year = np.sqrt(per_year)
    return replace(
        found,
        in_sample=found.in_sample * year,
        out_of_sample=found.out_of_sample * year,
        paths=found.paths * year,
    )


def _words(loaded: LoadedWalkForward, number: int) -> str:
    """Return the settings of a candidate in words."""
    varied = loaded.sweep.points.overrides(number)
    return "; ".join(f"{name.rpartition('.')[2]} {text_of(value)}" for name, value in varied.items())


def _rule(loaded: LoadedWalkForward) -> str:
    """Return the rule of the choice in words."""
    settings = loaded.settings
    span = "all history" if settings.expanding else f"the {_length(settings.window)}"
    gap = f"that ended {_length(settings.embargo)} before" if settings.embargo else "before"
    return f"Chosen every {_EVERY[settings.every]} by the {_LABELS[settings.choose_by]} of {span} {gap}"


def _length(length: int | str) -> str:
    """Return a length of time in words.

    >>> _length("10Y"), _length("1M"), _length(36)
    ('10 years', '1 month', '36 periods')
    """
    units = {"Y": "year", "M": "month", "D": "period"}
    number, unit = (length, "D") if isinstance(length, int) else (int(length[:-1]), length[-1])
    return f"{number} {units[unit]}{'' if number == 1 else 's'}"
