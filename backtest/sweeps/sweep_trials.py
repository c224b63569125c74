"""Trials of a sweep and of a walk-forward: a line of the ledger for each run that has a Sharpe ratio."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import numpy as np

from backtest.analysis.result import BacktestResult
from backtest.config.load_config import SECTIONS_OF_MANY_RUNS
from backtest.sweeps.sweep_result import Sweep
from backtest.trials.trial import Trial, rule_hash, universe_of

_ASSETS = "data.assets"


def trials_of(found: Sweep, time: datetime) -> list[Trial]:
    """Return the trials of a sweep.

    The hash of a rule is made of the configuration's hash and of the varied settings: to resolve all settings of each
    of a hundred thousand runs would take longer than the runs. The same rule run alone therefore counts once more.

    Args:
        found: the sweep.
        time: when it was run, with a time zone.
    """
    base, names = rule_hash(found.config.resolved()), found.steps.market(found.config).assets
    frame = found.frame.dropna(subset=["sharpe", "skew", "kurtosis"])
    rows = zip(frame.index, *(frame[name] for name in _COLUMNS), strict=True)
    return [
        Trial(
            time=time,
            name=f"{found.config.name} {run}",
            rule=_rule(base, settings := found.points.overrides(int(run))),
            universe=universe_of(_assets(settings, names)),
            start=start.date(),
            end=end.date(),
            periods=int(periods),
            periods_per_year=int(per_year),
            sharpe=float(sharpe),
            skew=float(skew),
            kurtosis=float(kurtosis),
        )
        for run, start, end, periods, per_year, sharpe, skew, kurtosis in rows
        if np.isfinite([sharpe, skew, kurtosis]).all()
    ]


def trials_of_candidates(result: BacktestResult, time: datetime) -> list[Trial]:
    """Return the trials of the candidates of a walk-forward, over the dates of its path; none for other runs.

    A candidate is the same rule as the run of a sweep with the same settings.

    Args:
        result: result of the walk-forward.
        time: when it was run, with a time zone.
    """
    walked = result.walk_forward
    if walked is None:
        return []
    base = rule_hash({name: value for name, value in result.settings.items() if name not in SECTIONS_OF_MANY_RUNS})
    listed = zip(walked.candidates.iterrows(), walked.overrides, strict=True)
    return [
        Trial(
            time=time,
            name=f"{result.settings['name']} {number}",
            rule=_rule(base, settings),
            universe=universe_of(result.assets),
            start=result.nav.index[0].date(),
            end=result.nav.index[-1].date(),
            periods=len(result.nav) - 1,
            periods_per_year=result.periods_per_year,
            sharpe=float(row["sharpe"]),
            skew=float(row["skew"]),
            kurtosis=float(row["kurtosis"]),
        )
        for (number, row), settings in listed
        if np.isfinite(row[["sharpe", "skew", "kurtosis"]].astype(float)).all()
    ]


_COLUMNS = ("first_date", "last_date", "periods", "periods_per_year", "sharpe", "skew", "kurtosis")


def _rule(base: str, settings: Mapping[str, Any]) -> str:
    text = json.dumps([base, settings], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _assets(settings: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    """Return the names of a run's assets."""
    varied = settings.get(_ASSETS, names)
    return [str(name) for name in (varied if isinstance(varied, Iterable) else names)]
