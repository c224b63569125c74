"""Levered ERC reaches its benchmark's volatility, within its cap, or states what is missing."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import backtest as bt
from support.builders.market_files import write_config, write_csv
from support.strategies.shipped_strategies import CLASSES, asked, configuration, market, run, views_of

# --------------------------------------------------------------------------------- leverage to a benchmark's volatility


def test_levered_erc_takes_on_the_volatility_of_its_benchmark(tmp_path: Path) -> None:
    """`target_volatility: benchmark`: by the run's covariance the levered portfolio is as volatile as the benchmark's.

    Both forecasts are computed here from the views' own covariances; to 1e-12, being a ratio of two square roots.
    """
    strategy, batch = asked(tmp_path, "levered_erc", {"target_volatility": "benchmark", "max_gross_exposure": 50.0})
    for view in views_of(strategy, batch):
        sigma = view.covariance.to_numpy()
        weights = strategy.target_weights(view)[list(view.assets)].to_numpy()
        followed = view.benchmark_target_weights
        assert followed.to_dict() == pytest.approx({"spx": 0.3, "eafe": 0.3, "ust": 0.4, "gold": 0.0, "oil": 0.0})
        other = followed[list(view.assets)].to_numpy()
        assert weights @ sigma @ weights == pytest.approx(other @ sigma @ other, rel=1e-12)
        shares = weights * (sigma @ weights) / (weights @ sigma @ weights)
        np.testing.assert_allclose(shares, 1 / len(shares), rtol=1e-9)


def test_levered_erc_is_capped(tmp_path: Path) -> None:
    """No gross exposure above the cap, whatever volatility is wanted; where it binds it is met, but for rounding."""
    result = run(tmp_path, market(), "levered_erc", {"target_volatility": 2.0, "max_gross_exposure": 2.5})
    np.testing.assert_allclose(result.target_weights.sum(axis=1), 2.5, rtol=1e-14)


@pytest.mark.parametrize("benchmark", [False, True])
def test_levered_erc_says_what_it_misses_of_a_benchmark(tmp_path: Path, benchmark: bool) -> None:
    """No benchmark, or one that holds what the run has no covariance of: an error that names it, not a guess."""
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
