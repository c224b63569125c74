"""`walk_forward`: one path that follows, from each choice to the next, the candidate that was best until then."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel

from backtest.analysis.metrics.ex_ante import ExAnteRisk
from backtest.analysis.result import BacktestResult
from backtest.config.grid.load_walk_forward import LoadedWalkForward, load_walk_forward
from backtest.data.market_data import MarketData
from backtest.numerics.arrays import Ints
from backtest.reporting.files.manifest import plain_json
from backtest.runs.pipeline import Config, data_settings_of
from backtest.runs.plan import Decided, Decisions
from backtest.runs.run_result import own_code_of, result_of, strategy_files_of
from backtest.runs.steps import Steps
from backtest.strategy import MarketView, Strategy
from backtest.strategy.choice import StrategyChoice
from backtest.studies.timetable import Timetable
from backtest.studies.walk_forward_numbers import Paths, Walk, choose, describe
from backtest.sweeps.candidates import Candidates, with_all_assets


def walk_forward(
    config: Config,
    settings: Mapping[str, Any] | None = None,
    vary: Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
    *,
    market: MarketData | None = None,
    offline: bool = False,
) -> BacktestResult:
    """Run a configuration that chooses the best of several candidates again and again, by the history before a choice.

    The path is a run of its own: it has the target weights of the candidate chosen last, and changing the candidate
    costs what its trades cost. Candidates differ in settings of `strategy`, `estimation` and `leverage`, and in their
    `data.assets`, which are lists of some assets of the configuration.

    Args:
        config: see `bt.run`; a file may have the sections `sweep:`, the candidates, and `walk_forward:`.
        settings: the section `walk_forward:`, such as `{"window": "5Y", "choose_by": "cagr"}`.
        vary: the candidates: values of each setting by dotted name, or the section `sweep:`.
        overrides: values that replace settings of all candidates.
        market: see `bt.run`.
        offline: see `bt.run`.

    Returns:
        A result like any other. Its `walk_forward` has the choices, and the best candidate chosen afterwards.

    Raises:
        BacktestError: a mistake in the settings, a candidate that fails, or a history that is too short.

    Example:
        >>> found = walk_forward("configs/erc.yaml", {"window": "10Y"}, {"estimation.window": ["2Y", "3Y", "5Y"]})
        >>> round(found.headline()["sharpe"], 2), found.walk_forward.choices["candidate"].tolist()
        (1.09, [2, 2, 2, 2, 0, 0, 0, 1, 0, 0, 0, 0])
    """
    data = data_settings_of(market)
    loaded = load_walk_forward(config, settings, vary, overrides, data)
    steps = Steps(offline=offline, market=market)
    candidates = Candidates.of(loaded, steps, data)
    table = Timetable.of(loaded, candidates.plan, candidates.begin)
    market_data = candidates.plan.data
    before = Paths(candidates.navs(candidates.begin), market_data)
    inside = np.array([before.measure(choice.window, loaded.settings.choose_by) for choice in table.choices])
    chosen = choose(inside, table, candidates, loaded.settings.choose_by)
    decided: dict[int, Decided] = {}

    def keep(k: int, own: Decided) -> None:
        if k in chosen:
            decided[k] = own

    after = Paths(candidates.navs(table.first_trade, keep), market_data)
    result = _follow(loaded, candidates, table, [decided[k] for k in chosen], steps)
    walk = Walk(loaded, candidates, table, inside, chosen, before, after)
    return replace(result, walk_forward=describe(walk, result))


class Chosen(Strategy):
    """Target weights of the candidate chosen last, which are known before the path is simulated."""

    def target_weights(self, view: MarketView) -> pd.Series:
        """Refuse to decide again."""
        raise NotImplementedError(f"the weights of {view.as_of:%Y-%m-%d} are known already")


def _follow(
    loaded: LoadedWalkForward, candidates: Candidates, table: Timetable, chosen: Sequence[Decided], steps: Steps
) -> BacktestResult:
    """Simulate the path that has, on each date, the target weights of the candidate chosen last.

    Args:
        loaded: the settings.
        candidates: the candidates.
        table: the dates.
        chosen: decisions of the candidate of each choice.
        steps: the steps of runs.
    """
    base, whole = loaded.sweep.config, candidates.plan
    positions = [choice.position for choice in table.choices]
    which = np.searchsorted(positions, np.arange(len(table.rows)), side="right") - 1
    decisions = _join([with_all_assets(each, whole, table.first_trade) for each in chosen], which)
    config = BaseModel.model_copy(
        base,
        update={
            "name": f"{base.name}_walk_forward",
            "strategy": StrategyChoice.model_construct(name="walk_forward", model=Chosen()),
            "leverage": None,
            "start": table.first_trade.date(),
        },
    )
    plan = whole.under(config, whole.benchmarks)
    path = Decided(plan, table.rows, decisions, decisions.targets, plan.periods)
    result = result_of(path, steps.benchmarks(plan), steps.plan(candidates.configs[0])[1])
    settings = _settings_of(loaded)
    return replace(
        result,
        notes=(*result.notes, *_late_start(loaded, table, candidates)),
        settings=settings,
        overrides=base.overridden(settings),
        own_code=_union([own_code_of(each) for each in candidates.configs]),
        strategy_files=_union([strategy_files_of(each) for each in candidates.configs]),
        setup=None,  # its dates depend on the choices, so no comparison can begin it later
    )


def _late_start(loaded: LoadedWalkForward, table: Timetable, candidates: Candidates) -> list[str]:
    """Return a note on a path that begins later than its configured start."""
    start, dates = loaded.sweep.config.start, candidates.plan.data.dates
    if start is None or dates.searchsorted(pd.Timestamp(start)) >= dates.searchsorted(table.first_trade):
        return []
    window, begin = loaded.settings.window, f"{candidates.begin:%Y-%m-%d}"
    note = f"start is {start}, but the path begins on {table.first_trade:%Y-%m-%d}"
    return [f"{note}: walk_forward.window of {window} has to be filled first, from {begin} on"]


def _join(parts: Sequence[Decisions], which: Ints) -> Decisions:
    """Return decisions with the k-th row of `parts[which[k]]` as their k-th row."""

    def joined(owners: Sequence[Any], names: Sequence[str]) -> dict[str, Any]:
        return {name: np.array([getattr(owners[part], name)[k] for k, part in enumerate(which)]) for name in names}

    risk = ExAnteRisk(**joined([part.risk for part in parts], [field.name for field in fields(ExAnteRisk)]))
    return replace(parts[0], risk=risk, **joined(parts, ("targets", "multiples", "holdable")))


def _settings_of(loaded: LoadedWalkForward) -> dict[str, Any]:
    """Return the settings of the configuration with the sections of its candidates and of the choice."""
    varied = loaded.sweep.settings.model_dump(mode="json", by_alias=True, exclude_none=True)
    sections = {"sweep": varied, "walk_forward": loaded.settings.model_dump(mode="json")}
    settings: dict[str, Any] = {**loaded.sweep.config.resolved(), **plain_json(sections)}
    return settings


def _union(parts: Sequence[Mapping[str, str]]) -> dict[str, str]:
    return {name: value for part in parts for name, value in part.items()}
