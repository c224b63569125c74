"""Contract of every estimator: each check runs for each class of the package, so a new file is checked too.

An estimator turns returns known at a close into a covariance matrix. The matrix must be symmetric and positive
semi-definite, and must not depend on the order of the assets, on later data, or on assets without returns.
"""

import inspect
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from pydantic import ValidationError

from backtest.errors import BacktestError, EstimationError
from backtest.estimation.estimation_settings import EstimationSettings
from scripts.estimator_table import estimator_table
from support.builders.shipped_estimators import (
    ASSETS,
    CLASSES,
    LENGTH,
    ROTATED,
    ROWS,
    WINDOW,
    Array,
    assert_covariance,
    assert_same,
    covariances,
    estimators,
    made,
    market,
)

pytestmark = pytest.mark.usefixtures("each_fit_once")


def test_classes_found_are_the_choices_of_a_configuration() -> None:
    """Each class can be chosen in a configuration by its own name."""
    assert set(CLASSES) >= {"sample", "expanding", "ewma", "separate_correlations"}
    assert set(get_args(get_args(EstimationSettings)[0])) == set(CLASSES.values())


def test_the_documentation_has_the_generated_table_of_estimators() -> None:
    """After a change of an estimator: python scripts/build_docs.py."""
    pages = (Path(__file__).parents[2] / "docs").rglob("*.md")
    assert any(estimator_table() in page.read_text(encoding="utf-8") for page in pages)


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_the_table_of_estimators_states_its_formula(name: str) -> None:
    (row,) = [line for line in estimator_table().splitlines() if line.startswith(f"| `{name}` |")]
    assert CLASSES[name].formula
    assert f"| {CLASSES[name].formula} |" in row


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_its_settings_have_defaults_and_are_frozen(name: str) -> None:
    estimator = CLASSES[name]()
    assert inspect.getdoc(CLASSES[name])
    with pytest.raises(ValidationError, match="frozen"):
        estimator.window = 3
    with pytest.raises(ValidationError, match="not permitted"):
        CLASSES[name](lookback=3)


@estimators
def test_each_date_with_a_full_window_has_a_covariance_and_no_other(name: str, settings: dict[str, Any]) -> None:
    found = covariances(made(name, settings), market(), ROWS)
    assert found.shape == (len(ROWS), ASSETS, ASSETS)
    assert found.dtype == np.float64
    for matrix, row in zip(found, ROWS, strict=True):
        if row + 1 < WINDOW:
            assert np.isnan(matrix).all()
        else:
            assert_covariance(matrix)
            assert (np.diagonal(matrix) > 0).all()


@estimators
def test_a_stack_of_returns_is_refused(name: str, settings: dict[str, Any]) -> None:
    with pytest.raises(BacktestError, match=r"excess_returns: got the shape .*, expected \(T, n\)"):
        covariances(made(name, settings), market()[None], [5])


@estimators
def test_no_dates_give_no_covariances(name: str, settings: dict[str, Any]) -> None:
    assert covariances(made(name, settings), market(), []).shape == (0, ASSETS, ASSETS)
    assert np.isnan(covariances(made(name, settings), market(), [0, 5])).all()


@estimators
def test_a_window_longer_than_any_data_is_never_full(name: str, settings: dict[str, Any]) -> None:
    """It also needs little memory."""
    for missing in ("complete_assets", "complete_rows"):
        estimator = made(name, {**settings, "window": 10**20, "missing": missing})
        assert np.isnan(covariances(estimator, market(), ROWS)).all()


@estimators
def test_one_asset_has_a_variance(name: str, settings: dict[str, Any]) -> None:
    """The variance lies between mean squares over parts of the window: no estimator is off by a unit."""
    returns = market()[:, :1]
    (matrix,) = covariances(made(name, settings), returns, [149])
    halves = [np.mean(part**2) for part in np.array_split(returns[150 - WINDOW :, 0], 8)]
    assert matrix.shape == (1, 1)
    assert 0.5 * min(halves) < matrix[0, 0] < max(halves)


@estimators
def test_fewer_observations_than_assets_give_a_covariance_or_an_error(name: str, settings: dict[str, Any]) -> None:
    """20 returns of 30 assets: the matrix is still semi-definite, or an error gives the reason."""
    few = {key: min(value, 20) if key.endswith("window") else value for key, value in settings.items()}
    returns = market(60, 30)
    try:
        found = covariances(made(name, {**few, "window": 20}), returns, [59])
    except EstimationError as problem:
        said = str(problem)
    else:
        assert_covariance(found[0])
        return
    assert "expected" in said


@estimators
@pytest.mark.parametrize("constant", [0.0001, 0.1, 1 / 3])  # their mean is rounded, up or down
def test_an_asset_that_never_moves_has_no_variance(name: str, settings: dict[str, Any], constant: float) -> None:
    """Its row and column are exactly 0, or above 0 for estimators that shrink variances to their mean.

    A variance of 1e-33 would attract the whole portfolio.
    """
    returns = market()
    returns[:, 2] = constant
    try:
        found = covariances(made(name, settings), returns, [80, 84, 88, 120])
    except EstimationError as problem:
        said = str(problem)
    else:
        for matrix in found:
            assert_covariance(matrix)
            assert name in ROTATED or not matrix[2].any()
        return
    assert "expected" in said


def at_one_rate(rate: float, length: int = LENGTH) -> Array:
    """Excess returns of prices that grow at one rate; they vary only by rounding."""
    prices = 100 * (1.004 + rate) ** np.arange(length + 1)
    returns = prices[1:] / prices[:-1] - 1.004
    assert 0 < np.std(returns) < 1e-15
    return np.asarray(returns)


@estimators
@pytest.mark.parametrize("rate", [1 / 300, 0.0001, 0.0, -0.002])
def test_growth_at_one_rate_is_treated_as_an_asset_that_never_moves(
    name: str, settings: dict[str, Any], rate: float
) -> None:
    """Its own row and column have the same bits; the others differ by the effect of rounding in one asset."""
    constant, rounded = market(), market()
    constant[:, 2], rounded[:, 2] = rate, at_one_rate(rate)
    expected = covariances(made(name, settings), constant, [80, 84, 88, 120])
    found = covariances(made(name, settings), rounded, [80, 84, 88, 120])
    assert_same(found, expected, 1e-12)
    if name not in ROTATED and not (name == "semi_covariance" and rate < 0):  # a loss at one rate is a shortfall
        assert not found[:, 2].any()
        assert not found[:, :, 2].any()


@estimators
def test_a_deposit_whose_rate_changes_once_has_a_variance(name: str, settings: dict[str, Any]) -> None:
    """One basis point a year is 4e-7 a day, far above rounding and far below the moves of any fund."""
    returns = market()
    returns[:, 2] = np.where(np.arange(LENGTH) < 70, 0.01, 0.0101) / 252
    returns[:, 2] -= returns[:, 2].max()  # below the threshold of a semi-covariance
    (matrix,) = covariances(made(name, settings), returns, [88])
    assert_covariance(matrix)
    assert matrix[2, 2] > 1e-16


@estimators
def test_equal_returns_give_zeros_or_an_error(name: str, settings: dict[str, Any]) -> None:
    try:
        (matrix,) = covariances(made(name, settings), np.full((100, 3), 0.0001), [99])
    except EstimationError as problem:
        said = str(problem)
    else:
        assert np.abs(matrix).max() < 1e-30
        return
    assert "expected" in said
