"""Leaves of single-linkage trees: SciPy's, ties included."""

import numpy as np
import pytest
from scipy.cluster import hierarchy
from scipy.spatial.distance import pdist

from backtest.risk.solvers.single_linkage_kernel import single_linkage_leaves


@pytest.mark.parametrize("digits", [1, 15])
def test_leaves_are_those_of_scipy(digits: int) -> None:
    """With one digit most distances tie."""
    random = np.random.default_rng(0)
    for count in range(2, 14):
        stack = np.empty((20, count, count))
        for k in range(len(stack)):
            stack[k] = np.corrcoef(random.normal(size=(count, 40))).round(digits)
        found = np.empty((len(stack), count), dtype=np.int64)
        single_linkage_leaves(stack, found)
        distances = np.sqrt(0.5 * (1 - np.minimum(stack, 1.0)))
        expected = [hierarchy.leaves_list(hierarchy.linkage(pdist(each), "single")) for each in distances]
        np.testing.assert_array_equal(found, expected)


def test_a_matrix_does_not_depend_on_the_others_of_its_stack() -> None:
    random = np.random.default_rng(1)
    stack = np.stack([np.corrcoef(random.normal(size=(6, 30))) for _ in range(5)])
    together, alone = np.empty((5, 6), dtype=np.int64), np.empty((5, 6), dtype=np.int64)
    single_linkage_leaves(stack, together)
    for k in range(5):
        single_linkage_leaves(stack[k : k + 1], alone[k : k + 1])
    np.testing.assert_array_equal(together, alone)
