"""Trials of a sweep: a line of the ledger for each run that has a Sharpe ratio."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import numpy as np

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


_COLUMNS = ("first_date", "last_date", "periods", "periods_per_year", "sharpe", "skew", "kurtosis")


def _rule(base: str, settings: Mapping[str, Any]) -> str:
    text = json.dumps([base, settings], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _assets(settings: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    """Return the names of a run's assets."""
    varied = settings.get(_ASSETS, names)
    return [str(name) for name in (varied if isinstance(varied, Iterable) else names)]
