"""Hierarchical risk parity, against the paper's own numbers and a plain version of its three steps."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backtest.errors import NoOptimalPortfolio
from backtest.numerics.arrays import Floats
from backtest.risk import Linkage, hierarchical_risk_parity_weights
from backtest.risk.solvers import hierarchical
from support.worked_cases import hrp_example

LINKAGES: tuple[Linkage, ...] = ("single", "average", "ward")


def random_covariance(seed: int, count: int) -> Floats:
    """Return a covariance of two groups, each with a factor, and volatilities over two orders of magnitude."""
    rng = np.random.default_rng(seed)
    factors = rng.standard_normal((80, 2))
    returns = rng.standard_normal((80, count)) + factors[:, rng.integers(0, 2, count)] * rng.uniform(0, 2, count)
    returns *= 10 ** rng.uniform(-1, 1, count)
    deviations = returns - returns.mean(axis=0)
    return np.asarray(deviations.T @ deviations / 79)


def by_hand(covariance: Floats, linkage: str = "single") -> Floats:
    """Return the weights with clusters as lists of assets, joined two at a time; halves are lists too.

    When two clusters are joined, the one formed earlier comes first; single assets count as formed before all others,
    the calmest first.
    """
    count = len(covariance)
    volatility = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(volatility, volatility)
    distance = np.sqrt((1 - np.minimum(correlation, 1)) / 2)
    apart = np.array([[np.sqrt(((distance[i] - distance[j]) ** 2).sum()) for j in range(count)] for i in range(count)])
    clusters = [[int(i)] for i in np.argsort(volatility, kind="stable")]
    while len(clusters) > 1:
        pairs = list(itertools.combinations(clusters, 2))
        one, other = min(pairs, key=lambda pair: between(apart, distance, pair[0], pair[1], linkage))
        clusters = [cluster for cluster in clusters if cluster not in (one, other)] + [one + other]
    weights = np.ones(count)

    def split(assets: list[int]) -> None:
        if len(assets) == 1:
            return
        halves = [assets[: len(assets) // 2], assets[len(assets) // 2 :]]
        variances = []
        for half in halves:
            inverse = np.array([1 / covariance[i, i] for i in half])
            inverse /= inverse.sum()
            variances.append(
                sum(inverse[a] * inverse[b] * covariance[i, j] for a, i in enumerate(half) for b, j in enumerate(half))
            )
        for half, other in zip(halves, variances[::-1], strict=True):
            weights[half] *= other / sum(variances)
            split(half)

    split(clusters[0])
    return weights


def between(apart: Floats, distance: Floats, one: list[int], other: list[int], linkage: str) -> float:
    """Return the distance of two clusters; Ward's from the points themselves, the columns of correlation distances."""
    if linkage == "single":
        return float(apart[np.ix_(one, other)].min())
    if linkage == "average":
        return float(apart[np.ix_(one, other)].mean())
    centres = distance[one].mean(axis=0) - distance[other].mean(axis=0)
    return float(np.sqrt(2 * len(one) * len(other) / (len(one) + len(other)) * (centres @ centres)))


def test_weights_equal_the_papers_example() -> None:
    """López de Prado (2016): the ten weights of its table, to the digits printed."""
    weights = hierarchical_risk_parity_weights(hrp_example.covariance())
    assert (100 * weights).round(2).tolist() == hrp_example.HIERARCHICAL_RISK_PARITY


@pytest.mark.parametrize("linkage", LINKAGES)
@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 13])
def test_weights_equal_the_three_steps_by_hand(count: int, linkage: Linkage) -> None:
    """They agree up to rounding, for stacks and alone, for any order of assets."""
    stack = np.stack([random_covariance(seed, count) for seed in range(6)])
    weights = hierarchical_risk_parity_weights(stack, linkage)
    for k, covariance in enumerate(stack):
        np.testing.assert_allclose(weights[k], by_hand(covariance, linkage), rtol=1e-12)
        assert hierarchical_risk_parity_weights(covariance, linkage).tobytes() == weights[k].tobytes()
        assert hierarchical_risk_parity_weights(stack[k:], linkage)[0].tobytes() == weights[k].tobytes()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(2, 10), linkage=st.sampled_from(LINKAGES))
def test_neither_the_order_nor_the_unit_matters(seed: int, count: int, linkage: Linkage) -> None:
    """Permuting assets permutes the weights: the paper's own order would be another one after it."""
    covariance = random_covariance(seed, count)
    weights = hierarchical_risk_parity_weights(covariance, linkage)
    assert weights.min() > 0
    assert weights.sum() == pytest.approx(1, abs=1e-14)
    order = np.random.default_rng(seed).permutation(count)
    permuted = hierarchical_risk_parity_weights(covariance[np.ix_(order, order)], linkage)
    np.testing.assert_allclose(permuted, weights[order], rtol=1e-12)
    np.testing.assert_allclose(hierarchical_risk_parity_weights(covariance / 1024, linkage), weights, rtol=1e-12)


def test_uncorrelated_assets_get_inverse_variance() -> None:
    """Without correlation the variance of a half is 1 / Σ(1/σ²), so every split gives 1/σ², whatever the tree."""
    variances = np.array([0.04, 0.01, 0.09, 0.0025, 0.16, 0.0625])
    weights = hierarchical_risk_parity_weights(np.diag(variances))
    np.testing.assert_allclose(weights, (1 / variances) / (1 / variances).sum(), rtol=1e-14)


def test_ties_go_by_volatility_then_by_the_order_given() -> None:
    """Of three equal assets the two listed first are joined first; if one is more volatile, the other two are.

    The single asset gets the remainder of a pair of inverse variance, whose variance is 0.75 of its own.
    """
    equal = 0.04 * (0.5 + 0.5 * np.eye(3))
    alone = 0.75 / 1.75
    expected = [(1 - alone) / 2, (1 - alone) / 2, alone]
    np.testing.assert_allclose(hierarchical_risk_parity_weights(equal), expected, rtol=1e-14)
    wilder = equal * np.outer([1, 2, 1], [1, 2, 1])
    alone = 0.75 / 4.75
    expected = [(1 - alone) / 2, alone, (1 - alone) / 2]
    np.testing.assert_allclose(hierarchical_risk_parity_weights(wilder), expected, rtol=1e-14)


def test_singular_covariance_is_solved() -> None:
    """More assets than observations, and perfect twins: nothing is inverted but variances."""
    twins = [*range(20), 0, 1]
    covariance = np.cov(np.random.default_rng(0).standard_normal((6, 20)), rowvar=False)[np.ix_(twins, twins)]
    np.testing.assert_allclose(hierarchical_risk_parity_weights(covariance), by_hand(covariance), rtol=1e-9)


def test_halves_without_variance_are_rejected() -> None:
    """Two perfect hedges side by side: their shares are undefined. The tree keeps hedges apart, mostly."""
    hedge = np.array([[1.0, -1.0], [-1.0, 1.0]])
    hedges = np.block([[hedge, np.zeros((2, 2))], [np.zeros((2, 2)), hedge]])
    stack = np.stack([np.eye(4), hedges])
    with pytest.raises(
        NoOptimalPortfolio, match=r"covariance\[1\]: neither half of 4 neighbouring assets has variance"
    ):
        hierarchical._bisect(np.ones((2, 4)), stack)
    assert hierarchical_risk_parity_weights(hedges).tolist() == [0.25] * 4
