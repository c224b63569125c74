"""Expected shortfall, Gaussian and historical: known numbers, equivalent formulas, and Euler's theorem.

1. numbers worked out by hand, and published factors of the normal distribution;
2. the historical measure equals Rockafellar and Uryasev's minimum, and is coherent;
3. contributions add up to the measure to 1e-12 and are weights times derivatives;
4. stacks give the same as one problem at a time; NaN propagates; invalid arguments are named.
"""

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backtest.analysis.metrics.performance import value_at_risk
from backtest.errors import BacktestError
from backtest.risk.measures.contributions import percentage_contributions, portfolio_volatility, risk_contributions
from backtest.risk.measures.expected_shortfall import (
    gaussian_expected_shortfall,
    gaussian_shortfall_contributions,
    historical_expected_shortfall,
    historical_shortfall_contributions,
    marginal_gaussian_shortfall,
    marginal_historical_shortfall,
)

STOCKS_AND_BONDS = np.array([[0.0225, 0.0015], [0.0015, 0.0025]])  # volatilities 15 and 5 %, correlation 0.2


class TestGaussian:
    """Normal returns."""

    @pytest.mark.parametrize(("level", "factor"), [(0.95, 2.063), (0.975, 2.338), (0.99, 2.665)])
    def test_the_shortfall_of_a_standard_normal_loss_has_its_published_factor(
        self, level: float, factor: float
    ) -> None:
        # φ(z) / (1 - level): 2.338 is the factor by which Basel's 97.5 % matches a VaR of 99 %, 2.326.
        assert gaussian_expected_shortfall([1.0], [[1.0]], level=level) == pytest.approx(factor, abs=5e-4)

    def test_the_gaussian_shortfall_of_sixty_forty_by_hand(self) -> None:
        # σ = sqrt(0.00922) = 0.0960208; 2.0627128 σ = 0.1980634; less the mean 0.6 × 0.05 + 0.4 × 0.02 = 0.038.
        means = [0.05, 0.02]
        assert gaussian_expected_shortfall([0.6, 0.4], STOCKS_AND_BONDS, means) == pytest.approx(0.1600634, abs=5e-8)
        # contributions: 2.0627128 × (0.00846, 0.00076) / σ less (0.03, 0.008) = 0.1817372 - 0.03, 0.0163262 - 0.008
        parts = gaussian_shortfall_contributions([0.6, 0.4], STOCKS_AND_BONDS, means)
        assert parts == pytest.approx([0.1517372, 0.0083262], abs=1e-7)

    def test_shares_without_means_equal_shares_of_volatility(self) -> None:
        parts = gaussian_shortfall_contributions([0.6, 0.4], STOCKS_AND_BONDS)
        volatility = risk_contributions([0.6, 0.4], STOCKS_AND_BONDS)
        np.testing.assert_allclose(percentage_contributions(parts), percentage_contributions(volatility), rtol=1e-14)

    def test_portfolio_without_risk_contributes_its_means(self) -> None:
        hedged = [[1.0, -1.0], [-1.0, 1.0]]
        assert gaussian_shortfall_contributions([0.5, 0.5], hedged, [0.02, 0.04]).tolist() == [-0.01, -0.02]
        assert np.isnan(marginal_gaussian_shortfall([0.5, 0.5], hedged, [0.02, 0.04])).all()

    def test_gaussian_shortfall_is_the_average_of_the_tail(self) -> None:
        """A fine midpoint rule averages the quantiles of the loss above the level, to its accuracy of 1e-4."""
        from scipy.stats import norm

        steps = 0.9 + 0.1 * (np.arange(100_000) + 0.5) / 100_000
        weights, means = np.array([0.6, 0.4]), np.array([0.01, 0.02])
        losses = np.asarray(norm.ppf(steps, -weights @ means, portfolio_volatility(weights, STOCKS_AND_BONDS)))
        expected = gaussian_expected_shortfall(weights, STOCKS_AND_BONDS, means, level=0.9)
        assert expected == pytest.approx(losses.mean(), rel=1e-4)

    def test_nan_affects_only_its_own_portfolio(self) -> None:
        parts = gaussian_shortfall_contributions([[0.5, 0.5]] * 2, STOCKS_AND_BONDS, [[0.0, np.nan], [0.0, 0.0]])
        assert np.isnan(parts[0]).all()
        assert np.isfinite(parts[1]).all()


class TestHistorical:
    """Past returns."""

    def test_historical_shortfall_by_hand(self) -> None:
        # losses of 40/60 over five periods: 0.05, 0.03, 0.01, -0.02, -0.04. A tail of 0.3 × 5 = 1.5 periods: the
        # worst, and half of the second: (0.05 + 0.015) / 1.5.
        returns = np.array([[0.02, 0.02], [-0.08, -0.03], [0.04, 0.04], [-0.03, -0.03], [-0.01, -0.01]])
        assert historical_expected_shortfall([0.4, 0.6], returns, 0.7) == pytest.approx(0.065 / 1.5, rel=1e-13)
        # average losses in that tail: (0.08 + 0.015) / 1.5 and (0.03 + 0.015) / 1.5
        slopes = marginal_historical_shortfall([0.4, 0.6], returns, 0.7)
        assert slopes == pytest.approx([0.095 / 1.5, 0.045 / 1.5], rel=1e-13)
        parts = historical_shortfall_contributions([0.4, 0.6], returns, 0.7)
        assert parts == pytest.approx([0.4 * 0.095 / 1.5, 0.6 * 0.045 / 1.5], rel=1e-13)

    def test_equal_losses_share_the_rest_of_the_tail(self) -> None:
        # losses 0.1 and three times 0.04, which two assets have from different sides; the tail is two periods of four
        returns = np.array([[-0.1, -0.1], [-0.08, 0.0], [0.0, -0.08], [-0.04, -0.04]])
        slopes = marginal_historical_shortfall([0.5, 0.5], returns, 0.5)
        assert slopes == pytest.approx([(0.1 + 0.04) / 2] * 2, rel=1e-13)
        turned = marginal_historical_shortfall([0.5, 0.5], returns[[2, 0, 3, 1]], 0.5)
        assert turned == pytest.approx(slopes, rel=1e-13)  # for any order of periods

    def test_tail_shorter_than_a_period_is_the_worst_period(self) -> None:
        assert historical_expected_shortfall([1.0], [[0.01], [-0.03]], 0.95) == pytest.approx(0.03, rel=1e-13)

    @pytest.mark.parametrize("periods", [1, 7, 19, 20, 21, 100, 250, 1259])
    def test_historical_shortfall_equals_the_rockafellar_uryasev_minimum(self, periods: int) -> None:
        rng = np.random.default_rng(periods)
        returns, weights = rng.standard_t(4, (periods, 3)) * 0.01, np.array([0.5, 0.7, -0.2])
        losses = -returns @ weights
        # convex and piecewise linear in v, with kinks at the losses: the least is at one of them
        least = min(v + np.maximum(losses - v, 0).mean() / (1 - 0.95) for v in losses)
        shortfall = historical_expected_shortfall(weights, returns)
        assert shortfall == pytest.approx(least, rel=1e-12)

    @pytest.mark.parametrize("periods", [20, 100, 101, 119, 1259])
    def test_the_summarys_cvar_counts_the_last_observation_in_full(self, periods: int) -> None:
        returns = np.random.default_rng(periods).normal(0, 0.01, (periods, 1))
        shortfall, (_, cvar) = historical_expected_shortfall([1.0], returns), value_at_risk(returns[:, 0])
        if periods % 20 == 0:
            assert shortfall == pytest.approx(cvar, rel=1e-12)
        else:
            assert cvar < shortfall

    def test_nan_affects_only_its_own_portfolio(self) -> None:
        returns = np.array([[[0.01, 0.02], [np.nan, 0.0]], [[0.01, -0.02], [0.0, 0.0]]])
        parts = historical_shortfall_contributions([1.0, 0.0], returns)
        assert np.isnan(parts[0]).all()
        assert np.isfinite(parts[1]).all()
        assert np.isnan(historical_expected_shortfall([1.0, 0.0], returns)).tolist() == [True, False]


@st.composite
def histories(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, float]:
    """Draw long and short weights of 1 to 5 assets, 1 to 40 periods with many ties, and a level."""
    n, periods = draw(st.integers(1, 5)), draw(st.integers(1, 40))
    returns = draw(hnp.arrays(float, (periods, n), elements=st.integers(-8, 8).map(lambda step: step / 64)))
    weights = draw(hnp.arrays(float, n, elements=st.integers(-8, 8).map(lambda step: step / 4)))
    return weights, returns, draw(st.floats(0.01, 0.99))


@given(histories())
def test_historical_contributions_add_up(problem: tuple[np.ndarray, np.ndarray, float]) -> None:
    parts = historical_shortfall_contributions(*problem)
    assert parts.sum() == pytest.approx(historical_expected_shortfall(*problem), rel=0, abs=1e-12)


@given(histories(), st.integers(0, 2**32 - 1))
def test_historical_shortfall_is_coherent(problem: tuple[np.ndarray, np.ndarray, float], seed: int) -> None:
    """Homogeneous, subadditive, monotone, and a sure gain lowers it by itself (Artzner et al. 1999)."""
    weights, returns, level = problem
    other = np.random.default_rng(seed).normal(size=len(weights))

    def shortfall(held: np.ndarray, history: np.ndarray = returns) -> float:
        return float(historical_expected_shortfall(held, history, level))

    assert shortfall(3 * weights) == pytest.approx(3 * shortfall(weights), abs=1e-12)
    assert shortfall(weights + other) <= shortfall(weights) + shortfall(other) + 1e-12
    assert shortfall(np.abs(weights), returns + 0.01) <= shortfall(np.abs(weights)) + 1e-12
    assert shortfall(weights, returns + 0.01) == pytest.approx(shortfall(weights) - 0.01 * weights.sum(), abs=1e-12)


@given(histories(), st.integers(0, 2**32 - 1))
def test_gaussian_contributions_add_up(problem: tuple[np.ndarray, np.ndarray, float], seed: int) -> None:
    weights, returns, level = problem
    means = np.random.default_rng(seed).normal(size=len(weights))
    parts = gaussian_shortfall_contributions(weights, returns.T @ returns, means, level)
    whole = gaussian_expected_shortfall(weights, returns.T @ returns, means, level)
    assert parts.sum() == pytest.approx(whole, rel=0, abs=1e-12 * (1 + np.abs(parts).sum()))


def test_marginals_are_derivatives_and_contributions_are_weights_times_marginals() -> None:
    rng = np.random.default_rng(3)
    returns, weights, step = rng.normal(0.005, 0.04, (250, 5)), rng.normal(size=5), 1e-6
    covariance, means = np.cov(returns.T), returns.mean(axis=0)
    shifts = step * np.eye(5)

    def slopes(measure: object, *arguments: object) -> np.ndarray:
        assert callable(measure)
        ahead, behind = (np.array([measure(weights + s, *arguments) for s in part]) for part in (shifts, -shifts))
        return np.asarray((ahead - behind) / (2 * step))

    gaussian = marginal_gaussian_shortfall(weights, covariance, means)
    # central differences of a step of 1e-6: rounding of 1e-16 / 1e-6
    np.testing.assert_allclose(gaussian, slopes(gaussian_expected_shortfall, covariance, means), atol=1e-9)
    np.testing.assert_allclose(
        weights * gaussian, gaussian_shortfall_contributions(weights, covariance, means), rtol=1e-12, atol=1e-15
    )
    historical = marginal_historical_shortfall(weights, returns)
    np.testing.assert_allclose(historical, slopes(historical_expected_shortfall, returns), atol=1e-9)
    np.testing.assert_array_equal(weights * historical, historical_shortfall_contributions(weights, returns))


def test_a_stack_equals_its_problems_one_at_a_time() -> None:
    rng = np.random.default_rng(4)
    returns, weights, means = rng.normal(0, 0.02, (6, 50, 4)), rng.normal(size=(6, 4)), rng.normal(size=(6, 4))
    covariances = returns.swapaxes(1, 2) @ returns
    for historical in (
        historical_expected_shortfall, marginal_historical_shortfall, historical_shortfall_contributions,
    ):  # fmt: skip
        each = [historical(w, r) for w, r in zip(weights, returns, strict=True)]
        np.testing.assert_allclose(historical(weights, returns), each, rtol=1e-12)
        each = [historical(w, returns[0]) for w in weights]
        np.testing.assert_allclose(historical(weights, returns[0]), each, rtol=1e-12)
        each = [historical(weights[0], r) for r in returns]
        np.testing.assert_allclose(historical(weights[0], returns), each, rtol=1e-12)
    for gaussian in (gaussian_expected_shortfall, marginal_gaussian_shortfall, gaussian_shortfall_contributions):
        each = [gaussian(w, s, mu) for w, s, mu in zip(weights, covariances, means, strict=True)]
        np.testing.assert_allclose(gaussian(weights, covariances, means), each, rtol=1e-12)
        each = [gaussian(weights[0], s, means[0]) for s in covariances]
        np.testing.assert_allclose(gaussian(weights[0], covariances, means[0]), each, rtol=1e-12)


def test_arguments_that_do_not_fit_are_named() -> None:
    with pytest.raises(BacktestError, match=r"weights of shape \(2,\) and returns of shape \(3, 3\)"):
        historical_expected_shortfall([0.5, 0.5], np.zeros((3, 3)))
    with pytest.raises(BacktestError, match=r"returns of shape \(0, 2\), expected .* without empty dimensions"):
        historical_shortfall_contributions([0.5, 0.5], np.zeros((0, 2)))
    with pytest.raises(BacktestError, match=r"mean of shape \(3,\)"):
        gaussian_expected_shortfall([0.6, 0.4], STOCKS_AND_BONDS, [0.0, 0.0, 0.0])
    for level in (0.0, 1.0, 95.0, float("nan")):
        with pytest.raises(BacktestError, match=f"level {level}; expected a number above 0 and below 1"):
            gaussian_expected_shortfall([0.6, 0.4], STOCKS_AND_BONDS, level=level)
        with pytest.raises(BacktestError, match=f"level {level}; expected a number above 0 and below 1"):
            historical_expected_shortfall([1.0], [[0.1]], level)
