"""The path of one run: positions drift, interest and fees accrue, trades are paid for.

Order of events in a period: prices move, interest and borrow fees, other fees, margin check, trades. `path_kernel`
walks the dates and `ledger_kernel` accounts for them; `path` prepares what they read and keeps what they wrote.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from backtest.engine.ledger import SimulationResult
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
) -> SimulationResult:
    """Simulate the path from the first trade to the end of the data, and account for it.

    Args:
        periods: the market.
        decision_rows: (m,) rising positions of the decisions, each traded `lag` rows later, never on the last row.
        decide: (m, n) target weights, fractions of NAV; or a function of k, (n,) current weights and NAV that gives
            the k-th.
        lag: rows from decision to trade, 0 or more.
        terms: costs, financing and fees.
        bands: outside which weights are traded; without, every decision is.
        minimum_trade: fraction of NAV below which an asset is not traded.

    Raises:
        SimulationError: no decision can be traded before the last row, or targets cost more than the NAV to trade.

    Example:
        >>> periods = Periods(np.array([[1.0], [1.1], [1.1]]), np.zeros(3), np.array([0, 31, 29]))
        >>> simulate(periods, [0], np.array([[0.5]]), 0, Terms(np.array([0.0]))).nav.tolist()
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
    """The path alone, which takes a fraction of the time of its ledger; arguments and errors as of `simulate`."""
    last = periods.shape[0] - 1 - periods.opens
    first_trade = next((row + lag for row in decision_rows if row + lag < last), None)
    if first_trade is None:
        raise no_trade_before_the_end(last + 1)
    start = first_trade - periods.opens  # the close before a trade at the open
    targets = np.full((len(decision_rows), periods.shape[1]), np.nan)
    orders = orders_of(periods, decision_rows, targets, lag, bands=bands, minimum_trade=minimum_trade)
    path = Path(periods, terms, orders, start)
    if callable(decide):
        for k, row in enumerate(decision_rows):
            # with a lag today's trade was decided before, so what is decided today sees the weights after it
            if not path.walk_to(row, traded=lag > 0):
                break
            path.decide(k, decide(k, path.current_weights(), path.current_nav))
    else:
        path.decide(slice(None), decide)
    path.walk_to(periods.shape[0] - 1, traded=True)
    return path


class Setting(NamedTuple):
    """One of many runs over the same market; as the arguments of `simulate`."""

    decision_rows: Rows
    targets: Floats
    lag: int
    terms: Terms
    bands: Bands | None = None
    minimum_trade: float = 0.0


def paths_of(periods: Periods, settings: Sequence[Setting]) -> list[Path]:
    """The paths of many settings over the same market, shared out over the cores.

    Args:
        periods: the market.
        settings: of the runs; errors as of `simulate`, the first of them.

    Example:
        >>> periods = Periods(np.array([[1.0], [1.1], [1.1]]), np.zeros(3), np.array([0, 31, 29]))
        >>> free = Terms(np.array([0.0]))
        >>> paths = paths_of(periods, [Setting([0], np.array([[weight]]), 0, free) for weight in (0.5, 2.0)])
        >>> [path.nav.round(12).tolist() for path in paths]
        [[1.0, 1.05, 1.05], [1.0, 1.2, 1.2]]
    """
    from backtest.numerics.numba_kernels import share_out

    paths: dict[int, Path] = {}

    def work(first: int, end: int) -> None:
        for at in range(first, end):
            rows, targets, lag, terms, bands, minimum_trade = settings[at]
            paths[at] = path_of(periods, rows, targets, lag, terms, bands=bands, minimum_trade=minimum_trade)

    share_out(work, len(settings))
    return [paths[at] for at in range(len(settings))]


def no_trade_before_the_end(dates: int) -> SimulationError:
    """The error of a run whose first trade would fall on the last date of the data, or after it."""
    return SimulationError(
        f"no trade before the last of the {dates} dates of the data, where it could earn nothing. "
        "Hint: more data, a shorter estimation.window, or a shorter rebalance.execution_lag."
    )
