"""Diversification ratio, effective number of bets and minimum torsion: limiting cases and definitions.

1. the published limiting cases: one asset gives 1; n uncorrelated assets of equal risk give sqrt(n), and n bets;
2. the most diversified portfolio has the largest ratio (Choueifaty and Coignard 2008), and scaling changes none;
3. the minimum torsion: by hand for two assets, uncorrelated bets, and no other rotation is closer;
4. stacks, NaN and errors.
"""

import numpy as np
import pytest

from backtest.errors import BacktestError
from backtest.risk.measures import minimum_torsion
from backtest.risk.measures.contributions import risk_contributions, sleeve_covariance
from backtest.risk.measures.diversification import diversification_ratio, effective_number_of_bets
from backtest.risk.measures.minimum_torsion import effective_number_of_torsion_bets, minimum_torsion_shares
from backtest.risk.solvers.budgeting import risk_parity_weights

STOCKS_AND_BONDS = np.array([[0.0225, 0.0015], [0.0015, 0.0025]])  # volatilities 15 and 5 %, correlation 0.2


def random_covariance(seed: int, n: int) -> np.ndarray:
    loadings = np.random.default_rng(seed).normal(size=(n, 2 * n))
    scale = 10 ** np.random.default_rng(seed).uniform(-2, 0, n)
    return np.asarray(loadings @ loadings.T * np.outer(scale, scale))


class TestLimits:
    """Values of every measure at the ends of its scale."""

    @pytest.mark.parametrize("n", [1, 2, 5, 40])
    def test_n_uncorrelated_assets_of_equal_risk_are_n_bets(self, n: int) -> None:
        volatility = np.linspace(0.1, 0.4, n)
        covariance, weights = np.diag(volatility**2), 1 / volatility
        assert diversification_ratio(weights, covariance) == pytest.approx(np.sqrt(n), rel=1e-12)
        assert effective_number_of_bets(risk_contributions(weights, covariance)) == pytest.approx(n, rel=1e-12)
        assert effective_number_of_torsion_bets(weights, covariance) == pytest.approx(n, rel=1e-12)

    def test_a_single_held_asset_is_one_bet(self) -> None:
        weights, covariance = [0.0, 1.0, 0.0], np.diag([0.04, 0.09, 0.01])
        assert diversification_ratio(weights, covariance) == pytest.approx(1, rel=1e-15)
        assert effective_number_of_bets(risk_contributions(weights, covariance)) == pytest.approx(1, rel=1e-15)
        assert effective_number_of_torsion_bets(weights, covariance) == pytest.approx(1, rel=1e-15)

    def test_almost_perfectly_correlated_assets_are_not_diversified(self) -> None:
        """Correlations are near one: nothing is diversified, though each asset has the same contribution."""
        covariance = 0.999 + 0.001 * np.eye(10)
        assert diversification_ratio(np.ones(10), covariance) == pytest.approx(1, abs=1e-3)
        assert effective_number_of_bets(risk_contributions(np.ones(10), covariance)) == pytest.approx(10, rel=1e-12)

    def test_equal_correlations_and_weights_are_n_torsion_bets(self) -> None:
        """By symmetry every torsion bet has the same part, whatever the correlation."""
        for correlation in (-0.1, 0.0, 0.5, 0.95):
            covariance = correlation + (1 - correlation) * np.eye(8)
            assert effective_number_of_torsion_bets(np.ones(8), covariance) == pytest.approx(8, rel=1e-11)

    def test_n_equal_contributions_are_n_bets(self) -> None:
        covariance = random_covariance(1, 6)
        weights = risk_parity_weights(covariance)
        assert effective_number_of_bets(risk_contributions(weights, covariance)) == pytest.approx(6, rel=1e-10)


class TestDiversificationRatio:
    """Average volatility over the portfolio's."""

    def test_the_ratio_of_quarter_stocks_by_hand(self) -> None:
        # (0.25 × 0.15 + 0.75 × 0.05) / sqrt(0.003375) = sqrt(5 / 3)
        assert diversification_ratio([0.25, 0.75], STOCKS_AND_BONDS) == pytest.approx(np.sqrt(5 / 3), rel=1e-14)

    def test_the_most_diversified_portfolio_has_the_largest_ratio(self) -> None:
        """Σ⁻¹σ, if it is long only, has the ratio sqrt(σᵀΣ⁻¹σ), and no other portfolio has a larger one."""
        rng = np.random.default_rng(5)
        covariance = np.outer([0.1, 0.2, 0.3], [0.1, 0.2, 0.3]) * (0.3 + 0.7 * np.eye(3))
        volatility = np.sqrt(np.diagonal(covariance))
        best = np.linalg.solve(covariance, volatility)
        assert (best > 0).all()
        most = diversification_ratio(best, covariance)
        assert most == pytest.approx(np.sqrt(volatility @ best), rel=1e-13)
        assert (diversification_ratio(rng.dirichlet(np.ones(3), 500), covariance) < most).all()

    def test_short_position_counts_as_the_negated_asset(self) -> None:
        turned = STOCKS_AND_BONDS * [[1, -1], [-1, 1]]
        assert diversification_ratio([0.6, -0.4], turned) == diversification_ratio([0.6, 0.4], STOCKS_AND_BONDS)

    def test_the_ratio_of_assets_is_the_ratio_within_times_the_ratio_between_classes(self) -> None:
        """Σ|w_i|σ_i / σ = (Σ|w_i|σ_i / Σσ_class) × (Σσ_class / σ); the second is of the sleeves."""
        covariance, weights = random_covariance(2, 5), np.array([0.1, 0.3, 0.2, 0.15, 0.25])
        members = np.array([[1, 1, 0, 0, 0], [0, 0, 1, 1, 1]], dtype=bool)
        sleeves = sleeve_covariance(weights, covariance, members)
        between = diversification_ratio([1.0, 1.0], sleeves)
        alone = np.sqrt(np.diagonal(sleeves))
        inside = [diversification_ratio(np.where(held, weights, 0.0), covariance) for held in members]
        within = inside @ alone / alone.sum()
        assert between * within == pytest.approx(diversification_ratio(weights, covariance), rel=1e-12)
        assert between > 1


class TestEffectiveNumber:
    """The inverse Herfindahl index."""

    def test_sixty_forty_is_little_more_than_one_bet(self) -> None:
        # 1 / (0.91757² + 0.08243²)
        assert effective_number_of_bets(risk_contributions([0.6, 0.4], STOCKS_AND_BONDS)) == pytest.approx(
            0.00922**2 / (0.00846**2 + 0.00076**2), rel=1e-13
        )

    def test_a_hedge_lowers_it_below_one(self) -> None:
        assert effective_number_of_bets([1.5, -0.5]) == pytest.approx(0.4)


class TestMinimumTorsion:
    """Uncorrelated bets near the assets."""

    def test_the_torsion_of_two_assets_by_hand(self) -> None:
        # R^½ has a = (√1.2 + √0.8) / 2 on and b = (√1.2 - √0.8) / 2 off the diagonal; both bets have one scale by
        # symmetry, so q = 1; y = (0.09, 0.02); (a y1 + b y2)² = 0.0083822, (b y1 + a y2)² = 0.0008378.
        a, b = (np.sqrt(1.2) + np.sqrt(0.8)) / 2, (np.sqrt(1.2) - np.sqrt(0.8)) / 2
        expected = np.array([a * 0.09 + b * 0.02, b * 0.09 + a * 0.02]) ** 2 / 0.00922
        np.testing.assert_allclose(minimum_torsion_shares([0.6, 0.4], STOCKS_AND_BONDS), expected, rtol=1e-12)
        assert expected.round(4).tolist() == [0.9091, 0.0909]

    @pytest.mark.parametrize("n", [2, 3, 6, 20])
    def test_no_other_rotation_is_closer_to_the_assets(self, n: int) -> None:
        """||c - Dq||, D the best for each q: for a thousand rotations near and far, never below."""
        from scipy.linalg import expm

        covariance = random_covariance(n, n)
        volatility = np.sqrt(np.diagonal(covariance))
        spread, axes = np.linalg.eigh(covariance / np.outer(volatility, volatility))
        root = axes * np.sqrt(spread) @ axes.T
        best = minimum_torsion._rotation(root, "")

        def distance(rotation: np.ndarray) -> float:
            scale = np.vecdot(rotation, root)
            return float(np.linalg.norm(root - scale[:, None] * rotation))

        np.testing.assert_allclose(best @ best.T, np.eye(n), atol=1e-13)  # orthogonal: the bets are uncorrelated
        rng = np.random.default_rng(n)
        for size in np.repeat([1e-3, 1e-2, 0.1, 1.0], 50):
            turn = rng.normal(0, size, (n, n))
            assert distance(best) <= distance(best @ expm(turn - turn.T)) + 1e-13

    def test_scale_and_order_change_nothing(self) -> None:
        covariance, weights = random_covariance(7, 5), np.array([0.3, -0.1, 0.4, 0.2, 0.2])
        shares = minimum_torsion_shares(weights, covariance)
        assert shares.sum() == pytest.approx(1, rel=1e-14)
        np.testing.assert_allclose(minimum_torsion_shares(3 * weights, covariance / 7), shares, rtol=1e-10)
        order = [3, 1, 0, 4, 2]
        turned = minimum_torsion_shares(weights[order], covariance[order][:, order])
        np.testing.assert_allclose(turned, shares[order], rtol=1e-9)

    def test_a_singular_covariance_is_named(self) -> None:
        for covariance in (np.ones((2, 2)), np.diag([0.04, 0.0])):
            with pytest.raises(BacktestError, match=r"^covariance\[1\]: it is singular"):
                minimum_torsion_shares([0.5, 0.5], [np.eye(2), covariance])

    def test_torsion_that_does_not_converge_is_an_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(minimum_torsion, "_SWEEPS", 1)
        with pytest.raises(BacktestError, match="does not converge in 1 sweeps"):
            minimum_torsion_shares(np.ones(5), random_covariance(3, 5))


def test_a_stack_equals_its_problems_one_at_a_time() -> None:
    covariances = np.array([random_covariance(seed, 4) for seed in range(5)])
    weights = np.random.default_rng(0).normal(size=(5, 4))
    for measure in (diversification_ratio, minimum_torsion_shares, effective_number_of_torsion_bets):
        each = [measure(w, s) for w, s in zip(weights, covariances, strict=True)]
        np.testing.assert_allclose(measure(weights, covariances), each, rtol=1e-12)
        each = [measure(w, covariances[0]) for w in weights]
        np.testing.assert_allclose(measure(weights, covariances[0]), each, rtol=1e-12)
        each = [measure(weights[0], s) for s in covariances]
        np.testing.assert_allclose(measure(weights[0], covariances), each, rtol=1e-12)
    contributions = risk_contributions(weights, covariances)
    each = [effective_number_of_bets(one) for one in contributions]
    np.testing.assert_allclose(effective_number_of_bets(contributions), each, rtol=1e-12)


def test_nan_and_empty_portfolios_give_nan() -> None:
    unknown = np.array([[0.04, np.nan], [np.nan, 0.01]])
    assert np.isnan(diversification_ratio([1.0, 0.0], unknown))
    assert np.isnan(effective_number_of_torsion_bets([1.0, 0.0], unknown))
    assert np.isnan(diversification_ratio([0.0, 0.0], STOCKS_AND_BONDS))
    assert np.isnan(effective_number_of_bets([0.0, 0.0]))
    assert np.isnan(minimum_torsion_shares([0.0, 0.0], STOCKS_AND_BONDS)).all()
    with pytest.raises(BacktestError, match=r"weights of shape \(3,\)"):
        minimum_torsion_shares([1.0, 0.0, 0.0], STOCKS_AND_BONDS)
