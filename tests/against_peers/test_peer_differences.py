"""Differences from peers on purpose, as docs/peers.md states them; with the difference taken out, numbers are equal."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import pdist, squareform
from skfolio import Portfolio
from skfolio.cluster import HierarchicalClustering, LinkageMethod
from skfolio.distance import BaseDistance
from skfolio.measures import value_at_risk
from skfolio.optimization import HierarchicalRiskParity
from skfolio.seriation import HierarchicalSeriation

from backtest.numerics.arrays import Floats
from backtest.risk import hierarchical_risk_parity_weights
from support.builders.factor_returns import returns_of_one_factor
from support.peers.peer_inputs import peer_input

INPUTS = ("two_days", "five_days", "three_months", "real_days", "real_months")


class PaperDistance(BaseDistance):  # type: ignore[misc]  # skfolio has no types
    """Distances of the rows of d_ij, or d_ij itself."""

    def __init__(self, *, of_distances: bool = True) -> None:
        self.of_distances = of_distances

    def fit(self, X: pd.DataFrame, y: Any = None) -> "PaperDistance":  # noqa: ARG002, N803 - names of scikit-learn
        """Compute d_ij from correlations, and the distances."""
        self.codependence_ = np.corrcoef(np.asarray(X).T)
        distance = np.sqrt(np.maximum((1 - self.codependence_) / 2, 0.0))
        self.distance_ = squareform(pdist(distance)) if self.of_distances else distance
        return self


def hierarchical_by_skfolio(returns: Floats, *, of_distances: bool) -> Floats:
    """Return skfolio's weights with single linkage, of assets sorted by volatility."""
    model = HierarchicalRiskParity(
        distance_estimator=PaperDistance(of_distances=of_distances),
        seriation_estimator=HierarchicalSeriation(
            hierarchical_clustering_estimator=HierarchicalClustering(linkage_method=LinkageMethod.SINGLE),
            optimal_ordering=False,
        ),
    )
    return np.asarray(model.fit(returns).weights_, np.float64)


def test_hierarchical_risk_parity_clusters_by_distances_of_distances() -> None:
    """This is the paper's choice; skfolio clusters by the distances, which orders most larger universes otherwise.

    Given the paper's distances, its weights are equal, up to the order of sums.
    """
    others = 0
    for seed in range(20):
        returns = returns_of_one_factor(seed, 120, 10)
        returns = returns[:, np.argsort(returns.std(axis=0))]
        weights = hierarchical_risk_parity_weights(np.cov(returns.T))
        np.testing.assert_allclose(hierarchical_by_skfolio(returns, of_distances=True), weights, rtol=1e-12)
        others += not np.allclose(hierarchical_by_skfolio(returns, of_distances=False), weights, rtol=1e-6)
    assert others > 10


@pytest.mark.parametrize("name", INPUTS)
def test_drawdowns_are_of_compounded_returns(name: str) -> None:
    """By default skfolio adds returns up. With `compounded=True` it agrees to 1e-12, as sums are in another order."""
    returns = peer_input(name).returns.to_frame()
    compounded, added = (
        Portfolio(X=returns, weights=[1.0], compounded=compounded).max_drawdown for compounded in (True, False)
    )
    ours = -peer_input(name).metrics["max_drawdown"]
    assert compounded == pytest.approx(ours, rel=1e-12)
    assert added != pytest.approx(ours, rel=1e-3)


@pytest.mark.parametrize("name", INPUTS)
def test_value_at_risk_is_interpolated(name: str) -> None:
    """The value at risk of skfolio and riskfolio-lib is a return, and at most one return is between theirs and ours."""
    returns = peer_input(name).returns.to_numpy()
    theirs, ours = value_at_risk(returns), peer_input(name).metrics["var_95"]
    assert -theirs in returns
    assert -ours not in returns
    between = (returns > min(-theirs, -ours)) & (returns < max(-theirs, -ours))
    assert between.sum() <= 1
