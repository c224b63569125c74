"""`run`: the steps of a backtest in order, from a configuration to a result."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pandas as pd

from backtest.analysis.break_even_spread.break_even_result import BreakEven
from backtest.analysis.build import build_result
from backtest.analysis.result import BacktestResult
from backtest.config import RunConfig, load_config
from backtest.config.terms_check import add_places_in
from backtest.data.cache.fetch import Key
from backtest.data.data_settings import DataSettings
from backtest.data.dates.common_dates import on_common_dates
from backtest.data.fetch_series import access_for
from backtest.data.market_data import MarketData, load
from backtest.data.raw_series import RawSeries
from backtest.data.run_series import series_of
from backtest.data.sources.address import public
from backtest.data.sources.registry import source_record
from backtest.errors import ConfigError, DataError, SimulationError
from backtest.own_code import hashes_of
from backtest.runs.notebook_views import render_result
from backtest.runs.notes import run_notes, settings_notes
from backtest.runs.plan import Decided, Plan
from backtest.runs.spread_match import Match

MarketLoader = Callable[[RunConfig], MarketData]
Config = RunConfig | Mapping[str, Any] | str | Path
"""A configuration: the path of its file, its settings by name, or the checked object."""

_log = logging.getLogger(__name__)


def run(
    config: Config,
    overrides: Mapping[str, Any] | None = None,
    *,
    market: MarketData | None = None,
    offline: bool = False,
    refresh: bool = False,
    on_step: Callable[[str], None] = lambda _: None,
) -> BacktestResult:
    """Run a backtest and its benchmark over the same dates. No file is written except fetched data, in the cache.

    Args:
        config: the path of a configuration, its settings as a mapping, or a `RunConfig`.
        overrides: values that replace settings, by dotted name such as `estimation.window`; checked as in the file.
        market: market data in place of the `data` sections of the configuration and of its benchmark.
        offline: ask no source; use the cache whatever its age. Same as `data.offline`.
        refresh: fetch the whole history of each series again.
        on_step: called with the name of each step as it begins.

    Raises:
        BacktestError: a mistake in the configuration, the data, or the strategy's target weights.

    Example:
        >>> result = run("configs/erc.yaml")
        >>> result.summary()["start"]
        '1989-01-31'
        >>> run("configs/erc.yaml", {"estimation.window": "5Y"}).summary()["start"]
        '1991-01-31'
    """
    checked = load_config(config, overrides, data=_settings_of(market))
    return _run(checked, market_loader(offline=offline, refresh=refresh, market=market), on_step)


def run_all(
    configs: Sequence[Config],
    overrides: Mapping[str, Any] | None = None,
    *,
    market: MarketData | None = None,
    offline: bool = False,
    refresh: bool = False,
    on_run: Callable[[str], None] = lambda _: None,
) -> list[BacktestResult]:
    """Run several configurations as `run` does, but load shared data once.

    Args:
        configs: the configurations.
        overrides: see `run`; for each of the configurations.
        market: see `run`.
        offline: see `run`.
        refresh: see `run`.
        on_run: called with the name of each configuration as its run begins.

    Raises:
        BacktestError: the error of the first configuration that is wrong, or of the first run that fails; see `run`.

    Example:
        >>> [result.name for result in run_all(["configs/60_40.yaml", "configs/erc.yaml"])]
        ['60_40', 'erc']
    """
    if isinstance(configs, str | Path | Mapping) or not isinstance(configs, Iterable):
        raise ConfigError(f"got the type {type(configs).__name__}; expected a list of configurations")
    checked = [load_config(config, overrides, data=_settings_of(market)) for config in configs]
    return list(run_each(checked, market=market, offline=offline, refresh=refresh, on_run=on_run))


def run_each(
    configs: Sequence[RunConfig],
    *,
    market: MarketData | None = None,
    offline: bool = False,
    refresh: bool = False,
    on_run: Callable[[str], None] = lambda _: None,
    on_step: Callable[[str], None] = lambda _: None,
) -> Iterator[BacktestResult]:
    """Yield the result of each configuration as it is ready; see `run_all`."""
    loader = market_loader(offline=offline, refresh=refresh, market=market)
    for config in configs:
        on_run(config.name)
        yield _run(config, loader, on_step)


def _settings_of(market: MarketData | None) -> DataSettings | None:
    """Return the `data` section that stands for a market in memory."""
    if market is None:
        return None
    if not isinstance(market, MarketData) or market.settings is None:
        got = "one built by hand" if isinstance(market, MarketData) else f"the type {type(market).__name__}"
        raise DataError(f"market: got {got}; expected bt.MarketData.from_prices(...) or from_returns(...)")
    return market.settings


def market_loader(*, offline: bool, refresh: bool, market: MarketData | None = None) -> MarketLoader:
    """Return a memoised market loader: each data section is loaded once, and each series is fetched once.

    With a market in memory, it returns that market for every configuration.
    """
    if market is not None:
        return lambda _: market
    known: dict[Key, RawSeries] = {}
    loaded: list[tuple[RunConfig, MarketData]] = []

    def load_once(config: RunConfig) -> MarketData:
        for other, data in loaded:
            if other.data == config.data and other.folder == config.folder:
                return data
        access = access_for(config.data, offline=offline, refresh=refresh, started=started, known=known)
        loaded.append((config, load(config.data, config.folder, access)))
        return loaded[-1][1]

    started = datetime.now(UTC)
    return load_once


def _run(config: RunConfig, market: MarketLoader, on_step: Callable[[str], None]) -> BacktestResult:
    plan, notes = plan_of(config, market, on_step)
    decided, benchmark = decisions_and_benchmark(plan, on_step)
    result = result_of(decided)
    if benchmark is not None:
        result = _with_benchmark(result, decided, benchmark, notes)
    log_warnings(result.warnings)
    return result


def decisions_and_benchmark(plan: Plan, on_step: Callable[[str], None]) -> tuple[Decided, BacktestResult | None]:
    """Simulate the benchmark of a plan, if it has one, and ask its strategy, both from the same first trade."""
    other = None if plan.benchmark is None else result_of(plan.benchmark.decide(plan.first_trade))
    on_step("strategy")
    return plan.decide(plan.first_trade), other


def _with_benchmark(
    result: BacktestResult, decided: Decided, benchmark: BacktestResult, notes: Sequence[str]
) -> BacktestResult:
    """Return a result with its benchmark, the break-even spread, and the notes and warnings on both."""
    if len(benchmark.nav) < len(result.nav):
        raise lost_before_the_end(benchmark)
    plan, other = decided.plan, cast("Plan", decided.plan.benchmark)
    return replace(
        result,
        benchmark=replace(benchmark.until(result.nav.index[-1]), consumer_prices=result.consumer_prices),
        break_even=_break_even(result, decided, benchmark),
        notes=(
            *result.notes,
            *notes,
            *_of_benchmark(other.data.notes, plan.data.notes),
            *_of_benchmark(settings_notes(other), ()),
        ),
        warnings=warnings_of(plan),
    )


def _break_even(result: BacktestResult, decided: Decided, benchmark: BacktestResult) -> BreakEven | None:
    """Break-even spread of a levered run against its benchmark, with confidence intervals and the curve on request.

    The spread alone takes a few milliseconds. For a strategy that decides again along each path it would take
    seconds, so it is computed only on request. Returns None, with a log message, if fixed costs exceed NAV at a spread
    that is tried.
    """
    config = decided.plan.config
    requested = config.report.break_even
    if not result.loan.any() or benchmark.nav.iloc[-1] <= 0 or (config.follows_its_path and not requested):
        return None
    try:
        return Match.of(decided, benchmark).break_even(intervals=requested)
    except SimulationError as problem:
        _log.warning("no break-even spread of %s: %s", result.name, problem)
        return None


def plan_of(config: RunConfig, market: MarketLoader, on_step: Callable[[str], None]) -> tuple[Plan, Sequence[str]]:
    """Plan of a run and its benchmark over their common dates, and notes on those dates."""
    on_step("data")
    data = _until_end(market(config), config)
    if config.benchmark is None:
        return Plan.of(config, data), ()
    on_step("benchmark")
    data, other, notes = on_common_dates(data, _until_end(market(config.benchmark), config))
    return Plan.of(config, data, Plan.of(config.benchmark, other)), notes


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


def result_of(decided: Decided) -> BacktestResult:
    """Simulate decisions under the terms of their configuration."""
    plan, terms = decided.plan, decided.plan.terms
    path = decided.path(terms).ledger()
    result = build_result(
        path,
        plan.data,
        rows=decided.rows,
        risk=decided.decisions.risk,
        terms=plan.terms,
        name=plan.config.name,
        strategy=plan.config.strategy.name,
        settings=plan.config.resolved(),
        notes=(*plan.data.notes, *run_notes(decided, path)),
    )
    return replace(result, own_code=_own_code(plan.config), setup=plan.setup, renderer=render_result)


def _own_code(config: RunConfig) -> dict[str, str]:
    """Return the SHA-256 of the files of the user's strategy and sources, by path without the home folder."""
    sources = [source_record(spec.source).own for spec in series_of(config.data).every]
    classes = dict.fromkeys([type(config.strategy.model), *(source for source in sources if source is not None)])
    return {public(file): digest for file, digest in hashes_of(*classes).items()}


def lost_before_the_end(benchmark: BacktestResult) -> SimulationError:
    """Error for a benchmark that is ruined before the run ends."""
    return SimulationError(
        f"the benchmark {benchmark.name} lost all of its capital on {benchmark.nav.index[-1]:%Y-%m-%d}; "
        "nothing can be compared with it after that. Hint: less leverage in it, or another benchmark."
    )


def log_warnings(warnings: Sequence[str]) -> None:
    """Log the warnings of a run."""
    for warning in warnings:
        _log.warning("%s", warning)


def warnings_of(plan: Plan) -> tuple[str, ...]:
    """Warnings about the data of a run and of its benchmark."""
    own = plan.data.warnings
    return own if plan.benchmark is None else (*own, *_of_benchmark(plan.benchmark.data.warnings, own))


def _of_benchmark(notes: Sequence[str], of_run: Sequence[str]) -> list[str]:
    """Notes on the benchmark that the run does not have already."""
    return [f"benchmark: {note}" for note in notes if note not in of_run]
