"""Probability of backtest overfitting, by combinatorially symmetric cross-validation.

Bailey, Borwein, López de Prado, Zhu (2017), "The probability of backtest overfitting", Journal of Computational Finance
20(4). The history is cut into S blocks. For each way to take S / 2 of them, the trial with the highest Sharpe ratio in
these blocks is ranked among all trials by its Sharpe ratio in the other blocks.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from backtest.errors import BacktestError
from backtest.numerics.array_arguments import as_finite, check_shapes
from backtest.numerics.arrays import Floats, Ints
from backtest.numerics.blas import one_blas_thread
from backtest.numerics.tolerances import NO_RISK

BLOCKS = 16
"""Usual number of blocks: 12,870 choices of half of them."""

_CELLS = 500_000  # choices times trials in memory at a time


@dataclass(frozen=True)
class BlockSums:
    """Sums over the blocks of a history, all that Sharpe ratios of any choice of blocks need.

    Args:
        counts: (S,) periods of each block.
        sums: (S, N) sums of excess returns of each trial, decimal per period.
        squares: (S, N) sums of their squares.
    """

    counts: Floats
    sums: Floats
    squares: Floats


@dataclass(frozen=True)
class Overfitting:
    """Outcome of the best trial of each half of the history in the other half, for C = S choose S / 2 choices.

    Args:
        probability: share of choices in which the best trial is no better than the median in the other half. It is
            near 0.5 if all trials have the same true Sharpe ratio, and near 0 if one of them is better.
        logits: (C,) ln(ω / (1 - ω)), ω the rank in the other half over N + 1.
        chosen: (C,) position of the best trial.
        in_sample: (C,) its Sharpe ratio in the half in which it is the best, per period.
        out_of_sample: (C,) its Sharpe ratio in the other half, per period.
    """

    probability: float
    logits: Floats
    chosen: Ints
    in_sample: Floats
    out_of_sample: Floats


def block_sums(excess_returns: Floats, blocks: int = BLOCKS) -> BlockSums:
    """Return the sums over consecutive blocks of as equal length as possible.

    Args:
        excess_returns: (T, N) excess returns of each trial, decimal per period, no NaN.
        blocks: number of blocks, S, at most T.

    Raises:
        BacktestError: a return is NaN or infinite, or there are fewer periods than blocks.

    Example:
        >>> block_sums(np.array([[0.01], [0.02], [-0.01]]), 2).sums.round(4).tolist()
        [[0.03], [-0.01]]
    """
    returns = as_finite(excess_returns, "excess_returns")
    check_shapes(("excess_returns", returns, "TN"), stacks=False)
    if not 1 <= blocks <= len(returns):
        raise BacktestError(f"got {len(returns)} periods for {blocks} blocks; expected at least one period a block")
    parts = np.array_split(returns, blocks)
    return BlockSums(
        np.array([len(part) for part in parts], dtype=float),
        np.array([part.sum(axis=0) for part in parts]),
        np.array([(part**2).sum(axis=0) for part in parts]),
    )


@one_blas_thread()
def backtest_overfitting(blocks: BlockSums) -> Overfitting:
    """Return the probability of backtest overfitting of trials.

    Args:
        blocks: sums by block, from `block_sums`; S even, at least two trials. A trial whose returns do not vary in a
            half has a Sharpe ratio of 0 there. Equal Sharpe ratios share their ranks; of equal best trials, the first
            is chosen.

    Raises:
        BacktestError: the number of blocks is odd or 0, there are fewer than two trials, or a number is NaN.

    Example:
        >>> rng = np.random.default_rng(1)
        >>> noise = rng.normal(0.0, 0.02, (480, 100))
        >>> round(backtest_overfitting(block_sums(noise, 8)).probability, 2)
        0.44
        >>> skilled = noise + np.where(np.arange(100) == 7, 0.01, 0.0)
        >>> round(backtest_overfitting(block_sums(skilled, 8)).probability, 2)
        0.0
    """
    sums, squares, counts = (as_finite(part, "blocks") for part in (blocks.sums, blocks.squares, blocks.counts))
    check_shapes(("sums", sums, "SN"), ("squares", squares, "SN"), ("counts", counts, "S"), stacks=False)
    size, trials = sums.shape
    if size % 2 or trials < 2:
        raise BacktestError(f"got {size} blocks of {trials} trials; expected an even number of blocks, and two trials")
    found: list[tuple[Ints, Floats, Floats, Floats]] = []
    for half in _halves(size, trials):
        sides = [sharpe_ratios(side @ counts, side @ sums, side @ squares) for side in (half, 1 - half)]
        found += [_of_the_best(sides[0], sides[1]), _of_the_best(sides[1], sides[0])]
    chosen, inside, outside, rank = (np.concatenate(parts) for parts in zip(*found, strict=True))
    logits = np.log(rank / (trials + 1 - rank))
    return Overfitting(float((logits <= 0).mean()), logits, chosen, inside, outside)


def _halves(size: int, trials: int) -> Iterator[Floats]:
    """Yield the choices that contain the first block, as rows of 0 and 1; their complements are the other choices."""
    others = np.array(list(combinations(range(1, size), size // 2 - 1)), dtype=int)
    rows = np.zeros((len(others), size))
    rows[:, 0] = 1.0
    np.put_along_axis(rows, others, 1.0, axis=1)
    step = max(1, _CELLS // trials)
    yield from (rows[begin : begin + step] for begin in range(0, len(rows), step))


def sharpe_ratios(periods: Floats, sums: Floats, squares: Floats) -> Floats:
    """Return the (c, N) Sharpe ratios per period (ddof 1) of c choices of periods; 0 where returns do not vary.

    Args:
        periods: (c,) number of periods.
        sums: (c, N) sums of excess returns, decimal per period.
        squares: (c, N) sums of their squares.
    """
    count = periods[:, None]
    means, second = sums / count, squares / count
    variance = np.maximum(second - means**2, 0.0)
    varies = variance > NO_RISK * second  # smaller differences of the two are rounding
    deviation = np.sqrt(variance * count / np.maximum(count - 1, 1))
    return np.divide(means, deviation, out=np.zeros_like(means), where=varies)


def _of_the_best(inside: Floats, outside: Floats) -> tuple[Ints, Floats, Floats, Floats]:
    """Return position, both Sharpe ratios, and rank in the other half, of the best trial of each choice."""
    rows, chosen = np.arange(len(inside)), inside.argmax(axis=1)
    reached = outside[rows, chosen]
    below, equal = (outside < reached[:, None]).sum(axis=1), (outside == reached[:, None]).sum(axis=1)
    return chosen, inside[rows, chosen], reached, below + (equal + 1) / 2
