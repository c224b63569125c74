"""`preview`: what a run would do, without simulating it."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtest.config import RunConfig
from backtest.data.market_data import MarketData
from backtest.numerics.blas import one_blas_thread
from backtest.runs.notes import settings_notes
from backtest.runs.plan import Decisions, Plan
from backtest.runs.run_result import warnings_of
from backtest.runs.steps import Steps

_SAMPLE = 24  # decisions whose time is measured


@dataclass(frozen=True)
class AssetDates:
    """Dates of an asset.

    Args:
        name: the asset.
        asset_class: its class; empty if it has none.
        series: first and last date at its source, ISO.
        in_run: first and last date with a price in the run, ISO.
    """

    name: str
    asset_class: str
    series: tuple[str, str]
    in_run: tuple[str, str]


@dataclass(frozen=True)
class Preview:
    """Dates, assets and expected time of a run that is not simulated.

    Args:
        config: settings of the run.
        dates: dates of the data that the run uses.
        periods_per_year: periods per year of the dates.
        first_decision: date of the first decision.
        first_trade: date of the first NAV.
        decisions: number of decisions.
        seconds: expected time of all decisions, from the time of the first ones.
        assets: dates of each asset.
        notes: notes that follow from data and settings alone.
        warnings: findings in the data.
    """

    config: RunConfig
    dates: pd.DatetimeIndex
    periods_per_year: int
    first_decision: pd.Timestamp
    first_trade: pd.Timestamp
    decisions: int
    seconds: float
    assets: list[AssetDates]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


def preview(config: RunConfig, *, offline: bool = False, on_step: Callable[[str], None] = lambda _: None) -> Preview:
    """Load the data of a run and ask its strategy for the first decisions, without simulating anything.

    Args:
        config: the configuration.
        offline: use cached data only, whatever its age.
        on_step: called with the name of each step as it begins.

    Raises:
        BacktestError: a mistake in the data, or in the first target weights.

    Example:
        >>> from backtest.config import load_config
        >>> shown = preview(load_config("configs/erc.yaml"))
        >>> f"{shown.first_decision:%Y-%m-%d}", shown.decisions
        ('1989-01-31', 288)
    """
    plan, notes = Steps(offline=offline).plan(config, on_step)
    on_step("strategy")
    first_trade = plan.first_trade
    agenda, first = plan.beginning(first_trade)
    count = 1 if config.rebalance.frequency == "never" else len(agenda.rows) - first
    return Preview(
        config,
        plan.data.dates,
        plan.data.periods_per_year,
        plan.data.dates[agenda.rows[first]],
        first_trade,
        count,
        count * _seconds_a_decision(plan, min(count, _SAMPLE)),
        [_asset_dates(name, plan.data) for name in plan.data.assets],
        (*plan.data.notes, *notes, *settings_notes(plan)),
        warnings_of(plan),
    )


def _asset_dates(name: str, data: MarketData) -> AssetDates:
    origin = next(origin for origin in data.origins if origin.name == name)
    priced = data.prices[name].dropna().index
    in_run = (f"{priced[0]:%Y-%m-%d}", f"{priced[-1]:%Y-%m-%d}")
    return AssetDates(name, data.classes.get(name, ""), (origin.first, origin.last), in_run)


@one_blas_thread()
def _seconds_a_decision(plan: Plan, count: int) -> float:
    """Return the time of one decision, measured over the first ones; each of them sees empty holdings."""
    _ = plan.terms  # terms that do not fit the market data are an error here too
    agenda, first = plan.beginning(plan.first_trade)
    decisions = Decisions.of(plan.config, agenda, slice(first, first + count), plan.data)
    begun = time.perf_counter()
    if plan.config.follows_its_path:
        for k in range(count):
            decisions.decide_at(k, np.zeros(len(plan.data.assets)), 1.0)
    else:
        decisions.decide_all()
    return (time.perf_counter() - begun) / count
