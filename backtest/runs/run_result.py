"""Result of decisions: their simulation, alone and next to a benchmark."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import chain
from pathlib import Path
from typing import Any, Self

from backtest.analysis.break_even_spread.break_even_result import BreakEven
from backtest.analysis.build import build_result
from backtest.analysis.metrics.records.metric_record import MetricRecord
from backtest.analysis.result import BacktestResult
from backtest.analysis.result_on_demand import ResultOnDemand
from backtest.config import RunConfig
from backtest.config.plausible_ranges import improbable
from backtest.data.run_series import series_of
from backtest.data.sources.address import public
from backtest.data.sources.registry import source_record
from backtest.engine.ledger import Ledger
from backtest.errors import SimulationError
from backtest.own_code import hashes_of
from backtest.runs.notebook_views import render_result
from backtest.runs.notes import run_notes, settings_notes
from backtest.runs.plan import Decided, Plan
from backtest.runs.repeatable_path import path_inputs_of
from backtest.runs.run_sleeves import sleeve_notes, sleeve_targets
from backtest.runs.spread_match import Match
from backtest.strategy.sleeves import sleeves_of

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Benchmark:
    """A simulated benchmark.

    Args:
        decided: its decisions.
        result: its result.
    """

    decided: Decided
    result: BacktestResult

    @classmethod
    def of(cls, decided: Decided) -> Self:
        """Simulate the decisions of a benchmark; its tables are built when the tables of a run with it are."""
        return cls(decided, result_of(decided))

    @cached_property
    def notes(self) -> list[str]:
        """Notes on settings of the benchmark that are probably mistakes."""
        return settings_notes(self.decided.plan)


def result_of(decided: Decided, benchmarks: Sequence[Benchmark] = (), notes: Sequence[str] = ()) -> ResultOnDemand:
    """Simulate decisions; the result has NAV and headline numbers, and everything else on first use.

    Args:
        decided: the decisions.
        benchmarks: the benchmarks, of which relative numbers are about the first.
        notes: notes on the dates that the run shares with its benchmarks.

    Raises:
        SimulationError: a trade would cost all of NAV, or a benchmark is ruined before the run ends.
    """
    config = decided.plan.config
    ledger = decided.path(decided.plan.terms).ledger()
    for benchmark in benchmarks:
        if len(benchmark.result.nav) < len(ledger.nav):
            raise lost_before_the_end(benchmark.result)
    return ResultOnDemand.of(
        ledger,
        decided.plan.data,
        name=config.name,
        strategy=config.strategy.name,
        own_metrics=_own_metrics(config),
        build=partial(_whole, decided, ledger, benchmarks, notes, _read_now(config)),
    )


def _read_now(config: RunConfig) -> dict[str, Any]:
    """Return hashes of files that may change before the result is looked at.

    Raises:
        StrategyError: a setting of an own strategy cannot be written with the result.
    """
    config.strategy_settings()
    return {"own_code": own_code_of(config), "strategy_files": strategy_files_of(config)}


def _whole(
    decided: Decided, ledger: Ledger, benchmarks: Sequence[Benchmark], notes: Sequence[str], read: Mapping[str, Any]
) -> BacktestResult:
    """Return a result with its tables and notes and, with benchmarks, what relates it to them."""
    plan, config = decided.plan, decided.plan.config
    settings = config.resolved()
    sleeves = sleeve_targets(decided)
    result = build_result(
        ledger,
        plan.data,
        rows=decided.rows,
        risk=decided.decisions.risk,
        terms=plan.terms,
        name=config.name,
        strategy=config.strategy.name,
        settings=settings,
        notes=(*plan.data.notes, *run_notes(decided, ledger), *sleeve_notes(decided, sleeves), *improbable(settings)),
    )
    result = replace(
        result,
        config_file=public(str(config.file.absolute())) if config.file.name else None,
        overrides=config.overridden(settings),
        **read,
        own_metrics=_own_metrics(config),
        sleeve_weights=None if sleeves is None else sleeves.reindex(result.target_weights.index),
        setup=plan.setup,
        path_inputs=path_inputs_of(decided, ledger.start),
        renderer=render_result,
    )
    if not benchmarks:
        return result
    end, prices = result.nav.index[-1], result.consumer_prices
    first, *others = (replace(benchmark.result.until(end), consumer_prices=prices) for benchmark in benchmarks)
    about = [
        _of_benchmark(listed, known, other, plan)
        for benchmark, other in zip(benchmarks, plan.benchmarks, strict=True)
        for listed, known in ((other.data.notes, plan.data.notes), (benchmark.notes, ()))
    ]
    return replace(
        result,
        benchmark=first,
        other_benchmarks=tuple(others),
        break_even=_break_even(result, decided, benchmarks[0].result),
        notes=(*result.notes, *notes, *chain.from_iterable(about)),
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


def strategy_files_of(config: RunConfig) -> dict[str, str]:
    """Return the SHA-256 of the files that the strategy's settings name, by path without the home folder."""
    files = config.strategy.model.files_read()
    return {public(str(Path(file).absolute())): digest for file, digest in files.items()}


def own_code_of(config: RunConfig) -> dict[str, str]:
    """Return the SHA-256 of the user's strategy, estimator, sources and metrics, by path without the home folder."""
    sources = [source_record(spec.source).own for spec in series_of(config.data).every]
    sleeves = [sleeve for _, sleeve in sleeves_of(config.strategy.model)]
    strategies = [type(choice.model) for choice in (config.strategy, *(sleeve.strategy for sleeve in sleeves))]
    estimators = [type(each) for each in (config.estimation, *(sleeve.estimation for sleeve in sleeves)) if each]
    own = *strategies, *estimators, *sources, *map(type, config.report.metrics)
    classes = dict.fromkeys(each for each in own if each is not None)
    return {public(file): digest for file, digest in hashes_of(*classes).items()}


def _own_metrics(config: RunConfig) -> tuple[MetricRecord, ...]:
    return tuple(metric.record for metric in config.report.metrics)


def lost_before_the_end(benchmark: BacktestResult) -> SimulationError:
    """Error for a benchmark that is ruined before the run ends."""
    return SimulationError(
        f"the benchmark {benchmark.name} lost all of its capital on {benchmark.nav.index[-1]:%Y-%m-%d}; "
        "nothing can be compared with it after that. Hint: less leverage in it, or another benchmark."
    )


def warnings_of(plan: Plan) -> tuple[str, ...]:
    """Warnings about the data of a run and of its benchmarks."""
    own = plan.data.warnings
    return (*own, *(line for other in plan.benchmarks for line in _of_benchmark(other.data.warnings, own, other, plan)))


def _of_benchmark(notes: Sequence[str], of_run: Sequence[str], benchmark: Plan, run: Plan) -> list[str]:
    """Notes on a benchmark that the run does not have already; one of several benchmarks is named."""
    which = f"benchmark {benchmark.config.name}" if len(run.benchmarks) > 1 else "benchmark"
    return [f"{which}: {note}" for note in notes if note not in of_run]
