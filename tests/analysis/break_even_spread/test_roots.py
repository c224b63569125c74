"""Roots of many functions at once: lines, curves far from lines, and agreement with a search one at a time."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from backtest.analysis.break_even_spread.roots import _next_share, _Points, nearest_roots


@pytest.mark.parametrize(
    ("curve", "root"),
    [
        (lambda x: (0.07 - x) ** 3, 0.07),
        (lambda x: np.exp(-60 * (x - 0.011)) - 1, 0.011),
        (lambda x: np.arctan(1e4 * (0.033 - x)), 0.033),
        (lambda x: np.sign(-0.0211 - x), -0.0211),
    ],
    ids=["flat", "steep", "turns sharply", "a step"],
)
def test_roots_of_curves_far_from_lines_are_found(curve: Callable[[np.ndarray], np.ndarray], root: float) -> None:
    """One function has a step instead of a root: the sign changes there, to twice the required 1e-13."""
    assert nearest_roots(lambda places, _: curve(places), 1, 0.2) == pytest.approx(root, abs=2e-13)


@pytest.mark.parametrize(
    "curve",
    [
        lambda x: np.exp(-60 * (x - 0.011)) - 1,
        lambda x: 0.3 - x - 40 * x**3,
        lambda x: np.cos(x + 1.45),
        lambda x: 1 / (0.3 + x) - 3,
    ],
)
def test_roots_of_smooth_curves_take_few_steps(curve: Callable[[np.ndarray], np.ndarray]) -> None:
    """Interpolation converges faster than linearly. Halving alone takes 37 steps from 1/16 of the bound to 1e-13."""
    calls: list[float] = []

    def counted(places: np.ndarray, _: np.ndarray) -> np.ndarray:
        calls.extend(places)
        return curve(places)

    nearest_roots(counted, 1, 0.2)
    assert len(calls) <= 15


def one_of(functions: Callable[[np.ndarray, np.ndarray], np.ndarray], k: int) -> Callable[[float], float]:
    return lambda place: float(functions(np.array([place]), np.array([k]))[0])


@given(st.integers(0, 10**6))
def test_many_roots_at_once_equal_brents_method_one_at_a_time(seed: int) -> None:
    """Falling cubics, some without a root within the bound. Both stop within 1e-13, and the values round at 1e-16.

    With a slope of 0.1 or more, rounding moves a root by 1e-15.
    """
    level, slope, bend = np.random.default_rng(seed).uniform([[-0.3], [0.1], [0.0]], [[0.3], [1.0], [40.0]], (3, 20))

    def cubics(places: np.ndarray, which: np.ndarray) -> np.ndarray:
        value: np.ndarray = level[which] - slope[which] * places - bend[which] * places**3
        return value

    found = nearest_roots(cubics, 20, 0.2)
    for k, root in enumerate(found):
        low, high = (cubics(np.array([end]), np.array([k]))[0] for end in (-0.2, 0.2))
        if low * high > 0:
            assert root == np.copysign(np.inf, low)
        else:
            assert root == pytest.approx(brentq(one_of(cubics, k), -0.2, 0.2), abs=3e-12)


def test_undefined_functions_and_functions_of_one_sign_have_no_root() -> None:
    found = nearest_roots(lambda places, which: np.array([np.nan, 0.0, 1.0])[which] + 0 * places, 3, 1.0)
    np.testing.assert_array_equal(found, [np.nan, 0.0, np.inf])
    assert nearest_roots(lambda places, _: places, 0, 1.0).shape == (0,)


@pytest.mark.parametrize(
    ("xi", "phi", "is_safe"),
    [(0.5, 0.5, True), (0.5, 0.7, True), (0.5, 0.72, False), (0.5, 0.3, True), (0.5, 0.28, False), (0.81, 0.89, True)],
)
def test_a_step_interpolates_only_where_the_inverse_is_monotonic(xi: float, phi: float, is_safe: bool) -> None:
    """Chandrupatla (1997): φ² < ξ and (1 - φ)² < 1 - ξ; there the parabola of x by y is met where y is zero."""
    a, b, c = (_Points(np.array([x]), np.array([y])) for x, y in [(xi, 2 * phi - 1.1), (0.0, -1.1), (1.0, 0.9)])
    share = _next_share(a, b, c)[0]
    parabola = np.polyfit([b.y[0], a.y[0], c.y[0]], [0.0, xi, 1.0], 2)
    expected = (parabola[-1] - xi) / (0.0 - xi) if is_safe else 0.5
    assert share == pytest.approx(expected, rel=1e-12)
    assert is_safe or abs((parabola[-1] - xi) / (0.0 - xi) - 0.5) > 0.01
