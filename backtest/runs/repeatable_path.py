"""Inputs of a run's path, for a page that computes the path again."""

import numpy as np

from backtest.config import RunConfig
from backtest.engine.path_inputs import PathInputs, Sizing, can_be_repeated
from backtest.numerics.arrays import Floats
from backtest.own_code import hashes_of
from backtest.runs.plan import Decided
from backtest.strategy.scaling import FixedMultiple, TargetVolatility


def path_inputs_of(decided: Decided, start: int) -> PathInputs | None:
    """Return the inputs of a path from its first NAV; None if decisions or trades depend on the path.

    Args:
        decided: decisions of the run.
        start: row of the first NAV.
    """
    plan, config, periods = decided.plan, decided.plan.config, decided.periods
    by_weights = config.follows_its_path or config.rebalance.bands is not None or config.rebalance.minimum_trade > 0
    if by_weights or not can_be_repeated(periods, plan.terms):
        return None
    rows = np.asarray(decided.rows) + plan.lag
    traded = rows < periods.shape[0] - 1  # there are no trades on the last date
    targets, risk = decided.decisions.targets[traded], decided.decisions.risk.contributions[traded].sum(axis=1)
    sizing = _sizing(config, targets, risk * np.sqrt(plan.data.periods_per_year))
    return PathInputs(periods, plan.terms, start, rows[traded], targets, sizing)


def _sizing(config: RunConfig, targets: Floats, volatilities: Floats) -> Sizing | None:
    """Return how targets follow the target volatility, if they are proportional to it up to the cap, or a multiple."""
    as_decided = np.ones(len(targets))
    scaling = config.leverage or _last_step(config)
    if isinstance(scaling, FixedMultiple):
        return Sizing("multiple", scaling.multiple, as_decided)
    if not isinstance(scaling, TargetVolatility):
        cap = getattr(config.strategy.model, "max_gross_exposure", None)
        cap = cap if isinstance(cap, float) else np.inf
        return None if scaling else Sizing("multiple", 1.0, as_decided, cap)
    if scaling.min_gross_exposure is not None:
        return None
    cap, target = scaling.max_gross_exposure, scaling.target_volatility
    if isinstance(target, str) or scaling.window is not None or scaling.smoothing > 0:
        return Sizing("multiple", 1.0, as_decided, cap)
    capped = np.abs(targets).sum(axis=1) > cap * (1 - 1e-9)  # below it, the forecast is the target, up to rounding
    with np.errstate(invalid="ignore", divide="ignore"):
        reach = np.where(capped & (volatilities < target), target / volatilities, 1.0)
    return Sizing("target_volatility", target, reach, cap)


def _last_step(config: RunConfig) -> TargetVolatility | None:
    """Return the scaling that a strategy of the package ends with: all that have these two settings scale by them."""
    model = config.strategy.model
    target, cap = (getattr(model, name, None) for name in ("target_volatility", "max_gross_exposure"))
    if target is None or cap is None or hashes_of(type(model)):
        return None
    return TargetVolatility(target_volatility=target, max_gross_exposure=cap)
