"""Regimes of calendar months, from a run's own market data.

Each label uses data up to the end of its month, so it says in which times a return was earned, not that anybody knew.
Definitions are in docs/conventions/measures.md#regimes.
"""

import pandas as pd

from backtest.analysis.metrics.rolling_measures import rolling_correlation
from backtest.analysis.run_record import RunRecord
from backtest.numerics.tolerances import NO_RISK

YEAR = 12  # months of each window


def by_month(returns: pd.DataFrame) -> pd.DataFrame:
    """Return the compounded returns of calendar months, dated at their ends; NaN where a month has no return.

    Args:
        returns: (P, k) decimal per period by date, a month or less.

    Example:
        >>> dates = pd.to_datetime(["2020-01-15", "2020-01-31", "2020-02-28"])
        >>> by_month(pd.DataFrame({"a": [0.1, 0.1, 0.05]}, index=dates))["a"].round(4).tolist()
        [0.21, 0.05]
    """
    months = pd.DatetimeIndex(returns.index) + pd.offsets.MonthEnd(0)
    return (1 + returns).groupby(months.normalize()).prod(min_count=1) - 1


def regime_labels(record: RunRecord, *, lagged: bool = False) -> pd.DataFrame:
    """Return the regime of each month, by each kind of regime that the data of a run tell.

    Args:
        record: a run with a period of a month or less.
        lagged: whether the label of a month is the one of the month before, and uses no later data.

    Returns:
        (M, k) texts by month's end, None where a regime is not known, as in the first year. Kinds: `cash rate`
        (rising, falling), `inflation` (rising, falling; with consumer prices), `volatility` (high, low), and
        `stock-bond correlation` (positive, negative; with assets of the classes `equities` and `bonds`).
    """
    assets = by_month(record.asset_returns.iloc[1:])
    cash = by_month(record.cash_returns.iloc[1:].to_frame()).iloc[:, 0]
    classes = pd.Series({asset: record.classes.get(asset, "") for asset in assets.columns})
    stocks, bonds = (assets.loc[:, (classes == name).to_numpy()].mean(axis=1) for name in ("equities", "bonds"))
    risky = stocks if stocks.notna().any() else assets.mean(axis=1)
    deviation = risky.rolling(YEAR).std()
    usual = deviation.expanding().median() if lagged else deviation.median()
    kinds = {
        "cash rate": _sides(cash - cash.shift(YEAR), "rising", "falling"),
        "volatility": _sides(deviation - usual, "high", "low"),
    }
    if record.consumer_prices is not None:
        prices = record.consumer_prices
        prices = prices.groupby(pd.DatetimeIndex(prices.index).normalize() + pd.offsets.MonthEnd(0)).last()
        inflation = prices / prices.shift(YEAR) - 1
        kinds["inflation"] = _sides(inflation - inflation.shift(YEAR), "rising", "falling").reindex(assets.index)
    both = (stocks + bonds).notna()
    if both.sum() > YEAR:
        correlation = rolling_correlation(stocks[both], bonds[both], YEAR)
        kinds["stock-bond correlation"] = _sides(correlation, "positive", "negative").reindex(assets.index)
    labels = pd.DataFrame(kinds)
    labels = labels.shift() if lagged else labels
    return labels.astype(object).where(labels.notna(), None)


def _sides(values: pd.Series, above: str, below: str) -> pd.Series:
    """Return a text for values above and below zero, None for zero within rounding and for NaN."""
    texts = pd.Series(None, index=values.index, dtype=object)
    texts[values > NO_RISK] = above
    texts[values < -NO_RISK] = below
    return texts
