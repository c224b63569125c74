"""`robustness`: one rule under other conventions: the day of the decision, the lag, the close or the open."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from backtest.analysis.result import BacktestResult
from backtest.config import RunConfig, load_config
from backtest.data.market_data import MarketData
from backtest.engine.settings.schedule import rebalance_rows
from backtest.errors import BacktestError
from backtest.runs.pipeline import Config, data_settings_of, run_on
from backtest.runs.plan import Plan
from backtest.runs.steps import Steps

NUMBERS = ("cagr", "volatility", "sharpe", "max_drawdown")
"""Numbers of each run, as in `BacktestResult.headline`."""

CONFIGURED, DAY, LAG, EXECUTION = "configured", "day", "lag", "execution"
CONVENTION = "convention"
"""All changes together, for `Robustness.ranges` and `Robustness.band`."""

_MOST = 31  # days of a period: all of a month, and no more of a quarter or a year, evenly spaced
_LONGEST_LAG = 1000  # as in `RebalanceSettings`
_PERIODS = {"weekly": ("W", "week"), "monthly": ("M", "month"), "quarterly": ("Q", "quarter"), "yearly": ("Y", "year")}


@dataclass(frozen=True, eq=False, repr=False)
class Robustness:
    """Runs that differ from the configured one in one convention each, all over the same dates.

    Args:
        config: the configuration.
        runs: (R,) one row for each run, the configured one first: `change` is `configured`, `day`, `lag` or
            `execution`, `value` is the new setting, then the `NUMBERS`, decimal; annual numbers are per year.
        nav: (T, R) NAV of each run in units of the initial capital, by the rows of `runs`.
        chance: (4, 2) by number, `low` and `high`: the intervals of the configured run over these dates, as in
            `confidence` of its summary; of the maximum drawdown a prediction interval. NaN without an interval.
        notes: why some runs are missing.
    """

    config: RunConfig
    runs: pd.DataFrame
    nav: pd.DataFrame
    chance: pd.DataFrame
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<Robustness {self.config.name}: {len(self.runs)} runs>"

    def ranges(self, change: str = CONVENTION) -> pd.DataFrame:
        """Return the range of each number over the configured run and the runs with one kind of change.

        Args:
            change: `day`, `lag` or `execution`; `convention` for all of them.

        Returns:
            (4, 6) by number: `configured`, `min`, `median`, `max`, `rank` of the configured run, 1 for the lowest
            value, and `runs`, how many there are. NaN where a number is undefined in one of the runs.
        """
        found = self.runs[self._chosen(change)]
        values = found[list(NUMBERS)]
        columns = {
            "configured": values.iloc[0],
            "min": values.min(skipna=False),
            "median": values.median(skipna=False),
            "max": values.max(skipna=False),
            "rank": values.rank(method="min").iloc[0],
            "runs": float(len(found)),
        }
        return pd.DataFrame(columns, index=list(NUMBERS))

    def band(self, change: str = CONVENTION) -> pd.DataFrame:
        """Return the (T, 2) lowest and highest NAV on each date over the runs that `ranges` covers."""
        found = self.nav.loc[:, self._chosen(change)]
        return pd.DataFrame({"min": found.min(axis=1), "max": found.max(axis=1)})

    @property
    def sentence(self) -> str:
        """The Sharpe ratio and its ranges by chance and by convention in one sentence."""
        by_convention = self.ranges().loc["sharpe", ["min", "max"]]
        parts = [f"Sharpe ratio {self.runs['sharpe'].iloc[0]:.2f}"]
        for cause, ends in (("chance", self.chance.loc["sharpe"]), (CONVENTION, by_convention)):
            if ends.notna().all():
                parts.append(f"by {cause} {' to '.join(dict.fromkeys(f'{end:.2f}' for end in ends))}")
        return "; ".join(parts)

    def _chosen(self, change: str) -> "pd.Series[bool]":
        kinds = (DAY, LAG, EXECUTION)
        if change not in (*kinds, CONVENTION):
            raise BacktestError(f"change: got {change!r}, expected one of {', '.join(kinds)} or {CONVENTION}")
        return self.runs["change"].isin([CONFIGURED, *(kinds if change == CONVENTION else (change,))])


def robustness(
    config: Config,
    overrides: Mapping[str, Any] | None = None,
    *,
    market: MarketData | None = None,
    offline: bool = False,
) -> Robustness:
    """Run a configuration under other conventions that are as good as its own.

    The conventions are the other days of its period, a lag of one more or one less, and, where the data has opens, the
    other of close and open. One setting is changed at a time. All runs begin on the first date on which each of them
    can trade, so the configured run may begin later than from `bt.run`. Definitions: docs/guide/robustness.md

    Args:
        config: see `bt.run`, as for the other arguments.
        overrides: values that replace settings in all of the runs, by dotted name.
        market: market data in place of the `data` sections.
        offline: ask no source.

    Raises:
        BacktestError: see `bt.run`.

    Example:
        >>> found = robustness("configs/erc.yaml", {"rebalance.frequency": "quarterly"})
        >>> found.sentence
        'Sharpe ratio 0.74; by chance 0.20 to 1.13; by convention 0.69 to 0.74'
        >>> found.ranges("day").loc["sharpe", ["min", "max", "rank"]].round(3).tolist()
        [0.687, 0.743, 3.0]
    """
    given = data_settings_of(market)
    loaded = load_config(config, overrides, data=given)
    steps = Steps(offline=offline, market=market)
    plan, _ = steps.plan(loaded)
    days, notes = _days(loaded, plan.data)
    changes: list[tuple[str, object, dict[str, object]]] = [(CONFIGURED, loaded.rebalance.day, {})]
    changes += [(DAY, day, {"rebalance.day": day}) for day in days]
    changes += [(LAG, lag, {"rebalance.execution_lag": lag}) for lag in _lags(loaded, plan.lag)]
    points, lacking = _executions(loaded, plan)
    changes += [(EXECUTION, point, {"rebalance.execution": point}) for point in points]
    configs = [load_config(loaded, settings, data=given) if settings else loaded for _, _, settings in changes]
    start = max(steps.plan(each)[0].first_trade for each in configs).date()
    results = [run_on(load_config(each, {"start": start}, data=given), steps) for each in configs]
    rows = [
        {"change": change, "value": str(value), **_numbers(result)}
        for (change, value, _), result in zip(changes, results, strict=True)
    ]
    nav = pd.concat([result.nav for result in results], axis=1, keys=range(len(results)))
    return Robustness(loaded, pd.DataFrame(rows), nav / nav.iloc[0], _chance(results[0]), notes + lacking)


def _numbers(result: BacktestResult) -> dict[str, float]:
    found = result.headline()
    return {name: found.get(name, np.nan) for name in NUMBERS}


def _chance(result: BacktestResult) -> pd.DataFrame:
    intervals = result.summary()["confidence"]
    ends = [intervals[name] or (np.nan, np.nan) for name in NUMBERS]
    return pd.DataFrame(ends, index=list(NUMBERS), columns=["low", "high"])


def _days(config: RunConfig, data: MarketData) -> tuple[list[int], tuple[str, ...]]:
    """Return the days with other decision dates than the configured day, and why no such day exists."""
    frequency, day = config.rebalance.frequency, config.rebalance.day
    if frequency not in _PERIODS:
        return [], (f"with frequency {frequency} there is no other day to decide on",)
    letter, name = _PERIODS[frequency]
    dates = data.dates
    count = int(pd.Series(1, index=dates.to_period(letter)).groupby(level=0).size().median())
    if count < 2:
        return [], (f"the data has one date a {name}, so there is no other day of the {name} to decide on",)
    own = rebalance_rows(dates, frequency, day)
    days = range(1, count + 1, -(-count // _MOST))
    return [each for each in days if rebalance_rows(dates, frequency, each) != own], ()


def _executions(config: RunConfig, plan: Plan) -> tuple[list[str], tuple[str, ...]]:
    """Return the other of close and open, if it can be traded at, and why it cannot although there are opens."""
    if config.rebalance.execution == "open":
        return ["close"], ()
    opens = plan.data.opens
    if config.data.opens is None or opens is None:
        return [], ()
    if plan.lag == 0:
        return [], ("with a lag of 0 there are no trades at the open",)
    if (opens.isna() & plan.data.prices.notna()).any(axis=None):
        return [], ("some opens are missing, so trades at the open are not tried",)
    return ["open"], ()


def _lags(config: RunConfig, lag: int) -> list[int]:
    """Return the lags next to the configured one; a trade at the open comes at least one date after its decision."""
    least = 1 if config.rebalance.execution == "open" else 0
    return [each for each in (lag - 1, lag + 1) if least <= each <= _LONGEST_LAG]
