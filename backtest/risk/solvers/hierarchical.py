"""Hierarchical risk parity: capital split down a tree of clusters of correlated assets, without an inverse matrix.

Source: López de Prado (2016), "Building Diversified Portfolios that Outperform Out of Sample", Journal of Portfolio
Management 42(4); the same in his "Advances in Financial Machine Learning" (2018), chapter 16.
"""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from backtest.errors import NoOptimalPortfolio
from backtest.numerics.arrays import Floats, Ints
from backtest.numerics.blas import one_blas_thread
from backtest.numerics.tolerances import cancels
from backtest.risk.measures.correlation import volatilities_and_correlations

Linkage = Literal["single", "average", "ward"]


@one_blas_thread()
def hierarchical_risk_parity_weights(covariance: ArrayLike, linkage: Linkage = "single") -> Floats:
    """Weights by hierarchical risk parity: tree clustering, quasi-diagonal order, recursive bisection.

    1. Assets are clustered by how differently they are correlated with all assets: with d_ij = sqrt((1 - ρ_ij) / 2)
       the distance is sqrt(Σ_k (d_ik - d_jk)²), as in the paper (some packages cluster by d itself).
    2. Assets are put in the order of the tree's leaves, so that similar ones are neighbours.
    3. The order is halved again and again. Of the two halves, each with the variance v that its assets have in inverse
       variance weights, the first gets v_2 / (v_1 + v_2) of what the whole got.

    Halves are taken of the order, not of the tree, so it counts which branch comes first. As in the paper that is the
    one joined earlier, single assets before clusters; of two single assets the paper takes the one listed first, here
    it is the less volatile one, which also comes first where distances tie. So the order of the assets matters only
    among those of equal volatility: twins may get different weights. Nearly equal distances may tip over from one date
    to the next, and weights with them.

    Args:
        covariance: (n, n), or (m, n, n) for a stack; of any unit. It may be singular.
        linkage: distance of two clusters: of their nearest members (the paper's, which tends to chains), the average,
            or Ward's growth of the variance within them.

    Returns:
        (n,) weights, or (m, n) for a stack; fractions, zero or above, summing to 1.

    Raises:
        BacktestError: the shape does not fit.
        NoOptimalPortfolio: the covariance is none (NaN, a variance not above zero, not symmetric or not positive
            semi-definite), or two halves to choose between both have no variance.

    >>> hierarchical_risk_parity_weights([[0.04, 0.0, 0.0], [0.0, 0.01, 0.0], [0.0, 0.0, 0.01]]).round(4).tolist()
    [0.1111, 0.4444, 0.4444]
    """
    volatility, correlation, _ = volatilities_and_correlations(covariance)
    order = np.argsort(volatility, axis=1, kind="stable")
    leaves = np.stack([_leaves(correlation[k][np.ix_(row, row)], linkage) for k, row in enumerate(order)])
    order = np.take_along_axis(order, leaves, axis=1)
    sorted_volatility = np.take_along_axis(volatility, order, axis=1)
    sorted_correlation = correlation[np.arange(len(order))[:, None, None], order[:, :, None], order[:, None, :]]
    weights = np.empty_like(volatility)
    np.put_along_axis(weights, order, _bisect(sorted_volatility, sorted_correlation), axis=1)
    return weights.reshape(np.shape(covariance)[:-1])


def _leaves(correlation: Floats, linkage: Linkage) -> Ints:
    """The assets of one matrix, (n,), in the order of the leaves of their tree."""
    from scipy.cluster import hierarchy  # takes a third of a second to import
    from scipy.spatial.distance import pdist

    if len(correlation) == 1:
        return np.zeros(1, dtype=np.int64)
    distances = np.sqrt(0.5 * (1 - np.minimum(correlation, 1.0)))
    tree = hierarchy.linkage(pdist(distances), linkage)
    return np.asarray(hierarchy.leaves_list(tree), dtype=np.int64)


def _bisect(volatility: Floats, correlation: Floats) -> Floats:
    """Weights of assets that stand in their order already, (m, n); the halves are the same for the whole stack."""
    count = volatility.shape[1]
    weights = np.ones_like(volatility)
    parts = [(0, count)]
    while parts:
        first, end = parts.pop()
        if end - first < 2:
            continue
        middle = first + (end - first) // 2
        halves = [(first, middle), (middle, end)]
        variances = [_inverse_variance_risk(volatility[:, a:b], correlation[:, a:b, a:b]) for a, b in halves]
        both = variances[0] + variances[1]
        for k in np.flatnonzero(~(both > 0)):
            raise NoOptimalPortfolio(
                f"covariance[{k}]: {end - first} neighbouring assets have no variance in either half of them, so their "
                f"shares are not defined; hint: estimate from more observations"
            )
        weights[:, first:middle] *= (variances[1] / both)[:, None]
        weights[:, middle:end] *= (variances[0] / both)[:, None]
        parts += halves
    return weights


def _inverse_variance_risk(volatility: Floats, correlation: Floats) -> Floats:
    """Variance of assets in weights proportional to 1/σ², (m,): weights times volatilities are proportional to 1/σ."""
    inverse = 1 / volatility
    variance = np.vecdot(inverse, np.matvec(correlation, inverse))
    variance = np.where(cancels(variance, inverse.sum(axis=1), inverse.shape[1]), 0.0, variance)
    return np.asarray(variance / np.vecdot(inverse, inverse) ** 2, np.float64)
