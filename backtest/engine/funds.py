"""Exposures held through leveraged funds: the path holds fund shares; results report the underlying exposure."""

from dataclasses import replace

import numpy as np

from backtest.data.prepare.leveraged_fund import leveraged_fund_returns
from backtest.engine.ledger import Ledger
from backtest.engine.market_periods import Periods, read_only
from backtest.engine.terms import FundTerms
from backtest.errors import SimulationError
from backtest.numerics.arrays import Floats, Ints


def fund_prices(periods: Periods, fund: FundTerms) -> Floats:
    """Return the (T, n) levels of a fund on each asset, starting at 1.

    Funds are reset at closes. The level at an open is the level at the last close and the return of the exposure since.

    Raises:
        SimulationError: a fund loses all of its capital.
    """
    closes = np.arange(len(periods.prices))[1 if periods.opens else 0 :: 2 if periods.opens else 1]
    levels = np.ones(periods.shape)
    moves = _moves(periods, fund, closes[:-1], closes[1:])
    levels[closes[1:]] = np.cumprod(1 + moves, axis=0)
    if periods.opens:
        opens = closes[1:] - 1
        levels[opens] = levels[closes[:-1]] * (1 + _moves(periods, fund, closes[:-1], opens))
    return read_only(levels)


def _moves(periods: Periods, fund: FundTerms, before: Ints, after: Ints) -> Floats:
    """Return the (k, n) fund returns from closes to rows of the next date; interest accrues in the first row."""
    prices, charged = periods.carried, after if not periods.opens else after - after % 2
    moves = leveraged_fund_returns(
        prices[after] / prices[before] - 1,
        periods.cash_returns[charged, None],
        periods.days[charged, None],
        leverage=fund.leverage,
        swap_spread=fund.swap_spread,
        expense_ratio=fund.expense_ratio,
    )
    # a fund whose asset has lost its price is charged until it is sold; before the first price nothing is held
    moves = np.where(periods.has_price(before), moves, 0.0)
    for k, i in np.argwhere(moves <= -1)[:1]:
        raise SimulationError(
            f"a fund of leverage {fund.leverage:g} loses all of its capital: {periods.label(int(after[k]), int(i))} "
            f"returns {prices[after[k], i] / prices[before[k], i] - 1:.1%} in a day. Hint: use less leverage."
        )
    return moves


def look_through(result: Ledger, fund: FundTerms, periods: Periods, left: float) -> Ledger:
    """Return a ledger of fund shares as a ledger of exposures, including the funds' own financing and fees.

    Args:
        result: ledger with the weights and P&L of fund shares.
        fund: terms of the funds through which all assets are held.
        periods: market data of the assets.
        left: fraction of the first NAV that is left after the cost of the first trade.
    """
    rows = slice(result.start + 1, result.start + len(result.nav))
    opening = result.nav[:-1].copy()
    opening[0] = left
    values = result.weights[:-1] * opening[:, None]
    prices, years = periods.carried[result.start : rows.stop], periods.interest_years[rows]
    value, spread = values.sum(axis=1), fund.swap_spread * max(fund.leverage - 1, -fund.leverage, 0.0)
    earned, financing, spread_cost, fees, loan = (
        np.zeros_like(shape) for shape in (result.asset_pnl, *(result.nav,) * 4)
    )
    earned[1:] = fund.leverage * values * (prices[1:] / prices[:-1] - 1)
    if periods.opens:  # between open and close the funds' shares earn, and nothing is charged
        day = np.arange(result.start, rows.stop) % 2 == 1
        earned[day] = result.asset_pnl[day]
    spread_cost[1:] = value * spread * years
    financing[1:] = value * (fund.leverage - 1) * periods.cash_returns[rows] + spread_cost[1:]
    fees[1:] = value * fund.expense_ratio * periods.fee_years[rows]
    loan[1:] = np.maximum(value * (fund.leverage - 1), 0.0)
    return replace(
        result,
        weights=fund.leverage * result.weights,
        gross_exposure=abs(fund.leverage) * result.gross_exposure,
        asset_pnl=earned,
        financing=result.financing + financing,
        spread_cost=result.spread_cost + spread_cost,
        fees=result.fees + fees,
        loan=result.loan + loan,
    )
