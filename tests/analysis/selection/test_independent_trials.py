"""Trials are clustered by the structure that their returns have, and by nothing else."""

import numpy as np
import pytest
from scipy.cluster.hierarchy import cut_tree, linkage
from scipy.spatial.distance import squareform
from sklearn.metrics import silhouette_samples

from backtest.analysis.selection.independent_trials import _cuts, _distances, cluster_trials, independent_trials
from backtest.errors import BacktestError


def in_groups(groups: int, size: int, noise: float, *, common: float = 0.0) -> np.ndarray:
    """Returns of trials in groups that share a component, and one that all trials share."""
    rng = np.random.default_rng(7)
    shared = np.repeat(rng.normal(size=(240, groups)), size, axis=1) + common * rng.normal(size=(240, 1))
    return 0.01 * (shared + noise * rng.normal(size=(240, groups * size)))


@pytest.mark.parametrize("groups", [2, 5, 10])
def test_groups_of_similar_trials_are_found(groups: int) -> None:
    labels = cluster_trials(in_groups(groups, 12, 0.6))
    np.testing.assert_array_equal(labels, np.repeat(np.arange(groups), 12))


def test_a_component_shared_by_all_trials_does_not_hide_the_groups() -> None:
    assert independent_trials(in_groups(5, 12, 0.6, common=2.0)) == 5


@pytest.mark.parametrize("common", [0.0, 5.0])
def test_trials_without_groups_count_one_by_one(common: float) -> None:
    assert independent_trials(in_groups(40, 1, 0.0, common=common)) == 40


def test_identical_trials_are_one_cluster_each_time() -> None:
    returns = np.random.default_rng(1).normal(size=(100, 3))
    assert cluster_trials(returns[:, [0, 1, 0, 2, 1, 0]]).tolist() == [0, 1, 0, 2, 1, 0]


def test_leverage_does_not_change_clusters() -> None:
    returns = in_groups(3, 8, 0.6)
    scaled = returns * np.linspace(0.5, 3.0, 24)
    np.testing.assert_array_equal(cluster_trials(scaled), cluster_trials(returns))


def test_a_trial_without_risk_is_a_cluster_of_its_own() -> None:
    returns = np.column_stack([in_groups(2, 5, 0.3), np.full(240, 0.001)])
    assert cluster_trials(returns).tolist() == [0] * 5 + [1] * 5 + [2]


@pytest.mark.parametrize("trials", [1, 2])
def test_too_few_trials_for_a_choice_count_one_by_one(trials: int) -> None:
    assert independent_trials(np.random.default_rng(1).normal(size=(50, trials))) == trials


def test_cuts_and_silhouettes_equal_other_packages() -> None:
    """The sums that are updated merger by merger give the cuts of SciPy and the silhouettes of scikit-learn."""
    distances = _distances(in_groups(4, 5, 1.0))
    tree = cut_tree(linkage(squareform(distances, checks=False), "average"))
    cuts = list(_cuts(distances))
    assert len(cuts) == 18
    for step, (labels, silhouettes) in enumerate(cuts, start=1):
        expected = tree[:, step]
        assert len({*zip(labels, expected, strict=True)}) == len({*labels}) == len({*expected})
        np.testing.assert_allclose(
            silhouettes, silhouette_samples(distances, expected, metric="precomputed"), atol=1e-12
        )


def test_missing_returns_are_an_error() -> None:
    with pytest.raises(BacktestError, match=r"^returns\[0, 1\] is nan, expected a finite number"):
        cluster_trials(np.array([[0.1, np.nan], [0.2, 0.1]]))
