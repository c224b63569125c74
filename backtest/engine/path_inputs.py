"""`PathInputs`: everything that a path is computed from, for a page that computes it again under other terms."""

from dataclasses import dataclass

import numpy as np

from backtest.engine.market_periods import Periods
from backtest.engine.terms import LoanTerms, Terms
from backtest.numerics.arrays import Floats, Ints


@dataclass(frozen=True, eq=False)
class Sizing:
    """Size of all targets as a function of one setting.

    At another value of the setting a target w becomes w × min(value / configured × reach, cap / Σ|w|).

    Args:
        setting: `target_volatility`, or `multiple` for a multiple of the targets.
        configured: value of the setting: decimal a year, or a multiple.
        reach: (d,) multiple before the cap over the multiple after it; 1 where the cap does not bind.
        cap: largest Σ|w|, multiple of NAV; infinite without a cap.
    """

    setting: str
    configured: float
    reach: Floats
    cap: float = np.inf


@dataclass(frozen=True, eq=False)
class PathInputs:
    """Market data, decisions and terms of a path that trades its targets on fixed dates.

    Args:
        periods: market data; every asset has a price on every date.
        terms: costs, financing and fees.
        start: row of the first NAV.
        trade_rows: (d,) rising rows on which a decision is traded.
        targets: (d, n) the targets traded on these rows, fractions of NAV.
        sizing: how the size of the targets can be changed; None if it cannot.
    """

    periods: Periods
    terms: Terms
    start: int
    trade_rows: Ints
    targets: Floats
    sizing: Sizing | None = None


def can_be_repeated(periods: Periods, terms: Terms) -> bool:
    """Return whether a page can compute paths: all prices are there, and terms are the same on all dates and amounts.

    Funds and trades at the open are beyond it, too.
    """
    trading, financing = terms.trading, terms.financing
    by_amount = trading.fixed != 0 or trading.impact is not None or trading.cost_by_row is not None
    if isinstance(financing, LoanTerms):
        by_amount |= financing.spread_by_row is not None or bool(financing.tiers)
    beyond = periods.opens or terms.fund is not None or periods.priced.size > 0
    return not by_amount and not beyond
