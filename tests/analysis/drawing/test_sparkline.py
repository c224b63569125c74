"""Sparklines keep the extremes, and lie within their picture for any NAVs."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtest.analysis.drawing.sparkline import POINTS, heights, polylines, sparkline

NAVS = st.lists(st.floats(0.0, 1e6, allow_subnormal=False), min_size=1, max_size=300)
LINES = st.lists(NAVS, min_size=1, max_size=4)


@given(NAVS)
def test_a_sparkline_is_short_and_keeps_first_last_highest_and_lowest(navs: list[float]) -> None:
    """To four significant digits: half a unit of the fourth is at most 5e-4 of a value."""
    nav = pd.Series(navs, pd.date_range("2000-01-01", periods=len(navs)), dtype=float)
    points = sparkline(nav)
    assert len(points) <= POINTS
    assert len(points) == len(navs) or len(navs) > POINTS
    shown = [points[0], points[-1], max(points), min(points)]
    assert shown == pytest.approx([navs[0], navs[-1], max(navs), min(navs)], rel=5e-4)
    assert all(len(f"{point:.15g}".replace(".", "").strip("0").partition("e")[0]) <= 4 for point in points)


@given(LINES)
def test_heights_share_one_scale_and_keep_their_order(lines: list[list[float]]) -> None:
    shown = np.concatenate(heights(lines))
    values = np.concatenate([np.asarray(line) for line in lines])
    assert ((shown >= 0) & (shown <= 1)).all()
    if values.max() > values.min() and len(set(shown)) > 1:
        assert (shown.min(), shown.max()) == (0, 1)
    order = np.argsort(values, kind="stable")
    assert (np.diff(shown[order]) >= 0).all()


@given(st.floats(-0.5, -1e-3) | st.floats(1e-3, 2.0), st.integers(2, 40))
def test_constant_growth_is_a_straight_line(rate: float, count: int) -> None:
    """The scale is logarithmic; 1e-9 is well above the rounding of the logs."""
    (line,) = heights([((1 + rate) ** np.arange(count)).tolist()])
    assert np.ptp(np.diff(line)) == pytest.approx(0, abs=1e-9)


@given(LINES)
def test_lines_stay_inside_their_picture(lines: list[list[float]]) -> None:
    for text, line in zip(polylines(lines, 120.0, 28.0), lines, strict=True):
        points = np.array([[float(number) for number in point.split(",")] for point in text.split()])
        assert len(points) == max(2, len(line))
        assert (points[0, 0], points[-1, 0]) == (1, 119)
        assert (np.diff(points[:, 0]) >= 0).all()
        assert ((points[:, 1] >= 1) & (points[:, 1] <= 27)).all()


def test_rising_values_are_drawn_upwards() -> None:
    assert polylines([[1.0, 2.0]], 10.0, 10.0, 0.0) == ["0.0,10.0 10.0,0.0"]
    assert polylines([[2.0], [1.0]], 10.0, 10.0, 0.0) == ["0.0,0.0 10.0,0.0", "0.0,10.0 10.0,10.0"]
