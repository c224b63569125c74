"""Combinatorially purged cross-validation: against its definition written out, on noise and on skill."""

from itertools import combinations

import numpy as np
import pytest

from backtest.analysis.metrics.performance import sharpe
from backtest.analysis.selection.cross_validation import cross_validation
from backtest.errors import BacktestError
from backtest.numerics.arrays import Floats

EXACT = 1e-12  # sums of a hundred numbers of size 0.02, in another order


def noise(seed: int, periods: int = 103, trials: int = 7) -> Floats:
    return np.random.default_rng(seed).normal(0.001, 0.02, (periods, trials))


def test_each_split_and_path_is_its_definition_written_out() -> None:
    """Groups of unequal length; every period is looked at on its own."""
    returns, groups, tests, purge, embargo = noise(1), 6, 2, 3, 5
    found = cross_validation(returns, groups=groups, test_groups=tests, purge=purge, embargo=embargo)
    group = np.repeat(range(groups), [len(part) for part in np.array_split(returns, groups)])
    splits = list(combinations(range(groups), tests))
    for c, split in enumerate(splits):
        tested = np.isin(group, split)
        near = [
            tested[max(t - embargo, 0) : t + 1].any() or tested[t : t + purge + 1].any() for t in range(len(returns))
        ]
        inside = [sharpe(trial, 1) for trial in returns[~np.array(near)].T]
        assert found.chosen[c] == np.argmax(inside)
        assert found.in_sample[c] == pytest.approx(max(inside), rel=EXACT)
        outside = sharpe(returns[tested, found.chosen[c]], 1)
        assert found.out_of_sample[c] == pytest.approx(outside, rel=EXACT)
    for j in range(len(splits) * tests // groups):
        path = np.empty(len(returns))
        for each in range(groups):
            c = [k for k, split in enumerate(splits) if each in split][j]
            path[group == each] = returns[group == each, found.chosen[c]]
        assert found.paths[j] == pytest.approx(sharpe(path, 1), rel=EXACT)


def test_noise_is_not_found_again_and_skill_is() -> None:
    """On noise the choice has the mean Sharpe ratio of all trials, 0, within four standard errors."""
    returns = np.random.default_rng(2).normal(0.0, 0.02, (2_000, 50))
    found = cross_validation(returns)
    assert found.in_sample.mean() > 2 * len(returns) ** -0.5
    assert abs(found.out_of_sample.mean()) < 4 * len(returns) ** -0.5
    skilled = cross_validation(returns + np.where(np.arange(50) == 7, 0.006, 0.0))
    assert (skilled.chosen == 7).all()
    assert skilled.paths.min() > 0.2


@pytest.mark.parametrize("given", [{"groups": 60}, {"test_groups": 10}, {"purge": 9}, {"embargo": -1}])
def test_groups_that_leave_nothing_are_refused(given: dict[str, int]) -> None:
    with pytest.raises(BacktestError, match="103 periods in"):
        cross_validation(noise(4), **given)
