"""GARCH and GJR volatilities: fits, forecasts and filters of arch, and fits that do not converge."""

import sys
from collections.abc import Iterator

import numpy as np
import pytest
from arch import arch_model

from backtest.errors import BacktestError, EstimationError
from backtest.estimation.methods.garch import TOLERANCE, filter_returns, fit_garch
from backtest.numerics.blas import one_blas_thread
from support.builders.garch_samples import garch_returns

RETURNS = garch_returns(np.random.default_rng(1).normal(size=(1500, 1)), 0.06, 0.06, 0.88)[:, 0]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Limit BLAS to one thread, as the estimator does: with more threads arch's fits differ by 1e-8."""
    with one_blas_thread():
        yield


@pytest.mark.parametrize("leverage", [False, True])
def test_fit_equals_archs_model(leverage: bool) -> None:
    """Parameters, units and the one-period forecast equal arch's for the same scaled returns."""
    fit = fit_garch(RETURNS, leverage=leverage)
    theirs = arch_model(RETURNS / RETURNS.std(ddof=1), p=1, o=int(leverage), q=1, rescale=False).fit(
        disp="off", options={"ftol": TOLERANCE}
    )
    expected = dict(theirs.params)
    assert fit.mean == expected["mu"]
    assert (fit.omega, fit.alpha, fit.beta) == (expected["omega"], expected["alpha[1]"], expected["beta[1]"])
    assert fit.gamma == expected.get("gamma[1]", 0.0)
    assert fit.next_variance == pytest.approx(theirs.forecast(horizon=1).variance.iloc[-1, 0], rel=1e-13)
    np.testing.assert_array_equal(fit.units, theirs.std_resid)
    assert fit.converged


@pytest.mark.parametrize("leverage", [False, True])
def test_filter_continues_like_archs(leverage: bool) -> None:
    """The model is fitted to 1000 returns; 500 more follow with fixed parameters.

    arch begins its recursion there at a slightly different variance, of which 0.97^1000 is left: hence 1e-10.
    """
    fit = fit_garch(RETURNS[:1000], leverage=leverage)
    variances, units = filter_returns([fit], RETURNS[1000:, None])
    model = arch_model(RETURNS / fit.scale, p=1, o=int(leverage), q=1, rescale=False)
    parameters = [fit.mean, fit.omega, fit.alpha, fit.gamma, fit.beta]
    fixed = model.fix(parameters if leverage else parameters[:3] + parameters[4:])
    np.testing.assert_allclose(variances[:-1, 0], (fixed.conditional_volatility[1000:] * fit.scale) ** 2, rtol=1e-10)
    np.testing.assert_allclose(units[:, 0], fixed.std_resid[1000:], rtol=1e-10, atol=1e-12)
    assert variances[-1, 0] / fit.scale**2 == pytest.approx(fixed.forecast(horizon=1).variance.iloc[-1, 0], rel=1e-10)


def test_fit_recovers_the_parameters_of_simulated_returns() -> None:
    """With 10,000 returns standard errors are near 0.007 for alpha and gamma, 0.01 for beta; three are allowed."""
    returns = garch_returns(np.random.default_rng(7).normal(size=(10_000, 1)), 0.05, 0.08, 0.87)[:, 0]
    fit = fit_garch(returns, leverage=True)
    assert fit.alpha == pytest.approx(0.05, abs=0.025)
    assert fit.gamma == pytest.approx(0.08, abs=0.03)
    assert fit.beta == pytest.approx(0.87, abs=0.03)


@pytest.mark.parametrize("scale", [2.0**-10, 2.0**10])
def test_the_unit_of_returns_does_not_matter(scale: float) -> None:
    """Units are powers of two, so nothing is rounded: everything but the scale has the same bits."""
    fit, other = fit_garch(RETURNS[:300]), fit_garch(scale * RETURNS[:300])
    assert other[1:7] == fit[1:7]
    assert other.scale == scale * fit.scale


def test_a_fit_depends_on_its_returns_alone() -> None:
    """The same bits before and after another fit, and in another array."""
    before = fit_garch(RETURNS[:300])
    fit_garch(RETURNS[300:600], leverage=True)
    after = fit_garch(RETURNS[:300].copy())
    assert after.units.tobytes() == before.units.tobytes()
    assert after._replace(units=before.units) == before


def test_variance_is_the_samples_without_convergence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arch.univariate.base.ARCHModelResult.convergence_flag", property(lambda _: 9))
    fit = fit_garch(RETURNS[:300])
    assert not fit.converged
    variances, units = filter_returns([fit], RETURNS[300:310, None])
    np.testing.assert_allclose(variances, RETURNS[:300].var(ddof=1), rtol=1e-14)
    np.testing.assert_allclose(units[:, 0], (RETURNS[300:310] - RETURNS[:300].mean()) / RETURNS[:300].std(ddof=1))
    assert fit.units.var(ddof=1) == pytest.approx(1, rel=1e-13)


def test_search_ended_by_rounding_at_its_maximum_counts_as_converged(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first search complains, and a second one from its end does not: the model ignores the complaint."""
    expected, flags = fit_garch(RETURNS[:300]), iter([8, 0])
    monkeypatch.setattr("arch.univariate.base.ARCHModelResult.convergence_flag", property(lambda _: next(flags)))
    fit = fit_garch(RETURNS[:300])
    assert fit.converged
    assert fit.next_variance == pytest.approx(expected.next_variance, rel=1e-4)
    assert next(flags, None) is None


@pytest.mark.parametrize("returns", [RETURNS[:19], np.full(100, 0.1)])
def test_too_few_or_constant_returns_are_an_error(returns: np.typing.NDArray[np.float64]) -> None:
    with pytest.raises(EstimationError, match=f"GARCH model of {len(returns)} returns"):
        fit_garch(returns)


def test_the_least_number_of_returns_is_enough() -> None:
    assert fit_garch(RETURNS[:20]).units.shape == (20,)


def test_missing_arch_is_an_error_that_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "arch", None)
    with pytest.raises(BacktestError, match=r"pip install 'risk-parity-backtest\[garch\]'"):
        fit_garch(RETURNS)
