"""Jumps that no market makes, and recorded splits that were not applied, are found; large moves of markets are not."""

import numpy as np
import pandas as pd
import pytest

from backtest.data.quality.anomalies import find
from backtest.data.quality.finding import Finding
from backtest.numerics.arrays import Floats

DAYS = pd.bdate_range("2015-01-01", periods=800).to_numpy()
MONTHS = pd.date_range("1990-01-31", periods=200, freq="ME").to_numpy()
ROW = 400


def walk(seed: int, count: int = 800, volatility: float = 0.01) -> Floats:
    steps: Floats = np.random.default_rng(seed).standard_normal(count) * volatility
    return 100 * np.exp(np.cumsum(steps))


def found(levels: Floats, splits: Floats | None = None) -> list[Finding]:
    return find("A", DAYS, levels, 252, splits=splits)


@pytest.mark.parametrize("factor", [1000, 1 / 1000, 3.7, 0.23, 1e-4])
@pytest.mark.parametrize("seed", range(3))
def test_a_level_that_shifts_for_good_is_a_jump(factor: float, seed: int) -> None:
    """Another currency or unit, thousands read as decimals, or a return of -0.9999 that stands for no value."""
    levels = walk(seed)
    levels[ROW:] *= factor * levels[ROW - 1] / levels[ROW]
    (finding,) = found(levels)
    assert (finding.check, finding.first) == ("jump", DAYS[ROW].astype("M8[D]").item())
    assert f"a factor of {max(factor, 1 / factor):.3g}; expected moves near its usual" in finding.text


def test_a_small_jump_of_a_series_that_hardly_moves_is_found() -> None:
    """A third more than the day before: a share may gain it, a fund of bills with moves of a basis point may not."""
    levels = walk(1, volatility=0.0001)
    levels[ROW:] *= 1.35
    assert [finding.check for finding in found(levels)] == ["jump"]
    levels = walk(1)
    levels[ROW:] *= 1.35
    assert found(levels) == []


@pytest.mark.parametrize("seed", range(3))
def test_a_split_of_monthly_data_is_found(seed: int) -> None:
    levels = walk(seed, 200, 0.03)
    levels[100:] /= 1.5 * levels[100] / levels[99]
    (finding,) = find("A", MONTHS, levels, 12)
    assert "as by a split of 3 for 2 that was not adjusted" in finding.text
    levels[100:] *= 1.5 * 0.75  # a fall by a quarter, as in October 1987, is not one
    assert find("A", MONTHS, levels, 12) == []


@pytest.mark.parametrize(("new", "old"), [(11, 10), (5, 4), (4, 3), (3, 2), (1, 190), (7, 1)])
@pytest.mark.parametrize("seed", range(3))
def test_a_recorded_split_that_was_not_applied_is_found_at_any_ratio(new: int, old: int, seed: int) -> None:
    levels, splits = walk(seed), np.zeros(800)
    splits[ROW] = new / old
    assert found(levels, splits) == []
    levels[ROW:] *= old / new
    (finding,) = found(levels, splits)
    assert (finding.check, finding.first) == ("split", DAYS[ROW].astype("M8[D]").item())
    ratio = f"a split of {new} for {old}"
    assert f"as by {ratio} that was not adjusted; {ratio} is recorded on {finding.first}; expected" in finding.text


def test_a_stock_dividend_within_usual_moves_is_not_judged() -> None:
    levels, splits = walk(2), np.zeros(800)
    splits[[ROW, 0]] = 1.01, 2.0  # a split on the first date moves nothing
    levels[ROW:] /= 1.01
    assert found(levels, splits) == []
