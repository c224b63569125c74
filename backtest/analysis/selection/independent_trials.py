"""Number of effectively independent trials: clusters of trials whose returns are correlated.

Thousands of settings of one rule are far fewer independent bets. López de Prado, Lewis (2019), "Detection of false
investment strategies using unsupervised learning methods", Quantitative Finance 19(9), cluster the correlation matrix
and choose the number of clusters whose silhouettes are highest relative to their spread. Here the clusters are cuts of
the tree of average linkage in place of their k-means with random starts, so the same returns have the same clusters.

Correlation that all trials share does not reduce their number: it narrows the variance of their Sharpe ratios, which
`expected_best_sharpe` takes into account.
"""

from collections.abc import Iterator

import numpy as np

from backtest.numerics.array_arguments import as_finite, check_shapes
from backtest.numerics.arrays import Floats, Ints
from backtest.numerics.blas import one_blas_thread
from backtest.numerics.tolerances import has_risk

_STRUCTURE = 0.25  # average silhouette at or below which there is "no substantial structure" (Kaufman, Rousseeuw 1990)


def independent_trials(returns: Floats) -> int:
    """Return the number of clusters of `cluster_trials`: the effective number of independent trials.

    Args:
        returns: (T, N) decimal per period, no NaN.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> rules = rng.normal(size=(240, 3))  # three ideas, each tried with 20 similar settings
        >>> independent_trials(np.repeat(rules, 20, axis=1) + 0.3 * rng.normal(size=(240, 60)))
        3
        >>> independent_trials(rng.normal(size=(240, 60)))
        60
    """
    return int(cluster_trials(returns).max()) + 1


def cluster_trials(returns: Floats) -> Ints:
    """Return the cluster of each trial, by the correlations ρ of returns.

    The distance of two trials is sqrt((1 - ρ) / 2). The number of clusters has the highest ratio of the mean silhouette
    to the standard deviation of the silhouettes. Each trial is a cluster of its own if that mean is 0.25 or less.

    Args:
        returns: (T, N) decimal per period, no NaN. A trial without risk is uncorrelated with the others. Time grows
            with N³, memory with N²: 1,000 trials take some seconds.

    Returns:
        (N,) from 0, numbered by their first trials.

    Raises:
        BacktestError: a return is NaN or infinite, or the array does not have two dimensions.

    Example:
        >>> cluster_trials(np.array([[1.0, 2.0, -1.0, -2.1], [2.0, 4.1, 1.0, 2.0], [3.0, 6.0, -1.0, -2.0]])).tolist()
        [0, 0, 1, 1]
    """
    checked = as_finite(returns, "returns")
    check_shapes(("returns", checked, "TN"), stacks=False)
    distances = _distances(checked)
    best, chosen = 0.0, np.arange(len(distances))
    for labels, silhouettes in _cuts(distances):
        mean, deviation = float(silhouettes.mean()), float(silhouettes.std())
        ratio = mean / deviation if deviation > 0 else np.inf
        if mean > _STRUCTURE and ratio > best:
            best, chosen = ratio, labels
    _, first, numbers = np.unique(chosen, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(first))[numbers])


@one_blas_thread()
def _distances(returns: Floats) -> Floats:
    """Return the (N, N) distances of trials."""
    deviations = returns - returns.mean(axis=0)
    spread = np.sqrt((deviations**2).mean(axis=0))
    units = np.divide(deviations, spread, out=np.zeros_like(deviations), where=has_risk(spread))
    distances = np.sqrt(np.maximum(1 - units.T @ units / len(returns), 0.0) / 2)
    np.fill_diagonal(distances, 0.0)
    return np.asarray(distances)


def _cuts(distances: Floats) -> Iterator[tuple[Ints, Floats]]:
    """Yield labels and silhouettes of each cut of the tree, from N - 1 clusters to two.

    Column k of `sums` has the sum of distances from each trial to cluster k. A merger adds two columns, and the last
    column takes the place of the second.
    """
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import squareform

    count = len(distances)
    if count < 3:
        return
    sums, sizes, labels, trials = distances.copy(), np.ones(count), np.arange(count), np.arange(count)
    places = dict(enumerate(range(count)))  # column of each node of the tree
    for step, (one, other) in enumerate(linkage(squareform(distances, checks=False), "average")[:-1, :2].astype(int)):
        kept, gone, last = places.pop(one), places.pop(other), count - step - 1
        sums[:, kept] += sums[:, gone]
        sizes[kept] += sizes[gone]
        labels[labels == gone] = kept
        sums[:, gone], sizes[gone] = sums[:, last], sizes[last]
        labels[labels == last] = gone
        places = {node: gone if place == last else place for node, place in places.items()}
        places[count + step] = gone if kept == last else kept
        own = sizes[labels]
        means = sums[:, :last] / sizes[:last]
        means[trials, labels] = np.inf
        inside, outside = sums[trials, labels] / np.maximum(own - 1, 1), means.min(axis=1)
        larger = np.maximum(inside, outside)
        shown = (own > 1) & (larger > 0)
        yield labels.copy(), np.divide(outside - inside, larger, out=np.zeros(count), where=shown)
