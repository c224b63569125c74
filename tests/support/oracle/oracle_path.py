"""The oracle: the path of one run under any terms, row by row.

Order in a period: prices move; interest and borrow fees; other fees, the performance fee last; the end if nothing
is left; the sale of assets without a price; the end again if nothing is left; the margin check; trades. Row 0 is the
date of the first trade, before which NAV is exactly 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

from support.oracle.oracle_bands import Decision, Order, Orders, Seen, is_off, nearest_within
from support.oracle.oracle_calendar import rebalance_indices
from support.oracle.oracle_flows import Flows, Period, flows_of
from support.oracle.oracle_impact import impact_rates
from support.oracle.oracle_terms import ROUNDING, Futures, Margin, Terms, check_terms
from support.oracle.oracle_trades import CostRates, Traded, as_allowed, called, cost_rates, forced_sale, rebalance, sell

Prices = Mapping[str, Sequence[float | None]]
Weights = Mapping[str, float]


@dataclass
class OraclePath:
    """Path of one run: lists over dates (row 0 has no flows), in units of NAV_0."""

    assets: list[str]
    dates: list[date] = field(default_factory=list)
    nav: list[float] = field(default_factory=list)  # after the row's trades; row 0: before the first trade
    weights: list[dict[str, float]] = field(default_factory=list)  # exposures after the row's trades
    trades: list[dict[str, float]] = field(default_factory=list)  # in order; of values, fractions of the NAV before
    trade_rows: list[int] = field(default_factory=list)  # the row of each trade; a row may have two
    trade_reasons: list[str] = field(default_factory=list)  # rebalance, band, margin_call, no_price
    trade_scales: list[float] = field(default_factory=list)  # what the target was scaled down by, else 1
    margin_calls: list[int] = field(default_factory=list)  # rows, answered by a rebalance or not
    asset_pnl: dict[str, list[float]] = field(default_factory=dict)
    cash_interest: list[float] = field(default_factory=list)  # on free cash, collateral and short proceeds
    financing: list[float] = field(default_factory=list)  # all interest on what is borrowed
    financing_drag: list[float] = field(default_factory=list)  # its part above cash
    borrow: list[float] = field(default_factory=list)
    fees: list[float] = field(default_factory=list)  # expense ratios, the management and the performance fee
    trading: list[float] = field(default_factory=list)  # and rolling futures
    shortfall: list[float] = field(default_factory=list)
    loan: list[float] = field(default_factory=list)  # the opening loan that period t's interest is charged on
    start: int = 0  # index of row 0 in the dates given to `backtest`

    @property
    def ruined(self) -> bool:
        """True if the path ended in ruin."""
        return self.nav[-1] <= 0.0

    @property
    def reasons(self) -> list[tuple[int, str]]:
        """Return the row and the reason of each trade."""
        return list(zip(self.trade_rows, self.trade_reasons, strict=True))

    def trades_of(self, row: int) -> list[dict[str, float]]:
        """Return the trades of a row, in order."""
        return [trade for at, trade in zip(self.trade_rows, self.trades, strict=True) if at == row]

    def note(self, row: int, trades: dict[str, float], reason: str, scale: float = 1.0) -> None:
        """Append a trade, if anything was traded."""
        if not trades:
            return
        self.trades.append(trades)
        self.trade_rows.append(row)
        self.trade_reasons.append(reason)
        self.trade_scales.append(scale)

    @property
    def years(self) -> float:
        """Return calendar days from the first NAV date to the last, over 365.25."""
        return (self.dates[-1] - self.dates[0]).days / 365.25

    @property
    def returns(self) -> list[float]:
        """Return NAV returns, one per period (one fewer than rows)."""
        return nav_returns(self.nav)


def nav_returns(nav: Sequence[float]) -> list[float]:
    """Return simple returns of NAV, one per period."""
    return [nav[t] / nav[t - 1] - 1.0 for t in range(1, len(nav))]


def run(
    dates: Sequence[date],
    prices: Prices,
    cash_returns: Sequence[float],
    targets: Mapping[int, Decision],
    terms: Terms,
    loan_returns: Sequence[float] | None = None,
) -> OraclePath:
    """Return the accounting of one run, from the date of the first trade (row 0) on.

    `targets[t]` are exposures as fractions of NAV for a trade at the close of row t, decided `terms.lag` rows
    before (the first ones before row 0, when nothing is held yet); an asset left out counts as 0. A target may be
    a function of NAV and the weights at the close of the decision. On the last date only assets without a price are
    traded. A date may have two rows, its open and its close: then the period between them has no days, and row 0 is
    the last close before the first trade. Entry t of `cash_returns` and `loan_returns` (by default cash) is the
    return of period t; row 0's is unused.
    """
    loan_rates = cash_returns if loan_returns is None else loan_returns
    _check_inputs(dates, prices, [cash_returns, loan_rates], targets, terms)
    assets = list(prices)
    fee_rows = rebalance_indices(dates, terms.fees.every) if terms.fees.performance else []  # the last row is in it
    path = OraclePath(assets=assets, asset_pnl={a: [] for a in assets})
    orders = Orders(targets, terms.lag, terms.bands)
    impact = None if terms.costs.impact is None else impact_rates(terms.costs.impact, prices, terms.money)

    nav, high, positions = 1.0, 1.0, dict.fromkeys(assets, 0.0)
    nothing = dict.fromkeys(assets, 0.0)

    def look(row: int, seen: Seen, names: list[str]) -> None:
        orders.look(row, seen, lambda target: _off(seen.weights, _of(target, names), terms))

    for row in range(-terms.lag, 0):
        look(row, Seen(1.0, nothing), assets)
    for t, day in enumerate(dates):
        flows = Flows(asset_pnl=dict.fromkeys(assets, 0.0), positions=positions)
        if t > 0:
            period = _period(dates, prices, positions, t, cash_returns[t], loan_rates[t])
            flows = flows_of(nav, positions, period, terms)
            nav, positions = flows.nav_after(nav), flows.positions
            if t in fee_rows and nav > high:
                performance = terms.fees.performance * (nav - high)
                flows.fees += performance
                nav -= performance
                high = nav

        priced = [a for a in assets if prices[a][t] is not None]
        rates = cost_rates(terms, assets, t, day, impact)
        weights: dict[str, float] | None = None
        if nav > 0.0:
            sold = sell(nav, positions, [a for a in assets if a not in priced], rates)
            path.note(t, sold.trades, "no_price")
            nav, positions = sold.nav, sold.positions
            flows.trading += sold.cost
        if nav > 0.0 and day < dates[-1]:
            if terms.lag == 0:
                look(t, Seen(nav, _exposures(nav, positions, terms)), priced)
            traded, weights = _trade(path, t, nav, positions, orders.due.pop(t, None), priced, rates, terms)
            if traded is not None:
                nav, positions = traded.nav, traded.positions
                flows.trading += traded.cost
        if nav > 0.0:
            if terms.lag > 0 and day < dates[-1]:
                look(t, Seen(nav, _exposures(nav, positions, terms)), priced)
        else:
            flows.shortfall, nav = flows.shortfall - nav, 0.0
            positions, weights = dict(nothing), dict(nothing)
        _record(path, day, t, nav, weights or _exposures(nav, positions, terms), flows)
        if nav == 0.0:
            break
    return path


def _trade(
    path: OraclePath,
    row: int,
    nav: float,
    positions: dict[str, float],
    order: Order | None,
    priced: list[str],
    rates: CostRates,
    terms: Terms,
) -> tuple[Traded | None, dict[str, float] | None]:
    """Trade the order of a close or the sale of a margin call, record it, and return it.

    The second value is the weights after the trade if they are known exactly.
    """
    call = called(nav, positions, terms)
    if call:
        path.margin_calls.append(row)
    if order is not None:
        traded, exact, scale = _trade_order(nav, positions, order, priced, rates, terms, in_full=call)
        if traded is not None:
            path.note(row, traded.trades, order.reason, scale)
        return traded, exact
    if not call:
        return None, None
    financing = terms.financing
    assert isinstance(financing, Margin | Futures)
    maintenance = financing.maintenance or {}
    to_initial = isinstance(financing, Futures) and financing.initial is not None
    needed = (financing.initial or {}) if to_initial else maintenance
    cut = forced_sale(nav, positions, needed, rates)
    path.note(row, cut.trades, "margin_call")
    return cut, None


def _trade_order(
    nav: float,
    positions: dict[str, float],
    order: Order,
    priced: list[str],
    rates: CostRates,
    terms: Terms,
    *,
    in_full: bool,
) -> tuple[Traded | None, dict[str, float] | None, float]:
    """Trade an order: to its target, or to the edge of its bands, as far as margin allows.

    The no-trade zone applies to assets with a price, unless the trade has to answer a margin call, or the holdings
    would exceed the initial margin. Positions within rounding of their target are never traded.
    """
    leverage = terms.leverage
    wanted, scale = as_allowed(_of(order.target, priced), terms)
    if terms.bands is not None and terms.bands.to == "edge" and order.reason == "band":
        drifted = _exposures(nav, positions, terms)
        wanted, again = as_allowed(nearest_within(drifted, wanted, terms.bands), terms)
        scale *= again
    exposures = {a: wanted.get(a, 0.0) for a in positions}
    values = {a: w / leverage for a, w in exposures.items()}
    off = {a: abs(values[a] - positions[a] / nav) for a in positions}
    small = [a for a in priced if off[a] < terms.minimum_trade or off[a] <= ROUNDING]
    held = {**exposures, **{a: leverage * positions[a] / nav for a in small}}
    skipped = frozenset[str]() if in_full or as_allowed(held, terms)[1] < 1.0 else frozenset(small)
    traded = rebalance(nav, positions, values, rates, skipped)
    if traded is None or traded.nav <= 0.0:
        return traded, None, scale
    after = _exposures(traded.nav, traded.positions, terms)
    return traded, {**after, **{a: exposures[a] for a in traded.trades}}, scale


def _of(target: Weights, priced: list[str]) -> dict[str, float]:
    """Return the targets of assets that have a price."""
    return {a: target[a] for a in priced}


def _off(weights: Weights, target: Weights, terms: Terms) -> bool:
    """Return whether a weight is outside its band around a target, scaled down to the initial margin."""
    assert terms.bands is not None
    return is_off(weights, as_allowed(target, terms)[0], terms.bands)


def _exposures(nav: float, positions: Weights, terms: Terms) -> dict[str, float]:
    return {a: terms.leverage * v / nav for a, v in positions.items()}


def _period(dates: Sequence[date], prices: Prices, positions: Weights, t: int, cash: float, loan_rate: float) -> Period:
    """Return period t and the returns of its holdings; the return is 0 without a price at the end."""
    returns: dict[str, float] = {}
    for asset, position in positions.items():
        now, then = prices[asset][t], prices[asset][t - 1]
        returns[asset] = 0.0
        if position != 0.0 and now is not None:
            assert then is not None, f"{asset} is held at row {t - 1} without a price"
            returns[asset] = now / then - 1.0
    return Period(dates[t - 1], (dates[t] - dates[t - 1]).days, returns, cash, loan_rate)


def _record(path: OraclePath, day: date, row: int, nav: float, weights: Weights, flows: Flows) -> None:
    """Append one row. The NAV of row 0 is before its trade, whose cost belongs to the next row's period."""
    path.dates.append(day)
    path.nav.append(1.0 if row == 0 else nav)
    path.weights.append(dict(weights))
    for asset, gain in flows.asset_pnl.items():
        path.asset_pnl[asset].append(gain)
    for name in ("cash_interest", "financing", "financing_drag", "borrow", "fees", "trading", "shortfall", "loan"):
        getattr(path, name).append(getattr(flows, name))
    if row == 1:
        path.trading[1] += path.trading[0]
        path.trading[0] = 0.0


def _check_inputs(
    dates: Sequence[date],
    prices: Prices,
    rates: Sequence[Sequence[float]],
    targets: Mapping[int, Decision],
    terms: Terms,
) -> None:
    """Refuse inputs that would only show as wrong numbers."""
    check_terms(terms)
    if len(dates) < 2:
        raise ValueError("two dates at least: nothing is traded on the last one")
    if any(b < a for a, b in pairwise(dates)):
        raise ValueError("the dates must rise")
    if any(len(r) != len(dates) for r in rates) or any(len(p) != len(dates) for p in prices.values()):
        raise ValueError("prices and cash returns need one entry a date")
    if not all(math.isfinite(c) for series in rates for c in series[1:]):
        raise ValueError("a cash return is not a number")
    for asset, series in prices.items():
        if not all(p is None or (math.isfinite(p) and p > 0.0) for p in series):
            raise ValueError(f"{asset}: a price is None or a positive number")
    if 0 not in targets and (1 not in targets or len(set(dates)) == len(dates)):
        raise ValueError("row 0, or row 1 where it is an open, is the first trade's and needs a target")
    for t, target in targets.items():
        if not 0 <= t < len(dates) + terms.lag or not (callable(target) or set(target) <= set(prices)):
            raise ValueError(f"the target at {t} has an unknown row or asset")
        if not callable(target) and not all(math.isfinite(w) for w in target.values()):
            raise ValueError(f"the target at {t} is not finite")
