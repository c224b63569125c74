"""Hierarchical risk parity: capital is split down a tree of asset clusters, without inverting a matrix.

Source: López de Prado (2016), "Building Diversified Portfolios that Outperform Out of Sample", Journal of Portfolio
Management 42(4); also in his "Advances in Financial Machine Learning" (2018), chapter 16.
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
    """Return hierarchical risk parity weights: tree clustering, quasi-diagonal order, recursive bisection.

    1. Assets are clustered by the difference between their correlations with all assets. With d_ij = sqrt((1 - ρ_ij) /
    2),
       the distance is sqrt(Σ_k (d_ik - d_jk)²), as in the paper (some packages cluster by d itself).
    2. Assets are sorted in the order of the tree's leaves, so that similar assets are neighbours.
    3. The order is halved recursively. Let v_1 and v_2 be the variances of the two halves in inverse-variance weights.
       The first half gets v_2 / (v_1 + v_2) of the capital of the whole.

    The order is halved, not the tree, so it matters which branch comes first. As in the paper, that is the branch
    joined earlier, with single assets before clusters. If both branches are single assets, the paper takes the asset
    listed first; this function takes the less volatile asset, which also comes first if distances tie. The order of the
    assets therefore matters only among assets of equal volatility: twins may get different weights. Nearly equal
    distances may swap from one date to the next, and the weights change with them.

    Args:
        covariance: (n, n), or (m, n, n) for a stack; of any unit. It may be singular.
        linkage: distance of two clusters: `single`, the distance of their nearest members (as in the paper; tends to
            chains), `average`, or `ward`, the growth of the variance within clusters.

    Returns:
        (n,) weights, or (m, n) for a stack; fractions, zero or above, summing to 1.

    Raises:
        BacktestError: the shape does not fit.
        NoOptimalPortfolio: the covariance is not valid (NaN, a variance not above zero, not symmetric or not positive
            semi-definite), or both halves of some assets have no variance.

    >>> hierarchical_risk_parity_weights([[0.04, 0.0, 0.0], [0.0, 0.01, 0.0], [0.0, 0.0, 0.01]]).round(4).tolist()
    [0.1111, 0.4444, 0.4444]
    """
    volatility, correlation, _ = volatilities_and_correlations(covariance)
    order = np.argsort(volatility, axis=1, kind="stable")
    by_volatility = correlation[np.arange(len(order))[:, None, None], order[:, :, None], order[:, None, :]]
    order = np.take_along_axis(order, _leaves(by_volatility, linkage), axis=1)
    unit = np.exp2(np.round(np.log2(volatility.max(axis=1, keepdims=True))))  # a power of two, which moves no bit
    sorted_volatility = np.take_along_axis(volatility / unit, order, axis=1)
    sorted_correlation = correlation[np.arange(len(order))[:, None, None], order[:, :, None], order[:, None, :]]
    weights = np.empty_like(volatility)
    np.put_along_axis(weights, order, _bisect(sorted_volatility, sorted_correlation), axis=1)
    return weights.reshape(np.shape(covariance)[:-1])


def _leaves(correlations: Floats, linkage: Linkage) -> Ints:
    """Return the (m, n) assets of each matrix in the order of the leaves of its tree."""
    leaves: Ints = np.zeros(correlations.shape[:2], dtype=np.int64)
    if leaves.shape[1] > 1 and linkage == "single":
        from backtest.risk.solvers.single_linkage_kernel import single_linkage_leaves

        single_linkage_leaves(np.ascontiguousarray(correlations), leaves)
    elif leaves.shape[1] > 1:
        from scipy.cluster import hierarchy  # takes a third of a second to import
        from scipy.spatial.distance import pdist

        for k, correlation in enumerate(correlations):
            distances = np.sqrt(0.5 * (1 - np.minimum(correlation, 1.0)))
            leaves[k] = hierarchy.leaves_list(hierarchy.linkage(pdist(distances), linkage))
    return leaves


def _bisect(volatility: Floats, correlation: Floats) -> Floats:
    """Return (m, n) weights of sorted assets; the halves are the same for the whole stack."""
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
                f"covariance[{k}]: neither half of {end - first} neighbouring assets has variance, so their "
                f"shares are not defined; hint: estimate from more observations"
            )
        weights[:, first:middle] *= (variances[1] / both)[:, None]
        weights[:, middle:end] *= (variances[0] / both)[:, None]
        parts += halves
    return weights


def _inverse_variance_risk(volatility: Floats, correlation: Floats) -> Floats:
    """Return the (m,) variances of assets in weights proportional to 1/σ²; the products wσ are proportional to 1/σ."""
    inverse = 1 / volatility
    variance = np.vecdot(inverse, np.matvec(correlation, inverse))
    variance = np.where(cancels(variance, inverse.sum(axis=1), inverse.shape[1]), 0.0, variance)
    return np.asarray(variance / np.vecdot(inverse, inverse) ** 2, np.float64)
