"""Decisions in force: each is a step over the dates of NAV, from its trade to the trade of the next decision.

1. the oracle is the forecast that applies to a period (`forecasts_in_force`), which is computed from the trades;
2. a decision dated before the first NAV is in force on the first NAV;
3. a decision inside its bands, which trades nothing, is in force from the date on which it would have been traded;
4. a decision that awaits its trade at the end of the run is not in force.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from backtest.analysis import BacktestResult
from backtest.analysis.metrics.forecasts import PORTFOLIO, forecasts_in_force
from backtest.analysis.tables.in_force import dates_in_force, in_force
from support.builders.market_files import dates_of, random_levels, write_config, write_csv

COUNT = 700


def ran(folder: Path, rebalance: dict[str, Any], spacing: str = "daily") -> BacktestResult:
    rng = np.random.default_rng(5)
    dates = dates_of(spacing, COUNT, rng)
    write_csv(pd.DataFrame(random_levels(dates, [0.2, 0.1], rng), index=dates, columns=["A", "B"]), folder / "m.csv")
    config = write_config(
        folder / "mine.yaml",
        data={"source": "csv", "path": "m.csv", "cash": 0.0, "assets": ["A", "B"]},
        estimation={"window": 60},
        strategy={"name": "erc"},
        rebalance=rebalance,
    )
    return bt.run(config)


@pytest.mark.parametrize("spacing", ["daily", "monthly"])
@pytest.mark.parametrize("frequency", ["monthly", "quarterly", "yearly", "never"])
@pytest.mark.parametrize("lag", [0, 1, 5])
def test_the_forecast_in_force_applies_to_the_next_period(
    tmp_path: Path, frequency: str, lag: int, spacing: str
) -> None:
    result = ran(tmp_path, {"frequency": frequency, "execution_lag": lag}, spacing)
    found = in_force(result.forecast_volatility.to_frame(), result).reindex(result.nav.index, method="ffill")
    expected = forecasts_in_force(result)[PORTFOLIO].to_numpy() * np.sqrt(result.periods_per_year)
    np.testing.assert_allclose(found.to_numpy()[:-1, 0], expected, rtol=1e-14)  # the oracle is per period and back
    if lag > 0:
        assert result.target_weights.index[0] < result.nav.index[0]


def test_a_decision_that_awaits_its_trade_is_not_in_force(tmp_path: Path) -> None:
    result = ran(tmp_path, {"frequency": "monthly", "execution_lag": 5})
    assert pd.isna(dates_in_force(result).iloc[-1])
    last = in_force(result.target_weights, result).iloc[-1]
    traded = result.trade_dates.dropna().index[-1]
    pd.testing.assert_series_equal(last, result.target_weights.loc[traded], check_names=False)


def test_a_decision_inside_its_bands_is_in_force_from_its_trade_date(tmp_path: Path) -> None:
    result = ran(tmp_path, {"frequency": "monthly", "execution_lag": 3, "bands": {"absolute": 0.9}})
    assert result.trade_dates.notna().sum() == 1  # the purchase: no weight of two drifts by 0.9
    dates, since = result.nav.index, dates_in_force(result)
    inside = since.iloc[1:].dropna()
    assert len(inside) > 20
    np.testing.assert_array_equal(dates.get_indexer(pd.DatetimeIndex(inside)), dates.get_indexer(inside.index) + 3)


def test_a_decision_without_a_covariance_leaves_a_gap(tmp_path: Path) -> None:
    result = ran(tmp_path, {"frequency": "monthly"})
    lacking = result.risk_contributions.drop(result.risk_contributions.index[4])
    steps = in_force(lacking, result)
    assert steps.isna().all(axis=1).to_numpy().nonzero()[0].tolist() == [4]
