"""`PathNumbers`: the numbers of a run straight from the arrays of its simulation, before any table is built."""

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from backtest.analysis.metrics.records.run_numbers import RunNumbers
from backtest.data.dates.months_and_years import is_whole_year
from backtest.data.market_data import MarketData
from backtest.engine.ledger import Ledger
from backtest.numerics.arrays import Floats


@dataclass(frozen=True, eq=False, kw_only=True)
class PathNumbers(RunNumbers):
    """Numbers of a run from its ledger; those that need more than NAV, exposure and costs come from its result.

    Args:
        ledger: ledger of the simulation.
        data: market data of the run.
    """

    ledger: Ledger
    data: MarketData

    @cached_property
    def nav(self) -> Floats:
        """(P,) NAV, currency; the first is 1."""
        return self.ledger.nav

    @cached_property
    def dates(self) -> pd.DatetimeIndex:
        """(P,) dates of NAV."""
        return self.data.dates[self.ledger.start :][: len(self.nav)]

    @cached_property
    def returns(self) -> Floats:
        """(P - 1,) returns, decimal per period."""
        returns: Floats = self.nav[1:] / self.nav[:-1] - 1
        return returns

    @cached_property
    def excess(self) -> Floats:
        """(P - 1,) returns above cash, decimal per period."""
        first = self.ledger.start + 1
        cash: Floats = self.data.cash_returns.to_numpy()[first:][: len(self.returns)]
        return self.returns - cash

    @property
    def periods_per_year(self) -> int:
        """Periods per year."""
        return self.data.periods_per_year

    @cached_property
    def whole_year(self) -> bool:
        """True if the run covers a year or more."""
        return is_whole_year(self.dates, self.periods_per_year)

    @cached_property
    def gross_exposure(self) -> Floats:
        """(P,) Σ|w| after each close's trades, multiple of NAV."""
        return self.ledger.gross_exposure

    @cached_property
    def flows(self) -> dict[str, Floats]:
        """(P,) turnover, and each cost in currency."""
        ledger = self.ledger
        return {
            "turnover": ledger.turnover,
            "trading_cost": ledger.trading,
            "financing_cost": ledger.financing,
            "financing_drag": ledger.spread_cost,
            "borrow_cost": ledger.borrow,
            "fees": ledger.fees,
        }
