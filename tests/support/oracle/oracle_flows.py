"""The oracle: flows of a period before anything is traded, by kind of financing.

All flows are computed from the opening balances: N the NAV, v the value (or notional) of each position.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from support.oracle.oracle_terms import ROUNDING, Fees, Fund, Futures, Margin, Terms, in_force

MONEY_MARKET_YEAR, FEE_YEAR = 360.0, 365.0  # days in a year of interest and of fees


@dataclass(frozen=True)
class Period:
    """The period from one row to the next."""

    opening_date: date
    days: int
    returns: Mapping[str, float]  # of the assets; 0 where there is no price at its end
    cash: float
    loan_rate: float  # what a loan pays before its spread, over the period

    def money_market(self, rate: float) -> float:
        """Return a rate per year over the period, actual days over 360."""
        return rate * self.days / MONEY_MARKET_YEAR

    def of_year(self, rate: float) -> float:
        """Return a rate per year over the period, actual days over 365."""
        return rate * self.days / FEE_YEAR


@dataclass
class Flows:
    """The flows of one period, each computed separately; `trading` grows by the trades of its close."""

    asset_pnl: dict[str, float]
    positions: dict[str, float]  # at the close, before trades
    cash_interest: float = 0.0
    financing: float = 0.0
    financing_drag: float = 0.0
    borrow: float = 0.0
    fees: float = 0.0
    loan: float = 0.0
    trading: float = 0.0
    shortfall: float = 0.0

    def nav_after(self, nav: float) -> float:
        """Return NAV after the flows are paid."""
        gains = [*self.asset_pnl.values(), self.cash_interest, self.shortfall]
        return math.fsum([nav, *gains, -self.financing, -self.borrow, -self.fees, -self.trading])


def flows_of(nav: float, positions: Mapping[str, float], period: Period, terms: Terms) -> Flows:
    """Return all flows of a period except the performance fee."""
    financing = terms.financing
    if isinstance(financing, Fund):
        flows = _in_funds(nav, positions, period, financing)
    elif isinstance(financing, Futures):
        flows = _in_futures(nav, positions, period, financing)
    else:
        flows = _on_margin(nav, positions, period, financing, terms)
    flows.fees += fees_of(nav, positions, period, terms.fees)
    return flows


def fees_of(nav: float, positions: Mapping[str, float], period: Period, fees: Fees) -> float:
    """Return expense ratios on the holdings (a short receives them) and the management fee on NAV."""
    expenses = [v * period.of_year(fees.expense_ratio.get(a, 0.0)) for a, v in positions.items()]
    return math.fsum([*expenses, nav * period.of_year(fees.management)])


def spread_of(loan: float, period: Period, margin: Margin, terms: Terms) -> float:
    """Return the spread part of a loan's interest: by tiers, by date, or constant."""
    if margin.tiers is not None:
        borrowed = loan * terms.money
        sizes = [*margin.tiers, math.inf]
        parts = [max(0.0, min(borrowed, above) - size) for size, above in pairwise(sizes)]
        rates = margin.tiers.values()
        return math.fsum(p * period.money_market(s) for p, s in zip(parts, rates, strict=True)) / terms.money
    spread = margin.spread
    rate = spread if isinstance(spread, float | int) else in_force(spread, period.opening_date)
    return loan * period.money_market(rate)


def cash_and_loan(nav: float, positions: Mapping[str, float]) -> tuple[float, float, float]:
    """Return free cash, the loan, and the proceeds of shorts, which fund no longs."""
    longs = math.fsum(v for v in positions.values() if v > 0.0)
    shorts = math.fsum(-v for v in positions.values() if v < 0.0)
    free = nav - longs
    if abs(free) < ROUNDING * nav:
        free = 0.0
    return max(0.0, free), max(0.0, -free), shorts


def _on_margin(nav: float, positions: Mapping[str, float], period: Period, margin: Margin, terms: Terms) -> Flows:
    """Return flows on margin: the loan pays its own rate and a spread; shorts pay a fee and earn a rebate."""
    free, loan, shorts = cash_and_loan(nav, positions)
    spread = spread_of(loan, period, margin, terms)
    on_free_cash = free * (period.cash - period.money_market(margin.cash_spread))
    on_proceeds = shorts * (period.cash - period.money_market(margin.rebate_spread))
    pnl = {a: v * period.returns[a] for a, v in positions.items()}
    return Flows(
        asset_pnl=pnl,
        positions={a: v + pnl[a] for a, v in positions.items()},
        cash_interest=on_free_cash + on_proceeds,
        financing=loan * period.loan_rate + spread,
        financing_drag=loan * (period.loan_rate - period.cash) + spread,
        borrow=math.fsum(
            -v * period.money_market(margin.borrow_fee.get(a, 0.0)) for a, v in positions.items() if v < 0
        ),
        loan=loan,
    )


def _in_futures(nav: float, positions: Mapping[str, float], period: Period, futures: Futures) -> Flows:
    """Return flows in futures: NAV earns cash; notionals pay cash and a basis (shorts receive both), and are rolled."""
    basis = math.fsum(v * period.money_market(futures.basis.get(a, 0.0)) for a, v in positions.items())
    implied = math.fsum(v * period.cash for v in positions.values())
    pnl = {a: v * period.returns[a] for a, v in positions.items()}
    return Flows(
        asset_pnl=pnl,
        positions={a: v + pnl[a] for a, v in positions.items()},
        cash_interest=nav * (period.cash - period.money_market(futures.cash_spread)),
        financing=implied + basis,
        financing_drag=basis,
        loan=max(0.0, math.fsum(positions.values())),
        trading=math.fsum(abs(v) * period.money_market(futures.roll.get(a, 0.0)) for a, v in positions.items()),
    )


def _in_funds(nav: float, positions: Mapping[str, float], period: Period, fund: Fund) -> Flows:
    """Return flows in funds: a fund returns L r - (L - 1) c - s max(L - 1, -L, 0) - e, and is never worth less than 0.

    Its counterparty bears the loss beyond that. A fund sold short earns cash on its proceeds; if the longs come to
    exceed NAV, the loan for them pays the cash rate.
    """
    leverage = fund.leverage
    swap = period.money_market(fund.swap_spread) * max(leverage - 1.0, -leverage, 0.0)
    expense = period.of_year(fund.expense_ratio)
    pnl, closing, beyond = dict[str, float](), dict[str, float](), [0.0]
    for asset, value in positions.items():
        growth = leverage * period.returns[asset] - (leverage - 1.0) * period.cash - swap - expense
        pnl[asset] = leverage * value * period.returns[asset]
        closing[asset] = value * (1.0 + max(growth, -1.0))
        beyond.append(value * (max(growth, -1.0) - growth))
    held = math.fsum(positions.values())
    free, loan, shorts = cash_and_loan(nav, positions)
    return Flows(
        asset_pnl=pnl,
        positions=closing,
        cash_interest=free * (period.cash - period.money_market(fund.cash_spread)) + shorts * period.cash,
        financing=held * ((leverage - 1.0) * period.cash + swap) + loan * period.cash,
        financing_drag=held * swap,
        fees=held * expense,
        loan=max(0.0, held * (leverage - 1.0)) + loan,
        shortfall=math.fsum(beyond),
    )
