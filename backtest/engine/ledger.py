"""`SimulationResult`: the ledger of a run, what each asset earned and each flow was."""

from dataclasses import dataclass

from backtest.numerics.arrays import Bools, Floats, Ints


@dataclass(frozen=True, eq=False)
class SimulationResult:
    """The ledger of a run: P dates from the first trade on. Values in units of the first NAV.

    Of a run in futures weights are notionals over NAV, and what they pay is `financing`, on a `loan` as large as they
    are. Of a run through leveraged funds weights are the exposures that these give, `financing` and `loan` are theirs,
    `fees` has their expenses, and trades are of their shares.

    Args:
        start: position of the first date in the data.
        nav: (P,) after each close's trades; the first is exactly 1, before the first trade.
        weights: (P, n) after each close's trades, fractions of NAV.
        asset_pnl: (P, n) earned by each position over the period.
        cash_interest: (P,) on free cash and on the proceeds of shorts.
        financing: (P,) interest paid on the loan.
        spread_cost: (P,) its part above the cash return.
        borrow: (P,) borrow fees. fees: (P,) other fees. trading: (P,) trading costs, and those of rolling futures;
            those of the first trade fall into the second row.
        loan: (P,) the loan over the period.
        turnover: (P,) half the sum of absolute trades, fraction of NAV before them; rows as `trading`.
        trade_rows: (k,) positions among the P dates of all trades, in their order; a date can have more than one.
        trades: (k, n) fractions of NAV before the trade.
        trade_reasons: (k,) `rebalance`, `band`, `margin_call` or `no_price`.
        called: (k,) whether there was a margin call at that close, which the trade answered.
        trade_scales: (k,) by what the target was scaled down to meet the initial margin; else 1.
        targets: (m, n) what was decided at each decision row.
        executed: (m,) position among the P dates at which each was first traded to, or found to need no trade; else -1.
        shortfall: how far NAV fell below zero, at the lender's expense if there is one, which ends the path; else 0.
        unpriced_sales: (position among the P dates, asset) of each holding turned into cash for want of a price.
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
    trade_rows: Ints
    trades: Floats
    trade_reasons: tuple[str, ...]
    called: Bools
    trade_scales: Floats
    targets: Floats
    executed: Ints
    shortfall: float
    unpriced_sales: tuple[tuple[int, int], ...]
