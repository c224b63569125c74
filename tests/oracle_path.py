"""The second opinion: the path of one run under any terms, row by row.

Order in a period: prices move; interest and borrow fees; other fees, the performance fee last; the end if nothing
is left; the margin check; trades. Row 0 is the first trade's date, before whose trade the NAV is exactly 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

from oracle_bands import Order, Orders, is_off, nearest_within
from oracle_calendar import rebalance_indices
from oracle_flows import Flows, Period, flows_of
from oracle_terms import Futures, Margin, Terms, check_terms
from oracle_trades import CostRates, Traded, as_allowed, called, cost_rates, forced_sale, rebalance, sell

Prices = Mapping[str, Sequence[float | None]]
Weights = Mapping[str, float]


@dataclass
class OraclePath:
    """What one run leaves behind: lists over dates (row 0 has no flows), amounts in currency, NAV_0 = 1."""

    assets: list[str]
    dates: list[date] = field(default_factory=list)
    nav: list[float] = field(default_factory=list)  # after the row's trades; row 0: before the first trade
    weights: list[dict[str, float]] = field(default_factory=list)  # exposures after the row's trades
    trades: dict[int, dict[str, float]] = field(default_factory=dict)  # of values, fraction of NAV before the trade
    trade_reasons: dict[int, str] = field(default_factory=dict)  # rebalance, band, margin_call, no_price
    trade_scales: dict[int, float] = field(default_factory=dict)  # what the target was scaled down by, else 1
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
        """Whether the path ended because nothing was left."""
        return self.nav[-1] <= 0.0

    @property
    def years(self) -> float:
        """Calendar days from the first NAV date to the last, over 365.25."""
        return (self.dates[-1] - self.dates[0]).days / 365.25

    @property
    def returns(self) -> list[float]:
        """NAV returns, one per period (one fewer than rows)."""
        return nav_returns(self.nav)


def nav_returns(nav: Sequence[float]) -> list[float]:
    """Simple returns of a NAV, one per period."""
    return [nav[t] / nav[t - 1] - 1.0 for t in range(1, len(nav))]


def run(
    dates: Sequence[date],
    prices: Prices,
    cash_returns: Sequence[float],
    targets: Mapping[int, Weights],
    terms: Terms,
    loan_returns: Sequence[float] | None = None,
) -> OraclePath:
    """The accounting of one run, from the first trade's date (row 0) on.

    `targets[t]` are exposures as fractions of NAV for a trade at the close of row t, decided `terms.lag` rows
    before (the first ones before row 0, where nothing is held yet); an asset left out counts as 0. Nothing is
    traded on the last row but what has no price. Entry t of `cash_returns` and `loan_returns` (cash, where not
    given) is the return of period t; row 0's is unused.
    """
    loan_rates = cash_returns if loan_returns is None else loan_returns
    _check_inputs(dates, prices, [cash_returns, loan_rates], targets, terms)
    assets = list(prices)
    last = len(dates) - 1
    fee_rows = rebalance_indices(dates, terms.fees.every) if terms.fees.performance else []  # the last row is in it
    path = OraclePath(assets=assets, asset_pnl={a: [] for a in assets})
    orders = Orders({t: {a: float(w.get(a, 0.0)) for a in assets} for t, w in targets.items()}, terms.lag, terms.bands)

    nav, high, positions = 1.0, 1.0, dict.fromkeys(assets, 0.0)
    nothing = dict.fromkeys(assets, 0.0)

    def look(row: int, weights: Weights, names: list[str]) -> None:
        orders.look(row, lambda target: _off(weights, _of(target, names), terms))

    for row in range(-terms.lag, 0):
        look(row, nothing, assets)
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
        weights: dict[str, float] | None = None
        if nav > 0.0:
            if terms.lag == 0 and t < last:
                look(t, _exposures(nav, positions, terms), priced)
            order = orders.due.pop(t, None) if t < last else None
            traded, weights = _close(path, t, day, nav, positions, order, priced, terms, final=t == last)
            if traded is not None:
                nav, positions = traded.nav, traded.positions
                flows.trading += traded.cost
        if nav > 0.0:
            if terms.lag > 0 and t < last:
                look(t, _exposures(nav, positions, terms), priced)
        else:
            flows.shortfall, nav = flows.shortfall - nav, 0.0
            positions, weights = dict(nothing), dict(nothing)
        _record(path, day, t, nav, weights or _exposures(nav, positions, terms), flows)
        if nav == 0.0:
            break
    return path


def _close(
    path: OraclePath,
    row: int,
    day: date,
    nav: float,
    positions: dict[str, float],
    order: Order | None,
    priced: list[str],
    terms: Terms,
    *,
    final: bool,
) -> tuple[Traded | None, dict[str, float] | None]:
    """The one trade of a close, noted in the path, and the exact weights that it leads to, where it has a target."""
    rates = cost_rates(terms, list(positions), row, day)
    sold = sell(nav, positions, [a for a in positions if a not in priced], rates)
    call = not final and sold.nav > 0.0 and called(sold.nav, sold.positions, terms)
    if call:
        path.margin_calls.append(row)
    if order is not None:
        traded, exact, scale = _trade_order(nav, positions, order, priced, rates, terms, in_full=call)
        _note(path, row, traded.trades, order.reason, scale)
        return traded, exact
    if call:
        financing = terms.financing
        assert isinstance(financing, Margin | Futures)
        maintenance = financing.maintenance or {}
        to_initial = isinstance(financing, Futures) and financing.initial is not None
        needed = (financing.initial or {}) if to_initial else maintenance
        cut = forced_sale(sold.nav, sold.positions, needed, rates)
        of_cut = {a: s * sold.nav / nav for a, s in cut.trades.items()}
        traded = Traded(cut.nav, cut.positions, {**sold.trades, **of_cut}, sold.cost + cut.cost)
        _note(path, row, traded.trades, "margin_call", 1.0)
        return traded, None
    if sold.trades:
        _note(path, row, sold.trades, "no_price", 1.0)
        return sold, None
    return None, None


def _trade_order(
    nav: float,
    positions: dict[str, float],
    order: Order,
    priced: list[str],
    rates: CostRates,
    terms: Terms,
    *,
    in_full: bool,
) -> tuple[Traded, dict[str, float] | None, float]:
    """Trade an order: to its target, or to the edge of its bands, as far as margin allows.

    The no-trade zone spares what has a price, unless the trade has to answer a margin call, or more would be held than
    the initial margin allows.
    """
    leverage = terms.leverage
    wanted, scale = as_allowed(_of(order.target, priced), terms)
    if terms.bands is not None and terms.bands.to == "edge" and order.reason == "band":
        drifted = _exposures(nav, positions, terms)
        wanted, again = as_allowed(nearest_within(drifted, wanted, terms.bands), terms)
        scale *= again
    exposures = {a: wanted.get(a, 0.0) for a in positions}
    values = {a: w / leverage for a, w in exposures.items()}
    small = [a for a in priced if abs(values[a] - positions[a] / nav) < terms.minimum_trade]
    held = {**exposures, **{a: leverage * positions[a] / nav for a in small}}
    skipped = frozenset[str]() if in_full or as_allowed(held, terms)[1] < 1.0 else frozenset(small)
    traded = rebalance(nav, positions, values, rates, skipped)
    exact = exposures if traded.nav > 0.0 and not skipped else None
    return traded, exact, scale


def _note(path: OraclePath, row: int, trades: dict[str, float], reason: str, scale: float) -> None:
    path.trades[row], path.trade_reasons[row], path.trade_scales[row] = trades, reason, scale


def _of(target: Weights, priced: list[str]) -> dict[str, float]:
    """A target of the assets that have a price."""
    return {a: target[a] for a in priced}


def _off(weights: Weights, target: Weights, terms: Terms) -> bool:
    """Whether the bands around a target, as far as it may be held, are breached."""
    assert terms.bands is not None
    return is_off(weights, as_allowed(target, terms)[0], terms.bands)


def _exposures(nav: float, positions: Weights, terms: Terms) -> dict[str, float]:
    return {a: terms.leverage * v / nav for a, v in positions.items()}


def _period(dates: Sequence[date], prices: Prices, positions: Weights, t: int, cash: float, loan_rate: float) -> Period:
    """Period t, the returns of what is held in it: without a price at its end a position stands still."""
    returns: dict[str, float] = {}
    for asset, position in positions.items():
        now, then = prices[asset][t], prices[asset][t - 1]
        returns[asset] = 0.0
        if position != 0.0 and now is not None:
            assert then is not None, f"{asset} is held at row {t - 1} without a price"
            returns[asset] = now / then - 1.0
    return Period(dates[t - 1], (dates[t] - dates[t - 1]).days, returns, cash, loan_rate)


def _record(path: OraclePath, day: date, row: int, nav: float, weights: Weights, flows: Flows) -> None:
    """Append one row. The NAV of row 0 is that before its trade, whose cost belongs to the next row's period."""
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
    targets: Mapping[int, Weights],
    terms: Terms,
) -> None:
    """Refuse what would only be noticed as a wrong number: the oracle guesses nothing."""
    check_terms(terms)
    if len(dates) < 2:
        raise ValueError("two dates at least: nothing is traded on the last one")
    if any(b <= a for a, b in pairwise(dates)):
        raise ValueError("the dates must rise")
    if any(len(r) != len(dates) for r in rates) or any(len(p) != len(dates) for p in prices.values()):
        raise ValueError("prices and cash returns need one entry a date")
    if not all(math.isfinite(c) for series in rates for c in series[1:]):
        raise ValueError("a cash return is not a number")
    for asset, series in prices.items():
        if not all(p is None or (math.isfinite(p) and p > 0.0) for p in series):
            raise ValueError(f"{asset}: a price is None or a positive number")
    if 0 not in targets:
        raise ValueError("row 0 is the first trade's date and needs a target")
    for t, target in targets.items():
        if not 0 <= t < len(dates) + terms.lag or not set(target) <= set(prices):
            raise ValueError(f"the target at {t} has an unknown row or asset")
        if not all(math.isfinite(w) for w in target.values()):
            raise ValueError(f"the target at {t} is not finite")
