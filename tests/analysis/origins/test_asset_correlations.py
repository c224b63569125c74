"""Correlations are NumPy's over the chosen periods, in SciPy's order of clusters.

1. a period counts as a crisis if it ends after the start of one, up to the first date on or after its end;
2. fewer than 24 common periods have no correlation, nor does an asset that does not vary.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.cluster import hierarchy
from scipy.spatial.distance import pdist

from backtest.analysis import BacktestResult
from support.builders.synthetic_result import synthetic_result

NAMES = ["stocks", "gold", "bonds", "tech"]


def result(periods: int = 120) -> BacktestResult:
    """Return a run from 2003 on of four assets, of which stocks and tech move together."""
    made = synthetic_result(periods, tuple(NAMES))
    rng = np.random.default_rng(5)
    values = rng.normal(0.005, 0.03, (periods + 1, 4))
    values[:, 3] = values[:, 0] + rng.normal(0, 0.01, periods + 1)
    returns = pd.DataFrame(values, index=made.nav.index, columns=NAMES)
    return replace(made, asset_returns=returns, classes={"stocks": "equities", "tech": "equities", "bonds": "bonds"})


def test_they_are_correlations_of_the_chosen_periods() -> None:
    run = result()
    found, returns = run.asset_correlations, run.asset_returns.iloc[1:]
    months = [
        ("2007-10", "2009-03"),
        ("2011-04", "2011-10"),
        ("2013-05", "2013-09"),
    ]  # peak to trough, by the months' last dates
    inside = np.zeros(len(returns), dtype=bool)
    for first, last in months:
        inside |= (returns.index >= pd.Timestamp(first)) & (returns.index <= pd.Timestamp(last) + pd.offsets.MonthEnd())
    assert found.periods == inside.sum()
    for table, rows in ((found.whole, inside | True), (found.crises, inside), (found.outside, ~inside)):
        expected = np.corrcoef(returns.loc[rows, list(table.columns)].to_numpy().T)
        np.testing.assert_allclose(table, expected, rtol=0, atol=1e-14)  # rounding of sums of 100 products


def test_neighbours_are_alike() -> None:
    run = result()
    correlations = run.asset_returns.iloc[1:].corr().to_numpy()
    leaves = hierarchy.leaves_list(hierarchy.linkage(pdist(np.sqrt(0.5 * (1 - correlations))), "single"))
    assert list(run.asset_correlations.whole.columns) == [NAMES[leaf] for leaf in leaves]
    places = [list(run.asset_correlations.whole.columns).index(name) for name in ("stocks", "tech")]
    assert abs(places[0] - places[1]) == 1


def test_stocks_and_bonds_over_12_months() -> None:
    run = result()
    last = run.asset_returns.iloc[-12:]
    expected = last[["stocks", "tech"]].mean(axis=1).corr(last["bonds"])
    assert run.asset_correlations.stock_bond.iloc[-1] == pytest.approx(expected, rel=1e-12)
    assert len(run.asset_correlations.stock_bond) == 109
    assert replace(run, classes={}).asset_correlations.stock_bond.empty
    assert replace(run, periods_per_year=4).asset_correlations.stock_bond.empty


def test_few_periods_and_still_assets_have_none() -> None:
    run = result()
    still = run.asset_returns.assign(gold=0.0)
    assert replace(run, asset_returns=still).asset_correlations.whole["gold"].isna().all()
    assert result(23).asset_correlations.whole.isna().all(axis=None)
    assert result(24).asset_correlations.whole.notna().all(axis=None)
