"""`Ledger`: P&L of each asset and flows of a run by period."""

from dataclasses import dataclass

from backtest.numerics.arrays import Bools, Floats, Ints


@dataclass(frozen=True, eq=False)
class Ledger:
    """P&L of each asset and flows of a run, over P dates from the first trade on, in units of the first NAV.

    In futures, weights are notionals over NAV, `financing` is what they pay, and `loan` is the sum of notionals. With
    leveraged funds, weights are the exposures inside the funds, `financing`, `loan` and `fees` include the amounts
    inside the funds, and trades are trades of fund shares.

    Args:
        start: position in the data of the first date.
        nav: (P,) NAV after each close's trades; the first is exactly 1, before the first trade.
        weights: (P, n) weights after each close's trades, fractions of NAV.
        asset_pnl: (P, n) P&L of each position over the period.
        cash_interest: (P,) interest on free cash and on short-sale proceeds.
        financing: (P,) interest paid on the loan.
        spread_cost: (P,) the part of `financing` above the cash return.
        borrow: (P,) borrow fees.
        fees: (P,) other fees.
        trading: (P,) trading costs and costs of rolling futures; the cost of the first trade is in the second row.
        loan: (P,) the loan over the period.
        turnover: (P,) half the sum of absolute trades, as a fraction of NAV before them; rows as in `trading`.
        gross_exposure: (P,) Σ|w| after each close's trades.
        trade_rows: (k,) rising positions of all trades among the P dates; a date can have more than one trade.
        trades: (k, n) trades, fractions of NAV before the trade.
        trade_reasons: (k,) `rebalance`, `band`, `margin_call` or `no_price`.
        called: (k,) whether the trade answered a margin call.
        trade_scales: (k,) the factor by which the target was scaled down to meet the initial margin; else 1.
        targets: (m, n) target weights of each decision.
        executed: (m,) position among the P dates at which each decision was first traded, or found to need no trade;
            else -1.
        shortfall: the loss below a NAV of zero that ends the path, which the lender bears if there is one; else 0.
        unpriced_sales: (position among the P dates, asset) of each holding that was sold because it lost its price.
    """

    start: int
    nav: Floats
    weights: Floats
    asset_pnl: Floats
    cash_interest: Floats
    financing: Floats
    spread_cost: Floats
    borrow: Floats
    fees: Floats
    trading: Floats
    loan: Floats
    turnover: Floats
    gross_exposure: Floats
    trade_rows: Ints
    trades: Floats
    trade_reasons: tuple[str, ...]
    called: Bools
    trade_scales: Floats
    targets: Floats
    executed: Ints
    shortfall: float
    unpriced_sales: tuple[tuple[int, int], ...]
