"""`Steps`: the steps of runs, kept by the settings that they read, so that a change repeats only what depends on it.

    market data  `data`
    dates        `data` of the run and of its benchmarks, `start`, `end`
    plan         `DecisionSettings`; covariances and answers of the strategy alone depend on fewer (`SharedWork`)
    decisions    `DecisionSettings`, and the date of the first trade
    benchmark    all settings of a benchmark, and the date of the first trade

The path and its numbers take less time than to look them up.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pandas as pd

from backtest.config import RunConfig
from backtest.config.terms_check import add_places_in
from backtest.data.cache.fetch import Key
from backtest.data.dates.common_dates import on_common_dates
from backtest.data.fetch_series import access_for
from backtest.data.market_data import MarketData, load
from backtest.data.raw_series import RawSeries
from backtest.errors import ConfigError
from backtest.runs.decide.decision_settings import DecisionSettings
from backtest.runs.decide.shared_work import Kept, SharedWork
from backtest.runs.plan import Decided, Plan
from backtest.runs.run_result import Benchmark, warnings_of

_log = logging.getLogger(__name__)

_MOST = 64  # values of each step


class Steps:
    """Steps of runs over the same access to data.

    Args:
        offline: ask no source; use the cache whatever its age.
        refresh: fetch the whole history of each series again.
        market: market data in place of the `data` sections of all configurations.
    """

    def __init__(self, *, offline: bool = False, refresh: bool = False, market: MarketData | None = None) -> None:
        self._offline, self._refresh, self._given = offline, refresh, market
        self._started = datetime.now(UTC)
        self._series: dict[Key, RawSeries] = {}  # each series is fetched once
        self._logged: set[str] = set()
        self._markets: Kept[MarketData] = Kept(_MOST)
        self._parts: Kept[MarketData] = Kept(_MOST)
        self._dates: Kept[tuple[list[MarketData], Sequence[str]]] = Kept(_MOST)
        self._shared = SharedWork()
        self._plans: Kept[Plan] = Kept(_MOST)
        self._decided: Kept[Decided] = Kept(_MOST)
        self._benchmarks: Kept[Benchmark] = Kept(_MOST)

    def __reduce__(self) -> tuple[Callable[[], "Steps"], tuple[()]]:
        """Return a pickle that begins without any step."""
        return partial(Steps, offline=self._offline, refresh=self._refresh, market=self._given), ()

    def market(self, config: RunConfig) -> MarketData:
        """Return the market data of a configuration."""
        if self._given is not None:
            return self._given
        return self._markets.get((config.data, config.folder), lambda: self._load(config))

    def part(self, data: MarketData, assets: Sequence[str]) -> MarketData:
        """Return market data of some assets, the same object for the same assets."""
        return self._parts.get((data, tuple(assets)), lambda: data.only(assets))

    def hold(self, config: RunConfig, market: MarketData) -> None:
        """Take market data that another process has loaded for a configuration."""
        self._markets.get((config.data, config.folder), lambda: market)

    def plan(self, config: RunConfig, on_step: Callable[[str], None] = lambda _: None) -> tuple[Plan, Sequence[str]]:
        """Return the plan of a run and its benchmarks over their common dates, and notes on those dates.

        Args:
            config: the configuration.
            on_step: called with `data` and `benchmark` as their data is loaded.
        """
        on_step("data")
        own = self.market(config)
        if config.benchmarks:
            on_step("benchmark")
        others = {benchmark.name: self.market(benchmark) for benchmark in config.benchmarks}
        named = tuple(others) if len(others) > 1 else ()  # notes name several benchmarks
        (data, *cut), notes = self._dates.get(
            (own, *others.values(), named, config.start, config.end), lambda: _common_dates(config, own, others)
        )
        kept = [self._plan(*each, None) for each in zip(config.benchmarks, cut, strict=True)]
        benchmarks = tuple(plan.under(each, ()) for plan, each in zip(kept, config.benchmarks, strict=True))
        return self._plan(config, data, next(iter(kept), None)).under(config, benchmarks), notes

    def log_warnings(self, plan: Plan) -> None:
        """Log the warnings about the data of a plan and its benchmarks, each once for all runs."""
        new = [warning for warning in dict.fromkeys(warnings_of(plan)) if warning not in self._logged]
        self._logged.update(new)
        for warning in new:
            _log.warning("%s", warning)

    def decided(self, plan: Plan) -> Decided:
        """Return the decisions of a plan from its first trade."""
        return self._decide(plan, plan.first_trade)

    def benchmarks(self, plan: Plan) -> tuple[Benchmark, ...]:
        """Return the benchmarks of a plan, from the first trade of the plan."""
        return tuple(self._benchmark(other, plan.first_trade) for other in plan.benchmarks)

    def _benchmark(self, plan: Plan, begin: pd.Timestamp) -> Benchmark:
        return self._benchmarks.get((plan.config, plan.agenda, begin), lambda: Benchmark.of(self._decide(plan, begin)))

    def _decide(self, plan: Plan, begin: pd.Timestamp) -> Decided:
        """Decide from a first trade on; a strategy that reads its path is asked again for each path."""
        _ = plan.terms  # terms that do not fit the market data are reported before the strategy is asked
        if plan.config.follows_its_path:
            return plan.decide(begin)
        key = DecisionSettings.of(plan.config), plan.agenda, begin
        decided = self._decided.get(key, lambda: plan.decide(begin))
        decided.decisions.agenda.forget()
        return replace(decided, plan=plan)

    def _load(self, config: RunConfig) -> MarketData:
        access = access_for(
            config.data, offline=self._offline, refresh=self._refresh, started=self._started, known=self._series
        )
        return load(config.data, config.folder, access)

    def _plan(self, config: RunConfig, data: MarketData, benchmark: Plan | None) -> Plan:
        key = (DecisionSettings.of(config), data, benchmark)
        return self._plans.get(key, lambda: Plan.of(config, data, benchmark, self._shared))


def _common_dates(
    config: RunConfig, own: MarketData, others: Mapping[str, MarketData]
) -> tuple[list[MarketData], Sequence[str]]:
    """Return the data of a run and of its benchmarks on their common dates up to its end, and notes on those dates."""
    data = _until_end(own, config)
    if not others:
        return [data], ()
    return on_common_dates(data, {name: _until_end(other, config) for name, other in others.items()})


def _until_end(data: MarketData, config: RunConfig) -> MarketData:
    """Return market data up to the end of a run, if the data has dates between its start and its end."""
    first, last = data.dates[0], data.dates[-1]
    wrong = []
    if config.start is not None and pd.Timestamp(config.start) >= last:
        wrong.append(f"start: {config.start} is not before the last date of the data, {last:%Y-%m-%d}")
    if config.end is not None and pd.Timestamp(config.end) <= first:
        wrong.append(f"end: {config.end} is not after the first date of the data, {first:%Y-%m-%d}")
    if wrong:
        raise add_places_in(ConfigError(*wrong), config.file)
    return data.until(config.end)
