"""CCC and DCC over dates: built from arch's volatilities, from past returns only, for any requested dates."""

import logging
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from arch import arch_model
from pydantic import TypeAdapter, ValidationError

from backtest.estimation.estimation_settings import EstimationSettings
from backtest.estimation.methods.conditional_correlation import CCC, DCC, conditional_covariances
from backtest.estimation.methods.dcc import correlation_target, dcc_correlations, fit_dcc
from backtest.estimation.methods.garch import TOLERANCE
from backtest.numerics.blas import one_blas_thread
from support.builders.garch_samples import dcc_units, garch_returns

TARGET = np.array([[1.0, 0.6, -0.3], [0.6, 1.0, 0.0], [-0.3, 0.0, 1.0]])
RETURNS = garch_returns(dcc_units(2, 420, TARGET, 0.06, 0.9), 0.08, 0.0, 0.88)
WINDOW, REFIT = 250, 60  # fits on rows 249, 309, 369


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Limit BLAS to one thread, as the estimator does: with more threads arch's fits differ by 1e-8."""
    with one_blas_thread():
        yield


@pytest.mark.parametrize("leverage", [False, True])
@pytest.mark.parametrize("later", [0, 7])
def test_matrix_is_d_r_d_with_archs_volatilities(leverage: bool, later: int) -> None:
    """D comes from arch's own models of each asset, R is the correlation of the standardised returns.

    `later` rows after the fit, arch filters the longer series with fixed parameters, and R stays. It begins at a
    slightly different variance, of which some 0.96^250 is left: hence 1e-6.
    """
    row, variances, units = 309 + later, [], []
    for series in RETURNS.T.copy():
        scale = series[60:310].std(ddof=1)
        fit = arch_model(series[60:310] / scale, p=1, o=int(leverage), q=1, rescale=False).fit(
            disp="off", options={"ftol": TOLERANCE}
        )
        units.append(fit.std_resid)
        longer = arch_model(series[60 : row + 1] / scale, p=1, o=int(leverage), q=1, rescale=False).fix(fit.params)
        variances.append((longer if later else fit).forecast(horizon=1).variance.iloc[-1, 0] * scale**2)
    z = np.array(units)
    moments = z @ z.T / 250
    r = moments / np.sqrt(np.outer(np.diagonal(moments), np.diagonal(moments)))
    d = np.diag(np.sqrt(variances))
    (found,) = conditional_covariances(RETURNS, [row], WINDOW, REFIT, leverage=leverage)
    np.testing.assert_allclose(found, d @ r @ d, rtol=1e-10 if later == 0 else 1e-6)


def test_dcc_differs_from_ccc_only_in_its_correlations() -> None:
    """Variances have the same bits; correlations come from the second step, with the units of the fit."""
    rows = [309, 316]
    constant = conditional_covariances(RETURNS, rows, WINDOW, REFIT)
    dynamic = conditional_covariances(RETURNS, rows, WINDOW, REFIT, dynamic=True)
    variances = np.einsum("mii->mi", dynamic)
    np.testing.assert_array_equal(variances, np.einsum("mii->mi", constant))
    z = np.array(
        [
            arch_model(series / series.std(ddof=1), rescale=False)
            .fit(disp="off", options={"ftol": TOLERANCE})
            .std_resid
            for series in RETURNS[60:310].T
        ]
    ).T
    target = correlation_target(z)
    correlations = dcc_correlations(z, target, *fit_dcc(z, target), np.array([250]))
    scale = np.sqrt(variances[0])
    np.testing.assert_allclose(dynamic[0] / np.outer(scale, scale), correlations[0], rtol=0, atol=1e-12)
    assert np.abs(dynamic - constant).max() > 1e-6


@pytest.mark.parametrize("dynamic", [False, True])
def test_neither_later_values_nor_other_dates_change_a_bit(dynamic: bool) -> None:
    """All values after row 330 are overwritten, and fewer dates are requested: every bit stays."""
    rows = [248, 249, 300, 309, 330]
    found = conditional_covariances(RETURNS, [*rows, 400], WINDOW, REFIT, dynamic=dynamic)
    future = RETURNS.copy()
    future[331:] = np.random.default_rng(1).normal(size=(89, 3))
    changed = conditional_covariances(future, [*rows, 400], WINDOW, REFIT, dynamic=dynamic)
    assert changed[:5].tobytes() == found[:5].tobytes()
    assert changed[5].tobytes() != found[5].tobytes()
    for k, row in enumerate(rows):
        (alone,) = conditional_covariances(RETURNS[: row + 1], [row], WINDOW, REFIT, dynamic=dynamic)
        assert alone.tobytes() == found[k].tobytes()
    assert np.isnan(found[0]).all()
    assert np.linalg.eigvalsh(found[1:]).min() > 0


@pytest.mark.parametrize("dynamic", [False, True])
def test_a_gap_leaves_out_the_asset_or_the_row(dynamic: bool) -> None:
    """The gap is before the fit, or between fit and date. Results are as without the asset, or as without the row."""
    without = conditional_covariances(RETURNS[:, [0, 2]], [320], WINDOW, REFIT, dynamic=dynamic)
    for gap_row in (200, 315):
        gap = RETURNS.copy()
        gap[gap_row, 1] = np.nan
        (found,) = conditional_covariances(gap, [320], WINDOW, REFIT, dynamic=dynamic)
        assert np.isnan(found[1]).all()
        assert np.isnan(found[:, 1]).all()
        assert found[np.ix_([0, 2], [0, 2])].tobytes() == without[0].tobytes()
    gap = RETURNS.copy()
    gap[315, 1] = np.nan
    (found,) = conditional_covariances(gap, [320], WINDOW, REFIT, dynamic=dynamic, missing="complete_rows")
    (shorter,) = conditional_covariances(np.delete(RETURNS, 315, axis=0), [319], WINDOW, REFIT, dynamic=dynamic)
    np.testing.assert_array_equal(found, shorter)


def test_an_asset_joins_when_it_has_a_window(caplog: pytest.LogCaptureFixture) -> None:
    """It joins between two fits of the others: from then on all are fitted as if its first row were the first."""
    late = RETURNS.copy()
    late[:80, 1] = np.nan
    before, after = conditional_covariances(late, [328, 329], WINDOW, REFIT)
    assert np.flatnonzero(np.isfinite(np.diagonal(before))).tolist() == [0, 2]
    np.testing.assert_array_equal(after, conditional_covariances(RETURNS[80:], [249], WINDOW, REFIT)[0])
    assert not caplog.records


@pytest.mark.parametrize("dynamic", [False, True])
def test_an_asset_that_never_moves_has_zeros(dynamic: bool) -> None:
    """The others are as without it; with such assets alone all is zero."""
    still = np.insert(RETURNS, 1, 0.0001, axis=1)
    (found,) = conditional_covariances(still, [320], WINDOW, REFIT, dynamic=dynamic)
    assert not found[1].any()
    (others,) = conditional_covariances(RETURNS, [320], WINDOW, REFIT, dynamic=dynamic)
    np.testing.assert_array_equal(found[np.ix_([0, 2, 3], [0, 2, 3])], others)
    assert not conditional_covariances(np.zeros((30, 2)), [29], 25, 5, dynamic=dynamic).any()


def test_singular_correlations_are_held_constant_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The data has one asset twice: the second step is not defined, and DCC equals CCC for that fit."""
    twice = RETURNS[:, [0, 1, 1]]
    dynamic = conditional_covariances(twice, [320], WINDOW, REFIT, dynamic=True)
    np.testing.assert_array_equal(dynamic, conditional_covariances(twice, [320], WINDOW, REFIT))
    (record,) = caplog.records
    assert "correlations of 3 assets over 250 returns are singular" in record.getMessage()


def test_fits_that_do_not_converge_are_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Each asset is logged once for each fit; the covariance then uses the constant sample volatilities."""
    monkeypatch.setattr("arch.univariate.base.ARCHModelResult.convergence_flag", property(lambda _: 9))
    with caplog.at_level(logging.WARNING):
        found = conditional_covariances(RETURNS, [249, 260], WINDOW, REFIT)
    assert [record.getMessage()[:12] for record in caplog.records] == ["asset 1 of 3", "asset 2 of 3", "asset 3 of 3"]
    np.testing.assert_allclose(found[0], np.cov(RETURNS[:250].T), rtol=1e-12)
    np.testing.assert_array_equal(found[0], found[1])


def test_each_setting_changes_the_covariance() -> None:
    """A year has 60 periods here; each setting changes the result."""
    choose: TypeAdapter[Any] = TypeAdapter(EstimationSettings)
    plain = choose.validate_python({"covariance": "ccc", "window": 250, "refit": "1Y"})
    assert isinstance(plain, CCC)
    assert isinstance(choose.validate_python({"covariance": "dcc"}), DCC)
    expected = conditional_covariances(RETURNS, [320], WINDOW, REFIT)
    np.testing.assert_array_equal(plain.covariances(RETURNS, [320], 60), expected)
    for settings in (DCC(window=250), CCC(window=250, volatility="gjr"), CCC(window=250, refit=1), CCC(window=240)):
        assert not np.array_equal(settings.covariances(RETURNS, [320], 60), expected)
    for wrong in (0, "0Y", "often"):
        with pytest.raises(ValidationError):
            CCC(refit=wrong)
