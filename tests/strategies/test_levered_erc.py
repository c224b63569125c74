"""Levered ERC reaches its benchmark's volatility, within its cap, or states what is missing."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import backtest as bt
from support.builders.market_files import write_config, write_csv
from support.strategies.shipped_strategies import CLASSES, asked, configuration, market, run, views_of


def test_levered_erc_has_the_volatility_of_its_benchmark(tmp_path: Path) -> None:
    """With `target_volatility: benchmark`, both portfolios have the same volatility by the run's covariance.

    Both forecasts are computed here from the covariances of the views, and agree to 1e-12.
    """
    strategy, batch = asked(tmp_path, "levered_erc", {"target_volatility": "benchmark", "max_gross_exposure": 50.0})
    for view in views_of(strategy, batch):
        sigma = view.covariance.to_numpy()
        weights = pd.Series(strategy.target_weights(view))[list(view.assets)].to_numpy()
        followed = view.benchmark_target_weights
        assert followed.to_dict() == pytest.approx({"spx": 0.3, "eafe": 0.3, "ust": 0.4, "gold": 0.0, "oil": 0.0})
        other = followed[list(view.assets)].to_numpy()
        assert weights @ sigma @ weights == pytest.approx(other @ sigma @ other, rel=1e-12)
        shares = weights * (sigma @ weights) / (weights @ sigma @ weights)
        np.testing.assert_allclose(shares, 1 / len(shares), rtol=1e-9)


def test_gross_exposure_of_levered_erc_is_capped(tmp_path: Path) -> None:
    """Gross exposure equals the cap, up to rounding, if the target volatility needs more."""
    result = run(tmp_path, market(), "levered_erc", {"target_volatility": 2.0, "max_gross_exposure": 2.5})
    np.testing.assert_allclose(result.target_weights.sum(axis=1), 2.5, rtol=1e-14)


@pytest.mark.parametrize("benchmark", [False, True])
def test_levered_erc_reports_an_unusable_benchmark(tmp_path: Path, benchmark: bool) -> None:
    """A missing benchmark, or one that holds an asset without covariance in the run, is an error that names it."""
    write_csv(market(), tmp_path / "market.csv")
    path = configuration(tmp_path, "levered_erc", {"target_volatility": "benchmark"})
    if benchmark:
        data = {"source": "csv", "path": "market.csv", "cash": "bills", "assets": ["spx", "ust", "gold", "oil"]}
        more: dict[str, Any] = {"benchmark": "benchmark.yaml"}
    else:
        data = {"source": "csv", "path": "market.csv", "cash": "bills", "assets": list(CLASSES)}
        more = {}
    choice = {"name": "levered_erc", "target_volatility": "benchmark"}
    write_config(path, data=data, estimation={"window": 20}, strategy=choice, **more)
    with pytest.raises(bt.BacktestError, match="eafe" if benchmark else "benchmark"):
        bt.run(path)
