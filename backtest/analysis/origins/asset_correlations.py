"""Correlations of a run's assets: over all its periods, in crises and outside, and of stocks and bonds over time."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from backtest.analysis.metrics.rolling_measures import rolling_correlation
from backtest.analysis.origins.regime_labels import YEAR, class_returns
from backtest.analysis.run_record import RunRecord
from backtest.analysis.tables.crises import overlapping_crises
from backtest.analysis.uncertainty.batches import FEWEST
from backtest.numerics.arrays import Bools, Ints


@dataclass(frozen=True, eq=False)
class AssetCorrelations:
    """Pearson's correlations of the returns of n assets; NaN for fewer than 24 common periods, or without variance.

    Args:
        whole: (n, n) over all periods; neighbours are alike, in the order of single-linkage clustering.
        crises: (n, n) over the periods that end in a crisis, in the same order.
        periods: number of periods that end in a crisis.
        outside: (n, n) over all other periods, in the same order.
        stock_bond: (M,) over the 12 months up to each month's end, of the mean returns of the classes `equities` and
            `bonds`; empty without both.
    """

    whole: pd.DataFrame
    crises: pd.DataFrame
    periods: int
    outside: pd.DataFrame
    stock_bond: pd.Series


def asset_correlations(record: RunRecord) -> AssetCorrelations:
    """Return the correlations of a run's assets, from returns per period of the run, 24 common ones or more.

    Args:
        record: a run of one asset or more.

    Example:
        >>> import backtest as bt
        >>> found = bt.run("configs/erc.yaml").asset_correlations
        >>> found.whole.columns.tolist()
        ['us_stocks', 'us_treasury_10y', 'gold', 'crude_oil']
        >>> [round(float(part.loc["us_stocks", "us_treasury_10y"]), 2) for part in (found.whole, found.crises)]
        [-0.1, -0.21]
    """
    returns = record.asset_returns.iloc[1:]
    whole = _correlations(returns)
    order = [str(name) for name in whole.columns[_leaves(whole)]]
    inside = _in_crises(pd.DatetimeIndex(record.asset_returns.index))[1:]
    parts = (returns[inside], returns[~inside])
    crises, outside = (_correlations(part).loc[order, order] for part in parts)
    return AssetCorrelations(whole.loc[order, order], crises, int(inside.sum()), outside, _stock_bond(record))


def _correlations(returns: pd.DataFrame) -> pd.DataFrame:
    """Return the correlations of assets; pandas, which skips missing returns pair by pair, takes minutes for 2,000."""
    if len(returns) < FEWEST or returns.isna().to_numpy().any():
        return returns.corr(min_periods=FEWEST)
    with np.errstate(invalid="ignore"):  # an asset without variance has none
        values = np.corrcoef(returns.to_numpy(), rowvar=False)
    return pd.DataFrame(np.atleast_2d(values), returns.columns, returns.columns)


def _leaves(correlations: pd.DataFrame) -> Ints:
    """Return the positions of the assets in the order of their tree; unknown correlations count as 0."""
    leaves: Ints = np.zeros((1, len(correlations)), dtype=np.int64)
    if len(correlations) > 1:
        from backtest.risk.solvers.single_linkage_kernel import single_linkage_leaves  # Numba takes a while to load

        single_linkage_leaves(np.ascontiguousarray(correlations.fillna(0.0).to_numpy()[None]), leaves)
    first: Ints = leaves[0]
    return first


def _in_crises(dates: pd.DatetimeIndex) -> Bools:
    """Return which dates are after the start of a crisis, and not after its end or the first date that follows it."""
    inside: Bools = np.zeros(len(dates), dtype=bool)
    for crisis in overlapping_crises(dates):
        first, last = dates.searchsorted(crisis.start, side="right"), dates.searchsorted(crisis.end)
        inside[first : last + 1] = True
    return inside


def _stock_bond(record: RunRecord) -> pd.Series:
    if record.periods_per_year < YEAR:
        return pd.Series(dtype=float)
    pairs = pd.DataFrame({name: class_returns(record, name) for name in ("equities", "bonds")}).dropna()
    return rolling_correlation(pairs["equities"], pairs["bonds"], YEAR).rename("stock_bond").dropna()
