"""From the ledger of a simulation to a `BacktestResult`: arrays become tables, and risk is attributed."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backtest.analysis.result import BacktestResult
from backtest.data.market import MarketData
from backtest.engine.simulation import SimulationResult
from backtest.risk import risk_contributions

Array = NDArray[np.float64]


def build_result(
    path: SimulationResult,
    data: MarketData,
    *,
    rows: Sequence[int],
    covariances: Array,
    name: str,
    strategy: str,
    settings: Mapping[str, Any],
    notes: tuple[str, ...],
) -> BacktestResult:
    """The result of a simulated path.

    Args:
        path: the ledger.
        data: its market.
        rows: (m,) positions of the decisions in the data.
        covariances: (m, n, n) per period; NaN where an asset has no full window.
        name: of the run.
        strategy: its name.
        settings: the resolved configuration.
        notes: what a reader has to be told.
    """
    decided = np.isfinite(path.targets).all(axis=1)  # none is decided after a ruin
    ended = data.dates[: path.start + len(path.nav)]
    decided &= np.asarray(rows) < len(ended)
    dates, assets = ended[path.start :], list(data.assets)
    decisions = data.dates[np.asarray(rows)[decided]]
    targets, weights = path.targets[decided], path.weights
    held_on = decisions[-1] == dates[-1] and path.nav[-1] != 0
    return BacktestResult(
        name=name,
        strategy=strategy,
        periods_per_year=data.periods_per_year,
        nav=pd.Series(path.nav, index=dates, name="nav"),
        weights=pd.DataFrame(weights, index=dates, columns=assets),
        target_weights=pd.DataFrame(targets, index=decisions, columns=assets),
        trades=pd.DataFrame(path.trades, index=dates[path.trade_rows], columns=assets),
        turnover=pd.Series(path.turnover, index=dates, name="turnover"),
        costs=pd.DataFrame(
            {"trading": path.trading, "financing": path.financing, "borrow": path.borrow, "fees": path.fees},
            index=dates,
        ),
        financing_drag=pd.Series(path.spread_cost, index=dates, name="financing_drag"),
        loan=pd.Series(path.loan, index=dates, name="loan"),
        contributions=_contributions(path, dates, assets),
        risk_contributions=_risk(targets, covariances[decided], decisions, assets, data.periods_per_year),
        cash_returns=data.cash_returns.loc[dates],
        latest_trades=pd.Series(targets[-1] - weights[-1] if held_on else np.zeros(len(assets)), index=assets),
        classes=dict(data.classes),
        notes=notes,
        warnings=data.warnings,
        origins=data.origins,
        settings=settings,
        data_sha256=data.sha256,
    )


def _contributions(path: SimulationResult, dates: pd.DatetimeIndex, assets: list[str]) -> pd.DataFrame:
    """What each asset, cash and cost added in each period, over the first NAV (which is 1)."""
    shortfall = np.zeros(len(dates))
    shortfall[-1] = path.shortfall
    return pd.DataFrame(path.asset_pnl, index=dates, columns=assets).assign(
        cash_interest=path.cash_interest,
        financing_cost=0.0 - path.financing,  # a cost of 0 adds 0, not -0
        borrow_fees=0.0 - path.borrow,
        trading_costs=0.0 - path.trading,
        other_fees=0.0 - path.fees,
        shortfall=shortfall,
    )


def _risk(
    targets: Array, covariances: Array, decisions: pd.DatetimeIndex, assets: list[str], periods_per_year: int
) -> pd.DataFrame:
    """Ex-ante risk contributions of target weights, decimal per year; rows only where the covariance is there.

    An asset without a covariance contributes nothing where it has no weight.
    """
    held = targets != 0
    known = np.isfinite(np.diagonal(covariances, axis1=1, axis2=2))
    there = held.any(axis=1) & (known | ~held).all(axis=1)
    usable = np.where(known[:, :, None] & known[:, None, :], covariances, 0.0)[there]
    contributions = np.zeros((int(there.sum()), len(assets)))
    if there.any():
        contributions = risk_contributions(targets[there], usable) * np.sqrt(periods_per_year)
    return pd.DataFrame(contributions, index=decisions[there], columns=assets)
