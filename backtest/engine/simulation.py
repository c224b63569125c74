"""Simulation of a run's path: positions drift, interest and fees accrue, and trades incur costs.

`kernels/walk_kernel` defines the order of events in a period. `path` prepares the arrays that the kernels read and
keeps the arrays that they write; `kernels/ledger_kernel` works out the ledger of a finished path.
"""

from collections.abc import Callable

import numpy as np

from backtest.engine.ledger import Ledger
from backtest.engine.market_periods import Periods
from backtest.engine.path import Bands, Path, Rows, orders_of
from backtest.engine.terms import Terms
from backtest.errors import SimulationError
from backtest.numerics.arrays import Floats

Decide = Callable[[int, Floats, float], Floats]


def simulate(
    periods: Periods,
    decision_rows: Rows,
    decide: Floats | Decide,
    lag: int,
    terms: Terms,
    *,
    bands: Bands | None = None,
    minimum_trade: float = 0.0,
) -> Ledger:
    """Simulate the path from the first trade to the end of the data, and return its ledger.

    Args:
        periods: market data.
        decision_rows: (m,) rising positions of the decisions, each traded `lag` rows later, never on the last row.
        decide: (m, n) target weights, fractions of NAV; or a function that returns the k-th target weights, given k,
            the current weights (n,) and NAV.
        lag: rows from a decision to its trade, 0 or more.
        terms: costs, financing and fees.
        bands: weights are traded only outside these bands; None: every decision is traded.
        minimum_trade: trades of an asset below this fraction of NAV are not made.

    Raises:
        SimulationError: no decision can be traded before the last row, or a trade to target weights would cost all of
            NAV.
        DataError: a missing open price is needed.

    Example:
        >>> from backtest.engine.terms import TradingTerms
        >>> periods = Periods(np.array([[1.0], [1.1], [1.1]]), np.zeros(3), np.array([0, 31, 29]))
        >>> free = Terms(TradingTerms(np.array([0.0])))
        >>> simulate(periods, [0], np.array([[0.5]]), 0, free).nav.tolist()
        [1.0, 1.05, 1.05]
    """
    return path_of(periods, decision_rows, decide, lag, terms, bands=bands, minimum_trade=minimum_trade).ledger()


def path_of(
    periods: Periods,
    decision_rows: Rows,
    decide: Floats | Decide,
    lag: int,
    terms: Terms,
    *,
    bands: Bands | None = None,
    minimum_trade: float = 0.0,
) -> Path:
    """Simulate the path without its ledger, in a fraction of the time; arguments and errors as in `simulate`."""
    start = first_row_of(periods, decision_rows, lag)
    targets = np.full((len(decision_rows), periods.shape[1]), np.nan)
    orders = orders_of(periods, decision_rows, targets, lag, bands=bands, minimum_trade=minimum_trade)
    path = Path(periods, terms, orders, start)
    if callable(decide):
        for k, row in enumerate(decision_rows):
            # with a lag, the trade of this row was decided earlier: a decision sees the weights after that trade
            if not path.advance_to(row, traded=lag > 0):
                break
            path.decide(k, decide(k, path.current_weights(), path.current_nav))
    else:
        path.decide(slice(None), decide)
    path.advance_to(periods.shape[0] - 1, traded=True)
    return path


def first_row_of(periods: Periods, decision_rows: Rows, lag: int) -> int:
    """Return the row of the first NAV: the first trade, or the close before a trade at the open.

    Raises:
        SimulationError: no decision can be traded before the last row.
    """
    last = periods.shape[0] - 1 - periods.opens
    first_trade = next((row + lag for row in decision_rows if row + lag < last), None)
    if first_trade is None:
        raise no_trade_before_the_end(last + 1)
    return first_trade - periods.opens


def no_trade_before_the_end(dates: int) -> SimulationError:
    """Return the error of a run whose first trade would fall on the last date of the data, or after it."""
    return SimulationError(
        f"the first trade would fall on or after the last of the {dates} dates, so there would be no return to report. "
        "Hint: more data, a shorter estimation.window, or a shorter rebalance.execution_lag."
    )
