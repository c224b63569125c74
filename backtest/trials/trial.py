"""Trial: one line of the ledger, with the rule that was run, on which assets and dates, and its Sharpe ratio."""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import PurePath
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from backtest.analysis.metrics.performance import sharpe, standardised_moment
from backtest.analysis.run_record import RunRecord

_NOT_THE_RULE = frozenset({"name", "report", "title"})
_ACCESS = frozenset({"cache", "max_age", "offline", "timeout"})  # settings of `data` that decide where it is fetched
_LONGEST = 200  # characters of the names of assets; more of them are a number and a hash


class Trial(BaseModel):
    """Run of a rule.

    Args:
        time: when it was run, UTC.
        name: name of the run.
        rule: SHA-256 of the rule, from `rule_hash`.
        universe: names of the assets, from `universe_of`; trials of one universe count as tried on the same data.
        start: first date of NAV.
        end: last date of NAV.
        periods: number of returns.
        periods_per_year: periods per year of the returns.
        sharpe: annualised Sharpe ratio; None if it is undefined.
        skew: of the excess returns; None if it is undefined.
        kurtosis: of the excess returns, 3 for a normal distribution; None if it is undefined.
        before: SHA-256 of the line before it in the ledger, which sets it; empty in the first line.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    time: AwareDatetime
    name: str
    rule: str = Field(pattern="^[0-9a-f]{64}$")
    universe: str
    start: date
    end: date
    periods: int = Field(ge=0)
    periods_per_year: int = Field(ge=1)
    sharpe: float | None
    skew: float | None
    kurtosis: float | None
    before: str = ""


def trial_of(result: RunRecord, time: datetime) -> Trial:
    """Return the trial of a result.

    Args:
        result: result of a run.
        time: when it was run, with a time zone.
    """
    excess, dates = result.excess_returns.to_numpy(dtype=float), result.nav.index
    return Trial(
        time=time,
        name=result.name,
        rule=rule_hash(result.settings, {**result.own_code, **result.strategy_files}),
        universe=universe_of(result.assets),
        start=dates[0].date(),
        end=dates[-1].date(),
        periods=len(excess),
        periods_per_year=result.periods_per_year,
        sharpe=_number(sharpe(excess, result.periods_per_year)),
        skew=_number(standardised_moment(excess, 3)),
        kurtosis=_number(standardised_moment(excess, 4)),
    )


def rule_hash(settings: Mapping[str, Any], files: Mapping[str, str] | None = None) -> str:
    """Return the SHA-256 of a rule: of all that can change its returns, except the data itself.

    Names of runs, reports, own metrics, and the settings that decide where data is fetched do not count.

    Args:
        settings: resolved settings of the run, as `RunConfig.resolved` returns them.
        files: SHA-256 of own code and of files of the strategy, by path.

    Example:
        >>> rule_hash({"name": "a", "start": None}) == rule_hash({"name": "b", "start": None})
        True
        >>> rule_hash({"name": "a", "start": None}) == rule_hash({"name": "a", "start": "2000-01-01"})
        False
    """
    code = sorted(digest for path, digest in (files or {}).items() if PurePath(path).parent.name != "metrics")
    text = json.dumps([_rule(settings), code], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def universe_of(assets: Iterable[str]) -> str:
    """Return the names of assets in alphabetical order, or their number and a hash if the names are long.

    >>> universe_of(["stocks", "bonds"])
    'bonds, stocks'
    >>> universe_of(f"asset {number}" for number in range(100))
    '100 assets, 80862ea718d9'
    """
    names = sorted(assets)
    text = ", ".join(names)
    if len(text) <= _LONGEST:
        return text
    return f"{len(names)} assets, {hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _rule(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a rule and of its first benchmark, which it may follow; others are lines of a chart."""
    rule = {key: value for key, value in settings.items() if key not in _NOT_THE_RULE}
    if isinstance(rule.get("data"), Mapping):
        rule["data"] = {key: value for key, value in rule["data"].items() if key not in _ACCESS}
    benchmark = rule.get("benchmark")
    first = benchmark[0] if isinstance(benchmark, list) and benchmark else benchmark
    if isinstance(first, Mapping):
        rule["benchmark"] = _rule(first)
    return rule


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
