"""Time the sample estimator against a product for each window and numpy.cov, in turn, so that all see the same machine.

    python benchmarks/estimation_speed.py

568 month-ends of 50 years of daily returns, windows of three years, for 6, 50 and 500 assets. The estimator is asked
for all dates at once, and in slices, as a run with many assets asks to keep its memory small; the others drop each
matrix as soon as they have it. Printed are medians over the turns, of times and of their ratios to the estimator's in
the same turn, and the largest difference from numpy.cov in units of the two volatilities of an entry.
"""

import statistics
import time
from collections.abc import Callable, Sequence

import numpy as np

from backtest.estimation.methods.sample_covariance import Sample
from backtest.numerics.arrays import Floats

DAYS, WINDOW, DATES, MONTH = 12_600, 756, 568, 20
TURNS = {6: 15, 50: 7, 500: 3}  # by the number of assets
MEMORY = 2**27  # bytes of a slice


def at_once(returns: Floats, rows: Sequence[int]) -> None:
    """The whole stack."""
    Sample(window=WINDOW).covariances(returns, rows, 252)


def in_slices(returns: Floats, rows: Sequence[int]) -> None:
    """Slices of at most 128 MB."""
    dates = MEMORY // (8 * returns.shape[1] ** 2)
    for first in range(0, len(rows), dates):
        at_once(returns, rows[first : first + dates])


def products(returns: Floats, rows: Sequence[int]) -> None:
    """Deviations from the mean times themselves, window by window."""
    for row in rows:
        deviations = returns[row + 1 - WINDOW : row + 1]
        deviations = deviations - deviations.mean(axis=0)
        deviations.T @ deviations / (WINDOW - 1)


def by_numpy(returns: Floats, rows: Sequence[int]) -> None:
    """The same by numpy's own function."""
    for row in rows:
        np.cov(returns[row + 1 - WINDOW : row + 1], rowvar=False)


WAYS: tuple[Callable[[Floats, Sequence[int]], None], ...] = (at_once, in_slices, products, by_numpy)


def main() -> None:
    """Time each way of working out the same covariances, for a few numbers of assets."""
    rows = [WINDOW + MONTH * k for k in range(DATES)]
    for assets, turns in TURNS.items():
        returns = np.random.default_rng(7).normal(0.0003, 0.01, (DAYS, assets))
        times = [[timed(way, returns, rows) for way in WAYS] for _ in range(turns + 1)][1:]
        print(f"{assets} assets, {DATES} windows of {WINDOW} returns, {turns} turns: time, and times the estimator's")
        for k, way in enumerate(WAYS):
            median = statistics.median(turn[k] for turn in times)
            ratio = statistics.median(turn[k] / turn[0] for turn in times)
            print(f"  {way.__name__:10} {1e3 * median:8.1f} ms  {ratio:5.2f}")
        print(f"  largest difference from numpy.cov: {largest_difference(returns, rows[:100]):.1e}")


def timed(way: Callable[[Floats, Sequence[int]], None], returns: Floats, rows: Sequence[int]) -> float:
    """Seconds that one way takes."""
    begin = time.perf_counter()
    way(returns, rows)
    return time.perf_counter() - begin


def largest_difference(returns: Floats, rows: Sequence[int]) -> float:
    """From numpy.cov, in units of the two volatilities of an entry."""
    largest = 0.0
    for row, matrix in zip(rows, Sample(window=WINDOW).covariances(returns, rows, 252), strict=True):
        wanted = np.cov(returns[row + 1 - WINDOW : row + 1], rowvar=False)
        volatilities = np.sqrt(np.diagonal(wanted))
        largest = max(largest, float(np.abs((matrix - wanted) / volatilities / volatilities[:, None]).max()))
    return largest


if __name__ == "__main__":
    main()
