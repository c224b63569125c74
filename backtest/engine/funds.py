"""Exposures held through leveraged funds: what the account holds are funds, and what is told is what is inside them."""

from dataclasses import replace

import numpy as np

from backtest.data.prepare.leveraged_fund import leveraged_fund_returns
from backtest.engine.ledger import SimulationResult
from backtest.engine.market_periods import Periods, read_only
from backtest.engine.terms import Fund
from backtest.errors import SimulationError
from backtest.numerics.arrays import Floats, Ints


def fund_prices(periods: Periods, fund: Fund) -> Floats:
    """(T, n) the levels of funds on each asset, 1 at first.

    A fund is reset at closes: at an open it is worth what its exposure since the last close has come to.

    Raises:
        SimulationError: a fund loses all that it has.
    """
    closes = np.arange(len(periods.prices))[1 if periods.opens else 0 :: 2 if periods.opens else 1]
    levels = np.ones(periods.shape)
    moves = _moves(periods, fund, closes[:-1], closes[1:])
    levels[closes[1:]] = np.cumprod(1 + moves, axis=0)
    if periods.opens:
        opens = closes[1:] - 1
        levels[opens] = levels[closes[:-1]] * (1 + _moves(periods, fund, closes[:-1], opens))
    return read_only(levels)


def _moves(periods: Periods, fund: Fund, before: Ints, after: Ints) -> Floats:
    """(k, n) returns of the funds from closes to later rows of the next date; interest is of its first row."""
    prices, charged = periods.carried, after if not periods.opens else after - after % 2
    moves = leveraged_fund_returns(
        prices[after] / prices[before] - 1,
        periods.cash_returns[charged, None],
        periods.days[charged, None],
        leverage=fund.leverage,
        swap_spread=fund.swap_spread,
        expense_ratio=fund.expense_ratio,
    )
    # what has lost its price is charged until its sale; before a price nothing is held
    moves = np.where(periods.has_price(before), moves, 0.0)
    for k, i in np.argwhere(moves <= -1)[:1]:
        raise SimulationError(
            f"a fund of leverage {fund.leverage:g} loses all of its capital: {periods.label(int(after[k]), int(i))} "
            f"returns {prices[after[k], i] / prices[before[k], i] - 1:.1%} in a day. Hint: less leverage in the fund."
        )
    return moves


def inside_the_funds(result: SimulationResult, fund: Fund, periods: Periods, left: float) -> SimulationResult:
    """A ledger of funds as one of their exposures, and of what the funds earned, borrowed and were paid.

    Args:
        result: whose weights and P&L are those of the funds' shares.
        fund: through which every asset is held.
        periods: the market of the assets.
        left: of the first NAV after the first trade's cost.
    """
    rows = slice(result.start + 1, result.start + len(result.nav))
    opening = result.nav[:-1].copy()
    opening[0] = left
    values = result.weights[:-1] * opening[:, None]
    prices, years = periods.carried[result.start : rows.stop], periods.interest_years[rows]
    value, spread = values.sum(axis=1), fund.swap_spread * max(fund.leverage - 1, -fund.leverage, 0.0)
    earned, financing, spread_cost, fees, loan = (np.zeros_like(one) for one in (result.asset_pnl, *(result.nav,) * 4))
    earned[1:] = fund.leverage * values * (prices[1:] / prices[:-1] - 1)
    if periods.opens:  # by day a fund's exposure is that of the last close, and nothing is charged
        day = np.arange(result.start, rows.stop) % 2 == 1
        earned[day] = result.asset_pnl[day]
    spread_cost[1:] = value * spread * years
    financing[1:] = value * (fund.leverage - 1) * periods.cash_returns[rows] + spread_cost[1:]
    fees[1:] = value * fund.expense_ratio * periods.fee_years[rows]
    loan[1:] = np.maximum(value * (fund.leverage - 1), 0.0)
    return replace(
        result,
        weights=fund.leverage * result.weights,
        asset_pnl=earned,
        financing=result.financing + financing,
        spread_cost=result.spread_cost + spread_cost,
        fees=result.fees + fees,
        loan=result.loan + loan,
    )
