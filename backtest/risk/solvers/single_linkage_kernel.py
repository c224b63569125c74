"""Leaves of the trees of single-linkage clustering, compiled, for a stack of correlation matrices.

The minimum spanning tree has all merges of single linkage (Gower, Ross 1969). Ties are broken as SciPy does, so both
give the same trees.
"""

import numpy as np

from backtest.numerics.arrays import Floats, Ints
from backtest.numerics.numba_kernels import inlined_kernel, kernel


@kernel
def single_linkage_leaves(correlations: Floats, leaves: Ints) -> None:
    """Fill in the assets of each matrix in the order of the leaves of its tree.

    Args:
        correlations: (m, n, n).
        leaves: (m, n) filled in.

    Example:
        >>> leaves = np.empty((1, 3), dtype=np.int64)
        >>> single_linkage_leaves(np.array([[[1.0, 0.1, 0.8], [0.1, 1.0, 0.2], [0.8, 0.2, 1.0]]]), leaves)
        >>> leaves.tolist()
        [[1, 0, 2]]
    """
    count = correlations.shape[1]
    roots, distances = np.empty((count, count)), np.empty((count, count))
    ends, lengths = np.empty((2, count - 1), dtype=np.int64), np.empty(count - 1)
    for k in range(len(correlations)):
        _fill_in_distances(correlations[k], roots, distances)
        _span(distances, ends, lengths)
        _walk(ends, np.argsort(lengths, kind="mergesort"), leaves[k])


@inlined_kernel
def _fill_in_distances(correlation: Floats, roots: Floats, distances: Floats) -> None:
    """Fill in the distance of each pair of assets: of their rows of sqrt((1 - ρ) / 2)."""
    count = len(correlation)
    for i in range(count):
        for j in range(count):
            roots[i, j] = np.sqrt(0.5 * (1.0 - min(correlation[i, j], 1.0)))
    for i in range(count):
        distances[i, i] = 0.0
        for j in range(i):
            total = 0.0
            for k in range(count):
                total += (roots[i, k] - roots[j, k]) ** 2
            distances[i, j] = distances[j, i] = np.sqrt(total)


@inlined_kernel
def _span(distances: Floats, ends: Ints, lengths: Floats) -> None:
    """Fill in the edges of the minimum spanning tree, from the first asset on (Prim 1957)."""
    count = len(distances)
    inside, nearest, newest = np.zeros(count, dtype=np.bool_), np.full(count, np.inf), 0
    for edge in range(count - 1):
        inside[newest] = True
        shortest, found = np.inf, 0
        for i in range(count):
            if not inside[i]:
                nearest[i] = min(nearest[i], distances[newest, i])
                if nearest[i] < shortest:
                    shortest, found = nearest[i], i
        ends[0, edge], ends[1, edge], lengths[edge] = newest, found, shortest
        newest = found


@inlined_kernel
def _walk(ends: Ints, order: Ints, leaves: Ints) -> None:
    """Merge clusters along the edges, shortest first, and fill in the leaves of the last one, left branch first."""
    count = len(leaves)
    above = np.arange(2 * count - 1)
    branches = np.empty((2, 2 * count - 1), dtype=np.int64)
    for merge in range(count - 1):
        first, second = ends[0, order[merge]], ends[1, order[merge]]
        while above[first] != first:
            first = above[first]
        while above[second] != second:
            second = above[second]
        branches[0, count + merge], branches[1, count + merge] = min(first, second), max(first, second)
        above[first] = above[second] = count + merge
    waiting, depth, found = np.empty(count, dtype=np.int64), 1, 0
    waiting[0] = 2 * count - 2
    while depth > 0:
        depth -= 1
        cluster = waiting[depth]
        if cluster < count:
            leaves[found] = cluster
            found += 1
        else:
            waiting[depth], waiting[depth + 1] = branches[1, cluster], branches[0, cluster]
            depth += 2
