"""Trading at the open: each date is simulated as two rows, open and close, and reported as one."""

from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from backtest.data.market_data import MarketData
from backtest.engine.ledger import Ledger
from backtest.engine.market_periods import Periods
from backtest.engine.terms import LoanTerms, Terms
from backtest.errors import SimulationError
from backtest.numerics.arrays import Floats

_Number = TypeVar("_Number", np.float64, np.int64)


def with_opens(data: MarketData) -> Periods:
    """Return market data with 2 T rows: row 2t is the open of date t, row 2t + 1 its close.

    All interest of a date accrues overnight, by calendar days from the last close to the open. A missing open on a
    date with a close is an error only if a path needs it.

    Raises:
        SimulationError: the data has no opens.
    """
    if data.opens is None:
        raise SimulationError("trades at the open need data.opens; expected the open prices of all assets")
    closes, opens = data.prices.to_numpy(), data.opens.to_numpy()
    by_close = Periods.of(data)
    loans = None if by_close.loan_returns is None else _at_opens(by_close.loan_returns)
    both = np.stack([np.where(np.isnan(closes), np.nan, opens), closes], axis=1).reshape(-1, closes.shape[1])
    missing = np.isnan(both) & ~np.isnan(np.repeat(closes, 2, axis=0))

    def label(row: int, i: int) -> str:
        return by_close.label(row // 2, i)

    return Periods(
        both,
        _at_opens(by_close.cash_returns),
        _at_opens(by_close.days),
        loans,
        opens=True,
        missing=missing if missing.any() else missing[:0],
        label=label,
    )


def terms_at_opens(terms: Terms) -> Terms:
    """Return terms by row of `with_opens`; the traded value of a date is not yet known at its open."""
    trading, financing, fees = terms.trading, terms.financing, terms.fees
    if trading.impact is not None:
        before = np.concatenate([trading.impact[:1], trading.impact[:-1]])
        trading = replace(trading, impact=np.stack([before, trading.impact], axis=1).reshape(-1, before.shape[1]))
    if trading.cost_by_row is not None:
        trading = replace(trading, cost_by_row=np.repeat(trading.cost_by_row, 2))
    if isinstance(financing, LoanTerms) and financing.spread_by_row is not None:
        financing = replace(financing, spread_by_row=np.repeat(financing.spread_by_row, 2))
    if fees.performance_due is not None:
        at_opens = np.zeros_like(fees.performance_due)
        fees = replace(fees, performance_due=np.stack([at_opens, fees.performance_due], axis=1).ravel())
    return replace(terms, trading=trading, financing=financing, fees=fees)


def navs_by_date(navs: Floats) -> Floats:
    """Return (P,) NAV at closes, from rows that begin with a close; a run ruined at an open ends on that date."""
    closes: Floats = navs[::2] if len(navs) % 2 else np.append(navs[::2], navs[-1:])
    return closes


def by_date(result: Ledger) -> Ledger:
    """Return a ledger by row of `with_opens` as a ledger by date; its first row is a close.

    Flows of an open and its close add up. The loan is the overnight loan, on which interest is charged.
    """
    pad = 1 - len(result.nav) % 2  # 1 if the run is ruined at an open

    def add_up(values: Floats) -> Floats:
        padded = np.concatenate([values, np.zeros((pad, *values.shape[1:]))])
        return np.concatenate([padded[:1], padded[1::2] + padded[2::2]])

    weights = np.concatenate([result.weights, np.zeros((pad, result.weights.shape[1]))])[::2]
    gross_exposure = np.append(result.gross_exposure, np.zeros(pad))[::2]
    return replace(
        result,
        start=(result.start - 1) // 2,
        nav=navs_by_date(result.nav),
        weights=weights,
        gross_exposure=gross_exposure,
        loan=np.concatenate([result.loan[:1], result.loan[1::2]]),
        trade_rows=(result.trade_rows + 1) // 2,
        executed=np.where(result.executed < 0, -1, (result.executed + 1) // 2),
        unpriced_sales=tuple(((row + 1) // 2, i) for row, i in result.unpriced_sales),
        asset_pnl=add_up(result.asset_pnl),
        cash_interest=add_up(result.cash_interest),
        financing=add_up(result.financing),
        spread_cost=add_up(result.spread_cost),
        borrow=add_up(result.borrow),
        fees=add_up(result.fees),
        trading=add_up(result.trading),
        turnover=add_up(result.turnover),
    )


def _at_opens(by_period: NDArray[_Number]) -> NDArray[_Number]:
    """Return (2 T,) values by row: the value of a date at its open, and zero at its close."""
    return np.stack([by_period, np.zeros_like(by_period)], axis=1).ravel()
