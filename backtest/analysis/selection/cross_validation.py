"""Combinatorially purged cross-validation of the choice of the best of many trials.

López de Prado (2018), "Advances in Financial Machine Learning", chapters 7 and 12. The history is cut into k groups.
For each way to take p of them as the test, the trial with the highest Sharpe ratio in the other groups is measured in
the test. Returns next to a test group do not take part in the choice: before it, a decision may still be in force
(purge); after it, estimates still look back at it (embargo). Each group is tested in C(k - 1, p - 1) ways, from which
as many paths over the whole history are put together.
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from backtest.analysis.selection.overfitting import sharpe_ratios
from backtest.errors import BacktestError
from backtest.numerics.array_arguments import as_finite, check_shapes
from backtest.numerics.arrays import Bools, Floats, Ints
from backtest.numerics.blas import one_blas_thread


@dataclass(frozen=True)
class CrossValidation:
    """Out-of-sample Sharpe ratios of the best trial, for C = k choose p splits and C p / k paths.

    Args:
        chosen: (C,) position of the best trial of each split.
        in_sample: (C,) its Sharpe ratio in the groups that choose, per period.
        out_of_sample: (C,) its Sharpe ratio in the test groups, per period.
        paths: (C p / k,) Sharpe ratio of each path, per period.
    """

    chosen: Ints
    in_sample: Floats
    out_of_sample: Floats
    paths: Floats


@one_blas_thread()
def cross_validation(
    excess_returns: Floats, *, groups: int = 10, test_groups: int = 2, purge: int = 0, embargo: int = 0
) -> CrossValidation:
    """Return the out-of-sample Sharpe ratios of the choice of the best trial.

    A trial whose returns do not vary has a Sharpe ratio of 0. Of equal best trials, the first is chosen.

    Args:
        excess_returns: (T, N) excess returns of each trial, decimal per period, no NaN.
        groups: number of consecutive groups of as equal length as possible, k.
        test_groups: number of groups of each test, p, fewer than k.
        purge: periods before each test group that do not take part in the choice.
        embargo: periods after each test group that do not take part in the choice.

    Raises:
        BacktestError: a return is NaN or infinite, or purge and embargo leave fewer than two periods of a group.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> noise = rng.normal(0.0, 0.02, (480, 20))
        >>> found = cross_validation(noise)
        >>> len(found.chosen), len(found.paths), bool(found.in_sample.mean() > found.out_of_sample.mean())
        (45, 9, True)
    """
    returns = as_finite(excess_returns, "excess_returns")
    check_shapes(("excess_returns", returns, "TN"), stacks=False)
    parts = np.array_split(returns, groups)
    shortest = len(returns) // groups
    if not 0 < test_groups < groups or min(purge, embargo) < 0 or shortest - purge - embargo < 2:
        raise BacktestError(
            f"cross-validation: got {len(returns)} periods in {groups} groups, {test_groups} of them tested, with a "
            f"purge of {purge} and an embargo of {embargo}; expected fewer test groups than groups, and two periods or "
            "more that remain of each group"
        )
    tested = _tests(groups, test_groups)
    inside = sharpe_ratios(*_train_sums(parts, tested, purge, embargo))
    chosen = inside.argmax(axis=1)
    splits = np.arange(len(tested))
    whole = _sums(parts)
    counts, sums, squares = (tested.astype(float) @ each for each in whole)
    outside = sharpe_ratios(counts, sums, squares)
    return CrossValidation(chosen, inside[splits, chosen], outside[splits, chosen], _paths(whole, tested, chosen))


def _tests(groups: int, test_groups: int) -> Bools:
    """Return the (C, k) groups that are tested in each split."""
    choices = np.array(list(combinations(range(groups), test_groups)))
    return np.asarray((choices[:, :, None] == np.arange(groups)).any(axis=1))


def _sums(parts: list[Floats]) -> tuple[Floats, Floats, Floats]:
    """Return (k,) counts, (k, N) sums and (k, N) sums of squares of parts."""
    return (
        np.array([len(part) for part in parts], dtype=float),
        np.array([part.sum(axis=0) for part in parts]),
        np.array([(part**2).sum(axis=0) for part in parts]),
    )


def _train_sums(parts: list[Floats], tested: Bools, purge: int, embargo: int) -> tuple[Floats, Floats, Floats]:
    """Return (C,) counts, (C, N) sums and sums of squares of the periods that choose in each split.

    A group is cut at its end if the next one is tested, and at its beginning if the previous one is.
    """
    after_test = np.pad(tested[:, :-1], ((0, 0), (1, 0)))
    before_test = np.pad(tested[:, 1:], ((0, 0), (0, 1)))
    total: list[Floats] = []
    for cut_begin in (False, True):
        for cut_end in (False, True):
            cut = [part[embargo * cut_begin : len(part) - purge * cut_end] for part in parts]
            weights = (~tested & (after_test == cut_begin) & (before_test == cut_end)).astype(float)
            added = [weights @ each for each in _sums(cut)]
            total = added if not total else [known + new for known, new in zip(total, added, strict=True)]
    counts, sums, squares = total
    return counts, sums, squares


def _paths(whole: tuple[Floats, Floats, Floats], tested: Bools, chosen: Ints) -> Floats:
    """Return the Sharpe ratio of each path: path j has of each group the j-th split that tests it."""
    groups = tested.shape[1]
    rows = np.array([np.flatnonzero(tested[:, group]) for group in range(groups)])  # (k, C p / k)
    trial = chosen[rows]
    counts, sums, squares = whole
    at = np.arange(groups)[:, None]
    count = np.full(rows.shape[1], counts.sum())
    return sharpe_ratios(count, sums[at, trial].sum(axis=0)[:, None], squares[at, trial].sum(axis=0)[:, None])[:, 0]
