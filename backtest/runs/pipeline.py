"""`run`: from a configuration to a result, the steps of a backtest in order."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from backtest.analysis.break_even_spread.break_even_result import BreakEven
from backtest.analysis.build import build_result
from backtest.analysis.result import BacktestResult
from backtest.config import RunConfig, load_config
from backtest.data.cache.fetch import Key
from backtest.data.dates.common_dates import on_common_dates
from backtest.data.load import access_for, load
from backtest.data.market_data import MarketData
from backtest.data.quotes import Quotes
from backtest.errors import SimulationError
from backtest.runs.notebook_views import render_result
from backtest.runs.notes import benchmark_notes, run_notes
from backtest.runs.plan import Decided, Plan
from backtest.runs.spread_match import Match

Loader = Callable[[RunConfig], MarketData]

_log = logging.getLogger(__name__)


def run(
    config: RunConfig | str | Path,
    *,
    offline: bool = False,
    refresh: bool = False,
    on_step: Callable[[str], None] = lambda _: None,
) -> BacktestResult:
    """Run a backtest, and its benchmark over the same dates. Writes nothing but what it fetches, to the cache.

    Args:
        config: a configuration, or the path of one.
        offline: ask no source, whatever the age of what the cache has; as `data.offline`.
        refresh: fetch the whole history of each series anew.
        on_step: told the name of each step as it begins.

    Raises:
        BacktestError: anything wrong in the configuration, the data, or what the strategy answers.

    Example:
        >>> result = run("configs/erc.yaml")
        >>> result.summary()["start"]
        '1989-01-31'
    """
    if not isinstance(config, RunConfig):
        config = load_config(config)
    return _run(config, loader(offline=offline, refresh=refresh), on_step)


def run_all(
    configs: Sequence[RunConfig],
    *,
    offline: bool = False,
    refresh: bool = False,
    on_run: Callable[[str], None] = lambda _: None,
) -> list[BacktestResult]:
    """Run several configurations as `run` would each of them, their data loaded once.

    Args:
        configs: the configurations.
        offline: as of `run`.
        refresh: likewise.
        on_run: told the name of each as it begins.

    Raises:
        BacktestError: as `run`, of the first of them that fails.

    Example:
        >>> [result.name for result in run_all([load_config(f"configs/{name}.yaml") for name in ("60_40", "erc")])]
        ['60_40', 'erc']
    """
    market, results = loader(offline=offline, refresh=refresh), []
    for config in configs:
        on_run(config.name)
        results.append(_run(config, market, lambda _: None))
    return results


def loader(*, offline: bool, refresh: bool) -> Loader:
    """What loads the market of a configuration: the same settings once, and each series of a source once."""
    known: dict[Key, Quotes] = {}
    loaded: list[tuple[RunConfig, MarketData]] = []

    def market(config: RunConfig) -> MarketData:
        for other, data in loaded:
            if other.data == config.data and other.folder == config.folder:
                return data
        access = access_for(config.data, offline=offline, refresh=refresh, started=started, known=known)
        loaded.append((config, load(config.data, config.folder, access)))
        return loaded[-1][1]

    started = datetime.now(UTC)
    return market


def _run(config: RunConfig, market: Loader, on_step: Callable[[str], None]) -> BacktestResult:
    plan, notes = plan_of(config, market, on_step)
    other, first_trade = plan.benchmark, plan.first_trade
    if other is None:
        on_step("strategy")
        return _told(result_of(plan.decided(first_trade)))
    compared = result_of(other.decided(first_trade))
    on_step("strategy")
    decided = plan.decided(first_trade)
    result = result_of(decided)
    if len(compared.nav) < len(result.nav):
        raise lost_before_the_end(compared.name, compared.nav.index[-1])
    complete = replace(
        result,
        benchmark=replace(compared.until(result.nav.index[-1]), consumer_prices=result.consumer_prices),
        break_even=_break_even(result, decided, compared),
        notes=(
            *result.notes,
            *notes,
            *_of_benchmark(other.data.notes, plan.data.notes),
            *_of_benchmark(benchmark_notes(other), ()),
        ),
        warnings=warnings_of(plan),
    )
    return _told(complete)


def _break_even(result: BacktestResult, decided: Decided, compared: BacktestResult) -> BreakEven | None:
    """Where a run that borrows ties its benchmark; with intervals and the curve if they are asked for.

    Without being asked it takes a few milliseconds; where the strategy has to be asked anew along each path it would
    take seconds. Where a spread that is tried cannot be simulated, as fixed costs take all that is left of NAV, there
    is none, and the log says so.
    """
    config = decided.plan.config
    asked = config.report.break_even
    if not result.loan.any() or compared.nav.iloc[-1] <= 0 or (config.follows_its_path and not asked):
        return None
    try:
        return Match.of(decided, compared).break_even(intervals=asked)
    except SimulationError as problem:
        _log.warning("no break-even spread of %s: %s", result.name, problem)
        return None


def plan_of(config: RunConfig, market: Loader, on_step: Callable[[str], None]) -> tuple[Plan, Sequence[str]]:
    """The plan of a run and, inside it, of its benchmark over the dates of both; what has to be said of those dates."""
    on_step("data")
    data = market(config)
    if config.benchmark is None:
        return Plan.of(config, data), ()
    on_step("benchmark")
    data, other, notes = on_common_dates(data, market(config.benchmark))
    return Plan.of(config, data, Plan.of(config.benchmark, other)), notes


def result_of(decided: Decided) -> BacktestResult:
    """Simulate by the terms of the configuration."""
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
    return replace(result, setup=plan.setup, renderer=render_result)


def lost_before_the_end(benchmark: str, date: pd.Timestamp) -> SimulationError:
    """The error of a benchmark that is ruined before the run ends."""
    return SimulationError(
        f"the benchmark {benchmark} lost all of its capital on {date:%Y-%m-%d}; "
        "nothing can be compared with it after that. Hint: less leverage in it, or another benchmark."
    )


def _told(result: BacktestResult) -> BacktestResult:
    """The same, its warnings in the log too."""
    for warning in result.warnings:
        _log.warning("%s", warning)
    return result


def warnings_of(plan: Plan) -> tuple[str, ...]:
    """What was found in the data of a run and of its benchmark that should be looked at."""
    own = plan.data.warnings
    return own if plan.benchmark is None else (*own, *_of_benchmark(plan.benchmark.data.warnings, own))


def _of_benchmark(said: Sequence[str], already: Sequence[str]) -> list[str]:
    """What has to be said of the benchmark, and is not said of the run already."""
    return [f"benchmark: {one}" for one in said if one not in already]
