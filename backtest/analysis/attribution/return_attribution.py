"""Return attribution to assets, cash, loans, trades and fees: exact in every period, and linked over spans.

The ledger has each flow in currency, and the flows of a period add up to the change of NAV. Divided by the opening NAV,
they add up to the return of the period. Summed over a span and divided by the NAV at its start, they add up to the
return of the span, without a residual to distribute. `levered_return` decomposes the compound return of a levered run
in another way.
"""

import numpy as np
import pandas as pd

from backtest.analysis.metrics import performance
from backtest.analysis.run_record import RunRecord
from backtest.analysis.tables.holdings import largest_and_rest
from backtest.data.prepare.consumer_prices import newest_known
from backtest.numerics.arrays import Floats

SOURCES = (
    "cash_interest",
    "financing_at_cash_rate",
    "financing_spread",
    "borrow_fees",
    "trading_costs",
    "other_fees",
    "shortfall",
)
"""Sources of return other than assets: costs are below zero, and `shortfall` is the loss of the lender at ruin."""

TOTAL = "total return"


def period_attribution(result: RunRecord) -> pd.DataFrame:
    """Return the contribution of each asset and each of `SOURCES` to the return of each period: flow_t / NAV_{t-1}.

    Financing has two parts: `financing_at_cash_rate`, its cost at the cash return, and `financing_spread`, the rest:
    the spread of a margin loan, the basis of futures, or the swap spread of leveraged funds. The cost of the first
    trade is in the first period.

    Returns:
        (P - 1, n + 7) decimals per period, no NaN; rows add up to `result.returns`.

    Example:
        >>> import backtest as bt
        >>> result = bt.run("configs/levered_erc.yaml")
        >>> bool(abs(period_attribution(result).sum(axis=1) - result.returns).max() < 1e-12)
        True
    """
    opening = result.nav.to_numpy()[:-1]
    return _table(_flows(result) / opening[:, None], result, pd.DatetimeIndex(result.nav.index[1:]))


def linked_attribution(result: RunRecord) -> pd.Series:
    """Return the contribution of each asset and each of `SOURCES` to the total return: Σ_t flow_t / NAV_0.

    Flows count in currency, so a return late in a run that has grown weighs more than the same return early on.

    Returns:
        (n + 7,) decimals; they add up to the total return.

    Example:
        >>> import backtest as bt
        >>> linked = linked_attribution(bt.run("configs/60_40.yaml", {"start": "1978-01-31", "end": "2012-12-31"}))
        >>> linked[["us_stocks", "us_treasury_10y", "trading_costs"]].round(2).tolist()
        [21.29, 12.36, -0.11]
    """
    return pd.Series(_flows(result).sum(axis=0), index=[*result.assets, *SOURCES], name="linked")


def waterfall(result: RunRecord, most: int) -> pd.DataFrame:
    """Return the bars of a waterfall chart of the linked attribution.

    Each bar starts where the bar before it ends; the bar of the total starts at zero.

    Args:
        result: record of a run.
        most: number of assets with a bar of their own: the largest contributions by size, in the order of the assets.
            The other assets share one bar.

    Returns:
        (b, 3) decimals over the first NAV, no NaN: columns `start`, `end`, and `value`, the end less the start. The
        index has the assets, the `SOURCES` that are not zero, and `total return` in the last row. An asset may have
        this name too, so identify the total by its position.

    Example:
        >>> import backtest as bt
        >>> waterfall(bt.run("configs/60_40.yaml", {"start": "1978-01-31", "end": "2012-12-31"}), 5).round(2)
                         start    end  value
        us_stocks         0.00  21.29  21.29
        us_treasury_10y  21.29  33.65  12.36
        trading_costs    33.65  33.54  -0.11
        total return      0.00  33.54  33.54
    """
    linked, count = linked_attribution(result), len(result.assets)
    assets = largest_and_rest(linked.iloc[:count].to_frame().T, most).iloc[0]
    sources = linked.iloc[count:]
    bars = pd.concat([assets, sources[sources != 0]])
    ends = np.cumsum(bars.to_numpy())
    total = float(result.nav.iloc[-1] - 1)
    return pd.DataFrame(
        {
            "start": np.concatenate([[0.0], ends[:-1], [0.0]]),
            "end": np.append(ends, total),
            "value": np.append(bars.to_numpy(), total),
        },
        index=[*bars.index, TOTAL],
    )


def attribution_by_year(result: RunRecord) -> pd.DataFrame:
    """Return the linked attribution of each calendar year: Σ flow_t over its periods / NAV before the first of them.

    Returns:
        (years, n + 7) decimals by the last date in each year; rows add up to the year's return, as in
        `calendar_tables.calendar_returns`. A year without a date after the first NAV has no row.

    Example:
        >>> import backtest as bt
        >>> result = bt.run("configs/60_40.yaml", {"start": "1978-01-31", "end": "2012-12-31"})
        >>> attribution_by_year(result).loc["2008-12-31", "us_stocks"].round(3).item()
        -0.237
    """
    dates, opening = pd.DatetimeIndex(result.nav.index[1:]), result.nav.to_numpy()[:-1]
    first = np.flatnonzero(np.diff(dates.year.to_numpy(), prepend=0))  # period of each year
    last = np.append(first[1:], len(dates)) - 1
    return _table(np.add.reduceat(_flows(result), first, axis=0) / opening[first, None], result, dates[last])


def gross_returns(result: RunRecord) -> pd.Series:
    """Return the returns before trading costs and other fees.

    (NAV_t + trading costs_t + other fees_t) / NAV_{t-1} - 1, with costs at the end of their own period; the first
    period starts from the NAV after the first trade. Holdings are fractions of NAV, so if trading costs are the only
    costs, these are the returns of the same weights traded for free. Interest, spreads and borrow fees stay in, because
    they are the price of the weights themselves.

    Returns:
        (P - 1,) decimal per period; -1 if NAV is lost even before these costs.

    Example:
        >>> import backtest as bt
        >>> result = bt.run("configs/erc.yaml")
        >>> bool((gross_returns(result) >= result.returns).all())
        True
    """
    nav, flows = result.nav.to_numpy(), _flows(result)
    trading, fees, shortfall = (flows[:, SOURCES.index(name) - len(SOURCES)] for name in SOURCES[-3:])
    opening, closing = nav[:-1].copy(), nav[1:] - trading - fees - shortfall
    opening[0] = capital_after_first_trade(result)
    closing[0] -= 1 - opening[0]  # the first trade's cost, paid before this period
    gross = np.maximum(closing, 0.0) / opening - 1
    return pd.Series(gross, index=result.nav.index[1:], name="gross_returns")


def capital_after_first_trade(result: RunRecord) -> float:
    """Return the NAV at the beginning of the first period: 1, less the cost of the first trade.

    The first trade buys the weights after it (with funds, the weights over their leverage). It is a fraction of the NAV
    before the trade and the weights are fractions of the NAV after it, so their ratio is the NAV after the trade.

    Example:
        >>> import backtest as bt
        >>> round(capital_after_first_trade(bt.run("configs/60_40.yaml")), 6)  # 1 / (1 + 10 bp)
        0.999001
    """
    held = float(result.weights.iloc[0].abs().sum()) / abs(result.fund_leverage)
    return float(result.trades.iloc[0].abs().sum()) / held if held > 0 else 1.0


def real_nav(nav: pd.Series, consumer_prices: pd.Series) -> pd.Series:
    """Return NAV in consumer prices of its first date, using only index values that were published by each date.

    The index of month m counts as known from the last day of month m + 1 on. NAV at the end of a month is therefore
    divided by the index of the month before, and NAV on other days by the index of two months before.

    Args:
        nav: (P,) currency.
        consumer_prices: index with one value a month, dated in that month, above 0, no NaN. A month that was never
            published counts as unchanged.

    Returns:
        (P,) starting from the first value of `nav`.

    Raises:
        ValueError: the index begins too late for the first date of NAV, or ends too early for the last.

    Example:
        >>> dates = pd.to_datetime(["2020-01-31", "2020-02-14", "2020-02-29"])
        >>> index = pd.Series([100.0, 110.0], index=pd.to_datetime(["2019-12-31", "2020-01-31"]))
        >>> real_nav(pd.Series([1.0, 1.1, 1.21], index=dates), index).round(6).tolist()
        [1.0, 1.1, 1.1]
    """
    known = pd.DatetimeIndex(consumer_prices.index).to_period("M")
    dates = pd.DatetimeIndex(nav.index)
    newest = newest_known(dates)
    if known[0] > newest[0] or known[-1] < newest[-1]:
        raise ValueError(
            f"consumer_prices: {known[0]} to {known[-1]}; expected {newest[0]} to {newest[-1]}, "
            "the months known on the first and last date of NAV"
        )
    index = consumer_prices.to_numpy()[known.searchsorted(newest, side="right") - 1]
    return pd.Series(nav.to_numpy() * (index[0] / index), index=nav.index, name="real_nav")


def compound_growth(result: RunRecord) -> dict[str, float]:
    """Return the CAGR gross and net of trading costs and other fees, and in real terms.

    Returns:
        Decimals per year: `gross` from `gross_returns`, `net` from NAV, and `real` from `real_nav` if the run has
        consumer prices. NaN for a run of less than a year.

    Example:
        >>> import backtest as bt
        >>> growth = compound_growth(bt.run("configs/60_40.yaml", {"start": "1978-01-31", "end": "2012-12-31"}))
        >>> {name: round(rate, 4) for name, rate in growth.items()}
        {'gross': 0.107, 'net': 0.1068}
    """
    nav, prices = result.nav, result.consumer_prices
    if not result.whole_year:
        return dict.fromkeys(("gross", "net", *(() if prices is None else ("real",))), float("nan"))
    years = performance.years_between(nav.index[0].to_datetime64(), nav.index[-1].to_datetime64())
    growth = {
        "gross": performance.cagr(float(np.prod(1 + gross_returns(result).to_numpy())), years),
        "net": performance.cagr(float(nav.iloc[-1]), years),
    }
    if prices is not None:
        growth["real"] = performance.cagr(float(real_nav(nav, prices).iloc[-1]), years)
    return growth


def _flows(result: RunRecord) -> Floats:
    """(P - 1, n + 7) profit from each asset and each of `SOURCES` by period, currency; NAV begins at 1."""
    count, added = len(result.assets), result.contributions.to_numpy()[1:]
    spread = result.financing_drag.to_numpy()[1:]
    costs = {name: result.costs[name].to_numpy()[1:] for name in ("financing", "borrow", "trading", "fees")}
    paid = (costs["financing"] - spread, spread, costs["borrow"], costs["trading"], costs["fees"])
    return np.column_stack([added[:, : count + 1], *(0.0 - cost for cost in paid), added[:, -1]])


def _table(values: Floats, result: RunRecord, dates: pd.DatetimeIndex) -> pd.DataFrame:
    return pd.DataFrame(values, index=dates, columns=[*result.assets, *SOURCES])
