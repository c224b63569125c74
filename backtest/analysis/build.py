"""Construction of a `BacktestResult` from the ledger of a simulation."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from backtest.analysis.metrics.ex_ante import ExAnteRisk, class_members
from backtest.analysis.order_terms import OrderTerms
from backtest.analysis.result import BacktestResult
from backtest.data.market_data import MarketData
from backtest.engine.ledger import Ledger
from backtest.engine.terms import Terms
from backtest.numerics.arrays import Bools, Floats, Ints
from backtest.numerics.tolerances import ROUNDING

_COSTS = pd.Index(["trading", "financing", "borrow", "fees"])
_OTHER_PROFIT = pd.Index(["cash_interest", "financing_cost", "borrow_fees", "trading_costs", "other_fees", "shortfall"])


def build_result(
    path: Ledger,
    data: MarketData,
    *,
    rows: Sequence[int],
    risk: ExAnteRisk,
    terms: Terms,
    name: str,
    strategy: str,
    settings: Mapping[str, Any],
    notes: tuple[str, ...],
) -> BacktestResult:
    """Build the result of a simulated path.

    Args:
        path: ledger of the simulation.
        data: market data of the run.
        rows: (m,) positions of the decisions in the data.
        risk: ex-ante risk of the target weights of all decisions.
        terms: terms of the run.
        name: name of the run.
        strategy: name of its strategy.
        settings: the resolved configuration.
        notes: notes for the reader.
    """
    simulated_dates = data.dates[: path.start + len(path.nav)]
    decided = np.isfinite(path.targets).all(axis=1)  # there are no decisions after a ruin
    decided &= np.asarray(rows) < len(simulated_dates)
    dates, assets = simulated_dates[path.start :], pd.Index(data.assets)
    decisions = data.dates[np.asarray(rows)[decided]]
    targets, weights = path.targets[decided], path.weights
    scales = allowed_scales(targets, terms)
    forecast = _forecast(risk, decided, scales, decisions, data)
    held_on = decisions[-1] == dates[-1] and path.nav[-1] != 0
    outstanding = targets[-1] * scales[-1] - weights[-1]
    outstanding[np.abs(outstanding) < ROUNDING] = 0.0
    return BacktestResult(
        name=name,
        strategy=strategy,
        periods_per_year=data.periods_per_year,
        nav=pd.Series(path.nav, index=dates, name="nav"),
        weights=pd.DataFrame(weights, index=dates, columns=assets, copy=False),
        target_weights=pd.DataFrame(targets, index=decisions, columns=assets),
        target_scales=pd.Series(scales, index=decisions, name="target_scale"),
        trades=pd.DataFrame(path.trades, index=dates[path.trade_rows], columns=assets, copy=False),
        trade_terms=pd.DataFrame(
            {"reason": list(path.trade_reasons), "margin_call": path.called, "scale": path.trade_scales},
            index=dates[path.trade_rows],
        ),
        turnover=pd.Series(path.turnover, index=dates, name="turnover"),
        costs=pd.DataFrame(
            np.vstack([path.trading, path.financing, path.borrow, path.fees]).T, index=dates, columns=_COSTS
        ),
        financing_drag=pd.Series(path.spread_cost, index=dates, name="financing_drag"),
        loan=pd.Series(path.loan, index=dates, name="loan"),
        contributions=_contributions(path, dates, assets),
        risk_contributions=forecast["risk_contributions"],
        asset_volatilities=forecast["asset_volatilities"],
        class_volatilities=forecast["class_volatilities"],
        trade_dates=_trade_dates(path, data, np.asarray(rows)[decided], np.flatnonzero(decided)),
        asset_returns=data.returns.iloc[path.start : path.start + len(path.nav)],
        cash_returns=data.cash_returns.iloc[path.start : path.start + len(path.nav)],
        latest_trades=pd.Series(outstanding if held_on else np.zeros(len(assets)), index=assets),
        classes=dict(data.classes),
        consumer_prices=data.consumer_prices,
        notes=notes,
        warnings=data.warnings,
        origins=data.origins,
        settings=settings,
        data_sha256=data.sha256,
        series_sha256=data.series_sha256,
        order_terms=OrderTerms.of(data, terms, len(simulated_dates) - 1, settings),
    )


def allowed_scales(targets: Floats, terms: Terms) -> Floats:
    """Return the factors by which the initial margin, or the leverage of the funds, scales target weights down.

    The factor is known at the decision. It is also the scale of the trade that follows, unless an asset has lost its
    price by then, or the trade goes only to the edge of a band.

    Args:
        targets: (m, n) fractions of NAV.
        terms: terms of the run.

    Returns:
        (m,) above 0 and at most 1; 1 for targets that are allowed.

    Example:
        >>> from backtest.engine.terms import MarginTerms, TradingTerms
        >>> terms = Terms(TradingTerms(np.zeros(2)), margin=MarginTerms(np.array([0.5, 0.5])))
        >>> allowed_scales(np.array([[1.5, 1.0], [0.6, 0.4]]), terms).tolist()
        [0.8, 1.0]
    """
    if terms.margin.initial is None:
        return np.ones(len(targets))
    held = targets if terms.fund is None else targets / terms.fund.leverage
    required = (terms.margin.initial * np.abs(held)).sum(axis=1)
    return np.where(required > 1.0 + ROUNDING, 1.0 / np.maximum(required, 1.0), 1.0)


def _contributions(path: Ledger, dates: pd.DatetimeIndex, assets: pd.Index) -> pd.DataFrame:
    """Return the profit of each asset, of cash and of each cost by period, over the first NAV (which is 1)."""
    shortfall = np.zeros(len(dates))
    shortfall[-1] = path.shortfall
    # a cost of 0 adds 0, not -0
    costs = [0.0 - cost for cost in (path.financing, path.borrow, path.trading, path.fees)]
    values = np.vstack([path.asset_pnl.T, path.cash_interest, *costs, shortfall]).T  # each column is contiguous
    return pd.DataFrame(values, index=dates, columns=assets.append(_OTHER_PROFIT), copy=False)


def _forecast(
    risk: ExAnteRisk, decided: Bools, scales: Floats, decisions: pd.DatetimeIndex, data: MarketData
) -> dict[str, pd.DataFrame]:
    """Return the ex-ante risk of the allowed targets, decimals per year; rows only for dates that have a covariance.

    Volatility and risk contributions are homogeneous of degree one, so they scale with the weights.
    """
    assets, classes = pd.Index(data.assets), pd.Index(class_members(data.assets, data.classes)[0])
    known = np.isfinite(risk.contributions).all(axis=1) & decided
    annual, dates = np.sqrt(data.periods_per_year), decisions[known[decided]]
    allowed = scales[known[decided], None]

    def table(values: Floats, columns: pd.Index) -> pd.DataFrame:
        return pd.DataFrame(annual * values, index=dates, columns=columns)

    return {
        "risk_contributions": table(allowed * risk.contributions[known], assets),
        "asset_volatilities": table(risk.asset_volatilities[known], assets),
        "class_volatilities": table(allowed * risk.class_volatilities[known], classes),
    }


def _trade_dates(path: Ledger, data: MarketData, rows: Ints, decisions: Ints) -> pd.Series:
    """Return the date on which each decision was first traded, or found to need no trade; NaT if neither happened."""
    executed = path.executed[decisions]
    dates = data.dates.to_numpy()[path.start + executed]
    dates[executed < 0] = np.datetime64("NaT")
    return pd.Series(dates, index=data.dates[rows], name="trade_date")
