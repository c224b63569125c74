"""Trades to the edge of bands: the nearest weights with the sum and the signs of the targets."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import backtest as bt
from backtest.engine.kernels.state import HELD, TARGET, WIDTH
from backtest.engine.kernels.trade_kernel import move_to_bands
from support.builders.market_files import write_config, write_csv

Array = np.ndarray


def ends(targets: Array, widths: Array) -> tuple[Array, Array]:
    """Return the lowest and the highest weight of each band."""
    low = np.where(targets > 0, np.maximum(0, targets - widths), np.where(targets < 0, targets - widths, 0.0))
    high = np.where(targets < 0, np.minimum(0, targets + widths), np.where(targets > 0, targets + widths, 0.0))
    return low, high


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_edge_is_the_nearest_point_of_the_bands_with_the_sum_of_the_targets(seed: int) -> None:
    """The conditions of Karush, Kuhn and Tucker, which hold at the least sum of squares and nowhere else.

    The sum is the sum of the targets. Weights strictly inside their bands have moved by the same μ, weights at the low
    end by μ or more, and weights at the high end by μ or less. Some targets are zero or short, and some bands are wider
    than their target.
    """
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 9))
    table = np.zeros((6, count))
    targets = rng.normal(0.2, 0.4, count) * rng.integers(0, 2, count)
    table[TARGET], table[HELD] = targets, targets + rng.normal(0, 0.2, count)
    table[WIDTH] = rng.choice([0.0, 0.02, 0.1, 0.5], count)
    low, high = ends(targets, table[WIDTH])
    move_to_bands(table)
    weights, moved = table[TARGET], table[TARGET] - table[HELD]
    assert (weights >= low).all()
    assert (weights <= high).all()
    assert weights.sum() == pytest.approx(targets.sum(), abs=1e-13 * count)
    assert (weights[targets == 0] == 0).all()
    assert (weights * targets >= 0).all()
    inside, room = (weights > low) & (weights < high), 1e-12
    least = moved[inside].max(initial=moved[(weights >= high) & (high > low)].max(initial=-np.inf))
    most = moved[inside].min(initial=moved[(weights <= low) & (high > low)].min(initial=np.inf))
    assert least <= most + room


@pytest.mark.parametrize("weights", [{"a": 0.75, "b": 0.24, "c": 0.01}, {"a": 0.75, "b": 0.25}, {"a": 1.2, "b": -0.01}])
@pytest.mark.parametrize("leverage", [1.0, 2.0])
@pytest.mark.parametrize("relative", [None, 0.5])
def test_a_run_to_the_edge_keeps_the_signs_of_its_targets(
    tmp_path: Path, weights: dict[str, float], leverage: float, relative: float | None
) -> None:
    """A falls by 30 %. Assets with a target of zero are not bought, and no position changes its sign."""
    dates, k = pd.bdate_range("2020-01-01", periods=90), np.arange(90)
    levels = pd.DataFrame({"a": 100 * (1 + 1e-4 * (k % 2)), "b": 100.0 + 0.01 * (k % 3), "c": 100.0 + 0.01 * (k % 5)})
    levels.loc[30:, "a"] *= 0.7
    write_csv(levels.set_index(dates), tmp_path / "prices.csv")
    bands = {"absolute": 0.05, "to": "edge"} | ({} if relative is None else {"relative": relative})
    result = bt.run(
        write_config(
            tmp_path / "edge.yaml",
            data={"source": "csv", "path": "prices.csv", "assets": ["a", "b", "c"], "cash": 0.0},
            strategy={"name": "sixty_forty", "weights": weights},
            leverage={"multiple": leverage},
            rebalance={"frequency": "monthly", "execution_lag": 0, "bands": bands},
        )
    )
    assert "band" in set(result.trade_terms["reason"])
    for name in "abc":
        sign = np.sign(weights.get(name, 0.0))
        assert set(np.sign(result.weights[name])) <= {0.0, sign}
    after = result.weights.loc[result.trades.index[1]]
    assert after.sum() == pytest.approx(leverage * sum(weights.values()), abs=1e-12)
