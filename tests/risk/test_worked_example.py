"""The worked example: impossible inputs are refused, and two portfolios are compared."""

from collections.abc import Sequence

import pytest

from backtest.errors import BacktestError
from backtest.risk.worked_example import worked_example

THREE = [0.1, 0.2, 0.3]


@pytest.mark.parametrize(
    ("correlations", "message"),
    [
        ([-0.9], r"3 assets cannot be correlated like that\. Hint: a single correlation must be -0\.5 or more"),
        ([0.9, 0.9, -0.9], r"3 assets cannot be correlated like that\.$"),
        ([0.2, 0.2], "expected one number, or 3: one a pair"),
        ([1.1], "expected numbers from -1 to 1"),
    ],
)
def test_impossible_correlations_are_refused(correlations: Sequence[float], message: str) -> None:
    """The smallest eigenvalue of three equal correlations is 1 + 2ρ; the second pattern has 1.9, 1.9 and -0.8."""
    with pytest.raises(BacktestError, match=message):
        worked_example(THREE, correlations, [0.3, 0.3, 0.4])


def test_uncorrelated_assets_of_equal_risk_are_weighted_by_their_inverse_volatility() -> None:
    given, equal = worked_example(THREE, [0.0], [1.0, 0.0, 0.0])
    assert given.shares == pytest.approx([1.0, 0.0, 0.0], rel=1e-15, abs=0)
    assert given.volatility == pytest.approx(0.1, rel=1e-15)
    assert equal.weights == pytest.approx([6 / 11, 3 / 11, 2 / 11], rel=1e-12)  # accuracy of the solver
    assert equal.shares == pytest.approx([1 / 3] * 3, rel=1e-12)


@pytest.mark.parametrize("volatility", [0.0, -0.1, float("nan"), float("inf")])
def test_impossible_volatilities_are_refused(volatility: float) -> None:
    with pytest.raises(BacktestError, match="expected"):
        worked_example([0.1, volatility], [0.0], [0.5, 0.5])


def test_volatilities_add_up_if_assets_move_together() -> None:
    given, _ = worked_example([0.1, 0.2], [1.0], [0.5, 0.5])
    assert given.volatility == pytest.approx(0.15, rel=1e-14)
