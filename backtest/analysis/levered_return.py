"""The compound return of a levered run in the terms of Anderson, Bianchi, Goldberg (2014).

"Determinants of Levered Portfolio Performance", FAJ 70(5): a levered portfolio is a source portfolio, held L times over
with borrowed money. What it earns is not the magnified return of its source: borrowing costs more than cash earns,
leverage may be high when the source does badly, trading costs, and returns compound.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from backtest.analysis import performance
from backtest.analysis.attribution import capital_after_first_trade

if TYPE_CHECKING:
    from backtest.analysis.result import BacktestResult

Array = NDArray[np.float64]

TERMS = (
    "magnified_source_return",
    "excess_borrowing_cost",
    "leverage_covariance",
    "trading_costs",
    "other_fees",
    "compounding",
    "compounding_within_year",
)

_NOTHING = 1e-12  # of NAV: less is the rounding of weights that add up to one, as in the simulation


class LeveredPeriods(NamedTuple):
    """A run without shorts as a levered source portfolio: (P - 1,) arrays, decimals per period.

    In every period return = L r_S - (L - 1) r_b - trading costs - other fees.

    Args:
        leverage: L, the long positions after the last close's trades over NAV.
        source: r_S, the return of those positions, held without a loan: Σ w_i r_i / L; the cash return where
            nothing is held.
        borrowing: r_b, the rate at which the account borrowed in the period, by its interest over its loan. Below a
            leverage of 1 there is no loan and r_b is what free cash earned; at 1 it is the cash return.
        cash: r_f, the cash return.
        trading: paid over NAV before. The first trade is paid before the first period, whose NAV is that before the
            trade; so its cost is carried to the period's end at r_b.
        fees: paid over NAV before.
    """

    leverage: Array
    source: Array
    borrowing: Array
    cash: Array
    trading: Array
    fees: Array


def levered_periods(result: "BacktestResult") -> LeveredPeriods:
    """The periods of a run without shorts and without ruin, read off its ledger.

    Example:
        >>> import backtest as bt
        >>> result = bt.run("configs/levered_erc.yaml")
        >>> one = levered_periods(result)
        >>> returns = one.leverage * one.source - (one.leverage - 1) * one.borrowing - one.trading - one.fees
        >>> bool(abs(returns - result.returns).max() < 1e-12)
        True
    """
    opening, cash = result.nav.to_numpy()[:-1], result.cash_returns.to_numpy()[1:]
    capital = np.ones(len(opening))  # what the period begins with, over NAV
    capital[0] = capital_after_first_trade(result)
    leverage = capital * np.maximum(result.weights.to_numpy()[:-1], 0.0).sum(axis=1)
    count = len(result.assets)
    added = result.contributions.to_numpy()[1:] / opening[:, None]
    held = leverage > 0
    source = np.divide(added[:, :count].sum(axis=1), leverage, out=cash.copy(), where=held)
    loan, free = result.loan.to_numpy()[1:], capital - leverage
    above = np.divide(result.financing_drag.to_numpy()[1:], loan, out=np.zeros(len(loan)), where=loan > 0)
    lends = (loan <= 0) & (free > _NOTHING)
    borrowing = np.divide(added[:, count], free, out=cash + above, where=lends)
    trading = result.costs["trading"].to_numpy()[1:] / opening
    trading[0] += (1 - capital[0]) * borrowing[0]
    return LeveredPeriods(leverage, source, borrowing, cash, trading, result.costs["fees"].to_numpy()[1:] / opening)


def levered_return_terms(result: "BacktestResult") -> pd.Series:
    """What made the compound return of a levered run: the five terms of the paper, and two that close the account.

    With means over the P periods of `LeveredPeriods`, and m = P / years periods a year:

    - `magnified_source_return`: m (mean(r_f) + mean(L) mean(r_S - r_f)).
    - `excess_borrowing_cost`: -m (mean(L) - 1) mean(r_b - r_f).
    - `leverage_covariance`: m cov(L, r_S - r_b), divisor P.
    - `trading_costs`: -m mean(trading).
    - `other_fees`: -m mean(fees); the paper has none.
    - `compounding`: m (g - mean(r)), the geometric mean g = (NAV_P / NAV_0)^(1 / P) - 1 less the arithmetic mean of
      returns; exact, where -σ² / 2 is near it.
    - `compounding_within_year`: CAGR - m g, as the paper's rates are per period and CAGR compounds over the year.

    All but the last add up to m g, and all to CAGR. Each is worked out from its own formula.

    Returns:
        (7,) decimals per year; NaN for a run that ever held a short, whose proceeds fund no longs, so that it has no
        one leverage, and for a run that ended in ruin.

    Example:
        >>> import backtest as bt
        >>> levered_return_terms(bt.run("configs/levered_erc.yaml")).round(4).tolist()
        [0.1177, -0.0036, -0.0137, -0.0011, 0.0, -0.0069, 0.004]
    """
    nav, weights = result.nav.to_numpy(), result.weights.to_numpy()
    if nav[-1] <= 0 or weights.min(initial=0.0) < -_NOTHING:
        return pd.Series(np.nan, index=list(TERMS), name="levered_return")
    one, returns = levered_periods(result), result.returns.to_numpy()
    years = performance.years_between(result.nav.index[0].to_datetime64(), result.nav.index[-1].to_datetime64())
    per_year, leverage, above = len(returns) / years, one.leverage.mean(), one.source - one.borrowing
    geometric = float(np.expm1(np.log(nav[-1]) / len(returns)))
    means = (
        one.cash.mean() + leverage * (one.source - one.cash).mean(),
        0.0 - (leverage - 1) * (one.borrowing - one.cash).mean(),
        ((one.leverage - leverage) * (above - above.mean())).mean(),
        0.0 - one.trading.mean(),
        0.0 - one.fees.mean(),
        geometric - returns.mean(),
        performance.cagr(float(nav[-1]), years) / per_year - geometric,
    )
    return pd.Series(per_year * np.array(means), index=list(TERMS), name="levered_return")
