"""`DecisionSettings`: the settings that a strategy's decisions depend on, and the views that it is asked with."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import cache, partial
from types import MappingProxyType
from typing import NamedTuple, Self

import numpy as np
import pandas as pd

from backtest.config import RunConfig
from backtest.data.market_data import MarketData
from backtest.engine.impact import impact_begun
from backtest.engine.settings.costs import Impact
from backtest.engine.settings.schedule import Day, Frequency
from backtest.estimation.estimation_settings import EstimationSettings
from backtest.estimation.estimator import window_rows
from backtest.numerics.arrays import Floats
from backtest.strategy import Strategy
from backtest.strategy.agenda import Agenda
from backtest.strategy.decisions import ViewBatch, answers
from backtest.strategy.scaling import Scaling
from backtest.strategy.view_history import History


class DecisionSettings(NamedTuple):
    """Settings that decide on which dates a strategy is asked, and what it answers.

    Plans and decisions read no other settings, so two configurations with equal ones share them.
    """

    estimation: EstimationSettings
    strategy: Strategy
    leverage: Scaling | None
    frequency: Frequency
    day: Day
    execution_lag: int | None
    execution: str
    impact: Impact | None
    ragged: bool
    start: date | None

    @classmethod
    def of(cls, config: RunConfig) -> Self:
        """Return those settings of a configuration."""
        schedule = config.rebalance
        return cls(
            config.estimation,
            config.strategy.model,
            config.leverage,
            schedule.frequency,
            schedule.day,
            schedule.execution_lag,
            schedule.execution,
            config.costs.impact,
            config.data.ragged,
            config.start,
        )


class Followed(NamedTuple):
    """A benchmark whose target weights a strategy may look at.

    Args:
        settings: settings of its decisions.
        data: its market data.
        first: position in the data of its first decision.
        follows_its_path: whether its target weights are known only along its path, so that they cannot be looked at.
    """

    settings: DecisionSettings
    data: MarketData
    first: int
    follows_its_path: bool

    def target_weights(self, dates: pd.DatetimeIndex) -> Floats:
        """Return its (m, k) target weights on each date, or on its last date before; NaN before its first decision.

        They are scaled as its configuration says, but not smoothed: smoothing needs a path of decisions.
        """
        rows = self.data.dates.searchsorted(dates, side="right") - 1
        weights = np.full((len(rows), len(self.data.assets)), np.nan)
        can = rows >= self.first
        if can.any():
            batch = ask_on([int(row) for row in rows[can]], self.settings, self.data, None)
            weights[can] = answers(self.settings.strategy, batch)
            leverage = self.settings.leverage
            if leverage is not None:
                weights[can] = leverage.apply(weights[can], leverage.multiples(weights[can], batch))
        return weights


Estimate = Callable[[DecisionSettings, MarketData, Sequence[int]], Floats]
"""Function that returns the (m, n, n) covariances on some rows of the data."""


def estimated(settings: DecisionSettings, data: MarketData, rows: Sequence[int]) -> Floats:
    """Return the (m, n, n) covariances on these rows."""
    return settings.estimation.covariances(data.excess_returns.to_numpy(), rows, data.periods_per_year)


def agenda_of(
    rows: Sequence[int],
    settings: DecisionSettings,
    data: MarketData,
    benchmark: Followed | None,
    estimate: Estimate = estimated,
) -> Agenda:
    """Return the views for these rows, in batches."""
    window = window_rows(settings.estimation.window, data.periods_per_year)
    ask = partial(ask_on, settings=settings, data=data, benchmark=benchmark, estimate=estimate)
    return Agenda(data.dates, rows, ask, count=len(data.assets), window=window)


def ask_on(
    rows: Sequence[int],
    settings: DecisionSettings,
    data: MarketData,
    benchmark: Followed | None,
    estimate: Estimate = estimated,
) -> ViewBatch:
    """Return the views for a strategy on these rows: covariances, holdable assets and the benchmark's weights."""
    prices = data.prices.to_numpy()
    covariances = estimate(settings, data, rows)
    holdable = np.ones((len(rows), len(data.assets)), dtype=bool)
    if settings.impact is not None and data.volumes is not None:  # `build_terms` refuses impact without volumes
        holdable = impact_begun(settings.impact, data)[list(rows)]
    if settings.ragged:
        holdable &= np.isfinite(np.diagonal(covariances, axis1=1, axis2=2)) & ~np.isnan(prices[list(rows)])
    history = History(
        data.dates,
        data.assets,
        prices,
        data.returns.to_numpy(),
        data.cash_returns.to_numpy(),
        MappingProxyType(dict(data.classes)),
        data.periods_per_year,
        () if benchmark is None else benchmark.data.assets,
    )
    followed = None
    if benchmark is not None and not benchmark.follows_its_path:
        followed = cache(partial(benchmark.target_weights, data.dates[list(rows)]))
    return ViewBatch(history, rows, covariances, holdable, followed)
