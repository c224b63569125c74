"""Markets for the engine, made from returns."""

import numpy as np

from backtest.engine.market_periods import Periods


def periods_of(returns: np.ndarray, priced: np.ndarray, cash: np.ndarray, days: np.ndarray) -> Periods:
    """Return a market of these returns: levels of 1 at the first price, NaN where an asset has no price."""
    moves = np.where(np.isnan(returns), 0.0, returns)
    moves[0] = 0.0
    return Periods(np.where(priced, np.cumprod(1 + moves, axis=0), np.nan), cash, days)


def all_priced(returns: np.ndarray, cash: np.ndarray, days: np.ndarray) -> Periods:
    """Return a market of these returns in which every asset has a price on every date."""
    return periods_of(returns, np.ones(returns.shape, dtype=bool), cash, days)


def moves_of(periods: Periods) -> np.ndarray:
    """Return (T, n) returns; NaN where there is no price on either side."""
    before = np.vstack([np.full((1, periods.shape[1]), np.nan), periods.prices[:-1]])
    moves: np.ndarray = periods.prices / before - 1
    return moves


def is_priced(periods: Periods) -> np.ndarray:
    """Return (T, n) whether an asset has a price."""
    return ~np.isnan(periods.prices)
