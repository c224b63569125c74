"""Bounds on weights: contradictions are named by their pair, and a subset keeps its bounds."""

import re
from typing import Any

import numpy as np
import pytest

from backtest.errors import BacktestError, NoRiskBudgetPortfolio
from backtest.risk.solvers.bounded import WeightBounds


@pytest.mark.parametrize(
    ("low", "high", "groups", "words"),
    [
        ([0.5, 0], [0.4, 1], (), "the lower bound of a, 0.5, is above its upper bound, 0.4"),
        ([0.6, 0.6], [1, 1], (), "the sum of all lower bounds, 1.2, is above the gross exposure, 1"),
        ([0, 0], [0.4, 0.5], (), "the gross exposure, 1, is above the sum of all upper bounds, 0.9"),
        ([0, 0], [1, 1], (("x", (0, 1), 0.7, 0.6),), "the lower bound of x, 0.7, is above its upper bound, 0.6"),
        (
            [0.3, 0.4],
            [1, 1],
            (("x", (0, 1), 0.0, 0.6),),
            "the lower bounds of a, b together, 0.7, is above the upper one of x, 0.6",
        ),
        (
            [0, 0],
            [0.1, 1],
            (("x", (0,), 0.2, 1.0),),
            "the lower bound of x, 0.2, is above the upper ones of a together, 0.1",
        ),
        (
            [0, 0],
            [1, 0.2],
            (("x", (0,), 0.0, 0.5),),
            "the gross exposure, 1, is above the sum of all upper bounds, 0.7",
        ),
    ],
)
def test_the_pair_that_conflicts_is_named(
    low: list[float], high: list[float], groups: tuple[tuple[str, tuple[int, ...], float, float], ...], words: str
) -> None:
    with pytest.raises(NoRiskBudgetPortfolio, match=f"^no weights are within these bounds: {re.escape(words)}$"):
        WeightBounds(("a", "b"), np.array(low), np.array(high), groups)


def test_subset_of_assets_keeps_its_bounds() -> None:
    bounds = WeightBounds(tuple("abc"), np.array([0, 0.1, 0.2]), np.ones(3), (("x", (0,), 0, 1), ("y", (1, 2), 0, 1.5)))
    part = bounds.of(np.array([False, True, True]))
    assert part.names == ("b", "c")
    assert part.lower.tolist() == [0.1, 0.2]
    assert part.groups == (("y", (0, 1), 0, 1.5),)


@pytest.mark.parametrize(
    ("given_bounds", "message"),
    [
        ({"lower": [0.0]}, r"lower: got the shape \(1,\), expected \(2,\)"),
        ({"upper": ["word", 1.0]}, r"upper: could not convert .*; expected an array of real numbers"),
        ({"groups": (("bonds", (0, 5), 0.0, 1.0),)}, r"got groups of \[0, 5\], expected positions of the 2 assets"),
        ({"groups": (("bonds", (0,), 0.0, 1.0), ("all", (0, 1), 0.0, 1.0))}, r"groups of \[0, 0, 1\], .* each once"),
        ({"gross_exposure": np.inf, "upper": [np.inf, np.inf]}, "gross exposure of inf, expected a number above 0"),
        ({"gross_exposure": 0.0}, "gross exposure of 0, expected a number above 0"),
    ],
)
def test_bounds_of_a_wrong_form_are_named(given_bounds: dict[str, Any], message: str) -> None:
    """An infinite exposure would give infinite weights."""
    with pytest.raises(BacktestError, match=message):
        WeightBounds(**{"names": ("stocks", "bonds"), "lower": [0.0, 0.0], "upper": [1.0, 1.0], **given_bounds})
