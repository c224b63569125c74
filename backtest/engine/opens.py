"""Trades at the open: each date is two rows, its open and its close, and is told as one."""

from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from backtest.data.market_data import MarketData
from backtest.engine.ledger import SimulationResult
from backtest.engine.market_periods import Periods
from backtest.engine.terms import Terms
from backtest.errors import SimulationError
from backtest.numerics.arrays import Floats

_Number = TypeVar("_Number", np.float64, np.int64)


def with_opens(data: MarketData) -> Periods:
    """A market of (2 T) rows: row 2t is the open of date t, row 2t + 1 its close.

    All interest of a date accrues in the night before, by calendar days from close to open. An open that is
    missing on a date with a close is an error only where a path needs it.
    """
    if data.opens is None:
        raise SimulationError("trades at the open without data.opens; expected the opens of all assets")
    closes, opens = data.prices.to_numpy(), data.opens.to_numpy()
    night = Periods.of(data)
    loans = None if night.loan_returns is None else _at_opens(night.loan_returns)
    both = np.stack([np.where(np.isnan(closes), np.nan, opens), closes], axis=1).reshape(-1, closes.shape[1])
    missing = np.isnan(both) & ~np.isnan(np.repeat(closes, 2, axis=0))

    def label(row: int, i: int) -> str:
        return night.label(row // 2, i)

    return Periods(
        both,
        _at_opens(night.cash_returns),
        _at_opens(night.days),
        loans,
        opens=True,
        missing=missing if missing.any() else missing[:0],
        label=label,
    )


def terms_at_opens(terms: Terms) -> Terms:
    """The same terms by row of `with_opens`: what is known of a date's volumes is not known at its open."""
    impact = terms.impact
    if impact is not None:
        before = np.concatenate([impact[:1], impact[:-1]])
        impact = np.stack([before, impact], axis=1).reshape(-1, impact.shape[1])
    due = terms.performance_due
    return replace(
        terms,
        spread_by_row=None if terms.spread_by_row is None else np.repeat(terms.spread_by_row, 2),
        trading_cost_by_row=None if terms.trading_cost_by_row is None else np.repeat(terms.trading_cost_by_row, 2),
        performance_due=None if due is None else np.stack([np.zeros_like(due), due], axis=1).ravel(),
        impact=impact,
    )


def navs_by_date(navs: Floats) -> Floats:
    """(P,) NAV at closes, of rows that begin with a close; a run that is ruined at an open ends on that date."""
    closes: Floats = navs[::2] if len(navs) % 2 else np.append(navs[::2], navs[-1:])
    return closes


def by_date(result: SimulationResult) -> SimulationResult:
    """A ledger by row of `with_opens`, that begins with a close, as one by date.

    Flows of an open and its close add up; a loan is that of the night, which is charged.
    """
    pad = 1 - len(result.nav) % 2  # a ruin at the open

    def whole(values: Floats) -> Floats:
        padded = np.concatenate([values, np.zeros((pad, *values.shape[1:]))])
        return np.concatenate([padded[:1], padded[1::2] + padded[2::2]])

    weights = np.concatenate([result.weights, np.zeros((pad, result.weights.shape[1]))])[::2]
    return replace(
        result,
        start=(result.start - 1) // 2,
        nav=navs_by_date(result.nav),
        weights=weights,
        loan=np.concatenate([result.loan[:1], result.loan[1::2]]),
        trade_rows=(result.trade_rows + 1) // 2,
        executed=np.where(result.executed < 0, -1, (result.executed + 1) // 2),
        unpriced_sales=tuple(((row + 1) // 2, i) for row, i in result.unpriced_sales),
        asset_pnl=whole(result.asset_pnl),
        cash_interest=whole(result.cash_interest),
        financing=whole(result.financing),
        spread_cost=whole(result.spread_cost),
        borrow=whole(result.borrow),
        fees=whole(result.fees),
        trading=whole(result.trading),
        turnover=whole(result.turnover),
    )


def _at_opens(by_period: NDArray[_Number]) -> NDArray[_Number]:
    """By row: all of a date's at its open, nothing at its close."""
    return np.stack([by_period, np.zeros_like(by_period)], axis=1).ravel()
