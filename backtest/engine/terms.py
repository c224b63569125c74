"""`Terms`: all costs and financing of a run, as arrays grouped by section of the configuration.

Rates are decimals, per year where they accrue. (n,) arrays are by asset, (T,) arrays by row of the data.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from backtest.engine.market_periods import read_only
from backtest.numerics.arrays import Bools, Floats

if TYPE_CHECKING:
    from backtest.engine.kernels.state import TermArrays


@dataclass(frozen=True, eq=False)
class TradingTerms:
    """Trading costs.

    Args:
        cost: (n,) fraction of the traded value.
        cost_by_row: (T,) replaces `cost` for all assets.
        fixed: cost of each asset traded, in units of the first NAV.
        impact: (T, n) a trade z, as a fraction of NAV, costs this × sqrt(NAV) × |z|^1.5.
    """

    cost: Floats
    cost_by_row: Floats | None = None
    fixed: float = 0.0
    impact: Floats | None = None

    @property
    def free(self) -> bool:
        """Return whether trading is free."""
        proportional = self.cost if self.cost_by_row is None else self.cost_by_row
        return self.impact is None and self.fixed == 0 and not proportional.any()


@dataclass(frozen=True, eq=False)
class LoanTerms:
    """Financing by a margin loan; all rates accrue by act/360.

    Args:
        spread: spread above the loan rate.
        cash_spread: spread below the cash return, on free cash.
        borrow_fee: (n,) fee on the value of shorts.
        rebate_spread: spread below the cash return, on short-sale proceeds.
        spread_by_row: (T,) replaces `spread` in each period.
        tiers: replaces `spread`: loan sizes in units of the first NAV, and the spread on the part above each size.
    """

    spread: float = 0.0
    cash_spread: float = 0.0
    borrow_fee: Floats | None = None
    rebate_spread: float = 0.0
    spread_by_row: Floats | None = None
    tiers: tuple[tuple[float, float], ...] = ()

    @property
    def configured_spread(self) -> float:
        """Return the spread on the loan; NaN if it depends on the date or the size of the loan."""
        return self.spread if self.spread_by_row is None and not self.tiers else float("nan")

    def with_spread(self, spread: float) -> "LoanTerms":
        """Return these terms with one spread on all of the loan, on every date."""
        return replace(self, spread=spread, spread_by_row=None, tiers=())


@dataclass(frozen=True, eq=False)
class FuturesTerms:
    """Financing inside the price of futures, whose positions are notionals; all rates accrue by act/360.

    Args:
        basis: (n,) implied rate above the cash return.
        roll: (n,) cost of rolling, on the size of notionals.
        cash_spread: spread below the cash return, on NAV.
    """

    basis: Floats
    roll: Floats | None = None
    cash_spread: float = 0.0

    @property
    def configured_spread(self) -> float:
        """Return the basis of all assets; NaN if assets differ."""
        return float(self.basis[0]) if np.ptp(self.basis) == 0 else float("nan")

    def with_spread(self, spread: float) -> "FuturesTerms":
        """Return these terms with one basis for all assets."""
        return replace(self, basis=np.full(len(self.basis), spread))


@dataclass(frozen=True, eq=False)
class FundTerms:
    """Financing inside funds that are reset daily; each asset is held through such a fund.

    Args:
        leverage: multiple of the asset's return; negative for an inverse fund.
        swap_spread: spread above the cash return, on the amount that the fund borrows, act/360.
        expense_ratio: fee on the value of the fund, act/365.
        cash_spread: spread below the cash return, on free cash, act/360.
        borrow_fee: (n,) fee on the value of funds sold short, act/360.
    """

    leverage: float
    swap_spread: float = 0.0
    expense_ratio: float = 0.0
    cash_spread: float = 0.0
    borrow_fee: Floats | None = None

    @property
    def configured_spread(self) -> float:
        """Return the swap spread."""
        return self.swap_spread

    def with_spread(self, spread: float) -> "FundTerms":
        """Return these terms with another swap spread."""
        return replace(self, swap_spread=spread)


@dataclass(frozen=True, eq=False)
class MarginTerms:
    """Margin requirements, as fractions of a position's size.

    Args:
        initial: (n,) NAV has to cover these requirements when a target is traded; None: no limit.
        maintenance: (n,) NAV has to cover these requirements at every close; None: no margin calls.
    """

    initial: Floats | None = None
    maintenance: Floats | None = None

    def restored(self, futures: bool) -> Floats | None:
        """Return the (n,) requirements that sales after a margin call restore: in futures the initial ones."""
        return self.initial if futures and self.initial is not None else self.maintenance


@dataclass(frozen=True, eq=False)
class FeeTerms:
    """Management fees; rates accrue by act/365.

    Args:
        expense_ratio: (n,) fee on the value of positions.
        management: fee on NAV.
        performance: share of NAV above the high-water mark.
        performance_due: (T,) whether the performance fee is paid on a date; None: never.
    """

    expense_ratio: Floats | None = None
    management: float = 0.0
    performance: float = 0.0
    performance_due: Bools | None = None


@dataclass(frozen=True, eq=False)
class Terms:
    """All costs and financing of a run.

    Args:
        trading: trading costs.
        financing: financing of exposure above NAV, and its cost.
        margin: margin requirements.
        fees: management fees.

    Example:
        >>> Terms(TradingTerms(np.full(2, 0.001)), FundTerms(leverage=3.0)).fund.leverage
        3.0
    """

    trading: TradingTerms
    financing: LoanTerms | FuturesTerms | FundTerms = LoanTerms()
    margin: MarginTerms = MarginTerms()
    fees: FeeTerms = FeeTerms()

    @property
    def fund(self) -> FundTerms | None:
        """Return the terms of the funds through which assets are held; None without funds."""
        return self.financing if isinstance(self.financing, FundTerms) else None

    @property
    def futures(self) -> FuturesTerms | None:
        """Return the terms of futures; None if positions are not futures."""
        return self.financing if isinstance(self.financing, FuturesTerms) else None

    @property
    def loan(self) -> LoanTerms:
        """Return the terms of the margin loan; no charges for futures and funds, which borrow inside their price."""
        return self.financing if isinstance(self.financing, LoanTerms) else LoanTerms()

    @property
    def borrow_fee(self) -> Floats | None:
        """Return the (n,) fee on the value of shorts; None for futures, and if there is no fee."""
        return None if isinstance(self.financing, FuturesTerms) else self.financing.borrow_fee

    def with_spread(self, spread: float) -> "Terms":
        """Return these terms with one financing spread: on the loan, as futures basis, or in fund swaps."""
        return replace(self, financing=self.financing.with_spread(spread))

    @cached_property
    def arrays(self) -> "TermArrays":
        """Return the terms as the arrays that kernels read."""
        from backtest.engine.kernels.state import BY_ASSET, SAME_FOR_ALL, UNUSED, TermArrays

        trading, loan, margin, fees, futures = self.trading, self.loan, self.margin, self.fees, self.futures
        sizes, spreads = np.array(loan.tiers or ((0.0, 0.0 if loan.spread_by_row is not None else loan.spread),)).T
        rows = (
            futures.basis if futures else self.borrow_fee,
            futures.roll if futures else None,
            fees.expense_ratio,
            margin.maintenance,
            margin.initial,
            margin.restored(futures is not None),
            trading.cost,
        )
        rates = np.zeros((len(rows), len(trading.cost)))
        for which, row in enumerate(rows):
            rates[which] = 0.0 if row is None else row
        same = np.where((rates == rates[:, :1]).all(axis=1), SAME_FOR_ALL, BY_ASSET)
        scalars = self.financing.cash_spread, loan.rebate_spread, fees.management, fees.performance, trading.fixed
        due, by_row, impact = fees.performance_due, trading.cost_by_row, trading.impact
        return TermArrays(
            rates=read_only(rates),
            usage=read_only(np.where(rates.any(axis=1), same, UNUSED)),
            scalars=read_only(np.array(scalars, dtype=np.float64)),
            tiers=read_only(np.stack([sizes, np.diff(spreads, prepend=0.0)])),
            futures=futures is not None,
            performance_due=read_only(np.zeros(0, bool) if due is None else due),
            trading_by_row=read_only(np.zeros(0) if by_row is None else by_row),
            impact=read_only(np.zeros((0, 0)) if impact is None else impact),
        )
