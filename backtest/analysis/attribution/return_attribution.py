"""Where the return went: what each asset, cash, loans, trades and fees added, exact in every period and linked.

The ledger gives each flow in currency, and they add up to the change of NAV. Over the NAV before they add up to the
return of a period; over the NAV at the start of a span of periods, added up, to the return of that span: no flow is
spread over others to make it so. `levered_return` splits the compound return of a levered run in another way.
"""

import numpy as np
import pandas as pd

from backtest.analysis.metrics import performance
from backtest.analysis.metrics.ex_ante import by_class
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
"""What adds to the return besides assets: costs are below zero, and `shortfall` is what the lender bore at ruin."""

TOTAL = "total return"


def period_attribution(result: RunRecord) -> pd.DataFrame:
    """What each asset and each of `SOURCES` added to the return of each period: flow_t / NAV_{t-1}.

    What is paid for what is financed is two of them: `financing_at_cash_rate`, what it would be at the cash return, and
    `financing_spread`, the drag, its part above that: of a margin loan, of the rate implied in futures (the basis), of
    what leveraged funds pay. The first trade's cost is in the first period.

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
    """What each asset and each of `SOURCES` added to the total return: Σ_t flow_t / NAV_0.

    A flow counts by its money, so what came late in a run that grew weighs more than the same return before.

    Returns:
        (n + 7,) decimals; they add up to the total return.

    Example:
        >>> import backtest as bt
        >>> linked = linked_attribution(bt.run("configs/60_40.yaml"))
        >>> linked[["us_stocks", "us_treasury_10y", "trading_costs"]].round(2).tolist()
        [21.29, 12.36, -0.11]
    """
    return pd.Series(_flows(result).sum(axis=0), index=[*result.assets, *SOURCES], name="linked")


def waterfall(result: RunRecord, most: int) -> pd.DataFrame:
    """Bars of the linked attribution, each from where the one before it ends, and the total's from zero.

    Args:
        result: of a run.
        most: assets with a bar of their own, those that added or took most, in their own order; the others are one bar.

    Returns:
        (b, 3) decimals over the first NAV, no NaN, columns `start`, `end` and `value`, the second less the first. The
        index says what a bar is of: assets, `SOURCES` that are not zero, and in the last row `total return`, from 0. An
        asset may be called that too: the last row is known by its place.

    Example:
        >>> import backtest as bt
        >>> waterfall(bt.run("configs/60_40.yaml"), 5).round(2)
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
    """`linked_attribution` of each calendar year: Σ flow_t over the periods that end in it / NAV before the first.

    Returns:
        (years, n + 7) decimals by the last date in each year; rows add up to the year's return, as in
        `calendar.calendar_returns`. A year without a date after the first NAV has no row.

    Example:
        >>> import backtest as bt
        >>> attribution_by_year(bt.run("configs/60_40.yaml")).loc["2008-12-31", "us_stocks"].round(3).item()
        -0.237
    """
    dates, opening = pd.DatetimeIndex(result.nav.index[1:]), result.nav.to_numpy()[:-1]
    first = np.flatnonzero(np.diff(dates.year.to_numpy(), prepend=0))  # of each year's periods
    last = np.append(first[1:], len(dates)) - 1
    return _table(np.add.reduceat(_flows(result), first, axis=0) / opening[first, None], result, dates[last])


def attribution_of_classes(table: pd.DataFrame, result: RunRecord) -> pd.DataFrame:
    """One of the tables above with the sums of asset classes in place of assets.

    Args:
        table: (m, n + 7) of this result.
        result: that knows the classes.

    Returns:
        (m, k + 7) of k classes; the assets as they are where there is no class. Rows add up to the same.

    Example:
        >>> import backtest as bt
        >>> result = bt.run("configs/erc.yaml")
        >>> list(attribution_of_classes(attribution_by_year(result), result).columns[:3])
        ['equities', 'bonds', 'commodities']
    """
    assets, sources = table.iloc[:, : -len(SOURCES)], table.iloc[:, -len(SOURCES) :]
    classes = by_class(assets, result.classes)
    return pd.concat([classes if classes.shape[1] else assets, sources], axis=1)


def gross_returns(result: RunRecord) -> pd.Series:
    """Returns before trading costs and other fees: what NAV had earned if somebody else had paid these.

    (NAV_t + trading costs_t + other fees_t) / NAV_{t-1} - 1, each of a period's own end, and over the NAV after the
    first trade in the first period. What is held is a fraction of NAV, so with trading costs alone these are the
    returns of the same weights traded free. Interest, its spread and borrow fees are no such costs: they are the price
    of the weights themselves.

    Returns:
        (P - 1,) decimal per period; -1 where NAV is lost even so.

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
    """The NAV that the first period begins with: 1, less the cost of the first trade.

    That trade is of the weights after it (of a fund's shares, over its leverage), as fractions of the NAV before it; so
    their ratio is what is left.

    Example:
        >>> import backtest as bt
        >>> round(capital_after_first_trade(bt.run("configs/60_40.yaml")), 6)  # 1 / (1 + 10 bp)
        0.999001
    """
    held = float(result.weights.iloc[0].abs().sum()) / abs(result.fund_leverage)
    return float(result.trades.iloc[0].abs().sum()) / held if held > 0 else 1.0


def real_nav(nav: pd.Series, consumer_prices: pd.Series) -> pd.Series:
    """NAV in the consumer prices of its first date, by what was known of them: the index comes out with a lag.

    The index of month m is published in the next, and known from the last day of month m + 1 on. So NAV at a month's
    end is divided by the index of the month before, and on days within a month by that of two months before.

    Args:
        nav: (P,) currency.
        consumer_prices: the index, one value a month dated in it, above 0; no NaN. A month that was never published
            counts as unchanged until the next.

    Returns:
        (P,) the first is that of `nav`.

    Raises:
        ValueError: the index begins too late for the first date of NAV, or ends before what the last one needs.

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
            "known on the first and last date of NAV"
        )
    index = consumer_prices.to_numpy()[known.searchsorted(newest, side="right") - 1]
    return pd.Series(nav.to_numpy() * (index[0] / index), index=nav.index, name="real_nav")


def compound_growth(result: RunRecord, consumer_prices: pd.Series | None = None) -> dict[str, float]:
    """CAGR gross of trading costs and other fees, net of them, and real, side by side.

    Args:
        result: of a run.
        consumer_prices: as of `real_nav`; by default those of the run.

    Returns:
        Decimals per year: `gross` of `gross_returns`, `net` that of NAV, and with consumer prices `real` that of
        `real_nav`. NaN for a run of less than a year.

    Example:
        >>> import backtest as bt
        >>> from backtest.data.sources.bundled_sample import Sample
        >>> prices = Sample("sample").fetch("us_cpi", None, 1.0).values["level"]
        >>> growth = compound_growth(bt.run("configs/60_40.yaml"), prices)
        >>> {name: round(rate, 4) for name, rate in growth.items()}
        {'gross': 0.107, 'net': 0.1068, 'real': 0.066}
    """
    nav, prices = result.nav, result.consumer_prices if consumer_prices is None else consumer_prices
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
    """(P - 1, n + 7) what each asset and each of `SOURCES` added in each period, currency; NAV begins at 1."""
    count, added = len(result.assets), result.contributions.to_numpy()[1:]
    spread = result.financing_drag.to_numpy()[1:]
    costs = {name: result.costs[name].to_numpy()[1:] for name in ("financing", "borrow", "trading", "fees")}
    paid = (costs["financing"] - spread, spread, costs["borrow"], costs["trading"], costs["fees"])
    return np.column_stack([added[:, : count + 1], *(0.0 - cost for cost in paid), added[:, -1]])


def _table(values: Floats, result: RunRecord, dates: pd.DatetimeIndex) -> pd.DataFrame:
    return pd.DataFrame(values, index=dates, columns=[*result.assets, *SOURCES])
