"""Independence of every estimator from missing returns of other assets, later data, order and units."""

import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from backtest.errors import EstimationError
from backtest.testing.estimator_rules import ESTIMATOR_RULES
from support.builders.shipped_estimators import (
    ASSETS,
    ROTATED,
    ROWS,
    TOLERANCE,
    WINDOW,
    assert_covariance,
    assert_same,
    covariances,
    estimators,
    made,
    market,
)

pytestmark = pytest.mark.usefixtures("each_fit_once")

# ------------------------------------------------------------------------------------------------------ what is missing


@estimators
def test_asset_with_a_missing_return_is_left_out_without_changing_the_others(
    name: str, settings: dict[str, Any]
) -> None:
    whole, gap = market(), market()
    gap[:70, 1] = np.nan  # joins
    gap[90, 3] = np.nan  # misses one
    gap[130:, 4] = np.nan  # leaves
    rows = [63, 79, 89, 92, 120, 131, 140, 149]
    there = [[0, 2, 3, 4], [0, 2, 3, 4], [0, 2, 3, 4], [0, 2, 4], [0, 2, 4], [0, 2], [0, 1, 2], [0, 1, 2]]
    got = covariances(made(name, settings), gap, rows)
    for k, (row, columns) in enumerate(zip(rows, there, strict=True)):
        assert np.flatnonzero(np.isfinite(np.diagonal(got[k]))).tolist() == columns
        others = [i for i in range(ASSETS) if i not in columns]
        assert np.isnan(got[k][others]).all()
        assert np.isnan(got[k][:, others]).all()
        begin = 70 if name == "expanding" and 1 in columns else 0  # all rows since the youngest asset joined
        alone = covariances(made(name, settings), whole[begin:, columns], [row - begin])
        assert_same(got[k][np.ix_(columns, columns)][None], alone, TOLERANCE[name])


@estimators
def test_complete_rows_have_returns_of_all_available_assets(
    name: str, settings: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Three gaps in two assets: the covariance equals the covariance of the table without these rows.

    An asset that has not joined yet does not count. Estimators that sum returns over several periods are exempt: a row
    left out also removes the sums of its neighbours, so no such table exists.
    """
    returns = market()
    returns[[100, 117], 1] = np.nan
    returns[[117, 130], 3] = np.nan
    returns[:120, 4] = np.nan
    estimator = made(name, settings, missing="complete_rows")
    with caplog.at_level(logging.WARNING):
        got = covariances(estimator, returns, [80, 140])
    said = [
        record.getMessage() for record in caplog.records if record.name == "backtest.estimation.windows.window_sizes"
    ]
    assert said == ["3 rows on which an asset lacks its return are left out of all covariances (estimation.missing)"]
    assert np.isnan(got[:, 4]).all()
    there = [0, 1, 2, 3]
    held = got[:, :4, :4]
    before = covariances(made(name, settings), returns[:, :4], [80])
    assert_same(held[:1], before, TOLERANCE[name])
    assert_covariance(held[1])
    if "correlation_periods" in settings:
        return
    table = np.delete(returns[:141, there], [100, 117, 130], axis=0)
    shorter = {key: _without_gaps(value, 140, [100, 117, 130]) for key, value in settings.items() if "window" in key}
    as_if = made(name, {**settings, **shorter}, window=WINDOW - 3)
    assert_same(held[1:], covariances(as_if, table, [137]), TOLERANCE[name])


def _without_gaps(window: int, row: int, gaps: list[int]) -> int:
    return window - sum(row - window < gap <= row for gap in gaps)


@estimators
def test_too_few_complete_rows_are_an_error(name: str, settings: dict[str, Any]) -> None:
    returns = market()
    returns[10:110:2, 1] = np.nan
    returns[11:111:2, 2] = np.nan
    with pytest.raises(EstimationError, match="rows on which all of its 5 assets have returns; expected at least half"):
        covariances(made(name, settings, missing="complete_rows"), returns, [113])


# ------------------------------------------------------------------------------------------- what it must not depend on


@estimators
@pytest.mark.parametrize("rule", ESTIMATOR_RULES, ids=lambda rule: rule.__name__)
def test_it_follows_the_rules_of_all_estimators(name: str, settings: dict[str, Any], rule: Callable[..., None]) -> None:
    """`bt.testing.check_estimator` checks the same rules for a user's estimator."""
    rule(made(name, settings), 252)


@estimators
def test_the_order_of_assets_does_not_matter(name: str, settings: dict[str, Any]) -> None:
    order = np.array([3, 0, 4, 2, 1])
    plain = covariances(made(name, settings), market(), [63, 120])
    got = covariances(made(name, settings), market()[:, order], [63, 120])
    assert_same(got, plain[:, order[:, None], order], TOLERANCE[name])


@estimators
def test_covariance_scales_with_the_square_of_returns(name: str, settings: dict[str, Any]) -> None:
    """Returns are scaled by a power of two, about to percent, so that rounding does not change."""
    plain = covariances(made(name, settings), market(), [63, 120])
    got = covariances(made(name, settings), 128 * market(), [63, 120])
    assert_same(got, 128**2 * plain, 1e-12)


@estimators
def test_unit_of_an_asset_changes_only_its_row_and_column(name: str, settings: dict[str, Any]) -> None:
    """cov(Dx) = D cov(x) D: leverage within a fund must not change the risk of the others."""
    if name in ROTATED:
        pytest.skip("it shrinks eigenvalues of the covariance, whose vectors a change of one unit turns")
    scale = np.array([1.0, 4.0, 0.125, 1.0, 8.0])
    plain = covariances(made(name, settings), market(), [63, 120])
    got = covariances(made(name, settings), market() * scale, [63, 120])
    assert_same(got, plain * scale[:, None] * scale, 1e-12)


@estimators
def test_arguments_are_not_modified(name: str, settings: dict[str, Any]) -> None:
    """A read-only table is accepted, and a list of rows is not changed."""
    returns, rows = market(), list(ROWS)
    returns[90, 3] = np.nan
    before = returns.tobytes()
    returns.flags.writeable = False
    for missing in ("complete_assets", "complete_rows"):
        covariances(made(name, settings, missing=missing), returns, rows)
        assert returns.tobytes() == before
    assert rows == ROWS
    writable = returns.copy()
    covariances(made(name, settings), writable, rows)
    assert writable.tobytes() == before


@estimators
def test_the_window_forgets(name: str, settings: dict[str, Any]) -> None:
    """Returns before the window do not matter, up to rounding; all returns in it do, including the oldest."""
    if name == "expanding":
        pytest.skip("it forgets nothing: that is what it is for")
    returns = market()
    (wanted,) = covariances(made(name, settings), returns, [120])
    other = np.concatenate([np.full((121 - WINDOW, ASSETS), 1e3), returns[121 - WINDOW :]])
    assert_same(covariances(made(name, settings), other, [112, 116, 120])[2:], wanted[None], 1e-12)
    oldest = returns.copy()
    oldest[121 - WINDOW] += 0.05
    assert (np.abs(covariances(made(name, settings), oldest, [120])[0] - wanted) > 1e-12).any()
