"""The second opinion: a slow, plain simulator of the accounting of one run, written from the design alone.

It shares no code with the project (and must never import it). Money is kept in currency with a first NAV of
exactly 1; dictionaries are keyed by asset; sums are exact (`math.fsum`). The tests hold the engine to it.

Words: "row t" is the date with index t; "period t" is (t-1, t]; "opening" is after the trades of row t-1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

Matrix = Sequence[Sequence[float]]
Prices = Mapping[str, Sequence[float | None]]
Weights = Mapping[str, float]
Decide = Callable[[list[list[float]], list[list[float]]], Mapping[str, float]]

ROUNDING = 1e-14  # a standard deviation of returns below this is rounding: a NAV ratio is good to a few 1e-16


# ------------------------------------------------------------------------------------------------ the path


@dataclass
class OraclePath:
    """What one run leaves behind: lists over dates (row 0 has no flows), amounts in currency, NAV_0 = 1."""

    assets: list[str]
    dates: list[date] = field(default_factory=list)
    nav: list[float] = field(default_factory=list)  # after the row's trades; row 0: before the first trade
    weights: list[dict[str, float]] = field(default_factory=list)  # after the row's trades
    trades: dict[int, dict[str, float]] = field(default_factory=dict)  # fraction of NAV before the trade
    asset_pnl: dict[str, list[float]] = field(default_factory=dict)
    cash_interest: list[float] = field(default_factory=list)  # on free cash and on short proceeds
    financing: list[float] = field(default_factory=list)  # all interest on the loan
    financing_drag: list[float] = field(default_factory=list)  # its part above cash
    borrow: list[float] = field(default_factory=list)
    fees: list[float] = field(default_factory=list)  # expense ratios and the management fee
    trading: list[float] = field(default_factory=list)
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


@dataclass(frozen=True)
class Terms:
    """The rates and costs of one run, all decimals."""

    trading_cost: Weights
    spread: float
    cash_spread: float
    borrow_fee: Weights
    expense_ratio: Weights
    management_fee: float


@dataclass
class Flows:
    """The flows of one period, each worked out on its own; `trading` and `shortfall` come later."""

    asset_pnl: dict[str, float]
    cash_interest: float = 0.0
    financing: float = 0.0
    financing_drag: float = 0.0
    borrow: float = 0.0
    fees: float = 0.0
    loan: float = 0.0
    trading: float = 0.0
    shortfall: float = 0.0


# ------------------------------------------------------------------------------------------ the accounting


def simulate(
    dates: Sequence[date],
    prices: Prices,
    cash_returns: Sequence[float],
    targets: Mapping[int, Weights],
    *,
    trading_cost: Weights,
    spread: float = 0.0,
    cash_spread: float = 0.0,
    borrow_fee: Weights | None = None,
    expense_ratio: Weights | None = None,
    management_fee: float = 0.0,
) -> OraclePath:
    """The accounting of one run, from the first trade's date (row 0) on.

    Per period: prices move; interest and borrow fees; other fees; then trades. `targets[t]` is traded at the
    close of row t, fractions of NAV, an asset left out counting as 0; those of the last row are ignored.
    """
    _check_inputs(dates, prices, cash_returns, targets)
    terms = Terms(trading_cost, spread, cash_spread, borrow_fee or {}, expense_ratio or {}, management_fee)
    assets = list(prices)
    last = len(dates) - 1
    path = OraclePath(assets=assets, asset_pnl={a: [] for a in assets})

    positions = dict.fromkeys(assets, 0.0)
    nav = 1.0
    first_cost = 0.0
    for t, day in enumerate(dates):
        flows = Flows(asset_pnl=dict.fromkeys(assets, 0.0))
        if t > 0:
            days = (day - dates[t - 1]).days
            flows = _flows(nav, positions, prices, cash_returns[t], t, days, terms)
            gains = [*flows.asset_pnl.values(), flows.cash_interest]
            nav = math.fsum([nav, *gains, -flows.financing, -flows.borrow, -flows.fees])
            positions = {a: positions[a] + flows.asset_pnl[a] for a in assets}

        weights: dict[str, float] | None = None
        if nav > 0.0:
            before_trades = nav
            vanished = [a for a in assets if prices[a][t] is None]
            if t in targets and t < last:
                weights = {a: 0.0 if a in vanished else float(targets[t].get(a, 0.0)) for a in assets}
                nav, positions, path.trades[t] = rebalance(nav, positions, weights, trading_cost)
            elif any(positions[a] != 0.0 for a in vanished):
                nav, positions, path.trades[t] = turn_into_cash(nav, positions, vanished, trading_cost)
            flows.trading = _cost_paid(before_trades, path.trades.get(t, {}), trading_cost)
        if nav <= 0.0:
            flows.shortfall, nav = -nav, 0.0
            positions, weights = dict.fromkeys(assets, 0.0), dict.fromkeys(assets, 0.0)
        if t == 0:  # NAV is 1 before the first trade; that trade's cost belongs to the next row's period
            first_cost, flows.trading = flows.trading, 0.0
        elif t == 1:
            flows.trading += first_cost
        _record(path, day, 1.0 if t == 0 else nav, weights or {a: positions[a] / nav for a in assets}, flows)
        if nav == 0.0:
            break
    return path


def _flows(nav: float, positions: Weights, prices: Prices, cash: float, t: int, days: int, terms: Terms) -> Flows:
    """The flows of period t before its trades, all on the opening balances (`nav` and `positions`)."""
    pnl: dict[str, float] = {}
    for asset, position in positions.items():
        now, then = prices[asset][t], prices[asset][t - 1]
        if position == 0.0 or now is None:  # no price: the position stands at its last one until it is sold
            pnl[asset] = 0.0
        else:
            assert then is not None, f"{asset} is held at row {t - 1} without a price"
            pnl[asset] = position * (now / then - 1.0)

    longs = math.fsum(p for p in positions.values() if p > 0.0)
    shorts = {a: -p for a, p in positions.items() if p < 0.0}
    loan = max(0.0, longs - nav)
    free_cash = max(0.0, nav - longs)  # the proceeds of shorts are not in it: they fund no longs

    on_free_cash = free_cash * (cash - terms.cash_spread * days / 360.0)
    on_proceeds = math.fsum(shorts.values()) * cash
    drag = loan * terms.spread * days / 360.0
    borrow = math.fsum(v * terms.borrow_fee.get(a, 0.0) * days / 360.0 for a, v in shorts.items())
    expenses = math.fsum(p * terms.expense_ratio.get(a, 0.0) * days / 365.0 for a, p in positions.items())
    management = nav * terms.management_fee * days / 365.0
    return Flows(
        asset_pnl=pnl,
        cash_interest=on_free_cash + on_proceeds,
        financing=loan * cash + drag,
        financing_drag=drag,
        borrow=borrow,
        fees=expenses + management,
        loan=loan,
    )


def cost_of_trade(drifted: Weights, target: Weights, trading_cost: Weights) -> float:
    """The x in [0, 1) that solves x = sum k_i |target_i (1 - x) - drifted_i|, by bisection to the last bit.

    The right side less x falls strictly in x while sum k_i |target_i| < 1, so the root is the only one. It
    lies below 1 exactly where selling everything, at sum k_i |drifted_i|, costs less than the NAV.
    """
    if math.fsum(trading_cost.get(a, 0.0) * abs(w) for a, w in target.items()) >= 1.0:
        raise ValueError("the costs of the target weights are the whole NAV or more: sum k |w| >= 1")

    def excess(x: float) -> float:
        terms = [trading_cost.get(a, 0.0) * abs(target[a] * (1.0 - x) - drifted[a]) for a in target]
        return math.fsum([*terms, -x])

    if excess(0.0) <= 0.0:
        return 0.0
    if excess(1.0) >= 0.0:
        raise ValueError("the trade costs the whole NAV or more")
    low, high = 0.0, 1.0
    while True:
        middle = low + (high - low) / 2.0
        if middle in (low, high):
            return low if abs(excess(low)) <= abs(excess(high)) else high
        if excess(middle) > 0.0:
            low = middle
        else:
            high = middle


def rebalance(
    nav: float, positions: Weights, target: Weights, trading_cost: Weights
) -> tuple[float, dict[str, float], dict[str, float]]:
    """NAV after costs, positions, and trades as a fraction of the NAV before.

    Where even selling everything costs the whole NAV or more, everything is sold: the NAV comes out <= 0.
    """
    drifted = {a: p / nav for a, p in positions.items()}
    to_sell_all = math.fsum(trading_cost.get(a, 0.0) * abs(d) for a, d in drifted.items())
    if to_sell_all >= 1.0:
        return nav * (1.0 - to_sell_all), dict.fromkeys(positions, 0.0), {a: -d for a, d in drifted.items()}
    x = cost_of_trade(drifted, target, trading_cost)
    after = nav * (1.0 - x)
    trades = {a: target[a] * (1.0 - x) - drifted[a] for a in positions}
    return after, {a: target[a] * after for a in positions}, trades


def turn_into_cash(
    nav: float, positions: Weights, vanished: Sequence[str], trading_cost: Weights
) -> tuple[float, dict[str, float], dict[str, float]]:
    """Close the positions in `vanished` at their last price, paying their costs; touch nothing else."""
    closed = {a: positions[a] for a in vanished if positions[a] != 0.0}
    cost = math.fsum(trading_cost.get(a, 0.0) * abs(p) for a, p in closed.items())
    kept = {a: 0.0 if a in closed else p for a, p in positions.items()}
    return nav - cost, kept, {a: -p / nav for a, p in closed.items()}


def _cost_paid(nav_before: float, trades: Weights, trading_cost: Weights) -> float:
    """The cost of the trades from the trades themselves, not as what is missing from the NAV."""
    return nav_before * math.fsum(trading_cost.get(a, 0.0) * abs(s) for a, s in trades.items())


def _record(path: OraclePath, day: date, nav: float, weights: Weights, flows: Flows) -> None:
    """Append one row."""
    path.dates.append(day)
    path.nav.append(nav)
    path.weights.append(dict(weights))
    for asset, gain in flows.asset_pnl.items():
        path.asset_pnl[asset].append(gain)
    path.cash_interest.append(flows.cash_interest)
    path.financing.append(flows.financing)
    path.financing_drag.append(flows.financing_drag)
    path.borrow.append(flows.borrow)
    path.fees.append(flows.fees)
    path.trading.append(flows.trading)
    path.shortfall.append(flows.shortfall)
    path.loan.append(flows.loan)


def _check_inputs(
    dates: Sequence[date], prices: Prices, cash_returns: Sequence[float], targets: Mapping[int, Weights]
) -> None:
    """Refuse what would only be noticed as a wrong number: the oracle guesses nothing."""
    if len(dates) < 2:
        raise ValueError("two dates at least: nothing is traded on the last one")
    if any(b <= a for a, b in pairwise(dates)):
        raise ValueError("the dates must rise")
    if len(cash_returns) != len(dates) or any(len(p) != len(dates) for p in prices.values()):
        raise ValueError("prices and cash returns need one entry a date")
    if not all(math.isfinite(c) for c in cash_returns[1:]):
        raise ValueError("a cash return is not a number")
    for asset, series in prices.items():
        if not all(p is None or (math.isfinite(p) and p > 0.0) for p in series):
            raise ValueError(f"{asset}: a price is None or a positive number")
    if 0 not in targets:
        raise ValueError("row 0 is the first trade's date and needs a target")
    for t, target in targets.items():
        if not 0 <= t < len(dates) or not set(target) <= set(prices):
            raise ValueError(f"the target at {t} has an unknown row or asset")
        if not all(math.isfinite(w) for w in target.values()):
            raise ValueError(f"the target at {t} is not finite")


# ---------------------------------------------------------------------------------------------- the calendar


def _last_of_each(dates: Sequence[date], period: Callable[[date], object]) -> list[int]:
    """Indices of the last date of each period in the data, the period under way at the end included."""
    last = len(dates) - 1
    return [t for t in range(len(dates)) if t == last or period(dates[t]) != period(dates[t + 1])]


def rebalance_indices(dates: Sequence[date], frequency: str) -> list[int]:
    """Indices of the rebalance dates: the data's last of each day, ISO week, month, quarter or year.

    The data's last date is always among them (its period ends there, as far as the data goes). Nothing is
    ever traded on it; only a trade of it would be, so that is the business of whoever trades.
    """
    periods: dict[str, Callable[[date], object]] = {
        "daily": lambda d: d,
        "weekly": lambda d: d.isocalendar()[:2],  # ISO year and week: 2020-12-31 and 2021-01-01 are one week
        "monthly": lambda d: (d.year, d.month),
        "quarterly": lambda d: (d.year, (d.month - 1) // 3),
        "yearly": lambda d: d.year,
    }
    if frequency not in periods:
        raise ValueError(f"unknown frequency {frequency!r}; expected one of {', '.join(periods)}")
    return _last_of_each(dates, periods[frequency])


def month_ends(dates: Sequence[date]) -> list[int]:
    """Indices of the last date of each calendar month in the data."""
    return rebalance_indices(dates, "monthly")


def annual_rate_return(rate: float, days: int) -> float:
    """What an annual rate earns over some calendar days."""
    return float((1.0 + rate) ** (days / 365.25)) - 1.0


# ------------------------------------------------------------------------------------ risk and the strategies


def sample_covariance(excess_returns_rows: Matrix) -> list[list[float]]:
    """Sample covariance of rows (dates) of columns (assets): means first, then products; divisor n - 1."""
    rows = [list(row) for row in excess_returns_rows]
    n = len(rows)
    if n < 2:
        raise ValueError("a covariance needs two rows at least")
    width = range(len(rows[0]))
    means = [math.fsum(row[i] for row in rows) / n for i in width]
    deviations = [[row[i] - means[i] for i in width] for row in rows]
    return [[math.fsum(d[i] * d[j] for d in deviations) / (n - 1) for j in width] for i in width]


def portfolio_variance(weights: Sequence[float], cov: Matrix) -> float:
    """W' S w, per period."""
    n = range(len(weights))
    return math.fsum(weights[i] * cov[i][j] * weights[j] for i in n for j in n)


def risk_shares(weights: Sequence[float], cov: Matrix) -> list[float]:
    """Each asset's share of the portfolio's variance, w_i (S w)_i / w' S w; they add up to 1."""
    n = range(len(weights))
    variance = portfolio_variance(weights, cov)
    return [weights[i] * math.fsum(cov[i][j] * weights[j] for j in n) / variance for i in n]


def erc(cov: Matrix, budgets: Sequence[float] | None = None) -> list[float]:
    """Long-only weights, summing to 1, whose shares of risk are the budgets (equal where none are given).

    Cyclical coordinate descent (Griveau-Billion, Richard and Roncalli 2013) on 1/2 x'Sx - sum b_i log x_i:
    with all else fixed x_i is the positive root of S_ii x_i^2 + c_i x_i - b_i = 0, c_i = sum over j != i of
    S_ij x_j. Swept until no coordinate moves by more than 1e-14 of itself; where the covariance is so badly
    conditioned that rounding alone moves more, until the moves have stopped shrinking.
    """
    n = len(cov)
    wanted = [1.0 / n] * n if budgets is None else [float(b) for b in budgets]
    if len(wanted) != n or not all(b > 0.0 for b in wanted):
        raise ValueError("one positive budget an asset")
    if not all(cov[i][i] > 0.0 for i in range(n)):
        raise ValueError("a variance is not positive")
    total = math.fsum(wanted)
    wanted = [b / total for b in wanted]
    x = [math.sqrt(wanted[i] / cov[i][i]) for i in range(n)]  # exact where nothing is correlated
    best, since_best = math.inf, 0
    for _ in range(500_000):
        moved = 0.0
        for i in range(n):
            c = math.fsum(cov[i][j] * x[j] for j in range(n) if j != i)
            root = math.sqrt(c * c + 4.0 * cov[i][i] * wanted[i])
            # The two forms are one number; each is used where it does not subtract near-equals.
            new = 2.0 * wanted[i] / (c + root) if c > 0.0 else (root - c) / (2.0 * cov[i][i])
            moved = max(moved, abs(new - x[i]) / new)
            x[i] = new
        best, since_best = (moved, 0) if moved < best else (best, since_best + 1)
        if moved <= 1e-14 or (since_best >= 200 and best <= 1e-11):
            scale = math.fsum(x)
            return [v / scale for v in x]
    raise RuntimeError("coordinate descent did not converge: is the covariance singular?")


def levered_erc(
    cov: Matrix, periods_per_year: int, target_volatility: float, max_gross: float = math.inf
) -> list[float]:
    """Equal risk contribution scaled to an annual volatility, the gross exposure at most `max_gross`."""
    weights = erc(cov)
    volatility = math.sqrt(periods_per_year * portfolio_variance(weights, cov))
    gross = min(target_volatility / volatility, max_gross)  # the weights are long and add up to 1
    return [gross * w for w in weights]


# ------------------------------------------------------------------------------------------------- a backtest


def backtest(
    dates: Sequence[date],
    prices: Mapping[str, Sequence[float]],
    cash_returns: Sequence[float],
    decide: Decide,
    *,
    frequency: str,
    lag: int,
    window: int | None,
    trading_cost: Weights,
    spread: float = 0.0,
    cash_spread: float = 0.0,
    borrow_fee: Weights | None = None,
    expense_ratio: Weights | None = None,
    management_fee: float = 0.0,
) -> OraclePath:
    """A run over dates that all assets and cash share (the default universe).

    `decide` is given the last `window` rows of excess returns up to and including the rebalance date, columns
    in the order of `prices`, and their sample covariance (two empty lists with `window=None`: fixed weights).
    The first decision is at the first rebalance date with a full window (or, without one, at the first
    rebalance date); what is decided at index r is traded at r + lag, if that is before the last date. The
    path's row 0 is the first trade's date, `path.start` in `dates`.
    """
    assets = list(prices)
    last = len(dates) - 1
    decided: dict[int, dict[str, float]] = {}
    for r in rebalance_indices(dates, frequency):
        trade = r + lag
        if trade >= last or (window is not None and r < window):  # row 0 has no return: row r has r of them
            continue
        rows = [] if window is None else excess_returns(prices, cash_returns, r - window + 1, r)
        decided[trade] = dict(decide(rows, [] if window is None else sample_covariance(rows)))
    if not decided:
        raise ValueError("no rebalance date has a full window and a trade before the last date")
    start = min(decided)
    path = simulate(
        dates[start:],
        {a: prices[a][start:] for a in assets},
        cash_returns[start:],
        {t - start: target for t, target in decided.items()},
        trading_cost=trading_cost,
        spread=spread,
        cash_spread=cash_spread,
        borrow_fee=borrow_fee,
        expense_ratio=expense_ratio,
        management_fee=management_fee,
    )
    path.start = start
    return path


def excess_returns(
    prices: Mapping[str, Sequence[float]], cash_returns: Sequence[float], first: int, last: int
) -> list[list[float]]:
    """Rows `first` to `last`, both included, of simple returns less the cash return."""
    return [
        [series[t] / series[t - 1] - 1.0 - cash_returns[t] for series in prices.values()]
        for t in range(first, last + 1)
    ]


# ---------------------------------------------------------------------------------------------- the numbers


def nav_returns(nav: Sequence[float]) -> list[float]:
    """Simple returns of a NAV, one per period."""
    return [nav[t] / nav[t - 1] - 1.0 for t in range(1, len(nav))]


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _std(values: Sequence[float]) -> float:
    """Standard deviation with divisor n - 1; NaN below two values, 0 where it is mere rounding."""
    if len(values) < 2:
        return math.nan
    mean = _mean(values)
    std = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (len(values) - 1))
    return 0.0 if std < ROUNDING else std


def _excess(nav: Sequence[float], cash_returns: Sequence[float]) -> list[float]:
    """NAV returns less cash; `cash_returns` has one entry a row, row 0's unused."""
    if len(cash_returns) < len(nav):
        raise ValueError("cash returns need one entry a row of the NAV")
    return [r - cash_returns[t] for t, r in enumerate(nav_returns(nav), start=1)]


def total_return(nav: Sequence[float]) -> float:
    """Last NAV over the first, less 1."""
    return nav[-1] / nav[0] - 1.0


def cagr(nav: Sequence[float], dates: Sequence[date]) -> float:
    """Compound growth a year from the first NAV date; years are calendar days / 365.25."""
    years = (dates[-1] - dates[0]).days / 365.25
    return float((nav[-1] / nav[0]) ** (1.0 / years)) - 1.0


def volatility(nav: Sequence[float], periods_per_year: int) -> float:
    """Annualised standard deviation of returns, ddof 1."""
    return math.sqrt(periods_per_year) * _std(nav_returns(nav))


def sharpe(nav: Sequence[float], cash_returns: Sequence[float], periods_per_year: int) -> float:
    """Annualised mean excess return over its annualised standard deviation; NaN where that is 0."""
    excess = _excess(nav, cash_returns)
    std = _std(excess)
    if math.isnan(std) or std == 0.0:
        return math.nan
    return math.sqrt(periods_per_year) * _mean(excess) / std


def sortino(nav: Sequence[float], cash_returns: Sequence[float], periods_per_year: int) -> float:
    """Annualised mean excess return over annualised downside deviation: target cash, divisor all periods."""
    excess = _excess(nav, cash_returns)
    downside = math.sqrt(math.fsum(min(0.0, e) ** 2 for e in excess) / len(excess))
    if downside < ROUNDING:
        return math.nan
    return math.sqrt(periods_per_year) * _mean(excess) / downside


def max_drawdown(nav: Sequence[float], dates: Sequence[date]) -> tuple[float, date | None, date | None]:
    """The deepest drawdown (never above 0), the date of the peak it fell from, and the date of its trough.

    The first of several equal troughs, and the last of several equal peaks before it; (0.0, None, None) where
    the NAV never fell.
    """
    deepest: tuple[float, date | None, date | None] = (0.0, None, None)
    peak, peak_date = nav[0], dates[0]
    for value, day in zip(nav, dates, strict=True):
        if value >= peak:
            peak, peak_date = value, day
        elif value / peak - 1.0 < deepest[0]:
            deepest = (value / peak - 1.0, peak_date, day)
    return deepest


def _central_moment(values: Sequence[float], power: int) -> float:
    mean = _mean(values)
    return math.fsum((v - mean) ** power for v in values) / len(values)


def skew(nav: Sequence[float]) -> float:
    """Population skewness of returns, m3 / m2^(3/2); NaN where they do not vary."""
    returns = nav_returns(nav)
    m2 = _central_moment(returns, 2)
    return math.nan if math.sqrt(m2) < ROUNDING else _central_moment(returns, 3) / m2**1.5


def excess_kurtosis(nav: Sequence[float]) -> float:
    """Population kurtosis of returns less 3, m4 / m2^2 - 3 (normal = 0); NaN where they do not vary."""
    returns = nav_returns(nav)
    m2 = _central_moment(returns, 2)
    return math.nan if math.sqrt(m2) < ROUNDING else _central_moment(returns, 4) / m2**2 - 3.0


def _quantile_05(values: Iterable[float]) -> float:
    """The 5% quantile, linear between order statistics at position 0.05 (n - 1): NumPy's and pandas' default.

    The position is (n - 1) / 20 in whole numbers: no rounding can move it across an order statistic.
    """
    ordered = sorted(values)
    below, twentieths = divmod(len(ordered) - 1, 20)
    if twentieths == 0:
        return ordered[below]
    return ordered[below] + twentieths / 20.0 * (ordered[below + 1] - ordered[below])


def var_95(nav: Sequence[float]) -> float:
    """Historical value at risk of one period, positive = loss: less the 5% quantile of returns.

    The quantile is NumPy's default (linear, Hyndman and Fan's type 7), which `np.quantile`, `Series.quantile`
    and empyrical give, so that a user can check it in one line. Not floored: negative where all is gain.
    """
    return -_quantile_05(nav_returns(nav))


def cvar_95(nav: Sequence[float]) -> float:
    """The mean loss over the periods whose return is at or below that 5% quantile, positive = loss."""
    returns = nav_returns(nav)
    threshold = _quantile_05(returns)
    return -_mean([r for r in returns if r <= threshold])


def _per_year(path: OraclePath, column: Sequence[float]) -> float:
    """Sum of cost_t / NAV_{t-1} over the years of the path."""
    return math.fsum(column[t] / path.nav[t - 1] for t in range(1, len(path.nav))) / path.years


def turnover_per_year(path: OraclePath) -> float:
    """Half the sum of |trades| (already fractions of the NAV before each), the first purchase in, a year."""
    return math.fsum(abs(s) / 2.0 for trade in path.trades.values() for s in trade.values()) / path.years


def trading_cost_per_year(path: OraclePath) -> float:
    """Trading costs a year, as a fraction of each period's opening NAV row."""
    return _per_year(path, path.trading)


def financing_cost_per_year(path: OraclePath) -> float:
    """All interest on loans a year."""
    return _per_year(path, path.financing)


def financing_drag_per_year(path: OraclePath) -> float:
    """The part of the interest on loans that is above cash, a year."""
    return _per_year(path, path.financing_drag)


def average_financing_rate(path: OraclePath) -> float | None:
    """Interest over loan x days / 360, both summed in currency; None without loans."""
    loan_years = math.fsum(
        path.loan[t] * (path.dates[t] - path.dates[t - 1]).days / 360.0 for t in range(1, len(path.dates))
    )
    return None if loan_years == 0.0 else math.fsum(path.financing) / loan_years
