"""The compound return of a levered run in the terms of Anderson, Bianchi, Goldberg (2014).

"Determinants of Levered Portfolio Performance", FAJ 70(5): a levered portfolio is a source portfolio, held L times over
with borrowed money. What it earns is not the magnified return of its source: borrowing costs more than cash earns,
leverage may be high when the source does badly, trading costs, and returns compound.

The paper's loan is L - 1 of NAV. Futures finance all of L, and NAV is in cash; leveraged funds of leverage l finance
L (l - 1) / l. So here the amount financed, F, stands apart from L.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from backtest.analysis.attribution.return_attribution import capital_after_first_trade
from backtest.analysis.metrics import performance
from backtest.numerics.arrays import Floats
from backtest.numerics.tolerances import ROUNDING

if TYPE_CHECKING:
    from backtest.analysis.result import BacktestResult


TERMS = (
    "magnified_source_return",
    "excess_borrowing_cost",
    "leverage_covariance",
    "cash_drag",
    "trading_costs",
    "other_fees",
    "compounding",
    "compounding_within_year",
)


class LeveredPeriods(NamedTuple):
    """A run without shorts as a levered source portfolio: (P - 1,) arrays, decimals per period.

    In every period return = r_f + L (r_S - r_f) - F e - cash drag - trading costs - other fees; on margin, where F is
    L - 1 and e is r_b - r_f, that is the paper's L r_S - (L - 1) r_b less costs.

    Args:
        leverage: L, the long positions after the last close's trades over NAV; of what is held through leveraged funds,
            the exposures that these give.
        financed: F, over NAV. On margin L - 1: below zero it is free cash. In futures L, the notional; through
            leveraged funds what these borrow.
        source: r_S, the return of the positions, held without a loan: Σ w_i r_i / L; the cash return where nothing is
            held.
        excess: e, what was paid for it above the cash return, by its interest over its amount. On margin below a
            leverage of 1 there is no loan, and e is what free cash earned above the cash return; 0 for nothing.
        cash: r_f, the cash return.
        cash_drag: what cash earned less than r_f, over NAV: of futures the bills, beside funds the free cash. On margin
            it is 0, as below a leverage of 1 it is in e.
        trading: paid over NAV before. The first trade is paid before the first period, whose NAV is that before the
            trade; so its cost is carried to the period's end at what cash earns, on margin at r_b.
        fees: paid over NAV before.
    """

    leverage: Floats
    financed: Floats
    source: Floats
    excess: Floats
    cash: Floats
    cash_drag: Floats
    trading: Floats
    fees: Floats

    @property
    def borrowing(self) -> Floats:
        """(P - 1,) r_b, the rate that is paid on F: r_f + e."""
        return self.cash + self.excess


def levered_periods(result: "BacktestResult") -> LeveredPeriods:
    """The periods of a run without shorts and without ruin, read off its ledger.

    Example:
        >>> import backtest as bt
        >>> result = bt.run("configs/levered_erc.yaml")
        >>> one = levered_periods(result)
        >>> returns = one.cash + one.leverage * (one.source - one.cash) - one.financed * one.excess
        >>> returns -= one.cash_drag + one.trading + one.fees
        >>> bool(abs(returns - result.returns).max() < 1e-12)
        True
    """
    opening, cash = result.nav.to_numpy()[:-1], result.cash_returns.to_numpy()[1:]
    capital = np.ones(len(opening))  # what the period begins with, over NAV
    capital[0] = capital_after_first_trade(result)
    leverage = capital * np.maximum(result.weights.to_numpy()[:-1], 0.0).sum(axis=1)
    count = len(result.assets)
    added = result.contributions.to_numpy()[1:] / opening[:, None]
    source = np.divide(added[:, :count].sum(axis=1), leverage, out=cash.copy(), where=leverage > 0)
    loan = result.loan.to_numpy()[1:]
    excess = np.divide(result.financing_drag.to_numpy()[1:], loan, out=np.zeros(len(loan)), where=loan > 0)
    trading = result.costs["trading"].to_numpy()[1:] / opening
    if result.financing == "margin":
        financed, drag, free = leverage - 1, np.zeros(len(loan)), capital - leverage
        lends = (loan <= 0) & (free > ROUNDING)
        excess = np.divide(added[:, count], free, out=cash + excess, where=lends) - cash
        trading[0] += (1 - capital[0]) * (cash[0] + excess[0])
    else:
        lent = leverage * min(1 - 1 / result.fund_leverage, 0.0)  # inside funds of a leverage below 1
        financed = loan / opening + lent
        drag = (capital - leverage + financed) * cash - added[:, count]
        trading[0] += (1 - capital[0]) * cash[0]
    fees = result.costs["fees"].to_numpy()[1:] / opening
    return LeveredPeriods(leverage, financed, source, excess, cash, drag, trading, fees)


def levered_return_terms(result: "BacktestResult") -> pd.Series:
    """Terms of the compound return of a levered run: the five of the paper, and three that account for the rest.

    With means over the P periods of `LeveredPeriods`, and m = P / years periods a year:

    - `magnified_source_return`: m (mean(r_f) + mean(L) mean(r_S - r_f)).
    - `excess_borrowing_cost`: -m mean(F) mean(e); on margin -m (mean(L) - 1) mean(r_b - r_f), as in the paper.
    - `leverage_covariance`: m (cov(L, r_S - r_f) - cov(F, e)), divisor P; on margin m cov(L, r_S - r_b).
    - `cash_drag`: -m mean(cash drag); the paper has none.
    - `trading_costs`: -m mean(trading).
    - `other_fees`: -m mean(fees); the paper has none.
    - `compounding`: m (g - mean(r)), the geometric mean g = (NAV_P / NAV_0)^(1 / P) - 1 less the arithmetic mean of
      returns; exact, where -σ² / 2 is near it.
    - `compounding_within_year`: CAGR - m g, as the paper's rates are per period and CAGR compounds over the year.

    All but the last add up to m g, and all to CAGR. Each is worked out from its own formula.

    Returns:
        (8,) decimals per year; NaN where there is no one leverage: for a run that ever held a short, whose proceeds
        fund no longs, for one through inverse funds, for one that trades at the open, whose days have two leverages,
        for one that ended in ruin, and for one of less than a year.

    Example:
        >>> import backtest as bt
        >>> levered_return_terms(bt.run("configs/levered_erc.yaml")).round(4).tolist()
        [0.1177, -0.0036, -0.0137, 0.0, -0.0011, 0.0, -0.0069, 0.004]
    """
    nav = result.nav.to_numpy()
    if nav[-1] <= 0 or not result.whole_year or not _has_one_leverage(result):
        return pd.Series(np.nan, index=list(TERMS), name="levered_return")
    one, returns = levered_periods(result), result.returns.to_numpy()
    years = performance.years_between(result.nav.index[0].to_datetime64(), result.nav.index[-1].to_datetime64())
    per_year, above = len(returns) / years, one.source - one.cash
    geometric = float(np.expm1(np.log(nav[-1]) / len(returns)))
    means = (
        one.cash.mean() + one.leverage.mean() * above.mean(),
        0.0 - one.financed.mean() * one.excess.mean(),
        _covariance(one.leverage, above) - _covariance(one.financed, one.excess),
        0.0 - one.cash_drag.mean(),
        0.0 - one.trading.mean(),
        0.0 - one.fees.mean(),
        geometric - returns.mean(),
        performance.cagr(float(nav[-1]), years) / per_year - geometric,
    )
    return pd.Series(per_year * np.array(means), index=list(TERMS), name="levered_return")


def _has_one_leverage(result: "BacktestResult") -> bool:
    at_opens = result.settings.get("rebalance", {}).get("execution") == "open"
    shorts = result.weights.to_numpy().min(initial=0.0) < -ROUNDING
    return not (at_opens or shorts or result.fund_leverage < 0)


def _covariance(one: Floats, other: Floats) -> float:
    """With divisor P."""
    return float(((one - one.mean()) * (other - other.mean())).mean())
