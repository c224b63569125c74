"""Contract of every estimator: each check runs for each class found in the package, so a new file is checked as well.

An estimator turns returns that could be known at a close into a covariance matrix. From this follow, for any: the
matrix is symmetric and positive semi-definite, it does not depend on the order of the assets nor on anything later, and
an asset that is not there changes nothing for the others.
"""

import importlib
import inspect
import logging
import pkgutil
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from pydantic import ValidationError

from backtest.errors import EstimationError
from backtest.estimation import methods
from backtest.estimation.estimation_settings import EstimationSettings
from backtest.estimation.estimator import Estimator
from scripts.estimator_table import estimator_table

Array = np.ndarray[Any, np.dtype[np.float64]]

WINDOW = 64  # dates a step of 4 apart share their sums then
ASSETS, LENGTH = 5, 150


def found() -> dict[str, Any]:
    """Every estimator in the package's modules, by the name that configurations know it by."""
    classes = set()
    for module in pkgutil.iter_modules(methods.__path__):
        members = inspect.getmembers(
            importlib.import_module(f"backtest.estimation.methods.{module.name}"), inspect.isclass
        )
        classes |= {one for _, one in members if issubclass(one, Estimator) and not inspect.isabstract(one)}
    return {one.model_fields["covariance"].default: one for one in classes}


CLASSES = found()
SETTINGS: dict[str, list[dict[str, Any]]] = {
    "ewma": [{"half_life": 20}, {"half_life": 10, "correlation_half_life": 30}],
    "ccc": [{"refit": 1}],  # on each date: what is fitted between two dates is held to in its own tests
    "dcc": [{"refit": 1}],
    "separate_correlations": [{}, {"correlation_window": 32}, {"correlation_periods": 3}],
}
"""Settings, besides the defaults, under which an estimator works differently."""
ASKED = [(name, settings) for name in sorted(CLASSES) for settings in SETTINGS.get(name, [{}])]
estimators = pytest.mark.parametrize(
    ("name", "settings"), ASKED, ids=["-".join([name, *map(str, settings.values())]) for name, settings in ASKED]
)

TOLERANCE = {name: 1e-6 if name in {"ccc", "dcc"} else 1e-12 for name in CLASSES}
"""Of the same work in another order. What only moves roundings moves a search for parameters by its own tolerance."""
ROTATED = {"ledoit_wolf", "oas", "nonlinear_shrinkage"}
"""Those that shrink eigenvalues of the covariance itself: the unit of one asset alone changes what is shrunk."""


def made(name: str, settings: dict[str, Any], **more: Any) -> Estimator:
    estimator: Estimator = CLASSES[name](**{"window": WINDOW, **settings, **more})
    return estimator


def market(length: int = LENGTH, assets: int = ASSETS, seed: int = 5) -> Array:
    """Returns with a common factor, of volatilities from 0.4 to 2 % a day, calm and wild by turns."""
    rng = np.random.default_rng(seed)
    wild = 1 + 0.5 * np.sin(np.arange(length) / 9)[:, None]
    returns = rng.normal(0.0002, 1.0, (length, assets)) + 0.7 * rng.normal(size=(length, 1))
    return np.asarray(returns * wild * np.linspace(0.004, 0.02, assets))


def covariances(estimator: Estimator, returns: Array, rows: list[int]) -> Array:
    return estimator.covariances(returns, rows, 252)


def assert_same(got: Array, wanted: Array, tolerance: float) -> None:
    """Entries differ by less than `tolerance` of the two volatilities they belong to; NaN in the same places."""
    np.testing.assert_array_equal(np.isnan(got), np.isnan(wanted))
    volatilities = np.sqrt(np.nan_to_num(np.diagonal(wanted, axis1=1, axis2=2)))
    size = volatilities[:, :, None] * volatilities[:, None, :]
    assert (np.abs(np.nan_to_num(got - wanted)) <= tolerance * size).all()


def assert_covariance(matrix: Array) -> None:
    """Finite, symmetric to the last bit, and positive semi-definite up to the rounding of its size."""
    assert np.isfinite(matrix).all()
    assert (matrix == matrix.T).all()
    assert (np.diagonal(matrix) >= 0).all()
    assert np.linalg.eigvalsh(matrix)[0] >= -1e-13 * np.trace(matrix)


ROWS = [40, 62, 63, 67, 71, 75, 104, 108, 149]
"""Before the window is full, on the first date on which it is, close together, and far apart."""


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
@pytest.mark.parametrize("constant", [0.0001, 0.1, 1 / 3])  # of which the mean of many is rounded, up or down
def test_an_asset_that_never_moves_has_no_variance(name: str, settings: dict[str, Any], constant: float) -> None:
    """Zeros in its row and column, exactly, or for those that shrink variances to their mean: something above zero.

    A variance of 1e-33 instead would be worth all of a portfolio.
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
    """A basis point a year, of daily returns: 4e-7, far above rounding and far below any fund."""
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
        begin = 70 if name == "expanding" and 1 in columns else 0  # all that there is since the youngest joined
        alone = covariances(made(name, settings), whole[begin:, columns], [row - begin])
        assert_same(got[k][np.ix_(columns, columns)][None], alone, TOLERANCE[name])


@estimators
def test_complete_rows_have_returns_of_all_available_assets(
    name: str, settings: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Three gaps in two assets: the covariance equals the covariance of the table without these rows.

    An asset that is not there yet does not count. With sums of returns over several periods, a row that is left out
    takes the sums of its neighbours along, so that there is no such table.
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
def test_later_values_do_not_change_a_bit(name: str, settings: dict[str, Any]) -> None:
    """All returns after a date are replaced by other returns, huge returns and NaN, and the data is cut there."""
    returns = market()
    wanted = covariances(made(name, settings), returns, ROWS)
    for k, row in ((2, 63), (5, 75)):
        for later in (market(seed=6), 1e6 * market(seed=7), np.full_like(returns, np.nan)):
            changed = np.concatenate([returns[: row + 1], later[row + 1 :]])
            got = covariances(made(name, settings), changed, ROWS)
            assert got[: k + 1].tobytes() == wanted[: k + 1].tobytes()
        cut = covariances(made(name, settings), returns[: row + 1].copy(), ROWS[: k + 1])
        assert cut.tobytes() == wanted[: k + 1].tobytes()


@estimators
@pytest.mark.parametrize("rows", [[67, 71, 75, 79, 131], [75, 104, 108, 149]])
def test_later_dates_do_not_change_a_bit(name: str, settings: dict[str, Any], rows: list[int]) -> None:
    """The number of later dates does not matter either, not even for the first date: shorter data has fewer dates."""
    together = covariances(made(name, settings), market(), rows)
    for count in range(1, len(rows)):
        assert covariances(made(name, settings), market(), rows[:count]).tobytes() == together[:count].tobytes()


@estimators
def test_other_dates_change_only_rounding(name: str, settings: dict[str, Any]) -> None:
    """Each date alone, and in slices of three, as a run with many assets asks."""
    together = covariances(made(name, settings), market(), ROWS)
    alone = [covariances(made(name, settings), market(), [row]) for row in ROWS]
    slices = [covariances(made(name, settings), market(), ROWS[k : k + 3]) for k in range(0, len(ROWS), 3)]
    assert_same(np.concatenate(alone), together, 1e-12)
    assert_same(np.concatenate(slices), together, 1e-12)


@estimators
def test_the_order_of_assets_does_not_matter(name: str, settings: dict[str, Any]) -> None:
    order = np.array([3, 0, 4, 2, 1])
    plain = covariances(made(name, settings), market(), [63, 120])
    got = covariances(made(name, settings), market()[:, order], [63, 120])
    assert_same(got, plain[:, order[:, None], order], TOLERANCE[name])


@estimators
def test_covariance_scales_with_the_square_of_returns(name: str, settings: dict[str, Any]) -> None:
    """Returns in (about) percent: by a power of two, so that nothing is rounded otherwise, in a search either."""
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
