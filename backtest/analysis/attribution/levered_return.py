"""Decomposition of the compound return of a levered run after Anderson, Bianchi, Goldberg (2014).

"Determinants of Levered Portfolio Performance", FAJ 70(5): a levered portfolio holds a source portfolio L times over,
with borrowed money. Its return differs from the magnified return of the source, because borrowing costs more than cash
earns, leverage may be high when the source does badly, trading costs money, and returns compound.

The loan of the paper is L - 1 of NAV. Futures finance all of L, and NAV is in cash; funds of leverage l finance
L (l - 1) / l. Here the amount financed is therefore a variable of its own, F.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from backtest.analysis.attribution.return_attribution import capital_after_first_trade
from backtest.analysis.metrics import performance
from backtest.analysis.run_record import RunRecord
from backtest.numerics.arrays import Floats
from backtest.numerics.tolerances import ROUNDING

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

    In every period, return = r_f + L (r_S - r_f) - F e - cash drag - trading costs - other fees. On margin, where F is
    L - 1 and e is r_b - r_f, this is the paper's L r_S - (L - 1) r_b less costs.

    Args:
        leverage: L, the long positions after the trades of the last close, over NAV. Holdings in leveraged funds count
            as the exposure that the funds give.
        financed: F, over NAV. On margin it is L - 1, and free cash if below zero; with futures it is the notional, L;
            with leveraged funds it is the borrowing of the funds.
        source: r_S, the return of the positions held without a loan, Σ w_i r_i / L; the cash return if nothing is held.
        excess: e, the rate paid on F above the cash return: interest over amount. On margin with a leverage below 1
            there is no loan, and e is the return of free cash above the cash return. 0 if F is 0.
        cash: r_f, the cash return.
        cash_drag: shortfall of the return on cash against r_f, over NAV: cash of futures accounts, and free cash
            next to funds. 0 on margin, where e includes it if leverage is below 1.
        trading: trading costs over the opening NAV. The first trade is paid before the first period, whose NAV is the
            NAV before that trade, so its cost is carried to the end of the period at the cash return (r_b on margin).
        fees: other fees over the opening NAV.
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
        """(P - 1,) r_b, the rate paid on F: r_f + e."""
        return self.cash + self.excess


def levered_periods(result: RunRecord) -> LeveredPeriods:
    """Return the periods of a run without shorts and without ruin, from its ledger.

    Example:
        >>> import backtest as bt
        >>> result = bt.run("configs/levered_erc.yaml")
        >>> p = levered_periods(result)
        >>> returns = p.cash + p.leverage * (p.source - p.cash) - p.financed * p.excess
        >>> returns -= p.cash_drag + p.trading + p.fees
        >>> bool(abs(returns - result.returns).max() < 1e-12)
        True
    """
    opening, cash = result.nav.to_numpy()[:-1], result.cash_returns.to_numpy()[1:]
    capital = np.ones(len(opening))  # at the beginning of each period, over NAV
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
        lent = leverage * min(1 - 1 / result.fund_leverage, 0.0)  # by funds of a leverage below 1
        financed = loan / opening + lent
        drag = (capital - leverage + financed) * cash - added[:, count]
        trading[0] += (1 - capital[0]) * cash[0]
    fees = result.costs["fees"].to_numpy()[1:] / opening
    return LeveredPeriods(leverage, financed, source, excess, cash, drag, trading, fees)


def levered_return_terms(result: RunRecord) -> pd.Series:
    """Return the terms of the compound return of a levered run: five from the paper, and three for the rest.

    Means are over the P periods of `LeveredPeriods`, and there are m = P / years periods a year:

    - `magnified_source_return`: m (mean(r_f) + mean(L) mean(r_S - r_f)).
    - `excess_borrowing_cost`: -m mean(F) mean(e); on margin -m (mean(L) - 1) mean(r_b - r_f), as in the paper.
    - `leverage_covariance`: m (cov(L, r_S - r_f) - cov(F, e)), divisor P; on margin m cov(L, r_S - r_b).
    - `cash_drag`: -m mean(cash drag); not in the paper.
    - `trading_costs`: -m mean(trading).
    - `other_fees`: -m mean(fees); not in the paper.
    - `compounding`: m (g - mean(r)), the geometric mean g = (NAV_P / NAV_0)^(1 / P) - 1 less the arithmetic mean of
      returns. This is exact; -σ² / 2 approximates it.
    - `compounding_within_year`: CAGR - m g, because the paper's rates are per period and CAGR compounds over the year.

    All terms but the last add up to m g, and all of them to CAGR. Each is computed from its own formula.

    Returns:
        (8,) decimals per year. All are NaN if the run ever held a short (whose proceeds do not fund longs), holds
        inverse funds, trades at the open (a day then has two leverages), ended in ruin, or covers less than a year.

    Example:
        >>> import backtest as bt
        >>> levered_return_terms(bt.run("configs/levered_erc.yaml")).round(4).tolist()
        [0.1177, -0.0036, -0.0137, 0.0, -0.0011, 0.0, -0.0069, 0.004]
    """
    nav = result.nav.to_numpy()
    if nav[-1] <= 0 or not result.whole_year or not _has_one_leverage(result):
        return pd.Series(np.nan, index=list(TERMS), name="levered_return")
    periods, returns = levered_periods(result), result.returns.to_numpy()
    years = performance.years_between(result.nav.index[0].to_datetime64(), result.nav.index[-1].to_datetime64())
    per_year, premium = len(returns) / years, periods.source - periods.cash
    geometric = float(np.expm1(np.log(nav[-1]) / len(returns)))
    means = (
        periods.cash.mean() + periods.leverage.mean() * premium.mean(),
        0.0 - periods.financed.mean() * periods.excess.mean(),
        _covariance(periods.leverage, premium) - _covariance(periods.financed, periods.excess),
        0.0 - periods.cash_drag.mean(),
        0.0 - periods.trading.mean(),
        0.0 - periods.fees.mean(),
        geometric - returns.mean(),
        performance.cagr(float(nav[-1]), years) / per_year - geometric,
    )
    return pd.Series(per_year * np.array(means), index=list(TERMS), name="levered_return")


def _has_one_leverage(result: RunRecord) -> bool:
    at_opens = result.settings.get("rebalance", {}).get("execution") == "open"
    shorts = result.weights.to_numpy().min(initial=0.0) < -ROUNDING
    return not (at_opens or shorts or result.fund_leverage < 0)


def _covariance(a: Floats, b: Floats) -> float:
    """Covariance with divisor P."""
    return float(((a - a.mean()) * (b - b.mean())).mean())
