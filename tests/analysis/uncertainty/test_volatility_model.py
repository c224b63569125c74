"""The model of volatility: its likelihood and filter against arch, and its posterior where the truth is known."""

import numpy as np
import pytest
from arch.univariate import GARCH, StudentsT

from backtest.analysis.uncertainty.volatility_kernel import FREEDOM, filter_shocks, log_likelihoods
from backtest.analysis.uncertainty.volatility_model import LARGEST_AUTOCORRELATION, fit_volatility

POINTS = np.array([[0.05, 0.98, 1.3], [0.2, 0.7, 0.6], [0.11, 0.99, 2.0], [0.3, 0.32, 1.0]])


def garch(count: int, alpha: float, beta: float, seed: int = 1) -> np.ndarray:
    values, variance = np.random.default_rng(seed).standard_normal(count), 1.0
    for t in range(count):
        values[t] *= np.sqrt(variance)
        variance = 1 - alpha - beta + alpha * values[t] ** 2 + beta * variance
    return values


def variances_by_arch(residuals: np.ndarray, point: np.ndarray, first: float) -> np.ndarray:
    """Variances by arch, which begins with ω + (α + β) b, b the backcast, so b is chosen to give the first variance."""
    alpha, phi, mean_variance = point
    constant = (1 - phi) * mean_variance
    bounds = np.tile([1e-12, 1e12], (len(residuals), 1))
    parameters = np.array([constant, alpha, phi - alpha])
    found: np.ndarray = GARCH().compute_variance(
        parameters, residuals, np.empty(len(residuals)), (first - constant) / phi, bounds
    )
    return found


def test_likelihoods_equal_archs_up_to_a_constant() -> None:
    """75 periods are two whole blocks of 32 and a part; the constant is the same for all points."""
    residuals, first = garch(75, 0.1, 0.8), 0.8
    found = log_likelihoods(residuals**2, POINTS, np.full(len(POINTS), first))
    expected = np.array(
        [StudentsT().loglikelihood([FREEDOM], residuals, variances_by_arch(residuals, one, first)) for one in POINTS]
    )
    assert found - found[0] == pytest.approx(expected - expected[0], abs=1e-10)


@pytest.mark.parametrize("point", POINTS)
def test_the_filter_equals_archs(point: np.ndarray) -> None:
    residuals, first = garch(60, 0.1, 0.8), 0.8
    variances, shocks = np.empty(60), np.empty(60)
    filter_shocks(residuals, point, first, variances, shocks)
    expected = variances_by_arch(residuals, point, first)
    assert variances * point[2] == pytest.approx(expected, rel=1e-12)
    plain = residuals / np.sqrt(expected)
    assert shocks == pytest.approx((plain - plain.mean()) / plain.std(), abs=1e-12)


def test_likelihoods_of_a_crash_are_finite() -> None:
    """One square is as large as all 12,600 periods together."""
    squares = np.full(12_600, 1e-9)
    squares[7_000] = 12_600.0
    assert np.isfinite(log_likelihoods(squares, POINTS, np.full(len(POINTS), 1e-3))).all()


@pytest.mark.parametrize(("alpha", "beta"), [(0.12, 0.85), (0.05, 0.94)])
def test_the_posterior_of_a_long_history_lies_at_its_parameters(alpha: float, beta: float) -> None:
    """Errors of estimates from 8,000 periods are about 0.01 for α and 0.005 for φ; three of them."""
    model = fit_volatility(garch(8_000, alpha, beta))
    assert model.weights.sum() == pytest.approx(1, abs=1e-12)
    assert model.clustering > 0.999
    assert model.weights @ model.parameters[:, 0] == pytest.approx(alpha, abs=0.03)
    assert model.weights @ model.parameters[:, 1] == pytest.approx(alpha + beta, abs=0.015)
    assert model.half_life == pytest.approx(np.log(0.5) / np.log(model.weights @ model.parameters[:, 1]), rel=1e-3)


def test_independent_periods_have_no_clustering() -> None:
    assert fit_volatility(np.random.default_rng(3).standard_normal(8_000)).clustering < 0.05


def test_a_short_history_leaves_the_question_open() -> None:
    """The prior probability of clustering is 0.7, and 30 periods hardly change it."""
    assert 0.4 < fit_volatility(np.random.default_rng(3).standard_normal(30)).clustering < 0.9


def test_the_autocorrelation_has_kendalls_correction() -> None:
    values = np.random.default_rng(2).standard_normal(50)
    z = values - values.mean()
    plain = (z[1:] @ z[:-1]) / (z[:-1] @ z[:-1])
    assert fit_volatility(values).autocorrelation == pytest.approx(plain + (1 + 3 * plain) / 50, abs=1e-13)


def test_scale_and_mean_of_returns_do_not_change_the_model() -> None:
    """A strategy held k times, in excess of cash."""
    values = garch(200, 0.12, 0.85)
    one, other = fit_volatility(values), fit_volatility(3e-4 * values + 0.01)
    assert other.weights == pytest.approx(one.weights, abs=1e-9)
    assert other.residuals == pytest.approx(one.residuals, abs=1e-9)
    assert other.deviation == pytest.approx(3e-4 * one.deviation, rel=1e-12)


def test_returns_that_alternate_are_cut_at_the_largest_autocorrelation() -> None:
    assert fit_volatility(np.tile([1.0, -1.0], 30)).autocorrelation == -LARGEST_AUTOCORRELATION
