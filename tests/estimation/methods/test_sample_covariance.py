"""Rolling sample covariance, compared with numpy and pandas, whether or not its windows share sums."""

from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backtest.estimation.estimator import window_rows
from backtest.estimation.methods.sample_covariance import Sample, rolling_sample_covariance
from backtest.estimation.windows import weighted_sums
from backtest.estimation.windows.block_sums import anchored_covariances, block_rows
from backtest.estimation.windows.weighted_sums import rolling_weighted_covariances, weighted_covariance
from support.builders.covariance_error import error

Array = np.ndarray[Any, np.dtype[np.float64]]

RETURNS = np.random.default_rng(3).normal(0.001, 0.02, (60, 4))
ROUNDING = 1e-16  # of entries near 4e-4: a few units in the last place


def by_numpy(returns: Array, rows: range | list[int], window: int) -> Array:
    """Return NumPy's covariance of each window."""
    count = returns.shape[1]
    return np.array([np.cov(returns[row + 1 - window : row + 1].T).reshape(count, count) for row in rows])


def test_each_window_is_numpys_covariance_of_its_last_returns() -> None:
    """The divisor is window - 1, and the row itself is included: one row earlier or later would fail."""
    found = rolling_sample_covariance(RETURNS, [11, 30, 59], 12)
    for matrix, row in zip(found, (11, 30, 59), strict=True):
        np.testing.assert_allclose(matrix, np.cov(RETURNS[row - 11 : row + 1].T), rtol=0, atol=ROUNDING)


def test_covariance_equals_pandas_rolling() -> None:
    """Another algorithm, with running sums: its updates lose some digits, hence 1e-15."""
    rolled = pd.DataFrame(RETURNS).rolling(20).cov()
    found = rolling_sample_covariance(RETURNS, list(range(60)), 20)
    for row in range(60):
        np.testing.assert_allclose(found[row], rolled.loc[row], rtol=0, atol=1e-15, equal_nan=True)


def test_a_window_that_is_not_full_has_no_covariance() -> None:
    """This applies to the first rows and to an asset that lacks a return; the others keep theirs, to the last bit."""
    gap = RETURNS.copy()
    gap[25, 2] = np.nan
    whole = rolling_sample_covariance(RETURNS, [10, 11, 30, 40], 12)
    found = rolling_sample_covariance(gap, [10, 11, 30, 40], 12)
    assert np.isnan(found[0]).all()
    assert np.isnan(found[2][2]).all()
    assert np.isnan(found[2][:, 2]).all()
    others = np.ix_([0, 1, 3], [0, 1, 3])
    assert np.isfinite(found[2][others]).all()
    np.testing.assert_allclose(found[2][others], whole[2][others], rtol=0, atol=ROUNDING)
    assert found[3].tobytes() == whole[3].tobytes()


@given(st.integers(2, 12), st.floats(0.1, 10.0), st.integers(0, 2**32 - 1))
def test_covariance_scales_with_the_square_and_ignores_constants(window: int, scale: float, seed: int) -> None:
    """cov(c + s x) = s² cov(x), to the rounding of the constant, which is 1: hence 1e-14 of a variance near 1."""
    x = np.random.default_rng(seed).normal(size=(12, 3))
    (plain,) = rolling_sample_covariance(x, [11], window)
    (moved,) = rolling_sample_covariance(1.0 + scale * x, [11], window)
    np.testing.assert_allclose(moved, scale**2 * plain, rtol=0, atol=1e-13 * max(1.0, scale**2))


@pytest.mark.parametrize(
    ("window", "periods", "rows"), [(36, 12, 36), ("3Y", 12, 36), ("3Y", 252, 756), ("252D", 12, 252)]
)
def test_a_window_in_rows(window: int | str, periods: int, rows: int) -> None:
    assert window_rows(Sample(window=window).window, periods) == rows


def test_invalid_windows_are_rejected() -> None:
    with pytest.raises(ValueError, match="'3W' is not a window"):
        window_rows("3W", 12)


# ---------------------------------------------------------------------------------------------------------- shared sums


def shared(returns: Array, rows: range | list[int], window: int) -> Array:
    """Return the covariances after checking that their windows share sums."""
    with patch.object(weighted_sums, "anchored_covariances", wraps=anchored_covariances) as watched:
        found = rolling_sample_covariance(returns, list(rows), window)
    assert watched.call_count >= 1
    return found


@pytest.mark.parametrize("count", [1, 2, 3, 6, 17, 60])
@pytest.mark.parametrize(("window", "step"), [(64, 1), (64, 8), (100, 5), (130, 16), (252, 21), (756, 21), (1000, 125)])
def test_shared_sums_equal_numpys_covariances(count: int, window: int, step: int) -> None:
    """The rows lie on both sides of several anchors, with whole blocks and parts of them; 1e-12 is promised."""
    returns = np.random.default_rng(window).normal(0.0003, 0.01, (2 * window + 300, count))
    rows = range(window - 1, len(returns), step)
    assert error(shared(returns, rows, window), by_numpy(returns, rows, window)) < 1e-12


def test_large_matrices_do_not_depend_on_later_dates() -> None:
    """With 190 assets a matrix fills a whole batch. Whatever comes after a date, its bits are the same."""
    returns = np.random.default_rng(14).normal(0.0003, 0.01, (300, 190))
    rows = range(130, 300, 12)
    found = shared(returns, rows, 128)
    assert error(found, by_numpy(returns, rows, 128)) < 1e-12
    assert (found == found.swapaxes(1, 2)).all()
    later = returns.copy()
    later[203:] = np.nan
    assert shared(later, rows, 128)[:7].tobytes() == found[:7].tobytes()
    assert shared(returns[:203], rows[:7], 128).tobytes() == found[:7].tobytes()


def test_a_calm_after_a_storm_keeps_its_digits() -> None:
    """Volatility falls a million times: subtracting the storm from running sums would leave no correct digit."""
    returns = np.random.default_rng(0).normal(size=(900, 3))
    returns[:300] *= 1e6
    rows, window = range(100, 900, 10), 100
    expected = by_numpy(returns, rows, window)
    assert error(shared(returns, rows, window), expected) < 1e-12
    products = np.cumsum(returns[:, :, None] * returns[:, None, :], axis=0)
    totals = np.cumsum(returns, axis=0)
    at, before = np.array(rows), np.array(rows) - window
    mean = (totals[at] - totals[before]) / window
    running = (products[at] - products[before] - window * mean[:, :, None] * mean[:, None, :]) / (window - 1)
    assert error(running[-1], expected[-1]) > 1e-4


@pytest.mark.parametrize("far", [0.0, 1.0, 1e6])
def test_assets_may_have_very_different_volatilities_and_means(far: float) -> None:
    """Volatilities from 1e-6 to 1e3, means up to a million of them: the anchor's return removes the mean."""
    scale = np.array([1e-6, 1.0, 1e3])
    returns = (far + np.random.default_rng(1).normal(size=(500, 3))) * scale
    rows = range(99, 500, 7)
    assert error(shared(returns, rows, 100), by_numpy(returns, rows, 100)) < 1e-12


def test_windows_with_an_outlier_as_anchor_are_computed_separately() -> None:
    """Row 504 is an outlier and an anchor: all windows that contain it are computed one by one, to the last bit."""
    window = 252
    returns = np.random.default_rng(2).normal(size=(1000, 3))
    returns[504, 1] = 1e4
    rows = range(400, 1000, 20)
    found = shared(returns, rows, window)
    assert error(found, by_numpy(returns, rows, window)) < 1e-12
    alone = [weighted_covariance(returns[None, row + 1 - window : row + 1])[0] for row in rows]
    same = [matrix.tobytes() == other.tobytes() for matrix, other in zip(found, alone, strict=True)]
    assert same == [504 <= row < 756 for row in rows]


def test_returns_that_do_not_vary_have_a_variance_of_zero_exactly() -> None:
    returns = np.random.default_rng(4).normal(size=(300, 3))
    returns[:, 1] = 0.1
    found = shared(returns, range(99, 300, 5), 100)
    assert not found[1:, 1].any()
    assert not found[1:, :, 1].any()


def test_gap_affects_only_its_own_windows() -> None:
    """Sums may be shared: a missing return leaves no trace once it is out of the window."""
    returns = np.random.default_rng(5).normal(size=(400, 3))
    gap = returns.copy()
    gap[150, 1] = np.nan
    rows = list(range(99, 400, 4))
    whole, found = shared(returns, rows, 100), shared(gap, rows, 100)
    for k, row in enumerate(rows):
        assert np.isnan(found[k][1]).all() == (150 <= row < 250)
        assert np.isnan(found[k][:, 1]).all() == (150 <= row < 250)
    others = np.ix_(range(len(rows)), [0, 2], [0, 2])
    assert error(found[others], whole[others]) < 1e-14


@settings(max_examples=60, deadline=None)
@given(
    st.integers(64, 200),
    st.lists(st.integers(1, 40), min_size=3, max_size=40),
    st.sampled_from([1.0, 0.999, 0.97, 0.5]),
    st.integers(0, 2**32 - 1),
)
def test_shared_sums_do_not_depend_on_the_requested_dates(
    window: int, steps: list[int], decay: float, seed: int
) -> None:
    """Each date equals the date alone, whatever other dates are requested, also with falling weights; to 1e-12."""
    rows = (window - 2 + np.cumsum(steps)).tolist()
    returns = np.random.default_rng(seed).standard_t(3, (rows[-1] + 1, 3)) * [1.0, 1e-3, 30.0]
    together = rolling_weighted_covariances(returns, rows, window, decay=decay)
    alone = np.stack([weighted_covariance(returns[row + 1 - window : row + 1], decay) for row in rows])
    assert error(together, alone) < 1e-12


def test_memory_of_shared_sums_is_bounded() -> None:
    """Blocks grow with the number of assets; windows shorter than four blocks have a product each."""
    for count in (10, 500, 1000, 3000):
        assert 2 * 756 / block_rows(756, count) * 8 * count**2 <= 2**27
    returns = np.random.default_rng(6).normal(size=(200, 2))
    with patch.object(weighted_sums, "anchored_covariances", wraps=anchored_covariances) as sharing:
        rolling_sample_covariance(returns, list(range(62, 200, 2)), 63)  # 3.9 blocks
        sharing.assert_not_called()
        rolling_sample_covariance(returns, list(range(99, 200, 13)), 100)  # fewer than eight dates a window
        assert [call.args[1] for call in sharing.call_args_list] == [[99]]  # the first: more dates might follow it
