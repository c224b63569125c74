"""`ManyPaths`: paths of the same decisions under many terms, one after the other."""

import numpy as np

from backtest.engine.kernels.state import Orders
from backtest.engine.market_periods import Periods
from backtest.engine.path import Bands, Path, Rows, orders_of
from backtest.engine.simulation import first_row_of
from backtest.engine.terms import Terms
from backtest.numerics.arrays import Floats


class ManyPaths:
    """Paths of the same decisions; only what depends on the terms is worked out for each.

    Args:
        periods: market data.
        decision_rows: see `simulate`, as for the other arguments.
        lag: rows from a decision to its trade.
        targets: (m, n) target weights, fractions of NAV.

    Raises:
        SimulationError: no decision can be traded before the last row.

    Example:
        >>> from backtest.engine.terms import LoanTerms, TradingTerms
        >>> periods = Periods(np.array([[1.0], [1.1], [1.1]]), np.zeros(3), np.array([0, 31, 36]))
        >>> paths = ManyPaths(periods, [0], 0, np.array([[2.0]]))
        >>> dear = Terms(TradingTerms(np.zeros(1)), LoanTerms(spread=0.1))
        >>> [round(float(paths.path(terms, paths.orders()).nav[-1]), 4) for terms in (dear, dear.with_spread(0.0))]
        [1.1813, 1.2]
    """

    def __init__(self, periods: Periods, decision_rows: Rows, lag: int, targets: Floats) -> None:
        self._periods, self._rows, self._targets, self._lag = periods, decision_rows, targets, lag
        self._start = first_row_of(periods, decision_rows, lag)

    def orders(self, bands: Bands | None = None, minimum_trade: float = 0.0) -> Orders:
        """Return the orders of all paths with these bands; they may be shared between threads."""
        return orders_of(self._periods, self._rows, self._targets, self._lag, bands=bands, minimum_trade=minimum_trade)

    def path(self, terms: Terms, orders: Orders) -> Path:
        """Simulate a path to the end of the data.

        Args:
            terms: costs, financing and fees.
            orders: a result of `orders`.

        Raises:
            SimulationError: a trade to target weights would cost all of NAV.
            DataError: a missing open price is needed.
        """
        own = orders._replace(targets=self._targets.copy(), ordered=np.full_like(orders.ordered, -1))
        path = Path(self._periods, terms, own, self._start)
        path.decide(slice(None), self._targets)
        path.advance_to(self._periods.shape[0] - 1, traded=True)
        return path
