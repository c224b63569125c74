"""Thinned rows keep the features of the whole series that a picture needs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtest.analysis.drawing.thinning import rows_to_draw


@given(
    count=st.integers(1, 400), columns=st.integers(1, 4), room=st.integers(0, 60), seed=st.integers(0, 2**16),
    missing=st.booleans(),
)  # fmt: skip
def test_thinned_rows_rise_and_include_both_ends_and_all_extremes(
    count: int, columns: int, room: int, seed: int, missing: bool
) -> None:
    rng, most = np.random.default_rng(seed), 2 * columns + 2 + room
    values = rng.normal(size=(count, columns)).cumsum(axis=0)
    if missing:
        values[rng.random(values.shape) < 0.3] = np.nan
    rows = rows_to_draw(values, most)
    assert 1 <= len(rows) <= most
    assert (np.diff(rows) > 0).all()
    assert (rows[0], rows[-1]) == (0, count - 1)
    for column in values.T:
        if not np.isnan(column).all():
            assert np.nanmin(column[rows]) == np.nanmin(column)
            assert np.nanmax(column[rows]) == np.nanmax(column)


def test_short_series_are_not_thinned() -> None:
    assert rows_to_draw(np.ones((50, 6)), 50).tolist() == list(range(50))
    assert rows_to_draw(np.ones((1, 1)), 4).tolist() == [0]


def test_a_one_day_crash_in_fifty_years_is_drawn() -> None:
    """Every 13th row would miss it; it is the lowest row of its bucket."""
    values = np.ones((12_600, 6))
    values[7_001, 3] = 0.5
    rows = rows_to_draw(values, 1_000)
    assert 7_001 in rows
    assert len(rows) <= 1_000


def test_each_bucket_keeps_its_own_extremes() -> None:
    """A sawtooth with a tooth every 10 rows, 40 rows in 4 buckets: the lowest and highest of each, and the last row."""
    saw = np.tile(np.arange(10.0), 4)[:, None]
    assert rows_to_draw(saw, 10).tolist() == [0, 9, 10, 19, 20, 29, 30, 39]


def test_a_limit_below_one_bucket_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 122 rows or more for 60 columns"):
        rows_to_draw(np.zeros((1_000, 60)), 121)
    assert len(rows_to_draw(np.zeros((1_000, 60)), 122)) <= 122
