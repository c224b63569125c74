"""Interior-point method of expected-shortfall budgets: its start, its conditions of optimality, and when it stops."""

from collections.abc import Sequence
from dataclasses import replace
from unittest.mock import Mock

import numpy as np
import pytest

from backtest.risk.measures.expected_shortfall import historical_expected_shortfall
from backtest.risk.solvers import shortfall_path
from backtest.risk.solvers.shortfall_path import ENOUGH, GOAL, NEAR, _error, _Point, _start, solve

LOSS, GAIN, STILL = [-1.0, -0.5], [1.0, 1.0], [0.0, 0.0]
RETURNS, BUDGETS = np.array([LOSS, GAIN, STILL]), np.array([0.5, 0.5])
SOLUTION = _Point(
    x=np.array([0.5, 1.0]),  # times the losses (1, 0.5): both contribute their budgets
    marginal=np.array([1.0, 0.5]),
    v=1.0,
    u=np.zeros(3),
    slack=np.array([0.0, 2.5, 1.0]),
    tail=np.array([1.0, 0.0, 0.0]),
    spare=np.array([0.0, 1.0, 1.0]),
)
"""Tail of one period, the loss. All conditions of optimality hold exactly."""


def above(limit: float) -> float:
    return float(np.nextafter(limit, np.inf))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 0.0),
        ({"x": [0.25, 0.0]}, 0.5),  # contributes 50 % more than its budget
        ({"x": [0.0, -0.25], "slack": [0.125, -0.25, 0.0]}, 0.25),
        ({"slack": [0.0, 0.25, 0.0]}, 0.25),  # u + v + r'x is another number in one period
        ({"slack": [0.0, 0.0, -0.25]}, 0.25),
        ({"u": [0.0, 0.25, 0.0], "slack": [0.0, 0.25, 0.0]}, 0.25),  # an excess over v outside of the tail: only a gap
        ({"tail": [0.0, 0.0, -0.25]}, 0.25),  # shares of the tail that sum to less than 1
        ({"tail": [0.0, 0.0, 0.25]}, 0.25),
    ],
    ids=["none", "contribution above", "below", "slack above", "below", "gap", "tail below", "above"],
)
def test_the_error_is_the_largest_violation_of_one_condition(
    changes: dict[str, Sequence[float]], expected: float
) -> None:
    point = replace(SOLUTION, **{name: getattr(SOLUTION, name) + np.array(by) for name, by in changes.items()})
    assert _error(point, RETURNS, BUDGETS) == expected


@pytest.mark.parametrize("size", [1.0, 4.0, 10.0])
def test_the_first_point_meets_the_constraints_and_has_the_shortfall_of_the_budgets(size: float) -> None:
    """Without the room, v + Σ u_t / size is the expected shortfall (Rockafellar and Uryasev), as the tail is whole."""
    returns, budgets = np.random.default_rng(0).normal(0, 1, (50, 3)), np.array([0.5, 0.3, 0.2])
    first = _start(returns, budgets, size)
    losses = -returns @ budgets
    room = 0.3 * np.abs(losses).mean()
    shortfall = float(historical_expected_shortfall(budgets, returns, 1 - size / 50))
    assert first.v + float((first.u - room).sum()) / size == pytest.approx(shortfall, rel=1e-12)
    assert (first.u - room).min() == pytest.approx(0.0, abs=1e-15)
    assert first.slack.tolist() == (first.u + first.v - losses).tolist()
    assert (first.tail + first.spare).tolist() == pytest.approx([1 / size] * 50, rel=1e-12)
    assert first.tail.sum() == pytest.approx(1.0, rel=1e-12)
    assert first.x.tolist() == budgets.tolist()


def test_multipliers_start_above_zero_if_the_tail_has_all_periods() -> None:
    assert (_start(RETURNS, BUDGETS, 3.0).spare > 0).all()


class Iteration:
    """Iteration with given errors, of which the last one repeats.

    Args:
        errors: error of each point.
        start: the first point.
    """

    def __init__(self, errors: Sequence[float], monkeypatch: pytest.MonkeyPatch, start: _Point | None = None) -> None:
        self._errors, self.points = errors, 0
        first = start or replace(SOLUTION, x=np.ones(2), u=np.ones(3))
        monkeypatch.setattr(shortfall_path, "_start", lambda *_: first)
        monkeypatch.setattr(shortfall_path, "_error", self._error)

    def _error(self, *_: object) -> float:
        self.points += 1
        return self._errors[min(self.points, len(self._errors)) - 1]

    def best(self) -> list[float]:
        """Return x of the best point."""
        weights: list[float] = solve(RETURNS, BUDGETS, 1.0)[0].tolist()
        return weights


@pytest.mark.parametrize(
    ("errors", "points", "best"),
    [
        ([1.0, GOAL], 2, 2),
        ([1.0, above(GOAL)], 3, 2),
        ([0.5, 0.25, np.nan], 3, 2),
        ([np.inf], 1, 1),
        ([above(NEAR)], 100, 1),
        ([NEAR], 11, 1),
        ([NEAR] * 5 + [NEAR / 2], 16, 6),
        ([above(ENOUGH)], 11, 1),
        ([ENOUGH], 2, 1),
        ([1.0, ENOUGH, ENOUGH / 2, ENOUGH, ENOUGH / 4], 4, 3),
    ],
    ids=["goal", "above goal", "NaN", "infinite", "far", "near", "progress", "nearer", "enough", "still falls"],
)
def test_iteration_stops_without_progress_and_returns_the_best_point(
    errors: list[float], points: int, best: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Errors are given, and the n-th point holds n; the last error repeats."""
    iteration = Iteration(errors, monkeypatch)
    monkeypatch.setattr(shortfall_path, "_step", lambda point, *_: replace(point, x=point.x + 1))
    assert iteration.best() == [best, best]
    assert iteration.points == points


def test_iteration_stops_where_no_step_exists(monkeypatch: pytest.MonkeyPatch) -> None:
    iteration = Iteration([0.5], monkeypatch)
    monkeypatch.setattr(shortfall_path, "_step", Mock(side_effect=np.linalg.LinAlgError))
    assert iteration.best() == [1.0, 1.0]
    assert iteration.points == 1


def test_iteration_stops_at_a_point_without_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    iteration = Iteration([0.5], monkeypatch, start=SOLUTION)
    assert iteration.best() == [0.5, 1.0]
    assert iteration.points == 1
